//! `nn::init`: fills a variable with its first values, in place.
//!
//! After `torch::manual_seed` the numbers are PyTorch's. The rarer ways are in `init_special.rs`.

use candle_core::{Device, Result, Tensor, Var};

use crate::error::{fail, fail_shape};
use crate::sampling::{fill_normal, fill_uniform, uniform_var};
use crate::tensor::size;

pub use super::init_special::{dirac_, eye_, orthogonal_, sparse_, trunc_normal_};

/// Which numbers a layer keeps at their size: those on the way forward, or the gradients on the way
/// back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fan {
    /// The inputs of one output.
    #[default]
    In,
    /// The outputs of one input.
    Out,
}

/// The function that follows a layer, which decides by how much the layer's results have to be
/// larger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Nonlinearity {
    /// A factor of 1: nothing, a sigmoid, or a convolution.
    Linear,
    /// 5/3.
    Tanh,
    /// √2.
    Relu,
    /// √(2 / (1 + slope²)); PyTorch's default slope is 0.01.
    LeakyRelu(f64),
    /// 3/4.
    Selu,
}

/// The factor for what follows a layer: PyTorch's `calculate_gain`.
///
/// ```
/// use akari::nn::init::{Nonlinearity, calculate_gain};
/// assert_eq!(calculate_gain(Nonlinearity::Relu), 2f64.sqrt());
/// ```
pub fn calculate_gain(nonlinearity: Nonlinearity) -> f64 {
    match nonlinearity {
        Nonlinearity::Linear => 1.0,
        Nonlinearity::Tanh => 5.0 / 3.0,
        Nonlinearity::Relu => 2f64.sqrt(),
        Nonlinearity::LeakyRelu(slope) => (2.0 / (1.0 + slope * slope)).sqrt(),
        Nonlinearity::Selu => 0.75,
    }
}

/// Uniform numbers from `a` up to `b`; PyTorch's defaults are 0 and 1.
///
/// # Errors
///
/// If `a` is above `b`. See PyTorch's `init.uniform_`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::zeros((2, 2), DType::F32, &Device::Cpu)?;
/// torch::manual_seed(0);
/// nn::init::uniform_(&w, -1.0, 1.0)?;
/// assert!((w.to_vec2::<f32>()?[0][0] + 0.0075).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn uniform_(var: &Var, a: f64, b: f64) -> Result<()> {
    if a > b {
        return fail(
            "nn::init::uniform_",
            format_args!(
                "uniform_ expects to return a [from, to) range, but found from={a} > to={b}"
            ),
        );
    }
    fill_uniform(var, a, b)
}

/// Normal numbers; PyTorch's defaults are a mean of 0 and a deviation of 1.
///
/// # Errors
///
/// If the deviation is negative. See PyTorch's `init.normal_`.
pub fn normal_(var: &Var, mean: f64, std: f64) -> Result<()> {
    if std < 0.0 {
        return fail(
            "nn::init::normal_",
            format_args!("normal expects std >= 0.0, but found std {std}"),
        );
    }
    fill_normal(var, mean, std)
}

/// Uniform numbers between `±gain √(6 / (fan_in + fan_out))`; Glorot and Bengio, 2010.
///
/// PyTorch's default gain is 1. See PyTorch's `init.xavier_uniform_`.
///
/// # Errors
///
/// If the variable has fewer than two axes.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Linear::new(3, 2)?;
/// nn::init::xavier_uniform_(&layer.weight, 1.0)?;
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn xavier_uniform_(var: &Var, gain: f64) -> Result<()> {
    let bound = 3f64.sqrt() * xavier_deviation("nn::init::xavier_uniform_", var, gain)?;
    fill_uniform(var, -bound, bound)
}

/// Normal numbers of deviation `gain √(2 / (fan_in + fan_out))`; as [`xavier_uniform_`].
///
/// # Errors
///
/// If the variable has fewer than two axes.
pub fn xavier_normal_(var: &Var, gain: f64) -> Result<()> {
    fill_normal(var, 0.0, xavier_deviation("nn::init::xavier_normal_", var, gain)?)
}

fn xavier_deviation(function: &str, var: &Var, gain: f64) -> Result<f64> {
    let (fan_in, fan_out) = fans(function, var)?;
    Ok(gain * (2.0 / (fan_in + fan_out) as f64).sqrt())
}

/// Uniform numbers between `±gain √(3 / fan)`; He and others, 2015.
///
/// See PyTorch's `init.kaiming_uniform_`, whose defaults are [`Fan::In`] and a leaky relu of slope 0.
///
/// # Errors
///
/// If the variable has fewer than two axes.
///
/// ```
/// use akari::nn::init::{Fan, Nonlinearity};
/// use akari::prelude::*;
/// let layer = nn::Linear::new(3, 2)?;
/// nn::init::kaiming_uniform_(&layer.weight, Fan::In, Nonlinearity::Relu)?;
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn kaiming_uniform_(var: &Var, mode: Fan, nonlinearity: Nonlinearity) -> Result<()> {
    let deviation = kaiming_deviation("nn::init::kaiming_uniform_", var, mode, nonlinearity)?;
    let bound = 3f64.sqrt() * deviation;
    fill_uniform(var, -bound, bound)
}

/// Normal numbers of deviation `gain / √fan`; as [`kaiming_uniform_`].
///
/// # Errors
///
/// If the variable has fewer than two axes.
pub fn kaiming_normal_(var: &Var, mode: Fan, nonlinearity: Nonlinearity) -> Result<()> {
    let deviation = kaiming_deviation("nn::init::kaiming_normal_", var, mode, nonlinearity)?;
    fill_normal(var, 0.0, deviation)
}

fn kaiming_deviation(
    function: &str,
    var: &Var,
    mode: Fan,
    nonlinearity: Nonlinearity,
) -> Result<f64> {
    let (fan_in, fan_out) = fans(function, var)?;
    let fan = if mode == Fan::In { fan_in } else { fan_out };
    Ok(calculate_gain(nonlinearity) / (fan as f64).sqrt())
}

/// Zeros. See PyTorch's `init.zeros_`.
///
/// # Errors
///
/// If memory runs out.
pub fn zeros_(var: &Var) -> Result<()> {
    constant_(var, 0.0)
}

/// Ones. See PyTorch's `init.ones_`.
///
/// # Errors
///
/// If memory runs out.
pub fn ones_(var: &Var) -> Result<()> {
    constant_(var, 1.0)
}

/// One number everywhere. See PyTorch's `init.constant_`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Linear::no_bias(2, 1)?;
/// nn::init::constant_(&layer.weight, 0.5)?;
/// assert_eq!(layer.weight.to_vec2::<f32>()?, [[0.5, 0.5]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn constant_(var: &Var, value: f64) -> Result<()> {
    var.set(&Tensor::full(value, var.shape(), var.device())?.to_dtype(var.dtype())?)
}

/// Inputs of one output, and outputs of one input.
fn fans(function: &str, var: &Var) -> Result<(usize, usize)> {
    let [outputs, inputs, ref window @ ..] = *var.dims() else {
        return fail_shape(
            function,
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions",
        );
    };
    let window = window.iter().product::<usize>();
    Ok((inputs * window, outputs * window))
}

/// The first values of PyTorch's layers: uniform numbers between `±1 / √fan_in`.
pub(super) fn fan_in_uniform(shape: &[usize], fan_in: usize) -> Result<Var> {
    let bound = if fan_in > 0 { 1.0 / (fan_in as f64).sqrt() } else { 0.0 };
    uniform_var(shape, -bound, bound)
}

/// A variable for the layer, of one number everywhere.
pub(super) fn full(layer: &str, shape: &[usize], value: f32) -> Result<Var> {
    let count = size::checked(layer, shape, size_of::<f32>())?;
    Var::from_vec(vec![value; count], shape, &Device::Cpu)
}
