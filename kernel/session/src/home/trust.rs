//! What may be believed: files and folders that nobody but root and this user could have written.
//!
//! Whatever is executed, loaded or taken for true is read by [`read`], or, where a compiler or the
//! loader opens it by its name later, looked at by [`file`] or [`folder`] first. Every folder of
//! the path counts, because who may write one may put another file under the name. A group that could have
//! written the running program has been believed already: where every user has a group of their own, pip lets it
//! write all that it installs. This module knows nothing of what the files are for.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

/// Why a file or folder is not believed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("`{}` can't be opened: {source}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("`{}` is not a regular file; remove it", path.display())]
    NotAFile { path: PathBuf },
    #[error("`{}` is not a folder", path.display())]
    NotAFolder { path: PathBuf },
    #[error(
        "`{}` belongs to user {owner}, and only root and you (user {user}) are trusted; `chown` it or name another folder",
        path.display()
    )]
    Owner { path: PathBuf, owner: u32, user: u32 },
    #[error("others can write `{0}`; `chmod go-w {0}` mends it", path.display())]
    Writable { path: PathBuf },
    #[error("`{}` is a circle of links", path.display())]
    Circle { path: PathBuf },
}

/// As many links as Linux follows.
const LINKS: u32 = 40;

const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;

const STICKY: u32 = 0o1000;

/// The user that this process acts as.
pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

impl TrustError {
    pub fn open(path: &Path, source: io::Error) -> TrustError {
        TrustError::Open { path: path.to_owned(), source }
    }

    /// Whether there is simply nothing.
    pub fn is_absence(&self) -> bool {
        matches!(self, TrustError::Open { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Whether the user may not even look.
    pub fn is_denial(&self) -> bool {
        matches!(self, TrustError::Open { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// The contents of a trusted file.
pub fn read(path: &Path) -> Result<Vec<u8>, TrustError> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map_err(|source| TrustError::open(path, source))?;
    Ok(bytes)
}

/// Opens a trusted file. Neither a pipe without a writer nor a link can hold or lead astray.
pub fn open(path: &Path) -> Result<File, TrustError> {
    let path = in_trusted_folder(path)?;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(&path)
        .map_err(|source| match source.raw_os_error() {
            Some(libc::ELOOP) => TrustError::NotAFile { path: path.clone() },
            _ => TrustError::open(&path, source),
        })?;
    let metadata = file.metadata().map_err(|source| TrustError::open(&path, source))?;
    check_file(&path, &metadata)?;
    Ok(file)
}

/// The path, free of links, of a trusted file that somebody else will open by its name.
pub fn file(path: &Path) -> Result<PathBuf, TrustError> {
    let path = in_trusted_folder(path)?;
    let metadata = path.symlink_metadata().map_err(|source| TrustError::open(&path, source))?;
    check_file(&path, &metadata)?;
    Ok(path)
}

/// Whether a file in a trusted folder is a regular one that only root and the user may write.
pub fn check_file(path: &Path, metadata: &Metadata) -> Result<(), TrustError> {
    if !metadata.is_file() {
        return Err(TrustError::NotAFile { path: path.to_owned() });
    }
    check_owner(path, metadata)?;
    match is_open(metadata) {
        false => Ok(()),
        true => Err(TrustError::Writable { path: path.to_owned() }),
    }
}

/// The path, free of links, of a folder in which only root and the user can have put anything.
///
/// A folder above it may be one that all may write if it is sticky, as `/tmp` is: there nobody can
/// move what is another's. Links count as well: whoever owns one decides where it leads.
pub fn folder(path: &Path) -> Result<PathBuf, TrustError> {
    let absolute = std::path::absolute(path).map_err(|source| TrustError::open(path, source))?;
    let mut found = PathBuf::from("/");
    let mut pending = steps(&absolute);
    let mut links = 0;
    let mut last = look(&found)?;
    while let Some(step) = pending.pop() {
        if step == ".." {
            found.pop();
            last = look(&found)?;
            continue;
        }
        let next = found.join(step);
        let metadata = look(&next)?;
        if metadata.is_symlink() {
            links += 1;
            if links > LINKS {
                return Err(TrustError::Circle { path: absolute });
            }
            let target = next.read_link().map_err(|source| TrustError::open(&next, source))?;
            if target.is_absolute() {
                found = PathBuf::from("/");
            }
            pending.extend(steps(&target));
            continue;
        }
        if !metadata.is_dir() {
            return Err(TrustError::NotAFolder { path: next });
        }
        if is_open(&metadata) && metadata.mode() & STICKY == 0 {
            return Err(TrustError::Writable { path: next });
        }
        (found, last) = (next, metadata);
    }
    match is_open(&last) {
        false => Ok(found),
        true => Err(TrustError::Writable { path: found }),
    }
}

/// Whether others than the owner may write, and could not have written this program.
fn is_open(metadata: &Metadata) -> bool {
    static GROUP: LazyLock<Option<u32>> = LazyLock::new(group_of_program);
    is_open_but_for(*GROUP, metadata.mode(), metadata.gid())
}

fn is_open_but_for(believed: Option<u32>, mode: u32, group: u32) -> bool {
    mode & OTHERS_WRITE != 0 || mode & GROUP_WRITES != 0 && believed != Some(group)
}

/// The group that may write the running program, if one may. The program of the unit tests is nobody's to believe: they
/// are the same under any umask.
fn group_of_program() -> Option<u32> {
    let program = std::env::current_exe().ok().filter(|_| !cfg!(test))?;
    let metadata = program.metadata().ok()?;
    (metadata.mode() & GROUP_WRITES != 0).then(|| metadata.gid())
}

/// What is there, if root or the user owns it.
fn look(path: &Path) -> Result<Metadata, TrustError> {
    let metadata = path.symlink_metadata().map_err(|source| TrustError::open(path, source))?;
    check_owner(path, &metadata)?;
    Ok(metadata)
}

fn check_owner(path: &Path, metadata: &Metadata) -> Result<(), TrustError> {
    let (owner, user) = (metadata.uid(), user());
    match owner == 0 || owner == user {
        true => Ok(()),
        false => Err(TrustError::Owner { path: path.to_owned(), owner, user }),
    }
}

/// The names in a path, the last one first.
fn steps(path: &Path) -> Vec<OsString> {
    let name = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().rev().filter_map(name).collect()
}

fn in_trusted_folder(path: &Path) -> Result<PathBuf, TrustError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(TrustError::NotAFile { path: path.to_owned() });
    };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    Ok(folder(parent)?.join(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// A folder of ours with a file in it, below `/tmp`, which is sticky and everybody's.
    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "text").unwrap();
        set_mode(&path, 0o644);
        (folder, path)
    }

    #[test]
    fn own_file_below_a_sticky_folder_is_read() {
        let (_folder, path) = place();
        assert_eq!(read(&path).unwrap(), b"text");
        assert!(read(&path.with_file_name("none")).unwrap_err().is_absence());
    }

    #[test]
    fn file_or_folder_that_others_may_write_is_not_believed() {
        for mode in [0o664, 0o646, 0o666] {
            let (_folder, path) = place();
            set_mode(&path, mode);
            assert!(matches!(read(&path), Err(TrustError::Writable { .. })), "{mode:o}");
            assert!(file(&path).is_err());
        }
        for mode in [0o775, 0o757, 0o1777] {
            let (folder, path) = place();
            set_mode(folder.path(), mode);
            let error = read(&path).unwrap_err();
            assert!(error.to_string().contains("chmod go-w"), "{mode:o}: {error}");
        }
    }

    /// With the umask 002 the user's own group may write a whole virtual environment, the program in it included.
    #[test]
    fn group_that_could_have_written_the_program_is_believed() {
        let rows = [
            (Some(7), 0o775, 7, false),
            (Some(7), 0o775, 8, true),
            (None, 0o775, 7, true),
            (None, 0o755, 7, false),
            (Some(7), 0o777, 7, true),
        ];
        for (believed, mode, group, expected) in rows {
            let found = is_open_but_for(believed, mode, group);
            assert_eq!(found, expected, "{believed:?} {mode:o} {group}");
        }
    }

    #[test]
    fn folder_far_above_counts_too() {
        let (outer, _) = place();
        let inner = outer.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        assert!(super::folder(&inner).is_ok());
        set_mode(outer.path(), 0o777);
        assert!(super::folder(&inner).is_err());
        // Nobody can move what is another's out of a sticky folder.
        set_mode(outer.path(), 0o1777);
        assert!(super::folder(&inner).is_ok());
    }

    #[test]
    fn pipe_link_and_folder_are_no_files() {
        let (folder, path) = place();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        for path in [pipe, link, inner].iter() {
            assert!(matches!(read(path), Err(TrustError::NotAFile { .. })), "{}", path.display());
            assert!(matches!(file(path), Err(TrustError::NotAFile { .. })));
        }
    }

    #[test]
    fn links_to_folders_are_followed_and_circles_are_not() {
        let (folder, path) = place();
        let link = folder.path().join("link");
        symlink(".", &link).unwrap();
        let canonical = folder.path().canonicalize().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        assert_eq!(super::folder(&link.join("inner/../link")).unwrap(), canonical);
        assert_eq!(read(&link.join("file")).unwrap(), fs::read(&path).unwrap());
        let circle = folder.path().join("circle");
        symlink("circle", &circle).unwrap();
        assert!(matches!(super::folder(&circle), Err(TrustError::Circle { .. })));
    }
}
