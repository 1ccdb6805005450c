//! Binary cross entropy, of probabilities and of logits.

use candle_core::{DType, Result, Tensor};

use super::pair::{self, PairLoss};
use crate::error::fail;
use crate::functional::unary_math::{logistic, softplus};
use crate::nn::Reduction;
use crate::tensor::promote::promote;

/// Binary cross entropy of probabilities.
///
/// ```text
/// l = -w (t ln x + (1 - t) ln(1 - x)),   each logarithm at least -100
/// ```
///
/// # Shapes
///
/// Input and target of one shape; `weight`, if any, broadcasts to it.
///
/// # Errors
///
/// If the shapes or dtypes differ, or an element of either isn't between 0 and 1.
#[derive(Debug, Clone, Default)]
pub struct BCELoss {
    /// A factor for each element.
    pub weight: Option<Tensor>,
    pub reduction: Reduction,
}

impl BCELoss {
    /// The loss of the probabilities `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const NAME: &str = "nn::BCELoss";
        check_floats(NAME, input, target)?;
        if input.dtype() != target.dtype() {
            return fail(
                NAME,
                format_args!(
                    "Found dtype {:?} but expected {:?} for the target",
                    target.dtype(),
                    input.dtype()
                ),
            );
        }
        if input.dims() != target.dims() {
            return fail(
                NAME,
                format_args!(
                    "the target's shape {:?} is different from the input's shape {:?}; they must be the same",
                    target.dims(),
                    input.dims()
                ),
            );
        }
        check_probabilities(NAME, "input", input)?;
        check_probabilities(NAME, "target", target)?;
        let losses = pair::apply(OfProbability, input, target)?;
        self.reduction.apply(weighted(losses, self.weight.as_ref())?)
    }
}

/// Binary cross entropy of logits: a sigmoid and [`BCELoss`] in one, exact for large logits.
///
/// ```text
/// l = w ((1 - t) softplus(x) + p t softplus(-x))
/// ```
///
/// `p` is `pos_weight`. Integer targets promote.
///
/// # Errors
///
/// If the shapes differ, or the input is not a float.
#[derive(Debug, Clone, Default)]
pub struct BCEWithLogitsLoss {
    /// A factor for each element.
    pub weight: Option<Tensor>,
    /// A factor for the positive part of each element; above 1 it raises recall, below precision.
    pub pos_weight: Option<Tensor>,
    pub reduction: Reduction,
}

impl BCEWithLogitsLoss {
    /// The loss of the logits `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const NAME: &str = "nn::BCEWithLogitsLoss";
        if input.dims() != target.dims() {
            return fail(
                NAME,
                format_args!(
                    "the target's shape {:?} must be the same as the input's shape {:?}",
                    target.dims(),
                    input.dims()
                ),
            );
        }
        let (input, target) = promote(input, target)?;
        check_floats(NAME, &input, &target)?;
        let losses = match &self.pos_weight {
            None => pair::apply(OfLogit { negative: 1.0, positive: 1.0 }, &input, &target)?,
            Some(pos_weight) => {
                let negative =
                    pair::apply(OfLogit { negative: 1.0, positive: 0.0 }, &input, &target)?;
                let positive =
                    pair::apply(OfLogit { negative: 0.0, positive: 1.0 }, &input, &target)?;
                (negative + weighted(positive, Some(pos_weight))?)?
            }
        };
        self.reduction.apply(weighted(losses, self.weight.as_ref())?)
    }
}

fn weighted(losses: Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
    match weight {
        None => Ok(losses),
        Some(weight) => losses.broadcast_mul(&weight.to_dtype(losses.dtype())?),
    }
}

fn check_floats(name: &str, input: &Tensor, target: &Tensor) -> Result<()> {
    if input.dtype().is_float() && target.dtype().is_float() {
        return Ok(());
    }
    fail(
        name,
        format_args!(
            "input and target must be floats, but their dtypes are {:?} and {:?} (convert with .to_dtype(DType::F32)?)",
            input.dtype(),
            target.dtype()
        ),
    )
}

fn check_probabilities(name: &str, argument: &str, tensor: &Tensor) -> Result<()> {
    let values = tensor.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
    match values.iter().find(|it| !(0.0..=1.0).contains(*it)) {
        None => Ok(()),
        Some(value) => fail(
            name,
            format_args!(
                "all elements of {argument} should be between 0 and 1, but one is {value} (for logits there is nn::BCEWithLogitsLoss)"
            ),
        ),
    }
}

#[derive(Clone)]
struct OfProbability;

impl PairLoss for OfProbability {
    const NAME: &'static str = "nn::BCELoss";

    fn value(&self, x: f64, t: f64) -> f64 {
        -(t * x.ln().max(-100.0) + (1.0 - t) * (-x).ln_1p().max(-100.0))
    }

    fn input_slope(&self, x: f64, t: f64) -> f64 {
        // PyTorch keeps this constant as f32 for every dtype.
        (x - t) / (x * (1.0 - x)).max(f64::from(1e-12f32))
    }

    fn target_slope(&self, x: f64, _t: f64) -> f64 {
        (-x).ln_1p().max(-100.0) - x.ln().max(-100.0)
    }
}

/// The two parts of the loss, each with a factor of 0 or 1.
#[derive(Clone)]
struct OfLogit {
    negative: f64,
    positive: f64,
}

impl PairLoss for OfLogit {
    const NAME: &'static str = "nn::BCEWithLogitsLoss";

    fn value(&self, x: f64, t: f64) -> f64 {
        part(self.negative, || (1.0 - t) * softplus(x)) + part(self.positive, || t * softplus(-x))
    }

    fn input_slope(&self, x: f64, t: f64) -> f64 {
        part(self.negative, || (1.0 - t) * logistic(x)) - part(self.positive, || t * logistic(-x))
    }

    fn target_slope(&self, x: f64, _t: f64) -> f64 {
        part(self.positive, || softplus(-x)) - part(self.negative, || softplus(x))
    }
}

fn part(factor: f64, value: impl FnOnce() -> f64) -> f64 {
    if factor == 0.0 { 0.0 } else { value() }
}
