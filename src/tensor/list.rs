//! Lists of tensors as a learner writes them: `[&a, &b]`, a vector, or a tuple, which may mix variables and tensors.

use candle_core::{Tensor, Var};

/// A tensor or a variable, or a reference to one.
pub trait AsTensor {
    #[doc(hidden)]
    fn tensor(&self) -> &Tensor;
}

impl AsTensor for Tensor {
    fn tensor(&self) -> &Tensor {
        self
    }
}

impl AsTensor for Var {
    fn tensor(&self) -> &Tensor {
        self.as_tensor()
    }
}

impl<T: AsTensor + ?Sized> AsTensor for &T {
    fn tensor(&self) -> &Tensor {
        (**self).tensor()
    }
}

/// Several tensors: an array, a slice, a vector or a tuple of tensors, variables or references to them.
#[diagnostic::on_unimplemented(
    message = "a list of tensors is needed here, such as `&[&a, &b]` or `(&a, &b)`, not `{Self}`"
)]
pub trait Tensors {
    #[doc(hidden)]
    fn list(&self) -> Vec<&Tensor>;
}

impl<T: AsTensor> Tensors for [T] {
    fn list(&self) -> Vec<&Tensor> {
        self.iter().map(AsTensor::tensor).collect()
    }
}

impl<T: AsTensor, const N: usize> Tensors for [T; N] {
    fn list(&self) -> Vec<&Tensor> {
        self[..].list()
    }
}

impl<T: AsTensor> Tensors for Vec<T> {
    fn list(&self) -> Vec<&Tensor> {
        self[..].list()
    }
}

impl<T: Tensors + ?Sized> Tensors for &T {
    fn list(&self) -> Vec<&Tensor> {
        (**self).list()
    }
}

macro_rules! tuples {
    ($($($name:ident)*),*) => {$(
        impl<$($name: AsTensor),*> Tensors for ($($name,)*) {
            fn list(&self) -> Vec<&Tensor> {
                #[allow(non_snake_case)]
                let ($($name,)*) = self;
                vec![$($name.tensor()),*]
            }
        }
    )*};
}

tuples!(A, A B, A B C, A B C D, A B C D E, A B C D E F);
