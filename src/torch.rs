//! `torch`: the few top-level functions of PyTorch that a lesson uses.

pub use crate::functional::{relu, sigmoid, softmax, tanh};
pub use crate::print::options::{PrintOptions, set_printoptions};
pub use crate::random::{manual_seed, rand, randn};
