//! [`tensor!`](crate::tensor!): nested literals as a tensor on the CPU, with `torch.tensor`'s dtypes.

use candle_core::{DType, Device, Tensor};

use crate::compute::beside::Beside;

/// A tensor from nested literals, as `torch.tensor` makes one.
///
/// Floats give `f32`, integers `i64`, truth values `u8`; a row that mixes them takes the widest.
/// Arrays, slices, vectors and plain numbers of any primitive type do as well.
///
/// ```
/// use akari::prelude::*;
///
/// assert_eq!(tensor!([[1, 2], [3, 4]]).dtype(), DType::I64);
/// assert_eq!(tensor!([-2.0, 1.0]).dims(), &[2]);
/// assert_eq!(tensor!(9.5).rank(), 0);
/// let row = vec![0.5, 1.5];
/// assert_eq!(tensor!(row).dtype(), DType::F32);
/// ```
///
/// # Panics
///
/// If rows differ in length, or an integer is no `i64`.
#[macro_export]
macro_rules! tensor {
    ([ $($row:tt)* ]) => {
        $crate::tensor::literal::build($crate::__literal!([ $($row)* ]))
    };
    ($value:expr) => {
        $crate::tensor::literal::build($crate::__literal!($value))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __literal {
    // Rows of literals go element by element, so that `[1, 2.5]` may mix and integers may be large.
    ([ $($element:literal),* $(,)? ]) => {
        $crate::tensor::literal::row(
            &[ $( $crate::tensor::literal::Scalar::from($element) ),* ],
            ::std::stringify!($($element),*),
        )
    };
    ([ $( [ $($inner:tt)* ] ),* $(,)? ]) => {
        $crate::tensor::literal::stack(
            ::std::vec::Vec::from([ $( $crate::__literal!([ $($inner)* ]) ),* ])
        )
    };
    ($element:literal) => {
        $crate::tensor::literal::single(
            $crate::tensor::literal::Scalar::from($element),
            ::std::stringify!($element),
        )
    };
    ($value:expr) => {
        $crate::tensor::literal::Literal::collect(&$value)
    };
}

/// One number of a literal.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Scalar {
    /// A float, which makes the tensor `f32`.
    Float(f64),
    /// An integer.
    Integer(i64),
    /// A truth value.
    Bool(bool),
}

impl From<f64> for Scalar {
    fn from(value: f64) -> Self {
        Scalar::Float(value)
    }
}

impl From<i64> for Scalar {
    fn from(value: i64) -> Self {
        Scalar::Integer(value)
    }
}

impl From<bool> for Scalar {
    fn from(value: bool) -> Self {
        Scalar::Bool(value)
    }
}

/// Numbers in row order, and the shape they have.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Nested {
    shape: Vec<usize>,
    scalars: Vec<Scalar>,
}

/// The values that [`tensor!`](crate::tensor!) takes besides literals.
#[diagnostic::on_unimplemented(
    message = "tensor! takes numbers, truth values, and nested arrays, slices and vectors of them, not `{Self}`"
)]
pub trait Literal {
    /// The numbers and their shape.
    #[doc(hidden)]
    fn collect(&self) -> Nested;
}

macro_rules! scalars {
    ($($type:ty => $scalar:expr),* $(,)?) => {$(
        impl Literal for $type {
            fn collect(&self) -> Nested {
                let to_scalar: fn(&$type) -> Scalar = $scalar;
                scalar(to_scalar(self))
            }
        }
    )*};
}

scalars! {
    f64 => |value| Scalar::Float(*value),
    f32 => |value| Scalar::Float(f64::from(*value)),
    i64 => |value| Scalar::Integer(*value),
    i32 => |value| Scalar::Integer(i64::from(*value)),
    i16 => |value| Scalar::Integer(i64::from(*value)),
    u8 => |value| Scalar::Integer(i64::from(*value)),
    u32 => |value| Scalar::Integer(i64::from(*value)),
    u64 => |value| Scalar::Integer(i64::try_from(*value).unwrap_or_else(|_| too_large(value))),
    usize => |value| Scalar::Integer(i64::try_from(*value).unwrap_or_else(|_| too_large(value))),
    isize => |value| Scalar::Integer(*value as i64),
    bool => |value| Scalar::Bool(*value),
}

impl<T: Literal + ?Sized> Literal for &T {
    fn collect(&self) -> Nested {
        (**self).collect()
    }
}

impl<T: Literal> Literal for [T] {
    #[track_caller]
    fn collect(&self) -> Nested {
        stack(self.iter().map(Literal::collect).collect())
    }
}

impl<T: Literal, const N: usize> Literal for [T; N] {
    #[track_caller]
    fn collect(&self) -> Nested {
        self[..].collect()
    }
}

impl<T: Literal> Literal for Vec<T> {
    #[track_caller]
    fn collect(&self) -> Nested {
        self[..].collect()
    }
}

/// A number without axes.
#[doc(hidden)]
pub fn scalar(scalar: Scalar) -> Nested {
    Nested { shape: vec![], scalars: vec![scalar] }
}

fn too_large(number: impl std::fmt::Display) -> ! {
    panic!("tensor!: Overflow when unpacking long: {number} is no i64")
}

/// Refuses a literal that the compiler has wrapped around: it is negative without a sign.
fn check_sign(scalar: Scalar, text: &str) {
    let text = text.trim();
    if matches!(scalar, Scalar::Integer(value) if value < 0) && !text.starts_with('-') {
        too_large(text);
    }
}

/// A literal without axes, and how it is written.
#[doc(hidden)]
pub fn single(scalar: Scalar, text: &str) -> Nested {
    check_sign(scalar, text);
    self::scalar(scalar)
}

/// A row of literals, and how they are written.
#[doc(hidden)]
pub fn row(scalars: &[Scalar], text: &str) -> Nested {
    scalars.iter().beside(text.split(',')).for_each(|(scalar, text)| check_sign(*scalar, text));
    Nested { shape: vec![scalars.len()], scalars: scalars.to_vec() }
}

/// Parts of one shape along a new first axis.
#[doc(hidden)]
#[track_caller]
pub fn stack(parts: Vec<Nested>) -> Nested {
    let mut shape = vec![parts.len()];
    if let Some(first) = parts.first() {
        for part in &parts {
            assert_same_shape(&first.shape, &part.shape);
        }
        shape.extend(&first.shape);
    }
    Nested { shape, scalars: parts.into_iter().flat_map(|part| part.scalars).collect() }
}

#[track_caller]
fn assert_same_shape(first: &[usize], other: &[usize]) {
    assert!(
        first == other,
        "tensor!: rows must have the same shape, but one has shape {first:?} and another {other:?}"
    );
}

/// Makes the tensor, on the CPU.
#[doc(hidden)]
#[track_caller]
pub fn build(nested: Nested) -> Tensor {
    let Nested { shape, scalars } = nested;
    let made = match dtype(&scalars) {
        DType::F32 => Tensor::from_vec(
            scalars.iter().map(|scalar| to_f64(*scalar) as f32).collect::<Vec<_>>(),
            shape,
            &Device::Cpu,
        ),
        DType::I64 => Tensor::from_vec(
            scalars.iter().map(|scalar| to_i64(*scalar)).collect::<Vec<_>>(),
            shape,
            &Device::Cpu,
        ),
        _ => Tensor::from_vec(
            scalars.iter().map(|scalar| to_i64(*scalar) as u8).collect::<Vec<_>>(),
            shape,
            &Device::Cpu,
        ),
    };
    match made {
        Ok(tensor) => tensor,
        Err(error) => panic!("tensor!: {error}"),
    }
}

/// An empty literal is `f32`, as `torch.tensor([])` is.
fn dtype(scalars: &[Scalar]) -> DType {
    let is_float = |scalar: &Scalar| matches!(scalar, Scalar::Float(_));
    let is_integer = |scalar: &Scalar| matches!(scalar, Scalar::Integer(_));
    match scalars {
        [] => DType::F32,
        all if all.iter().any(is_float) => DType::F32,
        all if all.iter().any(is_integer) => DType::I64,
        _ => DType::U8,
    }
}

/// The number as a float.
pub(crate) fn to_f64(scalar: Scalar) -> f64 {
    match scalar {
        Scalar::Float(value) => value,
        Scalar::Integer(value) => value as f64,
        Scalar::Bool(value) => f64::from(u8::from(value)),
    }
}

/// The number as an integer, without its fraction.
pub(crate) fn to_i64(scalar: Scalar) -> i64 {
    match scalar {
        Scalar::Float(value) => value as i64,
        Scalar::Integer(value) => value,
        Scalar::Bool(value) => i64::from(value),
    }
}
