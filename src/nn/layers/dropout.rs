//! The dropout layer.

use candle_core::{Module, Result, Tensor};

use super::layer::{Layer, display_as_repr};
use super::mode::Mode;
use super::part::fields;
use crate::error::fail;
use crate::functional::dropout_named;
use crate::print::python::float_repr;

display_as_repr!(Dropout);

/// Sets numbers to 0 at random while the model is trained, and scales up the others.
///
/// ```text
/// y = x / (1 - p) with probability 1 - p, else 0        in training
/// y = x                                                 after eval()
/// ```
///
/// # Errors
///
/// If `p` is not from 0 to 1. See PyTorch's `Dropout`.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Dropout::new(0.5)?;
/// layer.eval();
/// assert_eq!(layer.forward(&tensor!([1.0, 2.0]))?.to_vec1::<f32>()?, [1.0, 2.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dropout {
    /// How likely a number is left out. Default: 0.5.
    pub p: f64,
    mode: Mode,
}

impl Dropout {
    /// A layer that leaves out the share `p` of all numbers.
    ///
    /// # Errors
    ///
    /// If `p` is not from 0 to 1.
    pub fn new(p: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&p) {
            return fail(
                "nn::Dropout",
                format_args!(
                    "dropout probability has to be between 0 and 1, but got {}",
                    float_repr(p)
                ),
            );
        }
        Ok(Dropout { p, mode: Mode::default() })
    }

    /// Whether `forward` draws at all.
    pub(super) fn draws(&self) -> bool {
        self.mode.is_training() && self.p > 0.0
    }
}

impl Default for Dropout {
    fn default() -> Self {
        Dropout { p: 0.5, mode: Mode::default() }
    }
}

impl Module for Dropout {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        dropout_named("nn::Dropout", x, self.p, self.mode.is_training())
    }
}

impl Layer for Dropout {
    fields!(mode);

    fn head(&self) -> String {
        format!("Dropout(p={}, inplace=False)", float_repr(self.p))
    }
}
