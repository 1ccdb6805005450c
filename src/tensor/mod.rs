//! The prelude's additions to candle's tensor: literals, copies, promotion, reductions that don't drift.

pub mod axis;
pub(crate) mod copy;
pub mod list;
pub mod literal;
pub mod methods;
pub mod operand;
pub(crate) mod parts;
pub(crate) mod promote;
pub(crate) mod reduce;
pub mod scalar;
pub(crate) mod size;
