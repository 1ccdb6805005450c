//! Writing a notebook, or a page made of it, to a path.
//!
//! A regular file is replaced whole or not at all, also behind links. Anything else under the path
//! (a device, a pipe, the standard output) is written into, and never replaced.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::error::NotebookError;

/// As many links as Linux follows.
const LINKS: u32 = 40;

/// Writes the text of a notebook or a page.
pub fn write(text: &str, path: &Path) -> Result<(), NotebookError> {
    let write = || {
        match Target::of(path)? {
            Target::File(path) => {
                let mut file = begin(&path)?;
                file.write_all(text.as_bytes())?;
                file.as_file().sync_all()?;
                file.persist(&path)?;
            }
            Target::Stream(path) => open(&path)?.write_all(text.as_bytes())?,
        }
        Ok(())
    };
    write().map_err(|error| write_error(path, error))
}

/// Whether the path can be written to. Asked before the work whose result is to be there.
pub fn check_writable(path: &Path) -> Result<(), NotebookError> {
    let check = || match Target::of(path)? {
        Target::File(path) => begin(&path).map(drop),
        // A pipe is not opened: that would wait for a reader, which may come later.
        Target::Stream(path) => Ok(rustix::fs::access(&path, rustix::fs::Access::WRITE_OK)?),
    };
    check().map_err(|error| write_error(path, error))
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// A regular file, or none yet, under its own name.
    File(PathBuf),
    /// A device, a pipe or the like, which only takes bytes.
    Stream(PathBuf),
}

impl Target {
    fn of(path: &Path) -> io::Result<Target> {
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            let metadata = match path.symlink_metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Target::File(path));
                }
                metadata => metadata?,
            };
            if !metadata.is_symlink() {
                return Target::of_kind(path, &metadata);
            }
            let folder = path.parent().unwrap_or(Path::new("/"));
            if folder.canonicalize()?.starts_with("/proc") {
                // The link leads to an open file of a process, whose name may mean another file
                // now.
                let metadata = path.metadata()?;
                return match metadata.is_file() {
                    true => Ok(Target::Stream(path)),
                    false => Target::of_kind(path, &metadata),
                };
            }
            // A relative link starts in its own folder; an absolute one takes the folder's place.
            path = folder.join(path.read_link()?);
        }
        Err(io::Error::other("its links go round in a circle"))
    }

    fn of_kind(path: PathBuf, metadata: &Metadata) -> io::Result<Target> {
        let kind = metadata.file_type();
        if kind.is_file() {
            return Ok(Target::File(path));
        }
        let refused = [
            (kind.is_dir(), "it is a folder"),
            (kind.is_block_device(), "it is a disk"),
            (kind.is_socket(), "it is a socket"),
        ];
        match refused.into_iter().find(|(is_it, _)| *is_it) {
            Some((_, text)) => Err(io::Error::other(text)),
            None => Ok(Target::Stream(path)),
        }
    }
}

/// Opens a target that exists. Appending keeps what was printed to the same file before.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).custom_flags(libc::O_NOCTTY).open(path)
}

/// A temporary file beside the one that it will replace, with the same permissions and owner.
fn begin(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let metadata = fs::metadata(path).ok();
    if metadata.as_ref().is_some_and(|it| it.permissions().readonly()) {
        return Err(io::Error::other("the file is write-protected"));
    }
    let permissions = metadata.as_ref().map(Metadata::permissions);
    let file = tempfile::Builder::new()
        .prefix(".akari-")
        .permissions(permissions.clone().unwrap_or(Permissions::from_mode(0o666)))
        .tempfile_in(folder)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                io::Error::other(format!("there is no folder `{}`", folder.display()))
            }
            _ => error,
        })?;
    if let (Some(metadata), Some(permissions)) = (metadata, permissions) {
        // Only root can give a file to another user; other users own the file anyway.
        let _ = fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid()));
        file.as_file().set_permissions(permissions)?;
    }
    Ok(file)
}

/// The error without the name of the temporary file, which tempfile adds and which helps nobody.
fn write_error(path: &Path, error: io::Error) -> NotebookError {
    let source = match error.kind() {
        io::ErrorKind::Other => error,
        kind => kind.into(),
    };
    NotebookError::Write { path: path.to_owned(), source }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const TEXT: &str = "the text\n";

    #[test]
    fn write_replaces_the_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.ipynb");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write(TEXT, &path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_stay_links_also_to_what_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let [link, second, file] = ["link", "second", "file"].map(|it| folder.path().join(it));
        symlink("second", &link).unwrap();
        symlink(&file, &second).unwrap();
        for _ in 0..2 {
            check_writable(&link).unwrap();
            write(TEXT, &link).unwrap();
            assert!(link.is_symlink() && second.is_symlink() && !file.is_symlink());
            assert_eq!(fs::read_to_string(&file).unwrap(), TEXT);
        }
        symlink("circle", folder.path().join("circle")).unwrap();
        assert!(write(TEXT, &folder.path().join("circle")).is_err());
    }

    /// A device was replaced by a file.
    #[test]
    fn f21_kinds_that_are_no_files_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for stream in ["/dev/null", "/dev/full", "/proc/self/fd/2", "/dev/stdout"] {
            let target = Target::of(Path::new(stream)).unwrap();
            assert!(matches!(target, Target::Stream(_)), "{stream}: {target:?}");
        }
        for (path, words) in [(folder.path(), "a folder"), (&socket, "a socket")] {
            let error = check_writable(path).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
