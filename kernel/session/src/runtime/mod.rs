//! The process that runs cells, and the kernel's hold on it.
//!
//! Cells run in a process of their own, so that a crash of a cell does not end the kernel. `child`
//! and its helpers `load`, `hidden`, `capture`, `stdin` and `ticker` run in that process, `parent` in the kernel; both use
//! `wire` and `environment`. `group` and `guard` end other programs that the kernel starts, such as compilers and
//! cargo.

mod capture;
pub mod child;
mod environment;
mod hidden;
pub mod life;
mod load;
pub mod markers;
pub mod parent;
mod stdin;
mod ticker;
pub mod wire;
