//! `models`: architectures of torchvision.

mod vgg;

pub use vgg::{Vgg, vgg11};
