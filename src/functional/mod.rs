//! `F`: the functions of `torch.nn.functional`, positional in PyTorch's order.
//!
//! Activations are rows of `unary.rs`, functions of whole tensors have a file each; all are ops of `compute/op.rs`.
//! The losses are in `loss`; the structs of `nn`, which call them, have their formulas, shapes and errors.

pub(crate) mod angles;
pub(crate) mod arithmetic;
mod batch_norm;
pub(crate) mod compare;
mod conv;
mod conv_direct;
mod conv_loops;
pub(crate) mod cumsum;
mod dropout;
pub(crate) mod element;
pub(crate) mod elementary;
mod elementary_math;
pub(crate) mod extreme;
mod glu;
mod layer_norm;
mod linear;
mod lookup;
pub(crate) mod loss;
pub(crate) mod matmul;
mod norm_rows;
mod normalize;
mod pad;
mod pairing;
mod parametric;
mod pool;
mod rectifiers;
mod rms_norm;
mod smooth;
mod softmax;
mod softmax_rows;
pub(crate) mod steps;
pub(crate) mod sum;
pub(crate) mod totals;
pub(crate) mod transpose;
mod unary;
pub(crate) mod unary_math;
mod window;

pub(crate) use batch_norm::batch_norm_named;
pub use batch_norm::{BatchNormOptions, batch_norm};
pub(crate) use conv::conv2d_named;
pub use conv::{Conv2dConfig, conv2d};
pub use dropout::dropout;
pub(crate) use dropout::dropout_named;
pub use glu::glu;
pub use layer_norm::layer_norm;
pub(crate) use layer_norm::layer_norm_named;
pub use linear::linear;
pub(crate) use linear::linear_named;
pub(crate) use lookup::embedding_named;
pub use lookup::{embedding, one_hot};
pub use loss::{
    binary_cross_entropy, binary_cross_entropy_with_logits, cosine_embedding_loss, cross_entropy,
    ctc_loss, gaussian_nll_loss, hinge_embedding_loss, huber_loss, kl_div, l1_loss,
    linear_cross_entropy, margin_ranking_loss, mse_loss, multi_margin_loss, multilabel_margin_loss,
    multilabel_soft_margin_loss, nll_loss, poisson_nll_loss, smooth_l1_loss, soft_margin_loss,
    triplet_margin_loss, triplet_margin_with_distance_loss,
};
pub use normalize::normalize;
pub use pad::pad;
pub use parametric::{prelu, rrelu};
pub(crate) use pool::{adaptive_avg_pool, avg_pool, max_pool};
pub use pool::{adaptive_avg_pool2d, avg_pool2d, max_pool2d};
pub use rectifiers::*;
pub use rms_norm::rms_norm;
pub(crate) use rms_norm::rms_norm_named;
pub use smooth::*;
pub(crate) use softmax::implicit_axis;
pub use softmax::{gumbel_softmax, log_softmax, softmax, softmin};
pub use window::Pair;
pub(crate) use window::Slide;
