//! Sums on one core, on lanes that a processor adds side by side, and without the drift of one long sum.
//!
//! Blocks are added in the numbers' own type, the sums of blocks in `f64`; [`sum_lanes`] adds all in `f64`. What goes
//! over many cores is [`sum_pieces`]: pieces of a fixed size, added in order, so that a sum doesn't depend on the number
//! of threads. Sums along the axes of a tensor are in `functional/totals.rs`.

use std::ops::Range;

use candle_core::{Result, WithDType};

use super::beside::Beside;
use super::threads;

/// Numbers that are added side by side.
const LANES: usize = 16;

/// Numbers of a lane that are added up in their own type.
const BLOCK: usize = 64;

/// The sums over all pieces of `0..len` of the numbers that `work` gives for a piece.
pub(crate) fn sum_pieces<const N: usize>(
    len: usize,
    piece: usize,
    work: impl Fn(Range<usize>) -> Result<[f64; N]> + Sync,
) -> Result<[f64; N]> {
    sum_pieces_by(len, piece, &work)
}

/// [`sum_pieces`], compiled once for all works.
fn sum_pieces_by<const N: usize>(
    len: usize,
    piece: usize,
    work: &(dyn Fn(Range<usize>) -> Result<[f64; N]> + Sync),
) -> Result<[f64; N]> {
    if len <= piece {
        return work(0..len);
    }
    let sums = threads::collect(len.div_ceil(piece), 1, |index| {
        work(index * piece..((index + 1) * piece).min(len))
    });
    let mut total = [0.0; N];
    for sum in sums {
        total.iter_mut().beside(sum?).for_each(|(total, sum)| *total += sum);
    }
    Ok(total)
}

/// The sum of numbers, added up in `f64` on eight lanes.
#[inline(always)]
pub(crate) fn sum_lanes<T: WithDType>(values: &[T]) -> f64 {
    let mut lanes = [0.0; 8];
    let blocks = values.chunks_exact(8);
    let rest = blocks.remainder().iter().map(|value| value.to_f64()).sum::<f64>();
    for block in blocks {
        for (lane, value) in lanes.iter_mut().beside(block) {
            *lane += value.to_f64();
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// The sum of `len` values, which doesn't drift: blocks are added in the numbers' own type, in
/// lanes that a processor adds side by side, and the sums of blocks in `f64`.
#[inline(always)]
pub(crate) fn sum_of<T: WithDType>(len: usize, value: impl Fn(usize) -> T) -> f64 {
    let mut total = 0.0;
    for start in (0..len).step_by(BLOCK * LANES) {
        let end = len.min(start + BLOCK * LANES);
        let mut lanes = [T::zero(); LANES];
        let whole = start + (end - start) / LANES * LANES;
        for first in (start..whole).step_by(LANES) {
            for (lane, sum) in lanes.iter_mut().enumerate() {
                *sum += value(first + lane);
            }
        }
        total += (whole..end).map(|index| value(index).to_f64()).sum::<f64>();
        total += lanes.iter().map(|lane| lane.to_f64()).sum::<f64>();
    }
    total
}

/// The sum of what `term` makes of neighbours; it doesn't drift.
#[inline(always)]
pub(crate) fn sum_by<T: WithDType>(xs: &[T], term: impl Fn(T) -> T) -> f64 {
    dot_by(xs, xs, |x, _| term(x))
}

/// The sum of what `term` makes of pairs of neighbours; it doesn't drift.
#[inline(always)]
pub(crate) fn dot_by<T: WithDType>(xs: &[T], ys: &[T], term: impl Fn(T, T) -> T) -> f64 {
    let mut totals = [0.0; LANES];
    let mut rest = 0.0;
    for (xs, ys) in xs.chunks(BLOCK * LANES).beside(ys.chunks(BLOCK * LANES)) {
        let (rows_x, rows_y) = (xs.chunks_exact(LANES), ys.chunks_exact(LANES));
        for (x, y) in rows_x.remainder().iter().beside(rows_y.remainder()) {
            rest += term(*x, *y).to_f64();
        }
        let mut lanes = [T::zero(); LANES];
        for (xs, ys) in rows_x.beside(rows_y) {
            for ((lane, x), y) in lanes.iter_mut().beside(xs).beside(ys) {
                *lane += term(*x, *y);
            }
        }
        totals.iter_mut().beside(lanes).for_each(|(total, lane)| *total += lane.to_f64());
    }
    if xs.len() < LANES { rest } else { totals.iter().sum::<f64>() + rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_pieces_are_the_same_for_any_number_of_threads() {
        let numbers = (0..100 * 1000).map(|index| (index as f64).sin()).collect::<Vec<_>>();
        let with_threads = |count: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
            pool.install(|| {
                sum_pieces(numbers.len(), 1000, |range| Ok([sum_lanes(&numbers[range])])).unwrap()
            })
        };
        let expected = with_threads(1);
        assert!([2, 3, 8].into_iter().all(|count| with_threads(count) == expected));
    }

    #[test]
    fn the_sums_do_not_drift_and_leave_nothing_out() {
        for len in [0, 1, 15, 16, 17, 1023, 1024, 1025, 50_000] {
            let numbers = (0..len).map(|index| (index % 7) as f32 + 0.1).collect::<Vec<_>>();
            let expected = numbers.iter().map(|number| f64::from(*number)).sum::<f64>();
            let products = numbers.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>();
            let near = |found: f64, expected: f64| (found - expected).abs() <= 1e-6 * expected;
            assert!(near(sum_lanes(&numbers), expected), "{len}");
            assert!(near(sum_of(len, |index| numbers[index]), expected), "{len}");
            assert!(near(sum_by(&numbers, |x| x), expected), "{len}");
            assert!(near(dot_by(&numbers, &numbers, |x, y| x * y), products), "{len}");
        }
    }
}
