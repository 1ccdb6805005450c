//! The C functions that the loading process calls, and the frames that go back to it.
//!
//! The process passes one callback; everything a cell reports besides its plain output goes
//! through it as a frame: a kind and a list of length-prefixed fields.
#![allow(unsafe_code)]

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{failure, memory};

/// Raised when the frames or the C functions change, so that a kernel never loads a prelude of
/// another age.
const ABI_VERSION: u32 = 4;

type Emit = extern "C" fn(kind: u32, data: *const u8, len: usize);

static EMIT: OnceLock<Emit> = OnceLock::new();
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Connects the prelude to its process. Returns the version of this interface.
#[unsafe(no_mangle)]
pub extern "C" fn akari_rt_init(emit: Emit) -> u32 {
    if EMIT.set(emit).is_ok() {
        failure::install_panic_hook();
        memory::reuse_memory();
    }
    ABI_VERSION
}

/// Hands the learner's unfinished line to the pipe; std keeps it until a newline otherwise.
#[unsafe(no_mangle)]
pub extern "C" fn akari_rt_flush() {
    // A closed pipe is the reader's matter, not the cell's.
    let _ = std::io::stdout().flush();
}

/// Between two cells nobody waits, and what the last one has freed may serve another process.
#[unsafe(no_mangle)]
pub extern "C" fn akari_rt_return_memory() {
    memory::return_memory();
}

/// Sets or clears the wish to stop the running cell.
#[unsafe(no_mangle)]
pub extern "C" fn akari_rt_interrupt(wish: bool) {
    INTERRUPTED.store(wish, Ordering::Relaxed);
}

/// Brings the random generator to a state that a [`FrameKind::Random`] told.
///
/// # Safety
///
/// `state` points at `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn akari_rt_random(state: *const u8, len: usize) {
    // SAFETY: the caller's promise.
    let state = unsafe { std::slice::from_raw_parts(state, len) };
    crate::random::restore(&String::from_utf8_lossy(state));
}

pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// What a frame says; the numbers are the kernel's too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum FrameKind {
    /// The cell's last value: pairs of MIME type and content.
    Result = 1,
    /// Rich output: id, `1` for an update, then pairs of MIME type and content.
    Display = 2,
    /// A failure: name, text, file, line, column.
    Failure = 3,
    /// Clear the outputs: `1` to wait for the next one.
    Clear = 4,
    /// A variable that can't be read any more: its name.
    Lost = 5,
    /// Where the random generator stands, at the end of a cell that drew numbers.
    Random = 6,
    /// A variable that a failed cell may have changed and that was not put back: its name.
    Changed = 7,
}

/// A message to the process: fields are UTF-8 text, each behind its length.
#[derive(Debug)]
pub struct Frame {
    kind: FrameKind,
    data: Vec<u8>,
}

impl Frame {
    pub fn new(kind: FrameKind) -> Self {
        Frame { kind, data: Vec::new() }
    }

    #[must_use]
    pub fn field(mut self, text: &str) -> Self {
        // A field of over 4 GiB can't be told to the client anyway.
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.data.extend_from_slice(&len.to_le_bytes());
        self.data.extend_from_slice(&text.as_bytes()[..len as usize]);
        self
    }

    /// Sends the frame; outside a kernel, where nobody listens, does nothing and returns false.
    pub fn send(self) -> bool {
        let Some(emit) = EMIT.get() else { return false };
        // What was printed before a display must stand before it.
        akari_rt_flush();
        emit(self.kind as u32, self.data.as_ptr(), self.data.len());
        true
    }
}
