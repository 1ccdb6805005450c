//! The language that the learner reads in, as the kernel tells it at the start and at each `:lang`.

use std::sync::atomic::{AtomicBool, Ordering};

static IS_JAPANESE: AtomicBool = AtomicBool::new(false);

/// Takes the language by its short name; all but `ja` is English.
pub(super) fn set_language(name: &str) {
    IS_JAPANESE.store(name == "ja", Ordering::Relaxed);
}

/// Whether sentences are to be Japanese.
pub(crate) fn is_japanese() -> bool {
    IS_JAPANESE.load(Ordering::Relaxed)
}
