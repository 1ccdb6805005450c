//! What is to be done once, on the thread of the cells, before a cell runs: the start of a runtime
//! that a crate brings with it.

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
