//! Mean squared error.

use candle_core::{Result, Tensor};

use super::difference::of_difference;
use super::elementwise::Formula;
use crate::compute::number::Number;
use crate::nn::Reduction;

/// The squared difference of input and target.
///
/// ```text
/// l = (x - t)²
/// ```
///
/// # Shapes
///
/// Input and target of any shapes that broadcast; dtypes promote, so an integer target will do.
/// The result has no axes, or the broadcast shape with [`Reduction::None`].
///
/// # Errors
///
/// If the shapes don't broadcast, or if both tensors are integers.
///
/// Shapes that differ but broadcast give a warning on stderr. A factor for each element is a parameter
/// of `F::mse_loss`, as in PyTorch.
/// *Differs from candle*: its `loss::mse` neither broadcasts nor promotes.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html).
///
/// ```
/// use akari::prelude::*;
/// let loss = nn::MSELoss::default().forward(&tensor!([[2., 5., 3.]]), &tensor!([[0, 1, 0]]))?;
/// assert_eq!(loss.to_scalar::<f32>()?, 29.0 / 3.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MSELoss {
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl MSELoss {
    /// The loss of `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        squared("nn::MSELoss", input, target, self.reduction, None)
    }
}

/// [`MSELoss`], with a factor for each element.
pub(crate) fn squared(
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
