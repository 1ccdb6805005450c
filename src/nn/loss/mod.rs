//! One loss a file, or a few of one family.
//!
//! Mechanisms: `elementwise.rs` for losses of single numbers, `classes.rs` and `tile.rs` for those
//! of rows of classes, both on `compute/op.rs`, where candle's graph begins, and `compute/reduce.rs`.

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
mod pairwise;
mod poisson;
mod soft_cross_entropy;
mod tile;
mod triplet;

use std::fmt;

pub use absolute::{HuberLoss, L1Loss, SmoothL1Loss};
pub(crate) use absolute::{absolute, huber};
pub use bce::{BCELoss, BCEWithLogitsLoss};
pub use cosine::CosineEmbeddingLoss;
pub use cross_entropy::CrossEntropyLoss;
pub use ctc::CTCLoss;
pub use gaussian::GaussianNLLLoss;
pub use kl_div::{KLDivLoss, KLDivReduction};
pub(crate) use linear::linear_cross_entropy;
pub use linear::{LinearCrossEntropyLoss, LinearCrossEntropyLossConfig};
pub use margin::{HingeEmbeddingLoss, MarginRankingLoss, SoftMarginLoss};
pub use mse::MSELoss;
pub(crate) use mse::squared;
pub use multi_label::{MultiLabelMarginLoss, MultiLabelSoftMarginLoss};
pub use multi_margin::MultiMarginLoss;
pub use nll::NLLLoss;
pub use poisson::PoissonNLLLoss;
pub use triplet::{DistanceFunction, TripletMarginLoss, TripletMarginWithDistanceLoss};

/// PyTorch prints a loss as its name and nothing else, whatever its options.
macro_rules! display {
    ($($loss:ident),* $(,)?) => {$(
        impl fmt::Display for $loss {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($loss), "()"))
            }
        }
    )*};
}

display!(
    BCELoss,
    BCEWithLogitsLoss,
    CTCLoss,
    CosineEmbeddingLoss,
    CrossEntropyLoss,
    GaussianNLLLoss,
    HingeEmbeddingLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    NLLLoss,
    PoissonNLLLoss,
    SmoothL1Loss,
    SoftMarginLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
);
