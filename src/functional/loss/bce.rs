//! Binary cross entropy, of probabilities and of logits.

use candle_core::{DType, Result, Tensor};

use super::elementwise::{self, Formula, Weighted};
use super::options::Reduction;
use crate::compute::loops::{PIECE, vectorized};
use crate::compute::number::Number;
use crate::compute::op::with_values;
use crate::compute::sums::sum_pieces;
use crate::error::{fail, fail_dtype, fail_shape, need_float};
use crate::tensor::promote::{broadcast_to, promote};

/// [`nn::BCELoss`](crate::nn::BCELoss) as a function (PyTorch's defaults: no weight, mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([0.5]), tensor!([1.]));
/// let y = F::binary_cross_entropy(&x, &t, None, Reduction::Mean)?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn binary_cross_entropy(
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Tensor> {
    binary_cross_entropy_named("F::binary_cross_entropy", input, target, weight, reduction)
}

pub(crate) fn binary_cross_entropy_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Tensor> {
    need_float(function, "an input", input)?;
    if input.dims() != target.dims() {
        return fail_shape(
            function,
            format_args!(
                "Using a target size ({:?}) that is different to the input size ({:?}) is deprecated: they must be the same",
                target.dims(),
                input.dims()
            ),
        );
    }
    if input.dtype() != target.dtype() {
        return fail_dtype(
            function,
            format_args!(
                "Found dtype {:?} but expected {:?} for the target (convert it with .to_dtype(DType::{1:?})?)",
                target.dtype(),
                input.dtype()
            ),
        );
    }
    check_probabilities(function, "input", input)?;
    check_probabilities(function, "target", target)?;
    let inputs = [input, target];
    let Some(weight) = weight else {
        return elementwise::reduce(function, OfProbability, reduction, inputs, &[]);
    };
    let weight = factors(function, "weight", weight, input)?;
    elementwise::reduce(function, Weighted(OfProbability), reduction, inputs, &[&weight])
}

/// [`nn::BCEWithLogitsLoss`](crate::nn::BCEWithLogitsLoss) as a function
/// (PyTorch's defaults: no weight, mean, no `pos_weight`).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([-1000.]), tensor!([1.]));
/// let y = F::binary_cross_entropy_with_logits(&x, &t, None, Reduction::Mean, None)?;
/// assert_eq!(y.to_scalar::<f32>()?, 1000.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn binary_cross_entropy_with_logits(
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: Reduction,
    pos_weight: Option<&Tensor>,
) -> Result<Tensor> {
    binary_cross_entropy_with_logits_named(
        "F::binary_cross_entropy_with_logits",
        input,
        target,
        weight,
        reduction,
        pos_weight,
    )
}

pub(crate) fn binary_cross_entropy_with_logits_named(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: Reduction,
    pos_weight: Option<&Tensor>,
) -> Result<Tensor> {
    if input.dims() != target.dims() {
        return fail_shape(
            function,
            format_args!(
                "Target size ({:?}) must be the same as input size ({:?})",
                target.dims(),
                input.dims()
            ),
        );
    }
    need_float(function, "an input", input)?;
    if !target.dtype().is_float() {
        return fail_dtype(
            function,
            format_args!(
                "result type {:?} can't be cast to the target's dtype {:?} (convert the target with .to_dtype(DType::{0:?})?)",
                input.dtype(),
                target.dtype()
            ),
        );
    }
    let (input, target) = promote(input, target)?;
    let inputs = [&input, &target];
    let ready = |name: &str, weight: Option<&Tensor>| {
        weight.map(|weight| factors(function, name, weight, &input)).transpose()
    };
    let pos_weight = ready("pos_weight", pos_weight)?;
    let weight = ready("weight", weight)?;
    let factors = pos_weight.iter().chain(&weight).collect::<Vec<_>>();
    let weighted = Weighted(OfLogit);
    match (&pos_weight, &weight) {
        (None, None) => elementwise::reduce::<_, 2>(function, OfLogit, reduction, inputs, &[]),
        (Some(_), None) => {
            elementwise::reduce::<_, 3>(function, OfLogit, reduction, inputs, &factors)
        }
        (None, Some(_)) => {
            elementwise::reduce::<_, 3>(function, weighted, reduction, inputs, &factors)
        }
        (Some(_), Some(_)) => {
            elementwise::reduce::<_, 4>(function, weighted, reduction, inputs, &factors)
        }
    }
}

/// A weight in the input's shape and dtype.
fn factors(function: &str, name: &str, weight: &Tensor, input: &Tensor) -> Result<Tensor> {
    match broadcast_to(&weight.detach(), input.shape()) {
        Ok(weight) => weight.to_dtype(input.dtype()),
        Err(_) => fail_shape(
            function,
            format_args!(
                "{name} of shape {:?} does not broadcast to the input's shape {:?}",
                weight.dims(),
                input.dims()
            ),
        ),
    }
}

fn check_probabilities(function: &str, argument: &str, tensor: &Tensor) -> Result<()> {
    let tensor = match tensor.dtype() {
        DType::F32 | DType::F64 => tensor.contiguous()?,
        _ => tensor.to_dtype(DType::F32)?.contiguous()?,
    };
    let outside = with_values(function, &tensor, first_outside, first_outside)??;
    match outside {
        None => Ok(()),
        Some(value) => fail(
            function,
            format_args!(
                "all elements of {argument} should be between 0 and 1, but one is {value} (for logits there is nn::BCEWithLogitsLoss)"
            ),
        ),
    }
}

/// The first number that isn't between 0 and 1.
fn first_outside<R: Number>(values: &[R]) -> Result<Option<f64>> {
    let is_inside = |x: R| x >= R::zero() && x <= R::one();
    let [count] = sum_pieces(values.len(), PIECE, |range| {
        let values = &values[range];
        Ok([vectorized(
            #[inline(always)]
            || values.iter().fold(0u32, |count, x| count + u32::from(!is_inside(*x))),
        )
        .into()])
    })?;
    if count == 0.0 {
        return Ok(None);
    }
    Ok(values.iter().find(|x| !is_inside(**x)).map(|x| x.to_f64()))
}

#[derive(Clone, Copy)]
struct OfProbability;

impl Formula<2> for OfProbability {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let [log, log_rest] = logs(x);
        -(t * log + (R::one() - t) * log_rest)
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        // PyTorch keeps this constant as f32 for every dtype.
        let least = R::of(f64::from(1e-12f32));
        // The limit of -100 is not in the gradient of the target, as in PyTorch.
        [(x - t) / (x * (R::one() - x)).at_least(least), (-x).ln_1p() - x.ln()]
    }
}

/// `ln x` and `ln(1 - x)`, at least -100.
#[inline(always)]
fn logs<R: Number>(x: R) -> [R; 2] {
    let least = R::of(-100.0);
    [x.ln().at_least(least), (-x).ln_1p().at_least(least)]
}

/// The loss of a logit `x`, a target `t` and, as the third number, `pos_weight`.
#[derive(Clone, Copy)]
pub(super) struct OfLogit;

impl Formula<2> for OfLogit {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let [rising, falling] = softplus(x);
        (R::one() - t) * rising + t * falling
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let [of_x, of_t, _] = self.slopes([x, t, R::one()]);
        [of_x, of_t]
    }
}

impl Formula<3> for OfLogit {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t, p]: [R; 3]) -> R {
        let [rising, falling] = softplus(x);
        (R::one() - t) * rising + p * t * falling
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t, p]: [R; 3]) -> [R; 3] {
        let [rising, falling] = softplus(x);
        let [up, down] = logistic(x);
        [(R::one() - t) * up - p * t * down, p * falling - rising, t * falling]
    }
}

/// `ln(1 + exp(x))` and `ln(1 + exp(-x))`, without overflow.
#[inline(always)]
fn softplus<R: Number>(x: R) -> [R; 2] {
    let small = (-x.abs()).exp().ln_1p_of_fraction();
    [x.at_least(R::zero()) + small, (-x).at_least(R::zero()) + small]
}

/// `1 / (1 + exp(-x))` and `1 / (1 + exp(x))`, each exact to its last places.
#[inline(always)]
fn logistic<R: Number>(x: R) -> [R; 2] {
    let power = (-x.abs()).exp();
    let large = R::one() / (R::one() + power);
    let small = power * large;
    if x < R::zero() { [small, large] } else { [large, small] }
}
