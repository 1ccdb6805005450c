//! candle's own layers as parts of a model: their variables are parameters under PyTorch's names.
//!
//! A weight that a `VarBuilder` took from a file is no variable, and so no parameter. candle's `GroupNorm`, `LSTM`,
//! `GRU` and `Sequential` show nobody their weights, and its `LayerNorm` and `RmsNorm` cut the graph, so that no
//! layer before them is trained: they are no layers here, and a model that holds one does not compile without
//! `field: _`.

use candle_core::{Result, Tensor, Var};
use candle_nn::{Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Embedding, Linear, PReLU};

use super::copies::Copies;
use super::layer::Layer;
use crate::print::python::{bool_repr, tuple};

/// The parameters among candle's tensors.
fn variables(tensors: &[(&'static str, Option<&Tensor>)]) -> Vec<(&'static str, Var)> {
    let variable = |(name, tensor): &(&'static str, Option<&Tensor>)| {
        let tensor = tensor.filter(|tensor| tensor.is_variable())?;
        // This gives back the variable whose tensor it is.
        Some((*name, Var::from_tensor(tensor).ok()?))
    };
    tensors.iter().filter_map(variable).collect()
}

/// A copy of a tensor, a variable if that is one.
fn copy(tensor: &Tensor, copies: &mut Copies) -> Result<Tensor> {
    if tensor.is_variable() {
        return Ok(copies.var(&Var::from_tensor(tensor)?)?.into_inner());
    }
    tensor.copy()
}

fn copy_option(tensor: Option<&Tensor>, copies: &mut Copies) -> Result<Option<Tensor>> {
    tensor.map(|tensor| copy(tensor, copies)).transpose()
}

/// The sizes of a weight, as many as the head of its layer tells.
fn sizes<const N: usize>(weight: &Tensor) -> [usize; N] {
    let dims = weight.dims();
    std::array::from_fn(|axis| dims.get(axis).copied().unwrap_or_default())
}

impl Layer for Linear {
    fn own_parameters(&self) -> Vec<(&'static str, Var)> {
        variables(&[("weight", Some(self.weight())), ("bias", self.bias())])
    }

    fn copy_with(&self, copies: &mut Copies) -> Result<Self> {
        Ok(Linear::new(copy(self.weight(), copies)?, copy_option(self.bias(), copies)?))
    }

    fn head(&self) -> String {
        let [outputs, inputs] = sizes(self.weight());
        let bias = bool_repr(self.bias().is_some());
        format!("Linear(in_features={inputs}, out_features={outputs}, bias={bias})")
    }
}

/// The layers of candle with a weight, a bias and a config.
macro_rules! convolutions {
    ($($name:ident: $channels:expr, $kernel:literal;)*) => {$(
        impl Layer for $name {
            fn own_parameters(&self) -> Vec<(&'static str, Var)> {
                variables(&[("weight", Some(self.weight())), ("bias", self.bias())])
            }

            fn copy_with(&self, copies: &mut Copies) -> Result<Self> {
                let (weight, bias) = (copy(self.weight(), copies)?, copy_option(self.bias(), copies)?);
                Ok($name::new(weight, bias, *self.config()))
            }

            fn head(&self) -> String {
                let channels: fn([usize; 2]) -> [usize; 2] = $channels;
                let [first, second] = channels(sizes(self.weight()));
                let kernel = self.weight().dims().iter().skip(2).copied().collect::<Vec<_>>();
                format!(
                    concat!(stringify!($name), "({}, {}, kernel_size={}, stride={})"),
                    first,
                    second,
                    tuple(&kernel),
                    tuple(&[self.config().stride; $kernel])
                )
            }
        }
    )*};
}

convolutions! {
    Conv1d: |[outputs, inputs]| [inputs, outputs], 1;
    Conv2d: |[outputs, inputs]| [inputs, outputs], 2;
    ConvTranspose1d: |channels| channels, 1;
    ConvTranspose2d: |channels| channels, 2;
}

impl Layer for Embedding {
    fn own_parameters(&self) -> Vec<(&'static str, Var)> {
        variables(&[("weight", Some(self.embeddings()))])
    }

    fn copy_with(&self, copies: &mut Copies) -> Result<Self> {
        Ok(Embedding::new(copy(self.embeddings(), copies)?, self.hidden_size()))
    }

    fn head(&self) -> String {
        let [rows, size] = sizes(self.embeddings());
        format!("Embedding({rows}, {size})")
    }
}

impl Layer for PReLU {
    fn own_parameters(&self) -> Vec<(&'static str, Var)> {
        variables(&[("weight", Some(self.weight()))])
    }

    fn copy_with(&self, copies: &mut Copies) -> Result<Self> {
        Ok(PReLU::new(copy(self.weight(), copies)?, self.is_scalar()))
    }

    fn head(&self) -> String {
        format!("PReLU(num_parameters={})", self.weight().elem_count())
    }
}
