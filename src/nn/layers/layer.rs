//! The trait of all layers: everything else follows from a layer's own tensors and its parts.
//!
//! A layer says which tensors are its own and which layers are its parts. Names, counting, modes, printing and files
//! follow here, once for all layers.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use candle_core::{Module, Result, Var};

use super::copies::Copies;
use super::mode::Mode;
use super::{repr, state};
use crate::error::fail;
use crate::parameters::set_requires_grad;
use crate::state_dict::{self, Save, StateDict};

/// A part of a model: PyTorch's `nn.Module`.
///
/// A layer says which tensors are its own and which layers are its parts; everything else follows.
/// `forward` is that of candle's `Module`, which also makes candle's `x.apply(&layer)?` work.
///
/// A struct of layers becomes a model with the macro [`nn::model!`](crate::nn::model!), or by hand:
///
/// ```
/// use akari::prelude::*;
///
/// struct Net {
///     hidden: nn::Linear,
///     out: nn::Linear,
/// }
///
/// impl Module for Net {
///     fn forward(&self, x: &Tensor) -> akari::candle_core::Result<Tensor> {
///         self.out.forward(&F::relu(&self.hidden.forward(x)?)?)
///     }
/// }
///
/// impl nn::Layer for Net {
///     fn children(&self) -> Vec<(String, &dyn nn::Layer)> {
///         vec![("hidden".to_owned(), &self.hidden), ("out".to_owned(), &self.out)]
///     }
/// }
///
/// let net = Net { hidden: nn::Linear::new(2, 8)?, out: nn::Linear::new(8, 1)? };
/// assert_eq!(net.num_parameters(), 33);
/// assert_eq!(net.named_parameters()[0].0, "hidden.weight");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub trait Layer: Module {
    /// The parameters that are this layer's own, not those of its parts.
    fn own_parameters(&self) -> Vec<(&'static str, Var)> {
        Vec::new()
    }

    /// Tensors that are kept with the model but not trained, such as running means.
    fn own_buffers(&self) -> Vec<(&'static str, Var)> {
        Vec::new()
    }

    /// The layers that this one is made of, with their names.
    fn children(&self) -> Vec<(String, &dyn Layer)> {
        Vec::new()
    }

    /// Where the layer keeps whether it is being trained; none if that makes no difference.
    fn mode(&self) -> Option<&Mode> {
        None
    }

    /// All of that by name; a layer that can't say a part by the methods above says it here.
    #[doc(hidden)]
    fn parts(&self) -> Parts<'_> {
        Parts::new(self.own_parameters(), self.own_buffers(), self.children(), self.mode())
    }

    /// [`deep_copy`](Layer::deep_copy) within a model that may share tensors with other layers.
    ///
    /// # Errors
    ///
    /// If memory runs out, or the layer doesn't say how it is copied.
    #[doc(hidden)]
    fn copy_with(&self, _copies: &mut Copies) -> Result<Self>
    where
        Self: Sized,
    {
        fail(
            "nn::Layer::deep_copy",
            format_args!(
                "{} does not say how it is copied (a struct of layers does so by `nn::model!`, a box can't)",
                name_of(&self.head())
            ),
        )
    }

    /// The layer as PyTorch prints one without parts: `Linear(in_features=3, out_features=2, bias=True)`.
    fn head(&self) -> String {
        head_of_type(std::any::type_name::<Self>())
    }

    /// The layer as PyTorch prints it, its parts in lines of their own.
    fn repr(&self) -> String {
        self.parts().repr(self.head())
    }

    /// All parameters with their names, in PyTorch's order: `0.weight`, `0.bias`, `2.weight`, ...
    ///
    /// A parameter that several layers share is there once, under its first name.
    fn named_parameters(&self) -> Vec<(String, Var)> {
        self.parts().named_parameters()
    }

    /// All buffers with their names; one that several layers share is there once.
    fn named_buffers(&self) -> Vec<(String, Var)> {
        self.parts().named_buffers()
    }

    /// All parameters, as an optimizer takes them; each once, also where layers share it.
    fn parameters(&self) -> Vec<Var> {
        without_names(self.named_parameters())
    }

    /// How many numbers there are to train.
    fn num_parameters(&self) -> usize {
        count(&self.parameters())
    }

    /// Says to the layer and all its parts whether they are being trained: dropout leaves out
    /// numbers, and batch norms use their batch, only while they are.
    fn set_training(&self, training: bool) {
        self.parts().set_training(training);
    }

    /// `set_training(true)`, as every layer begins.
    fn train(&self) {
        self.set_training(true);
    }

    /// `set_training(false)`, before a model is used or tested.
    fn eval(&self) {
        self.set_training(false);
    }

    /// Shows each layer to `visit`, the parts before the whole: PyTorch's `apply`, as for other first weights.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let net = nn::seq![nn::Linear::new(2, 3)?, F::relu, nn::Linear::new(3, 1)?];
    /// net.apply(&mut |layer| {
    ///     if layer.head().starts_with("Linear(") {
    ///         for (name, var) in layer.named_parameters() {
    ///             let value = if name == "weight" { 0.5 } else { 0.0 };
    ///             nn::init::constant_(&var, value)?;
    ///         }
    ///     }
    ///     Ok(())
    /// })?;
    /// assert_eq!(net.forward(&tensor!([[1.0, 1.0]]))?.to_vec2::<f32>()?, [[1.5]]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first one of `visit`.
    fn apply(&self, visit: &mut dyn FnMut(&dyn Layer) -> Result<()>) -> Result<()>
    where
        Self: Sized,
    {
        show_all(self, visit)
    }

    /// Says whether the layer's parameters are trained: after `requires_grad_(false)` the steps of every optimizer, and
    /// [`nn::utils`](crate::nn::utils), leave them as they are, for as long as the variables live.
    ///
    /// *Differs from PyTorch*: `backward` still computes their gradients, since candle's `Var`s always have some; nothing
    /// uses them. A copy of a frozen layer is frozen too.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let net = nn::seq![nn::Linear::new(2, 3)?, nn::Linear::new(3, 1)?];
    /// net.get(0).unwrap().requires_grad_(false);
    /// let before = net.state_dict()?;
    /// let mut sgd = optim::SGD::new(net.parameters(), Default::default())?;
    /// sgd.backward_step(&torch::sum(&net.forward(&tensor!([[1., 2.]]))?)?)?;
    /// let after = net.state_dict()?;
    /// let same = |name: &str| Ok::<_, akari::candle_core::Error>(
    ///     before[name].flatten_all()?.to_vec1::<f32>()? == after[name].flatten_all()?.to_vec1::<f32>()?,
    /// );
    /// assert_eq!((same("0.weight")?, same("1.weight")?), (true, false));
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    fn requires_grad_(&self, requires_grad: bool) {
        for var in self.parameters() {
            set_requires_grad(&var, requires_grad);
        }
    }

    /// Parameters and buffers by name, in PyTorch's order; what layers share is there under each name.
    fn state(&self) -> Vec<(String, Var)> {
        self.parts().state()
    }

    /// Copies of parameters and buffers by name.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn state_dict(&self) -> Result<StateDict> {
        copied(self.state())
    }

    /// Takes parameters and buffers from a state dict; all or none.
    ///
    /// # Errors
    ///
    /// If a name is missing, or is not one of the layer's, or a tensor has another shape.
    fn load_state_dict(&self, state_dict: &StateDict) -> Result<()> {
        state::take(name_of(&self.head()), &self.state(), state_dict)
    }

    /// A layer of the same kind with tensors of its own, as `copy.deepcopy` makes one in Python: for a
    /// target network, or to keep the best weights.
    ///
    /// What is shared within the model is shared within the copy. `clone()` copies nothing: it is
    /// another name for the same layer, with the same tensors and the same training mode.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let layer = nn::Linear::new(1, 1)?;
    /// let (same, copy) = (layer.clone(), layer.deep_copy()?);
    /// layer.weight.set(&tensor!([[9.0]]))?;
    /// assert_eq!(same.weight.to_vec2::<f32>()?, [[9.0]]);
    /// assert_ne!(copy.weight.to_vec2::<f32>()?, [[9.0]]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If memory runs out, or a layer that implements this trait by hand is among the parts.
    fn deep_copy(&self) -> Result<Self>
    where
        Self: Sized,
    {
        self.copy_with(&mut Copies::default())
    }

    /// Writes parameters and buffers to a file in the safetensors format.
    ///
    /// The file is complete or not there: it takes its name when all is written.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    fn save(&self, path: impl AsRef<Path>) -> Result<()>
    where
        Self: Sized,
    {
        state_dict::write("nn::Layer::save", &self.named_tensors()?, path.as_ref())
    }

    /// Takes parameters and buffers from a file that [`save`](Layer::save) or PyTorch's safetensors
    /// wrote.
    ///
    /// # Errors
    ///
    /// If the file can't be read, and as [`load_state_dict`](Layer::load_state_dict).
    fn load(&self, path: impl AsRef<Path>) -> Result<()>
    where
        Self: Sized,
    {
        self.load_state_dict(&state_dict::read("nn::Layer::load", path.as_ref())?)
    }
}

impl<T: Layer + ?Sized> Save for T {
    fn named_tensors(&self) -> Result<StateDict> {
        Ok(detached(self.state()))
    }
}

/// The own tensors of a layer and the layers that it is made of, all by name.
#[derive(Default)]
pub struct Parts<'a> {
    /// The tensors that are trained.
    pub parameters: Vec<(String, Var)>,
    /// The tensors that are kept with the model but not trained.
    pub buffers: Vec<(String, Var)>,
    /// The layers that this one is made of.
    pub children: Vec<(String, &'a dyn Layer)>,
    /// Where the layer keeps whether it is being trained.
    pub modes: Vec<&'a Mode>,
}

/// What the functions of a layer do with its parts stands here, so that it is compiled once, and not again for each type
/// of layer, nor in a learner's cell.
impl<'a> Parts<'a> {
    fn new(
        parameters: Vec<(&'static str, Var)>,
        buffers: Vec<(&'static str, Var)>,
        children: Vec<(String, &'a dyn Layer)>,
        mode: Option<&'a Mode>,
    ) -> Self {
        Parts {
            parameters: parameters.into_iter().map(own).collect(),
            buffers: buffers.into_iter().map(own).collect(),
            children,
            modes: mode.into_iter().collect(),
        }
    }

    fn named_parameters(self) -> Vec<(String, Var)> {
        once_each(with_children(self.parameters, self.children, |child| child.named_parameters()))
    }

    fn named_buffers(self) -> Vec<(String, Var)> {
        once_each(with_children(self.buffers, self.children, |child| child.named_buffers()))
    }

    fn state(self) -> Vec<(String, Var)> {
        let mut all = self.parameters;
        all.extend(self.buffers);
        with_children(all, self.children, |child| child.state())
    }

    fn set_training(self, training: bool) {
        for mode in self.modes {
            mode.set(training);
        }
        for (_, child) in self.children {
            child.set_training(training);
        }
    }

    fn repr(self, head: String) -> String {
        if self.children.is_empty() {
            return head;
        }
        let children = self.children.into_iter().map(|(name, child)| (name, child.repr()));
        repr::with_children(&head, children.collect())
    }

    /// Adds tensors that are kept with the model but not trained.
    #[doc(hidden)]
    pub fn add_buffers(&mut self, parts: Parts<'a>) {
        self.buffers.extend(parts.parameters);
        self.buffers.extend(parts.buffers);
    }
}

impl fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |all: &[(String, Var)]| all.iter().map(|named| named.0.clone()).collect();
        let (parameters, buffers): (Vec<_>, Vec<_>) =
            (names(&self.parameters), names(&self.buffers));
        let children = self.children.iter().map(|(name, _)| name).collect::<Vec<_>>();
        f.debug_struct("Parts")
            .field("parameters", &parameters)
            .field("buffers", &buffers)
            .field("children", &children)
            .finish_non_exhaustive()
    }
}

/// Shows a layer's parts to `visit`, and then the layer.
fn show_all(layer: &dyn Layer, visit: &mut dyn FnMut(&dyn Layer) -> Result<()>) -> Result<()> {
    for (_, child) in layer.parts().children {
        show_all(child, visit)?;
    }
    visit(layer)
}

fn own((name, var): (&'static str, Var)) -> (String, Var) {
    (name.to_owned(), var)
}

/// The tensors, and behind them those that `of` finds in each child, whose names begin with the child's.
fn with_children(
    mut all: Vec<(String, Var)>,
    children: Vec<(String, &dyn Layer)>,
    of: fn(&dyn Layer) -> Vec<(String, Var)>,
) -> Vec<(String, Var)> {
    for (part, child) in children {
        all.extend(of(child).into_iter().map(|(name, var)| (format!("{part}.{name}"), var)));
    }
    all
}

fn without_names(named: Vec<(String, Var)>) -> Vec<Var> {
    named.into_iter().map(|(_, var)| var).collect()
}

fn count(vars: &[Var]) -> usize {
    vars.iter().map(|var| var.elem_count()).sum()
}

fn detached(state: Vec<(String, Var)>) -> StateDict {
    state.into_iter().map(|(name, var)| (name, var.as_detached_tensor())).collect()
}

fn copied(state: Vec<(String, Var)>) -> Result<StateDict> {
    state.into_iter().map(|(name, var)| Ok((name, var.as_detached_tensor().copy()?))).collect()
}

/// `Linear()` of `akari::nn::layers::linear::Linear`.
fn head_of_type(name: &str) -> String {
    let name = name.split('<').next().unwrap_or(name);
    format!("{}()", name.rsplit("::").next().unwrap_or(name))
}

/// Those variables that no earlier name has.
fn once_each(mut named: Vec<(String, Var)>) -> Vec<(String, Var)> {
    let mut known = HashSet::new();
    named.retain(|(_, var)| known.insert(var.id()));
    named
}

/// `Linear` of `Linear(in_features=3, out_features=2, bias=True)`.
fn name_of(head: &str) -> &str {
    head.split('(').next().unwrap_or(head)
}

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

pub(crate) use display_as_repr;
