//! What is told of the machine, of processes, and of who reads: plain data.

use std::ffi::{c_int, c_void};
use std::path::PathBuf;

/// The machine's memory, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    pub total: u64,
    pub available: u64,
    pub free: u64,
    pub active: u64,
    pub inactive: u64,
    pub buffers: u64,
    pub cached: u64,
    pub shared: u64,
    pub slab: u64,
}

/// What all processors together have done since the machine started, in the system's ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processors {
    pub busy: u64,
    pub idle: u64,
    pub count: usize,
}

/// What a process takes of the machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken {
    /// The process's number, and its start, since numbers are used again.
    pub process: (u32, u64),
    /// Seconds of a processor.
    pub seconds: f64,
    /// Bytes; pages that several processes share are counted in parts.
    pub memory: u64,
}

/// A limit of memory that the system sets to a group of processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub free: u64,
    pub total: u64,
    pub group: PathBuf,
}

/// How something reads, which tells what it takes for an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "nobody is served there"))]
pub enum Reader {
    /// By `read`.
    Plain,
    /// By `readv`.
    Vectored,
    /// C's `stdin`.
    Stdio,
}

/// Serves a read of at most so many bytes to a place: their number, or -1 with `errno`. None is left to the system.
pub type Serve = fn(c_int, Reader, *mut c_void, usize) -> Option<isize>;
