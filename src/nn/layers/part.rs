//! What may stand in a field of a model: how it is found by `parameters()`, and how it is copied.
//!
//! Layers, variables and buffers are parts, and so is a `Vec`, an `Option`, a map and the like of parts.
//! `nn::model!` (`macros.rs`) hands each field here; everything else of a model follows in `layer.rs`.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::BuildHasher;
use std::ops::Deref;
use std::panic::RefUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;

use candle_core::{Result, Tensor, TensorId, Var};

use super::layer::{Layer, Mode};

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

/// A tensor that belongs to a model but isn't trained: PyTorch's `register_buffer`.
///
/// It is in the state dict and in saved files, not among the parameters. It can be used as a tensor.
///
/// ```
/// use akari::candle_core::Result;
/// use akari::prelude::*;
///
/// struct Scaled {
///     scale: nn::Buffer,
///     out: nn::Linear,
/// }
///
/// nn::model!(Scaled { scale, out });
///
/// impl Module for Scaled {
///     fn forward(&self, x: &Tensor) -> Result<Tensor> {
///         self.out.forward(&x.broadcast_mul(&self.scale)?)
///     }
/// }
///
/// let model = Scaled { scale: nn::Buffer::new(&tensor!([1.0, 0.5]))?, out: nn::Linear::new(2, 1)? };
/// assert_eq!(model.named_parameters().len(), 2);
/// assert_eq!(model.state_dict()?.names(), ["scale", "out.weight", "out.bias"]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Buffer {
    var: Var,
    /// What calculations see: a tensor of the same memory for which no gradient is computed.
    tensor: Tensor,
}

impl Buffer {
    /// A buffer that begins with the tensor's numbers.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn new(tensor: &Tensor) -> Result<Self> {
        Buffer::of(Var::from_tensor(&tensor.detach())?)
    }

    fn of(var: Var) -> Result<Self> {
        let tensor = var.as_detached_tensor();
        Ok(Buffer { var, tensor })
    }

    /// Gives it the numbers of a tensor of the same shape.
    ///
    /// # Errors
    ///
    /// If the shape is another.
    pub fn set(&self, tensor: &Tensor) -> Result<()> {
        self.var.set(tensor)
    }
}

impl Deref for Buffer {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        &self.tensor
    }
}

/// The copies that were made so far: what is shared in a model is shared in its copy.
#[derive(Debug, Default)]
pub struct Copies {
    vars: HashMap<TensorId, Var>,
    modes: Vec<(Mode, Mode)>,
}

impl Copies {
    /// The variable's copy, the same one each time.
    pub(crate) fn var(&mut self, var: &Var) -> Result<Var> {
        if let Some(copy) = self.vars.get(&var.id()) {
            return Ok(copy.clone());
        }
        let copy = Var::from_tensor(&var.as_detached_tensor())?;
        self.vars.insert(var.id(), copy.clone());
        Ok(copy)
    }

    fn mode(&mut self, mode: &Mode) -> Mode {
        if let Some((_, copy)) = self.modes.iter().find(|(known, _)| known.is_same(mode)) {
            return copy.clone();
        }
        let copy = Mode::default();
        copy.set(mode.is_training());
        self.modes.push((mode.clone(), copy.clone()));
        copy
    }
}

/// Something with tensors that may stand in a field of a model.
pub trait Part {
    /// Adds what is in here to the parts of the model whose field has this name.
    fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>);

    /// The same with tensors of its own.
    fn copied(&self, copies: &mut Copies) -> Result<Self>
    where
        Self: Sized;
}

impl<T: Layer> Part for T {
    fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>) {
        parts.children.push((name.to_owned(), self));
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        self.copy_with(copies)
    }
}

impl Part for Var {
    fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>) {
        parts.parameters.push((name.to_owned(), self.clone()));
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        copies.var(self)
    }
}

impl Part for Buffer {
    fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>) {
        parts.buffers.push((name.to_owned(), self.var.clone()));
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        Buffer::of(copies.var(&self.var)?)
    }
}

impl Part for Mode {
    fn add_to<'a>(&'a self, _name: &str, parts: &mut Parts<'a>) {
        parts.modes.push(self);
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        Ok(copies.mode(self))
    }
}

impl<T: Part> Part for Option<T> {
    fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>) {
        if let Some(part) = self {
            part.add_to(name, parts);
        }
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        self.as_ref().map(|part| part.copied(copies)).transpose()
    }
}

/// Adds numbered parts: `layers.0`, `layers.1`.
fn add_all<'a, T: Part + 'a>(
    all: impl IntoIterator<Item = &'a T>,
    name: &str,
    parts: &mut Parts<'a>,
) {
    for (index, part) in all.into_iter().enumerate() {
        part.add_to(&format!("{name}.{index}"), parts);
    }
}

impl<T: Part> Part for Vec<T> {
    fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>) {
        add_all(self, name, parts);
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        self.iter().map(|part| part.copied(copies)).collect()
    }
}

impl<T: Part, const N: usize> Part for [T; N] {
    fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>) {
        add_all(self, name, parts);
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        let all = self.iter().map(|part| part.copied(copies)).collect::<Result<Vec<_>>>()?;
        // A vector of as many parts as the array has becomes one.
        Ok(<[T; N]>::try_from(all).unwrap_or_else(|_| unreachable!("as many parts as before")))
    }
}

impl<K: fmt::Display + Ord + Clone, T: Part> Part for BTreeMap<K, T> {
    fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>) {
        for (key, part) in self {
            part.add_to(&format!("{name}.{key}"), parts);
        }
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        self.iter().map(|(key, part)| Ok((key.clone(), part.copied(copies)?))).collect()
    }
}

impl<K: fmt::Display + Ord + Clone + std::hash::Hash, T: Part, S: BuildHasher + Default> Part
    for HashMap<K, T, S>
{
    /// By the order of the keys, since a map of this kind has another one in each process.
    fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>) {
        for (key, part) in self.iter().collect::<BTreeMap<_, _>>() {
            part.add_to(&format!("{name}.{key}"), parts);
        }
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        self.iter().map(|(key, part)| Ok((key.clone(), part.copied(copies)?))).collect()
    }
}

macro_rules! pointers {
    ($($pointer:ident),*) => {$(
        impl<T: Part> Part for $pointer<T> {
            fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>) {
                (**self).add_to(name, parts);
            }

            fn copied(&self, copies: &mut Copies) -> Result<Self> {
                (**self).copied(copies).map($pointer::new)
            }
        }
    )*};
}

pointers!(Arc, Rc);

macro_rules! tuples {
    ($(($($part:ident $index:tt),*))*) => {$(
        impl<$($part: Part),*> Part for ($($part,)*) {
            fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>) {
                $(self.$index.add_to(&format!("{name}.{}", $index), parts);)*
            }

            fn copied(&self, copies: &mut Copies) -> Result<Self> {
                Ok(($(self.$index.copied(copies)?,)*))
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
}

/// A type that holds no tensor.
///
/// What candle's tensors are made of is not `RefUnwindSafe`, and a type that holds one isn't either: the
/// compiler finds out through all its fields, and through what a closure captures. Numbers, texts, options
/// and functions pass. So do tensors behind a `Mutex` or `RwLock`, which the compiler can't see.
#[diagnostic::on_unimplemented(
    message = "a model can't see the tensors that `{Self}` may hold: they would be neither trained nor saved",
    label = "this is no layer, and may hold tensors",
    note = "write a layer in place of a closure around it; a struct of layers becomes one by `nn::model!(Name {{ field, other }})`",
    note = "a tensor to train is a `Var`, one that is only kept an `nn::Buffer`; `nn::model!(Name {{ field: _ }})` leaves a field out"
)]
pub trait HoldsNoTensor {}

#[diagnostic::do_not_recommend]
impl<T: RefUnwindSafe + ?Sized> HoldsNoTensor for T {}
