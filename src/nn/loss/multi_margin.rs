//! The margin between the score of a class and the scores of all others.

use candle_core::{Result, Shape, Tensor};

use super::classes::Classes;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::reduce::{Cut, Outcome, reduced, rows};
use crate::error::{fail, wrong_dtype};
use crate::nn::Reduction;

/// How far the score of the right class is from beating each other class by a margin.
///
/// ```text
/// l = (1 / C) Σ_(j ≠ y) w_y max(0, margin - x_y + x_j)^p
/// ```
///
/// `y` is the target's class, `C` the number of classes, `w` the weights.
///
/// # Shapes
///
/// Input `(C)` or `(N, C)`; the target (`i64`, `u8` or `u32`) without the axis of classes.
///
/// # Errors
///
/// For other shapes and dtypes, a class out of range, weights of another length than `C`, and a `p`
/// other than 1 and 2.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let y = nn::MultiMarginLoss::default().forward(&tensor!([[0.0, 0.5]]), &tensor!([1]))?;
/// assert_eq!(y.to_scalar::<f32>()?, 0.25);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MultiMarginLoss {
    /// The exponent, 1 or 2; 2 makes a class that wins by far count more. Default: 1.
    pub p: i64,
    /// By how much the right class should win. Default: 1.
    pub margin: f64,
    /// A factor for each class. Default: none.
    pub weight: Option<Tensor>,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for MultiMarginLoss {
    fn default() -> Self {
        MultiMarginLoss { p: 1, margin: 1.0, weight: None, reduction: Reduction::Mean }
    }
}

impl MultiMarginLoss {
    /// The loss of the scores `input` against the classes `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::MultiMarginLoss", input, target)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor> {
        if self.p != 1 && self.p != 2 {
            return fail(
                function,
                format_args!("only p == 1 and p == 2 supported, but p is {}", self.p),
            );
        }
        if !input.dtype().is_float() {
            return wrong_dtype(function, "an input", input.dtype());
        }
        if !matches!(input.rank(), 1 | 2) {
            return fail(
                function,
                format_args!(
                    "Expected an input of shape (C) or (N, C), but its shape is {:?}",
                    input.dims()
                ),
            );
        }
        let classes = Classes::new(function, input, target, None)?;
        let count = classes.rows.count;
        let weights = match &self.weight {
            Some(weight) if weight.dims() != [count] => {
                return fail(
                    function,
                    format_args!(
                        "inconsistent weight size, expected {count} but got {:?}",
                        weight.dims()
                    ),
                );
            }
            Some(weight) => Some(weight.to_dtype(candle_core::DType::F64)?.to_vec1()?),
            None => None,
        };
        let outcome = self.reduction.outcome(classes.rows.positions as f64);
        let is_square = self.p == 2;
        let loss = Margins { classes, weights, is_square, margin: self.margin, outcome };
        op::apply(function, loss, [input])
    }
}

struct Margins {
    classes: Classes,
    weights: Option<Vec<f64>>,
    is_square: bool,
    margin: f64,
    outcome: Outcome,
}

impl Op for Margins {
    fn forward<R: Number>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)> {
        let rows = self.classes.rows;
        self.classes.with_numbers(|numbers| {
            let write = |start: usize, losses: &mut [R]| {
                for (index, loss) in losses.iter_mut().enumerate() {
                    let row = &inputs[0][(start + index) * rows.count..][..rows.count];
                    let (class, factor) = self.class::<R>(numbers[start + index])?;
                    let mut sum = 0.0;
                    for (other, x) in row.iter().enumerate() {
                        let gap = R::of(self.margin) - row[class] + *x;
                        if other != class && gap > R::zero() {
                            sum += if self.is_square { gap * gap } else { gap }.to_f64();
                        }
                    }
                    *loss = factor * R::of(sum);
                }
                Ok(())
            };
            reduced(self.outcome, &self.classes.shape, Cut::pieces(rows.piece()), write)
        })
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let (xs, count) = (call.args[0], self.classes.rows.count);
        let gradients = self.classes.with_numbers(|numbers| {
            rows(xs.len(), count, self.classes.rows.piece(), |position, out| {
                let row = &xs[position * count..][..count];
                let (class, factor) = self.class::<R>(numbers[position])?;
                let factor = factor * self.outcome.gradient(call.grad, position);
                let mut sum = R::zero();
                for (other, x) in row.iter().enumerate() {
                    let gap = R::of(self.margin) - row[class] + *x;
                    if other != class && gap > R::zero() {
                        out[other] = if self.is_square { factor * (gap + gap) } else { factor };
                        sum += out[other];
                    }
                }
                out[class] = -sum;
                Ok(())
            })
        })?;
        Ok(vec![Some(gradients)])
    }
}

impl Margins {
    /// The class of a position, and its weight over the number of classes.
    fn class<R: Number>(&self, number: i64) -> Result<(usize, R)> {
        // Without an index to ignore, a number is a class or an error.
        let class = self.classes.class(number)?.unwrap_or(0);
        let weight = self.weights.as_ref().map_or(1.0, |weights| weights[class]);
        Ok((class, R::of(weight / self.classes.rows.count as f64)))
    }
}
