//! The process that runs cells, and the kernel's hold on it.
//!
//! A process of its own, so that a crash of a cell is not the kernel's. `child` and its helpers
//! `load` and `capture` run over there; `parent` runs here; both know `wire`.

mod capture;
pub mod child;
pub mod life;
mod load;
pub mod markers;
pub mod parent;
pub mod wire;
