//! The layers that compute nothing: one makes a row of axes, one hands on what it gets.

use candle_core::{Module, Result, Tensor};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::error::fail;
use crate::tensor::axis;
use crate::tensor::copy::unchanged;

display_as_repr!(Flatten, Identity);

/// Makes one axis of several.
///
/// # Shapes
///
/// By default all axes but the first become one: `(N, C, H, W)` becomes `(N, C H W)`.
///
/// # Errors
///
/// If an axis isn't there, or the last comes before the first. See PyTorch's `Flatten`.
///
/// ```
/// use akari::prelude::*;
/// let y = nn::Flatten::default().forward(&torch::rand((2, 3, 4))?)?;
/// assert_eq!(y.dims(), &[2, 12]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Flatten {
    /// The first axis of those that become one. Default: 1.
    pub start_dim: i64,
    /// The last axis of those. Default: -1.
    pub end_dim: i64,
}

impl Default for Flatten {
    fn default() -> Self {
        Flatten { start_dim: 1, end_dim: -1 }
    }
}

impl Module for Flatten {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let first = axis::resolve("nn::Flatten", x, &self.start_dim)?;
        let last = axis::resolve("nn::Flatten", x, &self.end_dim)?;
        if first > last {
            return fail(
                "nn::Flatten",
                "flatten() has invalid args: start_dim cannot come after end_dim",
            );
        }
        let x = unchanged(x)?;
        if x.rank() == 0 { x.reshape(1) } else { x.flatten(first, last) }
    }
}

impl Layer for Flatten {
    fields!();

    fn head(&self) -> String {
        format!("Flatten(start_dim={}, end_dim={})", self.start_dim, self.end_dim)
    }
}

/// Gives back its input: a place for a layer. See PyTorch's `Identity`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1.0, 2.0]);
/// assert_eq!(nn::Identity.forward(&x)?.to_vec1::<f32>()?, [1.0, 2.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity;

impl Module for Identity {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        unchanged(x)
    }
}

impl Layer for Identity {
    fields!();
}
