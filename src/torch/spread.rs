//! Variances and standard deviations, of all elements or along axes, without drift.
//!
//! The mean is taken first, and the squares of what differs from it are added up in `f64`.

use candle_core::{Result, Tensor};

use super::rows::{self, Reduced, RowFunction};
use crate::compute::beside::Beside;
use crate::compute::loops::{PIECE, vectorized};
use crate::compute::number::Number;
use crate::compute::sums::{sum_lanes, sum_pieces};
use crate::error::fail;
use crate::tensor::axis::Axes;

/// The variance of all elements, with the correction 1. That along axes is [`var_dim`]'s.
///
/// ```text
/// var(x) = sum of (x_i - mean)² / (n - 1)
/// ```
///
/// The variance of one number is nan. See PyTorch's `var`.
///
/// # Errors
///
/// For integers.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::var(&tensor!([1., 2., 6.]))?.to_scalar::<f32>()?, 7.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn var(x: &Tensor) -> Result<Tensor> {
    spread("torch::var", x, &(), 1.0, Reduced::Gone, false)
}

/// The variances along one axis or several, which go away, with the correction 1.
///
/// # Shapes
///
/// As [`sum_dim`](super::sum_dim).
///
/// # Errors
///
/// For integers, and if an axis isn't there or is named twice.
///
/// Differs from candle's `var`, which drifts. See PyTorch's `var(dim=..)`; [`var_keepdim`] is its `keepdim=True`,
/// [`var_with`] takes another correction.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 3.], [2., 6.]]);
/// assert_eq!(torch::var_dim(&x, 1)?.to_vec1::<f32>()?, [2., 8.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn var_dim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    spread("torch::var_dim", x, &dim, 1.0, Reduced::Gone, false)
}

/// [`var_dim`] that leaves each of the axes with one element, so that the result broadcasts to `x`.
///
/// # Errors
///
/// As [`var_dim`].
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 3.], [2., 6.]]);
/// assert_eq!(torch::var_keepdim(&x, 1)?.to_vec2::<f32>()?, [[2.], [8.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn var_keepdim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    spread("torch::var_keepdim", x, &dim, 1.0, Reduced::Kept, false)
}

/// [`var_dim`] with another correction: 0 gives the variance of the numbers themselves, which batch norm takes.
///
/// ```text
/// var = sum of (x_i - mean)² / (n - correction)
/// ```
///
/// `keepdim` leaves each of the axes with one element; `()` stands for all axes. See PyTorch's
/// `var(dim, correction=.., keepdim=..)`.
///
/// # Errors
///
/// As [`var_dim`].
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 3.], [2., 6.]]);
/// assert_eq!(torch::var_with(&x, 1, 0.0, false)?.to_vec1::<f32>()?, [1., 4.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn var_with(x: &Tensor, dim: impl Axes, correction: f64, keepdim: bool) -> Result<Tensor> {
    spread("torch::var_with", x, &dim, correction, Reduced::with(keepdim), false)
}

/// The standard deviation of all elements, with the correction 1: the square root of [`var`].
///
/// Where it is 0, its gradient is 0. See PyTorch's `std`.
///
/// # Errors
///
/// For integers.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::std(&tensor!([1., 2., 3.]))?.to_scalar::<f32>()?, 1.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn std(x: &Tensor) -> Result<Tensor> {
    spread("torch::std", x, &(), 1.0, Reduced::Gone, true)
}

/// The standard deviations along one axis or several, which go away: the square roots of [`var_dim`].
///
/// # Errors
///
/// As [`var_dim`]. See PyTorch's `std(dim=..)`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 2., 3.], [2., 4., 6.]]);
/// assert_eq!(torch::std_dim(&x, 1)?.to_vec1::<f32>()?, [1., 2.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn std_dim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    spread("torch::std_dim", x, &dim, 1.0, Reduced::Gone, true)
}

/// [`std_dim`] that leaves each of the axes with one element, so that the result broadcasts to `x`.
///
/// # Errors
///
/// As [`var_dim`].
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 2., 3.], [2., 4., 6.]]);
/// assert_eq!(torch::std_keepdim(&x, 1)?.to_vec2::<f32>()?, [[1.], [2.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn std_keepdim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    spread("torch::std_keepdim", x, &dim, 1.0, Reduced::Kept, true)
}

/// [`std_dim`] with another correction; as [`var_with`].
///
/// # Errors
///
/// As [`var_dim`].
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::std_with(&tensor!([1., 3.]), 0, 0.0, true)?.to_vec1::<f32>()?, [1.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn std_with(x: &Tensor, dim: impl Axes, correction: f64, keepdim: bool) -> Result<Tensor> {
    spread("torch::std_with", x, &dim, correction, Reduced::with(keepdim), true)
}

fn spread(
    function: &'static str,
    x: &Tensor,
    dims: &dyn Axes,
    correction: f64,
    reduced: Reduced,
    is_root: bool,
) -> Result<Tensor> {
    if !x.dtype().is_float() {
        return fail(
            function,
            format_args!(
                "std and var only support floating point and complex dtypes, but got {:?} (convert it with .to_dtype(DType::F32)?)",
                x.dtype()
            ),
        );
    }
    rows::reduce(function, x, dims, reduced, Spread { correction, is_root })
}

/// The variance of a row, or its square root.
#[derive(Clone, Copy)]
struct Spread {
    correction: f64,
    is_root: bool,
}

impl Spread {
    /// What the squares are divided by: nothing is left of too few numbers, as in PyTorch.
    fn divisor(&self, count: usize) -> f64 {
        (count as f64 - self.correction).max(0.0)
    }
}

/// The sum over a row of what `term` makes of a piece of it.
fn added<T: Number>(row: &[T], term: impl Fn(&[T]) -> f64 + Sync) -> f64 {
    let sums = sum_pieces(row.len(), PIECE, |range| Ok([term(&row[range])]));
    sums.map_or(f64::NAN, |[sum]| sum)
}

fn mean<T: Number>(row: &[T]) -> f64 {
    let sum = |xs: &[T]| {
        vectorized(
            #[inline(always)]
            || sum_lanes(xs),
        )
    };
    added(row, sum) / row.len() as f64
}

/// The sum of the squares of what differs from the mean, on eight lanes.
#[inline(always)]
fn squares<T: Number>(xs: &[T], mean: f64) -> f64 {
    let mut lanes = [0.0; 8];
    let blocks = xs.chunks_exact(8);
    let square = |x: &T| (x.wide() - mean) * (x.wide() - mean);
    let rest = blocks.remainder().iter().map(square).sum::<f64>();
    for block in blocks {
        lanes.iter_mut().beside(block).for_each(|(lane, x)| *lane += square(x));
    }
    lanes.iter().sum::<f64>() + rest
}

impl RowFunction for Spread {
    fn value<T: Number>(&self, row: &[T]) -> T {
        let mean = mean(row);
        let sum = added(row, |xs| {
            vectorized(
                #[inline(always)]
                || squares(xs, mean),
            )
        });
        let variance = sum / self.divisor(row.len());
        T::of(if self.is_root { variance.sqrt() } else { variance })
    }

    fn gradient<T: Number>(&self, row: &[T], value: T, grad: T, out: &mut [T]) {
        let (mean, divisor) = (mean(row), self.divisor(row.len()));
        if self.is_root && value == T::ZERO {
            return;
        }
        let slope = if self.is_root { 1.0 / (divisor * value.wide()) } else { 2.0 / divisor };
        let slope = slope * grad.wide();
        vectorized(
            #[inline(always)]
            || {
                for (out, x) in out.iter_mut().beside(row) {
                    *out = T::of((x.wide() - mean) * slope);
                }
            },
        );
    }
}
