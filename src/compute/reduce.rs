//! The one reduction of an operation's values: all of them, or their sum over a divisor.
//!
//! Losses write their values through [`reduced`], on all cores. A sum is added up in `f64`, block by block and piece
//! by piece in order, so that it doesn't drift and doesn't depend on the number of threads. The gradients of rows of
//! neighbours are written through [`rows`].

use candle_core::{Result, Shape};

use super::beside::Beside;
use super::loops::fill;
use super::number::Number;
use super::sums::{sum_lanes, sum_pieces};

/// A reduction with its numbers filled in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Outcome {
    /// All values.
    Each,
    /// The sum of all values, divided by this number.
    Over(f64),
}

impl Outcome {
    /// The gradient of one value, from the gradient of the result.
    #[inline(always)]
    pub(crate) fn gradient<T: Number>(self, gradient: &[T], index: usize) -> T {
        match self {
            Outcome::Each => gradient[index],
            Outcome::Over(divisor) => T::of(gradient[0].wide() / divisor),
        }
    }
}

/// How many blocks are written before they are added up, so that small ones don't wait for calls. With what they are
/// computed from they stay in the first-level cache.
const AT_ONCE: usize = 4;

/// How values are cut: one thread writes a piece at a time, and adds up each block of it on its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) piece: usize,
    pub(crate) block: usize,
}

impl Cut {
    /// Pieces that are added up whole.
    pub(crate) fn pieces(piece: usize) -> Cut {
        Cut { piece, block: piece }
    }
}

/// The result of an operation with values of the given shape. `write` writes all values from an index on, and is
/// vectorized if it inlines.
#[inline(always)]
pub(crate) fn reduced<T: Number>(
    outcome: Outcome,
    shape: &Shape,
    cut: Cut,
    write: impl Fn(usize, &mut [T]) -> Result<()> + Sync,
) -> Result<(Vec<T>, Shape)> {
    let divisor = match outcome {
        Outcome::Each => None,
        Outcome::Over(divisor) => Some(move |_| divisor),
    };
    reduced_by(
        divisor,
        shape,
        cut,
        #[inline(always)]
        |start, values| write(start, values).map(|()| 0.0),
    )
}

/// [`reduced`] where what the sum is divided by is known only after the pass: `divisor`, if there is one, gets the sum
/// of what `write` returns.
#[inline(always)]
pub(crate) fn reduced_by<T: Number>(
    divisor: Option<impl FnOnce(f64) -> f64>,
    shape: &Shape,
    cut: Cut,
    write: impl Fn(usize, &mut [T]) -> Result<f64> + Sync,
) -> Result<(Vec<T>, Shape)> {
    // Called by way of a pointer, so that the loop in it is compiled once, for all values and for their sum.
    let write: &Write<'_, T> = &|start, values| {
        T::vectorized(
            #[inline(always)]
            || write(start, values),
        )
    };
    let Some(divisor) = divisor else { return all(shape, cut, write) };
    let [sum, counted] = sum(shape.elem_count(), cut, write)?;
    Ok((vec![T::of(sum / divisor(counted))], Shape::from(())))
}

/// Writes all values from an index on, and returns what is to be counted of them.
type Write<'a, T> = dyn Fn(usize, &mut [T]) -> Result<f64> + Sync + 'a;

fn all<T: Number>(shape: &Shape, cut: Cut, write: &Write<'_, T>) -> Result<(Vec<T>, Shape)> {
    let write = |start: usize, values: &mut [T]| write(start, values).map(|_| ());
    Ok((fill(shape.elem_count(), cut.piece, write)?, shape.clone()))
}

/// The sum of `len` values, and of what is counted of them.
fn sum<T: Number>(len: usize, cut: Cut, write: &Write<'_, T>) -> Result<[f64; 2]> {
    sum_pieces(len, cut.piece, |range| {
        let mut values = vec![T::ZERO; (cut.block * AT_ONCE).min(range.len())];
        let mut sums = [0.0; 2];
        for start in range.clone().step_by(cut.block * AT_ONCE) {
            let count = values.len().min(range.end - start);
            let values = &mut values[..count];
            sums[1] += write(start, values)?;
            add_blocks(values, cut.block, &mut sums[0]);
        }
        Ok(sums)
    })
}

/// Adds each block to the sum.
fn add_blocks<T: Number>(values: &[T], block: usize, sum: &mut f64) {
    T::vectorized(
        #[inline(always)]
        || {
            for block in values.chunks(block) {
                *sum += sum_lanes(block);
            }
        },
    );
}

/// A row of `size` numbers for each position, `len` numbers in all, one thread at work on `piece` positions at a time.
/// `write` gets the position and its row of zeros.
pub(crate) fn rows<T: Number>(
    len: usize,
    size: usize,
    piece: usize,
    write: impl Fn(usize, &mut [T]) -> Result<()> + Sync,
) -> Result<Vec<T>> {
    fill(len, piece * size, |begin, rows| {
        let mut positions = rows.chunks_mut(size).beside(begin / size..);
        positions.try_for_each(|(row, position)| write(position, row))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUT: Cut = Cut { piece: 1000, block: 100 };

    fn tenths(outcome: Outcome, len: usize) -> Vec<f32> {
        let write = |_: usize, values: &mut [f32]| {
            values.fill(0.1);
            Ok(())
        };
        reduced(outcome, &Shape::from(len), CUT, write).unwrap().0
    }

    #[test]
    fn sums_do_not_drift_and_nothing_sums_to_nothing() {
        assert_eq!(tenths(Outcome::Over(1.0), 10_000_000), [1_000_000.0]);
        assert_eq!(tenths(Outcome::Over(2_345.0), 2_345), [0.1]);
        assert_eq!(tenths(Outcome::Each, 2_345), [0.1; 2_345]);
        assert!(tenths(Outcome::Each, 0).is_empty());
        assert_eq!(tenths(Outcome::Over(1.0), 0), [0.0]);
        assert!(tenths(Outcome::Over(0.0), 0)[0].is_nan());
    }

    #[test]
    fn a_divisor_may_be_what_the_values_count() {
        let write = |start: usize, values: &mut [f64]| {
            values.iter_mut().zip(start..).for_each(|(value, index)| *value = index as f64);
            Ok(2.0 * values.len() as f64)
        };
        let counted = |counted: f64| counted;
        let (values, shape) = reduced_by(Some(counted), &Shape::from(2_001), CUT, write).unwrap();
        assert_eq!((values, shape.dims()), (vec![500.0], &[][..]));
    }

    #[test]
    fn rows_know_their_positions() {
        let write = |position: usize, row: &mut [f32]| {
            row[1] = position as f32;
            Ok(())
        };
        assert_eq!(rows(8, 2, 3, write).unwrap(), [0.0, 0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0]);
        assert!(rows(0, 0, 3, write).unwrap().is_empty());
    }
}
