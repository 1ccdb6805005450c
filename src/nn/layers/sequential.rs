//! Layers one after the other.

use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use candle_core::{Module, Result, Tensor};

use super::copies::Copies;
use super::layer::Layer;
use super::macros::{AnyLayer, NamedModule};
use super::part::HoldsNoTensor;
use crate::error::fail;

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

    /// Appends a layer: PyTorch's `append`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let mut model = nn::Sequential::new();
    /// for width in [4, 3, 2] {
    ///     model.push(nn::Linear::new(width, width - 1)?);
    /// }
    /// assert_eq!(model.forward(&torch::rand((5, 4))?)?.dims(), &[5, 1]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    pub fn push(&mut self, layer: impl Layer + Send + Sync + 'static) {
        self.layers.push(Arc::new(layer));
    }

    /// All layers, one after the other.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let model = nn::seq![nn::Linear::new(2, 3)?, F::relu, nn::Linear::new(3, 1)?];
    /// let counts = model.iter().map(|layer| layer.num_parameters()).collect::<Vec<_>>();
    /// assert_eq!(counts, [9, 0, 4]);
    /// let mut x = torch::rand((1, 2))?;
    /// for layer in &model {
    ///     x = layer.forward(&x)?; // what happens inside, layer by layer
    /// }
    /// assert_eq!(x.dims(), &[1, 1]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.layers.iter())
    }

    /// The layer with this number, as what it is: PyTorch's `net[0]`, and so `net[0].weight`.
    ///
    /// # Errors
    ///
    /// If there is no such layer, or it is of another type.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let net = nn::seq![nn::Linear::new(2, 3)?, F::relu];
    /// assert_eq!(net.layer::<nn::Linear>(0)?.weight.dims(), &[3, 2]);
    /// assert_eq!(net[0].parameters().len(), 2);
    /// assert!(net.layer::<nn::Conv2d>(0).is_err());
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    pub fn layer<T: Layer + Send + Sync + 'static>(&self, index: usize) -> Result<&T> {
        let wanted = std::any::type_name::<T>();
        match self.layers.get(index) {
            Some(layer) => layer.as_any().downcast_ref::<T>().map_or_else(
                || fail(LAYER, format_args!("layer {index} is {}, no {wanted}", layer.head())),
                Ok,
            ),
            None => fail(
                LAYER,
                format_args!("there is no layer {index}, only {} of them", self.layers.len()),
            ),
        }
    }

    /// The layer with this number, if there is one.
    pub fn get(&self, index: usize) -> Option<&(dyn Layer + Send + Sync)> {
        self.layers.get(index).map(|layer| &**layer as &(dyn Layer + Send + Sync))
    }
}

const LAYER: &str = "nn::Sequential::layer";

/// The layers of a [`Sequential`].
#[allow(missing_debug_implementations)]
pub struct Iter<'a>(std::slice::Iter<'a, AnyLayer>);

impl<'a> Iterator for Iter<'a> {
    type Item = &'a (dyn Layer + Send + Sync);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|layer| &**layer as Self::Item)
    }
}

impl<'a> IntoIterator for &'a Sequential {
    type Item = &'a (dyn Layer + Send + Sync);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// `net[0]`, for all that every layer has: `net[0].parameters()`. Panics if there is no such layer.
impl Index<usize> for Sequential {
    type Output = dyn Layer + Send + Sync;

    fn index(&self, index: usize) -> &Self::Output {
        &*self.layers[index]
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
