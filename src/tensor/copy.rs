//! Copies that share no memory with a variable.
//!
//! candle's `clone`, `detach`, `reshape` and the like give another view of the same numbers, and an optimizer's
//! step changes a variable's numbers in place: a view of a variable changes with it.

use candle_core::{Result, Tensor};

use crate::compute::recording;

/// A copy with numbers of its own, as PyTorch's `clone()` makes it; gradients pass through.
///
/// This is the way to keep what a variable was before a step:
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32, 2.0], &Device::Cpu)?;
/// let before = torch::clone(&w)?.detach();
/// w.set(&tensor!([5.0, 6.0]))?;
/// assert_eq!(before.to_vec1::<f32>()?, [1.0, 2.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
///
/// *Differs from candle*, whose `clone()`, `detach()` and `as_tensor()` give the variable's own numbers under
/// another name: they change at the next step. See PyTorch's `clone`.
///
/// # Errors
///
/// If memory runs out.
pub fn clone(x: &Tensor) -> Result<Tensor> {
    recording::argument(x).force_contiguous()
}

/// What a function that changes nothing gives back. PyTorch hands on the tensor itself; here it is a copy where
/// gradients are wanted, since it may be a view of a variable, which changes at the next step.
pub(crate) fn unchanged(x: &Tensor) -> Result<Tensor> {
    if x.track_op() { clone(x) } else { Ok(x.clone()) }
}
