//! The prelude's shared object: built once per toolchain and version of the prelude, then found.
//!
//! A built prelude is a folder with `libakari.so`, the metadata of every crate in it and a manifest
//! of them. The folder is named by a hash of all that made it (`key`) and gets that name last
//! (`keep`), so a name that is there means a build that was whole; the manifest tells whether it
//! still is. How cargo is run is in `build`, what cargo obeys in `cargo::environment`.

mod build;
mod error;
mod keep;
mod key;
mod pack;
mod prebuilt;

use std::fs;
use std::path::{Path, PathBuf};

use self::build::build;
use self::keep::{keep, note_use, remove_unfinished, remove_unused};
use self::key::key;
use self::prebuilt::Prebuilt;
use super::checkout::checkout;
use super::toolchain::Toolchain;
use super::{OnProgress, Progress};
use crate::home::manifest::{self, Depth};
use crate::home::write::{self, Readers};
use crate::home::{self, HomeError};

pub use self::error::PreludeError;
pub use self::key::name_of_build;
pub use self::pack::pack;
pub use self::prebuilt::Unfit;

/// How often the sources may change under a build.
const ATTEMPTS: u32 = 2;

/// The folder of a built prelude, if there is one: in the shared cache that is only read, in the user's own, or beside
/// the program. One in a cache that is there and not as it was built is an error. The user's own comes before the one
/// beside the program, so that a build takes the place of one that turned out to be damaged.
pub fn find(toolchain: &Toolchain, depth: Depth) -> Result<Option<PathBuf>, PreludeError> {
    let name = key(&checkout(), toolchain)?;
    let look = |cache: &Path| match cache.join("prelude").join(&name) {
        folder if folder.symlink_metadata().is_ok() => manifest::check(&folder, depth).map(Some),
        _ => Ok(None),
    };
    if let Some(shared) = home::find_shared()? {
        let found = look(&shared);
        let found = found.map_err(|damaged| PreludeError::SharedDamaged { damaged, shared })?;
        if found.is_some() {
            return Ok(found);
        }
    }
    if let Some(home) = home::find_home()? {
        let found = look(&home).map_err(PreludeError::Damaged)?;
        if let Some(folder) = found {
            note_use(&folder);
            return Ok(Some(folder));
        }
    }
    Ok(match beside_program(&name, toolchain, depth) {
        Prebuilt::Whole(folder) => Some(folder),
        Prebuilt::Missing => None,
        Prebuilt::Unfit(why) => {
            tracing::warn!("{why}");
            None
        }
    })
}

/// Why the prelude that came with the program can't be used, if one came.
pub fn unfit(toolchain: &Toolchain, depth: Depth) -> Result<Option<Unfit>, PreludeError> {
    Ok(match beside_program(&key(&checkout(), toolchain)?, toolchain, depth) {
        Prebuilt::Unfit(why) => Some(why),
        Prebuilt::Missing | Prebuilt::Whole(_) => None,
    })
}

fn beside_program(name: &str, toolchain: &Toolchain, depth: Depth) -> Prebuilt {
    match home::beside_program() {
        Some(place) => prebuilt::look(&place, name, toolchain, depth),
        None => Prebuilt::Missing,
    }
}

/// The folder of a built prelude; builds it if it isn't there.
pub fn find_or_build(
    toolchain: &Toolchain,
    on_progress: &mut OnProgress<'_>,
) -> Result<PathBuf, PreludeError> {
    match find(toolchain, Depth::Sizes)? {
        Some(folder) => Ok(folder),
        None => build_once(toolchain, Depth::Sizes, on_progress),
    }
}

/// The same, but one of the user's own that is damaged is built again.
pub fn find_or_mend(
    toolchain: &Toolchain,
    depth: Depth,
    on_progress: &mut OnProgress<'_>,
) -> Result<PathBuf, PreludeError> {
    match find(toolchain, depth) {
        Ok(Some(folder)) => Ok(folder),
        Ok(None) | Err(PreludeError::Damaged(_)) => build_once(toolchain, depth, on_progress),
        Err(error) => Err(error),
    }
}

/// Builds the prelude into the home, unless another process does so at this moment.
fn build_once(
    toolchain: &Toolchain,
    depth: Depth,
    on_progress: &mut OnProgress<'_>,
) -> Result<PathBuf, PreludeError> {
    let home = home::make_home()?;
    let preludes = home.join("prelude");
    let failed = |source| HomeError::write(&home, source);
    write::folder(&preludes, Readers::Everybody).map_err(failed)?;
    write::folder(&home.join(build::FOLDER), Readers::User).map_err(failed)?;
    let waiting = Progress::doing("waiting for another `akari`, which builds the same");
    let _lock =
        home::lock(&home.join("build.lock"), &mut || on_progress(&waiting)).map_err(failed)?;
    // Another process may have built it while this one waited.
    match find(toolchain, depth) {
        Ok(Some(folder)) => return Ok(folder),
        Ok(None) | Err(PreludeError::Damaged(_)) => {}
        Err(error) => return Err(error),
    }
    for _ in 0..ATTEMPTS {
        let name = key(&checkout(), toolchain)?;
        let folder = preludes.join(&name);
        let before = manifest::read(&folder).ok();
        let artifacts = build(&checkout(), &home, toolchain, on_progress)?;
        if key(&checkout(), toolchain)? != name {
            continue;
        }
        remove_unfinished(&preludes);
        let failed = |source| HomeError::write(&folder, source);
        let after = keep(&artifacts, &folder, toolchain).map_err(failed)?;
        let removed = remove_unused(&preludes, &folder, &home.join("deps"));
        if removed > 0 {
            on_progress(&Progress::doing(format!("removed {removed} old builds of the prelude")));
        }
        if before.is_none_or(|before| before.files == after) {
            return Ok(folder);
        }
        // What cargo keeps is not what it once built: it is damaged as well.
        let _ = fs::remove_dir_all(home.join(build::FOLDER));
        let artifacts = build(&checkout(), &home, toolchain, on_progress)?;
        keep(&artifacts, &folder, toolchain).map_err(failed)?;
        return Ok(folder);
    }
    Err(PreludeError::Moved)
}
