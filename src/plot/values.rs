//! What may stand for numbers in a call: tensors, slices, vectors, iterators; and what for points, tables and names.
//!
//! Almost every `impl` here is for one type of number, so that it is compiled once, with the prelude: a cell that plots
//! instantiates a call of it and nothing more.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use candle_core::{DType, Result, Tensor, Var};

use crate::error::{fail, fail_shape};
use crate::tensor::parts;

/// A number: of any of Rust's types, or a tensor of one element.
#[diagnostic::on_unimplemented(
    message = "a number is needed here, or a tensor of one element, not `{Self}`"
)]
pub trait Number {
    #[doc(hidden)]
    fn number(&self) -> Result<f64>;
}

/// Numbers in a row: a slice, an array, a vector, or a tensor, whose elements are taken row by row.
#[diagnostic::on_unimplemented(
    message = "numbers are needed here: a tensor, a slice, a vector or an iterator of numbers, not `{Self}`"
)]
pub trait Numbers {
    #[doc(hidden)]
    fn numbers(&self) -> Result<Vec<f64>>;
}

/// [`Numbers`], or an iterator of numbers. Which of them it is, the compiler finds out: that is all that `Kind` is for.
#[diagnostic::on_unimplemented(
    message = "numbers are needed here: a tensor, a slice, a vector or an iterator of numbers, not `{Self}`"
)]
pub trait Values<Kind> {
    #[doc(hidden)]
    fn values(self) -> Result<Vec<f64>>;
}

/// The kind of values that are there already.
#[derive(Debug)]
pub enum Whole {}

/// The kind of values that an iterator gives.
#[derive(Debug)]
pub enum Each {}

impl<T: Numbers> Values<Whole> for T {
    fn values(self) -> Result<Vec<f64>> {
        self.numbers()
    }
}

impl<I: Iterator> Values<Each> for I
where
    I::Item: Number,
{
    fn values(self) -> Result<Vec<f64>> {
        let mut values = Vec::new();
        for item in self {
            values.push(item.number()?);
        }
        Ok(values)
    }
}

/// Rows of numbers: a tensor of two axes, or rows of Rust's own.
#[diagnostic::on_unimplemented(
    message = "rows of numbers are needed here: a tensor of two axes or a `Vec<Vec<f64>>`, not `{Self}`"
)]
pub trait Matrix {
    #[doc(hidden)]
    fn rows(&self) -> Result<Vec<Vec<f64>>>;
}

/// Points of a plane: a tensor of shape (n, 2), pairs, or arrays or tensors of two numbers.
#[diagnostic::on_unimplemented(
    message = "points are needed here: a tensor of shape (n, 2) or pairs of numbers, not `{Self}`"
)]
pub trait Points {
    #[doc(hidden)]
    fn points(&self) -> Result<Vec<(f64, f64)>>;
}

/// Names of bars, classes or pictures: texts, or numbers, whose texts are taken.
#[diagnostic::on_unimplemented(
    message = "names are needed here: texts, numbers or a tensor of classes, not `{Self}`"
)]
pub trait Names {
    #[doc(hidden)]
    fn names(&self) -> Result<Vec<String>>;
}

/// From one number to another: `-1.0..1.0`, `0..10` or `(0.5, 2.0)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

macro_rules! spans {
    ($($number:ty)*) => {$(
        impl From<Range<$number>> for Span {
            fn from(range: Range<$number>) -> Span {
                Span { from: range.start as f64, to: range.end as f64 }
            }
        }

        impl From<RangeInclusive<$number>> for Span {
            fn from(range: RangeInclusive<$number>) -> Span {
                Span { from: *range.start() as f64, to: *range.end() as f64 }
            }
        }

        impl From<($number, $number)> for Span {
            fn from((from, to): ($number, $number)) -> Span {
                Span { from: from as f64, to: to as f64 }
            }
        }
    )*};
}

spans!(f64 f32 i32 i64 usize);

macro_rules! of_numbers {
    ($($number:ty)*) => {$(
        impl Number for $number {
            fn number(&self) -> Result<f64> {
                Ok(*self as f64)
            }
        }

        impl Numbers for [$number] {
            #[inline(never)]
            fn numbers(&self) -> Result<Vec<f64>> {
                Ok(self.iter().map(|number| *number as f64).collect())
            }
        }

        impl Numbers for Vec<$number> {
            fn numbers(&self) -> Result<Vec<f64>> {
                self[..].numbers()
            }
        }

        impl<const N: usize> Numbers for [$number; N] {
            fn numbers(&self) -> Result<Vec<f64>> {
                self[..].numbers()
            }
        }

        impl Points for [($number, $number)] {
            #[inline(never)]
            fn points(&self) -> Result<Vec<(f64, f64)>> {
                Ok(self.iter().map(|(x, y)| (*x as f64, *y as f64)).collect())
            }
        }

        impl Points for [[$number; 2]] {
            #[inline(never)]
            fn points(&self) -> Result<Vec<(f64, f64)>> {
                Ok(self.iter().map(|[x, y]| (*x as f64, *y as f64)).collect())
            }
        }

        impl Names for [$number] {
            #[inline(never)]
            fn names(&self) -> Result<Vec<String>> {
                Ok(self.iter().map(<$number>::to_string).collect())
            }
        }
    )*};
}

of_numbers!(f64 f32 i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

impl<T: Number + ?Sized> Number for &T {
    fn number(&self) -> Result<f64> {
        (**self).number()
    }
}

impl Number for Tensor {
    fn number(&self) -> Result<f64> {
        match tensor_numbers(self)?[..] {
            [number] => Ok(number),
            _ => fail_shape(
                "plot",
                format_args!(
                    "a tensor of one element is needed, but the shape is {:?}",
                    self.dims()
                ),
            ),
        }
    }
}

impl Number for Var {
    fn number(&self) -> Result<f64> {
        self.as_tensor().number()
    }
}

impl<T: Numbers + ?Sized> Numbers for &T {
    fn numbers(&self) -> Result<Vec<f64>> {
        (**self).numbers()
    }
}

impl Numbers for Tensor {
    fn numbers(&self) -> Result<Vec<f64>> {
        tensor_numbers(self)
    }
}

impl Numbers for Var {
    fn numbers(&self) -> Result<Vec<f64>> {
        tensor_numbers(self.as_tensor())
    }
}

impl Numbers for [Tensor] {
    fn numbers(&self) -> Result<Vec<f64>> {
        self.iter().map(Number::number).collect()
    }
}

impl Numbers for Vec<Tensor> {
    fn numbers(&self) -> Result<Vec<f64>> {
        self[..].numbers()
    }
}

/// All elements of a tensor, row by row.
pub(super) fn tensor_numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    parts::values(tensor)
}

impl<T: Matrix + ?Sized> Matrix for &T {
    fn rows(&self) -> Result<Vec<Vec<f64>>> {
        (**self).rows()
    }
}

impl Matrix for Tensor {
    fn rows(&self) -> Result<Vec<Vec<f64>>> {
        match self.dims() {
            [_, _] => self.to_dtype(DType::F64)?.to_vec2(),
            [_] => Ok(vec![tensor_numbers(self)?]),
            dims => fail_shape(
                "plot",
                format_args!("a tensor of two axes is needed, but the shape is {dims:?}"),
            ),
        }
    }
}

impl Matrix for Var {
    fn rows(&self) -> Result<Vec<Vec<f64>>> {
        self.as_tensor().rows()
    }
}

impl<T: Numbers> Matrix for [T] {
    fn rows(&self) -> Result<Vec<Vec<f64>>> {
        self.iter().map(Numbers::numbers).collect()
    }
}

impl<T: Numbers> Matrix for Vec<T> {
    fn rows(&self) -> Result<Vec<Vec<f64>>> {
        self[..].rows()
    }
}

impl<T: Numbers, const N: usize> Matrix for [T; N] {
    fn rows(&self) -> Result<Vec<Vec<f64>>> {
        self[..].rows()
    }
}

impl<T: Points + ?Sized> Points for &T {
    fn points(&self) -> Result<Vec<(f64, f64)>> {
        (**self).points()
    }
}

impl Points for Tensor {
    fn points(&self) -> Result<Vec<(f64, f64)>> {
        match self.dims() {
            [_, 2] => {
                Ok(tensor_numbers(self)?.chunks(2).map(|point| (point[0], point[1])).collect())
            }
            dims => fail_shape(
                "plot",
                format_args!("points are a tensor of shape (n, 2), but the shape is {dims:?}"),
            ),
        }
    }
}

impl Points for [Tensor] {
    fn points(&self) -> Result<Vec<(f64, f64)>> {
        let point = |tensor: &Tensor| match tensor_numbers(tensor)?[..] {
            [x, y] => Ok((x, y)),
            _ => fail_shape(
                "plot",
                format_args!(
                    "a point has two numbers, but a tensor's shape is {:?}",
                    tensor.dims()
                ),
            ),
        };
        self.iter().map(point).collect()
    }
}

impl<T> Points for Vec<T>
where
    [T]: Points,
{
    fn points(&self) -> Result<Vec<(f64, f64)>> {
        self[..].points()
    }
}

impl<T, const N: usize> Points for [T; N]
where
    [T]: Points,
{
    fn points(&self) -> Result<Vec<(f64, f64)>> {
        self[..].points()
    }
}

impl<T: Names + ?Sized> Names for &T {
    fn names(&self) -> Result<Vec<String>> {
        (**self).names()
    }
}

impl Names for Tensor {
    fn names(&self) -> Result<Vec<String>> {
        Ok(tensor_numbers(self)?.into_iter().map(super::text::brief).collect())
    }
}

macro_rules! names_of_texts {
    ($($text:ty)*) => {$(
        impl Names for [$text] {
            #[inline(never)]
            fn names(&self) -> Result<Vec<String>> {
                Ok(self.iter().map(<$text as ToString>::to_string).collect())
            }
        }
    )*};
}

names_of_texts!(&str String char);

impl<T> Names for Vec<T>
where
    [T]: Names,
{
    fn names(&self) -> Result<Vec<String>> {
        self[..].names()
    }
}

impl<T, const N: usize> Names for [T; N]
where
    [T]: Names,
{
    fn names(&self) -> Result<Vec<String>> {
        self[..].names()
    }
}

/// Two lists that belong together, as points.
pub(super) fn paired(function: &str, xs: Vec<f64>, ys: Vec<f64>) -> Result<Vec<(f64, f64)>> {
    check_lengths(function, ("x", xs.len()), ("y", ys.len()))?;
    Ok(xs.into_iter().zip(ys).collect())
}

/// The rows, if all are equally long.
pub(super) fn rectangle(function: &str, rows: Result<Vec<Vec<f64>>>) -> Result<(usize, Vec<f64>)> {
    let rows = rows?;
    let columns = rows.first().map_or(0, Vec::len);
    if let Some(row) = rows.iter().position(|row| row.len() != columns) {
        return fail_shape(
            function,
            format_args!("row {row} has {} numbers, but row 0 has {columns}", rows[row].len()),
        );
    }
    Ok((columns, rows.concat()))
}

/// An error unless both lists have the same length.
pub(super) fn check_lengths(
    function: &str,
    one: (&str, usize),
    other: (&str, usize),
) -> Result<()> {
    if one.1 != other.1 {
        return fail_shape(
            function,
            format_args!("{} has {} values, but {} has {}", one.0, one.1, other.0, other.1),
        );
    }
    Ok(())
}

/// Whole numbers from 0 on, as classes are.
pub(super) fn classes(function: &str, what: &str, values: &[f64]) -> Result<Vec<usize>> {
    let class = |value: &f64| match value {
        value if value.fract() == 0.0 && (0.0..1e6).contains(value) => Ok(*value as usize),
        value => fail(
            function,
            format_args!(
                "{what} are classes, whole numbers from 0 on, but {} is among them",
                shown(value)
            ),
        ),
    };
    values.iter().map(class).collect()
}

fn shown(value: &dyn Display) -> String {
    value.to_string()
}
