//! The prelude's additions to candle's tensor: literals, promotion, reductions that don't drift.

pub mod axis;
pub mod literal;
pub(crate) mod parallel;
pub(crate) mod promote;
pub(crate) mod reduce;
