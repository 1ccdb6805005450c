//! The folders that Akari keeps things in, and how they are locked, written and trusted.
//!
//! `AKARI_HOME` is the user's own, private unless `akari install --shared` opened it to a class;
//! `AKARI_SHARED` is such a one of somebody else's, only read, and so is what an installer put beside the
//! program. What lies in them is the business of `setup` and the engines. This folder depends on nothing
//! else of ours.

pub mod log;
pub mod manifest;
pub mod trust;
pub mod write;

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use self::trust::TrustError;
use self::write::Readers;

/// In a home that others read too; what it says is for people.
const SHARED_MARK: &str = "shared";

/// Why a folder of ours can't be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    #[error("there is no folder for caches on this system; set AKARI_HOME")]
    None,
    #[error("could not write to the cache `{}`: {source}; set AKARI_HOME to a folder that can be written", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("the disk of the cache `{}` is full (a build needs about 1.5 GB); make room, or set AKARI_HOME to another disk", path.display())]
    Full { path: PathBuf },
    #[error("the cache (AKARI_HOME) is not safe to use: {0}")]
    Untrusted(#[source] TrustError),
    #[error(
        "AKARI_SHARED must be owned by root or by you, and be writable by nobody else, with all folders above it: {0}"
    )]
    SharedUntrusted(#[source] TrustError),
    #[error(
        "AKARI_SHARED is closed to you; its owner opens it by `AKARI_HOME={} akari install --shared`",
        path.display()
    )]
    SharedClosed { path: PathBuf },
    #[error(
        "`{}` is closed to others, who so can't reach the shared folder; set AKARI_HOME to a place that all can reach, such as /srv/akari",
        path.display()
    )]
    OutOfReach { path: PathBuf },
}

impl HomeError {
    /// What went wrong with a file of the cache.
    pub fn write(path: &Path, source: io::Error) -> HomeError {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                HomeError::Full { path: path.to_owned() }
            }
            _ => HomeError::Write { path: path.to_owned(), source },
        }
    }
}

/// `AKARI_HOME`, or else the platform's cache folder; it may not be there yet.
pub fn home() -> Result<PathBuf, HomeError> {
    if let Some(home) = std::env::var_os("AKARI_HOME").filter(|it| !it.is_empty()) {
        return std::path::absolute(home).map_err(|_| HomeError::None);
    }
    let folders = directories::ProjectDirs::from("", "", "akari").ok_or(HomeError::None)?;
    Ok(folders.cache_dir().to_owned())
}

/// The home if it is there; an error if others could have written it.
pub fn find_home() -> Result<Option<PathBuf>, HomeError> {
    match trust::folder(&home()?) {
        Ok(home) => Ok(Some(home)),
        Err(error) if error.is_absence() => Ok(None),
        Err(error) => Err(HomeError::Untrusted(error)),
    }
}

/// The home; made for the user alone if it isn't there.
pub fn make_home() -> Result<PathBuf, HomeError> {
    let home = home()?;
    if !home.is_dir() {
        write::folder(&home, Readers::User).map_err(|source| HomeError::write(&home, source))?;
    }
    trust::folder(&home).map_err(HomeError::Untrusted)
}

/// `AKARI_SHARED`, if it is there; an error if others than root and the user could have written it.
pub fn find_shared() -> Result<Option<PathBuf>, HomeError> {
    let Some(shared) = std::env::var_os("AKARI_SHARED").filter(|it| !it.is_empty()) else {
        return Ok(None);
    };
    let shared = match trust::folder(Path::new(&shared)) {
        Ok(shared) => shared,
        Err(error) if error.is_absence() => return Ok(None),
        Err(error) if error.is_denial() => {
            return Err(HomeError::SharedClosed { path: shared.into() });
        }
        Err(error) => return Err(HomeError::SharedUntrusted(error)),
    };
    match fs::read_dir(&shared) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(HomeError::SharedClosed { path: shared })
        }
        _ => Ok(Some(shared)),
    }
}

/// What an installer put there together with the program, as pip does: `share/akari` beside the `bin` that the program is in.
pub fn beside_program() -> Option<PathBuf> {
    beside(&std::env::current_exe().ok()?)
}

/// Whether a path without links leads there.
pub fn is_beside_program(path: &Path) -> bool {
    let place = beside_program().and_then(|it| it.canonicalize().ok());
    place.is_some_and(|it| path.starts_with(it))
}

fn beside(program: &Path) -> Option<PathBuf> {
    let bin = program.parent().filter(|it| it.ends_with("bin"))?;
    Some(bin.with_file_name("share").join("akari")).filter(|it| it.is_dir())
}

/// Who reads what is kept in a home.
pub fn readers(home: &Path) -> Readers {
    match trust::file(&home.join(SHARED_MARK)) {
        Ok(_) => Readers::Everybody,
        Err(_) => Readers::User,
    }
}

/// The folder above a path that others can't pass, if there is one.
pub fn closed_above(path: &Path) -> Option<PathBuf> {
    let is_closed = |it: &&Path| fs::metadata(it).is_ok_and(|it| it.mode() & 0o001 == 0);
    path.ancestors().skip(1).find(is_closed).map(Path::to_owned)
}

/// Opens the home to all users of the machine. Cells that were private until now are removed, as
/// their texts may hold secrets.
pub fn share_home() -> Result<PathBuf, HomeError> {
    let home = make_home()?;
    let failed = |source| HomeError::write(&home, source);
    if let Some(path) = closed_above(&home) {
        return Err(HomeError::OutOfReach { path });
    }
    if readers(&home) == Readers::User {
        match fs::remove_dir_all(home.join("cells")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    fs::set_permissions(&home, Permissions::from_mode(0o755)).map_err(failed)?;
    let text = b"All users may read what is kept here. `akari install --shared` made this file.\n";
    write::file(&home.join(SHARED_MARK), &[text], Readers::Everybody).map_err(failed)?;
    Ok(home)
}

/// A folder of the user's alone for what the kernels of this machine tell each other: the one that
/// ends with the login, else one in the home.
pub fn own_folder(name: &str) -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let is_private = |it: &PathBuf| {
        trust::folder(it).is_ok_and(|it| fs::metadata(it).is_ok_and(|it| it.uid() == trust::user()))
    };
    let runtime = runtime.filter(is_private).map(|it| it.join("akari"));
    Some(runtime.or_else(|| home().ok())?.join(name))
}

/// A temporary folder that no other user can look into, nor could have prepared.
pub fn temporary_folder(prefix: &str) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix(prefix)
        .permissions(Permissions::from_mode(0o700))
        .tempdir()?;
    trust::folder(folder.path()).map_err(io::Error::other)?;
    Ok(folder)
}

/// Waits until no other process holds the lock, and calls `on_wait` twice a second meanwhile. The
/// lock ends with the process, however that ends.
pub fn lock(path: &Path, on_wait: &mut dyn FnMut()) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => on_wait(),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn second_process_waits_for_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("build.lock");
        let mut first = Some(lock(&path, &mut || {}).unwrap());
        let mut waited = 0;
        let _second = lock(&path, &mut || {
            waited += 1;
            first = None;
        });
        assert_eq!(waited, 1);
    }

    #[test]
    fn what_came_with_a_program_lies_beside_its_folder() {
        let prefix = tempfile::tempdir().unwrap();
        let program = prefix.path().join("bin/akari");
        assert_eq!(beside(&program), None);
        let share = prefix.path().join("share/akari");
        fs::create_dir_all(&share).unwrap();
        assert_eq!(beside(&program), Some(share));
        // Cargo's folder is no place where something is installed.
        assert_eq!(beside(&prefix.path().join("release/akari")), None);
    }

    #[test]
    fn temporary_folder_is_private() {
        let folder = temporary_folder("akari-test-").unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().mode() & 0o777, 0o700);
    }
}
