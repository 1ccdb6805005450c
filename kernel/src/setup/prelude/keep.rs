//! How what cargo built becomes a prelude: copied into a folder that gets its name when it is whole.
//!
//! Whether such a folder is still as it was built is told by its manifest (`home::manifest`).

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::build;
use crate::cargo::artifact::{self, Artifact};
use crate::home::manifest;
use crate::setup::toolchain::Toolchain;

/// The beginning of the names of folders that are not whole.
const UNFINISHED: &str = ".unfinished-";

/// Removes what a killed process left. Only the holder of the lock may do that.
pub fn remove_unfinished(preludes: &Path) {
    for entry in fs::read_dir(preludes).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// How many built preludes stay beside a new one, and for how long they stay anyway.
const KEPT: usize = 3;
const USED: Duration = Duration::from_secs(14 * 24 * 3600);

/// The file whose time tells when a prelude was used last.
const USE: &str = ".used";

/// Notes that the prelude is used.
pub fn note_use(folder: &Path) {
    // A shared folder of somebody else's stays as it is.
    let _ =
        fs::File::create(folder.join(USE)).and_then(|file| file.set_modified(SystemTime::now()));
}

/// Removes preludes that nobody has used for long, but for the latest few, and what was built on top of them. Returns how
/// many these were. Other checkouts and other toolchains have theirs in the same home.
pub fn remove_unused(preludes: &Path, built: &Path, dependencies: &Path) -> usize {
    let time = |folder: &Path| {
        let used = fs::metadata(folder.join(USE)).or_else(|_| fs::metadata(folder));
        used.and_then(|it| it.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let entries = fs::read_dir(preludes).into_iter().flatten().flatten().map(|it| it.path());
    let mut others = entries.filter(|it| it != built).map(|it| (time(&it), it)).collect::<Vec<_>>();
    others.sort();
    others.reverse();
    let is_old = |(time, _): &&(SystemTime, PathBuf)| {
        SystemTime::now().duration_since(*time).is_ok_and(|age| age > USED)
    };
    let old = others.iter().skip(KEPT).filter(is_old);
    let removed = old.filter(|(_, folder)| {
        let _ = fs::remove_dir_all(dependencies.join(folder.file_name().unwrap_or_default()));
        fs::remove_dir_all(folder).is_ok()
    });
    removed.count()
}

/// Puts the libraries into the folder, which gets its name when it is whole. Returns what is in it.
pub fn keep(
    artifacts: &[Artifact],
    folder: &Path,
    toolchain: &Toolchain,
) -> io::Result<BTreeMap<String, manifest::Entry>> {
    let parent = folder.parent().unwrap_or(folder);
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(parent)?;
    artifact::write_list(artifacts, unfinished.path())?;
    for artifact in artifacts.iter().flat_map(|it| &it.files) {
        let Some(name) = artifact.file_name() else {
            continue;
        };
        // The static form of the prelude itself would be a second copy of everything.
        if name == "libakari.rlib" {
            continue;
        }
        let target = unfinished.path().join(name);
        // The same file may be listed twice.
        if !target.exists() {
            // Not a link: linkers write over files in place, and cargo goes on using its own.
            fs::copy(artifact, &target)?;
            fs::set_permissions(&target, Permissions::from_mode(0o444))?;
        }
    }
    let manifest = manifest::write(unfinished.path(), &name, &toolchain.version, &build::flags())?;
    // Whoever reaches the cache may read it; the cache itself is private unless it is shared.
    fs::set_permissions(unfinished.path(), Permissions::from_mode(0o755))?;
    if folder.symlink_metadata().is_ok() {
        // Kernels that run keep what they have loaded.
        let old = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(parent)?;
        fs::rename(folder, old.path().join("old"))?;
    }
    fs::rename(unfinished.keep(), folder)?;
    Ok(manifest.files)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::home::manifest::Depth;

    fn artifact(files: &[PathBuf]) -> Artifact {
        Artifact {
            package: "akari".into(),
            version: "1.0.0".into(),
            features: Vec::new(),
            is_linked: true,
            files: files.to_vec(),
        }
    }

    #[test]
    fn kept_build_is_whole_and_leaves_nothing_unfinished() {
        let cache = tempfile::tempdir().unwrap();
        let files =
            ["libakari.so", "libakari.rlib", "libcandle.rlib"].map(|it| cache.path().join(it));
        for file in &files {
            fs::write(file, "x").unwrap();
        }
        let preludes = cache.path().join("prelude");
        fs::create_dir_all(preludes.join(".unfinished-old")).unwrap();
        remove_unfinished(&preludes);
        let folder = preludes.join("key");
        for _ in 0..2 {
            keep(&[artifact(&files)], &folder, &Toolchain::of_nobody()).unwrap();
            let names: Vec<_> =
                fs::read_dir(&preludes).unwrap().map(|it| it.unwrap().file_name()).collect();
            assert_eq!(names, ["key"]);
            assert!(manifest::check(&folder, Depth::Contents).is_ok());
            assert!(!folder.join("libakari.rlib").exists());
        }
        // A linker that writes over cargo's file in place leaves the prelude's alone.
        fs::write(&files[0], "y").unwrap();
        assert!(manifest::check(&folder, Depth::Contents).is_ok());
    }

    #[test]
    fn build_that_can_not_be_kept_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let there = cache.path().join("liba.rlib");
        fs::write(&there, "x").unwrap();
        let preludes = cache.path().join("prelude");
        fs::create_dir(&preludes).unwrap();
        let files = [there, cache.path().join("none.rlib")];
        assert!(keep(&[artifact(&files)], &preludes.join("key"), &Toolchain::of_nobody()).is_err());
        assert_eq!(fs::read_dir(&preludes).unwrap().count(), 0);
    }

    #[test]
    fn preludes_that_nobody_uses_are_removed_with_what_was_built_on_them() {
        let home = tempfile::tempdir().unwrap();
        let (preludes, deps) = (home.path().join("prelude"), home.path().join("deps"));
        let age = |name: &str, days: u64| {
            let time = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
            fs::File::open(preludes.join(name).join(USE)).unwrap().set_modified(time).unwrap();
        };
        for name in ["new", "a", "b", "c", "d", "e"] {
            fs::create_dir_all(preludes.join(name)).unwrap();
            fs::create_dir_all(deps.join(name)).unwrap();
            note_use(&preludes.join(name));
        }
        let remove = || remove_unused(&preludes, &preludes.join("new"), &deps);
        assert_eq!(remove(), 0);
        for (name, days) in [("new", 99), ("a", 40), ("b", 30), ("c", 20), ("d", 15), ("e", 1)] {
            age(name, days);
        }
        assert_eq!(remove(), 2);
        for folder in [&preludes, &deps] {
            let mut left: Vec<_> =
                fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name()).collect();
            left.sort();
            assert_eq!(left, ["c", "d", "e", "new"]);
        }
    }
}
