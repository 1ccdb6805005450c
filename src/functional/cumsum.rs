//! Running sums along an axis, which candle makes by a product with a matrix of ones.
//!
//! Totals are `f64`, as in PyTorch. Where few long rows are shared between threads, it is in pieces of a fixed size, so
//! that a sum doesn't depend on their number. Sums are in `sum.rs`.
#![allow(clippy::needless_range_loop)] // An index runs over several slices at once.

use candle_core::{CpuStorage, DType, Result, Shape, Storage, Tensor, WithDType, bail};

use super::totals::{
    Adding, BLOCKS_SIDE_BY_SIDE, Floats, Integers, NARROW, PARALLEL_FROM, Span, WIDTH,
};
use crate::compute::beside::Beside;
use crate::compute::loops::{self, PIECE, vectorized};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::threads;
use crate::tensor::axis::{self, Axis};

/// The running sums along an axis; integers give `i64`.
///
/// ```text
/// y_i = x_0 + x_1 + .. + x_i
/// ```
///
/// # Shapes
///
/// The result has the shape of `x`; negative axes count from the end.
///
/// # Errors
///
/// If the axis isn't there.
///
/// Differs from candle's `cumsum`, which drifts, and takes the square of the axis's size in time
/// and memory. See PyTorch's `cumsum`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// assert_eq!(torch::cumsum(&x, 1)?.to_vec2::<f32>()?, [[1.0, 3.0, 6.0], [4.0, 9.0, 15.0]]);
/// assert_eq!(torch::cumsum(&tensor!([1, 2, 3]), 0)?.to_vec1::<i64>()?, [1, 3, 6]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cumsum(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    cumsum_along(x, &dim)
}

fn cumsum_along(x: &Tensor, dim: &dyn Axis) -> Result<Tensor> {
    let axis = axis::resolve("torch::cumsum", x, dim)?;
    let dims = x.dims();
    let span = Span {
        outer: dims.iter().take(axis).product(),
        size: dims.get(axis).copied().unwrap_or(1),
        inner: dims.iter().skip(axis + 1).product(),
    };
    if !x.dtype().is_int() {
        return op::apply("torch::cumsum", Cumsum { span, shape: x.shape().clone() }, [x]);
    }
    let x = x.to_dtype(DType::I64)?.contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cpu(storage @ CpuStorage::I64(_)) = &*storage else {
        bail!("torch::cumsum: needs the CPU")
    };
    let sums = running_sums::<i64, Integers, false>(op::elements(storage, layout)?, span);
    Tensor::from_vec(sums, x.shape(), x.device())
}

struct Cumsum {
    span: Span,
    shape: Shape,
}

impl Op for Cumsum {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        Ok((running_sums::<T, Floats, false>(args[0], self.span), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        Ok(vec![Some(running_sums::<T, Floats, true>(call.grad, self.span))])
    }
}

/// Factors in the place of terms; of floats, the totals are `f64`, and those of integers wrap.
struct Factors;

impl<T: Number> Adding<T> for Factors {
    type Total = f64;
    const NONE: f64 = 1.0;
    // The product of a piece may leave the range of numbers where that of all elements so far does not.
    const IN_PIECES: bool = false;

    #[inline(always)]
    fn plus(a: T, b: T) -> T {
        a * b
    }

    #[inline(always)]
    fn widen(factor: T) -> f64 {
        factor.wide()
    }

    #[inline(always)]
    fn add(a: f64, b: f64) -> f64 {
        a * b
    }

    #[inline(always)]
    fn narrow(total: f64) -> T {
        T::of(total)
    }
}

/// The products from the first element of each row to each of its elements.
pub(crate) fn running_products<T: Number>(xs: &[T], span: Span) -> Vec<T> {
    running_sums::<T, Factors, false>(xs, span)
}

/// Numbers of a piece of a row.
const PIECE_OF_ROW: usize = 1 << 13;

/// How many rows, or pieces of one, are added up side by side: a processor begins an addition before the one before
/// it has ended, but not where it needs its result.
const SIDE_BY_SIDE: usize = 4;

/// The sums from the first element of each row to each of its elements; `IS_REVERSED`, from the last.
fn running_sums<T, A, const IS_REVERSED: bool>(xs: &[T], span: Span) -> Vec<T>
where
    T: WithDType,
    A: Adding<T>,
{
    let Span { outer, size, inner } = span;
    let mut ys = loops::zeros(xs.len());
    if xs.is_empty() {
        return ys;
    }
    let block = size * inner;
    // Rows that are added up side by side are taken together.
    let chunk = if inner == 1 { SIDE_BY_SIDE * size } else { block };
    let one = |(ys, xs): (&mut [T], &[T])| {
        if inner == 1 {
            rows::<T, A, IS_REVERSED>(xs, ys, size, &[A::NONE; SIDE_BY_SIDE]);
        } else {
            columns::<T, A, IS_REVERSED>(xs, ys, inner, &mut vec![A::NONE; inner]);
        }
    };
    if xs.len() < PARALLEL_FROM {
        ys.chunks_mut(chunk).beside(xs.chunks(chunk)).for_each(one);
    } else if outer >= BLOCKS_SIDE_BY_SIDE {
        threads::pieces(&mut ys, chunk, PIECE.div_ceil(chunk), &|index, ys| {
            let xs = &xs[index * chunk..][..ys.len()];
            one((ys, xs));
        });
    } else {
        for (ys, xs) in ys.chunks_mut(block).beside(xs.chunks(block)) {
            if inner >= 2 * NARROW {
                by_tiles::<T, A, IS_REVERSED>(xs, ys, inner);
            } else if A::IN_PIECES {
                by_pieces::<T, A, IS_REVERSED>(xs, ys, inner);
            } else {
                columns::<T, A, IS_REVERSED>(xs, ys, inner, &mut vec![A::NONE; inner]);
            }
        }
    }
    ys
}

/// Some rows of `size` numbers, each with what its sums begin with.
fn rows<T, A, const IS_REVERSED: bool>(xs: &[T], ys: &mut [T], size: usize, starts: &[A::Total])
where
    T: WithDType,
    A: Adding<T>,
{
    if xs.len() == SIDE_BY_SIDE * size {
        let mut sums = [starts[0]; SIDE_BY_SIDE];
        sums.copy_from_slice(&starts[..SIDE_BY_SIDE]);
        side_by_side::<T, A, IS_REVERSED>(xs, ys, size, sums);
        return;
    }
    for ((xs, ys), start) in xs.chunks(size).beside(ys.chunks_mut(size)).beside(starts) {
        columns::<T, A, IS_REVERSED>(xs, ys, 1, &mut [*start]);
    }
}

/// As many rows as are added up side by side. Each is a slice of its own, as long as the others: of slices in an array the
/// compiler checks the length for each number.
fn side_by_side<T, A, const IS_REVERSED: bool>(
    xs: &[T],
    ys: &mut [T],
    size: usize,
    [mut a, mut b, mut c, mut d]: [A::Total; SIDE_BY_SIDE],
) where
    T: WithDType,
    A: Adding<T>,
{
    let (ab, cd) = xs.split_at(2 * size);
    let ((xa, xb), (xc, xd)) = (ab.split_at(size), cd.split_at(size));
    let (ab, cd) = ys.split_at_mut(2 * size);
    let ((ya, yb), (yc, yd)) = (ab.split_at_mut(size), cd.split_at_mut(size));
    let (xa, xb, xc, xd) = (&xa[..size], &xb[..size], &xc[..size], &xd[..size]);
    let (ya, yb, yc, yd) = (&mut ya[..size], &mut yb[..size], &mut yc[..size], &mut yd[..size]);
    for step in 0..size {
        let at = if IS_REVERSED { size - 1 - step } else { step };
        a = A::add(a, A::widen(xa[at]));
        b = A::add(b, A::widen(xb[at]));
        c = A::add(c, A::widen(xc[at]));
        d = A::add(d, A::widen(xd[at]));
        ya[at] = A::narrow(a);
        yb[at] = A::narrow(b);
        yc[at] = A::narrow(c);
        yd[at] = A::narrow(d);
    }
}

/// A block whose rows of `inner` numbers are added up one after the other, beginning with `sums`.
fn columns<T, A, const IS_REVERSED: bool>(
    xs: &[T],
    ys: &mut [T],
    inner: usize,
    sums: &mut [A::Total],
) where
    T: WithDType,
    A: Adding<T>,
{
    let count = xs.len() / inner;
    for (tile, sums) in sums.chunks_mut(WIDTH).enumerate() {
        vectorized(
            #[inline(always)]
            || {
                for step in 0..count {
                    let row = if IS_REVERSED { count - 1 - step } else { step };
                    let start = row * inner + tile * WIDTH;
                    add_row::<T, A>(&xs[start..], &mut ys[start..][..sums.len()], sums);
                }
            },
        );
    }
}

#[inline(always)]
fn add_row<T: WithDType, A: Adding<T>>(xs: &[T], ys: &mut [T], sums: &mut [A::Total]) {
    // Slices of one length under one index: of several ends the compiler makes no vectors.
    let (xs, sums) = (&xs[..ys.len()], &mut sums[..ys.len()]);
    for at in 0..ys.len() {
        sums[at] = A::add(sums[at], A::widen(xs[at]));
        ys[at] = A::narrow(sums[at]);
    }
}

/// Shares a block between threads: each takes some of the columns.
fn by_tiles<T, A, const IS_REVERSED: bool>(xs: &[T], ys: &mut [T], inner: usize)
where
    T: WithDType,
    A: Adding<T>,
{
    let width = inner.div_ceil(BLOCKS_SIDE_BY_SIDE).next_multiple_of(NARROW).min(WIDTH);
    let count = ys.len() / inner;
    let mut tiles = Vec::new();
    tiles.resize_with(inner.div_ceil(width), || Vec::with_capacity(count));
    for row in ys.chunks_mut(inner) {
        row.chunks_mut(width).beside(&mut tiles).for_each(|(part, tile)| tile.push(part));
    }
    let tiles = tiles.into_iter().enumerate().collect::<Vec<_>>();
    threads::jobs(tiles, &|(tile, mut rows): (usize, Vec<&mut [T]>)| {
        let mut sums = [A::NONE; WIDTH];
        vectorized(
            #[inline(always)]
            || {
                for step in 0..count {
                    let row = if IS_REVERSED { count - 1 - step } else { step };
                    add_row::<T, A>(&xs[row * inner + tile * width..], rows[row], &mut sums);
                }
            },
        );
    });
}

/// Shares a block between threads in pieces of some rows: first the sum of each piece, then what the pieces before it
/// have come to, then the running sums.
fn by_pieces<T, A, const IS_REVERSED: bool>(xs: &[T], ys: &mut [T], inner: usize)
where
    T: WithDType,
    A: Adding<T>,
{
    let size = PIECE_OF_ROW / inner * inner;
    let mut starts = threads::collect(xs.len().div_ceil(size), 1, |index| {
        column_sums::<T, A>(&xs[index * size..xs.len().min((index + 1) * size)], inner)
    });
    let mut total = vec![A::NONE; inner];
    let mut shift = |start: &mut Vec<A::Total>| {
        for (start, total) in start.iter_mut().beside(&mut total) {
            (*start, *total) = (*total, A::add(*total, *start));
        }
    };
    if IS_REVERSED {
        starts.iter_mut().rev().for_each(&mut shift);
    } else {
        starts.iter_mut().for_each(&mut shift);
    }
    if inner == 1 {
        let starts = starts.concat();
        let chunk = SIDE_BY_SIDE * size;
        threads::pieces(ys, chunk, 1, &|index, ys| {
            let xs = &xs[index * chunk..][..ys.len()];
            rows::<T, A, IS_REVERSED>(xs, ys, size, &starts[index * SIDE_BY_SIDE..]);
        });
    } else {
        threads::pieces(ys, size, 1, &|index, ys| {
            let xs = &xs[index * size..][..ys.len()];
            columns::<T, A, IS_REVERSED>(xs, ys, inner, &mut starts[index].clone());
        });
    }
}

/// The sums of columns without any sum in `T`, which might not hold it.
fn column_sums<T: WithDType, A: Adding<T>>(xs: &[T], inner: usize) -> Vec<A::Total> {
    // Several short rows are taken as one, so that there is something to add side by side.
    let joined = NARROW.div_ceil(inner) * inner;
    let mut wide = vec![A::NONE; joined];
    vectorized(
        #[inline(always)]
        || {
            for row in xs.chunks(joined) {
                for (sum, x) in wide.iter_mut().beside(row) {
                    *sum = A::add(*sum, A::widen(*x));
                }
            }
        },
    );
    let mut sums = vec![A::NONE; inner];
    for row in wide.chunks(inner) {
        sums.iter_mut().beside(row).for_each(|(sum, part)| *sum = A::add(*sum, *part));
    }
    sums
}
