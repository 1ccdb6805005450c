//! Axes that come, go, are joined or change their places: views, as in PyTorch, that have the tensor's own numbers.
//!
//! candle's functions of these names take no negative axes; turning and repeating, which copy, are in `turns.rs`.

use candle_core::{Result, Shape, Tensor};

use crate::compute::recording;
use crate::error::fail;
use crate::tensor::axis::{self, Axes, Axis};
use crate::tensor::promote;

/// The tensor without an axis of size 1; unchanged if its size is another. `()` stands for all axes of size 1.
///
/// # Errors
///
/// If an axis isn't there. See PyTorch's `squeeze`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[[1, 2]]]);
/// assert_eq!(torch::squeeze(&x, 0)?.dims(), [1, 2]);
/// assert_eq!(torch::squeeze(&x, ())?.dims(), [2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn squeeze(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    squeezed(x, &dim)
}

fn squeezed(x: &Tensor, dim: &dyn Axes) -> Result<Tensor> {
    let is_named = axis::resolve_all("torch::squeeze", x, dim)?;
    let x = recording::argument(x);
    // From the last axis to the first, so that the axes before it keep their numbers.
    let mut axes = (0..x.rank()).rev().filter(|axis| is_named[*axis]);
    axes.try_fold(x.clone(), |x, axis| x.squeeze(axis))
}

/// The tensor with a new axis of size 1, which gets the number `dim`.
///
/// # Errors
///
/// If the result has no such axis. See PyTorch's `unsqueeze`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::unsqueeze(&tensor!([1, 2]), -1)?.dims(), [2, 1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn unsqueeze(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    let axis = axis::resolve("torch::unsqueeze", &x.detach().unsqueeze(0)?, &dim)?;
    recording::argument(x).unsqueeze(axis)
}

/// The tensor with the axes from `start` to `end`, both included, as one. `0` and `-1` stand for all of them.
///
/// # Errors
///
/// If an axis isn't there, or `start` comes after `end`. See PyTorch's `flatten`.
///
/// ```
/// use akari::prelude::*;
/// let x = torch::zeros((2, 3, 4))?;
/// assert_eq!(torch::flatten(&x, 1, -1)?.dims(), [2, 12]);
/// assert_eq!(torch::flatten(&x, 0, -1)?.dims(), [24]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn flatten(x: &Tensor, start: impl Axis, end: impl Axis) -> Result<Tensor> {
    flattened(x, &start, &end)
}

fn flattened(x: &Tensor, start: &dyn Axis, end: &dyn Axis) -> Result<Tensor> {
    const NAME: &str = "torch::flatten";
    let (start, end) = (axis::resolve(NAME, x, start)?, axis::resolve(NAME, x, end)?);
    let x = recording::argument(x);
    if start > end {
        return fail(NAME, "flatten() has invalid args: start_dim cannot come after end_dim");
    }
    if x.rank() == 0 {
        return x.reshape(1);
    }
    x.flatten(start, end)
}

/// The tensor with one axis as several, of these sizes; one of them may be -1, which stands for what is left.
///
/// # Errors
///
/// If the axis isn't there, or the sizes don't make up its size. See PyTorch's `unflatten`.
///
/// ```
/// use akari::prelude::*;
/// let x = torch::zeros((2, 12))?;
/// assert_eq!(torch::unflatten(&x, 1, (3, -1))?.dims(), [2, 3, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn unflatten(x: &Tensor, dim: impl Axis, sizes: impl Axes) -> Result<Tensor> {
    unflattened(x, &dim, &sizes.numbers())
}

fn unflattened(x: &Tensor, dim: &dyn Axis, sizes: &[i64]) -> Result<Tensor> {
    const NAME: &str = "torch::unflatten";
    let axis = axis::resolve(NAME, x, dim)?;
    let size = x.dims().get(axis).copied().unwrap_or(1);
    if sizes.is_empty() {
        return fail(NAME, "sizes must be non-empty");
    }
    let known = sizes.iter().filter(|size| **size != -1).product::<i64>();
    let open = sizes.iter().filter(|size| **size == -1).count();
    if open > 1 {
        return fail(NAME, "only one dimension can be inferred");
    }
    let fits = |known: usize| match open {
        0 => known == size,
        _ => known > 0 && size.is_multiple_of(known),
    };
    let known = usize::try_from(known).ok().filter(|known| fits(*known));
    let (Some(known), true) = (known, sizes.iter().all(|size| *size >= -1)) else {
        return fail(
            NAME,
            format_args!(
                "Provided sizes {sizes:?} don't multiply up to the size of dim {axis} ({size}) in the input tensor"
            ),
        );
    };
    let sizes = sizes.iter().map(|it| usize::try_from(*it).unwrap_or(size / known.max(1)));
    let before = x.dims().iter().take(axis).copied();
    let after = x.dims().iter().skip(axis + 1).copied();
    let dims = before.chain(sizes).chain(after).collect::<Vec<_>>();
    recording::argument(x).reshape(dims)
}

/// The tensor with its axes in the order that `dims` names.
///
/// ```text
/// permute(x, (2, 0, 1))[k, i, j] = x[i, j, k]
/// ```
///
/// # Errors
///
/// If an axis isn't there, is named twice or not at all. See PyTorch's `permute`.
///
/// ```
/// use akari::prelude::*;
/// let image = torch::zeros((28, 30, 3))?;
/// assert_eq!(torch::permute(&image, (-1, 0, 1))?.dims(), [3, 28, 30]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn permute(x: &Tensor, dims: impl Axes) -> Result<Tensor> {
    permuted(x, &dims.numbers())
}

fn permuted(x: &Tensor, dims: &[i64]) -> Result<Tensor> {
    const NAME: &str = "torch::permute";
    if dims.len() != x.rank() {
        return fail(
            NAME,
            format_args!(
                "number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = {} is not equal to len(dims) = {}",
                x.rank(),
                dims.len()
            ),
        );
    }
    let order = resolve_each(NAME, x, dims)?;
    if (0..x.rank()).any(|axis| !order.contains(&axis)) {
        return fail(NAME, "duplicate dims are not allowed.");
    }
    let x = recording::argument(x);
    if order.is_sorted() { Ok(x) } else { x.permute(order) }
}

fn resolve_each(function: &str, x: &Tensor, dims: &[i64]) -> Result<Vec<usize>> {
    dims.iter().map(|dim| axis::resolve(function, x, dim)).collect()
}

/// The tensor with some axes at other places; the others keep their order.
///
/// # Errors
///
/// If an axis isn't there or is named twice, or the two lists differ in length. See PyTorch's `movedim`.
///
/// ```
/// use akari::prelude::*;
/// let x = torch::zeros((2, 3, 4))?;
/// assert_eq!(torch::movedim(&x, 0, -1)?.dims(), [3, 4, 2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn movedim(x: &Tensor, source: impl Axes, destination: impl Axes) -> Result<Tensor> {
    moved(x, &source.numbers(), &destination.numbers())
}

fn moved(x: &Tensor, source: &[i64], destination: &[i64]) -> Result<Tensor> {
    const NAME: &str = "torch::movedim";
    if source.len() != destination.len() {
        return fail(
            NAME,
            format_args!(
                "Invalid source or destination dims: source ({source:?} dims) should contain the same number of dims as destination ({destination:?} dims)"
            ),
        );
    }
    let (from, to) = (resolve_each(NAME, x, source)?, resolve_each(NAME, x, destination)?);
    for (name, axes, numbers) in [("source", &from, source), ("destination", &to, destination)] {
        if (1..axes.len()).any(|at| axes[..at].contains(&axes[at])) {
            return fail(NAME, format_args!("repeated dim in `{name}` ({numbers:?})"));
        }
    }
    let mut others = (0..x.rank()).filter(|axis| !from.contains(axis));
    let order = (0..x.rank()).map(|place| match to.iter().position(|to| *to == place) {
        Some(at) => from[at] as i64,
        // As many axes stay as there are places left.
        None => others.next().map_or(0, |axis| axis as i64),
    });
    permuted(x, &order.collect::<Vec<_>>())
}

/// The tensor repeated along new front axes and along axes of size 1, so that it has a shape.
///
/// A size of -1 leaves the axis as it is.
///
/// # Errors
///
/// If the tensor doesn't broadcast to the shape. See PyTorch's `broadcast_to` and `expand`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1], [2]]);
/// assert_eq!(torch::broadcast_to(&x, (-1, 3))?.to_vec2::<i64>()?, [[1, 1, 1], [2, 2, 2]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn broadcast_to(x: &Tensor, shape: impl Axes) -> Result<Tensor> {
    broadcast(x, &shape.numbers())
}

fn broadcast(x: &Tensor, shape: &[i64]) -> Result<Tensor> {
    const NAME: &str = "torch::broadcast_to";
    let dims = x.dims();
    let Some(new) = shape.len().checked_sub(dims.len()) else {
        return fail(
            NAME,
            format_args!(
                "the number of sizes provided ({}) must be greater or equal to the number of dimensions in the tensor ({})",
                shape.len(),
                dims.len()
            ),
        );
    };
    let mut sizes = Vec::with_capacity(shape.len());
    for (axis, wanted) in shape.iter().copied().enumerate() {
        let own = axis.checked_sub(new).map(|axis| dims[axis]);
        sizes.push(match (own, usize::try_from(wanted)) {
            (Some(own), Err(_)) if wanted == -1 => own,
            (Some(own), Ok(wanted)) if own == wanted || own == 1 => wanted,
            (None, Ok(wanted)) => wanted,
            (None, Err(_)) => {
                return fail(
                    NAME,
                    format_args!(
                        "The expanded size of the tensor ({wanted}) isn't allowed in a leading, non-existing dimension {axis}"
                    ),
                );
            }
            (Some(own), _) => {
                return fail(
                    NAME,
                    format_args!(
                        "The expanded size of the tensor ({wanted}) must match the existing size ({own}) at non-singleton dimension {axis}.  Target sizes: {shape:?}.  Tensor sizes: {dims:?}"
                    ),
                );
            }
        });
    }
    crate::tensor::size::checked(NAME, &sizes, x.dtype().size_in_bytes())?;
    promote::broadcast_to(&recording::argument(x), &Shape::from(sizes))
}
