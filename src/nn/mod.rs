//! `nn`: losses as structs with PyTorch's fields and defaults.

mod loss;
mod reduction;
pub mod utils;

pub use loss::{
    BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, L1Loss, MSELoss, SmoothL1Loss,
};
pub use reduction::Reduction;
