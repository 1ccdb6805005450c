//! The prelude of the Akari Jupyter kernel: PyTorch's activations, losses and optimizers on candle.
//!
//! Tensors are candle's own; nothing here wraps them. Every cell of a notebook imports
//! [`prelude`]; a program can do the same.
//!
//! ```
//! use akari::prelude::*;
//!
//! let x = tensor!([-2.0, 1.0, 4.0, 0.0]);
//! show!("relu:", F::relu(&x)?); // relu: tensor([0., 1., 4., 0.])
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
#![deny(unsafe_code)]

pub mod data;
pub mod display;
mod error;
pub mod functional;
pub mod models;
pub mod nn;
pub mod optim;
pub mod print;
mod random;
#[doc(hidden)]
pub mod rt;
mod sampling;
pub mod tensor;
pub mod torch;

pub use candle_core::{self, Tensor};
pub use candle_nn;

/// What every cell imports.
pub mod prelude {
    pub use candle_core::{D, DType, Device, IndexOp, Module, Tensor, Var};
    pub use candle_nn::Optimizer;

    pub use crate::functional as F;
    pub use crate::functional::Gelu;
    pub use crate::nn::{Layer as _, Reduction};
    pub use crate::{
        candle_core, candle_nn, data, display, models, nn, optim, show, tensor, torch,
    };
}
