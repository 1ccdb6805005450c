//! Losses of the size of a difference: absolute, smoothed, and Huber's.

use candle_core::{Result, Tensor};

use super::difference::{of_difference, with_weight};
use super::elementwise::{self, Formula, Weighted};
use super::options::Reduction;
use crate::compute::number::Number;
use crate::error::fail;

/// `|x - t|`: [`nn::L1Loss`](crate::nn::L1Loss), with a factor for each element; the mean divides by their sum.
///
/// # Errors
///
/// As [`nn::L1Loss`](crate::nn::L1Loss), and if `weight` has another shape than `input`.
///
/// ```
/// use akari::prelude::*;
/// let w = tensor!([1., 3.]);
/// let y = F::l1_loss(&tensor!([1., 3.]), &tensor!([0, 0]), Reduction::Mean, Some(&w))?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn l1_loss(
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    l1_loss_named("F::l1_loss", input, target, reduction, weight)
}

pub(crate) fn l1_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    of_difference(function, Absolute, input, target, reduction, weight)
}

/// [`nn::SmoothL1Loss`](crate::nn::SmoothL1Loss) as a function (PyTorch's default of `beta`: 1).
///
/// ```
/// use akari::prelude::*;
/// let y = F::smooth_l1_loss(&tensor!([3.]), &tensor!([0.]), Reduction::Mean, 1.0)?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn smooth_l1_loss(
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    beta: f64,
) -> Result<Tensor> {
    smooth_l1_loss_named("F::smooth_l1_loss", input, target, reduction, beta)
}

pub(crate) fn smooth_l1_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    beta: f64,
) -> Result<Tensor> {
    if beta < 0.0 {
        return fail(function, "smooth_l1_loss does not support negative values for beta");
    }
    if beta == 0.0 {
        return l1_loss_named(function, input, target, reduction, None);
    }
    of_difference(function, Smooth { beta }, input, target, reduction, None)
}

/// [`nn::HuberLoss`](crate::nn::HuberLoss), with a factor for each element (PyTorch's default of `delta`: 1); the mean
/// divides by the number of elements.
///
/// # Errors
///
/// As [`nn::HuberLoss`](crate::nn::HuberLoss), and if `weight` has another shape than `input`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::huber_loss(&tensor!([3.]), &tensor!([0.]), Reduction::Mean, 2.0, None)?;
/// assert_eq!(y.to_scalar::<f32>()?, 4.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn huber_loss(
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    delta: f64,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    huber_loss_named("F::huber_loss", input, target, reduction, delta, weight)
}

/// Unlike that of the other losses, the mean divides by the number of elements also with a weight.
pub(crate) fn huber_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    delta: f64,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    if delta.is_nan() || delta <= 0.0 {
        return fail(function, "huber_loss does not support non-positive values for delta");
    }
    let formula = Huber { delta };
    let Some(weight) = weight else {
        return of_difference(function, formula, input, target, reduction, None);
    };
    let [input, target, weight] = with_weight(function, input, target, weight)?;
    elementwise::reduce(function, Weighted(formula), reduction, [&input, &target, &weight], &[])
}

#[derive(Clone, Copy)]
struct Absolute;

impl Formula<2> for Absolute {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        (x - t).abs()
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let slope = (x - t).sign();
        [slope, -slope]
    }
}

#[derive(Clone, Copy)]
struct Smooth {
    beta: f64,
}

impl Formula<2> for Smooth {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let (beta, half) = (R::of(self.beta), R::of(0.5));
        let d = (x - t).abs();
        if d < beta { half * d * d / beta } else { d - half * beta }
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let (d, beta) = (x - t, R::of(self.beta));
        // nan takes the parabola, and stays nan.
        let slope = if d.abs() >= beta { d.sign() } else { d / beta };
        [slope, -slope]
    }
}

#[derive(Clone, Copy)]
struct Huber {
    delta: f64,
}

impl Formula<2> for Huber {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let (delta, half) = (R::of(self.delta), R::of(0.5));
        let d = (x - t).abs();
        if d < delta { half * d * d } else { delta * (d - half * delta) }
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let (d, delta) = (x - t, R::of(self.delta));
        let slope = if d.abs() >= delta { delta * d.sign() } else { d };
        [slope, -slope]
    }
}
