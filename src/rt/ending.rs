//! What is to be done when the running cell ends, however it ends: a curve that is drawn a few times a second is drawn
//! once more with what came last.

use std::mem::take;
use std::sync::{Mutex, PoisonError};

/// Work that waits for the end of the cell.
type Work = Box<dyn FnOnce() + Send>;

static WAITING: Mutex<Vec<Work>> = Mutex::new(Vec::new());

/// Does the work when the running cell ends, or the next one where none runs. The work must not ask whether to stop.
pub(crate) fn when_the_cell_ends(work: Work) {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner).push(work);
}

/// The cell has ended.
pub(crate) fn the_cell_ends() {
    let waiting = take(&mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner));
    for work in waiting {
        work();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn work_is_done_once() {
        let count = Arc::new(AtomicUsize::new(0));
        let own = Arc::clone(&count);
        when_the_cell_ends(Box::new(move || {
            own.fetch_add(1, Ordering::Relaxed);
        }));
        the_cell_ends();
        the_cell_ends();
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }
}
