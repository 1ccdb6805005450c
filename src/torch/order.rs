//! Sorting along an axis, the first of what is sorted, and the values in the middle.
//!
//! Places are found in `keys.rs`, and the values picked from there, so that their gradients go where they came from.

use candle_core::{DType, Device, Result, Tensor, WithDType};

use super::extremes::values_at;
use super::keys::{self, Order};
use super::places::{Places, pick};
use super::rows::{Reduced, Rows};
use crate::compute::any::any_tensor;
use crate::compute::op::with_elements;
use crate::error::fail;
use crate::functional::sum::mean;
use crate::tensor::axis::{self, Axes, Axis};

/// The elements along an axis in ascending or descending order, and the places that they had, as `i64`.
///
/// Equal elements keep their order; a nan comes after all numbers, and before them if `descending`.
///
/// # Shapes
///
/// Both results have the shape of `x`.
///
/// # Errors
///
/// If the axis isn't there. See PyTorch's `sort`, whose axis is the last one if it isn't told.
///
/// ```
/// use akari::prelude::*;
/// let (values, places) = torch::sort(&tensor!([3., 1., 2.]), -1, false)?;
/// assert_eq!(values.to_vec1::<f32>()?, [1., 2., 3.]);
/// assert_eq!(places.to_vec1::<i64>()?, [1, 2, 0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn sort(x: &Tensor, dim: impl Axis, descending: bool) -> Result<(Tensor, Tensor)> {
    let order = Order::of(descending);
    let sorted = firsts("torch::sort", x, &dim, usize::MAX, order)?;
    Ok((sorted.values()?, sorted.places()?))
}

/// The places that the elements along an axis had before they were sorted, as `i64`: [`sort`]'s second result.
///
/// # Errors
///
/// If the axis isn't there. See PyTorch's `argsort`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::argsort(&tensor!([3., 1., 2.]), 0, true)?.to_vec1::<i64>()?, [0, 2, 1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn argsort(x: &Tensor, dim: impl Axis, descending: bool) -> Result<Tensor> {
    firsts("torch::argsort", &x.detach(), &dim, usize::MAX, Order::of(descending))?.places()
}

/// The `k` largest elements along an axis, or the smallest, in their order, and the places that they had.
///
/// They are sorted also if `sorted` is false. Of equal elements the first are taken; PyTorch may take others.
///
/// # Shapes
///
/// `x` of `(.., n, ..)`; both results have `(.., k, ..)`.
///
/// # Errors
///
/// If the axis isn't there, or has fewer than `k` elements. See PyTorch's `topk`.
///
/// ```
/// use akari::prelude::*;
/// let (values, places) = torch::topk(&tensor!([[1., 5., 3.]]), 2, -1, true, true)?;
/// assert_eq!(values.to_vec2::<f32>()?, [[5., 3.]]);
/// assert_eq!(places.to_vec2::<i64>()?, [[1, 2]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn topk(
    x: &Tensor,
    k: usize,
    dim: impl Axis,
    largest: bool,
    sorted: bool,
) -> Result<(Tensor, Tensor)> {
    // Any order will do if none is asked for.
    let _ = sorted;
    first_k(x, k, &dim, largest)
}

fn first_k(x: &Tensor, k: usize, dim: &dyn Axis, largest: bool) -> Result<(Tensor, Tensor)> {
    const NAME: &str = "torch::topk";
    let axis = axis::resolve(NAME, x, dim)?;
    let size = x.dims().get(axis).copied().unwrap_or(1);
    if k > size {
        return fail(
            NAME,
            format_args!("selected index k out of range: {k} of {size} elements of dim {axis}"),
        );
    }
    let found = firsts(NAME, x, dim, k, Order::of(largest))?;
    Ok((found.values()?, found.places()?))
}

/// Some elements of each row, in an order.
struct Picked {
    function: &'static str,
    rows: Rows,
    axis: usize,
    /// How many elements of each row.
    count: usize,
    /// Their places in their rows.
    places: Vec<usize>,
}

/// The first elements along an axis, at most `count`, in an order.
fn firsts(
    function: &'static str,
    x: &Tensor,
    dim: &dyn Axis,
    count: usize,
    order: Order,
) -> Result<Picked> {
    let axis = axis::resolve(function, x, dim)?;
    let rows = Rows::of(function, x, &dim.number(), Reduced::Kept)?;
    let count = count.min(rows.size);
    let values = rows.tensor.detach();
    let places = any_tensor!(function, &values, xs => Ok(rows.map(xs, |row| {
        if count == row.len() { keys::sorted(row, order) } else { keys::first(row, count, order) }
    })))?;
    Ok(Picked { function, rows, axis, count, places: places.concat() })
}

impl Picked {
    fn values(&self) -> Result<Tensor> {
        let size = self.rows.size;
        let rows = self.places.chunks(self.count.max(1)).enumerate();
        let starts = rows.flat_map(|(row, places)| places.iter().map(move |at| row * size + at));
        let places = Places::distinct(starts.collect());
        self.in_place(pick(self.function, &self.rows.tensor, places, self.places.len())?)
    }

    fn places(&self) -> Result<Tensor> {
        let places = self.places.iter().map(|place| *place as i64).collect::<Vec<_>>();
        self.in_place(Tensor::from_vec(places, self.places.len(), &Device::Cpu)?)
    }

    /// Numbers of all rows as a tensor whose axis is where it was.
    fn in_place(&self, numbers: Tensor) -> Result<Tensor> {
        let rank = self.rows.shape.rank();
        if rank == 0 {
            // `k` may be 0.
            return if self.count == 1 { numbers.reshape(()) } else { Ok(numbers) };
        }
        let mut dims = self.rows.shape.dims().to_vec();
        dims.remove(self.axis);
        dims.push(self.count);
        let mut order = (0..rank - 1).collect::<Vec<_>>();
        order.insert(self.axis, rank - 1);
        let numbers = numbers.reshape(dims)?;
        let is_last = self.axis == rank - 1;
        if is_last { Ok(numbers) } else { numbers.permute(order)?.contiguous() }
    }
}

/// The `k`-th smallest element along an axis, which goes away, and its place; `k` counts from 1.
///
/// Of equal elements, the place is that of the one that a sort would put there; PyTorch may tell another's.
///
/// # Errors
///
/// If the axis isn't there, or has no `k`-th element. See PyTorch's `kthvalue`.
///
/// ```
/// use akari::prelude::*;
/// let (value, place) = torch::kthvalue(&tensor!([3., 1., 2.]), 2, 0)?;
/// assert_eq!((value.to_scalar::<f32>()?, place.to_scalar::<i64>()?), (2.0, 2));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn kthvalue(x: &Tensor, k: usize, dim: impl Axis) -> Result<(Tensor, Tensor)> {
    kth(x, k, &dim)
}

fn kth(x: &Tensor, k: usize, dim: &dyn Axis) -> Result<(Tensor, Tensor)> {
    const NAME: &str = "torch::kthvalue";
    let axis = axis::resolve(NAME, x, dim)?;
    let rows = Rows::of(NAME, x, &dim.number(), Reduced::Gone)?;
    if k == 0 || k > rows.size {
        return fail(
            NAME,
            format_args!(
                "selected number k out of range for dimension {axis}: {k} of {}",
                rows.size
            ),
        );
    }
    at_nth(NAME, &rows, k - 1, Nan::Sorted)
}

/// What is taken of a row with a nan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nan {
    /// What a sort puts there.
    Sorted,
    /// The first nan.
    First,
    /// The last nan.
    Last,
}

/// The element of each row that comes to this index if the row is sorted, or a nan.
fn at_nth(function: &'static str, rows: &Rows, index: usize, nan: Nan) -> Result<(Tensor, Tensor)> {
    let values = rows.tensor.detach();
    let places = any_tensor!(function, &values, xs => Ok(rows.map(xs, |row| {
        // Only a nan differs from itself.
        #[allow(clippy::eq_op)]
        let first = row.iter().position(|x| nan != Nan::Sorted && *x != *x);
        match (first, nan) {
            (Some(first), Nan::First) => first as i64,
            (Some(_), _) => keys::nth(row, row.len() - 1) as i64,
            (None, _) => keys::nth(row, index) as i64,
        }
    })))?;
    values_at(function, rows, places)
}

/// The median of all elements: the lower one of the two in the middle if they are even; nan if one is.
///
/// Elements that are equal to it share the gradient.
///
/// # Errors
///
/// If there are no elements. See PyTorch's `median`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::median(&tensor!([4., 1., 3., 2.]))?.to_scalar::<f32>()?, 2.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn median(x: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::median";
    let rows = Rows::of(NAME, x, &(), Reduced::Gone)?.needs_elements(NAME, None)?;
    let (value, _) = middle(NAME, &rows)?;
    if !value.track_op() {
        return Ok(value);
    }
    // The mean of all that are equal is the same number, and shares its gradient.
    let (all, value) = (rows.tensor.detach(), value.detach());
    let equal = any_tensor!(NAME, &all, xs => {
        with_elements(&value, |value| Ok(equal_places(xs, value)))
    })?;
    let count = equal.len();
    mean(&pick(NAME, &rows.tensor, Places::distinct(equal), count)?)
}

/// Where the elements are that are equal to a number, or nan as it is.
// Only a nan differs from itself.
#[allow(clippy::eq_op)]
fn equal_places<T: WithDType>(xs: &[T], value: &[T]) -> Vec<usize> {
    let value = value[0];
    let is_equal = |x: T| x == value || x != x && value != value;
    (0..xs.len()).filter(|place| is_equal(xs[*place])).collect()
}

/// The medians along an axis, which goes away, and their places.
///
/// Of equal elements, the place is that of the one that a sort would put there; PyTorch may tell another's.
///
/// # Errors
///
/// If the axis isn't there, or has no elements. See PyTorch's `median(dim)`.
///
/// ```
/// use akari::prelude::*;
/// let (values, places) = torch::median_dim(&tensor!([[3., 1., 2.], [6., 5., 4.]]), 1)?;
/// assert_eq!(values.to_vec1::<f32>()?, [2., 5.]);
/// assert_eq!(places.to_vec1::<i64>()?, [2, 1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn median_dim(x: &Tensor, dim: impl Axis) -> Result<(Tensor, Tensor)> {
    const NAME: &str = "torch::median_dim";
    middle(NAME, &rows_with_elements(NAME, x, &dim)?)
}

fn rows_with_elements(function: &'static str, x: &Tensor, dim: &dyn Axis) -> Result<Rows> {
    let axis = axis::resolve(function, x, dim)?;
    Rows::of(function, x, &dim.number(), Reduced::Gone)?.needs_elements(function, Some(axis))
}

fn middle(function: &'static str, rows: &Rows) -> Result<(Tensor, Tensor)> {
    at_nth(function, rows, rows.size.saturating_sub(1) / 2, Nan::First)
}

/// The most frequent element along an axis, which goes away, and the last of its places.
///
/// Of equally frequent ones the smallest.
///
/// # Errors
///
/// If the axis isn't there, or has no elements. See PyTorch's `mode`.
///
/// ```
/// use akari::prelude::*;
/// let (value, place) = torch::mode(&tensor!([3, 1, 2, 1]), 0)?;
/// assert_eq!((value.to_scalar::<i64>()?, place.to_scalar::<i64>()?), (1, 3));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn mode(x: &Tensor, dim: impl Axis) -> Result<(Tensor, Tensor)> {
    const NAME: &str = "torch::mode";
    let rows = rows_with_elements(NAME, x, &dim)?;
    let values = rows.tensor.detach();
    let places = any_tensor!(NAME, &values, xs => Ok(rows.map(xs, |row| {
        let order = keys::sorted(row, Order::Ascending);
        let groups = order.chunk_by(|a, b| row[*a] == row[*b]);
        // The first of the longest, since the smallest come first.
        let longest = groups.reduce(|best, group| if group.len() > best.len() { group } else { best });
        longest.and_then(|group| group.last()).map_or(0, |place| *place as i64)
    })))?;
    values_at(NAME, &rows, places)
}

/// The number that a share `q` of all elements are at most: between two of them, on the straight line.
///
/// ```text
/// place = q (n - 1) among the sorted elements
/// ```
///
/// nan if an element is. See PyTorch's `quantile`, which takes several `q` as a tensor as well.
///
/// # Errors
///
/// For dtypes but `f32` and `f64`, if there are no elements, and for a share that isn't from 0 to 1.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::quantile(&tensor!([4., 1., 3., 2.]), 0.5)?.to_scalar::<f32>()?, 2.5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn quantile(x: &Tensor, q: f64) -> Result<Tensor> {
    between("torch::quantile", x, q, &(), Reduced::Gone)
}

/// [`quantile`] along an axis, which goes away, or with `keepdim` stays with one element.
///
/// # Errors
///
/// As [`quantile`], and if the axis isn't there. See PyTorch's `quantile(q, dim)`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 2.], [4., 8.]]);
/// assert_eq!(torch::quantile_dim(&x, 0.5, 1, false)?.to_vec1::<f32>()?, [1.5, 6.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn quantile_dim(x: &Tensor, q: f64, dim: impl Axis, keepdim: bool) -> Result<Tensor> {
    between("torch::quantile_dim", x, q, &dim.number(), Reduced::with(keepdim))
}

fn between(
    function: &'static str,
    x: &Tensor,
    q: f64,
    dims: &dyn Axes,
    reduced: Reduced,
) -> Result<Tensor> {
    if !matches!(x.dtype(), DType::F32 | DType::F64) {
        return fail(
            function,
            format_args!(
                "input tensor must be either float or double dtype, but is {:?}",
                x.dtype()
            ),
        );
    }
    if !(0.0..=1.0).contains(&q) {
        return fail(function, format_args!("q must be in the range [0, 1] but got {q}"));
    }
    let rows = Rows::of(function, x, dims, reduced)?;
    if rows.size == 0 {
        return fail(function, "input tensor must be non-empty");
    }
    let rank = q * (rows.size - 1) as f64;
    // PyTorch's ranks have the dtype of the input.
    let rank = if x.dtype() == DType::F32 { f64::from(rank as f32) } else { rank };
    let (below, _) = at_nth(function, &rows, rank.floor() as usize, Nan::Last)?;
    let weight = rank.fract();
    if weight == 0.0 {
        return Ok(below);
    }
    let (above, _) = at_nth(function, &rows, rank.ceil() as usize, Nan::Last)?;
    // As PyTorch's lerp has it, which begins at the nearer end.
    let step = (&above - &below)?;
    if weight < 0.5 { &below + (step * weight)? } else { &above - (step * (1.0 - weight))? }
}
