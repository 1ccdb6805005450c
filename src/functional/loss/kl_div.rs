//! Kullback-Leibler divergence.

use candle_core::{Result, Tensor};

use super::elementwise::{self, Formula};
use super::options::KLDivReduction;
use crate::compute::number::Number;
use crate::compute::reduce::Outcome;
use crate::error::fail_dtype;
use crate::tensor::promote::promote_and_broadcast;

/// [`nn::KLDivLoss`](crate::nn::KLDivLoss) as a function (PyTorch's defaults: mean, false).
///
/// ```
/// use akari::prelude::*;
/// let p = tensor!([[0.5, 0.5]]);
/// let y = F::kl_div(&p.log()?, &p, nn::KLDivReduction::BatchMean, false)?;
/// assert_eq!(y.to_scalar::<f32>()?, 0.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn kl_div(
    input: &Tensor,
    target: &Tensor,
    reduction: impl Into<KLDivReduction>,
    log_target: bool,
) -> Result<Tensor> {
    kl_div_named("F::kl_div", input, target, reduction.into(), log_target)
}

pub(crate) fn kl_div_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    reduction: KLDivReduction,
    log_target: bool,
) -> Result<Tensor> {
    if !input.dtype().is_float() || !target.dtype().is_float() {
        return fail_dtype(
            function,
            format_args!(
                "Integral inputs not supported, but the dtypes are {:?} and {:?} (convert with .to_dtype(DType::F32)?)",
                input.dtype(),
                target.dtype()
            ),
        );
    }
    let batch = input.dims().first().copied().unwrap_or(1);
    let (input, target) = promote_and_broadcast(function, input, target)?;
    let outcome = match reduction {
        KLDivReduction::None => Outcome::Each,
        KLDivReduction::Mean => Outcome::Over(input.elem_count() as f64),
        KLDivReduction::Sum => Outcome::Over(1.0),
        KLDivReduction::BatchMean => Outcome::Over(batch as f64),
    };
    let inputs = [&input, &target];
    if log_target {
        elementwise::apply(function, OfLogs, outcome, inputs, &[])
    } else {
        elementwise::apply(function, OfProbabilities, outcome, inputs, &[])
    }
}

#[derive(Clone, Copy)]
struct OfProbabilities;

impl Formula<2> for OfProbabilities {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let entropy = if t == R::zero() { R::zero() } else { t * t.ln() };
        entropy - t * x
    }

    #[inline(always)]
    #[allow(clippy::eq_op)] // At 0 the slope is infinite; PyTorch has nan there, and so has t / t.
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        [-t, t.ln() + t / t - x]
    }
}

#[derive(Clone, Copy)]
struct OfLogs;

impl Formula<2> for OfLogs {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        t.exp() * (t - x)
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let p = t.exp();
        [-p, p * (t - x) + p]
    }
}
