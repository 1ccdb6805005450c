//! Axes that change their places, and copies in which elements lie in the order of their axes.
//!
//! The copying itself is in `compute/copy.rs`; these are the functions that a learner types.

use candle_core::{Result, Tensor};

use crate::compute::{copy, recording};
use crate::tensor::axis::{self, Axis};

/// The tensor with two axes exchanged.
///
/// ```text
/// transpose(x, 0, 1)[i, j] = x[j, i]
/// ```
///
/// Negative axes count from the end. Nothing is copied: the result has the elements of `x` in another
/// order, and changes with a variable that it was made of. [`contiguous`] copies it.
///
/// # Errors
///
/// If an axis isn't there. See PyTorch's `transpose`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1, 2, 3], [4, 5, 6]]);
/// assert_eq!(torch::transpose(&x, 0, 1)?.to_vec2::<i64>()?, [[1, 4], [2, 5], [3, 6]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn transpose(x: &Tensor, dim0: impl Axis, dim1: impl Axis) -> Result<Tensor> {
    const NAME: &str = "torch::transpose";
    let (first, second) = (axis::resolve(NAME, x, &dim0)?, axis::resolve(NAME, x, &dim1)?);
    let x = recording::argument(x);
    if x.rank() == 0 { Ok(x) } else { x.transpose(first, second) }
}

/// The tensor itself if its elements lie in the order of its axes, else a copy in which they do.
///
/// The result has shape, dtype and values of `x`. See PyTorch's `Tensor.contiguous`.
///
/// # Errors
///
/// If memory runs out.
///
/// Differs from candle's `contiguous` in speed.
///
/// ```
/// use akari::prelude::*;
/// let x = torch::transpose(&tensor!([[1, 2], [3, 4]]), 0, 1)?;
/// assert!(!x.is_contiguous() && torch::contiguous(&x)?.is_contiguous());
/// assert_eq!(torch::contiguous(&x)?.to_vec2::<i64>()?, [[1, 3], [2, 4]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn contiguous(x: &Tensor) -> Result<Tensor> {
    copy::contiguous(&recording::argument(x))
}
