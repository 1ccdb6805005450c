//! The Jupyter messaging protocol, from the connection file to the sockets.
//!
//! Async stops here: the engine has a thread of its own (`execution`) and is spoken to by
//! channels. Each socket has one owner. Wire JSON exists only in `message`.

mod execution;
mod history;
mod iopub;
mod message;
mod serve;

pub use serve::{KernelInfo, serve};
