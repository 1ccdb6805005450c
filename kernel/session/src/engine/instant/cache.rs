//! Compiled cells on disk, each under a hash of everything that it was made from, for every kernel
//! of the machine.
//!
//! An entry is one file: a line of JSON that holds its whole key and a hash of the rest, a line of
//! facts, then the library. An entry gets its name when it is whole, and is never changed
//! afterwards, so no lock is needed. A file that does not look right, or that others could have
//! written, counts as no entry.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::compile::Types;
use super::state::Absence;
use crate::engine::CellFolders;
use crate::home::trust;
use crate::home::write::{self, Readers};

/// Raised when entries or generated code change their meaning.
const FORMAT: &str = "akari cell 4";

/// An entry that was used less than this ago counts as used now: one write a day is enough.
const FRESH: Duration = Duration::from_secs(24 * 3600);

/// How often, at most, old entries are removed.
const BETWEEN_PRUNES: Duration = Duration::from_secs(3600);
const PRUNED: &str = ".pruned";

/// The folders of compiled cells.
#[derive(Debug)]
pub struct Cache {
    /// The folders in which an entry is looked for, in this order.
    layers: Vec<PathBuf>,
    /// The folder of new entries.
    own: Option<PathBuf>,
    limit: u64,
    readers: Readers,
}

/// Names an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

/// What is known about a compiled cell besides its library.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub types: Types,
    pub unkept: BTreeMap<String, Absence>,
    /// The expressions that are kept in place of variables whose types have no names.
    pub casts: BTreeMap<String, String>,
    /// Whether its code may have state of its own that outlives a run.
    pub has_statics: bool,
}

/// The first line of an entry.
#[derive(Serialize, Deserialize)]
struct Head {
    /// The entry's own key: an entry that was copied to another name counts as none.
    key: String,
    /// The hash of everything that follows.
    sha256: String,
}

impl Key {
    /// The key of what `identity` (compiler, prelude, flags) makes of `source`.
    pub fn new(identity: &str, source: &str) -> Key {
        let mut hash = Sha256::new();
        for part in [FORMAT, identity, source] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        Key(format!("{:x}", hash.finalize()))
    }

    fn path(&self, folder: &Path) -> PathBuf {
        let (first, rest) = self.0.split_at(2);
        folder.join(first).join(rest)
    }
}

impl Cache {
    pub fn new(folders: &CellFolders) -> Cache {
        let CellFolders { own, shared, limit, readers } = folders.clone();
        if let Some(own) = own.as_ref().filter(|it| it.is_dir()) {
            // Cells may contain secrets: a folder that an older version left open to others is
            // closed.
            let _ = write::folder(own, readers);
        }
        Cache { layers: own.iter().cloned().chain(shared).collect(), own, limit, readers }
    }

    /// The facts and the library of an entry.
    pub fn find(&self, key: &Key) -> Option<(Facts, Vec<u8>)> {
        self.layers.iter().find_map(|folder| read(key, folder))
    }

    /// Keeps a compiled cell. If that fails, the next kernel compiles the cell again.
    pub fn keep(&self, key: &Key, facts: &Facts, library: &[u8]) {
        let Some(folder) = &self.own else { return };
        if let Err(error) = keep(key, folder, facts, library, self.readers) {
            tracing::debug!("a compiled cell could not be kept: {error}");
        }
    }

    /// Removes the entries that were not used for longest, if there is more than the limit.
    pub fn prune(&self) {
        let Some(folder) = &self.own else { return };
        let mark = folder.join(PRUNED);
        let is_recent = |time: SystemTime| time.elapsed().is_ok_and(|age| age < BETWEEN_PRUNES);
        if mark.symlink_metadata().and_then(|metadata| metadata.modified()).is_ok_and(is_recent) {
            return;
        }
        if write::file(&mark, &[], self.readers).is_err() {
            return;
        }
        let mut entries = entries(folder);
        let mut total: u64 = entries.iter().map(|entry| entry.size).sum();
        if total <= self.limit {
            return;
        }
        entries.sort_by_key(|entry| entry.used);
        for entry in entries {
            // Some room is left, so that not every new cell leads back here.
            if total <= self.limit / 10 * 9 {
                break;
            }
            if fs::remove_file(&entry.path).is_ok() {
                total = total.saturating_sub(entry.size);
            }
        }
    }
}

fn read(key: &Key, folder: &Path) -> Option<(Facts, Vec<u8>)> {
    let path = key.path(folder);
    let mut file = match trust::open(&path) {
        Ok(file) => file,
        Err(error) if error.is_absence() => return None,
        Err(error) => {
            tracing::warn!("a compiled cell is not used: {error}");
            return None;
        }
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let Some(found) = understand(key, bytes) else {
        tracing::warn!("`{}` is damaged, or another's", path.display());
        return None;
    };
    touch(&file);
    Some(found)
}

/// The facts and the library in an entry's file, if the entry is whole and has this key.
fn understand(key: &Key, mut bytes: Vec<u8>) -> Option<(Facts, Vec<u8>)> {
    let end_of_line = |bytes: &[u8]| bytes.iter().position(|byte| *byte == b'\n');
    let rest = end_of_line(&bytes)? + 1;
    let head: Head = serde_json::from_slice(&bytes[..rest]).ok()?;
    if head.key != key.0 || head.sha256 != format!("{:x}", Sha256::digest(&bytes[rest..])) {
        return None;
    }
    let library = rest + end_of_line(&bytes[rest..])? + 1;
    let facts = serde_json::from_slice(&bytes[rest..library]).ok()?;
    Some((facts, bytes.split_off(library)))
}

/// Notes the use of an entry. In a folder of another user the system refuses that, and the owner
/// alone decides what to remove.
fn touch(file: &File) {
    let is_fresh = |time: SystemTime| time.elapsed().is_ok_and(|age| age < FRESH);
    if !file.metadata().and_then(|metadata| metadata.modified()).is_ok_and(is_fresh) {
        let _ = file.set_modified(SystemTime::now());
    }
}

fn keep(
    key: &Key,
    folder: &Path,
    facts: &Facts,
    library: &[u8],
    readers: Readers,
) -> io::Result<()> {
    let path = key.path(folder);
    write::folder(folder, readers)?;
    write::folder(path.parent().unwrap_or(folder), readers)?;
    let mut facts = serde_json::to_vec(facts)?;
    facts.push(b'\n');
    let sha256 =
        format!("{:x}", Sha256::new().chain_update(&facts).chain_update(library).finalize());
    let mut head = serde_json::to_vec(&Head { key: key.0.clone(), sha256 })?;
    head.push(b'\n');
    write::file(&path, &[&head, &facts, library], readers)
}

struct EntryFile {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

/// The entries in a folder and below it.
fn entries(folder: &Path) -> Vec<EntryFile> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if let Ok(used) = metadata.modified() {
                found.push(EntryFile { path: entry.path(), size: metadata.len(), used });
            }
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::engine::CellId;

    fn cache(own: &Path, shared: Option<&Path>, limit: u64) -> Cache {
        Cache::new(&CellFolders {
            own: Some(own.to_owned()),
            shared: shared.map(Path::to_owned),
            limit,
            readers: Readers::User,
        })
    }

    fn facts() -> Facts {
        Facts {
            types: Types::from([(7, "f32".to_owned())]),
            unkept: BTreeMap::from([(
                "灯".to_owned(),
                Absence::Moved { cell: CellId::Counted(3) },
            )]),
            casts: BTreeMap::from([("f".to_owned(), "f as fn()".to_owned())]),
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
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(cache.find(&key).is_some());
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

    /// An entry that was copied to another's name was loaded, and changed facts were believed.
    #[test]
    fn f20_b14_entry_is_bound_to_its_key_and_its_facts() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), None, 1 << 20);
        let [one, two] = ["1", "2"].map(|it| Key::new("", it));
        cache.keep(&one, &facts(), b"one");
        cache.keep(&two, &facts(), b"two");
        let [first, second] = [&one, &two].map(|it| it.path(folder.path()));
        let bytes = fs::read(&first).unwrap();
        fs::write(&second, &bytes).unwrap();
        assert_eq!(cache.find(&two), None);
        assert!(cache.find(&one).is_some());
        let at = bytes.windows(3).position(|it| it == b"f32").unwrap();
        let mut changed = bytes.clone();
        changed[at..at + 3].copy_from_slice(b"u64");
        fs::write(&first, changed).unwrap();
        assert_eq!(cache.find(&one), None);
    }

    #[test]
    fn cells_are_private_unless_they_are_meant_for_all() {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("cells");
        fs::create_dir(&own).unwrap();
        fs::set_permissions(&own, Permissions::from_mode(0o755)).unwrap();
        let key = Key::new("", "1");
        for (readers, of_file, of_folder) in
            [(Readers::User, 0o600, 0o700), (Readers::Everybody, 0o644, 0o755)]
        {
            let folders = CellFolders { own: Some(own.clone()), shared: None, limit: 1, readers };
            Cache::new(&folders).keep(&key, &facts(), b"x");
            let path = key.path(&own);
            assert_eq!(mode(&path), of_file);
            assert_eq!([mode(path.parent().unwrap()), mode(&own)], [of_folder; 2]);
        }
    }
}
