//! Which variables come from a cell with a blank in it that no value shows: an integer, or true or false.
//!
//! A blank float is a NaN that nothing else gives, and a blank text is one that nobody writes. An integer has no such
//! value that a loop could bear. So the store marks what a cell leaves in which such a blank was made, and a cell that
//! takes a marked variable counts as one.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

thread_local! {
    /// How many blanks of any kind this thread has made.
    static MADE: Cell<u64> = const { Cell::new(0) };
    static HAS_UNSEEN: Cell<bool> = const { Cell::new(false) };
    /// Whether the body of the last cell has ended: what is taken next is the next cell's.
    static HAS_ENDED: Cell<bool> = const { Cell::new(false) };
    /// The variables that the running cell took, and whether they were marked.
    static TAKEN: RefCell<HashMap<u64, bool>> = RefCell::new(HashMap::new());
}

/// Notes a blank; `is_seen` says whether its value shows that it is one.
pub(crate) fn note_blank(is_seen: bool) {
    MADE.set(MADE.get() + 1);
    if !is_seen {
        HAS_UNSEEN.set(true);
    }
}

/// How many blanks this thread has made.
pub(crate) fn blanks_made() -> u64 {
    MADE.get()
}

/// Whether the running cell has made or taken a blank whose value does not show it.
pub(crate) fn has_unseen_blank() -> bool {
    HAS_UNSEEN.get()
}

/// A cell begins, with the first variable that it takes or else with its body.
pub(super) fn begin() {
    if HAS_ENDED.replace(false) {
        HAS_UNSEEN.set(false);
        TAKEN.with_borrow_mut(HashMap::clear);
    }
}

/// The body of the cell has ended. What the cell leaves is kept after that.
pub(super) fn end() {
    HAS_ENDED.set(true);
}

/// Notes that the cell takes a variable.
pub(super) fn take(name: u64, is_marked: bool) {
    begin();
    if is_marked {
        HAS_UNSEEN.set(true);
    }
    TAKEN.with_borrow_mut(|taken| taken.insert(name, is_marked));
}

/// Whether a variable that the cell leaves is to be marked. One that was only looked at is what it was.
pub(super) fn marks(name: u64) -> bool {
    let taken = TAKEN.with_borrow_mut(|taken| taken.remove(&name));
    taken.unwrap_or_else(has_unseen_blank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cell_with_a_blank_leaves_is_marked() {
        begin();
        assert!(!marks(1));
        note_blank(true);
        assert!(!marks(1), "the value shows it");
        note_blank(false);
        end();
        assert!(marks(1));
        begin();
        assert!(!has_unseen_blank());
        end();
        take(2, false);
        take(1, true);
        begin();
        assert!(has_unseen_blank());
        end();
        assert!(marks(3));
        assert!(!marks(2), "a variable that the cell looked at");
        assert!(marks(1));
    }
}
