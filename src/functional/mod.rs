//! `F`: the functions of `torch.nn.functional`, positional in PyTorch's order.
//!
//! Activations are rows of `unary.rs`, functions of whole tensors have a file each; all are ops of `compute/op.rs`.
//! The losses are in `loss`; the structs of `nn`, which call them, have their formulas, shapes and errors.

pub(crate) mod angles;
mod angles_math;
pub(crate) mod arithmetic;
mod attention;
mod batch_norm;
mod bilinear;
mod border;
mod channel_dropout;
pub(crate) mod compare;
mod conv;
mod conv1d;
mod conv_columns;
mod conv_direct;
mod conv_loops;
mod conv_transpose;
pub(crate) mod cumsum;
mod distance;
mod dropout;
pub(crate) mod element;
pub(crate) mod elementary;
mod elementary_math;
pub(crate) mod extreme;
mod glu;
mod group_norm;
pub(crate) mod heads;
mod interpolate;
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
mod patches;
mod pool;
mod pool1d;
mod rectifiers;
mod recurrent;
mod recurrent_cells;
mod rms_norm;
mod shuffle;
mod smooth;
mod softmax;
mod softmax_columns;
mod softmax_rows;
pub(crate) mod steps;
pub(crate) mod sum;
pub(crate) mod totals;
pub(crate) mod transpose;
mod unary;
pub(crate) mod unary_math;
mod window;

pub(crate) use attention::attend;
pub use attention::{AttentionConfig, scaled_dot_product_attention};
pub(crate) use batch_norm::batch_norm_named;
pub use batch_norm::{BatchNormOptions, batch_norm};
pub(crate) use bilinear::bilinear_named;
pub use bilinear::{bilinear, local_response_norm};
pub(crate) use border::padded_named;
pub use border::{Padding, PaddingMode, pad_mode};
pub use channel_dropout::{alpha_dropout, dropout1d, dropout2d};
pub(crate) use channel_dropout::{alpha_dropout_named, channel_dropout, dropout1d_named};
pub(crate) use conv::conv2d_named;
pub use conv::{Conv2dConfig, Conv2dOptions, conv2d, conv2d_with};
pub use conv_transpose::{
    ConvTranspose1dConfig, ConvTranspose2dConfig, conv_transpose1d, conv_transpose2d,
};
pub(crate) use conv_transpose::{conv_transpose1d_named, conv_transpose2d_named};
pub(crate) use conv1d::conv1d_named;
pub use conv1d::{Conv1dConfig, conv1d};
pub use distance::{cosine_similarity, pairwise_distance};
pub(crate) use distance::{distance, similarity};
pub use dropout::dropout;
pub(crate) use dropout::dropout_named;
pub use glu::glu;
pub use group_norm::{group_norm, instance_norm};
pub(crate) use group_norm::{group_norm_named, instance_norm_named};
pub(crate) use interpolate::interpolate_named;
pub use interpolate::{InterpolateConfig, InterpolateMode, interpolate};
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
pub use patches::{fold, unfold};
pub(crate) use patches::{fold_named, unfold_named};
pub(crate) use pool::{adaptive_avg_pool, adaptive_max_pool, avg_pool, max_pool};
pub use pool::{adaptive_avg_pool2d, avg_pool2d, max_pool2d};
pub use pool1d::{
    adaptive_avg_pool1d, adaptive_max_pool1d, adaptive_max_pool2d, avg_pool1d, max_pool1d,
};
pub(crate) use pool1d::{adaptive_pool1d, avg_pool1d_named, max_pool1d_named};
pub use rectifiers::*;
pub(crate) use recurrent::{Cell, Recurrence, recurrence};
pub use rms_norm::rms_norm;
pub(crate) use rms_norm::rms_norm_named;
pub use shuffle::{pixel_shuffle, pixel_unshuffle};
pub use smooth::*;
pub(crate) use softmax::implicit_axis;
pub use softmax::{gumbel_softmax, log_softmax, softmax, softmin};
pub use window::Pair;
pub(crate) use window::Slide;
