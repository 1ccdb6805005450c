//! One place for all that a function shows: each display takes the place of the one before, as when a
//! widget draws anew.

use std::cell::RefCell;

use super::{new_id, put};

/// A display whose content is what a function showed last.
#[derive(Debug, Default)]
pub(crate) struct Place {
    pub(crate) id: String,
    is_shown: bool,
    /// Displays with ids of their own that the function has made: their updates go here too.
    others: Vec<String>,
}

thread_local! {
    /// The place of the function that runs on this thread.
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { id: new_id(), ..Place::default() }
    }

    /// Calls a function, all of whose displays are to be here; also if it panics, the place stays.
    pub(crate) fn fill<R>(&mut self, show: impl FnOnce() -> R) -> R {
        struct Ends<'a>(&'a mut Place, Option<Place>);

        impl Drop for Ends<'_> {
            fn drop(&mut self) {
                if let Some(place) = PLACE.replace(self.1.take()) {
                    *self.0 = place;
                }
            }
        }

        self.others.clear();
        let outer = PLACE.replace(Some(std::mem::take(self)));
        let _ends = Ends(self, outer);
        show()
    }

    /// Makes sure that there is a display, for what may be shown later.
    pub(crate) fn take_place(&mut self) {
        if !self.is_shown {
            self.fill(|| put(None, false, "text/plain", "", None));
        }
    }
}

/// Calls a function whose displays are to be where they would be without a place.
pub(crate) fn outside<R>(show: impl FnOnce() -> R) -> R {
    struct Ends(Option<Place>);

    impl Drop for Ends {
        fn drop(&mut self) {
            PLACE.replace(self.0.take());
        }
    }

    let _ends = Ends(PLACE.take());
    show()
}

/// The id under which a display of this id is shown, where it has another one, and whether it takes the
/// place of an earlier one.
pub(super) fn found(id: Option<&str>, is_update: bool) -> (Option<String>, bool) {
    PLACE.with_borrow_mut(|place| {
        let Some(place) = place else { return (None, is_update) };
        let is_known = id.is_some_and(|id| place.others.iter().any(|it| it == id));
        if is_update && !is_known {
            // The display of an earlier cell.
            return (None, true);
        }
        place.others.extend(id.filter(|_| !is_known).map(str::to_owned));
        let was_shown = std::mem::replace(&mut place.is_shown, true);
        (Some(place.id.clone()), was_shown)
    })
}
