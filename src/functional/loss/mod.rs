//! Losses: formulas with their gradients, and the checks of what they are given; a file for one loss or a family.
//!
//! A function `x_loss` takes PyTorch's arguments in PyTorch's order; `x_loss_named` is the same for whoever has
//! another name in errors, as the structs of `nn` do, whose pages have the formulas, shapes and errors. Mechanisms:
//! `elementwise.rs` for losses of single numbers, `classes.rs` and `tile.rs` for those of rows of classes, both on
//! `compute/op.rs`, where candle's graph begins, and `compute/reduce.rs`.

mod absolute;
mod bce;
mod classes;
mod cosine;
mod cross_entropy;
mod ctc;
mod difference;
mod elementwise;
mod gaussian;
mod kl_div;
mod linear;
mod margin;
mod mse;
mod multi_label;
mod multi_margin;
mod nll;
mod options;
mod pairwise;
mod poisson;
mod soft_cross_entropy;
mod tile;
mod triplet;

pub use absolute::{huber_loss, l1_loss, smooth_l1_loss};
pub(crate) use absolute::{huber_loss_named, l1_loss_named, smooth_l1_loss_named};
pub use bce::{binary_cross_entropy, binary_cross_entropy_with_logits};
pub(crate) use bce::{binary_cross_entropy_named, binary_cross_entropy_with_logits_named};
pub use cosine::cosine_embedding_loss;
pub(crate) use cosine::cosine_embedding_loss_named;
pub use cross_entropy::cross_entropy;
pub(crate) use cross_entropy::cross_entropy_named;
pub use ctc::ctc_loss;
pub(crate) use ctc::ctc_loss_named;
pub use gaussian::gaussian_nll_loss;
pub(crate) use gaussian::gaussian_nll_loss_named;
pub use kl_div::kl_div;
pub(crate) use kl_div::kl_div_named;
pub use linear::linear_cross_entropy;
pub(crate) use linear::linear_cross_entropy_named;
pub use margin::{hinge_embedding_loss, margin_ranking_loss, soft_margin_loss};
pub(crate) use margin::{
    hinge_embedding_loss_named, margin_ranking_loss_named, soft_margin_loss_named,
};
pub use mse::mse_loss;
pub(crate) use mse::mse_loss_named;
pub use multi_label::{multilabel_margin_loss, multilabel_soft_margin_loss};
pub(crate) use multi_label::{multilabel_margin_loss_named, multilabel_soft_margin_loss_named};
pub use multi_margin::multi_margin_loss;
pub(crate) use multi_margin::multi_margin_loss_named;
pub use nll::nll_loss;
pub(crate) use nll::nll_loss_named;
pub use options::{CrossEntropyLoss, DistanceFunction, KLDivReduction, Reduction};
pub use poisson::poisson_nll_loss;
pub(crate) use poisson::poisson_nll_loss_named;
pub use triplet::{triplet_margin_loss, triplet_margin_with_distance_loss};
pub(crate) use triplet::{triplet_margin_loss_named, triplet_margin_with_distance_loss_named};
