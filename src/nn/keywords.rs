//! The layers and losses that take keyword arguments: `nn::LSTM!(3, 8, batch_first = true)?`.
//!
//! `crate::keywords` says how. A row is the macro's hidden name, the type, the constructor and the type of the options:
//! of a config (`new`), or the type itself (`like`).

use crate::keywords::{fields_by_place, keywords, single};

keywords! {
    $ in [nn]:
    __Conv1d as Conv1d: new new, Conv1dConfig;
    __Conv2d as Conv2d: new with_options, Conv2dOptions;
    __ConvTranspose1d as ConvTranspose1d: new new, ConvTranspose1dConfig;
    __ConvTranspose2d as ConvTranspose2d: new new, ConvTranspose2dConfig;
    __Linear as Linear: new with_config, LinearConfig;
    __Embedding as Embedding: new with_config, EmbeddingConfig;
    __BatchNorm1d as BatchNorm1d: new with_config, BatchNormConfig;
    __BatchNorm2d as BatchNorm2d: new with_config, BatchNormConfig;
    __BatchNorm3d as BatchNorm3d: new with_config, BatchNormConfig;
    __LayerNorm as LayerNorm: new with_config, LayerNormConfig;
    __RMSNorm as RMSNorm: new with_config, RMSNormConfig;
    __GroupNorm as GroupNorm: new with_config, GroupNormConfig;
    __InstanceNorm1d as InstanceNorm1d: new with_config, InstanceNormConfig;
    __InstanceNorm2d as InstanceNorm2d: new with_config, InstanceNormConfig;
    __LocalResponseNorm as LocalResponseNorm: like new, LocalResponseNorm;
    __RNN as RNN: new with_config, RNNConfig;
    __LSTM as LSTM: new with_config, LSTMConfig;
    __GRU as GRU: new with_config, GRUConfig;
    __RNNCell as RNNCell: new with_config, RNNCellConfig;
    __MultiheadAttention as MultiheadAttention: new with_config, MultiheadAttentionConfig;
    __TransformerEncoderLayer as TransformerEncoderLayer: new with_config, TransformerEncoderLayerConfig;
    __Upsample as Upsample: new with_config, UpsampleConfig;
    __MaxPool1d as MaxPool1d: like new, MaxPool1d;
    __MaxPool2d as MaxPool2d: like new, MaxPool2d;
    __AvgPool1d as AvgPool1d: like new, AvgPool1d;
    __AvgPool2d as AvgPool2d: like new, AvgPool2d;
    __Unfold as Unfold: like new, Unfold;
    __Fold as Fold: like new, Fold;
    __CrossEntropyLoss as CrossEntropyLoss: like default, CrossEntropyLoss;
    __NLLLoss as NLLLoss: like default, NLLLoss;
    __MultiMarginLoss as MultiMarginLoss: like default, MultiMarginLoss;
    __MSELoss as MSELoss: like default, MSELoss;
    __L1Loss as L1Loss: like default, L1Loss;
    __SmoothL1Loss as SmoothL1Loss: like default, SmoothL1Loss;
    __HuberLoss as HuberLoss: like default, HuberLoss;
    __BCELoss as BCELoss: like default, BCELoss;
    __BCEWithLogitsLoss as BCEWithLogitsLoss: like default, BCEWithLogitsLoss;
    __KLDivLoss as KLDivLoss: like default, KLDivLoss;
    __GaussianNLLLoss as GaussianNLLLoss: like default, GaussianNLLLoss;
    __PoissonNLLLoss as PoissonNLLLoss: like default, PoissonNLLLoss;
    __CTCLoss as CTCLoss: like default, CTCLoss;
    __TripletMarginLoss as TripletMarginLoss: like default, TripletMarginLoss;
    __CosineEmbeddingLoss as CosineEmbeddingLoss: like default, CosineEmbeddingLoss;
}

fields_by_place! {
    $ in [nn]:
    __Flatten as Flatten: start_dim, end_dim;
    __LeakyReLU as LeakyReLU: negative_slope;
    __RReLU as RReLU: lower, upper;
    __ELU as ELU: alpha;
    __CELU as CELU: alpha;
    __GELU as GELU: approximate;
    __GLU as GLU: dim;
    __Hardtanh as Hardtanh: min_val, max_val;
    __Hardshrink as Hardshrink: lambd;
    __Softshrink as Softshrink: lambd;
    __Threshold as Threshold: threshold, value;
    __Softplus as Softplus: beta, threshold;
    __Softmax as Softmax: dim;
    __Softmin as Softmin: dim;
    __LogSoftmax as LogSoftmax: dim;
    __CosineSimilarity as CosineSimilarity: dim, eps;
    __PairwiseDistance as PairwiseDistance: p, eps, keepdim;
}

single! {
    $ in [nn]:
    __Dropout as Dropout: p = 0.5;
    __Dropout1d as Dropout1d: p = 0.5;
    __Dropout2d as Dropout2d: p = 0.5;
    __AlphaDropout as AlphaDropout: p = 0.5;
}
