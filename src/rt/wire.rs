//! The way of frames to the process that has loaded the prelude, and of its interrupts to the cell.
//!
//! The process passes one callback; everything a cell reports besides its plain output goes through
//! it as a frame, whose layout is `akari_seam`'s.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use akari_seam::{Frame, symbol};

static EMIT: OnceLock<symbol::Emit> = OnceLock::new();
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Sends frames by this callback from now on; says whether it is the first.
pub(super) fn connect(emit: symbol::Emit) -> bool {
    EMIT.set(emit).is_ok()
}

/// Hands the learner's unfinished line to the pipe; std keeps it until a newline otherwise.
pub(super) fn flush() {
    // A closed pipe is the reader's matter, not the cell's.
    let _ = std::io::stdout().flush();
}

/// Sets or clears the wish to stop the running cell.
pub(super) fn set_interrupted(wish: bool) {
    INTERRUPTED.store(wish, Ordering::Relaxed);
}

pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Whether somebody hears what is sent.
pub(crate) fn is_connected() -> bool {
    EMIT.get().is_some()
}

/// Sends a frame; outside a kernel, where nobody listens, does nothing.
pub(crate) fn send(frame: Frame<'_>) {
    let Some(emit) = EMIT.get() else { return };
    // What was printed before a display must stand before it.
    flush();
    let bytes = frame.encode();
    emit(bytes.as_ptr(), bytes.len());
}
