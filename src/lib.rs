//! The prelude of the Akari Jupyter kernel, on candle.

pub mod display;
#[doc(hidden)]
pub mod rt;

pub use candle_core::{self, Tensor};
pub use candle_nn;

/// What every cell imports.
pub mod prelude {
    pub use candle_core::{D, DType, Device, IndexOp, Module, Tensor, Var};
    pub use candle_nn::Optimizer;

    pub use crate::{candle_core, candle_nn, display};
}

/// The text of a value.
#[doc(hidden)]
#[macro_export]
macro_rules! __text {
    ($value:expr) => {
        ::std::format!("{:?}", $value)
    };
}
