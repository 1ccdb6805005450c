//! Negative log likelihood of log probabilities.

use candle_core::{Result, Shape, Tensor};

use super::classes::{Classes, WeightedMean, class_axis, class_weights};
use super::options::Reduction;
use crate::compute::beside::Beside;
use crate::compute::loops::{POSITIONS, fill};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::reduce::{Cut, reduced_by};
use crate::error::need_float;

/// [`nn::NLLLoss`](crate::nn::NLLLoss) as a function (PyTorch's defaults: no weight, -100, mean).
///
/// ```
/// use akari::prelude::*;
/// let y = F::nll_loss(&tensor!([[-1., -2.]]), &tensor!([1]), None, -100, Reduction::Sum)?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn nll_loss(
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    ignore_index: i64,
    reduction: Reduction,
) -> Result<Tensor> {
    nll_loss_named("F::nll_loss", input, target, weight, ignore_index, reduction)
}

pub(crate) fn nll_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    ignore_index: i64,
    reduction: Reduction,
) -> Result<Tensor> {
    need_float(function, "an input", input)?;
    let axis = class_axis(function, input)?;
    let weights = class_weights(function, weight, input.dims()[axis])?;
    let classes = Classes::new(function, input, target, weights, Some(ignore_index))?;
    op::apply(function, PickedLogs { classes, mean: WeightedMean::new(reduction) }, [input])
}

struct PickedLogs {
    classes: Classes,
    mean: WeightedMean,
}

impl Op for PickedLogs {
    fn forward<R: Number>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)> {
        let (xs, classes, rows) = (inputs[0], &self.classes, self.classes.rows);
        classes.with_numbers(|numbers| {
            let write = |start: usize, losses: &mut [R]| {
                let mut counted = 0.0;
                for (loss, position) in losses.iter_mut().beside(start..) {
                    let class = classes.class(numbers[position])?;
                    let weight = class.map_or(0.0, |class| classes.weight(class));
                    counted += weight;
                    *loss = class.map_or(R::ZERO, |class| {
                        -R::of(weight) * xs[rows.base(position) + class * rows.stride]
                    });
                }
                Ok(counted)
            };
            reduced_by(self.mean.divisor(), &classes.shape, Cut::pieces(POSITIONS), write)
        })
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let (classes, rows) = (&self.classes, self.classes.rows);
        let gradient = self.mean.gradients(call.grad);
        let gradients = classes.with_numbers(|numbers| {
            fill(call.args[0].len(), rows.piece() * rows.count, |begin, out| {
                for position in begin / rows.count..(begin + out.len()) / rows.count {
                    let Some(class) = classes.class(numbers[position])? else { continue };
                    out[rows.base(position) + class * rows.stride - begin] =
                        -R::of(classes.weight(class)) * gradient(position);
                }
                Ok(())
            })
        })?;
        Ok(vec![Some(gradients)])
    }
}
