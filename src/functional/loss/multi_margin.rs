//! The margin between the score of a class and the scores of all others.

use candle_core::{Result, Shape, Tensor};

use super::classes::{Classes, class_weights};
use super::options::Reduction;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::reduce::{Cut, Outcome, reduced, rows};
use crate::error::{fail, fail_shape, need_float};

/// [`nn::MultiMarginLoss`](crate::nn::MultiMarginLoss) as a function
/// (PyTorch's defaults: 1, 1, no weight, mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([[0., 0.5]]), tensor!([1]));
/// let y = F::multi_margin_loss(&x, &t, 1, 1.0, None, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 0.25);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn multi_margin_loss(
    input: &Tensor,
    target: &Tensor,
    p: i64,
    margin: f64,
    weight: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Tensor> {
    multi_margin_loss_named("F::multi_margin_loss", input, target, p, margin, weight, reduction)
}

pub(crate) fn multi_margin_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    p: i64,
    margin: f64,
    weight: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Tensor> {
    if p != 1 && p != 2 {
        return fail(function, format_args!("only p == 1 and p == 2 supported, but p is {p}"));
    }
    need_float(function, "an input", input)?;
    let count = match *input.dims() {
        [count] | [_, count] => count,
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
    if let Some(weight) = weight.filter(|weight| weight.dims() != [count]) {
        return fail_shape(
            function,
            format_args!("inconsistent weight size, expected {count} but got {:?}", weight.dims()),
        );
    }
    let weights = class_weights(function, weight, count)?;
    let classes = Classes::new(function, input, target, weights, None)?;
    let outcome = reduction.outcome(classes.rows.positions as f64);
    op::apply(function, Margins { classes, is_square: p == 2, margin, outcome }, [input])
}

struct Margins {
    classes: Classes,
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
        Ok((class, R::of(self.classes.weight(class) / self.classes.rows.count as f64)))
    }
}
