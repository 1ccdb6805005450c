//! Absolute value, clamping and rounding: where candle's gradients or halves differ from PyTorch's.

use candle_core::{DType, Result, Shape, Tensor};

use crate::compute::loops::{self, map, map2};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::tensor::parts;

/// `|x|` of each element; the gradient at 0 is 0. Integers keep their dtype.
///
/// Differs from candle, whose gradient at 0 is 1. See PyTorch's `abs`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::abs(&tensor!([-2.0, 3.0]))?.to_vec1::<f32>()?, [2.0, 3.0]);
/// assert_eq!(torch::abs(&tensor!([-2, 3]))?.to_vec1::<i64>()?, [2, 3]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn abs(x: &Tensor) -> Result<Tensor> {
    if x.dtype().is_int() {
        return map_integers(x, i64::wrapping_abs);
    }
    op::apply("torch::abs", Abs(x.shape().clone()), [x])
}

/// Each element, but not below `min` and not above `max`.
///
/// The gradient passes where the element is strictly within the bounds; nan stays, without a
/// gradient. Integers keep their dtype if both bounds are whole. For one bound alone, an infinity
/// is the other.
///
/// Differs from candle, whose gradient at a bound is 1/2. See PyTorch's `clamp`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([-2.0, 0.5, 3.0]);
/// assert_eq!(torch::clamp(&x, 0.0, 1.0)?.to_vec1::<f32>()?, [0.0, 0.5, 1.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn clamp(x: &Tensor, min: f64, max: f64) -> Result<Tensor> {
    if x.dtype().is_int() {
        let is_whole = |bound: f64| bound.is_infinite() || bound.fract() == 0.0;
        if is_whole(min) && is_whole(max) {
            // A cast takes infinities to the ends of i64.
            return map_integers(x, |x| x.max(min as i64).min(max as i64));
        }
        return clamp(&x.to_dtype(DType::F32)?, min, max);
    }
    op::apply("torch::clamp", Clamp { min, max, shape: x.shape().clone() }, [x])
}

/// The nearest whole number, the even one of two that are equally near; its gradient is 0.
///
/// Differs from candle, which rounds halves away from 0. See PyTorch's `round`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::round(&tensor!([0.5, 1.5, -2.5]))?.to_vec1::<f32>()?, [0.0, 2.0, -2.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn round(x: &Tensor) -> Result<Tensor> {
    if x.dtype().is_int() {
        return Ok(x.clone());
    }
    op::apply("torch::round", Round(x.shape().clone()), [x])
}

fn map_integers(x: &Tensor, function: impl Fn(i64) -> i64) -> Result<Tensor> {
    let values = parts::values::<i64>(x)?;
    let values = values.into_iter().map(function).collect::<Vec<_>>();
    Tensor::from_vec(values, x.shape(), x.device())?.to_dtype(x.dtype())
}

struct Abs(Shape);

impl Op for Abs {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        Ok((map(args[0], Number::abs), self.0.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let slope = |x: T, grad: T| {
            // PyTorch's sign of nan is 0.
            let above = if x > T::ZERO { grad } else { T::ZERO };
            if x < T::ZERO { -grad } else { above }
        };
        Ok(vec![Some(map2(call.args[0], call.grad, slope))])
    }
}

struct Clamp {
    min: f64,
    max: f64,
    shape: Shape,
}

impl Op for Clamp {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let (min, max) = (T::of(self.min), T::of(self.max));
        let clamp = move |x: T| {
            let x = if x < min { min } else { x };
            if x > max { max } else { x }
        };
        Ok((map(args[0], clamp), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let (min, max) = (T::of(self.min), T::of(self.max));
        let slope = move |x: T, grad: T| if (x > min) & (x < max) { grad } else { T::ZERO };
        Ok(vec![Some(map2(call.args[0], call.grad, slope))])
    }
}

struct Round(Shape);

impl Op for Round {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        Ok((map(args[0], |x| T::of(x.wide().round_ties_even())), self.0.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        Ok(vec![Some(loops::zeros(call.grad.len()))])
    }
}
