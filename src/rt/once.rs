//! What is to be done once, on the thread of the cells, before a cell runs: the start of a runtime
//! that a crate brings with it; and what a panic says where there is none.

use std::borrow::Cow;
use std::mem::take;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

static IS_WAITING: AtomicBool = AtomicBool::new(false);
static WAITING: Mutex<Vec<fn()>> = Mutex::new(Vec::new());

/// Notes what is to be done before the next cell runs. Called while a library is loaded, when it is
/// too early for more.
pub fn before_cells(start: fn()) {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner).push(start);
    IS_WAITING.store(true, Ordering::Release);
}

/// Does what waits.
pub(super) fn before_cell() {
    if !IS_WAITING.swap(false, Ordering::Acquire) {
        return;
    }
    let waiting = take(&mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner));
    for start in waiting {
        start();
    }
}

/// The text of a panic, with the way out where it is about a runtime that is missing.
pub(super) fn explained(panic: &str) -> Cow<'_, str> {
    if !panic.starts_with("there is no reactor running") {
        return panic.into();
    }
    let text = format!(
        "{panic}; the thread of the cells has one where tokio is a crate of `:dep`, and another thread enters it by `handle.enter()`, with the `Handle::current()` of a cell"
    );
    text.into()
}
