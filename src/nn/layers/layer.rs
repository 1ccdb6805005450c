//! The trait of all layers: everything else follows from a layer's own tensors and its parts.
//!
//! A layer says which tensors are its own and which layers are its parts. Names, counting, modes, printing and files
//! follow here, once for all layers.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{Module, Result, Var};

use super::state::{self, StateDict};

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

    /// The layer as PyTorch prints one without parts: `Linear(in_features=3, out_features=2, bias=True)`.
    fn head(&self) -> String {
        let name = std::any::type_name::<Self>();
        let name = name.split('<').next().unwrap_or(name);
        format!("{}()", name.rsplit("::").next().unwrap_or(name))
    }

    /// The layer as PyTorch prints it, its parts in lines of their own.
    fn repr(&self) -> String {
        let children = self.children();
        let head = self.head();
        if children.is_empty() {
            return head;
        }
        let mut text = format!("{}(", head.strip_suffix("()").unwrap_or(&head));
        for (name, child) in children {
            text += &format!("\n  ({name}): {}", child.repr().replace('\n', "\n  "));
        }
        text + "\n)"
    }

    /// All parameters with their names, in PyTorch's order: `0.weight`, `0.bias`, `2.weight`, ...
    fn named_parameters(&self) -> Vec<(String, Var)> {
        let mut all = self.own_parameters().into_iter().map(own).collect::<Vec<_>>();
        for (name, child) in self.children() {
            all.extend(child.named_parameters().into_iter().map(|named| inside(&name, named)));
        }
        all
    }

    /// All buffers with their names.
    fn named_buffers(&self) -> Vec<(String, Var)> {
        let mut all = self.own_buffers().into_iter().map(own).collect::<Vec<_>>();
        for (name, child) in self.children() {
            all.extend(child.named_buffers().into_iter().map(|named| inside(&name, named)));
        }
        all
    }

    /// All parameters, as an optimizer takes them.
    fn parameters(&self) -> Vec<Var> {
        self.named_parameters().into_iter().map(|(_, var)| var).collect()
    }

    /// How many numbers there are to train.
    fn num_parameters(&self) -> usize {
        self.parameters().iter().map(|var| var.elem_count()).sum()
    }

    /// Says to the layer and all its parts whether they are being trained: dropout leaves out
    /// numbers, and batch norms use their batch, only while they are.
    fn set_training(&self, training: bool) {
        if let Some(mode) = self.mode() {
            mode.set(training);
        }
        for (_, child) in self.children() {
            child.set_training(training);
        }
    }

    /// `set_training(true)`, as every layer begins.
    fn train(&self) {
        self.set_training(true);
    }

    /// `set_training(false)`, before a model is used or tested.
    fn eval(&self) {
        self.set_training(false);
    }

    /// Parameters and buffers by name, in PyTorch's order.
    fn state(&self) -> Vec<(String, Var)> {
        let mut all = self.own_parameters().into_iter().map(own).collect::<Vec<_>>();
        all.extend(self.own_buffers().into_iter().map(own));
        for (name, child) in self.children() {
            all.extend(child.state().into_iter().map(|named| inside(&name, named)));
        }
        all
    }

    /// Copies of parameters and buffers by name.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn state_dict(&self) -> Result<StateDict> {
        self.state().into_iter().map(|(name, var)| Ok((name, var.as_tensor().copy()?))).collect()
    }

    /// Takes parameters and buffers from a state dict; all or none.
    ///
    /// # Errors
    ///
    /// If a name is missing, or is not one of the layer's, or a tensor has another shape.
    fn load_state_dict(&self, state_dict: &StateDict) -> Result<()> {
        state::take(&self.head(), &self.state(), state_dict)
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
        let named = self.state();
        state::save(named.iter().map(|(name, var)| (name.as_str(), var.as_tensor())), path)
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
        self.load_state_dict(&state::load(path)?)
    }
}

fn own((name, var): (&'static str, Var)) -> (String, Var) {
    (name.to_owned(), var)
}

fn inside(part: &str, (name, var): (String, Var)) -> (String, Var) {
    (format!("{part}.{name}"), var)
}

/// Whether a layer is being trained; it can be set through a shared reference.
pub struct Mode(AtomicBool);

impl Mode {
    /// Whether the layer is being trained.
    pub fn is_training(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Says whether the layer is being trained.
    pub fn set(&self, training: bool) {
        self.0.store(training, Ordering::Relaxed);
    }
}

/// Layers begin in training, as in PyTorch.
impl Default for Mode {
    fn default() -> Self {
        Mode(AtomicBool::new(true))
    }
}

impl Clone for Mode {
    fn clone(&self) -> Self {
        Mode(AtomicBool::new(self.is_training()))
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_training() { "training" } else { "eval" })
    }
}

/// A weight and the bias that may be there, by PyTorch's names.
pub(super) fn named(weight: &Var, bias: &Option<Var>) -> Vec<(&'static str, Var)> {
    let bias = bias.iter().map(|bias| ("bias", bias.clone()));
    [("weight", weight.clone())].into_iter().chain(bias).collect()
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

pub(super) use display_as_repr;
