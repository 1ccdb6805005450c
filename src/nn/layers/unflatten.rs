//! The layer that makes several axes of one.

use candle_core::{Module, Result, Tensor};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::error::fail;
use crate::print::python::tuple;
use crate::tensor::axis;
use crate::tensor::copy::unchanged;

display_as_repr!(Unflatten);

/// Makes several axes of one: what [`Flatten`](super::Flatten) undoes.
///
/// # Errors
///
/// If the axis isn't there, or has another size than the new ones together. See PyTorch's `Unflatten`.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Unflatten::new(1, [2, 5, 5]);
/// assert_eq!(layer.forward(&torch::rand((3, 50))?)?.dims(), &[3, 2, 5, 5]);
/// assert_eq!(layer.to_string(), "Unflatten(dim=1, unflattened_size=(2, 5, 5))");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unflatten {
    /// The axis that becomes several.
    pub dim: i64,
    /// The sizes of the new axes.
    pub unflattened_size: Vec<usize>,
}

impl Unflatten {
    /// A layer that makes axes of these sizes of axis `dim`.
    pub fn new(dim: i64, unflattened_size: impl Into<Vec<usize>>) -> Self {
        Unflatten { dim, unflattened_size: unflattened_size.into() }
    }
}

impl Module for Unflatten {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let axis = axis::resolve("nn::Unflatten", x, &self.dim)?;
        let sizes = &self.unflattened_size;
        let all = sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size));
        if x.rank() == 0 || all != Some(x.dims()[axis]) || sizes.is_empty() {
            return fail(
                "nn::Unflatten",
                format_args!(
                    "Provided sizes {sizes:?} don't multiply up to the size of dim {} of the input {:?}",
                    self.dim,
                    x.dims()
                ),
            );
        }
        let (before, after) = x.dims().split_at(axis);
        unchanged(x)?.reshape([before, sizes, &after[1..]].concat())
    }
}

impl Layer for Unflatten {
    fields!();

    fn head(&self) -> String {
        format!("Unflatten(dim={}, unflattened_size={})", self.dim, tuple(&self.unflattened_size))
    }
}
