//! Several tensors as one: candle's joining behind PyTorch's checks and promotion.
//!
//! A tensor that is joined with nothing is copied, since it may be a variable, which changes at the next step.

use candle_core::{DType, Result, Tensor};

use crate::compute::beside::Beside;
use crate::compute::recording;
use crate::error::fail;
use crate::tensor::axis::{self, Axis};
use crate::tensor::copy;
use crate::tensor::list::Tensors;
use crate::tensor::parts;
use crate::tensor::promote::result_dtype;

/// The tensors one after the other along an axis that they have.
///
/// # Shapes
///
/// `(.., n, ..)`, `(.., m, ..)`, .. give `(.., n + m + .., ..)`; the other axes must be alike. A tensor of shape `(0)`
/// is left out. Different dtypes are promoted. The list may be `&[&a, &b]`, a vector, or `(&a, &b)`, which may mix
/// tensors and variables.
///
/// # Errors
///
/// If there are no tensors, or they don't fit.
///
/// Differs from candle's `cat`, which promotes nothing, and shares memory where it is given one tensor. See
/// PyTorch's `cat`.
///
/// ```
/// use akari::prelude::*;
/// let (a, b) = (tensor!([[1, 2]]), tensor!([[3, 4], [5, 6]]));
/// assert_eq!(torch::cat((&a, &b), 0)?.to_vec2::<i64>()?, [[1, 2], [3, 4], [5, 6]]);
/// assert_eq!(torch::cat(&[&a, &a], -1)?.to_vec2::<i64>()?, [[1, 2, 1, 2]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cat(tensors: impl Tensors, dim: impl Axis) -> Result<Tensor> {
    joined("torch::cat", &tensors.list(), &dim)
}

fn joined(function: &str, tensors: &[&Tensor], dim: &dyn Axis) -> Result<Tensor> {
    if tensors.is_empty() {
        return fail(function, "expected a non-empty list of Tensors");
    }
    if let Some(position) = tensors.iter().position(|tensor| tensor.rank() == 0) {
        return fail(
            function,
            format_args!("zero-dimensional tensor (at position {position}) cannot be concatenated"),
        );
    }
    // Long ago all empty tensors were of shape (0); PyTorch still takes them.
    let counts = |tensor: &&&Tensor| tensor.dims() != [0];
    let all = tensors.iter().filter(counts).copied().collect::<Vec<_>>();
    let [first, others @ ..] = all.as_slice() else { return copy::unchanged(tensors[0]) };
    let axis = axis::resolve(function, first, dim)?;
    for (index, other) in others.iter().enumerate() {
        if other.rank() != first.rank() {
            return fail(
                function,
                format_args!(
                    "Tensors must have same number of dimensions: got {} and {}",
                    first.rank(),
                    other.rank()
                ),
            );
        }
        let pairs = first.dims().iter().beside(other.dims()).enumerate();
        let mut different = pairs.filter(|(at, (size, other))| *at != axis && size != other);
        if let Some((_, (expected, got))) = different.next() {
            return fail(
                function,
                format_args!(
                    "Sizes of tensors must match except in dimension {axis}. Expected size {expected} but got size {got} for tensor number {} in the list.",
                    index + 1
                ),
            );
        }
    }
    let dtype = common_dtype(tensors)?;
    let all = all.into_iter().map(|tensor| recording::argument(tensor).to_dtype(dtype));
    let all = all.collect::<Result<Vec<_>>>()?;
    match all.as_slice() {
        [one] => copy::clone(one),
        all => parts::joined(all, axis),
    }
}

/// The dtype that holds the numbers of all tensors, as PyTorch promotes them.
fn common_dtype(tensors: &[&Tensor]) -> Result<DType> {
    let mut all = tensors.iter();
    let Some(first) = all.next() else { return Ok(DType::F32) };
    let mut common = (*first).detach();
    for tensor in all {
        // A tensor of the dtype so far stands for those before it.
        let dtype = result_dtype(&common, tensor);
        if common.dtype() != dtype {
            common = Tensor::zeros(1, dtype, tensor.device())?;
        }
    }
    Ok(common.dtype())
}

/// The tensors side by side along a new axis.
///
/// # Shapes
///
/// `n` tensors of one shape `(..)` give `(n, ..)` for `dim` 0. Different dtypes are promoted.
///
/// # Errors
///
/// If there are no tensors, or their shapes differ. See PyTorch's `stack`.
///
/// ```
/// use akari::prelude::*;
/// let rows = vec![tensor!([1, 2]), tensor!([3, 4])];
/// assert_eq!(torch::stack(&rows, 0)?.to_vec2::<i64>()?, [[1, 2], [3, 4]]);
/// assert_eq!(torch::stack(&rows, -1)?.to_vec2::<i64>()?, [[1, 3], [2, 4]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn stack(tensors: impl Tensors, dim: impl Axis) -> Result<Tensor> {
    stacked(&tensors.list(), &dim)
}

fn stacked(tensors: &[&Tensor], dim: &dyn Axis) -> Result<Tensor> {
    const NAME: &str = "torch::stack";
    let Some(first) = tensors.first() else {
        return fail(NAME, "stack expects a non-empty TensorList");
    };
    if let Some(at) = tensors.iter().position(|tensor| tensor.dims() != first.dims()) {
        return fail(
            NAME,
            format_args!(
                "stack expects each tensor to be equal size, but got {:?} at entry 0 and {:?} at entry {at}",
                first.dims(),
                tensors[at].dims()
            ),
        );
    }
    let axis = axis::resolve(NAME, &first.detach().unsqueeze(0)?, dim)?;
    let all = tensors.iter().map(|tensor| tensor.unsqueeze(axis)).collect::<Result<Vec<_>>>()?;
    joined(NAME, &all.iter().collect::<Vec<_>>(), &axis)
}

/// The tensors one below the other: rows of a matrix, or matrices along their first axis.
///
/// Tensors of one axis or none become rows first. See PyTorch's `vstack`.
///
/// # Errors
///
/// If there are no tensors, or they don't fit.
///
/// ```
/// use akari::prelude::*;
/// let (a, b) = (tensor!([1, 2]), tensor!([3, 4]));
/// assert_eq!(torch::vstack(&[&a, &b])?.to_vec2::<i64>()?, [[1, 2], [3, 4]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn vstack(tensors: impl Tensors) -> Result<Tensor> {
    let rows = |tensor: &&Tensor| match tensor.rank() {
        0 => tensor.reshape((1, 1)),
        1 => tensor.unsqueeze(0),
        _ => Ok((*tensor).clone()),
    };
    let all = tensors.list().iter().map(rows).collect::<Result<Vec<_>>>()?;
    joined("torch::vstack", &all.iter().collect::<Vec<_>>(), &0)
}

/// The tensors side by side: along the second axis, or along the only one.
///
/// See PyTorch's `hstack`.
///
/// # Errors
///
/// If there are no tensors, or they don't fit.
///
/// ```
/// use akari::prelude::*;
/// let (a, b) = (tensor!([[1], [2]]), tensor!([[3], [4]]));
/// assert_eq!(torch::hstack(&[&a, &b])?.to_vec2::<i64>()?, [[1, 3], [2, 4]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn hstack(tensors: impl Tensors) -> Result<Tensor> {
    let lines = |tensor: &&Tensor| match tensor.rank() {
        0 => tensor.reshape(1),
        _ => Ok((*tensor).clone()),
    };
    let all = tensors.list().iter().map(lines).collect::<Result<Vec<_>>>()?;
    let dim = usize::from(all.first().is_some_and(|first| first.rank() > 1));
    joined("torch::hstack", &all.iter().collect::<Vec<_>>(), &dim)
}
