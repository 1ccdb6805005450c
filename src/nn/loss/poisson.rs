//! Negative log likelihood of counts.

use candle_core::{DType, Result, Tensor};

use super::elementwise::{self, Formula};
use crate::compute::number::Number;
use crate::nn::Reduction;
use crate::tensor::promote::promote_and_broadcast;

/// The negative log likelihood of counts that follow a Poisson distribution.
///
/// ```text
/// l = exp(x) - t x                                  with log_input
/// l = x - t ln(x + eps)                             without
/// l + t ln t - t + ln(2 π t) / 2    where t > 1     with full, Stirling's approximation of ln t!
/// ```
///
/// `x` is the input (the rate or its logarithm), `t` the target.
///
/// # Shapes
///
/// Any that broadcast; dtypes promote.
///
/// # Errors
///
/// If the shapes don't broadcast.
///
/// *Differs from PyTorch*: with `full`, a target that wants a gradient gets one also where it is 0;
/// PyTorch gives nan there.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let y = nn::PoissonNLLLoss::default().forward(&tensor!([0.0, 0.0]), &tensor!([1, 5]))?;
/// assert_eq!(y.to_scalar::<f32>()?, 1.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PoissonNLLLoss {
    /// Whether the input is the logarithm of the rate. Default: true.
    pub log_input: bool,
    /// Whether to add the approximation of the part that depends on the target alone.
    /// Default: false.
    pub full: bool,
    /// Keeps the logarithm finite where the rate is 0. Default: 1e-8.
    pub eps: f64,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for PoissonNLLLoss {
    fn default() -> Self {
        PoissonNLLLoss { log_input: true, full: false, eps: 1e-8, reduction: Reduction::Mean }
    }
}

impl PoissonNLLLoss {
    /// The loss of the rates, or their logarithms, `input` against the counts `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::PoissonNLLLoss", input, target)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor> {
        let (mut input, mut target) = promote_and_broadcast(function, input, target)?;
        if !input.dtype().is_float() {
            (input, target) = (input.to_dtype(DType::F32)?, target.to_dtype(DType::F32)?);
        }
        let inputs = [&input, &target];
        let (full, eps) = (self.full, self.eps);
        if self.log_input {
            elementwise::reduce(function, OfLogRate { full }, self.reduction, inputs, &[])
        } else {
            elementwise::reduce(function, OfRate { full, eps }, self.reduction, inputs, &[])
        }
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
