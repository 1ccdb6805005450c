//! Cross entropy of logits. Against class numbers here, against probabilities in
//! `soft_cross_entropy.rs`.
#![allow(clippy::needless_range_loop)] // An index runs over several arrays at once.

use std::ops::Range;
use std::sync::OnceLock;

use candle_core::{Result, Shape, Tensor};

use super::classes::{Classes, class_axis, class_weights};
use super::soft_cross_entropy;
use super::tile::{LANES, Tile, scatter};
use crate::compute::loops::{fill, vectorized};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::reduce::{Cut, reduced_by};
use crate::error::{fail, wrong_dtype};
use crate::nn::Reduction;

/// Cross entropy of logits; softmax is part of it.
///
/// ```text
/// l = -(1 - s) w_y ln p_y - (s / C) Σ_c w_c ln p_c     with p = softmax(x)
/// ```
///
/// `y` is the target's class, `C` the number of classes, `s` the label smoothing, `w` the weights.
/// Against probabilities `q`: `l = -Σ_c w_c ((1 - s) q_c + s / C) ln p_c`.
///
/// # Shapes
///
/// Input `(C)`, `(N, C)` or `(N, C, d1, ..)`. A target of class numbers (`i64`, `u8` or `u32`) has
/// the input's shape without the class axis; one of probabilities has the input's shape. The mean
/// divides by the weights of the classes that weren't ignored, with probabilities by `N · d1 ..`.
///
/// # Errors
///
/// For shapes or dtypes other than these, a class out of range, a smoothing outside 0 to 1, and
/// weights of another length than `C`.
///
/// *Differs from PyTorch*: `u32` class numbers will do, since candle's `argmax` gives them.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let loss = nn::CrossEntropyLoss::default();
/// let y = loss.forward(&tensor!([[2., 5., 3.]]), &tensor!([1]))?;
/// show!(y); // tensor(0.1698)
/// assert!((y.to_scalar::<f32>()? - 0.1698).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CrossEntropyLoss {
    /// A factor for each class. Default: none.
    pub weight: Option<Tensor>,
    /// Elements of this class count for nothing. Default: -100.
    pub ignore_index: i64,
    /// The share of a target that is spread over all classes; makes a model less sure of itself.
    /// Default: 0.
    pub label_smoothing: f64,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for CrossEntropyLoss {
    fn default() -> Self {
        CrossEntropyLoss {
            weight: None,
            ignore_index: -100,
            label_smoothing: 0.0,
            reduction: Reduction::Mean,
        }
    }
}

impl CrossEntropyLoss {
    /// The loss of the logits `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::CrossEntropyLoss", input, target)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor> {
        if !(0.0..=1.0).contains(&self.label_smoothing) {
            return fail(
                function,
                format_args!(
                    "label_smoothing must be between 0.0 and 1.0. Got: {}",
                    self.label_smoothing
                ),
            );
        }
        if !input.dtype().is_float() {
            return wrong_dtype(function, "an input", input.dtype());
        }
        let Some(axis) = class_axis(input) else {
            return fail(function, "Expected 1 or more dimensions (got 0)");
        };
        let weights = class_weights(function, self.weight.as_ref(), input.dims()[axis])?;
        if input.dims() == target.dims() {
            return self.of_probabilities(function, input, target, axis, weights);
        }
        let classes = Classes::new(function, input, target, Some(self.ignore_index))?;
        let loss = HardTargets {
            total_weight: weights
                .as_ref()
                .map_or(classes.rows.count as f64, |weights| weights.iter().sum()),
            classes,
            weights,
            smoothing: self.label_smoothing,
            reduction: self.reduction,
            divisor: OnceLock::new(),
        };
        op::apply(function, loss, [input])
    }

    fn of_probabilities(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
        axis: usize,
        weights: Option<Vec<f64>>,
    ) -> Result<Tensor> {
        if !target.dtype().is_float() {
            return fail(
                function,
                format_args!(
                    "Expected floating point type for target with class probabilities, got {:?}",
                    target.dtype()
                ),
            );
        }
        if self.ignore_index >= 0 {
            return fail(function, "ignore_index is not supported for floating point target");
        }
        let options = soft_cross_entropy::SoftOptions {
            weight: self.weight.as_ref(),
            weights,
            smoothing: self.label_smoothing,
            reduction: self.reduction,
        };
        soft_cross_entropy::apply(function, options, input, target, axis)
    }
}

struct HardTargets {
    classes: Classes,
    weights: Option<Vec<f64>>,
    /// The sum of the weights of all classes.
    total_weight: f64,
    smoothing: f64,
    reduction: Reduction,
    /// The divisor of the sum of losses; known after the forward pass.
    divisor: OnceLock<f64>,
}

impl Op for HardTargets {
    fn forward<R: Number>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)> {
        let is_mean = self.reduction == Reduction::Mean;
        // With nothing to average the mean is 0 / 0 = nan, and the gradient 0.
        let divisor =
            |counted: f64| *self.divisor.get_or_init(|| if is_mean { counted } else { 1.0 });
        self.classes.with_numbers(|numbers| {
            reduced_by(
                (self.reduction != Reduction::None).then_some(divisor),
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
    fn weight(&self, class: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[class])
    }

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
                let weight = self.weight(class);
                counted += weight;
                factors[first + lane] = R::of(weight);
                picked[first + lane] = tile.shifted[class][lane];
            }
            if self.smoothing != 0.0 {
                let mut sums = [0.0; LANES];
                for (class, row) in tile.shifted.iter().enumerate() {
                    let weight = self.weight(class);
                    for lane in 0..LANES {
                        sums[lane] += weight * row[lane].to_f64();
                    }
                }
                spread[first..][..count].copy_from_slice(&sums.map(R::of)[..count]);
            }
        }
        let (hard, soft) = self.shares::<R>();
        let total = R::of(self.total_weight);
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
        let divisor = R::of(self.divisor.get().copied().unwrap_or(1.0));
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
                let at = if gradient.len() == 1 { 0 } else { start + lane };
                grads[lane] = gradient[at] / divisor;
                let factor = hard * R::of(self.weight(class));
                scales[lane] =
                    grads[lane] * (factor + soft * R::of(self.total_weight)) / tile.sums[lane];
            }
            for (class, row) in tile.powers.iter_mut().enumerate() {
                let share = soft * R::of(self.weight(class));
                for lane in 0..LANES {
                    row[lane] = row[lane] * scales[lane] - share * grads[lane];
                }
            }
            for lane in 0..count {
                let Some(class) = targets[lane] else { continue };
                tile.powers[class][lane] -= hard * R::of(self.weight(class)) * grads[lane];
                scatter(&tile.powers, lane, out, bases[lane] - begin, rows.stride);
            }
        }
        Ok(())
    }
}
