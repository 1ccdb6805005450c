//! Sums over long vectors: in wide registers, on all cores, and without the drift of one long sum.
//!
//! Adafactor and LBFGS need them; the loops that change numbers in place are in `sweep.rs`.

use crate::compute::loops::{PARALLEL_FROM, vectorized};
use crate::compute::number::Number;
use crate::compute::threads;

/// How many partial sums are kept beside each other, so that they fit wide registers.
const LANES: usize = 16;
/// After how many numbers partial sums go over to `f64`.
const BLOCK: usize = 4096;

/// The sum of `term` over pairs of elements, on this core.
#[inline(always)]
pub(super) fn lane_sum<T: Number>(a: &[T], b: &[T], term: impl Fn(T, T) -> T) -> f64 {
    let of_block = |(a, b): (&[T], &[T])| {
        let mut lanes = [T::zero(); LANES];
        let (a_lanes, a_rest) = a.as_chunks::<LANES>();
        let (b_lanes, b_rest) = b.as_chunks::<LANES>();
        for (a, b) in a_lanes.iter().zip(b_lanes) {
            for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
                *lane += term(*a, *b);
            }
        }
        let rest = a_rest.iter().zip(b_rest).map(|(a, b)| term(*a, *b).to_f64()).sum::<f64>();
        lanes.iter().map(|lane| lane.to_f64()).sum::<f64>() + rest
    };
    a.chunks(BLOCK).zip(b.chunks(BLOCK)).map(of_block).sum()
}

pub(super) fn square_sum<T: Number>(numbers: &[T]) -> f64 {
    lane_sum(numbers, numbers, |a, b| a * b)
}

/// The sum of products, on all cores.
pub(super) fn dot<T: Number>(a: &[T], b: &[T]) -> f64 {
    if a.len() < PARALLEL_FROM {
        return vectorized(
            #[inline(always)]
            || lane_sum(a, b, |a, b| a * b),
        );
    }
    let middle = a.len() / 2;
    let (sum, other) =
        threads::join(|| dot(&a[..middle], &b[..middle]), || dot(&a[middle..], &b[middle..]));
    sum + other
}

/// `y ← y + factor x`, on all cores.
pub(super) fn add_scaled<T: Number>(y: &mut [T], x: &[T], factor: f64) {
    if y.len() >= PARALLEL_FROM {
        let middle = y.len() / 2;
        let (y, other_y) = y.split_at_mut(middle);
        let (x, other_x) = x.split_at(middle);
        threads::join(|| add_scaled(y, x, factor), || add_scaled(other_y, other_x, factor));
        return;
    }
    let factor = T::of(factor);
    vectorized(
        #[inline(always)]
        || {
            for (y, x) in y.iter_mut().zip(x) {
                // Rounded once, as PyTorch does it: a line search multiplies what the last bits
                // differ by.
                *y = factor.mul_add(*x, *y);
            }
        },
    );
}

/// The largest size of an element, found on all cores; nan if one is.
pub(super) fn largest<T: Number>(numbers: &[T]) -> f64 {
    if numbers.len() >= PARALLEL_FROM {
        let (left, right) = numbers.split_at(numbers.len() / 2);
        let (left, right) = threads::join(|| largest(left), || largest(right));
        return larger(left, right);
    }
    vectorized(
        #[inline(always)]
        || {
            let mut lanes = [T::ZERO; LANES];
            let blocks = numbers.chunks(LANES);
            for block in blocks {
                for (lane, number) in lanes.iter_mut().zip(block) {
                    *lane = larger(number.abs(), *lane);
                }
            }
            lanes.into_iter().fold(T::ZERO, larger).wide()
        },
    )
}

/// The larger one of two; nan if one is.
#[inline(always)]
fn larger<T: Number>(a: T, b: T) -> T {
    if (a > b) | a.is_nan() { a } else { b }
}
