//! Comparisons and logic of two operands, which broadcast and promote; candle's take equal shapes and dtypes.
//!
//! candle has no truth values: the results are masks of `u8`, 0 and 1. Sums of masks by `torch::sum` count in `i64`;
//! candle's own wrap at 256. The loops are in `pairing.rs`.

use std::ops::{BitAnd, BitOr, BitXor};

use candle_core::{DType, Device, Result, Tensor, WithDType};

use super::arithmetic::{dims, integers};
use super::pairing::Pairing;
use crate::compute::copy::contiguous;
use crate::compute::op::with_elements;
use crate::compute::recording;
use crate::error::{copied, fail_dtype};
use crate::tensor::operand::{Operand, Value, common_dtype};
use crate::tensor::promote::{broadcast_shape, broadcast_to};

/// A comparison of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// What logic makes of two truth values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logic {
    And,
    Or,
    Xor,
}

/// Defines documented functions of two operands that give masks.
macro_rules! masks {
    ($(
        $(#[$doc:meta])*
        $name:literal $function:ident $apply:ident($kind:expr)
            example $example:literal => $text:literal;
    )*) => {$(
        $(#[$doc])*
        ///
        /// # Shapes
        ///
        /// `a` and `b` broadcast; each is a tensor, a variable or a number, and their dtypes are promoted. The result
        /// is a mask: 1 and 0 as `u8`, without a gradient.
        ///
        /// # Errors
        ///
        /// If the shapes don't broadcast.
        ///
        /// # Examples
        ///
        /// ```
        /// use akari::prelude::*;
        #[doc = concat!("let y = ", $example, ";")]
        #[doc = concat!("assert_eq!(y.to_vec1::<u8>()?, ", $text, ");")]
        /// # Ok::<(), akari::candle_core::Error>(())
        /// ```
        pub fn $function(a: impl Operand, b: impl Operand) -> Result<Tensor> {
            $apply($kind, $name, a.value(), b.value())
        }
    )*};
}

masks! {
    /// Whether `a = b`, of each pair of elements; nan equals nothing. Source: PyTorch's `torch.eq`.
    "torch::eq" eq compare(Comparison::Eq)
        example "torch::eq(&tensor!([1, 2]), &tensor!([1.0, 2.5]))?" => "[1, 0]";

    /// Whether `a` and `b` differ, of each pair of elements. Source: PyTorch's `torch.ne`.
    "torch::ne" ne compare(Comparison::Ne)
        example "torch::ne(&tensor!([1, 2]), 1)?" => "[0, 1]";

    /// Whether `a < b`, of each pair of elements. Source: PyTorch's `torch.lt`.
    "torch::lt" lt compare(Comparison::Lt)
        example "torch::lt(&tensor!([1, 2]), 2)?" => "[1, 0]";

    /// Whether `a <= b`, of each pair of elements. Source: PyTorch's `torch.le`.
    "torch::le" le compare(Comparison::Le)
        example "torch::le(&tensor!([1, 2, 3]), 2)?" => "[1, 1, 0]";

    /// Whether `a > b`, of each pair of elements. Source: PyTorch's `torch.gt`.
    "torch::gt" gt compare(Comparison::Gt)
        example "torch::gt(&tensor!([0.2, 0.7]), 0.5)?" => "[0, 1]";

    /// Whether `a >= b`, of each pair of elements. Source: PyTorch's `torch.ge`.
    "torch::ge" ge compare(Comparison::Ge)
        example "torch::ge(&tensor!([0.2, 0.5]), 0.5)?" => "[0, 1]";

    /// Whether both of a pair of elements are other than 0. Source: PyTorch's `torch.logical_and`.
    "torch::logical_and" logical_and combine(Logic::And)
        example "torch::logical_and(&tensor!([1, 2]), &tensor!([0, 5]))?" => "[0, 1]";

    /// Whether one of a pair of elements, or both, are other than 0. Source: PyTorch's `torch.logical_or`.
    "torch::logical_or" logical_or combine(Logic::Or)
        example "torch::logical_or(&tensor!([0, 2]), &tensor!([0, 0]))?" => "[0, 1]";

    /// Whether one of a pair of elements, but not both, is other than 0. Source: PyTorch's `torch.logical_xor`.
    "torch::logical_xor" logical_xor combine(Logic::Xor)
        example "torch::logical_xor(&tensor!([3, 2]), &tensor!([0, 1]))?" => "[1, 0]";
}

/// Whether each element is 0; a mask.
///
/// # Errors
///
/// If `x` is a result that has failed.
///
/// Source: PyTorch's `torch.logical_not`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::logical_not(&tensor!([0.0, 2.0]))?.to_vec1::<u8>()?, [1, 0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn logical_not(x: impl Operand) -> Result<Tensor> {
    compare(Comparison::Eq, "torch::logical_not", x.value(), Value::Int(0))
}

/// Defines documented functions of the bits of two operands.
macro_rules! of_bits {
    ($($(#[$doc:meta])* $name:literal $function:ident $logic:ident $example:literal => $text:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// Of masks that is logic as well. `a` and `b` broadcast; each is a tensor of integers or an integer.
        ///
        /// # Errors
        ///
        /// For floats, and if the shapes don't broadcast.
        ///
        /// ```
        /// use akari::prelude::*;
        #[doc = concat!("let y = ", $example, ";")]
        #[doc = concat!("assert_eq!(y.to_vec1::<i64>()?, ", $text, ");")]
        /// # Ok::<(), akari::candle_core::Error>(())
        /// ```
        pub fn $function(a: impl Operand, b: impl Operand) -> Result<Tensor> {
            bits(Logic::$logic, $name, a.value(), b.value())
        }
    )*};
}

of_bits! {
    /// The bits that both integers have. Source: PyTorch's `torch.bitwise_and`.
    "torch::bitwise_and" bitwise_and And "torch::bitwise_and(&tensor!([6, 5]), 3)?" => "[2, 1]";

    /// The bits that one integer has, or both have. Source: PyTorch's `torch.bitwise_or`.
    "torch::bitwise_or" bitwise_or Or "torch::bitwise_or(&tensor!([6, 5]), 3)?" => "[7, 7]";

    /// The bits that one integer has, and not the other. Source: PyTorch's `torch.bitwise_xor`.
    "torch::bitwise_xor" bitwise_xor Xor "torch::bitwise_xor(&tensor!([6, 5]), 3)?" => "[5, 6]";
}

/// The bits that an integer hasn't, as those of its dtype: of 0 as `i64` that is -1, as `u8` 255.
///
/// To turn a mask around, use [`logical_not`].
///
/// # Errors
///
/// For floats.
///
/// Source: PyTorch's `torch.bitwise_not`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::bitwise_not(&tensor!([0, 5]))?.to_vec1::<i64>()?, [-1, -6]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn bitwise_not(x: impl Operand) -> Result<Tensor> {
    bits(Logic::Xor, "torch::bitwise_not", x.value(), Value::Int(-1))
}

/// The elements of `a` where the mask is not 0, and of `b` elsewhere.
///
/// # Shapes
///
/// All three broadcast; `a` and `b` are tensors, variables or numbers, and their dtypes are promoted.
///
/// # Errors
///
/// If the shapes don't broadcast, and for a mask of floats.
///
/// Differs from candle's `where_cond`, which takes equal shapes and dtypes. The name has an underscore since `where`
/// is Rust's. Source: PyTorch's `torch.where`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([-1.0, 2.0]);
/// assert_eq!(torch::where_(&torch::gt(&x, 0)?, &x, 0.0)?.to_vec1::<f32>()?, [0.0, 2.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn where_(mask: impl Operand, a: impl Operand, b: impl Operand) -> Result<Tensor> {
    choose("torch::where_", mask.value(), a.value(), b.value())
}

/// `x` with a number in the place of each element whose mask is not 0.
///
/// # Shapes
///
/// The mask broadcasts to `x`; the result has the shape and the dtype of `x`.
///
/// # Errors
///
/// If the mask doesn't broadcast, and for one of floats.
///
/// Source: PyTorch's `Tensor.masked_fill`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1.0, 2.0]);
/// let y = torch::masked_fill(&x, &tensor!([0, 1]), f64::NEG_INFINITY)?;
/// assert_eq!(y.to_vec1::<f32>()?, [1.0, f32::NEG_INFINITY]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn masked_fill(x: &Tensor, mask: impl Operand, value: f64) -> Result<Tensor> {
    let filled = choose("torch::masked_fill", mask.value(), Value::Float(value), x.value())?;
    filled.to_dtype(x.dtype())
}

/// `function` is what a learner typed, for the texts of errors.
pub(crate) fn compare(
    comparison: Comparison,
    function: &'static str,
    left: Value,
    right: Value,
) -> Result<Tensor> {
    match comparison {
        Comparison::Eq => related(Equal, function, left, right),
        Comparison::Ne => related(NotEqual, function, left, right),
        Comparison::Lt => related(Less, function, left, right),
        Comparison::Le => related(LessOrEqual, function, left, right),
        Comparison::Gt => related(Greater, function, left, right),
        Comparison::Ge => related(GreaterOrEqual, function, left, right),
    }
}

/// A comparison of numbers of any type, known when its loop is compiled.
trait Relation: Copy + Sync {
    fn holds<T: PartialOrd>(self, a: T, b: T) -> bool;
}

macro_rules! relations {
    ($($relation:ident $operator:tt),*) => {$(
        #[derive(Clone, Copy)]
        struct $relation;

        impl Relation for $relation {
            #[inline(always)]
            fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
                a $operator b
            }
        }
    )*};
}

relations!(Equal ==, NotEqual !=, Less <, LessOrEqual <=, Greater >, GreaterOrEqual >=);

/// `function` is what a learner typed, for the texts of errors.
pub(crate) fn combine(
    logic: Logic,
    function: &'static str,
    left: Value,
    right: Value,
) -> Result<Tensor> {
    if let (true, true) = (are_bytes(&left), are_bytes(&right)) {
        let pairing = Pairing::new(function, dims(&left), dims(&right))?;
        let values = bytes(&left, |a| bytes(&right, |b| Ok(truth_of(&pairing, logic, a, b))));
        return Tensor::from_vec(values?, pairing.shape, &Device::Cpu);
    }
    let [left, right] =
        [left, right].map(|side| compare(Comparison::Ne, function, side, Value::Int(0)));
    bits(logic, function, left.into(), right.into())
}

/// `function` is what a learner typed, for the texts of errors.
pub(crate) fn bits(
    logic: Logic,
    function: &'static str,
    left: Value,
    right: Value,
) -> Result<Tensor> {
    let (left, right) = (checked(left)?, checked(right)?);
    let dtype = common_dtype(&left, &right);
    if dtype.is_float() {
        return fail_dtype(
            function,
            "bits are those of integers and masks; compare floats first, as in x > 0",
        );
    }
    let pairing = Pairing::new(function, dims(&left), dims(&right))?;
    if dtype == DType::U8 {
        // The lowest bits of a number know nothing of the others.
        let values = bytes(&left, |a| bytes(&right, |b| Ok(logic_of(&pairing, logic, a, b))));
        return Tensor::from_vec(values?, pairing.shape, &Device::Cpu);
    }
    let values = integers(&left, |a| integers(&right, |b| Ok(logic_of(&pairing, logic, a, b))));
    Tensor::from_vec(values?, pairing.shape, &Device::Cpu)?.to_dtype(dtype)
}

fn logic_of<T>(pairing: &Pairing, logic: Logic, left: &[T], right: &[T]) -> Vec<T>
where
    T: WithDType + BitAnd<Output = T> + BitOr<Output = T> + BitXor<Output = T>,
{
    match logic {
        Logic::And => pairing.map(left, right, |a: T, b: T| a & b),
        Logic::Or => pairing.map(left, right, |a: T, b: T| a | b),
        Logic::Xor => pairing.map(left, right, |a: T, b: T| a ^ b),
    }
}

/// What [`logic_of`] makes of whether each byte is 0.
fn truth_of(pairing: &Pairing, logic: Logic, left: &[u8], right: &[u8]) -> Vec<u8> {
    match logic {
        Logic::And => pairing.map(left, right, |a, b| u8::from((a != 0) & (b != 0))),
        Logic::Or => pairing.map(left, right, |a, b| u8::from((a | b) != 0)),
        Logic::Xor => pairing.map(left, right, |a, b| u8::from((a != 0) != (b != 0))),
    }
}

/// Hands the elements of a value of bytes to `visit`, of a number the lowest one.
fn bytes<R>(value: &Value, visit: impl FnOnce(&[u8]) -> Result<R>) -> Result<R> {
    match value {
        Value::Tensor(tensor) => with_elements(&contiguous(&tensor.to_dtype(DType::U8)?)?, visit),
        other => integers(other, |numbers| visit(&[numbers[0] as u8])),
    }
}

/// Whether all elements of a value are bytes as they stand.
fn are_bytes(value: &Value) -> bool {
    match value {
        Value::Tensor(tensor) => tensor.dtype() == DType::U8,
        Value::Int(number) => u8::try_from(*number).is_ok(),
        _ => false,
    }
}

fn checked(value: Value) -> Result<Value> {
    if let Value::Failed(error) = value { Err(error) } else { Ok(value) }
}

/// Compares in `i64` if both are whole, else in `f32` or `f64`.
fn related<R: Relation>(
    relation: R,
    function: &'static str,
    left: Value,
    right: Value,
) -> Result<Tensor> {
    let (left, right) = (checked(left)?, checked(right)?);
    let pairing = Pairing::new(function, dims(&left), dims(&right))?;
    let values = match common_dtype(&left, &right) {
        DType::U8 if are_bytes(&left) && are_bytes(&right) => {
            bytes(&left, |a| bytes(&right, |b| Ok(masked(&pairing, relation, a, b))))?
        }
        dtype if dtype.is_int() => {
            integers(&left, |a| integers(&right, |b| Ok(masked(&pairing, relation, a, b))))?
        }
        DType::F64 => {
            floats(&left, |a: &[f64]| floats(&right, |b| Ok(masked(&pairing, relation, a, b))))?
        }
        _ => floats(&left, |a: &[f32]| floats(&right, |b| Ok(masked(&pairing, relation, a, b))))?,
    };
    Tensor::from_vec(values, pairing.shape, &Device::Cpu)
}

fn masked<T: PartialOrd + Copy + Sync, R: Relation>(
    pairing: &Pairing,
    relation: R,
    left: &[T],
    right: &[T],
) -> Vec<u8> {
    pairing.map(
        left,
        right,
        #[inline(always)]
        move |a, b| u8::from(relation.holds(a, b)),
    )
}

/// Hands the elements of a value as `T`s to `visit`.
fn floats<T: WithDType, O>(value: &Value, visit: impl FnOnce(&[T]) -> Result<O>) -> Result<O> {
    match value {
        Value::Tensor(tensor) => with_elements(&contiguous(&tensor.to_dtype(T::DTYPE)?)?, visit),
        Value::Int(number) => visit(&[T::from_f64(*number as f64)]),
        Value::Float(number) => visit(&[T::from_f64(*number)]),
        Value::Failed(error) => Err(copied(error)),
    }
}

/// `function` is what a learner typed, for the texts of errors.
pub(crate) fn choose(
    function: &'static str,
    mask: Value,
    left: Value,
    right: Value,
) -> Result<Tensor> {
    let (mask, left, right) = (checked(mask)?.into_tensor()?, checked(left)?, checked(right)?);
    if !mask.dtype().is_int() {
        return fail_dtype(
            function,
            format_args!("expected condition to be a mask of integers, but got {:?}", mask.dtype()),
        );
    }
    let dtype = common_dtype(&left, &right);
    let shape = broadcast_shape(function, dims(&left), dims(&right))?;
    let shape = broadcast_shape(function, mask.dims(), shape.dims())?;
    let side = |value: Value| {
        broadcast_to(&recording::argument(&value.into_tensor()?).to_dtype(dtype)?, &shape)
    };
    // candle knows masks of three dtypes.
    let mask = match mask.dtype() {
        DType::U8 | DType::U32 | DType::I64 => mask,
        _ => mask.to_dtype(DType::I64)?,
    };
    broadcast_to(&mask, &shape)?.where_cond(&side(left)?, &side(right)?)
}
