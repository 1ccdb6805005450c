//! What must be found or built before a cell can run: each thing in a file of its own.

pub mod kernelspec;
pub mod prelude;
pub mod toolchain;
