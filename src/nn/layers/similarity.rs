//! Layers of two inputs without parameters: [`CosineSimilarity`] and [`PairwiseDistance`]; and [`Bilinear`], with them.

use candle_core::{Result, Tensor, Var};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::error::fail;
use crate::functional::{bilinear_named, distance, similarity};
use crate::nn::init;
use crate::print::python::bool_repr;

display_as_repr!(Bilinear);

/// The cosine of the angle between vectors; see [`F::cosine_similarity`](crate::functional::cosine_similarity) and
/// PyTorch's `CosineSimilarity`.
///
/// ```
/// use akari::prelude::*;
/// let y = nn::CosineSimilarity::default().forward(&tensor!([[1., 0.]]), &tensor!([[0., 2.]]))?;
/// assert_eq!(y.to_vec1::<f32>()?, [0.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineSimilarity {
    /// The axis along which the vectors lie. Default: 1.
    pub dim: i64,
    /// The least length. Default: 1e-8.
    pub eps: f64,
}

impl Default for CosineSimilarity {
    fn default() -> Self {
        CosineSimilarity { dim: 1, eps: 1e-8 }
    }
}

impl CosineSimilarity {
    /// The cosines of the angles between `x1` and `x2`.
    ///
    /// # Errors
    ///
    /// If the shapes don't fit.
    pub fn forward(&self, x1: &Tensor, x2: &Tensor) -> Result<Tensor> {
        similarity("nn::CosineSimilarity", x1, x2, &self.dim, self.eps)
    }
}

/// The distance between vectors; see [`F::pairwise_distance`](crate::functional::pairwise_distance) and PyTorch's
/// `PairwiseDistance`.
///
/// ```
/// use akari::prelude::*;
/// let distance = nn::PairwiseDistance { p: 1.0, eps: 0.0, ..Default::default() };
/// let y = distance.forward(&tensor!([[1., 0.]]), &tensor!([[0., 2.]]))?;
/// assert_eq!(y.to_vec1::<f32>()?, [3.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairwiseDistance {
    /// The norm. Default: 2.
    pub p: f64,
    /// What is added to each difference. Default: 1e-6.
    pub eps: f64,
    /// Whether the last axis stays, with size 1. Default: false.
    pub keepdim: bool,
}

impl Default for PairwiseDistance {
    fn default() -> Self {
        PairwiseDistance { p: 2.0, eps: 1e-6, keepdim: false }
    }
}

impl PairwiseDistance {
    /// The distances between `x1` and `x2`.
    ///
    /// # Errors
    ///
    /// If the shapes don't fit.
    pub fn forward(&self, x1: &Tensor, x2: &Tensor) -> Result<Tensor> {
        distance("nn::PairwiseDistance", x1, x2, (self.p, self.eps, self.keepdim))
    }
}

/// A map of two inputs that is linear in each.
///
/// ```text
/// y[o] = x1ᵀ W[o] x2 + b[o]
/// ```
///
/// `weight` and `bias` begin as uniform numbers between `±1 / √in1_features`, PyTorch's very numbers after
/// `torch::manual_seed`.
///
/// # Shapes
///
/// `x1` of `(.., in1)`, `x2` of `(.., in2)` with the same front; the result has `(.., out)`.
///
/// # Errors
///
/// If these sizes don't fit. See PyTorch's `Bilinear`.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Bilinear::new(2, 3, 4)?;
/// assert_eq!(layer.forward(&torch::rand((5, 2))?, &torch::rand((5, 3))?)?.dims(), &[5, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Bilinear {
    /// The weight, of shape `(out, in1, in2)`.
    pub weight: Var,
    /// The bias, of shape `(out)`, if there is one.
    pub bias: Option<Var>,
}

impl Bilinear {
    /// A layer with a bias.
    ///
    /// # Errors
    ///
    /// If memory runs out, or `in1_features` is 0.
    pub fn new(in1_features: usize, in2_features: usize, out_features: usize) -> Result<Self> {
        let layer = Bilinear::no_bias(in1_features, in2_features, out_features)?;
        let bias = init::fan_in_uniform(&[out_features], in1_features)?;
        Ok(Bilinear { bias: Some(bias), ..layer })
    }

    /// A layer without a bias: PyTorch's `bias=False`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn no_bias(in1_features: usize, in2_features: usize, out_features: usize) -> Result<Self> {
        if in1_features == 0 {
            return fail("nn::Bilinear", "in1_features must be > 0, but got 0");
        }
        let shape = [out_features, in1_features, in2_features];
        Ok(Bilinear { weight: init::fan_in_uniform(&shape, in1_features)?, bias: None })
    }

    /// What the layer makes of two inputs.
    ///
    /// # Errors
    ///
    /// If the sizes don't fit.
    pub fn forward(&self, x1: &Tensor, x2: &Tensor) -> Result<Tensor> {
        bilinear_named("nn::Bilinear", x1, x2, &self.weight, self.bias.as_deref())
    }
}

/// Of an input with itself.
impl candle_core::Module for Bilinear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward(x, x)
    }
}

impl Layer for Bilinear {
    fields!(weight, bias);

    fn head(&self) -> String {
        let dims = self.weight.dims();
        format!(
            "Bilinear(in1_features={}, in2_features={}, out_features={}, bias={})",
            dims[1],
            dims[2],
            dims[0],
            bool_repr(self.bias.is_some())
        )
    }
}
