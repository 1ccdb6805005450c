//! Mean squared error.

use candle_core::{Result, Tensor};

use super::pair::{self, PairLoss};
use crate::error::fail;
use crate::nn::Reduction;
use crate::tensor::promote::promote_and_broadcast;

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
/// If the shapes don't broadcast, or if both tensors are integers. See PyTorch's `MSELoss`.
///
/// ```
/// use akari::prelude::*;
/// let loss = nn::MSELoss::default().forward(&tensor!([[2., 5., 3.]]), &tensor!([[0, 1, 0]]))?;
/// assert_eq!(loss.to_scalar::<f32>()?, 29.0 / 3.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MSELoss {
    pub reduction: Reduction,
}

impl MSELoss {
    /// The loss of `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        let (input, target) = promote_and_broadcast("nn::MSELoss", input, target)?;
        if !input.dtype().is_float() {
            return fail(
                "nn::MSELoss",
                format_args!(
                    "not implemented for {:?}: input and target are both integers (convert one with .to_dtype(DType::F32)?)",
                    input.dtype()
                ),
            );
        }
        self.reduction.apply(pair::apply(SquaredDifference, &input, &target)?)
    }
}

#[derive(Clone)]
struct SquaredDifference;

impl PairLoss for SquaredDifference {
    const NAME: &'static str = "nn::MSELoss";

    fn value(&self, x: f64, t: f64) -> f64 {
        (x - t) * (x - t)
    }

    fn input_slope(&self, x: f64, t: f64) -> f64 {
        2.0 * (x - t)
    }

    fn target_slope(&self, x: f64, t: f64) -> f64 {
        2.0 * (t - x)
    }
}
