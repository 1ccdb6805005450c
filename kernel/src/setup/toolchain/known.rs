//! The toolchain that was found the last time, while nothing has changed that led to it.
//!
//! Asking rustup and rustc takes a tenth of a second, in which a kernel could be ready. The record
//! names programs that will be run, so only one that nobody else could have written is believed;
//! the programs themselves are those that the user's own PATH leads to.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Toolchain;
use crate::home::write::{self, Readers};
use crate::home::{self, trust};
use crate::setup::checkout::checkout;

/// The file in the cache.
const FILE: &str = "toolchain.json";

/// Variables that may lead to another toolchain.
const VARIABLES: &[&str] =
    &["RUSTC", "RUSTUP_TOOLCHAIN", "RUSTUP_HOME", "CARGO_HOME", "HOME", "PATH"];

/// All that the answer depends on.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Circumstances {
    variables: Vec<Option<String>>,
    files: Vec<Option<Stamp>>,
}

/// A file as it was: name, size, time of its last change.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp(PathBuf, u64, i64, i64);

#[derive(Debug, Serialize, Deserialize)]
struct Known {
    circumstances: Circumstances,
    toolchain: Toolchain,
    /// The compiler and the standard library that it was found with.
    files: Vec<Option<Stamp>>,
}

/// The toolchain of the last time, if it would be found again.
pub fn recall() -> Option<Toolchain> {
    let known: Known = serde_json::from_slice(&trust::read(&file()?).ok()?).ok()?;
    let is_same =
        known.circumstances == Circumstances::now() && known.files == stamps(&known.toolchain);
    is_same.then_some(known.toolchain)
}

/// Keeps it for the next time; where the cache can't be written, that one asks again.
pub fn remember(toolchain: &Toolchain) {
    let known = Known {
        circumstances: Circumstances::now(),
        files: stamps(toolchain),
        toolchain: toolchain.clone(),
    };
    let write = || -> Option<()> {
        let text = serde_json::to_vec(&known).ok()?;
        write::file(&home::make_home().ok()?.join(FILE), &[&text], Readers::User).ok()
    };
    write();
}

fn file() -> Option<PathBuf> {
    Some(home::home().ok()?.join(FILE))
}

fn stamps(toolchain: &Toolchain) -> Vec<Option<Stamp>> {
    [&toolchain.rustc, &toolchain.cargo, &toolchain.std_folder].map(|it| Stamp::of(it)).into()
}

impl Circumstances {
    fn now() -> Circumstances {
        let rustup = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
        let rustup = rustup
            .or_else(|| Some(directories::BaseDirs::new()?.home_dir().join(".rustup")))
            .unwrap_or_default();
        // Where rustup keeps its default and the overrides of folders.
        let files = [
            which::which("rustc").unwrap_or_default(),
            checkout().join("rust-toolchain.toml"),
            rustup.join("settings.toml"),
        ];
        Circumstances {
            variables: VARIABLES.iter().map(|it| std::env::var(it).ok()).collect(),
            files: files.iter().map(|it| Stamp::of(it)).collect(),
        }
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Stamp> {
        let metadata = fs::metadata(path).ok()?;
        Some(Stamp(path.to_owned(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn changed_file_has_another_stamp() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let before = Stamp::of(file.path());
        assert_eq!(before, Stamp::of(file.path()));
        fs::write(file.path(), "longer").unwrap();
        assert_ne!(before, Stamp::of(file.path()));
        assert_eq!(Stamp::of(Path::new("/nowhere/at/all")), None);
    }
}
