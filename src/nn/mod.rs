//! `nn`: layers, activations and losses as structs with PyTorch's fields and defaults.
//!
//! A struct has the options by PyTorch's names and the printed form; all formulas and loops are in `functional`.

mod activation;
pub mod init;
#[doc(hidden)]
pub mod layers;
mod loss;
mod prelu;
mod rrelu;
pub mod utils;

pub use activation::{
    CELU, ELU, GELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, LogSigmoid,
    LogSoftmax, Mish, ReLU, ReLU6, SELU, SiLU, Sigmoid, Softmax, Softmax2d, Softmin, Softplus,
    Softshrink, Softsign, Tanh, Tanhshrink, Threshold,
};
pub use layers::{
    AdaptiveAvgPool2d, AvgPool2d, BatchNorm1d, BatchNorm2d, BatchNormConfig, Conv2d, Conv2dConfig,
    Dropout, Embedding, EmbeddingConfig, Flatten, Identity, Layer, LayerNorm, LayerNormConfig,
    Linear, MaxPool2d, Mode, RMSNorm, RMSNormConfig, Sequential, load, save,
};
pub use loss::{
    BCELoss, BCEWithLogitsLoss, CTCLoss, CosineEmbeddingLoss, CrossEntropyLoss, DistanceFunction,
    GaussianNLLLoss, HingeEmbeddingLoss, HuberLoss, KLDivLoss, KLDivReduction, L1Loss,
    LinearCrossEntropyLoss, LinearCrossEntropyLossConfig, MSELoss, MarginRankingLoss,
    MultiLabelMarginLoss, MultiLabelSoftMarginLoss, MultiMarginLoss, NLLLoss, PoissonNLLLoss,
    SmoothL1Loss, SoftMarginLoss, TripletMarginLoss, TripletMarginWithDistanceLoss,
};
pub use prelu::PReLU;
pub use rrelu::RReLU;

pub use crate::functional::loss::Reduction;
pub use crate::state_dict::StateDict;
#[doc(inline)]
pub use crate::{__model as model, __seq as seq};
