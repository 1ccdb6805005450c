//! What Adafactor, LBFGS and Muon need of long vectors: products, multiples, the largest, on all cores.
//!
//! The sums are those of `compute/sums.rs`; the loops that change numbers in place are in `sweep.rs`.

use crate::compute::beside::Beside;
use crate::compute::loops::{PARALLEL_FROM, vectorized};
use crate::compute::number::Number;
use crate::compute::sums::{dot_by, sum_by};
use crate::compute::threads;

/// How many numbers are compared side by side.
const LANES: usize = 16;

/// The sum of squares, on this core.
#[inline(always)]
pub(super) fn square_sum<T: Number>(numbers: &[T]) -> f64 {
    sum_by(numbers, |number| number * number)
}

/// The sum of products, on all cores.
pub(super) fn dot<T: Number>(a: &[T], b: &[T]) -> f64 {
    if a.len() < PARALLEL_FROM {
        return vectorized(
            #[inline(always)]
            || dot_by(a, b, |a, b| a * b),
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
            for (y, x) in y.iter_mut().beside(x) {
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
                for (lane, number) in lanes.iter_mut().beside(block) {
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
