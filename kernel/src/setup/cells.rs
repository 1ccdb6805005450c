//! Where compiled cells are kept, and how much room they may take.

use std::path::PathBuf;

use super::prelude;
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
