//! `torch`: the few top-level functions of PyTorch that a lesson uses.

pub use crate::functional::element::{abs, clamp, round};
pub use crate::functional::extreme::{amax, amin, argmax, max, min};
pub use crate::functional::{
    celu, hardshrink, log_softmax, prelu, relu, rrelu, selu, sigmoid, softmax, tanh, threshold,
};
pub use crate::print::options::{PrintOptions, set_printoptions};
pub use crate::print::python::Size;
pub use crate::random::{manual_seed, rand, randn};
pub use crate::sampling::{randint, randperm};
pub use crate::state_dict::{load, save};
pub use crate::tensor::copy::clone;

// Arithmetic and comparisons of two operands.
pub use crate::functional::arithmetic::{
    add, atan2, div, floor_divide, maximum, minimum, mul, pow, remainder, sub,
};
pub use crate::functional::compare::{
    bitwise_and, bitwise_not, bitwise_or, bitwise_xor, eq, ge, gt, le, logical_and, logical_not,
    logical_or, logical_xor, lt, masked_fill, ne, where_,
};

// Sums, running sums, functions of one number, products and copies.
pub use crate::functional::cumsum::cumsum;
pub use crate::functional::elementary::{
    cos, exp, expm1, log, log1p, log2, log10, reciprocal, rsqrt, sin, sqrt, square,
};
pub use crate::functional::matmul::matmul;
pub use crate::functional::sum::{mean, mean_dim, mean_keepdim, sum, sum_dim, sum_keepdim};
pub use crate::functional::transpose::{contiguous, transpose};
