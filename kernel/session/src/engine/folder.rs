//! Temporary folders of an engine: private to the user, made again when a cell has removed them,
//! and swept up by a later kernel where their own was killed.
//!
//! A lock file in the folder tells whether its owner lives; the lock ends with the process,
//! however that ends.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use tempfile::TempDir;

use crate::home;

/// The file whose lock says that the owner of the folder lives.
const ALIVE: &str = ".alive";

/// The beginning of the folders' names.
const PREFIX: &str = "akari-";

/// A temporary folder; dropping it removes the folder.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    _alive: File,
}

impl Folder {
    /// Makes a folder whose name begins with `akari-` and the given word.
    pub fn make(word: &str) -> io::Result<Folder> {
        // A private one: cells may contain passwords, and libraries in the folder are loaded.
        let folder = home::temporary_folder(&format!("{PREFIX}{word}"))?;
        let alive = File::create(folder.path().join(ALIVE))?;
        alive.lock()?;
        Ok(Folder { folder, _alive: alive })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes the folder again if it is gone. Somebody else's folder in its place is an error.
    pub fn restore(&self) -> io::Result<()> {
        match std::fs::symlink_metadata(self.path()) {
            Ok(metadata) if metadata.is_dir() && is_ours(&metadata) => Ok(()),
            Ok(_) => Err(io::ErrorKind::PermissionDenied.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().mode(0o700).create(self.path())
            }
            Err(error) => Err(error),
        }
    }
}

/// Removes the folders that killed owners of this user have left.
pub fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry.path()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(folder: &Path) -> bool {
    let is_our_folder = std::fs::symlink_metadata(folder)
        .is_ok_and(|metadata| metadata.is_dir() && is_ours(&metadata));
    let alive = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(folder.join(ALIVE));
    is_our_folder && alive.is_ok_and(|file| file.try_lock().is_ok())
}

fn is_ours(metadata: &std::fs::Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn folder_is_private_and_comes_back() {
        let folder = Folder::make("test-").unwrap();
        let mode = || std::fs::metadata(folder.path()).unwrap().mode() & 0o777;
        assert_eq!(mode(), 0o700);
        std::fs::remove_dir_all(folder.path()).unwrap();
        folder.restore().unwrap();
        folder.restore().unwrap();
        assert_eq!(mode(), 0o700);
        std::fs::remove_dir_all(folder.path()).unwrap();
        std::os::unix::fs::symlink("/", folder.path()).unwrap();
        assert!(folder.restore().is_err());
        std::fs::remove_file(folder.path()).unwrap();
    }

    #[test]
    fn folder_is_abandoned_once_its_owner_is_gone() {
        let folder = Folder::make("test-").unwrap();
        assert!(!is_abandoned(folder.path()));
        let Folder { folder, _alive } = folder;
        drop(_alive);
        assert!(is_abandoned(folder.path()));
    }
}
