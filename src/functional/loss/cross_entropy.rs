//! Cross entropy of logits. Against class numbers here, against probabilities in
//! `soft_cross_entropy.rs`.
#![allow(clippy::needless_range_loop)] // An index runs over several arrays at once.

use std::ops::Range;

use candle_core::{Result, Shape, Tensor};

use super::classes::{Classes, WeightedMean, class_axis, class_weights};
use super::options::{CrossEntropyLoss, Reduction};
use super::soft_cross_entropy::of_probabilities;
use super::tile::{LANES, Tile, scatter};
use crate::compute::beside::each;
use crate::compute::loops::{fill, vectorized};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::reduce::{Cut, reduced_by};
use crate::error::{fail, need_float};

/// [`nn::CrossEntropyLoss`](crate::nn::CrossEntropyLoss) as a function
/// (PyTorch's defaults: no weight, -100, mean, 0).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([[0., 0.]]), tensor!([1]));
/// let y = F::cross_entropy(&x, &t, None, -100, Reduction::Mean, 0.0)?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cross_entropy(
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    ignore_index: i64,
    reduction: Reduction,
    label_smoothing: f64,
) -> Result<Tensor> {
    let weight = weight.cloned();
    let options = CrossEntropyLoss { weight, ignore_index, label_smoothing, reduction };
    cross_entropy_named("F::cross_entropy", input, target, &options)
}

pub(crate) fn cross_entropy_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    options: &CrossEntropyLoss,
) -> Result<Tensor> {
    let smoothing = options.label_smoothing;
    if !(0.0..=1.0).contains(&smoothing) {
        return fail(
            function,
            format_args!("label_smoothing must be between 0.0 and 1.0. Got: {smoothing}"),
        );
    }
    need_float(function, "an input", input)?;
    let axis = class_axis(function, input)?;
    let weights = class_weights(function, options.weight.as_ref(), input.dims()[axis])?;
    if input.dims() == target.dims() {
        return of_probabilities(function, input, target, weights, options);
    }
    let classes = Classes::new(function, input, target, weights, Some(options.ignore_index))?;
    let mean = WeightedMean::new(options.reduction);
    op::apply(function, HardTargets { classes, smoothing, mean }, [input])
}

struct HardTargets {
    classes: Classes,
    smoothing: f64,
    mean: WeightedMean,
}

impl Op for HardTargets {
    fn forward<R: Number>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)> {
        self.classes.with_numbers(|numbers| {
            reduced_by(
                self.mean.divisor(),
                &self.classes.shape,
                Cut::pieces(self.classes.rows.piece()),
                #[inline(always)]
                |start, losses| {
                    self.write_losses(inputs[0], numbers, start..start + losses.len(), losses)
                },
            )
        })
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let xs = call.args[0];
        let piece = self.classes.rows.piece() * self.classes.rows.count;
        let gradients = self.classes.with_numbers(|numbers| {
            fill(xs.len(), piece, |start, out| {
                vectorized(
                    #[inline(always)]
                    || self.write_gradients(xs, numbers, call.grad, start, out),
                )
            })
        })?;
        Ok(vec![Some(gradients)])
    }
}

impl HardTargets {
    /// Writes the losses of a range of positions; returns the weight of those that count.
    #[inline(always)]
    fn write_losses<R: Number>(
        &self,
        xs: &[R],
        numbers: &[i64],
        range: Range<usize>,
        losses: &mut [R],
    ) -> Result<f64> {
        let rows = self.classes.rows;
        let mut tile = Tile::new(rows.count);
        // Until the last loop, `losses` holds the sums of the powers.
        let [mut picked, mut spread] = [(); 2].map(|()| vec![R::zero(); range.len()]);
        let mut factors = vec![-R::INFINITY; range.len()];
        let mut counted = 0.0;
        for start in range.clone().step_by(LANES) {
            let count = LANES.min(range.end - start);
            let bases = rows.bases(start, count);
            tile.load(xs, &bases, rows.stride);
            let first = start - range.start;
            losses[first..][..count].copy_from_slice(&tile.sums[..count]);
            for lane in 0..count {
                let Some(class) = self.classes.class(numbers[start + lane])? else { continue };
                let weight = self.classes.weight(class);
                counted += weight;
                factors[first + lane] = R::of(weight);
                picked[first + lane] = tile.shifted[class][lane];
            }
            if self.smoothing != 0.0 {
                let mut sums = [0.0; LANES];
                for (class, row) in tile.shifted.iter().enumerate() {
                    let weight = self.classes.weight(class);
                    for lane in 0..LANES {
                        sums[lane] += weight * row[lane].to_f64();
                    }
                }
                spread[first..][..count].copy_from_slice(&each(sums, R::of)[..count]);
            }
        }
        let (hard, soft) = self.shares::<R>();
        let total = R::of(self.classes.total_weight());
        for index in 0..losses.len() {
            let log = losses[index].ln();
            let of_class = hard * factors[index] * (log - picked[index]);
            let of_all = if self.smoothing == 0.0 {
                R::zero()
            } else {
                soft * (total * log - spread[index])
            };
            // A position to ignore has kept its first factor, which no class has.
            losses[index] =
                if factors[index] == -R::INFINITY { R::zero() } else { of_class + of_all };
        }
        Ok(counted)
    }

    /// The share of the target's class in a loss, and the share that every class has.
    fn shares<R: Number>(&self) -> (R, R) {
        (R::of(1.0 - self.smoothing), R::of(self.smoothing / self.classes.rows.count.max(1) as f64))
    }

    /// Writes the gradients of the logits from index `begin` on.
    #[inline(always)]
    fn write_gradients<R: Number>(
        &self,
        xs: &[R],
        numbers: &[i64],
        gradient: &[R],
        begin: usize,
        out: &mut [R],
    ) -> Result<()> {
        let (classes, rows) = (&self.classes, self.classes.rows);
        let (hard, soft) = self.shares::<R>();
        let mut tile = Tile::<R>::new(rows.count);
        let range = begin / rows.count..(begin + out.len()) / rows.count;
        let gradient = self.mean.gradients(gradient);
        let total = R::of(classes.total_weight());
        for start in range.clone().step_by(LANES) {
            let count = LANES.min(range.end - start);
            let bases = rows.bases(start, count);
            tile.load(xs, &bases, rows.stride);
            let mut scales = [R::zero(); LANES];
            let mut grads = [R::zero(); LANES];
            let mut targets = [None; LANES];
            for lane in 0..count {
                targets[lane] = classes.class(numbers[start + lane])?;
                let Some(class) = targets[lane] else { continue };
                grads[lane] = gradient(start + lane);
                let factor = hard * R::of(self.classes.weight(class));
                scales[lane] = grads[lane] * (factor + soft * total) / tile.sums[lane];
            }
            for (class, row) in tile.powers.iter_mut().enumerate() {
                let share = soft * R::of(self.classes.weight(class));
                for lane in 0..LANES {
                    row[lane] = row[lane] * scales[lane] - share * grads[lane];
                }
            }
            for lane in 0..count {
                let Some(class) = targets[lane] else { continue };
                tile.powers[class][lane] -= hard * R::of(self.classes.weight(class)) * grads[lane];
                scatter(&tile.powers, lane, out, bases[lane] - begin, rows.stride);
            }
        }
        Ok(())
    }
}
