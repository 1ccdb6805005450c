//! `models`: architectures of torchvision.

mod resnet;
mod vgg;

pub use resnet::{ResNet, resnet18};
pub use vgg::{Vgg, vgg11};
