//! The file of a lesson's hidden tests: a library with a stamp behind it.
//!
//! The stamp says for which prelude and system the library was compiled, and holds a hash of all of it. Nobody loads the
//! file itself: it is read once, by `home::trust`, and what the stamp is right for is loaded from a private copy. `cli`
//! makes such files, and `runtime` loads what is in them. The stamp tells damage and age; it is no signature, and who may
//! write the file may make one.

use std::env::consts::{ARCH, OS};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::home::trust::{self, TrustError};

/// The last bytes of the file. Their number is raised when a stamp or the type of the tests changes its meaning.
const END: &str = "akari hidden tests 1\n";

/// So many digits in front of it are the length of the stamp.
const DIGITS: usize = 8;

/// Why there are no hidden tests in a file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Untrusted(#[from] TrustError),
    #[error("it is not as `akari lesson hide` made it")]
    Damaged,
    #[error("it was made for another version of Akari or Rust, or another system")]
    Stale,
}

/// The stamp at the end of the library.
#[derive(Debug, Serialize, Deserialize)]
struct Stamp {
    /// The name of the prelude's folder, which is a hash of its sources and of the compiler.
    prelude: String,
    system: String,
    /// The hash of the source.
    source: String,
    /// The hash of the library and of what stands above.
    sha256: String,
}

/// A library that may be loaded.
#[derive(Debug)]
pub struct Opened {
    pub library: Vec<u8>,
    /// The hash of its source.
    pub source: String,
    pub sha256: String,
}

/// The hash of a source.
pub fn hash_of(source: &str) -> String {
    format!("{:x}", Sha256::digest(source))
}

fn system() -> String {
    format!("{ARCH} {OS}")
}

impl Stamp {
    fn hash(&self, library: &[u8]) -> String {
        let mut hash = Sha256::new();
        for part in [&self.prelude, &self.system, &self.source] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        hash.update(library);
        format!("{:x}", hash.finalize())
    }
}

/// The stamp of a library that was compiled from this source against the prelude in a folder.
pub fn stamp(library: &[u8], source: &str, prelude: &Path) -> String {
    let mut stamp = Stamp {
        prelude: name_of(prelude),
        system: system(),
        source: hash_of(source),
        sha256: String::new(),
    };
    stamp.sha256 = stamp.hash(library);
    // A stamp is four texts, which JSON can have.
    let text = serde_json::to_string(&stamp).unwrap_or_default();
    format!("{text}{:0DIGITS$}{END}", text.len())
}

fn name_of(prelude: &Path) -> String {
    prelude.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads a file of hidden tests for the prelude in a folder.
pub fn read(path: &Path, prelude: &Path) -> Result<Opened, Fault> {
    open(trust::read(path)?, prelude)
}

fn open(mut file: Vec<u8>, prelude: &Path) -> Result<Opened, Fault> {
    let (stamp, length) = split(&file).ok_or(Fault::Damaged)?;
    file.truncate(length);
    if stamp.hash(&file) != stamp.sha256 {
        return Err(Fault::Damaged);
    }
    if stamp.prelude != name_of(prelude) || stamp.system != system() {
        return Err(Fault::Stale);
    }
    Ok(Opened { library: file, source: stamp.source, sha256: stamp.sha256 })
}

/// The stamp of a file, and how long the library in front of it is.
fn split(file: &[u8]) -> Option<(Stamp, usize)> {
    let rest = file.strip_suffix(END.as_bytes())?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let (library, stamp) = rest.split_at_checked(rest.len().checked_sub(length)?)?;
    Some((serde_json::from_slice(stamp).ok()?, library.len()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sealed(prelude: &str) -> Vec<u8> {
        let library = b"a library".to_vec();
        let stamp = stamp(&library, "fn a() {}", Path::new(prelude));
        [library, stamp.into_bytes()].concat()
    }

    #[test]
    fn library_comes_out_as_it_went_in_for_its_own_prelude_alone() {
        let opened = open(sealed("/p/1"), Path::new("/q/1")).unwrap();
        assert_eq!(opened.library, b"a library");
        assert_eq!(opened.source, hash_of("fn a() {}"));
        assert!(matches!(open(sealed("/p/1"), Path::new("/p/2")), Err(Fault::Stale)));
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_damage() {
        let whole = sealed("/p/1");
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            let error = open(changed, Path::new("/p/1")).unwrap_err();
            assert!(matches!(error, Fault::Damaged), "{at}: {error}");
            let error = open(whole[..at].to_vec(), Path::new("/p/1")).unwrap_err();
            assert!(matches!(error, Fault::Damaged), "{at}: {error}");
        }
    }

    #[test]
    fn lengths_of_strangers_are_damage() {
        for length in ["00000000", "99999999", "0000000x", "-0000001", "00000001"] {
            let file = format!("library{length}{END}").into_bytes();
            assert!(matches!(open(file, Path::new("/p")), Err(Fault::Damaged)), "{length}");
        }
    }
}
