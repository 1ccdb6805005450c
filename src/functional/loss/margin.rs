//! Losses of a margin between single numbers.

use candle_core::{Result, Tensor};

use super::difference::floats;
use super::elementwise::{self, Formula};
use super::options::Reduction;
use crate::compute::number::Number;
use crate::error::fail_shape;
use crate::tensor::promote::{broadcast_to, promote_and_broadcast};

/// [`nn::HingeEmbeddingLoss`](crate::nn::HingeEmbeddingLoss) as a function (PyTorch's defaults: 1, mean).
///
/// ```
/// use akari::prelude::*;
/// let y = F::hinge_embedding_loss(&tensor!([0.5]), &tensor!([-1]), 1.0, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 0.5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn hinge_embedding_loss(
    input: &Tensor,
    target: &Tensor,
    margin: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    hinge_embedding_loss_named("F::hinge_embedding_loss", input, target, margin, reduction)
}

pub(crate) fn hinge_embedding_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    margin: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    let (input, target) = floats(function, input, target)?;
    let formula = Hinge { margin };
    elementwise::reduce(function, formula, reduction, [&input], &[&target])
}

/// [`nn::SoftMarginLoss`](crate::nn::SoftMarginLoss) as a function (PyTorch's default: mean).
///
/// ```
/// use akari::prelude::*;
/// let y = F::soft_margin_loss(&tensor!([0.]), &tensor!([1]), Reduction::Mean)?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn soft_margin_loss(input: &Tensor, target: &Tensor, reduction: Reduction) -> Result<Tensor> {
    soft_margin_loss_named("F::soft_margin_loss", input, target, reduction)
}

pub(crate) fn soft_margin_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
) -> Result<Tensor> {
    let (input, target) = floats(function, input, target)?;
    elementwise::reduce(function, SoftMargin, reduction, [&input], &[&target])
}

/// [`nn::MarginRankingLoss`](crate::nn::MarginRankingLoss) as a function (PyTorch's defaults: 0, mean).
///
/// ```
/// use akari::prelude::*;
/// let (a, b, t) = (tensor!([1.]), tensor!([3.]), tensor!([1]));
/// let y = F::margin_ranking_loss(&a, &b, &t, 0.0, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn margin_ranking_loss(
    input1: &Tensor,
    input2: &Tensor,
    target: &Tensor,
    margin: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    margin_ranking_loss_named("F::margin_ranking_loss", input1, input2, target, margin, reduction)
}

pub(crate) fn margin_ranking_loss_named(
    function: &'static str,
    input1: &Tensor,
    input2: &Tensor,
    target: &Tensor,
    margin: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    if input1.rank() != input2.rank() || input1.rank() != target.rank() {
        return fail_shape(
            function,
            format_args!(
                "All input tensors should have same dimension but got sizes: input1: {:?}, input2: {:?}, target: {:?}",
                input1.dims(),
                input2.dims(),
                target.dims()
            ),
        );
    }
    let (input1, input2) = promote_and_broadcast(function, input1, input2)?;
    let (target, input1) = floats(function, target, &input1)?;
    let input2 = broadcast_to(&input2.to_dtype(input1.dtype())?, input1.shape())?;
    let formula = Ranking { margin };
    elementwise::reduce(function, formula, reduction, [&input1, &input2, &target], &[])
}

#[derive(Clone, Copy)]
struct Hinge {
    margin: f64,
}

impl Formula<2> for Hinge {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let gap = (R::of(self.margin) - x).at_least(R::zero());
        let apart = if t == R::one() { R::zero() } else { gap };
        let alike = if t == -R::one() { R::zero() } else { x };
        apart + alike
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let gap = if R::of(self.margin) - x > R::zero() { -R::one() } else { R::zero() };
        let apart = if t == R::one() { R::zero() } else { gap };
        let alike = if t == -R::one() { R::zero() } else { R::one() };
        [apart + alike, R::zero()]
    }
}

#[derive(Clone, Copy)]
struct SoftMargin;

impl Formula<2> for SoftMargin {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let z = -t * x;
        let small = (-z.abs()).exp().ln_1p_of_fraction();
        let loss = z.at_least(R::zero()) + small;
        // PyTorch's loss overflows where the power does.
        if z.exp() < R::INFINITY { loss } else { z.exp() }
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let power = (-t * x).exp();
        [-t * power / (power + R::one()), R::zero()]
    }
}

#[derive(Clone, Copy)]
struct Ranking {
    margin: f64,
}

impl Formula<3> for Ranking {
    #[inline(always)]
    fn value<R: Number>(&self, [x1, x2, t]: [R; 3]) -> R {
        (R::of(self.margin) - t * (x1 - x2)).at_least(R::zero())
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x1, x2, t]: [R; 3]) -> [R; 3] {
        let gap = R::of(self.margin) - t * (x1 - x2);
        let active = if gap > R::zero() { R::one() } else { R::zero() };
        [-t * active, t * active, (x2 - x1) * active]
    }
}
