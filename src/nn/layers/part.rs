//! What may stand in a field of a model: how it is found by `parameters()`, and how it is copied.
//!
//! Layers and variables are parts, and so is a `Vec`, an `Option`, a map and the like of parts.
//! `nn::model!` (`macros.rs`) hands each field here; everything else of a model follows in `layer.rs`.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::BuildHasher;
use std::panic::RefUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;

use candle_core::{Result, Var};

use super::copies::Copies;
use super::layer::{Layer, Parts};
use super::mode::Mode;

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
    note = "a tensor is a `Var`, to be trained, or to be kept only by `nn::model!(Name {{ field: buffer }})`; `field: _` leaves it out"
)]
pub trait HoldsNoTensor {}

#[diagnostic::do_not_recommend]
impl<T: RefUnwindSafe + ?Sized> HoldsNoTensor for T {}

/// In `impl Layer`: the parts of a layer of the prelude, and its copy; other fields are options.
macro_rules! fields {
    () => {
        fn copy_with(&self, _: &mut $crate::nn::layers::Copies) -> candle_core::Result<Self> {
            Ok(self.clone())
        }
    };
    ($($field:ident),+) => {
        fn parts(&self) -> $crate::nn::layers::Parts<'_> {
            let mut parts = $crate::nn::layers::Parts::default();
            $($crate::nn::layers::Part::add_to(&self.$field, stringify!($field), &mut parts);)+
            parts
        }

        fn copy_with(
            &self,
            copies: &mut $crate::nn::layers::Copies,
        ) -> candle_core::Result<Self> {
            #[allow(clippy::needless_update)] // Some layers have no options.
            Ok(Self {
                $($field: $crate::nn::layers::Part::copied(&self.$field, copies)?,)+
                ..self.clone()
            })
        }
    };
}

pub(crate) use fields;
