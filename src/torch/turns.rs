//! Turning, shifting, repeating, and windows: results whose elements are those of the tensor at other places.
//!
//! Each says where its elements come from; `places.rs` has the loop, and the gradient that comes back to each of them.

use candle_core::{Result, Tensor};

use super::places::{Places, Run, pick};
use super::shapes;
use crate::compute::beside::Beside;
use crate::compute::recording;
use crate::error::fail;
use crate::tensor::axis::{self, Axes, Axis};
use crate::tensor::parts;
use crate::tensor::size;

/// The tensor in the reverse order along some axes; `()` stands for none of them but all of a vector's.
///
/// # Errors
///
/// If an axis isn't there or is named twice. See PyTorch's `flip`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1, 2], [3, 4]]);
/// assert_eq!(torch::flip(&x, 0)?.to_vec2::<i64>()?, [[3, 4], [1, 2]]);
/// assert_eq!(torch::flip(&x, (0, 1))?.to_vec2::<i64>()?, [[4, 3], [2, 1]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn flip(x: &Tensor, dims: impl Axes) -> Result<Tensor> {
    flipped("torch::flip", x, &dims.numbers())
}

fn flipped(function: &'static str, x: &Tensor, dims: &[i64]) -> Result<Tensor> {
    if dims.is_empty() {
        return Ok(recording::argument(x));
    }
    let is_named = axis::resolve_all(function, x, &dims)?;
    let orders = x.dims().iter().beside(is_named).map(|(size, is_named)| {
        let forward = 0..*size;
        if is_named { forward.rev().collect() } else { forward.collect() }
    });
    reordered(function, x, &orders.collect::<Vec<_>>(), true)
}

/// The elements that each axis names, in its order.
fn reordered(
    function: &'static str,
    x: &Tensor,
    orders: &[Vec<usize>],
    are_distinct: bool,
) -> Result<Tensor> {
    let dims = orders.iter().map(Vec::len).collect::<Vec<_>>();
    size::checked(function, &dims, size_of::<u64>())?;
    // The last axes that keep their order are taken as blocks.
    let is_kept = |(order, size): &(&Vec<usize>, &usize)| {
        order.len() == **size && order.iter().enumerate().all(|(at, from)| at == *from)
    };
    let kept = orders.iter().beside(x.dims()).rev().take_while(is_kept).count();
    let moved = x.rank() - kept;
    let block = x.dims()[moved..].iter().product::<usize>();
    // The last axis that is moved is cut into runs, which begin where those in front say.
    let (line, outer) = match orders[..moved].split_last() {
        Some((last, outer)) => (runs(last, block), outer),
        None => (vec![Run::block(0, block)], &[][..]),
    };
    let mut starts = vec![0];
    for (order, size) in outer.iter().beside(x.dims()) {
        let longer = |start: &usize| {
            let start = start * size;
            order.iter().map(move |from| start + from)
        };
        starts = starts.iter().flat_map(longer).collect();
    }
    if block == 0 {
        return Tensor::zeros(dims, x.dtype(), x.device());
    }
    let size = x.dims()[..moved].last().unwrap_or(&1) * block;
    starts.iter_mut().for_each(|start| *start *= size);
    pick(function, x, Places::lines(starts, line, are_distinct), dims)
}

/// The runs of an axis whose elements, blocks of neighbours, are taken in an order.
fn runs(order: &[usize], block: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut last = None;
    for place in order {
        let step = last.map(|last: usize| *place as isize - last as isize);
        match (runs.last_mut(), step) {
            // Neighbours go on where the run before ends.
            (Some(run), Some(1)) if run.step == 1 => run.len += block,
            // Single elements go on backwards, or on the spot.
            (Some(run), Some(step @ (0 | -1))) if block == 1 && run.len == 1 => {
                *run = Run { len: 2, step, ..*run };
            }
            (Some(run), Some(step @ (0 | -1))) if block == 1 && run.step == step => {
                run.len += 1;
            }
            _ => runs.push(Run::block(place * block, block)),
        }
        last = Some(*place);
    }
    runs
}

/// The tensor shifted along axes, by a number of places for each; what leaves at one end comes in at the other.
///
/// ```text
/// roll(x, s, 0)[i] = x[(i - s) mod n]
/// ```
///
/// With `()` for `dims`, the elements are shifted as if they were one row.
///
/// # Errors
///
/// If an axis isn't there, or there isn't one shift for each. See PyTorch's `roll`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1, 2, 3]);
/// assert_eq!(torch::roll(&x, 1, 0)?.to_vec1::<i64>()?, [3, 1, 2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn roll(x: &Tensor, shifts: impl Axes, dims: impl Axes) -> Result<Tensor> {
    rolled(x, &shifts.numbers(), &dims.numbers())
}

fn rolled(x: &Tensor, shifts: &[i64], dims: &[i64]) -> Result<Tensor> {
    const NAME: &str = "torch::roll";
    if dims.is_empty() && shifts.len() == 1 {
        let flat = rolled(&recording::argument(x).flatten_all()?, shifts, &[0])?;
        return flat.reshape(x.shape());
    }
    if shifts.len() != dims.len() {
        return fail(
            NAME,
            format_args!(
                "shifts and dimensions must align. shifts: {}, dims:{}",
                shifts.len(),
                dims.len()
            ),
        );
    }
    let mut orders = x.dims().iter().map(|size| (0..*size).collect()).collect::<Vec<Vec<_>>>();
    for (shift, dim) in shifts.iter().beside(dims) {
        let axis = axis::resolve(NAME, x, dim)?;
        if let Some(order) = orders.get_mut(axis).filter(|order| !order.is_empty()) {
            let len = order.len() as i64;
            order.rotate_right(shift.rem_euclid(len) as usize);
        }
    }
    reordered(NAME, x, &orders, true)
}

/// The tensor turned `k` times by 90 degrees, from the first of two axes towards the second.
///
/// # Errors
///
/// If there are not two axes, both there and different. See PyTorch's `rot90`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1, 2], [3, 4]]);
/// assert_eq!(torch::rot90(&x, 1, (0, 1))?.to_vec2::<i64>()?, [[2, 4], [1, 3]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn rot90(x: &Tensor, k: i64, dims: impl Axes) -> Result<Tensor> {
    rotated(x, k, &dims.numbers())
}

fn rotated(x: &Tensor, k: i64, dims: &[i64]) -> Result<Tensor> {
    const NAME: &str = "torch::rot90";
    let [from, to] = *dims else {
        return fail(
            NAME,
            format_args!("expected total rotation dims == 2, but got dims = {}", dims.len()),
        );
    };
    if x.rank() < 2 {
        return fail(
            NAME,
            format_args!("expected total dims >= 2, but got total dims = {}", x.rank()),
        );
    }
    let (first, second) = (axis::resolve(NAME, x, &from)?, axis::resolve(NAME, x, &to)?);
    if first == second {
        return fail(
            NAME,
            format_args!(
                "expected rotation dims to be different, but got dim0 = {from} and dim1 = {to}"
            ),
        );
    }
    match k.rem_euclid(4) {
        0 => Ok(recording::argument(x)),
        1 => flipped(NAME, x, &[to])?.transpose(first, second),
        2 => flipped(NAME, x, &[from, to]),
        _ => flipped(NAME, x, &[from])?.transpose(first, second),
    }
}

/// How often each element is repeated: one number for all, or a tensor with one for each.
pub trait Repeats {
    #[doc(hidden)]
    fn counts(&self) -> Result<Vec<i64>>;
}

impl<A: Axis> Repeats for A {
    fn counts(&self) -> Result<Vec<i64>> {
        Ok(vec![self.number()])
    }
}

impl Repeats for &Tensor {
    fn counts(&self) -> Result<Vec<i64>> {
        const NAME: &str = "torch::repeat_interleave";
        if !self.dtype().is_int() || self.rank() > 1 {
            return fail(NAME, "repeats must be a 0-dim or 1-dim tensor of whole numbers");
        }
        parts::values(self)
    }
}

/// Each element, or each part along an axis, several times in a row.
///
/// `repeats` is a number or a tensor with one number for each part; with `()` for `dim`, the elements are taken as one
/// row.
///
/// # Errors
///
/// If a number is negative, or they aren't as many as the parts. See PyTorch's `repeat_interleave`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1, 2]);
/// assert_eq!(torch::repeat_interleave(&x, 2, 0)?.to_vec1::<i64>()?, [1, 1, 2, 2]);
/// assert_eq!(torch::repeat_interleave(&x, &tensor!([3, 1]), ())?.to_vec1::<i64>()?, [1, 1, 1, 2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn repeat_interleave(x: &Tensor, repeats: impl Repeats, dim: impl Axes) -> Result<Tensor> {
    interleaved(x, &repeats.counts()?, &dim.numbers())
}

fn interleaved(x: &Tensor, repeats: &[i64], dims: &[i64]) -> Result<Tensor> {
    const NAME: &str = "torch::repeat_interleave";
    let x = recording::argument(x);
    let x = if dims.is_empty() || x.rank() == 0 { x.flatten_all()? } else { x };
    let axis = axis::resolve(NAME, &x, dims.first().unwrap_or(&0))?;
    let len = x.dims()[axis];
    if repeats.iter().any(|count| *count < 0) {
        return fail(NAME, "repeats can not be negative");
    }
    if repeats.len() != 1 && repeats.len() != len {
        return fail(
            NAME,
            format_args!(
                "repeats must have the same size as input along dim, but got repeats.size(0) = {} and input.size({axis}) = {len}",
                repeats.len()
            ),
        );
    }
    let count = |at: usize| repeats[if repeats.len() == 1 { 0 } else { at }] as usize;
    let total = (0..len).fold(0usize, |all, at| all.saturating_add(count(at)));
    let mut dims = x.dims().to_vec();
    dims[axis] = total;
    size::checked(NAME, &dims, size_of::<u64>())?;
    let mut orders = x.dims().iter().map(|size| (0..*size).collect()).collect::<Vec<Vec<_>>>();
    orders[axis] = (0..len).flat_map(|at| std::iter::repeat_n(at, count(at))).collect();
    reordered(NAME, &x, &orders, false)
}

/// The tensor repeated as a whole, a number of times along each axis.
///
/// # Shapes
///
/// `(a, b)` and `(r, s)` give `(a r, b s)`. Fewer numbers than axes count from the last axis; more make new axes.
///
/// # Errors
///
/// If a number is negative. See PyTorch's `tile` and `repeat`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::tile(&tensor!([1, 2]), 2)?.to_vec1::<i64>()?, [1, 2, 1, 2]);
/// assert_eq!(torch::tile(&tensor!([1, 2]), (2, 1))?.to_vec2::<i64>()?, [[1, 2], [1, 2]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn tile(x: &Tensor, dims: impl Axes) -> Result<Tensor> {
    tiled(x, &dims.numbers())
}

fn tiled(x: &Tensor, counts: &[i64]) -> Result<Tensor> {
    const NAME: &str = "torch::tile";
    let rank = x.rank().max(counts.len());
    let own = |axis: usize| (axis + x.rank()).checked_sub(rank).map_or(1, |axis| x.dims()[axis]);
    let count = |axis: usize| (axis + counts.len()).checked_sub(rank).map_or(1, |at| counts[at]);
    if let Some(axis) = (0..rank).find(|axis| count(*axis) < 0) {
        let dims = (0..rank).map(|axis| own(axis) as i64 * count(axis)).collect::<Vec<_>>();
        return fail(
            NAME,
            format_args!(
                "Trying to create tensor with negative dimension {}: {dims:?}",
                dims[axis]
            ),
        );
    }
    let dims = (0..rank).map(|axis| own(axis).saturating_mul(count(axis) as usize));
    let dims = dims.collect::<Vec<_>>();
    size::checked(NAME, &dims, x.dtype().size_in_bytes())?;
    // Each axis becomes two, the first of which is repeated.
    let pairs = (0..rank).flat_map(|axis| [1, own(axis)]).collect::<Vec<_>>();
    let wide = (0..rank).flat_map(|axis| [count(axis), own(axis) as i64]).collect::<Vec<_>>();
    let x = recording::argument(x).reshape(pairs)?;
    shapes::broadcast_to(&x, wide)?.reshape(dims)
}

/// All windows of `size` neighbours along an axis, one every `step` places; they are a new last axis.
///
/// ```text
/// y[.., i, .., j] = x[.., i step + j, ..]
/// ```
///
/// # Shapes
///
/// `(.., n, ..)` gives `(.., ⌊(n - size) / step⌋ + 1, .., size)`.
///
/// # Errors
///
/// If the axis isn't there, no window fits or the step is 0.
///
/// Differs from candle's `unfold`, whose gradient is wrong where windows overlap. See PyTorch's `Tensor.unfold`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1, 2, 3, 4]);
/// assert_eq!(torch::unfold(&x, 0, 2, 1)?.to_vec2::<i64>()?, [[1, 2], [2, 3], [3, 4]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn unfold(x: &Tensor, dim: impl Axis, size: usize, step: usize) -> Result<Tensor> {
    windows(x, &dim, size, step)
}

fn windows(x: &Tensor, dim: &dyn Axis, size: usize, step: usize) -> Result<Tensor> {
    const NAME: &str = "torch::unfold";
    let axis = axis::resolve(NAME, x, dim)?;
    let len = x.dims().get(axis).copied().unwrap_or(1);
    if size > len {
        return fail(
            NAME,
            format_args!("maximum size for tensor at dimension {axis} is {len} but size is {size}"),
        );
    }
    if step == 0 {
        return fail(NAME, "step is 0 but must be > 0");
    }
    if x.rank() == 0 {
        let dims = [size];
        return pick(NAME, x, Places::any(vec![0; size]), &dims[..]);
    }
    let count = (len - size) / step + 1;
    let outer = x.dims()[..axis].iter().product::<usize>();
    let inner = x.dims()[axis + 1..].iter().product::<usize>();
    let mut dims = x.dims().to_vec();
    dims[axis] = count;
    dims.push(size);
    let total = size::checked(NAME, &dims, size_of::<u64>())?;
    if inner == 1 {
        let starts = (0..outer).map(|block| block * len).collect();
        let windows = (0..count).map(|window| Run::block(window * step, size)).collect();
        return pick(NAME, x, Places::lines(starts, windows, size <= step), dims);
    }
    let mut starts = Vec::with_capacity(total / size.max(1));
    for block in 0..outer {
        for window in 0..count {
            let first = (block * len + window * step) * inner;
            starts.extend(first..first + inner);
        }
    }
    let line = vec![Run { first: 0, len: size, step: inner as isize }];
    pick(NAME, x, Places::lines(starts, line, size <= step), dims)
}
