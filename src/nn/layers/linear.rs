//! The linear layer.

use candle_core::{Module, Result, Tensor, Var};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::functional::linear_named;
use crate::nn::init;
use crate::print::python::bool_repr;

display_as_repr!(Linear);

/// The options of [`Linear`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinearConfig {
    /// Whether there is a bias. Default: true.
    pub bias: bool,
}

impl Default for LinearConfig {
    fn default() -> Self {
        LinearConfig { bias: true }
    }
}

/// A linear map with a bias.
///
/// ```text
/// y = x Wᵀ + b
/// ```
///
/// `weight` and `bias` begin as uniform numbers between `±1 / √in_features`, PyTorch's very numbers
/// after `torch::manual_seed`.
///
/// # Shapes
///
/// From `(.., in_features)` to `(.., out_features)`.
///
/// # Errors
///
/// If the last axis has another size. See PyTorch's `Linear`.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let layer = nn::Linear::new(3, 2)?;
/// show!(layer); // Linear(in_features=3, out_features=2, bias=True)
/// assert_eq!(layer.forward(&tensor!([[1., 2., 3.]]))?.dims(), &[1, 2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Linear {
    /// The weight, of shape `(out_features, in_features)`.
    pub weight: Var,
    /// The bias, of shape `(out_features)`, if there is one.
    pub bias: Option<Var>,
}

impl Linear {
    /// A layer with a bias.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn new(in_features: usize, out_features: usize) -> Result<Self> {
        let layer = Linear::no_bias(in_features, out_features)?;
        let bias = init::fan_in_uniform(&[out_features], in_features)?;
        Ok(Linear { bias: Some(bias), ..layer })
    }

    /// A layer with options.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn with_config(
        in_features: usize,
        out_features: usize,
        config: LinearConfig,
    ) -> Result<Self> {
        let new = if config.bias { Linear::new } else { Linear::no_bias };
        new(in_features, out_features)
    }

    /// A layer without a bias: PyTorch's `bias=False`.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn no_bias(in_features: usize, out_features: usize) -> Result<Self> {
        let weight = init::fan_in_uniform(&[out_features, in_features], in_features)?;
        Ok(Linear { weight, bias: None })
    }
}

impl Module for Linear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        linear_named("nn::Linear", x, &self.weight, self.bias.as_deref())
    }
}

impl Layer for Linear {
    fields!(weight, bias);

    fn head(&self) -> String {
        let dims = self.weight.dims();
        format!(
            "Linear(in_features={}, out_features={}, bias={})",
            dims[1],
            dims[0],
            bool_repr(self.bias.is_some())
        )
    }
}
