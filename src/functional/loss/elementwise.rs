//! The one mechanism behind elementwise losses: a value of a few numbers, and its slopes.
//!
//! A loss is a row ([`Formula`]); callers make shapes and dtypes equal. Values go through a block
//! that stays in the first-level cache, so that they can be computed in vectors and yet be added up
//! in `f64`.
#![allow(clippy::needless_range_loop)] // An index runs over several arrays at once.

use candle_core::{Result, Shape, Tensor};

use super::options::Reduction;
use crate::compute::beside::each;
use crate::compute::loops::{PIECE, appended};
use crate::compute::number::Number;
use crate::compute::op::{self, Arguments, Call, Gradients, Op};
use crate::compute::reduce::{Cut, Outcome, reduced};
use crate::compute::room::Room;

const BLOCK: usize = 512;

/// How often the one gradient of all elements is repeated, for as many elements at a time.
const REPEATED: usize = 2048;

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
        let inputs: [&[R]; K] = arguments(inputs);
        reduced(
            self.outcome,
            &self.shape,
            Cut { piece: PIECE, block: BLOCK },
            #[inline(always)]
            |start, losses| {
                let inputs = each(inputs, |input| &input[start..][..losses.len()]);
                // A copy, whose parameters the loop's writes can't change, is not read again for each element.
                let formula = self.formula;
                write_values(&formula, inputs, losses);
                Ok(())
            },
        )
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let Call { args: inputs, grad: gradient, wanted, .. } = call;
        let inputs: [&[R]; K] = arguments(inputs);
        let gradient = match self.outcome {
            Outcome::Each => LossGradient::Each(gradient),
            Outcome::Over(divisor) => LossGradient::All(R::of(gradient[0].to_f64() / divisor)),
        };
        let of = |index: usize| match index {
            0 => self.slopes::<R, 0>(inputs, gradient),
            1 => self.slopes::<R, 1>(inputs, gradient),
            _ => self.slopes::<R, 2>(inputs, gradient),
        };
        // Operations have three arguments at the most; the numbers behind these are constants, which nobody wants.
        Ok((0..K.min(3)).map(|index| wanted[index].then(|| of(index))).collect())
    }
}

impl<E: Formula<K>, const K: usize> ElementwiseLoss<E, K> {
    /// The gradients of one input. Each has a pass of its own, which writes new memory once: the formula costs less than
    /// memory that is cleared first.
    fn slopes<R: Number, const AT: usize>(
        &self,
        inputs: [&[R]; K],
        gradient: LossGradient<'_, R>,
    ) -> Vec<R> {
        // Called by way of a pointer, so that the loop in it is compiled once, for both kinds of gradients.
        let append: &AppendSlopes<'_, K, R> = &|inputs, gradients, room| {
            // A copy, whose parameters the loop's writes can't change, is not read again for each element.
            let formula = self.formula;
            R::vectorized(
                #[inline(always)]
                || append_slopes::<R, E, K, AT>(&formula, inputs, gradients, room),
            );
        };
        let len = inputs[0].len();
        let repeated = match gradient {
            LossGradient::Each(_) => Vec::new(),
            LossGradient::All(gradient) => vec![gradient; REPEATED.min(len)],
        };
        appended(len, PIECE, |start, room| {
            let whole = start..start + room.left();
            let step = if repeated.is_empty() { PIECE } else { REPEATED };
            for start in whole.clone().step_by(step) {
                let range = start..whole.end.min(start + step);
                let gradients = match gradient {
                    LossGradient::Each(gradients) => &gradients[range.clone()],
                    LossGradient::All(_) => &repeated[..range.len()],
                };
                append(each(inputs, |input| &input[range.clone()]), gradients, room);
            }
        })
    }
}

/// Appends the gradients of one of the `K` numbers, for inputs and gradients of the loss of one length.
type AppendSlopes<'a, const K: usize, R> = dyn Fn([&[R]; K], &[R], &mut Room<'_, R>) + Sync + 'a;

/// The gradient of the loss: a number for each element, or one for all.
#[derive(Clone, Copy)]
enum LossGradient<'a, R> {
    Each(&'a [R]),
    All(R),
}

/// As many of the inputs as the formula has.
#[inline(always)]
fn arguments<'a, R, const K: usize>(inputs: &[&'a [R]]) -> [&'a [R]; K] {
    let mut arguments: [&[R]; K] = [&[]; K];
    arguments.copy_from_slice(&inputs[..K]);
    arguments
}

#[inline(always)]
fn write_values<R: Number, E: Formula<K>, const K: usize>(
    formula: &E,
    inputs: [&[R]; K],
    losses: &mut [R],
) {
    // Lengths that the compiler can see to be equal make the loop free of checks.
    let inputs = each(inputs, |input| &input[..losses.len()]);
    for index in 0..losses.len() {
        losses[index] = formula.value(each(inputs, |input| input[index]));
    }
}

/// The gradients of one of the numbers, into new memory.
#[inline(always)]
fn append_slopes<R: Number, E: Formula<K>, const K: usize, const AT: usize>(
    formula: &E,
    inputs: [&[R]; K],
    gradients: &[R],
    room: &mut Room<'_, R>,
) {
    // Lengths that the compiler can see to be equal make the loop free of checks.
    let count = gradients.len();
    let inputs = each(inputs, |input| &input[..count]);
    room.each(
        0..count,
        #[inline(always)]
        |index| formula.slopes(each(inputs, |input| input[index]))[AT] * gradients[index],
    );
}
