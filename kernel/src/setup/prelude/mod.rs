//! The prelude's shared object: built once per toolchain and version of the prelude, then found.
//!
//! A built prelude is a folder with `libakari.so`, the metadata of every crate in it and a manifest
//! of them. The folder is named by a hash of all that made it and gets that name last, so a name
//! that is there means a build that was whole; the manifest tells whether it still is. How cargo is
//! run is in `build`, what cargo obeys in `cargo`.

pub mod build;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use self::build::build;
use super::toolchain::Toolchain;
use super::{OnProgress, Progress};
use crate::cargo::artifact::{self, Artifact};
use crate::cargo::environment::configuration;
use crate::home::manifest::{self, Damaged, Depth};
use crate::home::trust::TrustError;
use crate::home::write::{self, Readers};
use crate::home::{self, HomeError};

/// Raised when the same sources are built or kept in another way.
const FORMAT: &str = "akari prelude 2";

/// How often the sources may change under a build.
const ATTEMPTS: u32 = 2;

#[derive(Debug, thiserror::Error)]
pub enum PreludeError {
    #[error("the prelude's sources are not at `{}`; keep the checkout that `akari` was built in", path.display())]
    Sources { path: PathBuf },
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("cargo would obey a file that is not safe: {0}")]
    Configuration(#[from] TrustError),
    #[error("cargo was not found ({0}); install Rust from https://rustup.rs")]
    NoCargo(#[source] io::Error),
    #[error(
        "no linker (`cc`) was found, which Rust needs; install a C compiler (on Debian and Ubuntu: sudo apt install gcc)"
    )]
    Linker,
    #[error("the crates that the prelude needs could not be downloaded; connect to the internet and try again (cargo's messages are in `{}`)", log.display())]
    Network { log: PathBuf },
    #[error("the prelude could not be built; cargo's messages are in `{}` and end with\n{tail}", log.display())]
    Build { log: PathBuf, tail: String },
    #[error(
        "the prelude's sources or cargo's configuration changed while it was built; run `akari install` when they are at rest"
    )]
    Moved,
    #[error("{0}; run `akari install`, which builds it again")]
    Damaged(#[source] Damaged),
    #[error("{damaged}; it is the shared one, which its owner mends by `AKARI_HOME={} akari install --shared`", shared.display())]
    SharedDamaged { damaged: Damaged, shared: PathBuf },
}

/// The folder of a built prelude, if there is one: in the shared cache that is only read, or in the
/// user's own. One that is there and not as it was built is an error.
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
    match home::find_home()? {
        Some(home) => look(&home).map_err(PreludeError::Damaged),
        None => Ok(None),
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

/// The folder that this program was built in, which holds the prelude's sources and the lessons.
pub fn checkout() -> PathBuf {
    let kernel = Path::new(env!("CARGO_MANIFEST_DIR"));
    kernel.parent().unwrap_or(kernel).to_owned()
}

/// A name made of all that makes a build: sources and where they are, versions of dependencies,
/// toolchain, flags, and what of cargo's configuration can't be switched off.
fn key(checkout: &Path, toolchain: &Toolchain) -> Result<String, PreludeError> {
    let mut files = BTreeSet::new();
    collect(&checkout.join("src"), &mut files);
    collect(&checkout.join("kernel").join("seam"), &mut files);
    files.extend(["Cargo.toml", "Cargo.lock"].map(|it| checkout.join(it)));
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    };
    add(FORMAT.as_bytes());
    add(format!("{:?} {:?}", build::ARGUMENTS, build::FLAGS).as_bytes());
    add(toolchain.version.as_bytes());
    add(configuration(checkout)?.as_bytes());
    for file in files {
        let text = fs::read(&file).map_err(|_| PreludeError::Sources { path: file.clone() })?;
        add(file.strip_prefix(checkout).unwrap_or(&file).as_os_str().as_encoded_bytes());
        add(&text);
    }
    Ok(format!("{:x}", hash.finalize())[..16].to_owned())
}

fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path);
        }
    }
}

const UNFINISHED: &str = ".unfinished-";

/// Removes what a killed process left. Only the holder of the lock may do that.
fn remove_unfinished(preludes: &Path) {
    for entry in fs::read_dir(preludes).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Puts the libraries into the folder, which gets its name when it is whole. Returns what is in it.
fn keep(
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
    let manifest = manifest::write(unfinished.path(), &name, &toolchain.version, &build::FLAGS)?;
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

    fn toolchain() -> Toolchain {
        Toolchain {
            rustc: "rustc".into(),
            cargo: "cargo".into(),
            version: "rustc 1".to_owned(),
            std_folder: "std".into(),
        }
    }

    fn artifact(files: &[PathBuf]) -> Artifact {
        Artifact {
            package: "akari".into(),
            version: "1.0.0".into(),
            features: Vec::new(),
            is_optimised: true,
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
            keep(&[artifact(&files)], &folder, &toolchain()).unwrap();
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
        assert!(keep(&[artifact(&files)], &preludes.join("key"), &toolchain()).is_err());
        assert_eq!(fs::read_dir(&preludes).unwrap().count(), 0);
    }

    /// A built prelude lay under the name of another: names of files, flags and cargo's
    /// configuration were not in the hash.
    #[test]
    fn b7_name_has_all_that_makes_a_build() {
        let checkout = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = checkout.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let now = || key(checkout.path(), &toolchain()).unwrap();
        for path in ["Cargo.toml", "Cargo.lock", "src/a.rs", "kernel/seam/src/lib.rs"] {
            write(path, "text");
        }
        let first = now();
        fs::rename(checkout.path().join("src/a.rs"), checkout.path().join("src/b.rs")).unwrap();
        let renamed = now();
        write(".cargo/config.toml", "[profile.release]\nopt-level = 1");
        let configured = now();
        write("kernel/seam/src/lib.rs", "another text");
        let agreed = now();
        write("kernel/seam/src/lib.rs", "text");
        let names = [&first, &renamed, &configured, &agreed];
        assert_eq!(BTreeSet::from(names).len(), 4, "{names:?}");
        // Flags of the configuration never reach the build, so they don't name it either.
        write(".cargo/config.toml", "[build]\nrustflags = [\"-Ctarget-cpu=native\"]");
        assert_eq!(now(), renamed);
        let other = Toolchain { version: "rustc 2".to_owned(), ..toolchain() };
        assert_ne!(key(checkout.path(), &other).unwrap(), renamed);
    }
}
