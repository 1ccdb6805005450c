//! Kullback-Leibler divergence.

use candle_core::{Result, Tensor};

use super::elementwise::{self, Formula};
use crate::compute::number::Number;
use crate::compute::reduce::Outcome;
use crate::error::fail;
use crate::nn::Reduction;
use crate::tensor::promote::promote_and_broadcast;

/// How [`KLDivLoss`] reduces the values of its elements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KLDivReduction {
    /// Keeps the values.
    None,
    /// The mean over all elements, which is not the divergence; see `BatchMean`.
    #[default]
    Mean,
    /// The sum.
    Sum,
    /// The sum divided by the size of the first axis: the divergence as it is defined.
    BatchMean,
}

impl From<Reduction> for KLDivReduction {
    fn from(reduction: Reduction) -> Self {
        match reduction {
            Reduction::None => KLDivReduction::None,
            Reduction::Mean => KLDivReduction::Mean,
            Reduction::Sum => KLDivReduction::Sum,
        }
    }
}

/// How far the distribution `input`, given by log probabilities, is from `target`.
///
/// ```text
/// l = t (ln t - x)          0 where t is 0
/// l = exp(t) (t - x)        with log_target
/// ```
///
/// `x` is the input, `t` the target.
///
/// # Shapes
///
/// Any that broadcast. The reduction `BatchMean` divides by the size of the input's first axis.
///
/// # Errors
///
/// If the shapes don't broadcast, or a tensor is not a float.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let loss = nn::KLDivLoss { reduction: nn::KLDivReduction::BatchMean, ..Default::default() };
/// let p = tensor!([[0.5, 0.5]]);
/// assert_eq!(loss.forward(&p.log()?, &p)?.to_scalar::<f32>()?, 0.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct KLDivLoss {
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: KLDivReduction,
    /// Whether the target holds log probabilities too. Default: false.
    pub log_target: bool,
}

impl KLDivLoss {
    /// The loss of the log probabilities `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::KLDivLoss", input, target)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor> {
        if !input.dtype().is_float() || !target.dtype().is_float() {
            return fail(
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
        let outcome = match self.reduction {
            KLDivReduction::None => Outcome::Each,
            KLDivReduction::Mean => Outcome::Over(input.elem_count() as f64),
            KLDivReduction::Sum => Outcome::Over(1.0),
            KLDivReduction::BatchMean => Outcome::Over(batch as f64),
        };
        let inputs = [&input, &target];
        if self.log_target {
            elementwise::apply(function, OfLogs, outcome, inputs, &[])
        } else {
            elementwise::apply(function, OfProbabilities, outcome, inputs, &[])
        }
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
