//! What a built folder holds: the size and the hash of each file, and what it was made of.
//!
//! The manifest is written last. Sizes are looked at at every start, contents only where something
//! is amiss or somebody asks. What the files are for is the business of those who built them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::trust::{self, TrustError};
use super::write::{self, Readers};

/// The manifest's own file.
const FILE: &str = "manifest.json";

/// The index of names, which is made after the build, lies beside its files, and is in no manifest.
pub const INDEX: &str = "index.json";

/// A list of files, with what they were made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub key: String,
    pub toolchain: String,
    pub flags: Vec<String>,
    pub files: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub size: u64,
    pub sha256: String,
}

/// How closely a folder is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Owners, modes and sizes: a fraction of a millisecond.
    Sizes,
    /// Every byte: about a second.
    Contents,
}

/// A folder that is not as it was built.
#[derive(Debug, thiserror::Error)]
#[error("the prelude in `{}` is damaged ({damage})", folder.display())]
pub struct Damaged {
    pub folder: PathBuf,
    pub damage: Damage,
}

#[derive(Debug, thiserror::Error)]
pub enum Damage {
    #[error("{0}")]
    Untrusted(#[from] TrustError),
    #[error("its {FILE} can't be understood")]
    Manifest,
    #[error("`{file}` has {found} bytes instead of {expected}")]
    Size { file: String, found: u64, expected: u64 },
    #[error("`{file}` has other contents than it was built with")]
    Contents { file: String },
}

/// Makes the manifest of the files in a folder, and writes it there.
pub fn write(folder: &Path, key: &str, toolchain: &str, flags: &[&str]) -> io::Result<Manifest> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let sha256 = hash(File::open(entry.path())?)?;
        let size = entry.metadata()?.len();
        files.insert(entry.file_name().to_string_lossy().into_owned(), Entry { size, sha256 });
    }
    let flags = flags.iter().map(ToString::to_string).collect();
    let manifest = Manifest { key: key.to_owned(), toolchain: toolchain.to_owned(), flags, files };
    write::file(&folder.join(FILE), &[&serde_json::to_vec(&manifest)?], Readers::Everybody)?;
    Ok(manifest)
}

/// The manifest of a folder.
pub fn read(folder: &Path) -> Result<Manifest, Damage> {
    let text = trust::read(&folder.join(FILE))?;
    serde_json::from_slice(&text).map_err(|_| Damage::Manifest)
}

/// Whether a folder is as it was built; returns its path without links.
pub fn check(folder: &Path, depth: Depth) -> Result<PathBuf, Damaged> {
    let damaged = |damage| Damaged { folder: folder.to_owned(), damage };
    let path = trust::folder(folder).map_err(|error| damaged(error.into()))?;
    look(&path, depth).map_err(damaged)?;
    Ok(path)
}

fn look(folder: &Path, depth: Depth) -> Result<(), Damage> {
    let manifest = read(folder)?;
    if folder.file_name().is_none_or(|name| name.to_string_lossy() != manifest.key) {
        return Err(Damage::Manifest);
    }
    for (name, entry) in &manifest.files {
        let path = folder.join(name);
        let metadata = path.symlink_metadata().map_err(|source| TrustError::open(&path, source))?;
        trust::check_file(&path, &metadata)?;
        let (found, expected) = (metadata.len(), entry.size);
        if found != expected {
            return Err(Damage::Size { file: name.clone(), found, expected });
        }
    }
    if depth == Depth::Contents {
        for (name, entry) in &manifest.files {
            let path = folder.join(name);
            let found = hash(trust::open(&path)?).map_err(|it| TrustError::open(&path, it))?;
            if found != entry.sha256 {
                return Err(Damage::Contents { file: name.clone() });
            }
        }
    }
    Ok(())
}

fn hash(mut file: File) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut file, &mut hash)?;
    Ok(format!("{:x}", hash.finalize()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn built(place: &Path) -> PathBuf {
        let folder = place.join("key");
        fs::create_dir(&folder).unwrap();
        for name in ["liba.so", "libb.rlib"] {
            fs::write(folder.join(name), name).unwrap();
        }
        write(&folder, "key", "rustc 1", &["-C", "opt"]).unwrap();
        folder
    }

    #[test]
    fn whole_folder_is_content() {
        let place = tempfile::tempdir().unwrap();
        let folder = built(place.path());
        assert!(check(&folder, Depth::Sizes).is_ok() && check(&folder, Depth::Contents).is_ok());
        assert_eq!(read(&folder).unwrap().files.len(), 2);
    }

    #[test]
    fn every_kind_of_damage_is_named() {
        type Harm = fn(&Path);
        let rows: [(Harm, Depth, &str); 6] = [
            (
                |it| fs::write(it.join("liba.so"), "li").unwrap(),
                Depth::Sizes,
                "2 bytes instead of 7",
            ),
            (|it| fs::remove_file(it.join("libb.rlib")).unwrap(), Depth::Sizes, "can't be opened"),
            (
                |it| fs::write(it.join("liba.so"), "libx.so").unwrap(),
                Depth::Contents,
                "other contents",
            ),
            (|it| fs::write(it.join(FILE), "{}").unwrap(), Depth::Sizes, "can't be understood"),
            (|it| fs::remove_file(it.join(FILE)).unwrap(), Depth::Sizes, "can't be opened"),
            (
                |it| {
                    let all = fs::Permissions::from_mode(0o777);
                    fs::set_permissions(it.join("liba.so"), all).unwrap();
                },
                Depth::Sizes,
                "others can write",
            ),
        ];
        for (harm, depth, words) in rows {
            let place = tempfile::tempdir().unwrap();
            let folder = built(place.path());
            harm(&folder);
            let error = check(&folder, depth).unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
    }

    #[test]
    fn folder_under_another_name_is_not_what_was_built() {
        let place = tempfile::tempdir().unwrap();
        let other = place.path().join("other");
        fs::rename(built(place.path()), &other).unwrap();
        assert!(check(&other, Depth::Sizes).is_err());
    }
}
