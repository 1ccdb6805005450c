//! What a function of two tensors takes on either side: a tensor, a variable, a number, or a result of one.
//!
//! PyTorch's functions take numbers where they take tensors. Here a face is generic in [`Operand`], and its body is
//! written once, for [`Value`]s.

use candle_core::{DType, Device, Error, Result, Tensor, Var};

use crate::error::copied;

/// Something that a formula computes with.
///
/// Tensors, [`Var`]s, numbers and truth values are, references to them, and a [`Result`] of one of them, whose error
/// becomes that of the formula. `None` is an error: `grads.get(&w)` gives it for what has no gradient.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't stand in a formula, which takes tensors, Vars and numbers",
    label = "no tensor and no number",
    note = "in `t!`, a part in braces is left as it is written: `t!(x * {{ scale() }})`"
)]
pub trait Operand {
    /// The tensor or number; a tensor is shared, not copied.
    fn value(&self) -> Value;
}

/// A tensor or a number, or why there is none.
#[derive(Debug)]
pub enum Value {
    /// A tensor, which may be a variable.
    Tensor(Tensor),
    /// A whole number, which takes the dtype of the tensor beside it.
    Int(i64),
    /// A number with a fraction; integers beside it become `f32`.
    Float(f64),
    /// What went wrong before.
    Failed(Error),
}

impl Value {
    /// The tensor; a number becomes one without axes, `i64` or `f32`, as PyTorch's `torch.tensor` makes it.
    pub(crate) fn into_tensor(self) -> Result<Tensor> {
        match self {
            Value::Tensor(tensor) => Ok(tensor),
            Value::Int(number) => Tensor::new(number, &Device::Cpu),
            Value::Float(number) => Tensor::new(number as f32, &Device::Cpu),
            Value::Failed(error) => Err(error),
        }
    }
}

impl From<Result<Tensor>> for Value {
    fn from(result: Result<Tensor>) -> Self {
        result.map_or_else(Value::Failed, Value::Tensor)
    }
}

impl Operand for Value {
    fn value(&self) -> Value {
        match self {
            Value::Tensor(tensor) => Value::Tensor(tensor.clone()),
            Value::Int(number) => Value::Int(*number),
            Value::Float(number) => Value::Float(*number),
            Value::Failed(error) => Value::Failed(copied(error)),
        }
    }
}

impl Operand for Tensor {
    fn value(&self) -> Value {
        Value::Tensor(self.clone())
    }
}

impl Operand for Var {
    fn value(&self) -> Value {
        Value::Tensor(self.as_tensor().clone())
    }
}

impl<T: Operand + ?Sized> Operand for &T {
    fn value(&self) -> Value {
        (**self).value()
    }
}

impl<T: Operand> Operand for Result<T> {
    fn value(&self) -> Value {
        match self {
            Ok(value) => value.value(),
            Err(error) => Value::Failed(copied(error)),
        }
    }
}

impl<T: Operand> Operand for Option<T> {
    fn value(&self) -> Value {
        match self {
            Some(value) => value.value(),
            None => Value::Failed(Error::Msg(
                "a formula got `None`; if it is a gradient, the loss doesn't depend on that variable".into(),
            )),
        }
    }
}

macro_rules! whole {
    ($($number:ty),*) => {$(
        impl Operand for $number {
            fn value(&self) -> Value {
                // Beyond the range of i64 a float is the nearest thing, as PyTorch has no larger integer.
                i64::try_from(*self).map_or(Value::Float(*self as f64), Value::Int)
            }
        }
    )*};
}

whole!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

macro_rules! with_fraction {
    ($($number:ty),*) => {$(
        impl Operand for $number {
            fn value(&self) -> Value {
                Value::Float(f64::from(*self))
            }
        }
    )*};
}

with_fraction!(f32, f64);

impl Operand for bool {
    fn value(&self) -> Value {
        Value::Int(i64::from(*self))
    }
}

/// The dtype that two values are computed in, by PyTorch's rules: numbers take that of the tensor beside them, unless
/// it holds integers and the number has a fraction.
pub(crate) fn common_dtype(left: &Value, right: &Value) -> DType {
    match (left, right) {
        (Value::Tensor(left), Value::Tensor(right)) => super::promote::result_dtype(left, right),
        (Value::Tensor(tensor), number) | (number, Value::Tensor(tensor)) => match number {
            Value::Float(_) if tensor.dtype().is_int() => DType::F32,
            _ => tensor.dtype(),
        },
        (Value::Int(_), Value::Int(_)) => DType::I64,
        _ => DType::F32,
    }
}
