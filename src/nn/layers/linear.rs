//! The linear layer, and the two layers that only hand on: flattening and nothing at all.

use candle_core::{Module, Result, Tensor, Var};

use super::layer::Layer;
use crate::error::fail;
use crate::functional::linear_named;
use crate::nn::init;
use crate::print::python::bool_repr;
use crate::tensor::axis;

/// Implements `Display` by [`Layer::repr`].
macro_rules! display_as_repr {
    ($($layer:ty),* $(,)?) => {$(
        impl std::fmt::Display for $layer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.repr())
            }
        }
    )*};
}

pub(super) use display_as_repr;

display_as_repr!(Linear, Flatten, Identity);

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
    /// Of shape `(out_features, in_features)`.
    pub weight: Var,
    /// Of shape `(out_features)`.
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
    fn own_parameters(&self) -> Vec<(&'static str, Var)> {
        named(&self.weight, &self.bias)
    }

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

/// A weight and the bias that may be there, by PyTorch's names.
pub(super) fn named(weight: &Var, bias: &Option<Var>) -> Vec<(&'static str, Var)> {
    let bias = bias.iter().map(|it| ("bias", it.clone()));
    [("weight", weight.clone())].into_iter().chain(bias).collect()
}

/// Makes one axis of several.
///
/// # Shapes
///
/// By default all axes but the first become one: `(N, C, H, W)` becomes `(N, C H W)`.
///
/// # Errors
///
/// If an axis isn't there, or the last comes before the first. See PyTorch's `Flatten`.
///
/// ```
/// use akari::prelude::*;
/// let y = nn::Flatten::default().forward(&torch::rand((2, 3, 4))?)?;
/// assert_eq!(y.dims(), &[2, 12]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Flatten {
    /// The first axis of those that become one. Default: 1.
    pub start_dim: i64,
    /// The last of them. Default: -1.
    pub end_dim: i64,
}

impl Default for Flatten {
    fn default() -> Self {
        Flatten { start_dim: 1, end_dim: -1 }
    }
}

impl Module for Flatten {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let first = axis::resolve("nn::Flatten", x, &self.start_dim)?;
        let last = axis::resolve("nn::Flatten", x, &self.end_dim)?;
        if first > last {
            return fail(
                "nn::Flatten",
                "flatten() has invalid args: start_dim cannot come after end_dim",
            );
        }
        if x.rank() == 0 { x.reshape(1) } else { x.flatten(first, last) }
    }
}

impl Layer for Flatten {
    fn head(&self) -> String {
        format!("Flatten(start_dim={}, end_dim={})", self.start_dim, self.end_dim)
    }
}

/// Gives back what it gets: a place for a layer. See PyTorch's `Identity`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1.0, 2.0]);
/// assert_eq!(nn::Identity.forward(&x)?.to_vec1::<f32>()?, [1.0, 2.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity;

impl Module for Identity {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.clone())
    }
}

impl Layer for Identity {}
