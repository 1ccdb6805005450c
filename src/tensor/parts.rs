//! Tensors read and joined, also those that are parts of empty ones.
//!
//! Such a part may begin behind the end of its storage, where candle takes a slice that isn't there, and panics. What
//! may name this module reads a learner's tensors by way of these functions.

use candle_core::{Result, Tensor, WithDType};

/// The elements of a tensor of any dtype, in the order of its axes.
pub(crate) fn values<T: WithDType>(x: &Tensor) -> Result<Vec<T>> {
    if x.elem_count() == 0 {
        return Ok(Vec::new());
    }
    x.to_dtype(T::DTYPE)?.flatten_all()?.to_vec1()
}

/// The tensors, whose other axes are equal, one behind the other along an axis. There is at least one.
///
/// Parts without elements are left out: candle's `cat` panics at a part of an empty tensor.
pub(crate) fn joined(tensors: &[Tensor], axis: usize) -> Result<Tensor> {
    let full = tensors.iter().filter(|tensor| tensor.elem_count() > 0).collect::<Vec<_>>();
    match (full.as_slice(), tensors) {
        ([], [first, ..]) => {
            let mut dims = first.dims().to_vec();
            dims[axis] = tensors.iter().map(|tensor| tensor.dims()[axis]).sum();
            Tensor::zeros(dims, first.dtype(), first.device())
        }
        ([one], _) => Ok((*one).clone()),
        (full, _) => Tensor::cat(full, axis),
    }
}

/// The tensors, whose shapes are equal, side by side along a new axis. There is at least one.
pub(crate) fn stacked(tensors: &[Tensor], axis: usize) -> Result<Tensor> {
    let all = tensors.iter().map(|tensor| tensor.unsqueeze(axis)).collect::<Result<Vec<_>>>()?;
    joined(&all, axis)
}
