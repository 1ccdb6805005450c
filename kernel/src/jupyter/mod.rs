//! The Jupyter messaging protocol, from the connection file to the sockets.
//!
//! Async stops here: the engine has a thread of its own (`execution`). A room for each socket:
//! `shell`, `control`, `iopub`, `stdin`, `heartbeat`. All JSON of the protocol is in `message`, all
//! that is ZeroMQ in `zmtp`. Every request goes through `turn`, which says busy and idle.

mod connection;
mod control;
mod execution;
mod heartbeat;
mod history;
mod iopub;
mod message;
mod queue;
mod serve;
mod shell;
mod signature;
mod startup;
mod stdin;
mod turn;
mod zmtp;

pub use serve::serve;
pub use shell::KernelInfo;
