//! The one mechanism behind elementwise losses: a value of a few numbers, and its slopes.
//!
//! A loss is a row ([`Formula`]); callers make shapes and dtypes equal. Values go through a block
//! that stays in the first-level cache, so that they can be computed in vectors and yet be added up
//! in `f64`.
#![allow(clippy::needless_range_loop)] // An index runs over several arrays at once.

use candle_core::{Result, Shape, Tensor};

use super::options::Reduction;
use crate::compute::loops::{PIECE, appended, each};
use crate::compute::number::Number;
use crate::compute::op::{self, Arguments, Call, Gradients, Op};
use crate::compute::reduce::{Cut, Outcome, reduced};
use crate::compute::room::Room;

const BLOCK: usize = 512;

/// A loss of `K` numbers; those after the differentiable ones are constants.
pub(super) trait Formula<const K: usize>: Copy + Send + Sync + 'static {
    fn value<R: Number>(&self, at: [R; K]) -> R;
    fn slopes<R: Number>(&self, at: [R; K]) -> [R; K];
}

/// A formula times a factor, which is the last of its numbers.
#[derive(Clone, Copy)]
pub(super) struct Weighted<E>(pub E);

macro_rules! weighted {
    ($plain:literal $all:literal: $($number:ident)*) => {
        impl<E: Formula<$plain>> Formula<$all> for Weighted<E> {
            #[inline(always)]
            fn value<R: Number>(&self, [$($number,)* weight]: [R; $all]) -> R {
                weight * self.0.value([$($number),*])
            }

            #[inline(always)]
            fn slopes<R: Number>(&self, [$($number,)* weight]: [R; $all]) -> [R; $all] {
                let value = self.0.value([$($number),*]);
                let [$($number),*] = self.0.slopes([$($number),*]);
                [$(weight * $number,)* value]
            }
        }
    };
}

weighted!(2 3: x t);
weighted!(3 4: x t p);

/// The loss of tensors of one shape and dtype; `constants` are the formula's last numbers.
pub(super) fn apply<'a, E: Formula<K>, const K: usize>(
    function: &'static str,
    formula: E,
    outcome: Outcome,
    inputs: impl Into<Arguments<&'a Tensor>>,
    constants: &[&Tensor],
) -> Result<Tensor> {
    let inputs = inputs.into();
    let shape = inputs.as_slice()[0].shape().clone();
    op::apply_with(function, ElementwiseLoss { formula, outcome, shape }, inputs, constants)
}

/// [`apply`] with the mean over all elements.
pub(super) fn reduce<'a, E: Formula<K>, const K: usize>(
    function: &'static str,
    formula: E,
    reduction: Reduction,
    inputs: impl Into<Arguments<&'a Tensor>>,
    constants: &[&Tensor],
) -> Result<Tensor> {
    let inputs = inputs.into();
    let count = inputs.as_slice()[0].elem_count() as f64;
    apply(function, formula, reduction.outcome(count), inputs, constants)
}

struct ElementwiseLoss<E, const K: usize> {
    formula: E,
    outcome: Outcome,
    shape: Shape,
}

impl<E: Formula<K>, const K: usize> Op for ElementwiseLoss<E, K> {
    fn forward<R: Number>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)> {
        let inputs: [&[R]; K] = std::array::from_fn(|index| inputs[index]);
        reduced(
            self.outcome,
            &self.shape,
            Cut { piece: PIECE, block: BLOCK },
            #[inline(always)]
            |start, losses| {
                let inputs = inputs.map(|input| &input[start..][..losses.len()]);
                // A copy, whose parameters the loop's writes can't change, is not read again for each element.
                let formula = self.formula;
                write_values(&formula, inputs, losses);
                Ok(())
            },
        )
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let Call { args: inputs, grad: gradient, wanted, .. } = call;
        let inputs: [&[R]; K] = std::array::from_fn(|index| inputs[index]);
        let len = inputs[0].len();
        let gradient = match self.outcome {
            Outcome::Each => LossGradient::Each(gradient),
            Outcome::Over(divisor) => LossGradient::All(R::of(gradient[0].to_f64() / divisor)),
        };
        if wanted[0] && (1..K).all(|index| !wanted[index]) {
            let first = appended(len, PIECE, |start, room| {
                let range = start..start + room.left();
                let inputs = inputs.map(|input| &input[range.clone()]);
                let gradient = gradient.slice(range);
                // A copy, whose parameters the loop's writes can't change, is not read again for each element.
                let formula = self.formula;
                R::vectorized(
                    #[inline(always)]
                    || append_slopes(&formula, inputs, gradient, room),
                );
            });
            return Ok(vec![Some(first)]);
        }
        let mut results: [Option<Vec<R>>; K] =
            std::array::from_fn(|index| wanted[index].then(|| vec![R::zero(); len]));
        let mut pieces =
            results.each_mut().map(|result| result.as_mut().map(|result| result.chunks_mut(PIECE)));
        let pieces = (0..len)
            .step_by(PIECE)
            .map(|start| {
                (start, pieces.each_mut().map(|chunks| chunks.as_mut().and_then(Iterator::next)))
            })
            .collect();
        each(len, pieces, |(start, mut results): (usize, [Option<&mut [R]>; K])| {
            let range = start..(start + PIECE).min(len);
            let inputs = inputs.map(|input| &input[range.clone()]);
            let gradient = gradient.slice(range);
            R::vectorized(
                #[inline(always)]
                || write_slopes(&self.formula, inputs, gradient, &mut results),
            );
        });
        Ok(results.into_iter().collect())
    }
}

/// The gradient of the loss: a number for each element, or one for all.
#[derive(Clone, Copy)]
enum LossGradient<'a, R> {
    Each(&'a [R]),
    All(R),
}

impl<R> LossGradient<'_, R> {
    fn slice(self, range: std::ops::Range<usize>) -> Self {
        match self {
            LossGradient::Each(values) => LossGradient::Each(&values[range]),
            all => all,
        }
    }
}

#[inline(always)]
fn write_values<R: Number, E: Formula<K>, const K: usize>(
    formula: &E,
    inputs: [&[R]; K],
    losses: &mut [R],
) {
    // Lengths that the compiler can see to be equal make the loop free of checks.
    let inputs = inputs.map(|input| &input[..losses.len()]);
    for index in 0..losses.len() {
        losses[index] = formula.value(inputs.map(|input| input[index]));
    }
}

/// The gradients of the first number, into new memory.
#[inline(always)]
fn append_slopes<R: Number, E: Formula<K>, const K: usize>(
    formula: &E,
    inputs: [&[R]; K],
    gradient: LossGradient<R>,
    room: &mut Room<'_, R>,
) {
    let count = room.left();
    let inputs = inputs.map(|input| &input[..count]);
    match gradient {
        LossGradient::Each(values) => {
            let values = &values[..count];
            room.each(
                0..count,
                #[inline(always)]
                |index| formula.slopes(inputs.map(|input| input[index]))[0] * values[index],
            );
        }
        LossGradient::All(value) => room.each(
            0..count,
            #[inline(always)]
            |index| formula.slopes(inputs.map(|input| input[index]))[0] * value,
        ),
    }
}

/// Writes the gradients of the first input, or of `ALL` that are asked for.
#[inline(always)]
fn write_slopes<R: Number, E: Formula<K>, const K: usize>(
    formula: &E,
    inputs: [&[R]; K],
    gradient: LossGradient<R>,
    results: &mut [Option<&mut [R]>; K],
) {
    let mut blocks = [[R::zero(); BLOCK]; K];
    let mut same = [R::zero(); BLOCK];
    if let LossGradient::All(value) = gradient {
        same = [value; BLOCK];
    }
    for start in (0..inputs[0].len()).step_by(BLOCK) {
        let count = BLOCK.min(inputs[0].len() - start);
        let inputs = inputs.map(|input| &input[start..][..count]);
        let gradient = match gradient {
            LossGradient::Each(values) => &values[start..][..count],
            LossGradient::All(_) => &same[..count],
        };
        let targets = blocks.each_mut().map(|block| &mut block[..count]);
        for index in 0..count {
            let slopes = formula.slopes(inputs.map(|input| input[index]));
            for k in 0..K {
                targets[k][index] = slopes[k] * gradient[index];
            }
        }
        for (result, block) in results.iter_mut().zip(&blocks) {
            if let Some(result) = result {
                result[start..][..count].copy_from_slice(&block[..count]);
            }
        }
    }
}
