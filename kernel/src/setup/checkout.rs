//! Where the checkout is that this program was built in: the prelude's sources, the lessons, the
//! toolchain's pin.
//!
//! The engine, which knows no `setup`, gets the folder with its `EngineConfig`.

use std::path::{Path, PathBuf};

/// The folder that this program was built in, which holds the prelude's sources and the lessons.
pub fn checkout() -> PathBuf {
    let kernel = Path::new(env!("CARGO_MANIFEST_DIR"));
    kernel.parent().unwrap_or(kernel).to_owned()
}

/// The folder of the lessons, in languages.
pub fn lessons() -> PathBuf {
    checkout().join("notebooks")
}
