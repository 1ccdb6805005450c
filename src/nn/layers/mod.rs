//! Layers: what holds the parameters of a model, and [`Sequential`], which chains layers.
//!
//! A layer is anything that implements [`Layer`]; its loops are in `functional`.

mod attention;
mod border;
mod boxed;
mod channel_dropout;
mod conv_transpose;
mod convolution;
mod copies;
mod dropout;
mod embedding;
mod group_norm;
mod layer;
mod linear;
mod local_response_norm;
mod macros;
mod mode;
mod norm;
mod of_candle;
mod part;
mod patches;
mod pool;
mod pool1d;
mod recurrent;
mod recurrent_cell;
mod recurrent_stack;
mod repr;
mod resize;
mod sequential;
mod shape;
mod similarity;
mod state;
mod transformer;
mod unflatten;

pub use attention::{MultiheadAttention, MultiheadAttentionConfig, MultiheadAttentionOptions};
pub use border::{
    Border, CircularPad2d, ConstantPad2d, ReflectionPad1d, ReflectionPad2d, ReplicationPad1d,
    ReplicationPad2d, ZeroPad1d, ZeroPad2d,
};
pub use channel_dropout::{AlphaDropout, Dropout1d, Dropout2d};
pub use conv_transpose::{ConvTranspose1d, ConvTranspose2d};
pub use convolution::{Conv1d, Conv2d};
pub use copies::Copies;
pub use dropout::Dropout;
pub use embedding::{Embedding, EmbeddingConfig};
pub use group_norm::{
    GroupNorm, GroupNormConfig, InstanceNorm1d, InstanceNorm2d, InstanceNormConfig,
};
pub(crate) use layer::display_as_repr;
pub use layer::{Layer, Parts};
pub use linear::{Linear, LinearConfig};
pub use local_response_norm::LocalResponseNorm;
pub use macros::{
    AnyLayer, ByFunction, ByLayer, ByModule, ByPart, ByValue, CopyByClone, CopyByPart, Field,
    HasForward, Held, NoCopy, SeqElement, own_forward,
};
pub use mode::Mode;
pub use norm::{
    BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormConfig, LayerNorm, LayerNormConfig, RMSNorm,
    RMSNormConfig,
};
pub(crate) use part::fields;
pub use part::{HoldsNoTensor, Part};
pub use patches::{Fold, Unfold};
pub use pool::{AdaptiveAvgPool2d, AvgPool2d, MaxPool2d};
pub use pool1d::{AdaptiveAvgPool1d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1d, MaxPool1d};
pub use recurrent::{GRU, GRUConfig, LSTM, LSTMConfig, LSTMState, RNN, RNNConfig, RNNNonlinearity};
pub use recurrent_cell::{GRUCell, LSTMCell, RNNCell, RNNCellConfig};
pub use resize::{PixelShuffle, PixelUnshuffle, Upsample};
pub use sequential::Sequential;
pub use shape::{Flatten, Identity};
pub use similarity::{Bilinear, CosineSimilarity, PairwiseDistance};
pub use state::{load, save};
pub use transformer::{
    TransformerEncoder, TransformerEncoderLayer, TransformerEncoderLayerConfig,
    TransformerEncoderOptions,
};
pub use unflatten::Unflatten;

pub use crate::functional::{
    Conv1dConfig, Conv2dConfig, Conv2dOptions, ConvTranspose1dConfig, ConvTranspose2dConfig,
    InterpolateConfig as UpsampleConfig, InterpolateMode, Padding, PaddingMode,
};
