//! A box of any layer is a layer, for models that choose their layers at run time.

use candle_core::{Module, Result, Tensor, Var};

use super::layer::Layer;
use super::layer::Parts;
use super::mode::Mode;

macro_rules! boxes {
    ($($boxed:ty),*) => {$(
        impl Module for Box<$boxed> {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                (**self).forward(x)
            }
        }

        /// All but `deep_copy`, which a box can't hand on: it knows no type to make.
        impl Layer for Box<$boxed> {
            fn own_parameters(&self) -> Vec<(&'static str, Var)> {
                (**self).own_parameters()
            }

            fn own_buffers(&self) -> Vec<(&'static str, Var)> {
                (**self).own_buffers()
            }

            fn children(&self) -> Vec<(String, &dyn Layer)> {
                (**self).children()
            }

            fn mode(&self) -> Option<&Mode> {
                (**self).mode()
            }

            fn parts(&self) -> Parts<'_> {
                (**self).parts()
            }

            fn set_training(&self, training: bool) {
                (**self).set_training(training);
            }

            fn head(&self) -> String {
                (**self).head()
            }

            fn repr(&self) -> String {
                (**self).repr()
            }
        }
    )*};
}

boxes!(dyn Layer, dyn Layer + Send, dyn Layer + Send + Sync);
