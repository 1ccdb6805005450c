//! Where compiled cells and dependencies are kept, and how much room cells may take.

use std::path::{Path, PathBuf};

use super::prelude::{self, PreludeError};
use crate::engine::CellFolders;

/// Some ten thousand cells.
const LIMIT_MB: u64 = 512;

/// The folders of compiled cells.
pub fn folders() -> CellFolders {
    let megabytes = std::env::var("AKARI_CELLS_MB").ok().and_then(|it| it.trim().parse().ok());
    let limit = megabytes.unwrap_or(LIMIT_MB);
    let folder = |cache: PathBuf| cache.join("cells");
    CellFolders {
        own: prelude::home().ok().filter(|_| limit > 0).map(folder),
        shared: prelude::shared().map(folder).filter(|it| it.is_dir()),
        limit: limit << 20,
    }
}

/// The folder of what was built on top of a prelude.
pub fn dependencies(prelude: &Path) -> Result<PathBuf, PreludeError> {
    let name = prelude.file_name().unwrap_or_default();
    Ok(prelude::home()?.join("deps").join(name))
}
