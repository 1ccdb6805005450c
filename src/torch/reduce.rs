//! Products, logarithms of sums of exponentials, and norms, of all elements or along axes.
//!
//! Each is a function of a row with its gradient (`rows.rs`), computed in `f64` and rounded once.

use candle_core::{DType, Result, Tensor};

use super::rows::{self, Order, Reduced, RowFunction, Rows};
use crate::compute::beside::Beside;
use crate::compute::loops::{PIECE, vectorized};
use crate::compute::number::Number;
use crate::compute::op::with_elements;
use crate::compute::threads;
use crate::error::fail;
use crate::functional::extreme::row_winner;
use crate::tensor::axis::{Axes, Axis};

/// The product of all elements; integers give `i64`. Products along an axis are [`prod_dim`]'s.
///
/// The gradient is right also where elements are 0. See PyTorch's `prod`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::prod(&tensor!([2., 3., 4.]))?.to_scalar::<f32>()?, 24.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn prod(x: &Tensor) -> Result<Tensor> {
    product("torch::prod", x, &(), Reduced::Gone)
}

/// The products along an axis, which goes away; integers give `i64`.
///
/// # Errors
///
/// If the axis isn't there. See PyTorch's `prod(dim=..)`; [`prod_keepdim`] is its `keepdim=True`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::prod_dim(&tensor!([[1, 2], [3, 4]]), 1)?.to_vec1::<i64>()?, [2, 12]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn prod_dim(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    product("torch::prod_dim", x, &dim.number(), Reduced::Gone)
}

/// [`prod_dim`] that leaves the axis with one element.
///
/// # Errors
///
/// If the axis isn't there.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::prod_keepdim(&tensor!([[1, 2], [3, 4]]), 0)?.to_vec2::<i64>()?, [[3, 8]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn prod_keepdim(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    product("torch::prod_keepdim", x, &dim.number(), Reduced::Kept)
}

fn product(
    function: &'static str,
    x: &Tensor,
    dims: &dyn Axes,
    reduced: Reduced,
) -> Result<Tensor> {
    if x.dtype().is_float() {
        return rows::reduce(function, x, dims, reduced, Product);
    }
    let rows = Rows::of(function, &x.to_dtype(DType::I64)?, dims, reduced)?;
    with_elements(&rows.tensor, |xs: &[i64]| {
        let wrapping = |row: &[i64]| row.iter().fold(1i64, |all, x| all.wrapping_mul(*x));
        Tensor::from_vec(rows.map(xs, wrapping), &rows.shape, x.device())
    })
}

/// What `N` lanes of each piece of a row come to, put together in their order.
#[inline(always)]
fn on_lanes<const N: usize, T: Number>(
    row: &[T],
    first: f64,
    step: impl Fn(f64, T) -> f64 + Copy + Sync,
    join: impl Fn(f64, f64) -> f64 + Copy + Sync,
) -> f64 {
    let of_piece = |row: &[T]| {
        vectorized(
            #[inline(always)]
            || {
                let mut lanes = [first; N];
                let blocks = row.chunks_exact(N);
                let rest = blocks.remainder().iter().fold(first, |all, x| step(all, *x));
                for block in blocks {
                    lanes.iter_mut().beside(block).for_each(|(lane, x)| *lane = step(*lane, *x));
                }
                lanes.into_iter().fold(rest, join)
            },
        )
    };
    if row.len() <= PIECE {
        return of_piece(row);
    }
    let pieces = threads::collect(row.len().div_ceil(PIECE), 1, |index| {
        of_piece(&row[index * PIECE..row.len().min((index + 1) * PIECE)])
    });
    pieces.into_iter().fold(first, join)
}

/// The sum of what `term` makes of the numbers of a row.
#[inline(always)]
fn added<T: Number>(row: &[T], term: impl Fn(T) -> f64 + Copy + Sync) -> f64 {
    on_lanes::<8, T>(row, 0.0, |all, x| all + term(x), |a, b| a + b)
}

#[inline(always)]
fn product_of<T: Number>(row: &[T]) -> f64 {
    // A product waits for the one before it: so many that none waits.
    on_lanes::<32, T>(row, 1.0, |all, x| all * x.wide(), |a, b| a * b)
}

#[derive(Clone, Copy)]
struct Product;

impl RowFunction for Product {
    fn value<T: Number>(&self, row: &[T]) -> T {
        T::of(product_of(row))
    }

    fn gradient<T: Number>(&self, row: &[T], _value: T, grad: T, out: &mut [T]) {
        let all = product_of(row);
        // Where the product neither is 0 nor has overflowed, it has as many digits as a quotient of it needs.
        if all.is_normal() {
            let grad = grad.wide();
            return T::vectorized(
                #[inline(always)]
                || {
                    for (out, x) in out.iter_mut().beside(row) {
                        *out = T::of(grad * (all / x.wide()));
                    }
                },
            );
        }
        // The product of all others: of those before an element, and of those after it.
        let mut after = vec![1.0; row.len() + 1];
        for (index, x) in row.iter().enumerate().rev() {
            after[index] = after[index + 1] * x.wide();
        }
        let mut before = grad.wide();
        for ((out, x), after) in out.iter_mut().beside(row).beside(&after[1..]) {
            *out = T::of(before * after);
            before *= x.wide();
        }
    }
}

/// The logarithm of the sum of the exponentials of elements along axes, which go away; it doesn't overflow.
///
/// ```text
/// logsumexp(x) = ln(e^x_1 + e^x_2 + ..)        slope: softmax(x)
/// ```
///
/// # Shapes
///
/// As [`sum_dim`](super::sum_dim); integers give `f32`.
///
/// # Errors
///
/// If an axis isn't there or is named twice. See PyTorch's `logsumexp`; [`logsumexp_keepdim`] is its `keepdim=True`.
///
/// ```
/// use akari::prelude::*;
/// let y = torch::logsumexp(&tensor!([[1000.0, 1000.0]]), 1)?;
/// assert_eq!(y.to_vec1::<f32>()?, [1000.69315]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn logsumexp(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    log_sum_exp("torch::logsumexp", x, &dim, Reduced::Gone)
}

/// [`logsumexp`] that leaves each of the axes with one element.
///
/// # Errors
///
/// As [`logsumexp`].
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1.0, 2.0]]);
/// assert_eq!(torch::logsumexp_keepdim(&x, 1)?.dims(), [1, 1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn logsumexp_keepdim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    log_sum_exp("torch::logsumexp_keepdim", x, &dim, Reduced::Kept)
}

fn log_sum_exp(
    function: &'static str,
    x: &Tensor,
    dims: &dyn Axes,
    reduced: Reduced,
) -> Result<Tensor> {
    let x = if x.dtype().is_int() { &x.to_dtype(DType::F32)? } else { x };
    rows::reduce(function, x, dims, reduced, LogSumExp)
}

#[derive(Clone, Copy)]
struct LogSumExp;

impl RowFunction for LogSumExp {
    fn value<T: Number>(&self, row: &[T]) -> T {
        if row.is_empty() {
            return -T::INFINITY;
        }
        let largest = row_winner::<T, true>(row);
        let shift = if largest.abs() == T::INFINITY { T::ZERO } else { largest };
        let sum = added(row, |x| Number::exp(x - shift).wide());
        T::of(shift.wide() + sum.ln())
    }

    fn gradient<T: Number>(&self, row: &[T], value: T, grad: T, out: &mut [T]) {
        vectorized(
            #[inline(always)]
            || {
                for (out, x) in out.iter_mut().beside(row) {
                    *out = grad * Number::exp(*x - value);
                }
            },
        );
    }
}

/// The length of the vector of all elements: the root of the sum of their squares.
///
/// ```text
/// norm(x) = √(x_1² + x_2² + ..)        slope: x / norm, and 0 at 0
/// ```
///
/// # Errors
///
/// For integers. Norms along axes are [`norm_dim`]'s, others than this one [`norm_with`]'s. See PyTorch's `norm`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::norm(&tensor!([3., 4.]))?.to_scalar::<f32>()?, 5.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn norm(x: &Tensor) -> Result<Tensor> {
    length("torch::norm", x, 2.0, &(), Reduced::Gone)
}

/// The lengths along one axis or several, which go away.
///
/// # Errors
///
/// For integers, and if an axis isn't there or is named twice. See PyTorch's `norm(dim=..)`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::norm_dim(&tensor!([[3., 4.], [0., 2.]]), 1)?.to_vec1::<f32>()?, [5., 2.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn norm_dim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    length("torch::norm_dim", x, 2.0, &dim, Reduced::Gone)
}

/// [`norm_dim`] that leaves each of the axes with one element, so that the result broadcasts to `x`.
///
/// # Errors
///
/// As [`norm_dim`].
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::norm_keepdim(&tensor!([[3., 4.]]), 1)?.to_vec2::<f32>()?, [[5.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn norm_keepdim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    length("torch::norm_keepdim", x, 2.0, &dim, Reduced::Kept)
}

/// The `p`-norms along axes; `()` stands for all of them.
///
/// ```text
/// norm(x) = (|x_1|^p + |x_2|^p + ..)^(1/p)
/// ```
///
/// `p` infinite gives the largest of the `|x_i|`, minus infinity the smallest, 0 counts those that aren't 0.
/// `keepdim` leaves each of the axes with one element.
///
/// # Errors
///
/// For integers, if an axis isn't there or is named twice, and for an infinite norm of nothing. See PyTorch's `norm`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[3., -4.]]);
/// assert_eq!(torch::norm_with(&x, 1.0, 1, false)?.to_vec1::<f32>()?, [7.]);
/// assert_eq!(torch::norm_with(&x, f64::INFINITY, (), false)?.to_scalar::<f32>()?, 4.);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn norm_with(x: &Tensor, p: f64, dim: impl Axes, keepdim: bool) -> Result<Tensor> {
    length("torch::norm_with", x, p, &dim, Reduced::with(keepdim))
}

fn length(
    function: &'static str,
    x: &Tensor,
    p: f64,
    dims: &dyn Axes,
    reduced: Reduced,
) -> Result<Tensor> {
    if !x.dtype().is_float() {
        return fail(
            function,
            format_args!(
                "Expected a floating point or complex tensor as input. Got {:?} (convert it with .to_dtype(DType::F32)?)",
                x.dtype()
            ),
        );
    }
    let order = Order::new(function, x, dims, reduced)?;
    if (p.is_infinite() || p < 0.0) && order.size == 0 && order.count > 0 {
        return fail(
            function,
            format_args!(
                "cannot compute the {p} norm on an empty tensor because the operation does not have an identity"
            ),
        );
    }
    rows::reduce(function, x, dims, reduced, Norm(p))
}

#[derive(Clone, Copy)]
pub(super) struct Norm(pub(super) f64);

impl RowFunction for Norm {
    fn value<T: Number>(&self, row: &[T]) -> T {
        let sizes = row.iter().map(|x| x.wide().abs());
        // A nan wins over every number.
        let extreme = |wins: fn(f64, f64) -> bool, from: f64| {
            sizes.fold(from, |best, x| if wins(x, best) || x.is_nan() { x } else { best })
        };
        T::of(match self.0 {
            2.0 => added(row, |x| x.wide() * x.wide()).sqrt(),
            1.0 => added(row, |x| x.wide().abs()),
            0.0 => added(row, |x| f64::from(u8::from(x != T::ZERO))),
            f64::INFINITY => extreme(|x, best| x > best, 0.0),
            f64::NEG_INFINITY => extreme(|x, best| x < best, f64::INFINITY),
            p => added(row, |x| x.wide().abs().powf(p)).powf(1.0 / p),
        })
    }

    fn gradient<T: Number>(&self, row: &[T], value: T, grad: T, out: &mut [T]) {
        let (p, norm, grad) = (self.0, value.wide(), grad.wide());
        let pairs = out.iter_mut().beside(row.iter().map(|x| x.wide()));
        if p.is_infinite() {
            let is_extreme = |x: f64| x.abs() == norm || x.is_nan() && norm.is_nan();
            let count = row.iter().filter(|x| is_extreme(x.wide())).count();
            let share = grad / count as f64;
            let winners = pairs.filter(|(_, x)| is_extreme(*x));
            return winners.for_each(|(out, x)| *out = T::of(x.sign() * share));
        }
        if p == 2.0 {
            let factor = if norm == 0.0 { 0.0 } else { grad / norm };
            return vectorized(
                #[inline(always)]
                || pairs.for_each(|(out, x)| *out = T::of(x * factor)),
            );
        }
        for (out, x) in pairs {
            let slope = match p {
                0.0 => 0.0,
                1.0 => x.sign(),
                _ if norm == 0.0 => 0.0,
                _ if x == 0.0 && p < 1.0 => 0.0,
                p => x.sign() * (x.abs() / norm).powf(p - 1.0),
            };
            *out = T::of(slope * grad);
        }
    }
}
