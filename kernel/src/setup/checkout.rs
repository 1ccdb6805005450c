//! Where the sources are that Akari builds from: the prelude's, the analyser's, the lessons, the toolchain's pin.
//!
//! A program that lies in its checkout uses that; one that was installed elsewhere unpacks those that it carries
//! (`build/carried.rs`) into the cache, so that the checkout may be moved and deleted. The engine, which knows no
//! `setup`, gets the folder with its `EngineConfig`.

use std::fs::{self, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use tar::Archive;

use crate::home::write::{self, Readers};
use crate::home::{self, HomeError};

/// Empty in a program that carries nothing.
static CARRIED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/carried.tar.gz"));

/// A name of what is carried; equal archives have equal ones.
const NAME: &str = include_str!(concat!(env!("OUT_DIR"), "/carried.txt"));

/// The folder in a home that holds unpacked sources, by the hash of the archive.
const FOLDER: &str = "sources";

/// Nothing of the sources is secret, and a home may be opened to others later.
const READERS: Readers = Readers::Everybody;

/// The beginning of the names of folders that are not whole.
const UNFINISHED: &str = ".unfinished-";

/// The folder of the sources. Carried ones are there after [`prepare`].
pub fn checkout() -> PathBuf {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| carried_folder().unwrap_or_else(built_in)).clone()
}

/// The folder of the lessons, in languages.
pub fn lessons() -> PathBuf {
    checkout().join("notebooks")
}

/// Whether the sources are those that the program carries.
pub fn is_carried() -> bool {
    carried_folder().is_some()
}

/// How closely unpacked sources are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Whether they are there. They get their name when they are whole, so that a kernel can start at once.
    Presence,
    /// Whether each file has its size, which reads the whole archive.
    Files,
}

/// Unpacks the carried sources if they are needed and are not there as they were packed.
pub fn prepare(look: Look) -> Result<(), HomeError> {
    let Some(folder) = carried_folder() else { return Ok(()) };
    let is_there = match look {
        Look::Presence => folder.is_dir(),
        Look::Files => is_whole(CARRIED, &folder),
    };
    if is_there {
        return Ok(());
    }
    let home = home::make_home()?;
    let failed = |source| HomeError::write(&home, source);
    write::folder(&home.join(FOLDER), READERS).map_err(failed)?;
    unpack(CARRIED, &folder).map_err(failed)
}

/// The folder that this program was compiled in.
fn built_in() -> PathBuf {
    let kernel = Path::new(env!("CARGO_MANIFEST_DIR"));
    kernel.parent().unwrap_or(kernel).to_owned()
}

/// The folder for the carried sources, unless the program is one of a checkout that is there, or carries nothing: the shared
/// one where they are there, so that a learner needs no room for them, nor a home that can be written.
fn carried_folder() -> Option<PathBuf> {
    if CARRIED.is_empty() || lies_in(&std::env::current_exe().ok()?, &built_in()) {
        return None;
    }
    let place = Path::new(FOLDER).join(NAME);
    let shared = home::find_shared().ok().flatten().map(|it| it.join(&place));
    match shared.filter(|it| it.is_dir()) {
        Some(shared) => Some(shared),
        None => Some(home::home().ok()?.join(place)),
    }
}

/// Whether a program lies in a checkout that is there.
fn lies_in(program: &Path, checkout: &Path) -> bool {
    let (Ok(program), Ok(checkout)) = (program.canonicalize(), checkout.canonicalize()) else {
        return false;
    };
    program.starts_with(&checkout) && checkout.join("Cargo.lock").is_file()
}

/// Whether each file of the archive is in the folder, with its size.
fn is_whole(archive: &[u8], folder: &Path) -> bool {
    let look = || -> io::Result<bool> {
        for entry in Archive::new(GzDecoder::new(archive)).entries()? {
            let entry = entry?;
            let found = fs::symlink_metadata(folder.join(entry.path()?));
            if !found.is_ok_and(|found| found.is_file() && found.len() == entry.size()) {
                return Ok(false);
            }
        }
        Ok(true)
    };
    look().unwrap_or(false)
}

/// The carried notebooks, by their paths below the folder of the lessons.
pub fn carried_notebooks() -> Vec<(PathBuf, Vec<u8>)> {
    let read = || -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
        let mut found = Vec::new();
        if CARRIED.is_empty() {
            return Ok(found);
        }
        for entry in Archive::new(GzDecoder::new(CARRIED)).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let Ok(path) = path.strip_prefix("notebooks") else { continue };
            if path.extension().is_some_and(|it| it == "ipynb") {
                let mut text = Vec::new();
                entry.read_to_end(&mut text)?;
                found.push((path.to_owned(), text));
            }
        }
        Ok(found)
    };
    read().unwrap_or_default()
}

/// Unpacks the archive into the folder, which gets its name when it is whole.
fn unpack(archive: &[u8], folder: &Path) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    let unfinished = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in(parent)?;
    for entry in Archive::new(GzDecoder::new(archive)).entries()? {
        let mut entry = entry?;
        let path = unfinished.path().join(entry.path()?);
        write::folder(path.parent().unwrap_or(parent), READERS)?;
        let mut text = Vec::new();
        entry.read_to_end(&mut text)?;
        write::file(&path, &[&text], READERS)?;
    }
    if folder.symlink_metadata().is_ok() {
        let old = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(parent)?;
        fs::rename(folder, old.path().join("old"))?;
    }
    match fs::rename(unfinished.path(), folder) {
        // Another process was first.
        Err(_) if is_whole(archive, folder) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn carried_sources_are_unpacked_whole_and_mended() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("key");
        assert!(!is_whole(CARRIED, &folder));
        unpack(CARRIED, &folder).unwrap();
        for path in ["Cargo.lock", "src/lib.rs", "kernel/seam/src/lib.rs", "rust-toolchain.toml"] {
            let ours = fs::read(built_in().join(path)).unwrap();
            assert_eq!(fs::read(folder.join(path)).unwrap(), ours, "{path}");
        }
        assert!(is_whole(CARRIED, &folder));
        for harm in ["Cargo.toml", "src/lib.rs"] {
            fs::write(folder.join(harm), "").unwrap();
            assert!(!is_whole(CARRIED, &folder), "{harm}");
            unpack(CARRIED, &folder).unwrap();
            assert!(is_whole(CARRIED, &folder), "{harm}");
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn program_of_a_checkout_lies_in_it() {
        let place = tempfile::tempdir().unwrap();
        let (checkout, elsewhere) = (place.path().join("checkout"), place.path().join("bin"));
        fs::create_dir_all(&elsewhere).unwrap();
        let program = elsewhere.join("akari");
        fs::write(&program, "").unwrap();
        assert!(!lies_in(&program, &checkout));
        fs::create_dir_all(checkout.join("target")).unwrap();
        fs::write(checkout.join("Cargo.lock"), "").unwrap();
        fs::write(checkout.join("target/akari"), "").unwrap();
        assert!(lies_in(&checkout.join("target/akari"), &checkout));
        assert!(!lies_in(&program, &checkout));
        fs::remove_file(checkout.join("Cargo.lock")).unwrap();
        assert!(!lies_in(&checkout.join("target/akari"), &checkout));
    }
}
