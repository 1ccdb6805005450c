//! The activation that draws its slopes at random while a model is trained.

use candle_core::{Module, Result, Tensor};

use super::layers::{Layer, Mode, display_as_repr, fields};
use crate::functional as F;
use crate::print::python::float_repr;

display_as_repr!(RReLU);

/// [`LeakyReLU`](super::LeakyReLU) with random slopes in training, and their mean after `eval()`.
///
/// Does what [`F::rrelu`](crate::functional::rrelu) does, which has the formula, the shapes and the
/// errors. Prints as PyTorch's module of this name.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let layer = nn::RReLU::default();
/// assert_eq!(layer.to_string(), "RReLU(lower=0.125, upper=0.3333333333333333)");
/// layer.eval();
/// let y = layer.forward(&tensor!([-1.0, 2.0]))?;
/// assert_eq!(akari::print::tensor_text(&y)?, "tensor([-0.2292,  2.0000])");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RReLU {
    /// The smallest slope. Default: 1/8.
    pub lower: f64,
    /// The largest slope. Default: 1/3.
    pub upper: f64,
    /// Whether slopes are drawn, as `train()` and `eval()` say. Default: in training.
    pub mode: Mode,
}

impl Default for RReLU {
    fn default() -> Self {
        RReLU { lower: 1.0 / 8.0, upper: 1.0 / 3.0, mode: Mode::default() }
    }
}

impl Module for RReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        F::rrelu(x, self.lower, self.upper, self.mode.is_training())
    }
}

impl Layer for RReLU {
    fields!(mode);

    fn head(&self) -> String {
        format!("RReLU(lower={}, upper={})", float_repr(self.lower), float_repr(self.upper))
    }
}
