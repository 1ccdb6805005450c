//! Largest and smallest elements with the places where they are, as `i64`, which can be compared with class numbers.
//!
//! A nan wins over every number, and of equal ones the first, as in PyTorch; the gradient goes to the one that won.
//! Those without places, which share their gradient, are in `functional`.

use candle_core::{Device, Result, Tensor, WithDType};

use super::places::{Places, pick};
use super::rows::{Reduced, Rows};
use crate::compute::any::any_tensor;
use crate::error::fail;
use crate::functional::extreme;
use crate::functional::extreme::row_winner;
use crate::tensor::axis::{self, Axes, Axis};

/// The largest elements along an axis, which goes away, and where they are.
///
/// # Shapes
///
/// `x` of `(.., n, ..)`; the values and the `i64` places have `(.., ..)`.
///
/// # Errors
///
/// If the axis isn't there, or has no elements.
///
/// Differs from candle's `max`, which gives no places, passes over nan, and gives each of equal elements the whole
/// gradient. See PyTorch's `max(dim)`.
///
/// ```
/// use akari::prelude::*;
/// let (values, places) = torch::max_dim(&tensor!([[1., 3.], [2., 0.]]), 1)?;
/// assert_eq!(values.to_vec1::<f32>()?, [3., 2.]);
/// assert_eq!(places.to_vec1::<i64>()?, [1, 0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn max_dim(x: &Tensor, dim: impl Axis) -> Result<(Tensor, Tensor)> {
    extremes("torch::max_dim", x, &dim, Reduced::Gone, true)
}

/// [`max_dim`] that leaves the axis with one element.
///
/// # Errors
///
/// As [`max_dim`].
///
/// ```
/// use akari::prelude::*;
/// let (values, places) = torch::max_keepdim(&tensor!([[1., 3.], [2., 0.]]), 1)?;
/// assert_eq!((values.dims(), places.dims()), (&[2, 1][..], &[2, 1][..]));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn max_keepdim(x: &Tensor, dim: impl Axis) -> Result<(Tensor, Tensor)> {
    extremes("torch::max_keepdim", x, &dim, Reduced::Kept, true)
}

/// The smallest elements along an axis, which goes away, and where they are; as [`max_dim`].
///
/// # Errors
///
/// As [`max_dim`]. See PyTorch's `min(dim)`.
///
/// ```
/// use akari::prelude::*;
/// let (values, places) = torch::min_dim(&tensor!([[1., 3.], [2., 0.]]), 1)?;
/// assert_eq!(values.to_vec1::<f32>()?, [1., 0.]);
/// assert_eq!(places.to_vec1::<i64>()?, [0, 1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn min_dim(x: &Tensor, dim: impl Axis) -> Result<(Tensor, Tensor)> {
    extremes("torch::min_dim", x, &dim, Reduced::Gone, false)
}

/// [`min_dim`] that leaves the axis with one element.
///
/// # Errors
///
/// As [`max_dim`].
///
/// ```
/// use akari::prelude::*;
/// let (values, _) = torch::min_keepdim(&tensor!([[1., 3.], [2., 0.]]), 0)?;
/// assert_eq!(values.to_vec2::<f32>()?, [[1., 0.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn min_keepdim(x: &Tensor, dim: impl Axis) -> Result<(Tensor, Tensor)> {
    extremes("torch::min_keepdim", x, &dim, Reduced::Kept, false)
}

/// Where along an axis the largest element is: the first of equal ones, or the first nan; `i64`.
///
/// With `()` for `dim`, the place among all elements in a row.
///
/// # Errors
///
/// If the axis isn't there, or has no elements.
///
/// Differs from candle's `argmax`, whose `u32` can't be compared with class numbers, and which passes over nan. See
/// PyTorch's `argmax`.
///
/// ```
/// use akari::prelude::*;
/// let (logits, classes) = (tensor!([[0.1, 2.0], [3.0, 0.2]]), tensor!([1, 1]));
/// let is_right = torch::argmax(&logits, 1)?.eq(&classes)?;
/// assert_eq!(is_right.to_vec1::<u8>()?, [1, 0]);
/// assert_eq!(torch::argmax(&logits, ())?.to_scalar::<i64>()?, 2);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn argmax(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    match dim.numbers().as_slice() {
        [axis] if x.dtype().is_float() && x.elem_count() > 0 => extreme::argmax(x, *axis),
        _ => places_of("torch::argmax", x, &dim, Reduced::Gone, true),
    }
}

/// [`argmax`] that leaves the axis with one element.
///
/// # Errors
///
/// As [`argmax`].
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::argmax_keepdim(&tensor!([[1., 3.]]), 1)?.to_vec2::<i64>()?, [[1]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn argmax_keepdim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    places_of("torch::argmax_keepdim", x, &dim, Reduced::Kept, true)
}

/// Where along an axis the smallest element is; as [`argmax`].
///
/// # Errors
///
/// As [`argmax`]. See PyTorch's `argmin`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::argmin(&tensor!([[1., 3.], [2., 0.]]), 1)?.to_vec1::<i64>()?, [0, 1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn argmin(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    places_of("torch::argmin", x, &dim, Reduced::Gone, false)
}

/// [`argmin`] that leaves the axis with one element.
///
/// # Errors
///
/// As [`argmax`].
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::argmin_keepdim(&tensor!([[1., 3.]]), 1)?.to_vec2::<i64>()?, [[0]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn argmin_keepdim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    places_of("torch::argmin_keepdim", x, &dim, Reduced::Kept, false)
}

/// The rows of one axis, or of all, and where in each the winner is.
fn winners(
    function: &'static str,
    x: &Tensor,
    dims: &dyn Axes,
    reduced: Reduced,
    is_largest: bool,
) -> Result<(Rows, Vec<i64>)> {
    let axis = match dims.numbers()[..] {
        [] => None,
        [dim] => Some(axis::resolve(function, x, &dim)?),
        _ => return fail(function, "takes one axis, or `()` for all elements"),
    };
    let rows = Rows::of(function, x, dims, reduced)?.needs_elements(function, axis)?;
    let values = rows.tensor.detach();
    let places = any_tensor!(function, &values, xs => Ok(match is_largest {
        true => rows.map(xs, winner::<_, true>),
        false => rows.map(xs, winner::<_, false>),
    }))?;
    Ok((rows, places))
}

/// Where the winner of a row is.
// Only a nan differs from itself.
#[allow(clippy::eq_op)]
fn winner<T: WithDType, const IS_LARGEST: bool>(row: &[T]) -> i64 {
    if row.is_empty() {
        return 0;
    }
    // First the value, on many lanes, and then its place.
    let best = row_winner::<T, IS_LARGEST>(row);
    let is_nan = best != best;
    let is_best = |value: &T| *value == best || is_nan && *value != *value;
    row.iter().position(is_best).unwrap_or_default() as i64
}

/// The places of the winners.
fn places_of(
    function: &'static str,
    x: &Tensor,
    dims: &dyn Axes,
    reduced: Reduced,
    is_largest: bool,
) -> Result<Tensor> {
    let (rows, places) = winners(function, &x.detach(), dims, reduced, is_largest)?;
    Tensor::from_vec(places, &rows.shape, &Device::Cpu)
}

/// The winners and their places.
fn extremes(
    function: &'static str,
    x: &Tensor,
    dim: &dyn Axis,
    reduced: Reduced,
    is_largest: bool,
) -> Result<(Tensor, Tensor)> {
    let (rows, places) = winners(function, x, &dim.number(), reduced, is_largest)?;
    values_at(function, &rows, places)
}

/// One element of each row, which has this place in it, with the places as a tensor.
pub(super) fn values_at(
    function: &'static str,
    rows: &Rows,
    places: Vec<i64>,
) -> Result<(Tensor, Tensor)> {
    let starts = places.iter().enumerate().map(|(row, place)| row * rows.size + *place as usize);
    let starts = Places::distinct(starts.collect());
    let values = pick(function, &rows.tensor, starts, &rows.shape)?;
    Ok((values, Tensor::from_vec(places, &rows.shape, &Device::Cpu)?))
}
