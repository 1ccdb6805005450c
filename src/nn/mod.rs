//! `nn`: layers, activations and losses as structs with PyTorch's fields and defaults.
//!
//! A struct has the options by PyTorch's names and the printed form; all formulas and loops are in `functional`.

mod activation;
pub mod init;
mod init_special;
mod keywords;
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
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AlphaDropout,
    AvgPool1d, AvgPool2d, BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormConfig, Bilinear, Border,
    CircularPad2d, ConstantPad2d, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, Conv2dOptions,
    ConvTranspose1d, ConvTranspose1dConfig, ConvTranspose2d, ConvTranspose2dConfig,
    CosineSimilarity, Dropout, Dropout1d, Dropout2d, Embedding, EmbeddingConfig, Flatten, Fold,
    GRU, GRUCell, GRUConfig, GroupNorm, GroupNormConfig, Identity, InstanceNorm1d, InstanceNorm2d,
    InstanceNormConfig, InterpolateMode, LSTM, LSTMCell, LSTMConfig, LSTMState, Layer, LayerNorm,
    LayerNormConfig, Linear, LinearConfig, LocalResponseNorm, MaxPool1d, MaxPool2d, Mode,
    MultiheadAttention, MultiheadAttentionConfig, MultiheadAttentionOptions, Padding, PaddingMode,
    PairwiseDistance, PixelShuffle, PixelUnshuffle, RMSNorm, RMSNormConfig, RNN, RNNCell,
    RNNCellConfig, RNNConfig, RNNNonlinearity, ReflectionPad1d, ReflectionPad2d, ReplicationPad1d,
    ReplicationPad2d, Sequential, TransformerEncoder, TransformerEncoderLayer,
    TransformerEncoderLayerConfig, TransformerEncoderOptions, Unflatten, Unfold, Upsample,
    UpsampleConfig, ZeroPad1d, ZeroPad2d, load, save,
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

#[cfg(not(doc))] // A link to a type would mean two things.
pub use self::keywords::{
    AlphaDropout, AvgPool1d, AvgPool2d, BCELoss, BCEWithLogitsLoss, BatchNorm1d, BatchNorm2d,
    BatchNorm3d, CELU, CTCLoss, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d,
    CosineEmbeddingLoss, CosineSimilarity, CrossEntropyLoss, Dropout, Dropout1d, Dropout2d, ELU,
    Embedding, Flatten, Fold, GELU, GLU, GRU, GaussianNLLLoss, GroupNorm, Hardshrink, Hardtanh,
    HuberLoss, InstanceNorm1d, InstanceNorm2d, KLDivLoss, L1Loss, LSTM, LayerNorm, LeakyReLU,
    Linear, LocalResponseNorm, LogSoftmax, MSELoss, MaxPool1d, MaxPool2d, MultiMarginLoss,
    MultiheadAttention, NLLLoss, PairwiseDistance, PoissonNLLLoss, RMSNorm, RNN, RNNCell, RReLU,
    SmoothL1Loss, Softmax, Softmin, Softplus, Softshrink, Threshold, TransformerEncoderLayer,
    TripletMarginLoss, Unfold, Upsample,
};
pub use crate::functional::loss::Reduction;
pub use crate::state_dict::StateDict;
#[doc(inline)]
pub use crate::{__model as model, __seq as seq};
