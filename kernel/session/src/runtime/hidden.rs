//! Loading the hidden tests of a lesson, which the prelude asks for.
//!
//! A library that `hidden` has found right is written to a private folder, loaded from there and removed again, so that nobody can
//! put another library in between. A library stays loaded as that of a cell does; one that is there with the same
//! contents is not loaded twice.
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::ffi::{OsStr, c_void};
use std::fs;
use std::io;
use std::mem::ManuallyDrop;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use akari_seam::symbol::{self, TellFault, fault};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use crate::hidden::{self, Fault, Opened};
use crate::home;
use crate::home::trust::TrustError;

/// The folder of this process's prelude.
static PRELUDE: OnceLock<PathBuf> = OnceLock::new();

/// The addresses of the tests of loaded libraries, by the hashes of these.
static LOADED: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);

#[derive(Debug, thiserror::Error)]
enum HiddenError {
    #[error(transparent)]
    File(#[from] Fault),
    #[error("could not make a private copy: {0}")]
    Copy(#[from] io::Error),
    #[error("{0}{cause}", cause = std::error::Error::source(.0).map(|it| format!(": {it}")).unwrap_or_default())]
    Library(#[from] libloading::Error),
}

const _: symbol::LoadTests = load_tests;

/// Notes the library of the prelude, for which hidden tests must have been made.
pub fn connect(prelude: &Path) {
    let _ = PRELUDE.set(prelude.parent().unwrap_or(Path::new("/")).to_owned());
}

/// The function that the prelude calls; see [`symbol::LoadTests`].
pub unsafe extern "C" fn load_tests(
    path: *const u8,
    length: usize,
    tell: TellFault,
    to: *mut c_void,
) -> *const c_void {
    // SAFETY: the caller's promise.
    let path = unsafe { std::slice::from_raw_parts(path, length) };
    match load(Path::new(OsStr::from_bytes(path))) {
        Ok(address) => std::ptr::with_exposed_provenance(address),
        Err(error) => {
            let (fault, text) = told(error);
            // SAFETY: the text lives through the call, and `to` is what the caller passed for it.
            unsafe { tell(to, fault, text.as_ptr(), text.len()) };
            std::ptr::null()
        }
    }
}

fn load(path: &Path) -> Result<usize, HiddenError> {
    let Opened { library, sha256, .. } =
        hidden::read(path, PRELUDE.get().map_or(Path::new(""), PathBuf::as_path))?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(address) = loaded.get(&sha256) {
        return Ok(*address);
    }
    let folder = home::temporary_folder("akari-hidden-")?;
    let copy = folder.path().join("tests");
    fs::write(&copy, library)?;
    // SAFETY: its stamp says that the library was compiled by `akari lesson hide` against this very prelude, and whoever
    // could write the file is trusted; what it does when it is loaded is what std does in any cell.
    let address = unsafe {
        let library = Library::open(Some(&copy), RTLD_NOW | RTLD_LOCAL)?;
        let library = ManuallyDrop::new(library);
        (*library.get::<*const c_void>(symbol::TESTS)?).expose_provenance()
    };
    loaded.insert(sha256, address);
    Ok(address)
}

/// The error as the seam has it.
fn told(error: HiddenError) -> (u32, String) {
    match error {
        HiddenError::File(Fault::Untrusted(error)) if error.is_absence() => {
            (fault::MISSING, String::new())
        }
        HiddenError::File(Fault::Untrusted(TrustError::Writable { path })) => {
            (fault::WRITABLE, path.display().to_string())
        }
        HiddenError::File(Fault::Untrusted(TrustError::Owner { path, .. })) => {
            (fault::FOREIGN, path.display().to_string())
        }
        HiddenError::File(Fault::Untrusted(TrustError::Open { path, source }))
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            (fault::CLOSED, path.display().to_string())
        }
        HiddenError::File(Fault::Damaged) => (fault::DAMAGED, String::new()),
        HiddenError::File(Fault::Stale) => (fault::STALE, String::new()),
        error => (fault::UNLOADABLE, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_by_their_kinds() {
        let path = PathBuf::from("/a");
        let of = |error: TrustError| told(HiddenError::File(Fault::Untrusted(error)));
        assert_eq!(of(TrustError::open(&path, io::ErrorKind::NotFound.into())).0, fault::MISSING);
        let closed = TrustError::open(&path, io::ErrorKind::PermissionDenied.into());
        assert_eq!(of(closed), (fault::CLOSED, "/a".to_owned()));
        let writable = TrustError::Writable { path: path.clone() };
        assert_eq!(of(writable), (fault::WRITABLE, "/a".to_owned()));
        let foreign = TrustError::Owner { path: path.clone(), owner: 1, user: 2 };
        assert_eq!(of(foreign), (fault::FOREIGN, "/a".to_owned()));
        assert_eq!(of(TrustError::NotAFile { path }).0, fault::UNLOADABLE);
        assert_eq!(told(HiddenError::File(Fault::Damaged)).0, fault::DAMAGED);
        assert_eq!(told(HiddenError::File(Fault::Stale)).0, fault::STALE);
    }
}
