//! Compiled cells on disk, under a hash of all that made them, for every kernel of the machine.
//!
//! An entry is one file: a line of JSON, then the library. It gets its name when it is whole and
//! is never changed after that, so no lock is needed; what does not look right is no entry.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::compile::Types;
use super::state::Gone;
use crate::engine::CellFolders;

/// Raised when entries or generated code change their meaning.
const FORMAT: &str = "akari cell 1";

/// An entry that was used less than this ago counts as used now: one write a day is enough.
const FRESH: Duration = Duration::from_secs(24 * 3600);

/// Room is made at most this often.
const BETWEEN_PRUNES: Duration = Duration::from_secs(3600);
const PRUNED: &str = ".pruned";

/// The folders of compiled cells.
#[derive(Debug)]
pub struct Cache {
    /// In the order in which they are asked.
    layers: Vec<Layer>,
    /// Where new entries go.
    own: Option<PathBuf>,
    limit: u64,
}

#[derive(Debug)]
struct Layer {
    folder: PathBuf,
    /// Whose files are trusted.
    owners: Vec<u32>,
}

/// Names an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

/// What a compiled cell is, beside its library.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub types: Types,
    pub unkept: BTreeMap<String, Gone>,
    /// Whether its code may have state of its own that outlives a run.
    pub has_statics: bool,
}

#[derive(Serialize, Deserialize)]
struct Head {
    sha256: String,
    facts: Facts,
}

impl Key {
    /// The key of what `identity` (compiler, prelude, flags) makes of `source`.
    pub fn new(identity: &str, source: &str) -> Key {
        let mut hash = Sha256::new();
        for part in [FORMAT, identity, source] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        Key(hex(&hash.finalize()))
    }

    fn path(&self, folder: &Path) -> PathBuf {
        let (first, rest) = self.0.split_at(2);
        folder.join(first).join(rest)
    }
}

impl Cache {
    pub fn new(folders: &CellFolders) -> Cache {
        // The process's own folder belongs to the user that it acts as.
        let user = fs::metadata("/proc/self").map(|it| it.uid()).ok();
        let layer = |folder: &PathBuf, is_shared: bool| {
            // Who may write a shared folder may write what is in it: its owner is trusted.
            let owner = fs::metadata(folder).ok().filter(|_| is_shared).map(|it| it.uid());
            Layer {
                folder: folder.clone(),
                owners: user.into_iter().chain([0]).chain(owner).collect(),
            }
        };
        let own = folders.own.iter().map(|it| layer(it, false));
        let shared = folders.shared.iter().map(|it| layer(it, true));
        Cache {
            layers: own.chain(shared).collect(),
            own: folders.own.clone(),
            limit: folders.limit,
        }
    }

    /// The facts and the library of an entry.
    pub fn find(&self, key: &Key) -> Option<(Facts, Vec<u8>)> {
        self.layers.iter().find_map(|layer| read(&key.path(&layer.folder), &layer.owners))
    }

    /// Keeps a compiled cell. It is no error if that can't be done: the next one compiles again.
    pub fn keep(&self, key: &Key, facts: &Facts, library: &[u8]) {
        let Some(folder) = &self.own else { return };
        if let Err(error) = write(&key.path(folder), facts, library) {
            tracing::debug!("a compiled cell could not be kept: {error}");
        }
    }

    /// Removes what was not used for longest, if there is more than the limit.
    pub fn prune(&self) {
        let Some(folder) = &self.own else { return };
        let mark = folder.join(PRUNED);
        let is_recent = |it: SystemTime| it.elapsed().is_ok_and(|age| age < BETWEEN_PRUNES);
        if fs::metadata(&mark).and_then(|it| it.modified()).is_ok_and(is_recent) {
            return;
        }
        if File::create(&mark).is_err() {
            return;
        }
        let mut entries = entries(folder);
        let mut total: u64 = entries.iter().map(|entry| entry.size).sum();
        if total <= self.limit {
            return;
        }
        entries.sort_by_key(|entry| entry.used);
        for entry in entries {
            // Some room to spare, so that the next cell doesn't bring it back here.
            if total <= self.limit / 10 * 9 {
                break;
            }
            if fs::remove_file(&entry.path).is_ok() {
                total = total.saturating_sub(entry.size);
            }
        }
    }
}

fn read(path: &Path, owners: &[u32]) -> Option<(Facts, Vec<u8>)> {
    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let is_others = !owners.contains(&metadata.uid()) || metadata.mode() & 0o022 != 0;
    if !metadata.is_file() || is_others {
        tracing::warn!("`{}` is not trusted: others may write it", path.display());
        return None;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
    let library = bytes.split_off(end + 1);
    if head.sha256 != hex(&Sha256::digest(&library)) {
        tracing::warn!("`{}` is damaged", path.display());
        return None;
    }
    let is_fresh = |it: SystemTime| it.elapsed().is_ok_and(|age| age < FRESH);
    if !metadata.modified().is_ok_and(is_fresh) {
        // Not ours in a shared folder; then its owner keeps house.
        let _ = file.set_modified(SystemTime::now());
    }
    Some((head.facts, library))
}

fn write(path: &Path, facts: &Facts, library: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    // Others may read it, where it is the shared folder of a class.
    DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    let readable = Permissions::from_mode(0o644);
    let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(folder)?;
    let head = Head { sha256: hex(&Sha256::digest(library)), facts: facts.clone() };
    serde_json::to_writer(&mut file, &head)?;
    file.write_all(b"\n")?;
    file.write_all(library)?;
    file.persist(path)?;
    Ok(())
}

struct Used {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

/// The entries in a folder and below it.
fn entries(folder: &Path) -> Vec<Used> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if let Ok(used) = metadata.modified() {
                found.push(Used { path: entry.path(), size: metadata.len(), used });
            }
        }
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn cache(own: &Path, shared: Option<&Path>, limit: u64) -> Cache {
        Cache::new(&CellFolders {
            own: Some(own.to_owned()),
            shared: shared.map(Path::to_owned),
            limit,
        })
    }

    fn facts() -> Facts {
        Facts {
            types: Types::from([(7, "f32".to_owned())]),
            unkept: BTreeMap::from([("灯".to_owned(), Gone::Moved { cell: 3 })]),
            has_statics: true,
        }
    }

    #[test]
    fn kept_cell_is_found_by_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), None, 1 << 20);
        let key = Key::new("rustc -O", "let x = 1;");
        assert_eq!(cache.find(&key), None);
        cache.keep(&key, &facts(), b"\x7fELF\n\n");
        assert_eq!(cache.find(&key), Some((facts(), b"\x7fELF\n\n".to_vec())));
        assert_eq!(cache.find(&Key::new("rustc", "-Olet x = 1;")), None);
        assert_eq!(cache.find(&Key::new("rustc -O", "let x = 2;")), None);
    }

    #[test]
    fn shared_folder_is_read_and_never_written() {
        let [own, shared] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let key = Key::new("", "1");
        cache(shared.path(), None, 1 << 20).keep(&key, &facts(), b"x");
        let both = cache(own.path(), Some(shared.path()), 1 << 20);
        assert!(both.find(&key).is_some());
        both.keep(&Key::new("", "2"), &facts(), b"x");
        assert_eq!(entries(shared.path()).len(), 1);
        assert_eq!(entries(own.path()).len(), 1);
    }

    #[test]
    fn damaged_cut_and_foreign_entries_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), None, 1 << 20);
        let key = Key::new("", "1");
        cache.keep(&key, &facts(), b"library");
        let path = key.path(folder.path());
        let whole = fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() - 1], &whole[..5], b"", b"\n", b"{}\nlibrary"] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(cache.find(&key), None);
        }
        fs::write(&path, &whole).unwrap();
        assert!(cache.find(&key).is_some());
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        assert_eq!(cache.find(&key), None);
        assert!(read(&path, &[]).is_none());
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(read(&path, &[fs::metadata(&path).unwrap().uid() + 1]).is_none());
        let link = Key::new("", "link");
        fs::create_dir_all(link.path(folder.path()).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&path, link.path(folder.path())).unwrap();
        assert_eq!(cache.find(&link), None);
    }

    #[test]
    fn room_is_made_by_what_was_not_used_for_longest() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), None, 5000);
        let keys: Vec<Key> = (0..8).map(|it| Key::new("", &it.to_string())).collect();
        for (age, key) in keys.iter().rev().enumerate() {
            cache.keep(key, &facts(), &[0; 1000]);
            let file = File::options().write(true).open(key.path(folder.path())).unwrap();
            file.set_modified(SystemTime::now() - FRESH * (age as u32 + 1)).unwrap();
        }
        assert!(cache.find(&keys[0]).is_some(), "using it makes it new");
        cache.prune();
        let left: Vec<bool> = keys.iter().map(|key| key.path(folder.path()).exists()).collect();
        assert_eq!(left.iter().filter(|it| **it).count(), 3, "{left:?}");
        assert!(left[0] && left[7] && !left[1], "{left:?}");
        cache.keep(&keys[1], &facts(), &[0; 9000]);
        cache.prune();
        assert!(cache.find(&keys[1]).is_some(), "room was made a moment ago");
    }
}
