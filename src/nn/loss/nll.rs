//! Negative log likelihood of log probabilities.

use std::sync::OnceLock;

use candle_core::{Result, Shape, Tensor};

use super::classes::{Classes, class_axis, class_weights};
use crate::compute::loops::{POSITIONS, fill};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::reduce::{Cut, reduced_by};
use crate::error::{fail, wrong_dtype};
use crate::nn::Reduction;

/// The negative log probability of each target's class, from log probabilities.
///
/// ```text
/// l = -w_y x_y
/// ```
///
/// `y` is the target's class, `w` the weights. [`CrossEntropyLoss`](super::CrossEntropyLoss) takes
/// logits and does the `F::log_softmax` before it too.
///
/// # Shapes
///
/// Input `(C)`, `(N, C)` or `(N, C, d1, ..)`; the target (`i64`, `u8` or `u32`) has the input's
/// shape without the class axis. The mean divides by the weights of the classes that weren't
/// ignored.
///
/// # Errors
///
/// For shapes or dtypes other than these, a class out of range, and weights of another length
/// than `C`.
///
/// *Differs from candle*: its `loss::nll` takes two axes only and has no weights, and an input of
/// another rank is an error about the target.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let y = nn::NLLLoss::default().forward(&tensor!([[-0.5, -1.0]]), &tensor!([1]))?;
/// assert_eq!(y.to_scalar::<f32>()?, 1.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct NLLLoss {
    /// A factor for each class. Default: none.
    pub weight: Option<Tensor>,
    /// Elements of this class count for nothing. Default: -100.
    pub ignore_index: i64,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for NLLLoss {
    fn default() -> Self {
        NLLLoss { weight: None, ignore_index: -100, reduction: Reduction::Mean }
    }
}

impl NLLLoss {
    /// The loss of the log probabilities `input` against the classes `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::NLLLoss", input, target)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor> {
        if !input.dtype().is_float() {
            return wrong_dtype(function, "an input", input.dtype());
        }
        let Some(axis) = class_axis(input) else {
            return fail(function, "Expected 1 or more dimensions (got 0)");
        };
        let weights = class_weights(function, self.weight.as_ref(), input.dims()[axis])?;
        let classes = Classes::new(function, input, target, Some(self.ignore_index))?;
        let reduction = self.reduction;
        let loss = PickedLogs { classes, weights, reduction, divisor: OnceLock::new() };
        op::apply(function, loss, [input])
    }
}

struct PickedLogs {
    classes: Classes,
    weights: Option<Vec<f64>>,
    reduction: Reduction,
    /// The divisor of the sum of losses; known after the forward pass.
    divisor: OnceLock<f64>,
}

impl Op for PickedLogs {
    fn forward<R: Number>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)> {
        let (xs, rows) = (inputs[0], self.classes.rows);
        self.classes.with_numbers(|numbers| {
            let write = |start: usize, losses: &mut [R]| {
                let mut counted = 0.0;
                for (loss, position) in losses.iter_mut().zip(start..) {
                    let class = self.classes.class(numbers[position])?;
                    let weight = class.map_or(0.0, |class| self.weight(class));
                    counted += weight;
                    *loss = class.map_or(R::ZERO, |class| {
                        -R::of(weight) * xs[rows.base(position) + class * rows.stride]
                    });
                }
                Ok(counted)
            };
            let is_mean = self.reduction == Reduction::Mean;
            let divisor =
                |counted: f64| *self.divisor.get_or_init(|| if is_mean { counted } else { 1.0 });
            let divisor = (self.reduction != Reduction::None).then_some(divisor);
            reduced_by(divisor, &self.classes.shape, Cut::pieces(POSITIONS), write)
        })
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let rows = self.classes.rows;
        let divisor = R::of(self.divisor.get().copied().unwrap_or(1.0));
        let gradients = self.classes.with_numbers(|numbers| {
            fill(call.args[0].len(), rows.piece() * rows.count, |begin, out| {
                for position in begin / rows.count..(begin + out.len()) / rows.count {
                    let Some(class) = self.classes.class(numbers[position])? else { continue };
                    let grad = call.grad[if call.grad.len() == 1 { 0 } else { position }];
                    out[rows.base(position) + class * rows.stride - begin] =
                        -R::of(self.weight(class)) * grad / divisor;
                }
                Ok(())
            })
        })?;
        Ok(vec![Some(gradients)])
    }
}

impl PickedLogs {
    fn weight(&self, class: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[class])
    }
}
