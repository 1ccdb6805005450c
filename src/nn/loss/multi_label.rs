//! Losses of rows that may belong to several classes at once.

use candle_core::{DType, Result, Shape, Tensor};

use super::bce::OfLogit;
use super::elementwise::{self, Formula, Weighted};
use crate::compute::loops::PIECE;
use crate::compute::number::Number;
use crate::compute::op::{self, Arguments, Call, Gradients, Op, with_elements};
use crate::compute::reduce::{Cut, Outcome, reduced, rows};
use crate::error::{fail, wrong_dtype};
use crate::nn::Reduction;
use crate::tensor::promote::{broadcast_to, promote_and_broadcast};
use crate::tensor::reduce::mean_last;

/// How far each right class is from beating each wrong class by 1.
///
/// ```text
/// l = (1 / C) Σ_i Σ_j max(0, 1 - (x_i - x_j))    i in the target, j not
/// ```
///
/// A row of the target lists its classes and ends at the first -1; what follows doesn't matter.
///
/// # Shapes
///
/// Input and target (`i64`) of one shape, `(C)` or `(N, C)`.
///
/// # Errors
///
/// For other shapes and dtypes, and a class out of range.
///
/// *Differs from PyTorch*: the mean of no rows is nan, not what was in memory.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let loss = nn::MultiLabelMarginLoss::default();
/// let y = loss.forward(&tensor!([[0.5, 0.0]]), &tensor!([[0, -1]]))?;
/// assert_eq!(y.to_scalar::<f32>()?, 0.25);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MultiLabelMarginLoss {
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl MultiLabelMarginLoss {
    /// The loss of the scores `input` against the lists of classes `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::MultiLabelMarginLoss", input, target)
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
        let (classes, shape) = match *input.dims() {
            [classes] => (classes, Shape::from(())),
            [rows, classes] => (classes, Shape::from(rows)),
            _ => {
                return fail(
                    function,
                    format_args!(
                        "Expected an input of shape (C) or (N, C), but its shape is {:?}",
                        input.dims()
                    ),
                );
            }
        };
        if input.dims() != target.dims() {
            return fail(
                function,
                format_args!(
                    "inconsistent target size: {:?} for input of size: {:?}",
                    target.dims(),
                    input.dims()
                ),
            );
        }
        if target.dtype() != DType::I64 {
            return fail(
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
            outcome: self.reduction.outcome(shape.elem_count() as f64),
            shape,
        };
        op::apply(function, loss, [input])
    }
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
            reduced(self.outcome, &self.shape, Cut::pieces(self.piece()), write)
        })
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let xs = call.args[0];
        let gradients = with_elements(&self.targets, |targets: &[i64]| {
            rows(xs.len(), self.classes, self.piece(), |row, out| {
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
    /// How many rows one thread takes at a time.
    fn piece(&self) -> usize {
        (PIECE / self.classes.max(1)).max(1)
    }

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
            return fail(
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

/// Binary cross entropy of logits for each class, averaged over the classes.
///
/// ```text
/// l = (1 / C) Σ_c w_c ((1 - t_c) softplus(x_c) + t_c softplus(-x_c))
/// ```
///
/// # Shapes
///
/// Input `(.., C)`; target and `weight` broadcast with it. The losses have the shape without the
/// last axis. dtypes promote.
///
/// # Errors
///
/// If the shapes don't broadcast, or the input is an integer or has no axes.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let loss = nn::MultiLabelSoftMarginLoss::default();
/// let y = loss.forward(&tensor!([[0.0, 0.0]]), &tensor!([[1, 0]]))?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MultiLabelSoftMarginLoss {
    /// A factor for each class. Default: none.
    pub weight: Option<Tensor>,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl MultiLabelSoftMarginLoss {
    /// The loss of the logits `input` against `target`, 1 or 0 for each class.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::MultiLabelSoftMarginLoss", input, target)
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
        let Some(classes) = input.dims().last().copied() else {
            return fail(
                function,
                "Dimension specified as -1 but tensor has no dimensions: the input needs an axis of classes",
            );
        };
        let (mut input, mut target) = promote_and_broadcast(function, input, target)?;
        let mut weight = self.weight.clone();
        if let Some(factors) = &weight {
            let (factors, wide) = promote_and_broadcast(function, factors, &input)?;
            target = broadcast_to(&target.to_dtype(wide.dtype())?, wide.shape())?;
            (weight, input) = (Some(factors), wide);
        }
        let outcome = match self.reduction {
            Reduction::None => Outcome::Each,
            // The mean of the rows' means is the mean of all.
            Reduction::Mean => Outcome::Over(input.elem_count() as f64),
            Reduction::Sum => Outcome::Over(classes as f64),
        };
        let losses = match &weight {
            None => apply_formula::<_, 2>(function, OfLogit, outcome, [&input, &target]),
            Some(weight) => apply_formula::<_, 3>(
                function,
                Weighted(OfLogit),
                outcome,
                [&input, &target, weight],
            ),
        }?;
        if self.reduction == Reduction::None { mean_last(&losses) } else { Ok(losses) }
    }
}

fn apply_formula<'a, E: Formula<K>, const K: usize>(
    function: &'static str,
    formula: E,
    outcome: Outcome,
    inputs: impl Into<Arguments<&'a Tensor>>,
) -> Result<Tensor> {
    elementwise::apply(function, formula, outcome, inputs, &[])
}
