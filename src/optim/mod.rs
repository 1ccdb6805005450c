//! `optim`: PyTorch's optimizers, as `candle_nn::Optimizer`s.

mod adam;
mod core;
mod kernel;
mod parameters;
mod sgd;

pub use self::core::{Learner, ParamGroup, Rule};
pub use adam::{Adam, AdamConfig, AdamRule, AdamW, AdamWConfig, AdamWRule};
pub use parameters::{Lazy, Parameters};
pub use sgd::{SGD, SGDConfig, SgdRule};
