//! Elements that other tensors name, by numbers or by a mask.
//!
//! Numbers may have any whole dtype; one that names no element is an error in PyTorch's words. `places.rs` has the
//! loops and the gradients. What puts elements into a tensor is in `scatter.rs`.

use candle_core::{DType, Device, Result, Tensor, WithDType};

use super::along::{self, Along};
use super::places::{Places, Run, pick};
use crate::compute::any::any_tensor;
use crate::compute::beside::Beside;
use crate::compute::loops::{PIECE, vectorized};
use crate::compute::op::with_elements;
use crate::compute::recording;
use crate::compute::threads;
use crate::error::fail;
use crate::functional::transpose::contiguous;
use crate::tensor::axis::{self, Axis};
use crate::tensor::promote::{broadcast_shape, broadcast_to};
use crate::tensor::size;

/// The elements that numbers name along an axis.
///
/// ```text
/// gather(x, 0, index)[i, j] = x[index[i, j], j]
/// gather(x, 1, index)[i, j] = x[i, index[i, j]]
/// ```
///
/// # Shapes
///
/// The result has the shape of `index`, which has as many axes as `x`, and none but `dim` longer than those of `x`.
///
/// # Errors
///
/// If `index` doesn't fit, isn't whole, or names no element; negative numbers don't. See PyTorch's `gather`.
///
/// ```
/// use akari::prelude::*;
/// let (log_probs, labels) = (tensor!([[-0.1, -2.4], [-1.6, -0.2]]), tensor!([[0], [1]]));
/// assert_eq!(torch::gather(&log_probs, 1, &labels)?.to_vec2::<f32>()?, [[-0.1], [-0.2]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn gather(x: &Tensor, dim: impl Axis, index: &Tensor) -> Result<Tensor> {
    gathered("torch::gather", x, &dim, index)
}

fn gathered(function: &'static str, x: &Tensor, dim: &dyn Axis, index: &Tensor) -> Result<Tensor> {
    let axis = axis::resolve(function, x, dim)?;
    // A tensor without axes counts as one of one element.
    let (dims, shape) = (at_least_one(x.dims()), at_least_one(index.dims()));
    if dims.len() != shape.len() {
        return fail(
            function,
            "Index tensor must have the same number of dimensions as input tensor",
        );
    }
    if let Some(at) = (0..dims.len()).find(|at| *at != axis && shape[*at] > dims[*at]) {
        return fail(
            function,
            format_args!(
                "Size does not match at dimension {at} expected index {:?} to be no larger than self {:?} apart from dimension {axis}",
                index.dims(),
                x.dims()
            ),
        );
    }
    let along = along(function, index, &dims, axis, &shape)?;
    along::gather(function, x, along, index.shape())
}

pub(super) fn at_least_one(dims: &[usize]) -> Vec<usize> {
    if dims.is_empty() { vec![1] } else { dims.to_vec() }
}

/// The numbers of an index, contiguous, as `i64`.
fn whole(function: &str, index: &Tensor) -> Result<Tensor> {
    if !index.dtype().is_int() {
        return fail(
            function,
            format_args!(
                "Expected dtype int32/int64 for index, but got {:?} (convert it with .to_dtype(DType::I64)?)",
                index.dtype()
            ),
        );
    }
    contiguous(&index.detach().to_dtype(DType::I64)?)
}

/// The numbers of an index.
pub(super) fn numbers(function: &str, index: &Tensor) -> Result<Vec<i64>> {
    with_elements(&whole(function, index)?, |numbers| Ok(numbers.to_vec()))
}

/// # Errors
///
/// If a number names none of `size` elements.
pub(super) fn check(function: &str, axis: usize, size: usize, numbers: &[i64]) -> Result<()> {
    // A negative number is a large one without its sign.
    let is_outside = |number: i64| number as u64 >= size as u64;
    // Only newer processors compare numbers of 64 bits side by side.
    let is_any_outside = vectorized(
        #[inline(always)]
        || numbers.iter().fold(false, |found, number| found | is_outside(*number)),
    );
    if !is_any_outside {
        return Ok(());
    }
    let number = numbers.iter().find(|number| is_outside(**number)).copied().unwrap_or_default();
    fail(
        function,
        format_args!("index {number} is out of bounds for dimension {axis} with size {size}"),
    )
}

/// The elements that an index of this shape names along an axis of a tensor of these dims.
pub(super) fn along(
    function: &str,
    index: &Tensor,
    dims: &[usize],
    axis: usize,
    shape: &[usize],
) -> Result<Along> {
    let whole = whole(function, index)?;
    // What a variable is set to later changes no gradient.
    let whole = if index.is_variable() { whole.copy()? } else { whole };
    with_elements(&whole, |numbers| {
        let pieces = threads::collect(numbers.len().div_ceil(PIECE), 2, |index| {
            let end = numbers.len().min((index + 1) * PIECE);
            check(function, axis, dims[axis], &numbers[index * PIECE..end])
        });
        pieces.into_iter().collect::<Result<()>>()
    })?;
    Ok(Along::new(whole, dims, axis, shape))
}

/// The parts of `x` that numbers name along an axis, in their order.
///
/// # Shapes
///
/// `x` of `(.., n, ..)` and `index` of `(m)` give `(.., m, ..)`.
///
/// # Errors
///
/// If `index` is no vector of whole numbers, or names no part; negative numbers don't. See PyTorch's `index_select`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1, 2], [3, 4], [5, 6]]);
/// assert_eq!(torch::index_select(&x, 0, &tensor!([2, 0]))?.to_vec2::<i64>()?, [[5, 6], [1, 2]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn index_select(x: &Tensor, dim: impl Axis, index: &Tensor) -> Result<Tensor> {
    selected("torch::index_select", x, &dim, index)
}

fn selected(function: &'static str, x: &Tensor, dim: &dyn Axis, index: &Tensor) -> Result<Tensor> {
    let axis = axis::resolve(function, x, dim)?;
    if index.rank() > 1 {
        return fail(function, "Index is supposed to be a vector");
    }
    let numbers = numbers(function, index)?;
    let dims = at_least_one(x.dims());
    if numbers.iter().any(|number| usize::try_from(*number).map_or(true, |it| it >= dims[axis])) {
        return fail(
            function,
            format_args!("index out of range in self: {numbers:.60?} of {}", dims[axis]),
        );
    }
    let mut shape = dims.clone();
    shape[axis] = numbers.len();
    size::checked(function, &shape, x.dtype().size_in_bytes())?;
    let places = parts(&dims, axis, &numbers);
    let selected = pick(function, x, places, shape)?;
    // PyTorch's number without axes stays one.
    if x.rank() == 0 && numbers.len() == 1 { selected.squeeze(0) } else { Ok(selected) }
}

/// Where the parts along an axis are that numbers name.
pub(super) fn parts(dims: &[usize], axis: usize, numbers: &[i64]) -> Places {
    let outer = dims[..axis].iter().product::<usize>();
    let inner = dims[axis + 1..].iter().product::<usize>();
    let line = numbers.iter().map(|number| Run::block(*number as usize * inner, inner)).collect();
    Places::lines((0..outer).map(|block| block * dims[axis] * inner).collect(), line, false)
}

/// The elements that numbers name along an axis; the other axes broadcast, and negative numbers count from the end.
///
/// With it, what [`argsort`](super::argsort) and [`argmax_keepdim`](super::argmax_keepdim) give picks the values.
///
/// # Errors
///
/// If `indices` isn't whole, has another number of axes, or names no element. See PyTorch's `take_along_dim`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[3., 1.], [2., 5.]]);
/// let y = torch::take_along_dim(&x, &tensor!([[-1], [0]]), 1)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[1.], [2.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn take_along_dim(x: &Tensor, indices: &Tensor, dim: impl Axis) -> Result<Tensor> {
    taken(x, indices, &dim)
}

fn taken(x: &Tensor, indices: &Tensor, dim: &dyn Axis) -> Result<Tensor> {
    const NAME: &str = "torch::take_along_dim";
    if x.rank() != indices.rank() {
        return fail(
            NAME,
            format_args!(
                "input and indices should have the same number of dimensions, but got {} dimensions for input, and {} dimensions for indices",
                x.rank(),
                indices.rank()
            ),
        );
    }
    let axis = axis::resolve(NAME, x, dim)?;
    let size = x.dims().get(axis).copied().unwrap_or(1) as i64;
    let numbers = numbers(NAME, indices)?.into_iter();
    let numbers =
        numbers.map(|number| if (-size..0).contains(&number) { number + size } else { number });
    let indices = Tensor::from_vec(numbers.collect::<Vec<_>>(), indices.shape(), &Device::Cpu)?;
    if x.rank() == 0 {
        return gathered(NAME, x, &axis, &indices);
    }
    let but_axis = |tensor: &Tensor| {
        let mut dims = tensor.dims().to_vec();
        dims[axis] = 1;
        dims
    };
    let common = broadcast_shape(NAME, &but_axis(x), &but_axis(&indices))?.into_dims();
    let wide = |tensor: &Tensor| {
        let mut dims = common.clone();
        dims[axis] = tensor.dims()[axis];
        broadcast_to(tensor, &dims.into())
    };
    gathered(NAME, &wide(&recording::argument(x))?, &axis, &wide(&indices)?)
}

/// The elements where a mask isn't 0, as a vector; `x` and the mask broadcast.
///
/// This is PyTorch's `x[mask]`. A mask is what a comparison gives: `u8`, since candle has no truth values.
///
/// # Errors
///
/// If the mask is of floats, or the shapes don't broadcast. See PyTorch's `masked_select`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., -2.], [3., -4.]]);
/// assert_eq!(torch::masked_select(&x, &x.gt(0.0)?)?.to_vec1::<f32>()?, [1., 3.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn masked_select(x: &Tensor, mask: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::masked_select";
    if !mask.dtype().is_int() {
        return fail(
            NAME,
            format_args!("expected a mask of 0 and 1, u8, but got {:?}", mask.dtype()),
        );
    }
    let shape = broadcast_shape(NAME, mask.dims(), x.dims())?;
    let mask = contiguous(&mask.broadcast_as(&shape)?)?;
    let starts = any_tensor!(NAME, &mask, mask => Ok(true_places(mask)))?;
    let count = starts.len();
    pick(NAME, &broadcast_to(&recording::argument(x), &shape)?, Places::distinct(starts), count)
}

/// Where elements are that aren't 0.
fn true_places<T: WithDType>(values: &[T]) -> Vec<usize> {
    let pieces = threads::collect(values.len().div_ceil(PIECE), 2, |index| {
        let piece = &values[index * PIECE..values.len().min((index + 1) * PIECE)];
        let (mut places, mut count) = (vec![0; piece.len()], 0);
        for (place, value) in (index * PIECE..).beside(piece) {
            // Written in any case: no processor foresees the masks of chance.
            places[count] = place;
            count += usize::from(*value != T::zero());
        }
        places.truncate(count);
        places
    });
    pieces.concat()
}

/// Where the elements that aren't 0 are: a row of axis numbers for each, `i64`.
///
/// # Shapes
///
/// `x` of `r` axes gives `(n, r)`; nan isn't 0.
///
/// # Errors
///
/// If memory runs out. See PyTorch's `nonzero`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[0, 7], [8, 0]]);
/// assert_eq!(torch::nonzero(&x)?.to_vec2::<i64>()?, [[0, 1], [1, 0]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn nonzero(x: &Tensor) -> Result<Tensor> {
    let values = contiguous(&x.detach())?;
    let places = any_tensor!("torch::nonzero", &values, values => Ok(true_places(values)))?;
    let (count, rank) = (places.len(), x.rank());
    let mut rows = vec![0i64; count * rank];
    for (row, place) in rows.chunks_mut(rank.max(1)).beside(&places) {
        let mut rest = *place;
        for (number, size) in row.iter_mut().beside(x.dims()).rev() {
            (*number, rest) = ((rest % size) as i64, rest / size);
        }
    }
    Tensor::from_vec(rows, (count, rank), &Device::Cpu)
}

/// `length` neighbouring parts along an axis from `start` on; a negative start counts from the end. A view.
///
/// # Errors
///
/// If these parts aren't there. See PyTorch's `narrow`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1, 2, 3, 4]);
/// assert_eq!(torch::narrow(&x, 0, -2, 2)?.to_vec1::<i64>()?, [3, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn narrow(x: &Tensor, dim: impl Axis, start: impl Axis, length: usize) -> Result<Tensor> {
    narrowed(x, &dim, start.number(), length)
}

fn narrowed(x: &Tensor, dim: &dyn Axis, start: i64, length: usize) -> Result<Tensor> {
    const NAME: &str = "torch::narrow";
    if x.rank() == 0 {
        return fail(NAME, "narrow() cannot be applied to a 0-dim tensor.");
    }
    let axis = axis::resolve(NAME, x, dim)?;
    let size = x.dims()[axis];
    let len = size as i64;
    if !(-len..=len).contains(&start) {
        return fail(
            NAME,
            format_args!(
                "start out of range (expected to be in range of [{}, {len}], but got {start})",
                -len
            ),
        );
    }
    let from = (if start < 0 { start + len } else { start }) as usize;
    if length > size - from {
        return fail(
            NAME,
            format_args!("start ({from}) + length ({length}) exceeds dimension size ({size})."),
        );
    }
    recording::argument(x).narrow(axis, from, length)
}

/// The part with one number along an axis, which goes away; negative numbers count from the end. A view.
///
/// This is PyTorch's `x[index]` for `dim` 0, and `x[:, index]` for 1.
///
/// # Errors
///
/// If there is no such part. See PyTorch's `select`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1, 2], [3, 4]]);
/// assert_eq!(torch::select(&x, 1, -1)?.to_vec1::<i64>()?, [2, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn select(x: &Tensor, dim: impl Axis, index: impl Axis) -> Result<Tensor> {
    part(x, &dim, index.number())
}

fn part(x: &Tensor, dim: &dyn Axis, index: i64) -> Result<Tensor> {
    const NAME: &str = "torch::select";
    if x.rank() == 0 {
        return fail(NAME, "select() cannot be applied to a 0-dim tensor.");
    }
    let axis = axis::resolve(NAME, x, dim)?;
    let size = x.dims()[axis] as i64;
    if !(-size..size).contains(&index) {
        return fail(
            NAME,
            format_args!(
                "index {index} out of range for tensor of size {:?} at dimension {axis}",
                x.dims()
            ),
        );
    }
    let index = if index < 0 { index + size } else { index };
    recording::argument(x).narrow(axis, index as usize, 1)?.squeeze(axis)
}
