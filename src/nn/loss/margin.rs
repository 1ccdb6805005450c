//! Losses of a margin between single numbers.

use candle_core::{DType, Result, Tensor};

use super::elementwise::{self, Formula};
use crate::compute::number::Number;
use crate::error::fail;
use crate::nn::Reduction;
use crate::tensor::promote::{broadcast_to, promote_and_broadcast};

/// The loss of distances `x` between pairs that are alike (1) or not (-1).
///
/// ```text
/// l = x                     where t = 1
/// l = max(0, margin - x)    where t = -1
/// ```
///
/// # Shapes
///
/// Any that broadcast; dtypes promote.
///
/// # Errors
///
/// If the shapes don't broadcast, or both tensors are integers.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let y = nn::HingeEmbeddingLoss::default().forward(&tensor!([3.0, 0.5]), &tensor!([1, -1]))?;
/// assert_eq!(y.to_scalar::<f32>()?, 1.75);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HingeEmbeddingLoss {
    /// How far apart pairs that aren't alike should be. Default: 1.
    pub margin: f64,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for HingeEmbeddingLoss {
    fn default() -> Self {
        HingeEmbeddingLoss { margin: 1.0, reduction: Reduction::Mean }
    }
}

impl HingeEmbeddingLoss {
    /// The loss of the distances `input` against `target`, 1 or -1.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::HingeEmbeddingLoss", input, target)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor> {
        let (input, target) = floats(function, input, target)?;
        let formula = Hinge { margin: self.margin };
        elementwise::reduce(function, formula, self.reduction, [&input], &[&target])
    }
}

/// The logistic loss of two classes, 1 and -1.
///
/// ```text
/// l = ln(1 + exp(-t x))
/// ```
///
/// As in PyTorch it overflows: the loss is infinite and the gradient nan where `-t x` is above 88
/// (`f32`). `nn::BCEWithLogitsLoss` with targets 1 and 0 is the same loss without that.
///
/// # Shapes
///
/// Any that broadcast; dtypes promote.
///
/// # Errors
///
/// If the shapes don't broadcast, or both tensors are integers.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let y = nn::SoftMarginLoss::default().forward(&tensor!([0.0]), &tensor!([-1]))?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SoftMarginLoss {
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl SoftMarginLoss {
    /// The loss of `input` against `target`, 1 or -1.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::SoftMarginLoss", input, target)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor> {
        let (input, target) = floats(function, input, target)?;
        elementwise::reduce(function, SoftMargin, self.reduction, [&input], &[&target])
    }
}

/// The loss of two numbers of which the first (1) or the second (-1) should be larger.
///
/// ```text
/// l = max(0, -t (x1 - x2) + margin)
/// ```
///
/// # Shapes
///
/// Three of as many axes each, which broadcast; dtypes promote.
///
/// # Errors
///
/// If the numbers of axes differ, the shapes don't broadcast, or all tensors are integers.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let loss = nn::MarginRankingLoss::default();
/// let y = loss.forward(&tensor!([2.0, 2.0]), &tensor!([1.0, 1.0]), &tensor!([1, -1]))?;
/// assert_eq!(y.to_scalar::<f32>()?, 0.5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MarginRankingLoss {
    /// By how much the one should be larger. Default: 0.
    pub margin: f64,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl MarginRankingLoss {
    /// The loss of `input1` and `input2` against `target`, 1 or -1.
    pub fn forward(&self, input1: &Tensor, input2: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::MarginRankingLoss", input1, input2, target)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input1: &Tensor,
        input2: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor> {
        if input1.rank() != input2.rank() || input1.rank() != target.rank() {
            return fail(
                function,
                format_args!(
                    "All input tensors should have same dimension but got sizes: input1: {:?}, input2: {:?}, target: {:?}",
                    input1.dims(),
                    input2.dims(),
                    target.dims()
                ),
            );
        }
        let (input1, input2) = promote_and_broadcast(function, input1, input2)?;
        let (target, input1) = floats(function, target, &input1)?;
        let input2 = broadcast_to(&input2.to_dtype(input1.dtype())?, input1.shape())?;
        let formula = Ranking { margin: self.margin };
        elementwise::reduce(function, formula, self.reduction, [&input1, &input2, &target], &[])
    }
}

/// Both tensors as floats of one dtype and shape.
fn floats(function: &str, input: &Tensor, target: &Tensor) -> Result<(Tensor, Tensor)> {
    let (input, target) = promote_and_broadcast(function, input, target)?;
    match input.dtype() {
        DType::F32 | DType::F64 | DType::F16 | DType::BF16 => Ok((input, target)),
        dtype => fail(
            function,
            format_args!(
                "not implemented for {dtype:?}: could not infer output dtype, since all tensors are integers (convert one with .to_dtype(DType::F32)?)"
            ),
        ),
    }
}

#[derive(Clone, Copy)]
struct Hinge {
    margin: f64,
}

impl Formula<2> for Hinge {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let gap = (R::of(self.margin) - x).at_least(R::zero());
        let apart = if t == R::one() { R::zero() } else { gap };
        let alike = if t == -R::one() { R::zero() } else { x };
        apart + alike
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let gap = if R::of(self.margin) - x > R::zero() { -R::one() } else { R::zero() };
        let apart = if t == R::one() { R::zero() } else { gap };
        let alike = if t == -R::one() { R::zero() } else { R::one() };
        [apart + alike, R::zero()]
    }
}

#[derive(Clone, Copy)]
struct SoftMargin;

impl Formula<2> for SoftMargin {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let z = -t * x;
        let small = (-z.abs()).exp().ln_1p_of_fraction();
        let loss = z.at_least(R::zero()) + small;
        // PyTorch's loss overflows where the power does.
        if z.exp() < R::INFINITY { loss } else { z.exp() }
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let power = (-t * x).exp();
        [-t * power / (power + R::one()), R::zero()]
    }
}

#[derive(Clone, Copy)]
struct Ranking {
    margin: f64,
}

impl Formula<3> for Ranking {
    #[inline(always)]
    fn value<R: Number>(&self, [x1, x2, t]: [R; 3]) -> R {
        (R::of(self.margin) - t * (x1 - x2)).at_least(R::zero())
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x1, x2, t]: [R; 3]) -> [R; 3] {
        let gap = R::of(self.margin) - t * (x1 - x2);
        let active = if gap > R::zero() { R::one() } else { R::zero() };
        [-t * active, t * active, (x2 - x1) * active]
    }
}
