//! The agreement between Akari's kernel and its prelude, which are compiled apart: the prelude is
//! built once, and a kernel loads it into the process that runs cells.
//!
//! - [`frame`]: what a cell reports besides its plain output, with the one encoder and the one
//!   decoder of it.
//! - [`symbol`]: the C functions that the prelude and a compiled cell export, with their types.
//! - [`path`]: the Rust paths that generated code calls and that the kernel looks for in what the
//!   compiler writes.
//!
//! The prelude names this package in `src/rt` and where it prints names of types; the kernel names it
//! in `runtime`, which loads libraries, and in `engine/instant`, which generates code and reads frames.
//! Messages between the kernel and its own child process are not here: both ends of those are one
//! program, see `runtime/wire`.
//!
//! Invariant: a kernel never uses a prelude of another age. The sources of this package are part of
//! the hash that names a built prelude, and [`ABI_VERSION`] is compared when one is loaded. The
//! package depends on nothing, so that it adds nothing to what a learner's cells are compiled against.
#![forbid(unsafe_code)]

pub mod frame;
pub mod path;
pub mod symbol;

pub use frame::{Frame, FrameError, Scale, SourceLocation};

/// The version of everything in this package. Raise it with each change of a frame or a C function:
/// a kernel refuses a prelude that answers with another number.
pub const ABI_VERSION: u32 = 11;
