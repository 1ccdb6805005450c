//! Copies of a tensor with other elements put at places that numbers name, or added there.
//!
//! Their gradients are in `places.rs`, right where candle's `scatter` and `scatter_add` exchange them.

use candle_core::{Result, Tensor};

use super::along;
use super::creation::full_as;
use super::index::{along, at_least_one, check, numbers, parts};
use super::places::{Putting, put};
use crate::compute::recording;
use crate::error::fail;
use crate::tensor::axis::{self, Axis};
use crate::tensor::scalar::IntoScalar;

/// A copy of `x` with elements of `src` at the places that numbers name along an axis.
///
/// ```text
/// y = x, but y[index[i, j], j] = src[i, j]        for dim 0
/// ```
///
/// # Shapes
///
/// `index` has as many axes as `x` and `src`, none longer than those of `src`, and none but `dim` longer than those
/// of `x`. Where a place is named twice, the last element stays.
///
/// # Errors
///
/// If these shapes don't fit, the dtypes differ, or `index` names no element.
///
/// Differs from candle's `scatter`, whose gradients are wrong. See PyTorch's `scatter`; [`scatter_value`] takes a number.
///
/// ```
/// use akari::prelude::*;
/// let (x, index) = (torch::zeros((2, 3))?, tensor!([[2], [0]]));
/// let y = torch::scatter(&x, 1, &index, &tensor!([[5.], [7.]]))?;
/// assert_eq!(y.to_vec2::<f32>()?, [[0., 0., 5.], [7., 0., 0.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn scatter(x: &Tensor, dim: impl Axis, index: &Tensor, src: &Tensor) -> Result<Tensor> {
    scattered("torch::scatter", x, &dim, index, src, Putting::Replace)
}

/// A copy of `x` with one number at the places that numbers name along an axis: [`scatter`] of a number.
///
/// # Errors
///
/// As [`scatter`]. See PyTorch's `scatter`.
///
/// ```
/// use akari::prelude::*;
/// let one_hot = torch::scatter_value(&torch::zeros((2, 3))?, 1, &tensor!([[2], [0]]), 1)?;
/// assert_eq!(one_hot.to_vec2::<f32>()?, [[0., 0., 1.], [1., 0., 0.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn scatter_value(
    x: &Tensor,
    dim: impl Axis,
    index: &Tensor,
    value: impl IntoScalar,
) -> Result<Tensor> {
    const NAME: &str = "torch::scatter_value";
    let values = full_as(NAME, index.shape(), x.dtype(), value.scalar())?;
    scattered(NAME, x, &dim, index, &values, Putting::Replace)
}

/// A copy of `x` with elements of `src` added at the places that numbers name along an axis.
///
/// ```text
/// y = x, and y[index[i, j], j] += src[i, j]        for dim 0
/// ```
///
/// # Shapes
///
/// As [`scatter`]. What is added to one place is added up in `f64`.
///
/// # Errors
///
/// As [`scatter`].
///
/// Differs from candle's `scatter_add`, whose gradients are wrong. See PyTorch's `scatter_add`.
///
/// ```
/// use akari::prelude::*;
/// let (x, index) = (torch::zeros(3)?, tensor!([0, 2, 0]));
/// let y = torch::scatter_add(&x, 0, &index, &tensor!([1., 2., 3.]))?;
/// assert_eq!(y.to_vec1::<f32>()?, [4., 0., 2.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn scatter_add(x: &Tensor, dim: impl Axis, index: &Tensor, src: &Tensor) -> Result<Tensor> {
    scattered("torch::scatter_add", x, &dim, index, src, Putting::Add)
}

fn scattered(
    function: &'static str,
    x: &Tensor,
    dim: &dyn Axis,
    index: &Tensor,
    src: &Tensor,
    putting: Putting,
) -> Result<Tensor> {
    let axis = axis::resolve(function, x, dim)?;
    if x.dtype() != src.dtype() {
        return fail(
            function,
            format_args!(
                "Expected self.dtype to be equal to src.dtype, but they are {:?} and {:?}",
                x.dtype(),
                src.dtype()
            ),
        );
    }
    let (dims, shape) = (at_least_one(x.dims()), at_least_one(index.dims()));
    let given = at_least_one(src.dims());
    for (name, other) in [("self", &dims), ("src", &given)] {
        if shape.len() != other.len() {
            return fail(
                function,
                format_args!(
                    "Index tensor must have the same number of dimensions as {name} tensor"
                ),
            );
        }
    }
    let is_larger = |at: usize| shape[at] > given[at] || (at != axis && shape[at] > dims[at]);
    if (0..shape.len()).any(is_larger) {
        return fail(
            function,
            format_args!(
                "Expected index {:?} to be no larger than self {:?} apart from dimension {axis} and to be no larger size than src {:?}",
                index.dims(),
                x.dims(),
                src.dims()
            ),
        );
    }
    let along = along(function, index, &dims, axis, &shape)?;
    let mut values = recording::argument(src);
    if values.rank() == 0 {
        values = values.reshape(given)?;
    }
    for (at, size) in shape.iter().enumerate() {
        values = values.narrow(at, 0, *size)?;
    }
    along::scatter(function, x, along, &values, putting)
}

/// A copy of `x` with the parts of `source` added to those that numbers name along an axis.
///
/// ```text
/// y = x, and y[index[i]] += source[i]        for dim 0
/// ```
///
/// # Shapes
///
/// `x` of `(.., n, ..)`, `index` of `(m)`, `source` of `(.., m, ..)`.
///
/// # Errors
///
/// If these shapes don't fit, the dtypes differ, or `index` names no part. See PyTorch's `index_add`.
///
/// ```
/// use akari::prelude::*;
/// let (x, index) = (torch::zeros(3)?, tensor!([0, 0]));
/// let y = torch::index_add(&x, 0, &index, &tensor!([1., 2.]))?;
/// assert_eq!(y.to_vec1::<f32>()?, [3., 0., 0.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn index_add(x: &Tensor, dim: impl Axis, index: &Tensor, source: &Tensor) -> Result<Tensor> {
    parts_added(x, &dim, index, source)
}

fn parts_added(x: &Tensor, dim: &dyn Axis, index: &Tensor, source: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::index_add";
    let axis = axis::resolve(NAME, x, dim)?;
    if index.rank() > 1 {
        return fail(NAME, "Index is supposed to be a vector");
    }
    if x.dtype() != source.dtype() {
        return fail(
            NAME,
            format_args!(
                "self ({:?}) and source ({:?}) must have the same scalar type",
                x.dtype(),
                source.dtype()
            ),
        );
    }
    let numbers = numbers(NAME, index)?;
    let (dims, given) = (at_least_one(x.dims()), at_least_one(source.dims()));
    let count = given.get(axis).copied().unwrap_or(1);
    if numbers.len() != count {
        return fail(
            NAME,
            format_args!(
                "Number of indices ({}) should be equal to source.size(dim): ({count}), for dim: {axis}",
                numbers.len()
            ),
        );
    }
    let is_other = |at: usize| at != axis && dims[at] != given[at];
    if dims.len() != given.len() || (0..dims.len()).any(is_other) {
        return fail(
            NAME,
            format_args!(
                "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = {:?} source.shape = {:?}",
                x.dims(),
                source.dims()
            ),
        );
    }
    check(NAME, axis, dims[axis], &numbers)?;
    put(NAME, x, parts(&dims, axis, &numbers), source, Putting::Add)
}
