//! Softmax and its gradient over the rows of an axis: maxima, exponentials, sums, in vectors.
//!
//! Rows whose elements lie side by side are taken several at a time, as many as stay in a core's
//! own cache; a row that is too long for that is itself shared between cores. Along any other axis
//! the neighbouring rows of a tile are taken together, so that every loop runs over neighbours.

use rayon::prelude::*;

use super::loops::{self, CHUNK, Loop, each};
use super::unary_math::{Number, exp};

/// How many elements a few loops pass over, one after the other, while a core's own cache holds
/// them.
const PIECE: usize = 4096;

/// How many columns a tile has at most.
const TILE: usize = 1024;

/// Into how many tiles a block is cut where it is wide enough, for as many cores.
const TILES: usize = 8;

/// Independent partial results of a loop over a row.
const LANES: usize = 16;

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
        // An axis of size 0 leaves no elements, and can't be divided by.
        if xs.is_empty() {
            return Vec::new();
        }
        if self.inner == 1 && self.size <= CHUNK {
            let group = self.group();
            return loops::by_pieces(xs.len(), group, |index, ys| {
                let xs = &xs[index * group..][..ys.len()];
                loops::run(Forward { rows: *self, xs, ys });
            });
        }
        let mut ys = loops::zeros(xs.len());
        if self.inner > 1 {
            each(xs.len(), self.tiles(&mut ys), |tile| {
                loops::run(ForwardTile { rows: *self, xs: &xs[tile.first..], ys: tile.parts });
            });
        } else {
            let rows = ys.chunks_mut(self.size).zip(xs.chunks(self.size));
            rows.for_each(|(ys, xs)| self.long_forward(xs, ys));
        }
        ys
    }

    /// The gradients of the inputs, from the results `ys` and their gradients `gs`.
    pub(super) fn backward<T: Number>(&self, ys: &[T], gs: &[T]) -> Vec<T> {
        if ys.is_empty() {
            return Vec::new();
        }
        if self.inner == 1 && self.size <= CHUNK {
            let group = self.group();
            return loops::by_pieces(ys.len(), group, |index, out| {
                let range = index * group..index * group + out.len();
                let (ys, gs) = (&ys[range.clone()], &gs[range]);
                loops::run(Backward { rows: *self, ys, gs, out });
            });
        }
        let mut out = loops::zeros(ys.len());
        if self.inner > 1 {
            each(ys.len(), self.tiles(&mut out), |tile| {
                let (ys, gs) = (&ys[tile.first..], &gs[tile.first..]);
                loops::run(BackwardTile { rows: *self, ys, gs, out: tile.parts });
            });
        } else {
            let rows = out.chunks_mut(self.size).zip(ys.chunks(self.size));
            for ((out, ys), gs) in rows.zip(gs.chunks(self.size)) {
                self.long_backward(ys, gs, out);
            }
        }
        out
    }

    /// The elements of the rows that are worked on together.
    fn group(&self) -> usize {
        (PIECE / self.size).max(1) * self.size
    }

    /// Shares one row between cores: first its maximum, then its exponentials and their sum, then
    /// its results.
    fn long_forward<T: Number>(&self, xs: &[T], ys: &mut [T]) {
        let maxima = xs.par_chunks(CHUNK).map(|xs| loops::run(Max { rows: *self, xs }));
        let max = maxima.reduce(|| -T::of(f64::INFINITY), larger);
        let pieces = ys.par_chunks_mut(CHUNK).zip(xs.par_chunks(CHUNK));
        let sum = pieces
            .map(|(ys, xs)| loops::run(Exponentials { rows: *self, xs, ys, max }))
            .sum::<f64>();
        ys.par_chunks_mut(CHUNK).for_each(|ys| loops::run(Finish { rows: *self, ys, sum }));
    }

    fn long_backward<T: Number>(&self, ys: &[T], gs: &[T], out: &mut [T]) {
        let pieces = ys.par_chunks(CHUNK).zip(gs.par_chunks(CHUNK));
        let sum = pieces.map(|(ys, gs)| loops::run(Dot { rows: *self, ys, gs })).sum::<f64>();
        let pieces = out.par_chunks_mut(CHUNK).zip(ys.par_chunks(CHUNK));
        pieces.zip(gs.par_chunks(CHUNK)).for_each(|((out, ys), gs)| {
            loops::run(Subtract { rows: *self, ys, gs, out, sum });
        });
    }

    /// The tiles of all blocks.
    fn tiles<'a, T: Number>(&self, outputs: &'a mut [T]) -> Vec<ColumnTile<'a, T>> {
        let block = self.size * self.inner;
        let width = self.inner.div_ceil(TILES).next_multiple_of(LANES).clamp(4 * LANES, TILE);
        let mut tiles = Vec::new();
        for (index, outputs) in outputs.chunks_mut(block).enumerate() {
            let of_block = tiles.len();
            for start in (0..self.inner).step_by(width) {
                let parts = Vec::with_capacity(self.size);
                tiles.push(ColumnTile { first: index * block + start, parts });
            }
            for row in outputs.chunks_mut(self.inner) {
                for (part, tile) in row.chunks_mut(width).zip(&mut tiles[of_block..]) {
                    tile.parts.push(part);
                }
            }
        }
        tiles
    }

    #[inline(always)]
    fn sign<T: Number>(&self) -> T {
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
        for (ys, gs) in ys.chunks(PIECE).zip(gs.chunks(PIECE)) {
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
    fn slope<T: Number>(&self, y: T, g: T, sum: T) -> T {
        match self.kind {
            Kind::Softmax => self.sign::<T>() * (y * (g - sum)),
            Kind::LogSoftmax => self.sign::<T>() * (g - exp(y) * sum),
        }
    }
}

/// Some neighbouring columns of a block: the index of their first element, and their part of each
/// row of the output.
struct ColumnTile<'a, T> {
    first: usize,
    parts: Vec<&'a mut [T]>,
}

#[inline(always)]
fn larger<T: Number>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// Folds a row into independent lanes, so that no addition waits for the one before.
#[inline(always)]
fn fold<T: Number>(ys: &[T], gs: &[T], start: T, step: impl Fn(T, T, T) -> T) -> [T; LANES] {
    let mut lanes = [start; LANES];
    let ((ys_whole, ys_rest), (gs_whole, gs_rest)) =
        (ys.as_chunks::<LANES>(), gs.as_chunks::<LANES>());
    for (ys, gs) in ys_whole.iter().zip(gs_whole) {
        for ((lane, y), g) in lanes.iter_mut().zip(ys).zip(gs) {
            *lane = step(*lane, *y, *g);
        }
    }
    for (lane, (y, g)) in lanes.iter_mut().zip(ys_rest.iter().zip(gs_rest)) {
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
fn take_exponentials<T: Number>(ys: &[T], scratch: &mut [T; PIECE]) {
    scratch.iter_mut().zip(ys).for_each(|(taken, y)| *taken = exp(*y));
}

/// The sum of the exponentials of a row. For softmax, which is made of them, they take the place of
/// the row.
#[inline(always)]
fn sum_exponentials<T: Number>(kind: Kind, row: &mut [T]) -> f64 {
    let mut scratch = [T::ZERO; PIECE];
    let mut total = 0.0;
    for ys in row.chunks_mut(PIECE) {
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

/// The forward pass of whole rows that lie side by side.
struct Forward<'a, T> {
    rows: SoftmaxRows,
    xs: &'a [T],
    ys: &'a mut [T],
}

impl<T: Number> Loop for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Forward { rows, xs, ys } = self;
        let (size, sign) = (rows.size, rows.sign::<T>());
        for (xs, ys) in xs.chunks_exact(size).zip(ys.chunks_exact_mut(size)) {
            let max = max_of(xs, sign);
            ys.iter_mut().zip(xs).for_each(|(y, x)| *y = sign * *x - max);
        }
        if size > PIECE {
            for ys in ys.chunks_exact_mut(size) {
                let sum = sum_exponentials(rows.kind, ys);
                rows.finish(ys, sum);
            }
        } else if rows.kind == Kind::Softmax {
            // One loop over all rows, since a row may be shorter than a vector of the processor.
            ys.iter_mut().for_each(|y| *y = exp(*y));
            for ys in ys.chunks_exact_mut(size) {
                let sum = sum_of(ys);
                rows.finish(ys, sum);
            }
        } else {
            let mut scratch = [T::ZERO; PIECE];
            take_exponentials(ys, &mut scratch);
            for (ys, taken) in ys.chunks_exact_mut(size).zip(scratch.chunks_exact(size)) {
                rows.finish(ys, sum_of(taken));
            }
        }
    }
}

struct Max<'a, T> {
    rows: SoftmaxRows,
    xs: &'a [T],
}

impl<T: Number> Loop for Max<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run(self) -> T {
        max_of(self.xs, self.rows.sign())
    }
}

struct Exponentials<'a, T> {
    rows: SoftmaxRows,
    xs: &'a [T],
    ys: &'a mut [T],
    max: T,
}

impl<T: Number> Loop for Exponentials<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Exponentials { rows, xs, ys, max } = self;
        let sign = rows.sign::<T>();
        let mut total = 0.0;
        for (xs, ys) in xs.chunks(PIECE).zip(ys.chunks_mut(PIECE)) {
            ys.iter_mut().zip(xs).for_each(|(y, x)| *y = sign * *x - max);
            total += sum_exponentials(rows.kind, ys);
        }
        total
    }
}

struct Finish<'a, T> {
    rows: SoftmaxRows,
    ys: &'a mut [T],
    sum: f64,
}

impl<T: Number> Loop for Finish<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.rows.finish(self.ys, self.sum);
    }
}

struct Backward<'a, T> {
    rows: SoftmaxRows,
    ys: &'a [T],
    gs: &'a [T],
    out: &'a mut [T],
}

impl<T: Number> Loop for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Backward { rows, ys, gs, out } = self;
        let inputs = ys.chunks_exact(rows.size).zip(gs.chunks_exact(rows.size));
        for ((ys, gs), out) in inputs.zip(out.chunks_exact_mut(rows.size)) {
            let sum = T::of(rows.dot(ys, gs));
            for ((y, g), out) in ys.iter().zip(gs).zip(out) {
                *out = rows.slope(*y, *g, sum);
            }
        }
    }
}

struct Dot<'a, T> {
    rows: SoftmaxRows,
    ys: &'a [T],
    gs: &'a [T],
}

impl<T: Number> Loop for Dot<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        self.rows.dot(self.ys, self.gs)
    }
}

struct Subtract<'a, T> {
    rows: SoftmaxRows,
    ys: &'a [T],
    gs: &'a [T],
    out: &'a mut [T],
    sum: f64,
}

impl<T: Number> Loop for Subtract<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Subtract { rows, ys, gs, out, sum } = self;
        let sum = T::of(sum);
        for ((y, g), out) in ys.iter().zip(gs).zip(out) {
            *out = rows.slope(*y, *g, sum);
        }
    }
}

/// The forward pass of a tile; `xs` begins at the tile's first element.
struct ForwardTile<'a, T> {
    rows: SoftmaxRows,
    xs: &'a [T],
    ys: Vec<&'a mut [T]>,
}

impl<T: Number> Loop for ForwardTile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let ForwardTile { rows, xs, mut ys } = self;
        let sign = rows.sign::<T>();
        let width = ys.first().map_or(0, |row| row.len());
        let part = |row: usize| &xs[row * rows.inner..][..width];
        let mut maxima = [-T::of(f64::INFINITY); TILE];
        for row in 0..rows.size {
            for (max, x) in maxima.iter_mut().zip(part(row)) {
                *max = larger(sign * *x, *max);
            }
        }
        let mut sums = [0.0; TILE];
        for (row, ys) in ys.iter_mut().enumerate() {
            let columns = part(row).iter().zip(&maxima).zip(ys.iter_mut()).zip(&mut sums);
            for (((x, max), y), sum) in columns {
                let difference = sign * *x - *max;
                let power = exp(difference);
                *y = if rows.kind == Kind::Softmax { power } else { difference };
                *sum += power.wide();
            }
        }
        let mut factors = [T::ZERO; TILE];
        for (factor, sum) in factors.iter_mut().zip(&sums[..width]) {
            *factor = T::of(if rows.kind == Kind::Softmax { 1.0 / sum } else { sum.ln() });
        }
        for ys in &mut ys {
            for (y, factor) in ys.iter_mut().zip(&factors) {
                *y = if rows.kind == Kind::Softmax { *y * *factor } else { *y - *factor };
            }
        }
    }
}

struct BackwardTile<'a, T> {
    rows: SoftmaxRows,
    ys: &'a [T],
    gs: &'a [T],
    out: Vec<&'a mut [T]>,
}

impl<T: Number> Loop for BackwardTile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let BackwardTile { rows, ys, gs, mut out } = self;
        let width = out.first().map_or(0, |row| row.len());
        let part = |row: usize| row * rows.inner..row * rows.inner + width;
        let mut sums = [0.0; TILE];
        for row in 0..rows.size {
            let columns = ys[part(row)].iter().zip(&gs[part(row)]);
            for ((y, g), sum) in columns.zip(&mut sums) {
                *sum += if rows.kind == Kind::Softmax { *y * *g } else { *g }.wide();
            }
        }
        let mut narrow = [T::ZERO; TILE];
        narrow.iter_mut().zip(&sums[..width]).for_each(|(narrow, sum)| *narrow = T::of(*sum));
        for (row, out) in out.iter_mut().enumerate() {
            let columns = ys[part(row)].iter().zip(&gs[part(row)]);
            for (((y, g), sum), out) in columns.zip(&narrow).zip(out.iter_mut()) {
                *out = rows.slope(*y, *g, *sum);
            }
        }
    }
}
