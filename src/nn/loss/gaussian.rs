//! Negative log likelihood of normally distributed targets.

use candle_core::{Result, Shape, Tensor};

use super::elementwise::{self, Formula};
use crate::compute::number::Number;
use crate::error::{fail, wrong_dtype};
use crate::nn::Reduction;
use crate::tensor::promote::{broadcast_to, promote_and_broadcast, result_dtype};

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
#[derive(Debug, Clone)]
pub struct GaussianNLLLoss {
    /// Whether to add the constant part. Default: false.
    pub full: bool,
    /// The least variance. Default: 1e-6.
    pub eps: f64,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for GaussianNLLLoss {
    fn default() -> Self {
        GaussianNLLLoss { full: false, eps: 1e-6, reduction: Reduction::Mean }
    }
}

impl GaussianNLLLoss {
    /// The loss of the means `input` with the variances `var` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor, var: &Tensor) -> Result<Tensor> {
        self.apply("nn::GaussianNLLLoss", input, target, var)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
        var: &Tensor,
    ) -> Result<Tensor> {
        if !var.dtype().is_float() {
            return wrong_dtype(function, "var", var.dtype());
        }
        let var = check_variance(function, input, var)?;
        let (input, target) = promote_and_broadcast(function, input, target)?;
        let dtype = result_dtype(&input, &var);
        let [input, target, var] =
            [input.to_dtype(dtype)?, target.to_dtype(dtype)?, var.to_dtype(dtype)?];
        // Input and target have one shape by now; that of `var` may be smaller, or larger.
        let (_, shape) = promote_and_broadcast(function, &var.detach(), &input.detach())?;
        let shape: Shape = shape.shape().clone();
        let inputs = [
            &broadcast_to(&input, &shape)?,
            &broadcast_to(&target, &shape)?,
            &broadcast_to(&var, &shape)?,
        ];
        let formula = Normal { full: self.full, eps: self.eps };
        elementwise::reduce(function, formula, self.reduction, inputs, &[])
    }
}

/// The variance with as many axes as the input.
fn check_variance(function: &str, input: &Tensor, var: &Tensor) -> Result<Tensor> {
    let least = var.detach().to_dtype(candle_core::DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    if least.iter().any(|variance| *variance < 0.0) {
        return fail(function, "var has negative entry/entries");
    }
    let (sizes, found) = (input.dims(), var.dims());
    if sizes == found {
        return Ok(var.clone());
    }
    if sizes.split_last().is_some_and(|(_, rest)| rest == found) {
        return var.unsqueeze(found.len());
    }
    let differing = sizes.iter().zip(found).filter(|(a, b)| a != b);
    if sizes.len() == found.len() && differing.map(|(_, size)| size).sum::<usize>() == 1 {
        return Ok(var.clone());
    }
    fail(
        function,
        format_args!("var is of incorrect size: {found:?} for an input of shape {sizes:?}"),
    )
}

#[derive(Clone, Copy)]
struct Normal {
    full: bool,
    eps: f64,
}

impl Formula<3> for Normal {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t, var]: [R; 3]) -> R {
        let (d, v) = (x - t, var.at_least(R::of(self.eps)));
        let constant = if self.full { (2.0 * std::f64::consts::PI).ln() / 2.0 } else { 0.0 };
        R::of(0.5) * (v.ln() + d * d / v) + R::of(constant)
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t, var]: [R; 3]) -> [R; 3] {
        let (d, v) = (x - t, var.at_least(R::of(self.eps)));
        let ratio = d / v;
        [ratio, -ratio, R::of(0.5) * (R::one() / v - ratio * ratio)]
    }
}
