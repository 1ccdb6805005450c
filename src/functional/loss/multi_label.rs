//! Losses of rows that may belong to several classes at once.

use candle_core::{DType, Result, Shape, Tensor};

use super::bce::OfLogit;
use super::elementwise::{self, Weighted};
use super::options::Reduction;
use crate::compute::loops::rows_of;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op, with_elements};
use crate::compute::reduce::{Cut, Outcome, reduced, rows};
use crate::error::{fail_dtype, fail_index, fail_shape, need_float};
use crate::tensor::promote::{broadcast_to, promote_and_broadcast};
use crate::tensor::reduce::mean_last;

/// [`nn::MultiLabelMarginLoss`](crate::nn::MultiLabelMarginLoss) as a function (PyTorch's default: mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([0.5, 0.]), tensor!([0, -1]));
/// let y = F::multilabel_margin_loss(&x, &t, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 0.25);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn multilabel_margin_loss(
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
) -> Result<Tensor> {
    multilabel_margin_loss_named("F::multilabel_margin_loss", input, target, reduction)
}

pub(crate) fn multilabel_margin_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
) -> Result<Tensor> {
    need_float(function, "an input", input)?;
    let (classes, shape) = match *input.dims() {
        [classes] => (classes, Shape::from(())),
        [rows, classes] => (classes, Shape::from(rows)),
        _ => {
            return fail_shape(
                function,
                format_args!(
                    "Expected an input of shape (C) or (N, C), but its shape is {:?}",
                    input.dims()
                ),
            );
        }
    };
    if input.dims() != target.dims() {
        return fail_shape(
            function,
            format_args!(
                "inconsistent target size: {:?} for input of size: {:?}",
                target.dims(),
                input.dims()
            ),
        );
    }
    if target.dtype() != DType::I64 {
        return fail_dtype(
            function,
            format_args!(
                "expected target dtype to be I64, but got {:?} (convert it with .to_dtype(DType::I64)?)",
                target.dtype()
            ),
        );
    }
    let loss = LabelMargins {
        function,
        classes,
        targets: target.detach().contiguous()?,
        outcome: reduction.outcome(shape.elem_count() as f64),
        shape,
    };
    op::apply(function, loss, [input])
}

struct LabelMargins {
    function: &'static str,
    classes: usize,
    /// The lists of classes as contiguous `i64`.
    targets: Tensor,
    outcome: Outcome,
    /// The shape of the losses.
    shape: Shape,
}

impl Op for LabelMargins {
    fn forward<R: Number>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)> {
        with_elements(&self.targets, |targets: &[i64]| {
            let write = |start: usize, losses: &mut [R]| {
                for (index, loss) in losses.iter_mut().enumerate() {
                    let mut sum = 0.0;
                    self.each(inputs[0], targets, start + index, |_, _, gap| sum += gap.to_f64())?;
                    *loss = R::of(sum / self.classes as f64);
                }
                Ok(())
            };
            reduced(self.outcome, &self.shape, Cut::pieces(rows_of(self.classes)), write)
        })
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let xs = call.args[0];
        let gradients = with_elements(&self.targets, |targets: &[i64]| {
            rows(xs.len(), self.classes, rows_of(self.classes), |row, out| {
                let share =
                    R::of(1.0 / self.classes as f64) * self.outcome.gradient(call.grad, row);
                self.each(xs, targets, row, |right, wrong, _| {
                    out[right] -= share;
                    out[wrong] += share;
                })
            })
        })?;
        Ok(vec![Some(gradients)])
    }
}

impl LabelMargins {
    /// Calls `visit` with each right and each wrong class of a row that are too close.
    fn each<R: Number>(
        &self,
        xs: &[R],
        targets: &[i64],
        row: usize,
        mut visit: impl FnMut(usize, usize, R),
    ) -> Result<()> {
        let xs = &xs[row * self.classes..][..self.classes];
        let targets = &targets[row * self.classes..][..self.classes];
        if let Some(number) =
            targets.iter().find(|number| **number < -1 || **number >= self.classes as i64)
        {
            return fail_index(
                self.function,
                format_args!(
                    "target is out of range: {number} (there are {} classes; -1 ends a list)",
                    self.classes
                ),
            );
        }
        let end = targets.iter().position(|number| *number == -1).unwrap_or(targets.len());
        let right = &targets[..end];
        let is_right = |class: usize| right.contains(&(class as i64));
        for wrong in (0..self.classes).filter(|class| !is_right(*class)) {
            for right in right {
                let right = *right as usize;
                let gap = R::one() - xs[right] + xs[wrong];
                if gap > R::zero() {
                    visit(right, wrong, gap);
                }
            }
        }
        Ok(())
    }
}

/// [`nn::MultiLabelSoftMarginLoss`](crate::nn::MultiLabelSoftMarginLoss) as a function
/// (PyTorch's defaults: no weight, mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([[0., 0.]]), tensor!([[1, 0]]));
/// let y = F::multilabel_soft_margin_loss(&x, &t, None, Reduction::Mean)?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn multilabel_soft_margin_loss(
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Tensor> {
    multilabel_soft_margin_loss_named(
        "F::multilabel_soft_margin_loss",
        input,
        target,
        weight,
        reduction,
    )
}

pub(crate) fn multilabel_soft_margin_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Tensor> {
    need_float(function, "an input", input)?;
    let Some(classes) = input.dims().last().copied() else {
        return fail_shape(
            function,
            "Dimension specified as -1 but tensor has no dimensions: the input needs an axis of classes",
        );
    };
    let (mut input, mut target) = promote_and_broadcast(function, input, target)?;
    let mut weight = weight.cloned();
    if let Some(factors) = &weight {
        let (factors, wide) = promote_and_broadcast(function, factors, &input)?;
        target = broadcast_to(&target.to_dtype(wide.dtype())?, wide.shape())?;
        (weight, input) = (Some(factors), wide);
    }
    let outcome = match reduction {
        Reduction::None => Outcome::Each,
        // The mean of the rows' means is the mean of all.
        Reduction::Mean => Outcome::Over(input.elem_count() as f64),
        Reduction::Sum => Outcome::Over(classes as f64),
    };
    let (inputs, weighted) = ([&input, &target], Weighted(OfLogit));
    let losses = match &weight {
        None => elementwise::apply::<_, 2>(function, OfLogit, outcome, inputs, &[]),
        Some(weight) => {
            let inputs = [&input, &target, weight];
            elementwise::apply::<_, 3>(function, weighted, outcome, inputs, &[])
        }
    }?;
    if reduction == Reduction::None { mean_last(&losses) } else { Ok(losses) }
}
