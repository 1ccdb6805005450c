//! One loss a file; the mechanism of elementwise losses is in `pair.rs`.

mod absolute;
mod bce;
mod cross_entropy;
mod mse;
mod pair;

pub use absolute::{HuberLoss, L1Loss, SmoothL1Loss};
pub use bce::{BCELoss, BCEWithLogitsLoss};
pub use cross_entropy::CrossEntropyLoss;
pub use mse::MSELoss;
