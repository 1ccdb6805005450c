//! Layers one after the other.

use std::fmt;
use std::sync::Arc;

use candle_core::{Module, Result, Tensor};

use super::copies::Copies;
use super::layer::Layer;
use super::macros::{AnyLayer, NamedModule};
use super::part::HoldsNoTensor;

/// Layers, each of which takes what the one before it gave.
///
/// ```text
/// y = layerₙ(.. layer₁(layer₀(x)))
/// ```
///
/// Made by [`nn::seq!`](crate::nn::seq!), or layer by layer. The parameters are named by number, as
/// `0.weight`. See PyTorch's `Sequential`.
///
/// ```
/// use akari::prelude::*;
/// let model = nn::Sequential::new()
///     .add(nn::Flatten::default())
///     .add(nn::Linear::new(4, 2)?)
///     .add_fn("ReLU()", F::relu);
/// assert_eq!(
///     model.to_string(),
///     "Sequential(
///   (0): Flatten(start_dim=1, end_dim=-1)
///   (1): Linear(in_features=4, out_features=2, bias=True)
///   (2): ReLU()
/// )"
/// );
/// assert_eq!(model.forward(&tensor!([[[1., 2.], [3., 4.]]]))?.dims(), &[1, 2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
///
/// `clone()` gives another name for the same chain, as for every layer;
/// [`deep_copy`](Layer::deep_copy) one with tensors of its own.
#[derive(Default, Clone)]
pub struct Sequential {
    layers: Vec<AnyLayer>,
}

impl Sequential {
    /// A model without layers, which gives back its input.
    pub fn new() -> Self {
        Sequential::default()
    }

    /// The model that [`nn::seq!`](crate::nn::seq!) makes.
    #[doc(hidden)]
    pub fn of_layers(layers: Vec<AnyLayer>) -> Self {
        Sequential { layers }
    }

    /// Appends a layer.
    #[expect(
        clippy::should_implement_trait,
        reason = "candle's own Sequential has an `add` as well"
    )]
    pub fn add(mut self, layer: impl Layer + Send + Sync + 'static) -> Self {
        self.layers.push(Arc::new(layer));
        self
    }

    /// Appends a function or any other module of candle that holds no tensors, and how it is printed.
    pub fn add_fn(
        mut self,
        name: impl Into<String>,
        function: impl Module + HoldsNoTensor + Send + Sync + 'static,
    ) -> Self {
        self.layers.push(Arc::new(NamedModule::new(name.into(), function)));
        self
    }

    /// How many layers there are.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there are no layers.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// The layer with this number.
    pub fn get(&self, index: usize) -> Option<&(dyn Layer + Send + Sync)> {
        self.layers.get(index).map(|layer| &**layer as &(dyn Layer + Send + Sync))
    }
}

impl Module for Sequential {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.layers.iter().try_fold(x.clone(), |x, layer| layer.forward(&x))
    }
}

impl Layer for Sequential {
    fn children(&self) -> Vec<(String, &dyn Layer)> {
        let layers = self.layers.iter().enumerate();
        layers.map(|(index, layer)| (index.to_string(), &**layer as &dyn Layer)).collect()
    }

    fn copy_with(&self, copies: &mut Copies) -> Result<Self> {
        let layers = self.layers.iter().map(|layer| layer.held_copy(copies));
        Ok(Sequential { layers: layers.collect::<Result<_>>()? })
    }
}

impl fmt::Display for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}

impl fmt::Debug for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}
