//! `torch::lerp`: a place between two tensors.

use candle_core::{Result, Tensor};

use crate::error::{fail_dtype, need_float};
use crate::functional::arithmetic::{self, Add, Mul, Sub};
use crate::functional::compare::{self, Comparison};
use crate::tensor::operand::{Operand, Value};

/// The place between two tensors that a weight tells: `x` for 0, `end` for 1.
///
/// ```text
/// y = x + w (end - x)            if |w| < ½
/// y = end - (end - x) (1 - w)    else, so that w = 1 gives end itself
/// ```
///
/// # Shapes
///
/// `x`, `end` and the weight, a number or a tensor, broadcast.
///
/// # Errors
///
/// For integers, for tensors of different dtypes, and if the shapes don't broadcast. See PyTorch's `lerp`.
///
/// ```
/// use akari::prelude::*;
/// let (x, end) = (tensor!([0., 10.]), tensor!([1., 20.]));
/// assert_eq!(torch::lerp(&x, &end, 0.25)?.to_vec1::<f32>()?, [0.25, 12.5]);
/// assert_eq!(torch::lerp(&x, &end, &tensor!([1., 0.]))?.to_vec1::<f32>()?, [1.0, 10.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn lerp(x: &Tensor, end: &Tensor, weight: impl Operand) -> Result<Tensor> {
    between(x, end, weight.value())
}

const NAME: &str = "torch::lerp";

fn between(x: &Tensor, end: &Tensor, weight: Value) -> Result<Tensor> {
    if let Value::Failed(error) = weight {
        return Err(error);
    }
    need_float(NAME, "an input", x)?;
    let others = [("end", Some(end)), ("weight", tensor(&weight))];
    for (name, other) in others {
        if let Some(other) = other.filter(|other| other.dtype() != x.dtype()) {
            return fail_dtype(
                NAME,
                format_args!(
                    "expected dtype {:?} for `{name}` but got dtype {:?}",
                    x.dtype(),
                    other.dtype()
                ),
            );
        }
    }
    let of = |tensor: &Tensor| Value::Tensor(tensor.clone());
    let difference = arithmetic::apply(Sub, NAME, of(end), of(x))?;
    let lower = || -> Result<Tensor> {
        let way = arithmetic::apply(Mul, NAME, weight.value(), of(&difference))?;
        arithmetic::apply(Add, NAME, of(x), of(&way))
    };
    let upper = || -> Result<Tensor> {
        let rest = match tensor(&weight) {
            Some(weight) => arithmetic::apply(Sub, NAME, Value::Int(1), of(weight))?.value(),
            None => Value::Float(1.0 - number(&weight)),
        };
        let way = arithmetic::apply(Mul, NAME, of(&difference), rest)?;
        arithmetic::apply(Sub, NAME, of(end), of(&way))
    };
    let Some(weights) = tensor(&weight) else {
        return if number(&weight).abs() < 0.5 { lower() } else { upper() };
    };
    let is_small = |comparison, bound| {
        compare::compare(comparison, NAME, of(weights), Value::Float(bound)).map(Value::Tensor)
    };
    // A choice of both keeps gradients apart: that of the other side is 0.
    let is_small = compare::combine(
        compare::Logic::And,
        NAME,
        is_small(Comparison::Gt, -0.5)?,
        is_small(Comparison::Lt, 0.5)?,
    )?;
    compare::choose(NAME, Value::Tensor(is_small), of(&lower()?), of(&upper()?))
}

fn tensor(value: &Value) -> Option<&Tensor> {
    if let Value::Tensor(tensor) = value { Some(tensor) } else { None }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Int(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Tensor(_) | Value::Failed(_) => f64::NAN,
    }
}
