//! A row: a name, what stands for it here, and how its results are compared with PyTorch's.

use akari::prelude::*;
use serde_json::Value;

/// A name that a course uses.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    /// What PyTorch writes and what is written here, as in the table of names.
    pub ways: &'static [(&'static str, &'static str)],
    /// What of the name is not here.
    pub not: &'static [&'static str],
    pub run: Option<Run>,
    /// The code of `run`.
    pub source: &'static str,
}

pub type Run = fn(&Samples) -> Result<Vec<Found>>;

/// What rows compute with, drawn from PyTorch's generator.
#[derive(Debug)]
pub struct Samples {
    pub x: Tensor,
    pub y: Tensor,
    pub v: Tensor,
    pub image: Tensor,
    pub labels: Tensor,
    pub n: Tensor,
}

impl Samples {
    pub fn draw() -> Result<Samples> {
        Ok(Samples {
            x: torch::randn((3, 4))?,
            y: torch::randn((3, 4))?,
            v: torch::randn(4)?,
            image: torch::randn((2, 3, 8, 8))?,
            labels: torch::randint(0, 4, 3)?,
            n: torch::randint(0, 5, (3, 4))?,
        })
    }
}

/// `"name" same { .. };`, `"name" way "PyTorch" => "here" { .. };` and `"name" not "part";`. A body is what a cell
/// says; the samples are named first, since a macro's own names aren't seen by code from outside.
macro_rules! rows {
    ($samples:ident: $fields:tt;
     $($name:literal
        $(same { $($same:tt)* })?
        $(way $($torch:literal => $here:literal),+ { $($way:tt)* })?
        $(not $($not:literal),+)?
     ;)*) => {
        pub const ROWS: &[crate::row::Row] = &[$(crate::row::Row {
            name: $name,
            ways: &[$($(($torch, $here)),+)?],
            not: &[$($($not),+)?],
            run: rows!(@run $samples $fields $($($same)*)? $($($way)*)?),
            source: stringify!($($($same)*)? $($($way)*)?),
        }),*];
    };
    (@run $samples:ident [$($field:ident)*]) => { None };
    (@run $samples:ident [$($field:ident)*] $($body:tt)+) => {
        Some(|$samples| {
            #[allow(unused_variables)]
            let ($($field),*) = ($($samples.$field.clone()),*);
            Ok(crate::row::Results::found({ $($body)+ }))
        })
    };
}

/// One result.
#[derive(Debug)]
pub enum Found {
    Tensor(Tensor),
    Number(f64),
    Text(String),
}

/// What a row may give.
pub trait Results {
    fn found(self) -> Vec<Found>;
}

impl Results for Tensor {
    fn found(self) -> Vec<Found> {
        vec![Found::Tensor(self)]
    }
}

impl Results for &Tensor {
    fn found(self) -> Vec<Found> {
        vec![Found::Tensor(self.clone())]
    }
}

impl Results for Var {
    fn found(self) -> Vec<Found> {
        vec![Found::Tensor(self.as_tensor().clone())]
    }
}

impl Results for String {
    fn found(self) -> Vec<Found> {
        vec![Found::Text(self)]
    }
}

impl Results for bool {
    fn found(self) -> Vec<Found> {
        vec![Found::Number(f64::from(u8::from(self)))]
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Results for $number {
            fn found(self) -> Vec<Found> {
                vec![Found::Number(self as f64)]
            }
        }
    )*};
}

numbers!(f64 f32 i64 i32 usize u8);

impl<R: Results> Results for Vec<R> {
    fn found(self) -> Vec<Found> {
        self.into_iter().flat_map(Results::found).collect()
    }
}

impl<R: Results, const N: usize> Results for [R; N] {
    fn found(self) -> Vec<Found> {
        self.into_iter().flat_map(Results::found).collect()
    }
}

macro_rules! tuples {
    ($(($($part:ident $place:tt),*))*) => {$(
        impl<$($part: Results),*> Results for ($($part,)*) {
            fn found(self) -> Vec<Found> {
                [$(self.$place.found()),*].into_iter().flatten().collect()
            }
        }
    )*};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, G 5)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6)
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("nan") => f64::NAN,
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        _ => value.as_f64().unwrap(),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn is_near(found: f64, expected: f64) -> bool {
    found == expected
        || (found - expected).abs() <= 2e-5 * (1.0 + expected.abs())
        || found.is_nan() && expected.is_nan()
}

impl Found {
    /// What differs from PyTorch's result, if anything does.
    pub fn difference(&self, expected: &Value) -> Option<String> {
        match self {
            Found::Number(found) if expected["number"].is_null() => {
                Some(format!("{found} instead of {expected}"))
            }
            Found::Number(found) => {
                let wanted = number(&expected["number"]);
                (!is_near(*found, wanted)).then(|| format!("{found} instead of {wanted}"))
            }
            Found::Text(found) => (expected["text"].as_str() != Some(found))
                .then(|| format!("{found} instead of {}", expected["text"])),
            Found::Tensor(found) => of_tensor(found, expected),
        }
    }
}

fn of_tensor(found: &Tensor, expected: &Value) -> Option<String> {
    let what = format!("{} {:?}", format!("{:?}", found.dtype()).to_lowercase(), found.dims());
    let wanted = expected["tensor"].as_str().unwrap_or("no tensor");
    if what != wanted {
        return Some(format!("{what} instead of {wanted}"));
    }
    let values = found.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1::<f64>();
    let pairs = values.unwrap().into_iter().zip(numbers(&expected["values"])).enumerate();
    let mut wrong = pairs.filter(|(_, (found, expected))| !is_near(*found, *expected));
    wrong.next().map(|(at, (found, expected))| format!("[{at}] is {found} instead of {expected}"))
}
