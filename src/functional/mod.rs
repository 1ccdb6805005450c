//! `F`: the functions of `torch.nn.functional`, positional in PyTorch's order.

mod softmax;
mod table;
mod unary;
pub(crate) mod unary_math;

pub use softmax::{log_softmax, softmax, softmin};
pub use table::*;
