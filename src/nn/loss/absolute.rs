//! Losses of the size of a difference: absolute, smoothed, and Huber's.

use candle_core::{Result, Tensor};

use super::difference::{of_difference, with_weight};
use super::elementwise::{self, Formula, Weighted};
use crate::compute::number::Number;
use crate::error::fail;
use crate::nn::Reduction;

/// The absolute difference of input and target.
///
/// ```text
/// l = |x - t|        (the slope at 0 is 0)
/// ```
///
/// # Shapes, errors
///
/// Shapes broadcast and dtypes promote, as in [`MSELoss`](super::MSELoss); a factor for each
/// element is a parameter of `F::l1_loss`.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html).
///
/// ```
/// use akari::prelude::*;
/// let y = nn::L1Loss::default().forward(&tensor!([1., -4.]), &tensor!([0, 0]))?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct L1Loss {
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl L1Loss {
    /// The loss of `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        absolute("nn::L1Loss", input, target, self.reduction, None)
    }
}

/// A parabola up to a distance of `beta`, and a line from there on.
///
/// ```text
/// l = d² / (2 beta)  where |d| < beta, else |d| - beta / 2     with d = x - t
/// ```
///
/// With `beta` 0 it is [`L1Loss`]. Shapes broadcast and dtypes promote.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html).
///
/// ```
/// use akari::prelude::*;
/// let loss = nn::SmoothL1Loss { reduction: Reduction::None, ..Default::default() };
/// let y = loss.forward(&tensor!([0.5, 1., 3.]), &tensor!([0, 0, 0]))?;
/// assert_eq!(y.to_vec1::<f32>()?, [0.125, 0.5, 2.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SmoothL1Loss {
    /// Where the parabola ends. Default: 1.
    pub beta: f64,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for SmoothL1Loss {
    fn default() -> Self {
        SmoothL1Loss { beta: 1.0, reduction: Reduction::Mean }
    }
}

impl SmoothL1Loss {
    /// The loss of `input` against `target`.
    ///
    /// # Errors
    ///
    /// If `beta` is negative, or as in [`MSELoss`](super::MSELoss).
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.apply("nn::SmoothL1Loss", input, target)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor> {
        if self.beta < 0.0 {
            return fail(function, "smooth_l1_loss does not support negative values for beta");
        }
        if self.beta == 0.0 {
            return absolute(function, input, target, self.reduction, None);
        }
        of_difference(function, Smooth { beta: self.beta }, input, target, self.reduction, None)
    }
}

/// [`SmoothL1Loss`] times `delta`: the slope of its line is `delta`.
///
/// ```text
/// l = d² / 2  where |d| < delta, else delta (|d| - delta / 2)     with d = x - t
/// ```
///
/// Shapes broadcast and dtypes promote; a factor for each element is a parameter of
/// `F::huber_loss`.
///
/// *Differs from candle*: its `loss::huber` takes the line from `|d|` = `delta` on only in its docs.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let loss = nn::HuberLoss { delta: 2.0, reduction: Reduction::None };
/// let y = loss.forward(&tensor!([1., 2., 3.]), &tensor!([0, 0, 0]))?;
/// assert_eq!(y.to_vec1::<f32>()?, [0.5, 2.0, 4.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HuberLoss {
    /// Where the parabola ends. Default: 1.
    pub delta: f64,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for HuberLoss {
    fn default() -> Self {
        HuberLoss { delta: 1.0, reduction: Reduction::Mean }
    }
}

impl HuberLoss {
    /// The loss of `input` against `target`.
    ///
    /// # Errors
    ///
    /// If `delta` isn't positive, or as in [`MSELoss`](super::MSELoss).
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        huber("nn::HuberLoss", input, target, self.reduction, self.delta, None)
    }
}

/// [`L1Loss`], with a factor for each element.
pub(crate) fn absolute(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    of_difference(function, Absolute, input, target, reduction, weight)
}

/// [`HuberLoss`], with a factor for each element; unlike that of the other losses, the mean divides
/// by the number of elements all the same.
pub(crate) fn huber(
    function: &'static str,
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    delta: f64,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    if delta.is_nan() || delta <= 0.0 {
        return fail(function, "huber_loss does not support non-positive values for delta");
    }
    let formula = Huber { delta };
    let Some(weight) = weight else {
        return of_difference(function, formula, input, target, reduction, None);
    };
    let [input, target, weight] = with_weight(function, input, target, weight)?;
    elementwise::reduce(function, Weighted(formula), reduction, [&input, &target, &weight], &[])
}

#[derive(Clone, Copy)]
struct Absolute;

impl Formula<2> for Absolute {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        (x - t).abs()
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let slope = (x - t).sign();
        [slope, -slope]
    }
}

#[derive(Clone, Copy)]
struct Smooth {
    beta: f64,
}

impl Formula<2> for Smooth {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let (beta, half) = (R::of(self.beta), R::of(0.5));
        let d = (x - t).abs();
        if d < beta { half * d * d / beta } else { d - half * beta }
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let (d, beta) = (x - t, R::of(self.beta));
        // nan takes the parabola, and stays nan.
        let slope = if d.abs() >= beta { d.sign() } else { d / beta };
        [slope, -slope]
    }
}

#[derive(Clone, Copy)]
struct Huber {
    delta: f64,
}

impl Formula<2> for Huber {
    #[inline(always)]
    fn value<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let (delta, half) = (R::of(self.delta), R::of(0.5));
        let d = (x - t).abs();
        if d < delta { half * d * d } else { delta * (d - half * delta) }
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [x, t]: [R; 2]) -> [R; 2] {
        let (d, delta) = (x - t, R::of(self.delta));
        let slope = if d.abs() >= delta { delta * d.sign() } else { d };
        [slope, -slope]
    }
}
