//! Losses that are the negative logarithm of a probability, or compare two distributions.
//!
//! The formulas are in `functional/loss`.

use std::fmt;

use candle_core::{Result, Tensor};

use super::{display, losses};
use crate::functional::loss::{
    KLDivReduction, Reduction, binary_cross_entropy_named, binary_cross_entropy_with_logits_named,
    gaussian_nll_loss_named, kl_div_named, poisson_nll_loss_named,
};

losses! {
    /// Binary cross entropy of probabilities.
    ///
    /// ```text
    /// l = -w (t ln x + (1 - t) ln(1 - x)),   each logarithm at least -100
    /// ```
    ///
    /// `x` is the input, `t` the target, `w` the weight.
    ///
    /// # Shapes
    ///
    /// Input and target of one shape; `weight`, if any, broadcasts to it.
    ///
    /// # Errors
    ///
    /// If the shapes or dtypes differ, or an element of either isn't between 0 and 1.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let y = nn::BCELoss::default().forward(&tensor!([0.5, 1.0]), &tensor!([1.0, 1.0]))?;
    /// assert!((y.to_scalar::<f32>()? - 0.3466).abs() < 1e-4);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    BCELoss {
        /// A factor for each element. Default: none.
        weight: Option<Tensor> = None,
    }
    /// The loss of the probabilities `input` against `target`.
    forward(input: &Tensor, target: &Tensor) |loss, function| {
        let weight = loss.weight.as_ref();
        binary_cross_entropy_named(function, input, target, weight, loss.reduction)
    };

    /// Binary cross entropy of logits: a sigmoid and [`BCELoss`] in one, exact for large logits.
    ///
    /// ```text
    /// l = w ((1 - t) softplus(x) + p t softplus(-x))
    /// ```
    ///
    /// `x` is the input, `t` the target, `w` the weight, `p` is `pos_weight`.
    ///
    /// # Shapes
    ///
    /// Input and target of one shape; `weight` and `pos_weight`, if any, broadcast to it.
    ///
    /// # Errors
    ///
    /// If the shapes differ, or input or target are not floats.
    ///
    /// *Differs from candle*: its `binary_cross_entropy_with_logit` is inf or nan for logits above 17.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let y = nn::BCEWithLogitsLoss::default().forward(&tensor!([1000.0]), &tensor!([0.0]))?;
    /// assert_eq!(y.to_scalar::<f32>()?, 1000.0);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    BCEWithLogitsLoss {
        /// A factor for each element. Default: none.
        weight: Option<Tensor> = None,
        /// A factor for the positive part of each element; above 1 it raises recall, below precision.
        /// Default: none.
        pos_weight: Option<Tensor> = None,
    }
    /// The loss of the logits `input` against `target`.
    forward(input: &Tensor, target: &Tensor) |loss, function| {
        let (weight, pos_weight) = (loss.weight.as_ref(), loss.pos_weight.as_ref());
        let reduction = loss.reduction;
        binary_cross_entropy_with_logits_named(
            function, input, target, weight, reduction, pos_weight,
        )
    };

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
    PoissonNLLLoss {
        /// Whether the input is the logarithm of the rate. Default: true.
        log_input: bool = true,
        /// Whether to add the approximation of the part that depends on the target alone.
        /// Default: false.
        full: bool = false,
        /// Keeps the logarithm finite where the rate is 0. Default: 1e-8.
        eps: f64 = 1e-8,
    }
    /// The loss of the rates, or their logarithms, `input` against the counts `target`.
    forward(input: &Tensor, target: &Tensor) |loss, function| {
        let PoissonNLLLoss { log_input, full, eps, reduction } = *loss;
        poisson_nll_loss_named(function, input, target, log_input, full, eps, reduction)
    };

    /// The negative log likelihood of targets that follow a normal distribution, whose mean and
    /// variance a model predicts.
    ///
    /// ```text
    /// l = (ln v + (x - t)² / v) / 2                with v = max(var, eps)
    /// l + ln(2 π) / 2                              with full
    /// ```
    ///
    /// `x` is the input, `t` the target. The limit `eps` doesn't stop gradients.
    ///
    /// # Shapes
    ///
    /// Input and target of shapes that broadcast; `var` has the input's shape, or lacks its last axis,
    /// or has one axis of size 1 in place of the input's. dtypes promote.
    ///
    /// # Errors
    ///
    /// If a shape is another, or an element of `var` is negative.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let loss = nn::GaussianNLLLoss::default();
    /// let y = loss.forward(&tensor!([1.0, 2.0]), &tensor!([1, 0]), &tensor!([1.0, 1.0]))?;
    /// assert_eq!(y.to_scalar::<f32>()?, 1.0);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    GaussianNLLLoss {
        /// Whether to add the constant part. Default: false.
        full: bool = false,
        /// The least variance. Default: 1e-6.
        eps: f64 = 1e-6,
    }
    /// The loss of the means `input` with the variances `var` against `target`.
    forward(input: &Tensor, target: &Tensor, var: &Tensor) |loss, function| {
        let GaussianNLLLoss { full, eps, reduction } = *loss;
        gaussian_nll_loss_named(function, input, target, var, full, eps, reduction)
    };
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
        kl_div_named("nn::KLDivLoss", input, target, self.reduction, self.log_target)
    }
}

display!(KLDivLoss);
