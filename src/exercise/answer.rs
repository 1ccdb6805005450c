//! What `check!` takes: a value, or a function that it tries on inputs of the key.
//!
//! The compiler picks the `impl` by the type: a marker for each kind of function keeps them apart, so that a function
//! item, a pointer and a closure are all taken by what they take. Behind them all functions are alike, since each cell
//! compiles anew what it instantiates.

use std::fmt;
use std::marker::PhantomData;

use akari_key::Value;
use candle_core::{DType, Device, Result, Tensor};

use super::got::{Answered, Got};
use crate::rt;

/// An argument of `check!`.
pub enum Given<'a> {
    Value(Got),
    Function(Function<'a>),
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Given::Value(got) => f.debug_tuple("Value").field(got).finish(),
            Given::Function(function) => {
                f.debug_struct("Function").field("takes", &function.takes).finish_non_exhaustive()
            }
        }
    }
}

/// A function of the learner's.
#[allow(missing_debug_implementations)]
pub struct Function<'a> {
    /// How many inputs it takes.
    takes: usize,
    call: Box<Call<'a>>,
}

/// Calls the function with what the inputs become.
type Call<'a> = dyn Fn(&[Input]) -> Result<Returned> + 'a;

/// An input of a function: a value as a key has it, or a tensor of a hidden test with its dtype and its graph.
#[derive(Debug, Clone)]
pub enum Input {
    Value(Value),
    Tensor(Tensor),
}

/// The result of a function.
#[derive(Debug, Clone)]
pub struct Returned {
    pub got: Got,
    /// The tensor itself, if it is one, with the graph behind it.
    pub tensor: Option<Tensor>,
}

impl Returned {
    fn of(answer: &(impl Answered + ?Sized)) -> Returned {
        Returned { got: answer.got(), tensor: answer.tensor() }
    }
}

impl From<Got> for Returned {
    fn from(got: Got) -> Returned {
        Returned { got, tensor: None }
    }
}

impl Function<'_> {
    /// The results of the function for inputs of a key.
    pub fn on(&self, inputs: &[Value]) -> Got {
        self.returned(&inputs.iter().cloned().map(Input::Value).collect::<Vec<_>>()).got
    }

    /// The result of the function.
    pub fn returned(&self, inputs: &[Input]) -> Returned {
        if inputs.len() != self.takes {
            let (takes, given) = (self.takes, inputs.len());
            return Got::Failed(format!(
                "the function takes {takes} inputs, and there are {given}"
            ))
            .into();
        }
        let before = rt::blanks_made();
        let returned = (self.call)(inputs);
        let returned = returned.unwrap_or_else(|error| Got::Failed(error.to_string()).into());
        if rt::blanks_made() == before { returned } else { Got::Blank.into() }
    }
}

/// What can be an answer. The parameter tells values from functions of all kinds.
#[diagnostic::on_unimplemented(
    message = "`check!` can't look at `{Self}`",
    note = "it takes tensors, numbers, true or false, texts, lists and results of these, and functions such as `fn(&Tensor) -> Result<Tensor>` and `fn(f64) -> f64`"
)]
pub trait Answer<Kind> {
    #[doc(hidden)]
    fn given(&self) -> Given<'_>;
}

/// An argument of `check!`.
#[doc(hidden)]
pub fn given<Kind, T: Answer<Kind> + ?Sized>(answer: &T) -> Given<'_> {
    answer.given()
}

/// The kind of what is no function.
#[derive(Debug)]
pub struct Plain;

impl<T: Answered + ?Sized> Answer<Plain> for T {
    fn given(&self) -> Given<'_> {
        Given::Value(self.got())
    }
}

/// The kind of a function, by the kinds of its parameters.
#[derive(Debug)]
pub struct Takes<Parameters>(PhantomData<Parameters>);

/// The kind of a parameter: how an input of the key becomes one.
trait Parameter {
    type Owned;
    fn of(input: &Input) -> Result<Self::Owned>;
}

fn wrong(input: &Input, wanted: &str) -> candle_core::Error {
    let input: &dyn fmt::Debug = match input {
        Input::Value(value) => value,
        Input::Tensor(tensor) => tensor,
    };
    candle_core::Error::Msg(format!("the input {input:?} is no {wanted}")).bt()
}

macro_rules! parameters {
    ($($(#[$doc:meta])* $kind:ident: $owned:ty, $wanted:literal, $read:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $kind;

        impl Parameter for $kind {
            type Owned = $owned;

            fn of(input: &Input) -> Result<$owned> {
                let read: fn(&Input) -> Option<$owned> = $read;
                read(input).ok_or_else(|| wrong(input, $wanted))
            }
        }
    )*};
}

parameters! {
    /// `&Tensor`
    Lent: Tensor, "tensor", tensor;
    /// `Tensor`
    Moved: Tensor, "tensor", tensor;
    /// `f64`
    Double: f64, "number", number;
    /// `f32`
    Single: f32, "number", |input| number(input).map(|it| it as f32);
    /// `i64`
    Whole: i64, "whole number", whole;
    /// `usize`
    Count: usize, "whole number", |input| whole(input)?.try_into().ok();
    /// `bool`
    Truth: bool, "truth value", |input| match value(input)? { Value::Truth(truth) => Some(*truth), _ => None };
    /// `&str`
    Word: String, "text", |input| value(input)?.text();
    /// `&[f64]`
    Row: Vec<f64>, "list of numbers", |input| Some(value(input)?.array().ok()??.numbers);
    /// `Vec<f64>`
    OwnRow: Vec<f64>, "list of numbers", |input| Some(value(input)?.array().ok()??.numbers);
}

fn value(input: &Input) -> Option<&Value> {
    match input {
        Input::Value(value) => Some(value),
        Input::Tensor(_) => None,
    }
}

/// The tensor, or the one that `tensor!` makes of such a literal.
fn tensor(input: &Input) -> Option<Tensor> {
    let value = match input {
        Input::Value(value) => value,
        Input::Tensor(tensor) => return Some(tensor.clone()),
    };
    let array = value.array().ok()??;
    let tensor = Tensor::from_slice(&array.numbers, &*array.shape, &Device::Cpu).ok()?;
    let dtype = match (array.are_truths, array.are_whole) {
        (true, _) => DType::U8,
        (_, true) => DType::I64,
        _ => DType::F32,
    };
    tensor.to_dtype(dtype).ok()
}

fn number(input: &Input) -> Option<f64> {
    match value(input)? {
        Value::Number(number) => Some(*number),
        Value::Whole(number) => Some(*number as f64),
        _ => None,
    }
}

fn whole(input: &Input) -> Option<i64> {
    match value(input)? {
        Value::Whole(number) => Some(*number),
        _ => None,
    }
}

/// Functions of these parameters: their kinds, their types, and how an owned value is handed over.
macro_rules! functions {
    ($(($($kind:ident $type:ty, $name:ident => $pass:expr);+);)*) => {$(
        impl<F, R> Answer<Takes<($($kind,)+)>> for F
        where
            F: Fn($($type),+) -> R,
            R: Answered,
        {
            fn given(&self) -> Given<'_> {
                let takes = [$(stringify!($name)),+].len();
                let call = move |inputs: &[Input]| {
                    let mut inputs = inputs.iter();
                    $(
                        let input = inputs.next().unwrap_or(&Input::Value(Value::Truth(false)));
                        let $name = $kind::of(input)?;
                    )+
                    Ok(Returned::of(&self($($pass),+)))
                };
                Given::Function(Function { takes, call: Box::new(call) })
            }
        }
    )*};
}

functions! {
    (Lent &Tensor, a => &a);
    (Moved Tensor, a => a);
    (Double f64, a => a);
    (Single f32, a => a);
    (Whole i64, a => a);
    (Count usize, a => a);
    (Truth bool, a => a);
    (Word &str, a => &a);
    (Row &[f64], a => &a);
    (OwnRow Vec<f64>, a => a);
    (Lent &Tensor, a => &a; Lent &Tensor, b => &b);
    (Lent &Tensor, a => &a; Double f64, b => b);
    (Lent &Tensor, a => &a; Single f32, b => b);
    (Lent &Tensor, a => &a; Whole i64, b => b);
    (Lent &Tensor, a => &a; Count usize, b => b);
    (Double f64, a => a; Double f64, b => b);
    (Single f32, a => a; Single f32, b => b);
    (Whole i64, a => a; Whole i64, b => b);
    (Count usize, a => a; Count usize, b => b);
    (Double f64, a => a; Count usize, b => b);
    (Row &[f64], a => &a; Row &[f64], b => &b);
    (Row &[f64], a => &a; Double f64, b => b);
    (Lent &Tensor, a => &a; Lent &Tensor, b => &b; Lent &Tensor, c => &c);
    (Lent &Tensor, a => &a; Lent &Tensor, b => &b; Double f64, c => c);
    (Double f64, a => a; Double f64, b => b; Double f64, c => c);
    (Double f64, a => a; Double f64, b => b; Double f64, c => c; Double f64, d => d);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::exercise::blank::blank;

    fn on(given: Given<'_>, inputs: &[Value]) -> String {
        match given {
            Given::Value(got) => got.to_string(),
            Given::Function(function) => function.on(inputs).to_string(),
        }
    }

    fn list(numbers: &[f64]) -> Value {
        Value::List(numbers.iter().map(|it| Value::Number(*it)).collect())
    }

    fn twice(x: &Tensor) -> Result<Tensor> {
        x * 2.0
    }

    fn unsolved(_: &Tensor) -> Result<Tensor> {
        blank()
    }

    fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        a + b
    }

    fn half(x: f64) -> f64 {
        x / 2.0
    }

    #[test]
    fn functions_of_many_kinds_are_tried() {
        let row = list(&[1.0, -2.0]);
        assert_eq!(on(given(&twice), std::slice::from_ref(&row)), "tensor([ 2., -4.])");
        assert_eq!(on(given(&unsolved), std::slice::from_ref(&row)), "blank!()");
        assert_eq!(on(given(&add), &[row.clone(), row.clone()]), "tensor([ 2., -4.])");
        assert_eq!(on(given(&half), &[Value::Whole(3)]), "1.5");
        assert_eq!(on(given(&(half as fn(f64) -> f64)), &[Value::Number(1.0)]), "0.5");
        let scale = 3.0;
        assert_eq!(on(given(&|x: f64| x * scale), &[Value::Number(2.0)]), "6.0");
        assert_eq!(
            on(given(&|x: &Tensor, k: f64| x * k), &[row.clone(), Value::Number(0.5)]),
            "tensor([ 0.5000, -1.0000])"
        );
        assert_eq!(on(given(&|n: usize| n + 1), &[Value::Whole(2)]), "3");
        assert_eq!(on(given(&|x: &Tensor| x.sum_all()), &[list(&[1.0])]), "tensor(1.)");
        assert_eq!(on(given(&7i64), &[]), "7");
        assert_eq!(on(given(&"b"), &[]), "\"b\"");
    }

    #[test]
    fn functions_that_can_not_be_called_say_why() {
        assert!(on(given(&add), &[list(&[1.0])]).contains("takes 2 inputs"));
        assert!(on(given(&half), &[Value::Text("x".into())]).contains("is no number"));
        assert!(on(given(&add), &[list(&[1.0]), list(&[1.0, 2.0])]).contains("shape mismatch"));
    }

    #[test]
    fn inputs_have_the_dtypes_of_literals() {
        let dtype = |x: &Tensor| x.dtype().as_str().to_owned();
        let of = |value: Value| on(given(&dtype), &[value]);
        assert_eq!(of(list(&[1.0])), "\"f32\"");
        assert_eq!(of(Value::List(vec![Value::Whole(1)])), "\"i64\"");
        assert_eq!(of(Value::List(vec![Value::Truth(true)])), "\"u8\"");
    }
}
