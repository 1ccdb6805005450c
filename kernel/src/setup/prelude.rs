//! The prelude's shared object: built once per toolchain and version of the prelude, then found.
//!
//! A built prelude is a folder with `libakari.so` and the metadata of every crate in it. The
//! folder gets its name last, so a name that is there means a build that is whole. How cargo is
//! run is in `build`.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::artifact::{self, Artifact};
use super::build::build;
use super::toolchain::Toolchain;
use super::{OnProgress, Progress};

#[derive(Debug, thiserror::Error)]
pub enum PreludeError {
    #[error("the prelude's sources are not at `{}`; keep the checkout that `akari` was built in", path.display())]
    Sources { path: PathBuf },
    #[error("could not write to the cache `{}`: {source}; set AKARI_HOME to a folder that can be written", path.display())]
    Cache { path: PathBuf, source: io::Error },
    #[error("the disk of the cache `{}` is full (a build needs about 1 GB); make room, or set AKARI_HOME to another disk", path.display())]
    Disk { path: PathBuf },
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
    #[error("there is no folder for caches on this system; set AKARI_HOME")]
    NoHome,
}

impl PreludeError {
    /// What went wrong with a file of the cache.
    pub fn cache(path: &Path, source: io::Error) -> PreludeError {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                PreludeError::Disk { path: path.to_owned() }
            }
            _ => PreludeError::Cache { path: path.to_owned(), source },
        }
    }
}

/// The folder of a built prelude, if there is one: in the cache, or in the shared one that is only read.
pub fn find(toolchain: &Toolchain) -> Result<Option<PathBuf>, PreludeError> {
    let key = key(&checkout(), toolchain)?;
    let caches = shared().into_iter().chain([home()?]);
    Ok(caches.map(|cache| cache.join("prelude").join(&key)).find(|it| is_whole(it)))
}

/// The folder of a built prelude; builds it if it isn't there.
pub fn find_or_build(
    toolchain: &Toolchain,
    on_progress: &mut OnProgress<'_>,
) -> Result<PathBuf, PreludeError> {
    if let Some(folder) = find(toolchain)? {
        return Ok(folder);
    }
    let home = home()?;
    let preludes = home.join("prelude");
    fs::create_dir_all(&preludes).map_err(|source| PreludeError::cache(&home, source))?;
    let _lock = lock(&home.join("build.lock"), on_progress)
        .map_err(|source| PreludeError::cache(&home, source))?;
    // Another process may have built it while this one waited.
    if let Some(folder) = find(toolchain)? {
        return Ok(folder);
    }
    let folder = preludes.join(key(&checkout(), toolchain)?);
    let artifacts = build(&checkout(), &home, toolchain, on_progress)?;
    remove_unfinished(&preludes);
    // One that an older version left, without all that is needed now.
    let _ = fs::remove_dir_all(&folder);
    keep(&artifacts, &folder).map_err(|source| PreludeError::cache(&folder, source))?;
    Ok(folder)
}

/// `AKARI_HOME`, or else the platform's cache folder.
pub fn home() -> Result<PathBuf, PreludeError> {
    if let Some(home) = std::env::var_os("AKARI_HOME").filter(|it| !it.is_empty()) {
        return std::path::absolute(home).map_err(|_| PreludeError::NoHome);
    }
    let folders = directories::ProjectDirs::from("", "", "akari").ok_or(PreludeError::NoHome)?;
    Ok(folders.cache_dir().to_owned())
}

/// `AKARI_SHARED`, another's cache that is only read.
pub fn shared() -> Option<PathBuf> {
    std::env::var_os("AKARI_SHARED").filter(|it| !it.is_empty()).map(PathBuf::from)
}

/// The folder that this program was built in, which holds the prelude's sources and the lessons.
pub fn checkout() -> PathBuf {
    let kernel = Path::new(env!("CARGO_MANIFEST_DIR"));
    kernel.parent().unwrap_or(kernel).to_owned()
}

/// Waits until no other process holds the lock. It ends with the process, however that ends.
pub fn lock(path: &Path, on_progress: &mut OnProgress<'_>) -> io::Result<File> {
    let file = File::create(path)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                on_progress(&Progress::doing("waiting for another `akari`, which builds the same"))
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
}

fn is_whole(folder: &Path) -> bool {
    folder.join("libakari.so").is_file() && artifact::has_list(folder)
}

/// A name made of all that makes a build: sources, versions of dependencies, toolchain.
fn key(checkout: &Path, toolchain: &Toolchain) -> Result<String, PreludeError> {
    let mut files = BTreeSet::new();
    collect(&checkout.join("src"), &mut files);
    files.extend(["Cargo.toml", "Cargo.lock"].map(|it| checkout.join(it)));
    let mut hash = Sha256::new();
    for file in files {
        let text = fs::read(&file).map_err(|_| PreludeError::Sources { path: file.clone() })?;
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hash.update(&toolchain.version);
    Ok(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
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

/// Puts the libraries into the folder, which gets its name when it is whole.
fn keep(artifacts: &[Artifact], folder: &Path) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    let unfinished = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777))
        .tempdir_in(parent)?;
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
            fs::hard_link(artifact, &target).or_else(|_| fs::copy(artifact, &target).map(drop))?;
        }
    }
    fs::rename(unfinished.keep(), folder)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn kept_build_is_whole_and_leaves_nothing_unfinished() {
        let cache = tempfile::tempdir().unwrap();
        let files =
            ["libakari.so", "libakari.rlib", "libcandle.rlib"].map(|it| cache.path().join(it));
        for file in &files {
            fs::write(file, "x").unwrap();
        }
        let artifact = Artifact {
            package: "akari".into(),
            version: "1.0.0".into(),
            features: Vec::new(),
            is_optimised: true,
            files: files.to_vec(),
        };
        let preludes = cache.path().join("prelude");
        fs::create_dir_all(preludes.join(".unfinished-old")).unwrap();
        remove_unfinished(&preludes);
        keep(&[artifact], &preludes.join("key")).unwrap();
        let names: Vec<_> =
            fs::read_dir(&preludes).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names, ["key"]);
        assert!(is_whole(&preludes.join("key")));
        assert!(!preludes.join("key").join("libakari.rlib").exists());
    }

    #[test]
    fn second_process_waits_for_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("build.lock");
        let mut first = Some(lock(&path, &mut |_| {}).unwrap());
        let mut waited = 0;
        let _second = lock(&path, &mut |_| {
            waited += 1;
            first = None;
        });
        assert_eq!(waited, 1);
    }
}
