//! The process's function that loads hidden tests; a program that no kernel started has none.

use std::sync::OnceLock;

use akari_seam::symbol::LoadTests;

static LOADER: OnceLock<LoadTests> = OnceLock::new();

/// Notes the function.
pub(super) fn connect(loader: LoadTests) {
    let _ = LOADER.set(loader);
}

/// The function, if there is one.
pub(crate) fn loader_of_tests() -> Option<LoadTests> {
    LOADER.get().copied()
}
