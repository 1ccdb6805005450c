//! Negative log likelihood of normally distributed targets.

use candle_core::{Result, Shape, Tensor};

use super::elementwise::{self, Formula};
use super::options::Reduction;
use crate::compute::beside::Beside;
use crate::compute::number::Number;
use crate::error::{fail, fail_shape, need_float};
use crate::tensor::parts;
use crate::tensor::promote::{broadcast_to, promote_and_broadcast, result_dtype};

/// [`nn::GaussianNLLLoss`](crate::nn::GaussianNLLLoss) as a function (PyTorch's defaults: false, 1e-6, mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t, v) = (tensor!([1.]), tensor!([3.]), tensor!([1.]));
/// let y = F::gaussian_nll_loss(&x, &t, &v, false, 1e-6, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn gaussian_nll_loss(
    input: &Tensor,
    target: &Tensor,
    var: &Tensor,
    full: bool,
    eps: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    gaussian_nll_loss_named("F::gaussian_nll_loss", input, target, var, full, eps, reduction)
}

pub(crate) fn gaussian_nll_loss_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    var: &Tensor,
    full: bool,
    eps: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    need_float(function, "var", var)?;
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
    let formula = Normal { full, eps };
    elementwise::reduce(function, formula, reduction, inputs, &[])
}

/// The variance with as many axes as the input.
fn check_variance(function: &str, input: &Tensor, var: &Tensor) -> Result<Tensor> {
    let least = parts::values::<f64>(&var.detach())?;
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
    let differing = sizes.iter().beside(found).filter(|(a, b)| a != b);
    if sizes.len() == found.len() && differing.map(|(_, size)| size).sum::<usize>() == 1 {
        return Ok(var.clone());
    }
    fail_shape(
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
