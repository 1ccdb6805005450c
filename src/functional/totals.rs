//! Sums along axes that don't drift: four numbers are added in their own type, the sums of fours in `f64`.
//!
//! An axis of `size` elements that are `inner` apart is added up for each of `outer` blocks. Pieces have a fixed size
//! and are added in order, so that a sum doesn't depend on the number of threads. `sum.rs` calls this.

use candle_core::WithDType;

use crate::compute::beside::Beside;
use crate::compute::loops::{PIECE, vectorized};
use crate::compute::threads;

/// How numbers of type `T` are added up.
pub(super) trait Adding<T: Copy + Send + Sync>: Send + Sync {
    /// What the sums of fours are added up in.
    type Total: Copy + Send + Sync;
    const NONE: Self::Total;
    /// Whether a long row may be cut into pieces whose totals are put together afterwards.
    const IN_PIECES: bool = true;
    /// The sum of two of four numbers.
    fn plus(a: T, b: T) -> T;
    fn widen(sum: T) -> Self::Total;
    fn add(a: Self::Total, b: Self::Total) -> Self::Total;
    fn narrow(total: Self::Total) -> T;
}

/// Floats, whose totals are `f64`.
pub(super) struct Floats;

impl<T: WithDType> Adding<T> for Floats {
    type Total = f64;
    const NONE: f64 = 0.0;

    #[inline(always)]
    fn plus(a: T, b: T) -> T {
        a + b
    }

    #[inline(always)]
    fn widen(sum: T) -> f64 {
        sum.to_f64()
    }

    #[inline(always)]
    fn add(a: f64, b: f64) -> f64 {
        a + b
    }

    #[inline(always)]
    fn narrow(total: f64) -> T {
        T::from_f64(total)
    }
}

/// Integers, which wrap as PyTorch's do.
pub(super) struct Integers;

impl Adding<i64> for Integers {
    type Total = i64;
    const NONE: i64 = 0;

    #[inline(always)]
    fn plus(a: i64, b: i64) -> i64 {
        a.wrapping_add(b)
    }

    #[inline(always)]
    fn widen(sum: i64) -> i64 {
        sum
    }

    #[inline(always)]
    fn add(a: i64, b: i64) -> i64 {
        a.wrapping_add(b)
    }

    #[inline(always)]
    fn narrow(total: i64) -> i64 {
        total
    }
}

/// An axis of `size` elements that are `inner` apart, in `outer` blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) outer: usize,
    pub(crate) size: usize,
    pub(crate) inner: usize,
}

/// From this many elements on, waking other threads pays.
pub(super) const PARALLEL_FROM: usize = 1 << 15;

/// Numbers of a row that are added side by side.
const LANES: usize = 16;

/// How many columns are added up together at most; their sums stay in a core's first cache.
pub(super) const WIDTH: usize = 512;

/// Narrower blocks are added up as if several of their rows were one.
pub(super) const NARROW: usize = 64;

/// From this many blocks on, each thread takes whole ones; with fewer, all work on each block.
pub(super) const BLOCKS_SIDE_BY_SIDE: usize = 8;

/// The sums along the axis: `outer * inner` totals.
pub(super) fn totals<T: Copy + Send + Sync, A: Adding<T>>(xs: &[T], span: Span) -> Vec<A::Total> {
    let Span { outer, size, inner } = span;
    let mut sums = vec![A::NONE; outer * inner];
    if xs.is_empty() || sums.is_empty() {
        return sums;
    }
    let block = size * inner;
    // Whole blocks that one thread takes at a time.
    let some = PIECE.div_ceil(block);
    let work = |(sums, xs): (&mut [A::Total], &[T])| {
        vectorized(
            #[inline(always)]
            || {
                for (sums, xs) in sums.chunks_mut(inner).beside(xs.chunks(block)) {
                    block_totals::<T, A>(xs, inner, sums);
                }
            },
        );
    };
    if xs.len() < PARALLEL_FROM {
        work((&mut sums, xs));
    } else if outer >= BLOCKS_SIDE_BY_SIDE {
        threads::pieces(&mut sums, some * inner, 1, &|index, sums| {
            work((sums, &xs[index * some * block..]));
        });
    } else {
        let blocks = sums.chunks_mut(inner).beside(xs.chunks(block));
        blocks.for_each(|(sums, xs)| shared_totals::<T, A>(xs, inner, sums));
    }
    sums
}

/// Shares one block between threads: in pieces of some columns and some rows.
fn shared_totals<T: Copy + Send + Sync, A: Adding<T>>(
    xs: &[T],
    inner: usize,
    sums: &mut [A::Total],
) {
    if inner < NARROW {
        let parts = of_pieces(xs, PIECE / inner * inner, |xs| {
            let mut sums = vec![A::NONE; inner];
            vectorized(
                #[inline(always)]
                || block_totals::<T, A>(xs, inner, &mut sums),
            );
            sums
        });
        return add_all::<T, A>(sums, parts);
    }
    let rows = (2 * PIECE).div_ceil(inner.min(WIDTH)).next_multiple_of(4);
    let tiles = inner.div_ceil(WIDTH);
    let parts = threads::collect(xs.len().div_ceil(rows * inner) * tiles, 1, |index| {
        let (first, tile) = (index / tiles * rows * inner, index % tiles);
        let xs = &xs[first..xs.len().min(first + rows * inner)];
        let mut part = vec![A::NONE; WIDTH.min(inner - tile * WIDTH)];
        vectorized(
            #[inline(always)]
            || add_columns::<T, A>(&xs[tile * WIDTH..], inner, &mut part),
        );
        part
    });
    for (index, part) in parts.into_iter().enumerate() {
        add_all::<T, A>(&mut sums[index % tiles * WIDTH..], [part]);
    }
}

/// What `work` gives for each piece of `size` numbers.
fn of_pieces<T: Sync, R: Send>(xs: &[T], size: usize, work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    threads::collect(xs.len().div_ceil(size), 1, |index| {
        work(&xs[index * size..xs.len().min((index + 1) * size)])
    })
}

fn add_all<T: Copy + Send + Sync, A: Adding<T>>(
    sums: &mut [A::Total],
    parts: impl IntoIterator<Item = Vec<A::Total>>,
) {
    for part in parts {
        sums.iter_mut().beside(part).for_each(|(sum, part)| *sum = A::add(*sum, part));
    }
}

/// Adds the rows of one block, each of `inner` numbers, to `sums`.
#[inline(always)]
fn block_totals<T: Copy + Send + Sync, A: Adding<T>>(
    xs: &[T],
    inner: usize,
    sums: &mut [A::Total],
) {
    if inner == 1 {
        sums[0] = A::add(sums[0], row_total::<T, A>(xs));
    } else if inner < NARROW && xs.len() >= 2 * NARROW {
        let joined = NARROW / inner * inner;
        let whole = xs.len() / joined * joined;
        let mut wide = [A::NONE; NARROW];
        add_columns::<T, A>(&xs[..whole], joined, &mut wide[..joined]);
        for row in wide[..joined].chunks_exact(inner) {
            sums.iter_mut().beside(row).for_each(|(sum, part)| *sum = A::add(*sum, *part));
        }
        add_columns::<T, A>(&xs[whole..], inner, sums);
    } else {
        for (tile, sums) in sums.chunks_mut(WIDTH).enumerate() {
            add_columns::<T, A>(&xs[tile * WIDTH..], inner, sums);
        }
    }
}

/// The sum of four numbers, wide.
#[inline(always)]
fn four<T: Copy + Send + Sync, A: Adding<T>>([a, b, c, d]: [T; 4]) -> A::Total {
    A::widen(A::plus(A::plus(a, b), A::plus(c, d)))
}

/// The sum of neighbours.
#[inline(always)]
fn row_total<T: Copy + Send + Sync, A: Adding<T>>(xs: &[T]) -> A::Total {
    let blocks = xs.chunks_exact(4 * LANES);
    let fours = blocks.remainder().chunks_exact(4);
    let rest = fours.remainder().iter();
    let rest = rest.fold(A::NONE, |rest, x| A::add(rest, A::widen(*x)));
    let rest = fours.fold(rest, |rest, x| A::add(rest, four::<T, A>([x[0], x[1], x[2], x[3]])));
    if xs.len() < 4 * LANES {
        return rest;
    }
    let mut totals = [A::NONE; LANES];
    for block in blocks {
        let row = |index: usize| &block[index * LANES..][..LANES];
        let (a, b, c, d) = (row(0), row(1), row(2), row(3));
        for (lane, total) in totals.iter_mut().enumerate() {
            *total = A::add(*total, four::<T, A>([a[lane], b[lane], c[lane], d[lane]]));
        }
    }
    totals.into_iter().fold(rest, A::add)
}

/// Adds up to [`WIDTH`] columns: for each sum, the elements that are `step` apart.
#[inline(always)]
fn add_columns<T: Copy + Send + Sync, A: Adding<T>>(xs: &[T], step: usize, sums: &mut [A::Total]) {
    let width = sums.len();
    for rows in xs.chunks(4 * step) {
        if rows.len() >= 3 * step + width {
            let row = |index: usize| rows[index * step..][..width].iter();
            let rows = row(0).beside(row(1)).beside(row(2).beside(row(3)));
            for (sum, ((a, b), (c, d))) in sums.iter_mut().beside(rows) {
                *sum = A::add(*sum, four::<T, A>([*a, *b, *c, *d]));
            }
        } else {
            for row in rows.chunks(step).filter(|row| row.len() >= width) {
                for (sum, x) in sums.iter_mut().beside(row) {
                    *sum = A::add(*sum, A::widen(*x));
                }
            }
        }
    }
}
