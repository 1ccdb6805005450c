//! `nn`: losses as structs with PyTorch's fields and defaults.

mod loss;
mod reduction;

pub use loss::{BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, MSELoss};
pub use reduction::Reduction;
