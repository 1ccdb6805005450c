//! Writing a file whole or not at all, for the user alone or for everybody to read.
//!
//! The mode is what is asked for, whatever the umask: a private file never opens, and a class can
//! read what is meant for it.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// Who may read what is written; nobody but the user may ever write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    User,
    Everybody,
}

impl Readers {
    fn of_file(self) -> Permissions {
        Permissions::from_mode(if self == Readers::User { 0o600 } else { 0o644 })
    }

    fn of_folder(self) -> Permissions {
        Permissions::from_mode(if self == Readers::User { 0o700 } else { 0o755 })
    }
}

/// Writes the parts one after the other to a file that gets its name when all is there.
pub fn file(path: &Path, parts: &[&[u8]], readers: Readers) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".unfinished-")
        .tempfile_in(path.parent().unwrap_or(Path::new("/")))?;
    for part in parts {
        file.write_all(part)?;
    }
    file.as_file().set_permissions(readers.of_file())?;
    file.persist(path)?;
    Ok(())
}

/// Makes a folder, and those above it; one that is there gets the mode if it has another.
pub fn folder(path: &Path, readers: Readers) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(readers.of_folder().mode()).create(path)?;
    let permissions = readers.of_folder();
    if fs::metadata(path)?.permissions().mode() & 0o7777 != permissions.mode() {
        fs::set_permissions(path, permissions)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_those_asked_for_and_nothing_else_is_left() {
        let place = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        for (readers, of_file, of_folder) in
            [(Readers::User, 0o600, 0o700), (Readers::Everybody, 0o644, 0o755)]
        {
            let inner = place.path().join("inner");
            folder(&inner, readers).unwrap();
            file(&inner.join("file"), &[b"a", b"b"], readers).unwrap();
            assert_eq!(fs::read(inner.join("file")).unwrap(), b"ab");
            assert_eq!((mode(&inner), mode(&inner.join("file"))), (of_folder, of_file));
            assert_eq!(fs::read_dir(&inner).unwrap().count(), 1);
        }
    }
}
