//! Mean squared error.

use candle_core::{Result, Tensor};

use super::difference::of_difference;
use super::elementwise::Formula;
use super::options::Reduction;
use crate::compute::number::Number;

/// `(x - t)²`: [`nn::MSELoss`](crate::nn::MSELoss), with a factor for each element; the mean divides by their sum.
///
/// # Errors
///
/// As [`nn::MSELoss`](crate::nn::MSELoss), and if `weight` has another shape than `input`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::mse_loss(&tensor!([1., 3.]), &tensor!([0, 0]), Reduction::Mean, None)?;
/// assert_eq!(y.to_scalar::<f32>()?, 5.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn mse_loss(
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    mse_loss_named("F::mse_loss", input, target, reduction, weight)
}

pub(crate) fn mse_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    of_difference(function, SquaredDifference, input, target, reduction, weight)
}

#[derive(Clone, Copy)]
struct SquaredDifference;

impl Formula<2> for SquaredDifference {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        (x - t) * (x - t)
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let d = x - t;
        [d + d, -(d + d)]
    }
}
