//! Where compiled cells and dependencies are kept, and how much room cells may take.

use std::path::{Path, PathBuf};

use crate::engine::CellFolders;
use crate::home::write::Readers;
use crate::home::{self, HomeError};

/// Some ten thousand cells.
const LIMIT_MB: u64 = 512;

/// The folders of compiled cells. One that others could write is as good as none.
pub fn folders() -> CellFolders {
    let megabytes = std::env::var("AKARI_CELLS_MB").ok().and_then(|it| it.trim().parse().ok());
    let limit = megabytes.unwrap_or(LIMIT_MB);
    let folder = |cache: PathBuf| cache.join("cells");
    let own = home::make_home().ok().filter(|_| limit > 0);
    CellFolders {
        readers: own.as_deref().map_or(Readers::User, home::readers),
        own: own.map(folder),
        shared: home::find_shared().ok().flatten().map(folder).filter(|it| it.is_dir()),
        limit: limit << 20,
    }
}

/// The folder of what was built on top of a prelude.
pub fn dependencies(prelude: &Path) -> Result<PathBuf, HomeError> {
    let name = prelude.file_name().unwrap_or_default();
    Ok(home::home()?.join("deps").join(name))
}
