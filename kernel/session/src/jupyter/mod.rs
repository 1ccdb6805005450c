//! The Jupyter messaging protocol, from the connection file to the sockets.
//!
//! Async stops here: the engine has a thread of its own (`execution`). Each socket has a module:
//! `shell`, `control`, `iopub`, `stdin`, `heartbeat`. `message` has all JSON of the protocol,
//! `zmtp` everything of ZeroMQ; `client` is the other end, to measure a kernel. Every request goes through `turn`, which says busy and idle.

mod areas;
mod asides;
mod cell;
pub mod client;
mod comms;
mod connection;
mod control;
mod execution;
mod heartbeat;
mod hub;
mod iopub;
mod message;
mod queue;
mod serve;
mod session;
mod shell;
mod signature;
mod startup;
mod stdin;
mod subshells;
mod turn;
mod usage;
mod zmtp;

pub use hub::KernelInfo;
pub use serve::serve;
pub use usage::memory_of;

/// The stack of threads that answer aside, which parse code that is not too deep.
const ASIDE_STACK: usize = 32 << 20;

/// A runtime for a thread of the sockets.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(16)
        .thread_stack_size(ASIDE_STACK)
        .build()
}
