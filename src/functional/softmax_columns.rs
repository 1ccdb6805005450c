//! Softmax along an axis whose columns are too long for a core's cache: row by row, in three passes over all rows.
//!
//! Each thread takes some rows; the columns' maxima and sums of the rows are put together in the rows' order. Shorter columns and rows
//! of neighbours are in `softmax_rows.rs`, which calls this.
#![allow(clippy::needless_range_loop)] // An index runs over several slices at once.

use super::softmax_rows::{COLUMN_BLOCK, Kind, SoftmaxRows, larger};
use super::unary_math::exp;
use crate::compute::beside::Beside;
use crate::compute::loops::{self, PIECE, vectorized};
use crate::compute::number::Number;
use crate::compute::room::Room;
use crate::compute::threads;

/// What the rows of each block of columns have in common.
struct Columns<T> {
    maxima: Vec<T>,
    /// What a column's exponentials are multiplied by, or what is taken from its differences.
    factors: Vec<T>,
}

impl SoftmaxRows {
    pub(super) fn high_forward<T: Number>(&self, xs: &[T]) -> Vec<T> {
        let (inner, sign) = (self.inner, self.sign::<T>());
        let blocks = xs.chunks(self.size * inner).map(|xs| self.columns(xs)).collect::<Vec<_>>();
        self.written(
            xs.len(),
            #[inline(always)]
            |row, room| {
                let Columns { maxima, factors } = &blocks[row / self.size];
                let columns = xs[row * inner..][..inner].iter().beside(maxima).beside(factors);
                match self.kind {
                    Kind::Softmax => room.each(
                        columns,
                        #[inline(always)]
                        move |((x, max), factor)| exp(sign * *x - *max) * *factor,
                    ),
                    Kind::LogSoftmax => room.each(
                        columns,
                        #[inline(always)]
                        move |((x, max), factor)| sign * *x - *max - *factor,
                    ),
                }
            },
        )
    }

    pub(super) fn high_backward<T: Number>(&self, ys: &[T], gs: &[T]) -> Vec<T> {
        let (rows, inner, block) = (*self, self.inner, self.size * self.inner);
        let blocks = ys.chunks(block).beside(gs.chunks(block)).map(|(ys, gs)| {
            let sums = self.column_sums(
                ys.len(),
                #[inline(always)]
                |row, sums: &mut [T]| {
                    let range = row * inner..(row + 1) * inner;
                    let (y, g) = (&ys[range.clone()][..inner], &gs[range][..inner]);
                    let sums = &mut sums[..inner];
                    for at in 0..inner {
                        sums[at] += if rows.kind == Kind::Softmax { y[at] * g[at] } else { g[at] };
                    }
                },
            );
            sums.into_iter().map(T::of).collect::<Vec<_>>()
        });
        let blocks = blocks.collect::<Vec<_>>();
        self.written(
            ys.len(),
            #[inline(always)]
            |row, room| {
                let range = row * inner..(row + 1) * inner;
                let columns =
                    ys[range.clone()].iter().beside(&gs[range]).beside(&blocks[row / self.size]);
                room.each(
                    columns,
                    #[inline(always)]
                    move |((y, g), sum)| rows.slope(*y, *g, *sum),
                );
            },
        )
    }

    /// All rows, of which `write` writes each.
    fn written<T: Number>(
        &self,
        len: usize,
        write: impl Fn(usize, &mut Room<'_, T>) + Sync,
    ) -> Vec<T> {
        loops::appended(len, loops::rows_of(self.inner) * self.inner, |start, room| {
            let rows = start / self.inner..(start + room.left()) / self.inner;
            vectorized(
                #[inline(always)]
                || {
                    for row in rows {
                        write(row, room);
                    }
                },
            );
        })
    }

    fn columns<T: Number>(&self, xs: &[T]) -> Columns<T> {
        let (inner, sign) = (self.inner, self.sign::<T>());
        let size = self.some_rows() * inner;
        let parts = threads::collect(xs.len().div_ceil(size), 1, |index| {
            vectorized(
                #[inline(always)]
                || {
                    let mut maxima = vec![-T::INFINITY; inner];
                    let xs = &xs[index * size..xs.len().min((index + 1) * size)];
                    for xs in xs.chunks_exact(inner) {
                        for (max, x) in maxima.iter_mut().beside(xs) {
                            *max = larger(sign * *x, *max);
                        }
                    }
                    maxima
                },
            )
        });
        let mut maxima = vec![-T::INFINITY; inner];
        for part in parts {
            maxima.iter_mut().beside(part).for_each(|(max, part)| *max = larger(part, *max));
        }
        let sums = self.column_sums(
            xs.len(),
            #[inline(always)]
            |row, sums: &mut [T]| {
                let (x, max) = (&xs[row * inner..][..inner], &maxima[..inner]);
                let sums = &mut sums[..inner];
                for at in 0..inner {
                    sums[at] += exp(sign * x[at] - max[at]);
                }
            },
        );
        let factor = |sum: f64| match self.kind {
            Kind::Softmax => 1.0 / sum,
            Kind::LogSoftmax => sum.ln(),
        };
        let factors = sums.into_iter().map(|sum| T::of(factor(sum))).collect();
        Columns { maxima, factors }
    }

    /// For each column the sum of what `add` adds for each row: of a few rows in their own type, of all in `f64`.
    fn column_sums<T: Number>(&self, len: usize, add: impl Fn(usize, &mut [T]) + Sync) -> Vec<f64> {
        let (some, inner) = (self.some_rows(), self.inner);
        let rows = len / inner;
        let parts = threads::collect(rows.div_ceil(some), 1, |index| {
            let mut totals = vec![0.0; inner];
            let mut sums = vec![T::ZERO; inner];
            vectorized(
                #[inline(always)]
                || {
                    let end = rows.min((index + 1) * some);
                    for first in (index * some..end).step_by(COLUMN_BLOCK) {
                        sums.fill(T::ZERO);
                        for row in first..end.min(first + COLUMN_BLOCK) {
                            add(row, &mut sums);
                        }
                        for (total, sum) in totals.iter_mut().beside(&sums) {
                            *total += sum.wide();
                        }
                    }
                },
            );
            totals
        });
        let mut totals = vec![0.0; inner];
        for part in parts {
            totals.iter_mut().beside(part).for_each(|(total, part)| *total += part);
        }
        totals
    }

    /// How many rows one thread takes at a time.
    fn some_rows(&self) -> usize {
        (PIECE / self.inner).next_multiple_of(COLUMN_BLOCK).max(COLUMN_BLOCK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_columns_are_those_of_tiles() {
        for (kind, is_negated) in [Kind::Softmax, Kind::LogSoftmax].into_iter().zip([false, true]) {
            let rows = SoftmaxRows { kind, is_negated, size: 300, inner: 20 };
            let xs = (0..2 * 300 * 20).map(|index| (index as f64 * 0.7).sin()).collect::<Vec<_>>();
            let (ys, high) = (rows.forward(&xs), rows.high_forward(&xs));
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12 * a.abs().max(1e-3);
            assert!(ys.iter().zip(&high).all(near));
            let (gs, high) = (rows.backward(&ys, &xs), rows.high_backward(&ys, &xs));
            assert!(gs.iter().zip(&high).all(near));
        }
    }
}
