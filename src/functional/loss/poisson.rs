//! Negative log likelihood of counts.

use candle_core::{DType, Result, Tensor};

use super::elementwise::{self, Formula};
use super::options::Reduction;
use crate::compute::number::Number;
use crate::tensor::promote::promote_and_broadcast;

/// [`nn::PoissonNLLLoss`](crate::nn::PoissonNLLLoss) as a function
/// (PyTorch's defaults: true, false, 1e-8, mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([0.]), tensor!([3]));
/// let y = F::poisson_nll_loss(&x, &t, true, false, 1e-8, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 1.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn poisson_nll_loss(
    input: &Tensor,
    target: &Tensor,
    log_input: bool,
    full: bool,
    eps: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    poisson_nll_loss_named("F::poisson_nll_loss", input, target, log_input, full, eps, reduction)
}

pub(crate) fn poisson_nll_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    log_input: bool,
    full: bool,
    eps: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    let (mut input, mut target) = promote_and_broadcast(function, input, target)?;
    if !input.dtype().is_float() {
        (input, target) = (input.to_dtype(DType::F32)?, target.to_dtype(DType::F32)?);
    }
    let inputs = [&input, &target];
    let (full, eps) = (full, eps);
    if log_input {
        elementwise::reduce(function, OfLogRate { full }, reduction, inputs, &[])
    } else {
        elementwise::reduce(function, OfRate { full, eps }, reduction, inputs, &[])
    }
}

#[derive(Clone, Copy)]
struct OfLogRate {
    full: bool,
}

impl Formula<2> for OfLogRate {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        x.exp() - t * x + if self.full { stirling(t) } else { R::zero() }
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        [x.exp() - t, -x + if self.full { stirling_slope(t) } else { R::zero() }]
    }
}

#[derive(Clone, Copy)]
struct OfRate {
    full: bool,
    eps: f64,
}

impl Formula<2> for OfRate {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let log = (x + R::of(self.eps)).ln();
        x - t * log + if self.full { stirling(t) } else { R::zero() }
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let rate = x + R::of(self.eps);
        let of_target = if self.full { stirling_slope(t) } else { R::zero() };
        [R::one() - t / rate, of_target - rate.ln()]
    }
}

/// `ln t!`, about; 0 up to 1.
#[inline(always)]
fn stirling<R: Number>(t: R) -> R {
    let log = t.ln();
    let circle = R::of((2.0 * std::f64::consts::PI).ln());
    let value = t * log - t + R::of(0.5) * (circle + log);
    // Written so that nan stays nan.
    if t <= R::one() { R::zero() } else { value }
}

#[inline(always)]
fn stirling_slope<R: Number>(t: R) -> R {
    let slope = t.ln() + R::of(0.5) / t;
    if t <= R::one() { R::zero() } else { slope }
}
