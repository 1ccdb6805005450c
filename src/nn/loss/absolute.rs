//! Losses of the distance between input and target: absolute, smoothed, and Huber's.

use candle_core::{Result, Tensor};

use super::pair::{self, PairLoss};
use crate::error::fail;
use crate::nn::Reduction;
use crate::tensor::promote::promote_and_broadcast;

/// The absolute difference of input and target, `|x - t|`; the slope at 0 is 0.
///
/// Shapes broadcast and dtypes promote, as in [`MSELoss`](super::MSELoss). See PyTorch's `L1Loss`.
#[derive(Debug, Clone, Default)]
pub struct L1Loss {
    pub reduction: Reduction,
}

impl L1Loss {
    /// The loss of `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        apply("nn::L1Loss", Distance::Absolute, self.reduction, input, target)
    }
}

/// A parabola up to a distance of `beta`, and a line from there on.
///
/// ```text
/// l = d² / (2 beta)  where |d| < beta, else |d| - beta / 2     with d = x - t
/// ```
///
/// With `beta` 0 it is [`L1Loss`]. See PyTorch's `SmoothL1Loss`.
#[derive(Debug, Clone)]
pub struct SmoothL1Loss {
    /// Where the parabola ends. Default: 1.
    pub beta: f64,
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
        const NAME: &str = "nn::SmoothL1Loss";
        if self.beta < 0.0 {
            return fail(NAME, "smooth_l1_loss does not support negative values for beta.");
        }
        let distance = if self.beta == 0.0 {
            Distance::Absolute
        } else {
            Distance::Smooth { beta: self.beta }
        };
        apply(NAME, distance, self.reduction, input, target)
    }
}

/// [`SmoothL1Loss`] times `delta`: the slope of its line is `delta`.
///
/// ```text
/// l = d² / 2  where |d| < delta, else delta (|d| - delta / 2)     with d = x - t
/// ```
///
/// See PyTorch's `HuberLoss`.
#[derive(Debug, Clone)]
pub struct HuberLoss {
    /// Where the parabola ends. Default: 1.
    pub delta: f64,
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
        const NAME: &str = "nn::HuberLoss";
        if self.delta.is_nan() || self.delta <= 0.0 {
            return fail(NAME, "huber_loss does not support non-positive values for delta.");
        }
        apply(NAME, Distance::Huber { delta: self.delta }, self.reduction, input, target)
    }
}

fn apply(
    name: &str,
    distance: Distance,
    reduction: Reduction,
    input: &Tensor,
    target: &Tensor,
) -> Result<Tensor> {
    let (input, target) = promote_and_broadcast(name, input, target)?;
    if !input.dtype().is_float() {
        return fail(
            name,
            format_args!(
                "not implemented for {:?}: input and target are both integers (convert one with .to_dtype(DType::F32)?)",
                input.dtype()
            ),
        );
    }
    reduction.apply(pair::apply(distance, &input, &target)?)
}

#[derive(Clone)]
enum Distance {
    Absolute,
    Smooth { beta: f64 },
    Huber { delta: f64 },
}

impl PairLoss for Distance {
    const NAME: &'static str = "distance";

    fn value(&self, x: f64, t: f64) -> f64 {
        let d = (x - t).abs();
        match *self {
            Distance::Smooth { beta } if d < beta => 0.5 * d * d / beta,
            Distance::Smooth { beta } => d - 0.5 * beta,
            Distance::Huber { delta } if d < delta => 0.5 * d * d,
            Distance::Huber { delta } => delta * (d - 0.5 * delta),
            Distance::Absolute => d,
        }
    }

    fn input_slope(&self, x: f64, t: f64) -> f64 {
        let d = x - t;
        match *self {
            // PyTorch's sign of nan is 0.
            Distance::Absolute if d == 0.0 || d.is_nan() => 0.0,
            Distance::Absolute => d.signum(),
            // nan takes the parabola, and stays nan.
            Distance::Smooth { beta } if d.abs() >= beta => d.signum(),
            Distance::Smooth { beta } => d / beta,
            Distance::Huber { delta } if d.abs() >= delta => delta * d.signum(),
            Distance::Huber { .. } => d,
        }
    }

    fn target_slope(&self, x: f64, t: f64) -> f64 {
        -self.input_slope(x, t)
    }
}
