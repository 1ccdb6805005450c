//! Softmax and its gradient over the rows of an axis: maxima, exponentials, sums, in vectors.
//!
//! Rows whose elements lie side by side are taken several at a time, as many as stay in a core's
//! own cache; a row that is too long for that is itself shared between cores. Along any other axis
//! the neighbouring rows of a tile are taken together, so that every loop runs over neighbours.
#![allow(clippy::needless_range_loop)] // An index runs over several slices at once.

use super::unary_math::exp;
use crate::compute::beside::Beside;
use crate::compute::loops::{self, PIECE, SMALL_PIECE, vectorized};
use crate::compute::number::Number;
use crate::compute::threads;

/// How many columns a tile has at most.
const TILE: usize = 1024;

/// How many numbers of a tile stay in a core's cache, and how few neighbouring columns pay.
const CACHED: usize = 1 << 16;
const LEAST_WIDTH: usize = 2 * LANES;

/// Into how many tiles a block is cut where it is wide enough, for as many cores.
const TILES: usize = 8;

/// Independent partial results of a loop over a row.
const LANES: usize = 16;

/// Shorter rows are gone through together.
const SHORT: usize = 64;

/// How many numbers of a column are added up in their own type; the sums of these are added in `f64`.
pub(super) const COLUMN_BLOCK: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `exp(x) / sum exp(x)`
    Softmax,
    /// `x - ln sum exp(x)`
    LogSoftmax,
}

/// A softmax along an axis of `size` elements that are `inner` apart, of `x` or of `-x`.
#[derive(Debug, Clone, Copy)]
pub(super) struct SoftmaxRows {
    pub(super) kind: Kind,
    pub(super) is_negated: bool,
    pub(super) size: usize,
    pub(super) inner: usize,
}

impl SoftmaxRows {
    /// The results for the inputs `xs`.
    pub(super) fn forward<T: Number>(&self, xs: &[T]) -> Vec<T> {
        let rows = *self;
        // An axis of size 0 leaves no elements, and can't be divided by.
        if xs.is_empty() {
            return Vec::new();
        }
        if self.inner == 1 && self.size <= PIECE {
            let group = self.group();
            return loops::by_pieces(xs.len(), group, |index, ys| {
                let xs = &xs[index * group..][..ys.len()];
                vectorized(
                    #[inline(always)]
                    move || rows.forward_rows(xs, ys),
                );
            });
        }
        if self.is_high() {
            return self.high_forward(xs);
        }
        if self.inner > 1 {
            return self.by_tiles(xs.len(), |first, ys| {
                let xs = &xs[first..];
                vectorized(
                    #[inline(always)]
                    move || rows.forward_tile(xs, ys),
                );
            });
        }
        let mut ys = loops::zeros(xs.len());
        let rows = ys.chunks_mut(self.size).beside(xs.chunks(self.size));
        rows.for_each(|(ys, xs)| self.long_forward(xs, ys));
        ys
    }

    /// The gradients of the inputs, from the results `ys` and their gradients `gs`.
    pub(super) fn backward<T: Number>(&self, ys: &[T], gs: &[T]) -> Vec<T> {
        let rows = *self;
        if ys.is_empty() {
            return Vec::new();
        }
        if self.inner == 1 && self.size <= PIECE {
            let group = self.group();
            return loops::by_pieces(ys.len(), group, |index, out| {
                let range = index * group..index * group + out.len();
                let (ys, gs) = (&ys[range.clone()], &gs[range]);
                vectorized(
                    #[inline(always)]
                    move || rows.backward_rows(ys, gs, out),
                );
            });
        }
        if self.is_high() {
            return self.high_backward(ys, gs);
        }
        if self.inner > 1 {
            return self.by_tiles(ys.len(), |first, out| {
                let (ys, gs) = (&ys[first..], &gs[first..]);
                vectorized(
                    #[inline(always)]
                    move || rows.backward_tile(ys, gs, out),
                );
            });
        }
        let mut out = loops::zeros(ys.len());
        let rows = out.chunks_mut(self.size).beside(ys.chunks(self.size));
        for ((out, ys), gs) in rows.beside(gs.chunks(self.size)) {
            self.long_backward(ys, gs, out);
        }
        out
    }

    /// The elements of the rows that are worked on together.
    fn group(&self) -> usize {
        (SMALL_PIECE / self.size).max(1) * self.size
    }

    /// Shares one row between cores: first its maximum, then its exponentials and their sum, then
    /// its results.
    fn long_forward<T: Number>(&self, xs: &[T], ys: &mut [T]) {
        let rows = *self;
        let count = xs.len().div_ceil(PIECE);
        let maxima = threads::collect(count, 1, |index| {
            let xs = piece_of(xs, index);
            vectorized(
                #[inline(always)]
                move || max_of(xs, rows.sign()),
            )
        });
        let max = maxima.into_iter().fold(-T::of(f64::INFINITY), larger);
        let mut sums = vec![0.0; count];
        let pieces = ys.chunks_mut(PIECE).beside(xs.chunks(PIECE)).beside(&mut sums);
        threads::jobs(pieces.collect(), &|((ys, xs), sum): ((&mut [T], &[T]), &mut f64)| {
            *sum = vectorized(
                #[inline(always)]
                move || rows.exponentials(xs, ys, max),
            );
        });
        let sum = sums.into_iter().sum();
        threads::pieces(ys, PIECE, 1, &|_, ys| {
            vectorized(
                #[inline(always)]
                move || rows.finish(ys, sum),
            )
        });
    }

    fn long_backward<T: Number>(&self, ys: &[T], gs: &[T], out: &mut [T]) {
        let rows = *self;
        let sums = threads::collect(ys.len().div_ceil(PIECE), 1, |index| {
            let (ys, gs) = (piece_of(ys, index), piece_of(gs, index));
            vectorized(
                #[inline(always)]
                move || rows.dot(ys, gs),
            )
        });
        // Added in their order, whichever core was the first.
        let sum = sums.into_iter().sum();
        threads::pieces(out, PIECE, 1, &|index, out| {
            let (ys, gs) = (piece_of(ys, index), piece_of(gs, index));
            vectorized(
                #[inline(always)]
                move || rows.subtract(ys, gs, out, sum),
            );
        });
    }

    /// Whether columns are too long for tiles that stay in a core's cache.
    fn is_high(&self) -> bool {
        self.inner > 1 && self.size > CACHED / LEAST_WIDTH
    }

    /// What `work` writes for each tile of some neighbouring columns, of which it gets the index of the first element
    /// and the part of each row.
    fn by_tiles<T: Number>(
        &self,
        len: usize,
        work: impl Fn(usize, Vec<&mut [T]>) + Sync + Send,
    ) -> Vec<T> {
        let width = self.inner.div_ceil(TILES).min(CACHED / self.size).next_multiple_of(LANES);
        let width = width.clamp(LEAST_WIDTH, TILE);
        loops::by_columns(len, self.size * self.inner, self.inner, width, work)
    }

    #[inline(always)]
    pub(super) fn sign<T: Number>(&self) -> T {
        if self.is_negated { -T::ONE } else { T::ONE }
    }

    /// Makes a row's results of what `ys` holds, exponentials or differences, and of the sum of
    /// exponentials.
    #[inline(always)]
    fn finish<T: Number>(&self, ys: &mut [T], sum: f64) {
        match self.kind {
            Kind::Softmax => {
                let inverse = T::of(1.0 / sum);
                ys.iter_mut().for_each(|y| *y *= inverse);
            }
            Kind::LogSoftmax => {
                let log = T::of(sum.ln());
                ys.iter_mut().for_each(|y| *y -= log);
            }
        }
    }

    /// The sum over a row that the gradient of each of its inputs needs.
    #[inline(always)]
    fn dot<T: Number>(&self, ys: &[T], gs: &[T]) -> f64 {
        let mut total = 0.0;
        for (ys, gs) in ys.chunks(SMALL_PIECE).beside(gs.chunks(SMALL_PIECE)) {
            total += match self.kind {
                Kind::Softmax => fold(ys, gs, T::ZERO, |sum, y, g| sum + y * g),
                Kind::LogSoftmax => fold(ys, gs, T::ZERO, |sum, _, g| sum + g),
            }
            .into_iter()
            .map(T::wide)
            .sum::<f64>();
        }
        total
    }

    /// The gradient of one input.
    #[inline(always)]
    pub(super) fn slope<T: Number>(&self, y: T, g: T, sum: T) -> T {
        match self.kind {
            Kind::Softmax => self.sign::<T>() * (y * (g - sum)),
            Kind::LogSoftmax => self.sign::<T>() * (g - exp(y) * sum),
        }
    }
}

/// A piece of a row that is shared between cores.
fn piece_of<T>(row: &[T], index: usize) -> &[T] {
    &row[index * PIECE..row.len().min((index + 1) * PIECE)]
}

#[inline(always)]
pub(super) fn larger<T: Number>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// Folds a row into independent lanes, so that no addition waits for the one before.
#[inline(always)]
fn fold<T: Number>(ys: &[T], gs: &[T], start: T, step: impl Fn(T, T, T) -> T) -> [T; LANES] {
    let mut lanes = [start; LANES];
    let ((ys_whole, ys_rest), (gs_whole, gs_rest)) =
        (ys.as_chunks::<LANES>(), gs.as_chunks::<LANES>());
    for (ys, gs) in ys_whole.iter().beside(gs_whole) {
        for ((lane, y), g) in lanes.iter_mut().beside(ys).beside(gs) {
            *lane = step(*lane, *y, *g);
        }
    }
    for (lane, (y, g)) in lanes.iter_mut().beside(ys_rest.iter().beside(gs_rest)) {
        *lane = step(*lane, *y, *g);
    }
    lanes
}

/// The largest element. A nan may be passed over here; every result of its row is nan all the same,
/// once the exponentials are summed.
#[inline(always)]
fn max_of<T: Number>(xs: &[T], sign: T) -> T {
    let lowest = -T::of(f64::INFINITY);
    fold(xs, xs, lowest, |max, x, _| larger(sign * x, max)).into_iter().fold(lowest, larger)
}

#[inline(always)]
fn sum_of<T: Number>(xs: &[T]) -> f64 {
    fold(xs, xs, T::ZERO, |sum, x, _| sum + x).into_iter().map(T::wide).sum()
}

/// Writes the exponentials of a piece to `scratch`.
#[inline(always)]
fn take_exponentials<T: Number>(ys: &[T], scratch: &mut [T; SMALL_PIECE]) {
    scratch.iter_mut().beside(ys).for_each(|(taken, y)| *taken = exp(*y));
}

/// The sum of the exponentials of a row. For softmax, which is made of them, they take the place of
/// the row.
#[inline(always)]
fn sum_exponentials<T: Number>(kind: Kind, row: &mut [T]) -> f64 {
    let mut scratch = [T::ZERO; SMALL_PIECE];
    let mut total = 0.0;
    for ys in row.chunks_mut(SMALL_PIECE) {
        total += match kind {
            Kind::Softmax => {
                ys.iter_mut().for_each(|y| *y = exp(*y));
                sum_of(ys)
            }
            Kind::LogSoftmax => {
                take_exponentials(ys, &mut scratch);
                sum_of(&scratch[..ys.len()])
            }
        };
    }
    total
}

/// The passes, as loops that are to be vectorized.
impl SoftmaxRows {
    /// The forward pass of whole rows that lie side by side.
    #[inline(always)]
    fn forward_rows<T: Number>(self, xs: &[T], ys: &mut [T]) {
        let (size, sign) = (self.size, self.sign::<T>());
        let pairs = xs.chunks_exact(size).beside(ys.chunks_exact_mut(size));
        if self.kind == Kind::LogSoftmax && (SHORT..=SMALL_PIECE).contains(&size) {
            for (xs, ys) in pairs {
                let max = max_of(xs, sign);
                let lanes = fold(xs, xs, T::ZERO, |sum, x, _| sum + exp(sign * x - max));
                let log = T::of(lanes.into_iter().map(T::wide).sum::<f64>().ln());
                ys.iter_mut().beside(xs).for_each(|(y, x)| *y = (sign * *x - max) - log);
            }
            return;
        }
        for (xs, ys) in pairs {
            let max = max_of(xs, sign);
            ys.iter_mut().beside(xs).for_each(|(y, x)| *y = sign * *x - max);
        }
        if size > SMALL_PIECE {
            for ys in ys.chunks_exact_mut(size) {
                let sum = sum_exponentials(self.kind, ys);
                self.finish(ys, sum);
            }
        } else if self.kind == Kind::Softmax {
            // One loop over all rows, since a row may be shorter than a vector of the processor.
            ys.iter_mut().for_each(|y| *y = exp(*y));
            for ys in ys.chunks_exact_mut(size) {
                let sum = sum_of(ys);
                self.finish(ys, sum);
            }
        } else {
            let mut scratch = [T::ZERO; SMALL_PIECE];
            take_exponentials(ys, &mut scratch);
            for (ys, taken) in ys.chunks_exact_mut(size).beside(scratch.chunks_exact(size)) {
                self.finish(ys, sum_of(taken));
            }
        }
    }

    /// The sum of the exponentials of a part of a row, which `ys` gets ready for [`finish`](Self::finish).
    #[inline(always)]
    fn exponentials<T: Number>(self, xs: &[T], ys: &mut [T], max: T) -> f64 {
        let sign = self.sign::<T>();
        let mut total = 0.0;
        for (xs, ys) in xs.chunks(SMALL_PIECE).beside(ys.chunks_mut(SMALL_PIECE)) {
            ys.iter_mut().beside(xs).for_each(|(y, x)| *y = sign * *x - max);
            total += sum_exponentials(self.kind, ys);
        }
        total
    }

    /// The backward pass of whole rows that lie side by side.
    #[inline(always)]
    fn backward_rows<T: Number>(self, ys: &[T], gs: &[T], out: &mut [T]) {
        let inputs = ys.chunks_exact(self.size).beside(gs.chunks_exact(self.size));
        for ((ys, gs), out) in inputs.beside(out.chunks_exact_mut(self.size)) {
            let sum = T::of(self.dot(ys, gs));
            for ((y, g), out) in ys.iter().beside(gs).beside(out) {
                *out = self.slope(*y, *g, sum);
            }
        }
    }

    /// The gradients of a part of a row, from the sum over all of it.
    #[inline(always)]
    fn subtract<T: Number>(self, ys: &[T], gs: &[T], out: &mut [T], sum: f64) {
        let sum = T::of(sum);
        for ((y, g), out) in ys.iter().beside(gs).beside(out) {
            *out = self.slope(*y, *g, sum);
        }
    }

    /// The forward pass of a tile; `xs` begins at the tile's first element.
    #[inline(always)]
    fn forward_tile<T: Number>(self, xs: &[T], mut ys: Vec<&mut [T]>) {
        let sign = self.sign::<T>();
        let width = ys.first().map_or(0, |row| row.len());
        let part = |row: usize| &xs[row * self.inner..][..width];
        let mut maxima = [-T::of(f64::INFINITY); TILE];
        for row in 0..self.size {
            for (max, x) in maxima.iter_mut().beside(part(row)) {
                *max = larger(sign * *x, *max);
            }
        }
        let mut sums = [0.0; TILE];
        for (block, ys) in ys.chunks_mut(COLUMN_BLOCK).enumerate() {
            let mut some = [T::ZERO; TILE];
            for (row, ys) in (block * COLUMN_BLOCK..).beside(ys) {
                // Slices of one length under one index: of several ends the compiler makes no vectors.
                let (x, max) = (&part(row)[..width], &maxima[..width]);
                let (y, some) = (&mut ys[..width], &mut some[..width]);
                for at in 0..width {
                    let difference = sign * x[at] - max[at];
                    let power = exp(difference);
                    y[at] = if self.kind == Kind::Softmax { power } else { difference };
                    some[at] += power;
                }
            }
            sums.iter_mut().beside(&some[..width]).for_each(|(sum, some)| *sum += some.wide());
        }
        let mut factors = [T::ZERO; TILE];
        for (factor, sum) in factors.iter_mut().beside(&sums[..width]) {
            *factor = T::of(if self.kind == Kind::Softmax { 1.0 / sum } else { sum.ln() });
        }
        for ys in &mut ys {
            for (y, factor) in ys.iter_mut().beside(&factors) {
                *y = if self.kind == Kind::Softmax { *y * *factor } else { *y - *factor };
            }
        }
    }

    /// The backward pass of a tile.
    #[inline(always)]
    fn backward_tile<T: Number>(self, ys: &[T], gs: &[T], mut out: Vec<&mut [T]>) {
        let width = out.first().map_or(0, |row| row.len());
        let part = |row: usize| row * self.inner..row * self.inner + width;
        let mut sums = [0.0; TILE];
        for first in (0..self.size).step_by(COLUMN_BLOCK) {
            let mut some = [T::ZERO; TILE];
            for row in first..self.size.min(first + COLUMN_BLOCK) {
                let (y, g) = (&ys[part(row)][..width], &gs[part(row)][..width]);
                let some = &mut some[..width];
                for at in 0..width {
                    some[at] += if self.kind == Kind::Softmax { y[at] * g[at] } else { g[at] };
                }
            }
            sums.iter_mut().beside(&some[..width]).for_each(|(sum, some)| *sum += some.wide());
        }
        let mut narrow = [T::ZERO; TILE];
        narrow.iter_mut().beside(&sums[..width]).for_each(|(narrow, sum)| *narrow = T::of(*sum));
        for (row, out) in out.iter_mut().enumerate() {
            let (y, g) = (&ys[part(row)][..width], &gs[part(row)][..width]);
            let (sum, out) = (&narrow[..width], &mut out[..width]);
            for at in 0..width {
                out[at] = self.slope(y[at], g[at], sum[at]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_row_does_not_depend_on_the_number_of_threads() {
        let xs = (0..20 * PIECE).map(|index| (index as f64).sin()).collect::<Vec<_>>();
        let rows = SoftmaxRows { kind: Kind::Softmax, is_negated: false, size: xs.len(), inner: 1 };
        let with_threads = |count: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
            pool.install(|| {
                let ys = rows.forward(&xs);
                let gradients = rows.backward(&ys, &xs);
                (ys, gradients)
            })
        };
        let expected = with_threads(1);
        for count in [2, 3, 8] {
            assert!(with_threads(count) == expected, "{count} threads");
        }
    }
}
