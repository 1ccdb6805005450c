//! `F`: the functions of `torch.nn.functional`, positional in PyTorch's order.

mod glu;
mod kernel;
mod normalize;
mod parametric;
mod rectifiers;
mod rows;
mod smooth;
mod loss;
mod softmax;
mod unary;
pub(crate) mod unary_math;

pub use glu::glu;
pub use normalize::normalize;
pub use parametric::{prelu, rrelu};
pub use rectifiers::*;
pub use smooth::*;
pub(crate) use softmax::implicit_axis;
pub use softmax::{gumbel_softmax, log_softmax, softmax, softmin};
pub use loss::*;
