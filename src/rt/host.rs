//! The C functions that the loading process calls, and the way of frames back to it.
//!
//! The process passes one callback; everything a cell reports besides its plain output goes
//! through it as a frame. Names, types and the layout of frames are those of the package
//! `akari-seam`, which the kernel uses too.
#![allow(unsafe_code)]

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use akari_seam::{ABI_VERSION, Frame, symbol};

use super::{failure, memory};

static EMIT: OnceLock<symbol::Emit> = OnceLock::new();
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

// The kernel calls the functions below by these types.
const _: symbol::Init = init;
const _: symbol::Flush = flush;
const _: symbol::ReturnMemory = return_memory;
const _: symbol::Interrupt = interrupt;
const _: symbol::Random = random;

/// Connects the prelude to its process. Returns the version of this interface.
#[unsafe(export_name = akari_seam::symbol!(init))]
pub extern "C" fn init(emit: symbol::Emit) -> u32 {
    if EMIT.set(emit).is_ok() {
        failure::install_panic_hook();
        memory::reuse_memory();
    }
    ABI_VERSION
}

/// Hands the learner's unfinished line to the pipe; std keeps it until a newline otherwise.
#[unsafe(export_name = akari_seam::symbol!(flush))]
pub extern "C" fn flush() {
    // A closed pipe is the reader's matter, not the cell's.
    let _ = std::io::stdout().flush();
}

/// Between two cells nobody waits, and what the last one has freed may serve another process.
#[unsafe(export_name = akari_seam::symbol!(return_memory))]
pub extern "C" fn return_memory() {
    memory::return_memory();
}

/// Sets or clears the wish to stop the running cell.
#[unsafe(export_name = akari_seam::symbol!(interrupt))]
pub extern "C" fn interrupt(wish: bool) {
    INTERRUPTED.store(wish, Ordering::Relaxed);
}

/// Brings the random generator to a state that a [`Frame::Random`] told.
///
/// # Safety
///
/// `state` points at `len` bytes.
#[unsafe(export_name = akari_seam::symbol!(random))]
pub unsafe extern "C" fn random(state: *const u8, len: usize) {
    // SAFETY: the caller's promise.
    let state = unsafe { std::slice::from_raw_parts(state, len) };
    crate::random::restore(&String::from_utf8_lossy(state));
}

pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Sends a frame; outside a kernel, where nobody listens, does nothing.
pub(crate) fn send(frame: Frame<'_>) {
    let Some(emit) = EMIT.get() else { return };
    // What was printed before a display must stand before it.
    flush();
    let bytes = frame.encode();
    emit(bytes.as_ptr(), bytes.len());
}
