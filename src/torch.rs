//! `torch`: the top-level functions of PyTorch that a lesson uses, positional in PyTorch's order.
//!
//! The modules have what is not among the activations (`functional`), the random numbers and the literals.

mod along;
mod compare;
mod counts;
mod creation;
mod decompose;
mod dense;
mod distances;
mod draws;
mod einsum;
mod extremes;
mod grids;
mod index;
mod join;
mod keys;
mod lerp;

pub mod linalg;
mod order;
mod places;
mod products;
mod reduce;
mod reflections;
mod rotations;
mod rows;
mod running;
mod scatter;
mod shapes;
mod split;
mod spread;
mod threads;
mod truth;
mod turns;

pub use self::compare::{
    allclose, allclose_within, equal, isclose, isclose_within, isfinite, isinf, isnan,
};
pub use self::counts::{bincount, histc, unique, unique_counts};
pub use self::creation::{
    arange, empty, eye, full, full_like, linspace, logspace, ones, ones_like, zeros, zeros_like,
};
pub use self::distances::cdist;
pub use self::draws::{bernoulli, multinomial, normal, rand_like, randn_like};
pub use self::einsum::{Contraction, einsum, tensordot};
pub use self::extremes::{
    argmax, argmax_keepdim, argmin, argmin_keepdim, max_dim, max_keepdim, min_dim, min_keepdim,
};
pub use self::grids::{Indexing, cartesian_prod, combinations, diag, meshgrid, tril, triu};
pub use self::index::{
    gather, index_select, masked_select, narrow, nonzero, select, take_along_dim,
};
pub use self::join::{cat, hstack, stack, vstack};
pub use self::lerp::lerp;
pub use self::order::{
    argsort, kthvalue, median, median_dim, mode, quantile, quantile_dim, sort, topk,
};
pub use self::products::{addmm, bmm, corrcoef, cov, cross, dot, mm, mv, outer};
pub use self::reduce::{
    logsumexp, logsumexp_keepdim, norm, norm_dim, norm_keepdim, norm_with, prod, prod_dim,
    prod_keepdim,
};
pub use self::running::cumprod;
pub use self::scatter::{index_add, scatter, scatter_add, scatter_value};
pub use self::shapes::{broadcast_to, flatten, movedim, permute, squeeze, unflatten, unsqueeze};
pub use self::split::{Sections, chunk, split, unbind};
pub use self::spread::{std, std_dim, std_keepdim, std_with, var, var_dim, var_keepdim, var_with};
pub use self::threads::{get_num_threads, set_num_threads};
pub use self::truth::{all, all_dim, all_keepdim, any, any_dim, any_keepdim, count_nonzero};
pub use self::turns::{Repeats, flip, repeat_interleave, roll, rot90, tile, unfold};
pub use crate::autograd;
pub use crate::compute::recording::no_grad;
pub use crate::functional::angles::{acos, asin, atan, cosh, erf, sinh, tan};
pub use crate::functional::element::{abs, clamp, clamp as clip, round};
pub use crate::functional::extreme::{amax, amax_keepdim, amin, amin_keepdim, max, min};
pub use crate::functional::{
    celu, hardshrink, log_softmax, prelu, relu, rrelu, selu, sigmoid, softmax, tanh, threshold,
};
pub use crate::print::options::{PrintOptions, set_printoptions};
pub use crate::print::python::Size;
pub use crate::random::own::Generator;
pub use crate::random::{manual_seed, rand, randn};
pub use crate::sampling::{randint, randperm};
pub use crate::state_dict::{load, save};
pub use crate::tensor::copy::clone;
pub use crate::tensor::list::{AsTensor, Tensors};

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
pub use crate::functional::steps::{ceil, floor, nan_to_num, sign, trunc};
pub use crate::functional::sum::{mean, mean_dim, mean_keepdim, sum, sum_dim, sum_keepdim};
pub use crate::functional::transpose::{contiguous, transpose};
