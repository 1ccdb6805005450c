//! Losses that are written piece by piece, on all cores, and kept or added up as the reduction says.
//!
//! `elementwise.rs` adds up smaller blocks on its own; losses whose divisor is known only after the pass
//! (`nll.rs`, `cross_entropy.rs`) do so too.

use candle_core::{Result, Shape};

use crate::compute::loops::{fill_pieces, sum_lanes, sum_pieces};
use crate::compute::number::Number;
use crate::nn::reduction::Outcome;

/// The result of a loss of the given shape; `write` writes the losses from an index on.
pub(super) fn reduced<R: Number>(
    outcome: Outcome,
    shape: &Shape,
    piece: usize,
    write: impl Fn(usize, &mut [R]) -> Result<()> + Sync,
) -> Result<(Vec<R>, Shape)> {
    match outcome {
        Outcome::Each => {
            let mut losses = vec![R::zero(); shape.elem_count()];
            fill_pieces(&mut losses, piece, write)?;
            Ok((losses, shape.clone()))
        }
        Outcome::Over(divisor) => {
            let [sum] = sum_pieces(shape.elem_count(), piece, |range| {
                let mut losses = vec![R::zero(); range.len()];
                write(range.start, &mut losses)?;
                Ok([sum_lanes(&losses)])
            })?;
            Ok((vec![R::of(sum / divisor)], Shape::from(())))
        }
    }
}
