//! Cross entropy of logits against class probabilities.
#![allow(clippy::needless_range_loop)] // An index runs over several arrays at once.

use std::ops::Range;

use candle_core::{Result, Shape, Tensor};

use super::classes::{ClassRows, class_axis};
use super::options::{CrossEntropyLoss, Reduction};
use super::tile::{LANES, Tile, gather, scatter};
use crate::compute::beside::{Beside, each};
use crate::compute::loops::{fill, vectorized};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::reduce::{Cut, Outcome, reduced};
use crate::error::{fail, fail_dtype};
use crate::functional::log_softmax;
use crate::tensor::promote::{broadcast_to, promote};
use crate::tensor::reduce::{mean_over, sum_all};

/// The loss of logits against probabilities of the same shape; `weights` are the numbers of the options' weight.
pub(super) fn of_probabilities(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    weights: Option<Vec<f64>>,
    options: &CrossEntropyLoss,
) -> Result<Tensor> {
    if !target.dtype().is_float() {
        return fail_dtype(
            function,
            format_args!(
                "Expected floating point type for target with class probabilities, got {:?}",
                target.dtype()
            ),
        );
    }
    if options.ignore_index >= 0 {
        return fail(function, "ignore_index is not supported for floating point target");
    }
    let (input, target) = promote(input, target)?;
    let axis = class_axis(function, &input)?;
    if let Some(weight) = options.weight.as_ref().filter(|weight| weight.track_op()) {
        return of_learned_weight(options, &input, &target, weight, axis);
    }
    let mut shape = input.dims().to_vec();
    shape.remove(axis);
    let rows = ClassRows::of(&input, axis);
    let loss = SoftTargets {
        rows,
        weights,
        smoothing: options.label_smoothing,
        outcome: options.reduction.outcome(rows.positions as f64),
        shape: Shape::from(shape),
    };
    op::apply(function, loss, [&input, &target])
}

/// The same loss by candle's own operations, which have a gradient for the weight. PyTorch gives
/// the weight one here, though not with class numbers.
fn of_learned_weight(
    options: &CrossEntropyLoss,
    input: &Tensor,
    target: &Tensor,
    weight: &Tensor,
    axis: usize,
) -> Result<Tensor> {
    let classes = input.dims()[axis];
    let mut dims = vec![1; input.rank()];
    dims[axis] = classes;
    let weight = broadcast_to(&weight.to_dtype(input.dtype())?.reshape(dims)?, input.shape())?;
    let kept = 1.0 - options.label_smoothing;
    let counts = (target.affine(kept, options.label_smoothing / classes as f64)? * weight)?;
    let terms = (log_softmax(input, axis)? * counts)?.neg()?;
    match options.reduction {
        Reduction::None => terms.sum(axis),
        Reduction::Sum => sum_all(&terms),
        Reduction::Mean => mean_over(&terms, (input.elem_count() / classes.max(1)) as f64),
    }
}

struct SoftTargets {
    rows: ClassRows,
    weights: Option<Vec<f64>>,
    smoothing: f64,
    outcome: Outcome,
    /// The shape of the losses.
    shape: Shape,
}

impl Op for SoftTargets {
    fn forward<R: Number>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)> {
        reduced(
            self.outcome,
            &self.shape,
            Cut::pieces(self.rows.piece()),
            #[inline(always)]
            |start, losses| {
                self.write_losses(inputs[0], inputs[1], start..start + losses.len(), losses);
                Ok(())
            },
        )
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let side = |side: Side, is_wanted: bool| {
            let of_side = || {
                fill(call.args[0].len(), self.rows.piece() * self.rows.count, |start, out| {
                    vectorized(
                        #[inline(always)]
                        || self.write_gradients(side, call.args, call.grad, start, out),
                    );
                    Ok(())
                })
            };
            is_wanted.then(of_side).transpose()
        };
        Ok(vec![side(Side::Logits, call.wanted[0])?, side(Side::Probabilities, call.wanted[1])?])
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Logits,
    Probabilities,
}

impl SoftTargets {
    fn weight(&self, class: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[class])
    }

    /// Turns the probabilities of classes into the factors of their logarithms.
    #[inline(always)]
    fn count<R: Number>(&self, rows: &mut [[R; LANES]]) {
        let kept = R::of(1.0 - self.smoothing);
        let spread = R::of(self.smoothing / self.rows.count as f64);
        for (class, row) in rows.iter_mut().enumerate() {
            let weight = R::of(self.weight(class));
            for q in row {
                *q = weight * (kept * *q + spread);
            }
        }
    }

    #[inline(always)]
    fn write_losses<R: Number>(&self, xs: &[R], qs: &[R], range: Range<usize>, losses: &mut [R]) {
        let mut tile = Tile::new(self.rows.count);
        let mut counts = vec![[R::zero(); LANES]; self.rows.count];
        for start in range.clone().step_by(LANES) {
            let count = LANES.min(range.end - start);
            let bases = self.rows.bases(start, count);
            tile.load(xs, &bases, self.rows.stride);
            gather(&mut counts, qs, &bases, self.rows.stride);
            self.count(&mut counts);
            let mut logs = [R::zero(); LANES];
            for lane in 0..LANES {
                logs[lane] = tile.sums[lane].ln();
            }
            let mut sums = [0.0; LANES];
            for (row, counts) in tile.shifted.iter().beside(&counts) {
                for lane in 0..LANES {
                    sums[lane] += (counts[lane] * (logs[lane] - row[lane])).to_f64();
                }
            }
            losses[start - range.start..][..count].copy_from_slice(&each(sums, R::of)[..count]);
        }
    }

    /// Writes the gradients of one input from index `begin` on.
    #[inline(always)]
    fn write_gradients<R: Number>(
        &self,
        side: Side,
        inputs: &[&[R]],
        gradient: &[R],
        begin: usize,
        out: &mut [R],
    ) {
        let rows = self.rows;
        let mut tile = Tile::new(rows.count);
        let mut counts = vec![[R::zero(); LANES]; rows.count];
        let kept = R::of(1.0 - self.smoothing);
        let range = begin / rows.count..(begin + out.len()) / rows.count;
        for start in range.clone().step_by(LANES) {
            let count = LANES.min(range.end - start);
            let bases = rows.bases(start, count);
            tile.load(inputs[0], &bases, rows.stride);
            let mut grads = [R::zero(); LANES];
            for (lane, grad) in grads.iter_mut().enumerate().take(count) {
                *grad = self.outcome.gradient(gradient, start + lane);
            }
            if side == Side::Logits {
                gather(&mut counts, inputs[1], &bases, rows.stride);
                self.count(&mut counts);
                let mut sums = [R::zero(); LANES];
                for row in &counts {
                    for lane in 0..LANES {
                        sums[lane] += row[lane];
                    }
                }
                for lane in 0..LANES {
                    sums[lane] /= tile.sums[lane];
                }
                for (row, powers) in counts.iter_mut().beside(&tile.powers) {
                    for lane in 0..LANES {
                        row[lane] = grads[lane] * (powers[lane] * sums[lane] - row[lane]);
                    }
                }
            } else {
                let mut logs = [R::zero(); LANES];
                for lane in 0..LANES {
                    logs[lane] = tile.sums[lane].ln();
                }
                for (class, (row, shifted)) in counts.iter_mut().beside(&tile.shifted).enumerate() {
                    let factor = kept * R::of(self.weight(class));
                    for lane in 0..LANES {
                        row[lane] = grads[lane] * factor * (logs[lane] - shifted[lane]);
                    }
                }
            }
            for (lane, base) in bases.iter().enumerate().take(count) {
                scatter(&counts, lane, out, base - begin, rows.stride);
            }
        }
    }
}
