//! The norm over neighbouring channels.

use candle_core::{Module, Result, Tensor};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::functional::local_response_norm;
use crate::print::python::float_repr;

display_as_repr!(LocalResponseNorm);

/// Divides each channel by the size of its neighbours; see
/// [`F::local_response_norm`](crate::functional::local_response_norm) and PyTorch's `LocalResponseNorm`.
///
/// ```
/// use akari::prelude::*;
/// let norm = nn::LocalResponseNorm::new(5);
/// assert_eq!(norm.forward(&torch::rand((1, 8, 4, 4))?)?.dims(), &[1, 8, 4, 4]);
/// assert_eq!(norm.to_string(), "LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalResponseNorm {
    /// How many channels are neighbours.
    pub size: usize,
    /// The factor of the sum. Default: 1e-4.
    pub alpha: f64,
    /// The power of the divisor. Default: 0.75.
    pub beta: f64,
    /// What is added to the sum. Default: 1.
    pub k: f64,
}

impl LocalResponseNorm {
    /// A norm over so many channels.
    pub fn new(size: usize) -> Self {
        LocalResponseNorm { size, alpha: 1e-4, beta: 0.75, k: 1.0 }
    }
}

impl Module for LocalResponseNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        local_response_norm(x, self.size, self.alpha, self.beta, self.k)
    }
}

impl Layer for LocalResponseNorm {
    fields!();

    fn head(&self) -> String {
        let [alpha, beta, k] = [self.alpha, self.beta, self.k].map(float_repr);
        format!("LocalResponseNorm({}, alpha={alpha}, beta={beta}, k={k})", self.size)
    }
}
