//! Layers: what holds the parameters of a model, and [`Sequential`], which chains layers.
//!
//! A layer is anything that implements [`Layer`]; its loops are in `functional`.

mod boxed;
mod convolution;
mod copies;
mod dropout;
mod embedding;
mod layer;
mod linear;
mod macros;
mod mode;
mod norm;
mod of_candle;
mod part;
mod pool;
mod repr;
mod sequential;
mod shape;
mod state;

pub use convolution::Conv2d;
pub use copies::Copies;
pub use dropout::Dropout;
pub use embedding::{Embedding, EmbeddingConfig};
pub(crate) use layer::display_as_repr;
pub use layer::{Layer, Parts};
pub use linear::Linear;
pub use macros::{
    AnyLayer, ByFunction, ByLayer, ByModule, ByPart, ByValue, CopyByClone, CopyByPart, Field,
    HasForward, Held, NoCopy, SeqElement,
};
pub use mode::Mode;
pub use norm::{
    BatchNorm1d, BatchNorm2d, BatchNormConfig, LayerNorm, LayerNormConfig, RMSNorm, RMSNormConfig,
};
pub(crate) use part::fields;
pub use part::{HoldsNoTensor, Part};
pub use pool::{AdaptiveAvgPool2d, AvgPool2d, MaxPool2d};
pub use sequential::Sequential;
pub use shape::{Flatten, Identity};
pub use state::{load, save};

pub use crate::functional::Conv2dConfig;
