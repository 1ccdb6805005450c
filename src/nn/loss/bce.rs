//! Binary cross entropy, of probabilities and of logits.

use candle_core::{Result, Tensor};

use super::elementwise::{self, Formula, Weighted};
use crate::compute::loops::{PIECE, sum_pieces, vectorized};
use crate::compute::number::Number;
use crate::compute::op::with_elements;
use crate::error::{fail, wrong_dtype};
use crate::nn::Reduction;
use crate::tensor::promote::{broadcast_to, promote};

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
#[derive(Debug, Clone, Default)]
pub struct BCELoss {
    /// A factor for each element. Default: none.
    pub weight: Option<Tensor>,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl BCELoss {
    /// The loss of the probabilities `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::BCELoss", input, target)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor> {
        if !input.dtype().is_float() {
            return wrong_dtype(function, "an input", input.dtype());
        }
        if input.dims() != target.dims() {
            return fail(
                function,
                format_args!(
                    "Using a target size ({:?}) that is different to the input size ({:?}) is deprecated: they must be the same",
                    target.dims(),
                    input.dims()
                ),
            );
        }
        if input.dtype() != target.dtype() {
            return fail(
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
        match &self.weight {
            None => elementwise::reduce(function, OfProbability, self.reduction, inputs, &[]),
            Some(weight) => {
                let weight = factors(function, "weight", weight, input)?;
                let formula = Weighted(OfProbability);
                elementwise::reduce(function, formula, self.reduction, inputs, &[&weight])
            }
        }
    }
}

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
#[derive(Debug, Clone, Default)]
pub struct BCEWithLogitsLoss {
    /// A factor for each element. Default: none.
    pub weight: Option<Tensor>,
    /// A factor for the positive part of each element; above 1 it raises recall, below precision.
    /// Default: none.
    pub pos_weight: Option<Tensor>,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl BCEWithLogitsLoss {
    /// The loss of the logits `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::BCEWithLogitsLoss", input, target)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor> {
        if input.dims() != target.dims() {
            return fail(
                function,
                format_args!(
                    "Target size ({:?}) must be the same as input size ({:?})",
                    target.dims(),
                    input.dims()
                ),
            );
        }
        if !input.dtype().is_float() {
            return wrong_dtype(function, "an input", input.dtype());
        }
        if !target.dtype().is_float() {
            return fail(
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
        let ready = |name: &str, weight: &Option<Tensor>| {
            weight.as_ref().map(|weight| factors(function, name, weight, &input)).transpose()
        };
        let weight = ready("weight", &self.weight)?;
        let pos_weight = ready("pos_weight", &self.pos_weight)?;
        match (&pos_weight, &weight) {
            (None, None) => {
                elementwise::reduce::<_, 2>(function, OfLogit, self.reduction, inputs, &[])
            }
            (None, Some(weight)) => elementwise::reduce::<_, 3>(
                function,
                Weighted(OfLogit),
                self.reduction,
                inputs,
                &[weight],
            ),
            (Some(pos), None) => {
                elementwise::reduce::<_, 3>(function, OfLogit, self.reduction, inputs, &[pos])
            }
            (Some(pos), Some(weight)) => elementwise::reduce::<_, 4>(
                function,
                Weighted(OfLogit),
                self.reduction,
                inputs,
                &[pos, weight],
            ),
        }
    }
}

/// A weight in the input's shape and dtype.
fn factors(function: &str, name: &str, weight: &Tensor, input: &Tensor) -> Result<Tensor> {
    match broadcast_to(&weight.detach(), input.shape()) {
        Ok(weight) => weight.to_dtype(input.dtype()),
        Err(_) => fail(
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
    use candle_core::DType::{F32, F64};
    let tensor = match tensor.dtype() {
        F32 | F64 => tensor.contiguous()?,
        _ => tensor.to_dtype(F32)?.contiguous()?,
    };
    let outside = match tensor.dtype() {
        F64 => with_elements::<f64, _>(&tensor, first_outside)?,
        _ => with_elements::<f32, _>(&tensor, first_outside)?,
    };
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
