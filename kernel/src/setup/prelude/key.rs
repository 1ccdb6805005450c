//! The name of a built prelude: a hash of all that makes the build.
//!
//! Sources and where they are, versions of dependencies, toolchain, flags, and what of cargo's
//! configuration can't be switched off. Equal names mean equal builds; what is not in the hash must
//! never reach the build (`cargo::environment`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::build;
use super::error::PreludeError;
use crate::cargo::environment::configuration;
use crate::cargo::lock;
use crate::setup::toolchain::Toolchain;

/// Raised when the same sources are built or kept in another way.
const FORMAT: &str = "akari prelude 3";

/// The name of the prelude that a build of this checkout with this toolchain makes.
pub fn key(checkout: &Path, toolchain: &Toolchain) -> Result<String, PreludeError> {
    let flags = format!("{:?} {:?}", build::ARGUMENTS, build::flags());
    let folders = ["src", "kernel/key", "kernel/seam"];
    name_of_build([FORMAT, &flags], "akari", checkout, &folders, toolchain)
}

/// A name made of the words, of folders of the checkout, of the versions behind a package, and of what every build
/// depends on.
pub fn name_of_build(
    words: [&str; 2],
    package: &str,
    checkout: &Path,
    folders: &[&str],
    toolchain: &Toolchain,
) -> Result<String, PreludeError> {
    let mut files = BTreeSet::new();
    for folder in folders {
        collect(&checkout.join(folder), &mut files);
    }
    files.insert(checkout.join("Cargo.toml"));
    let sources = |path: &Path| PreludeError::Sources { path: path.to_owned() };
    let lock = checkout.join("Cargo.lock");
    let versions = fs::read_to_string(&lock).map_err(|_| sources(&lock))?;
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    };
    for word in words {
        add(word.as_bytes());
    }
    add(toolchain.version.as_bytes());
    add(configuration(checkout)?.as_bytes());
    add(lock::behind(&versions, package).as_bytes());
    for file in files {
        let text = fs::read(&file).map_err(|_| sources(&file))?;
        add(file.strip_prefix(checkout).unwrap_or(&file).as_os_str().as_encoded_bytes());
        add(&text);
    }
    Ok(format!("{:x}", hash.finalize())[..16].to_owned())
}

fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A built prelude lay under the name of another: names of files, flags and cargo's
    /// configuration were not in the hash.
    #[test]
    fn b7_name_has_all_that_makes_a_build() {
        let checkout = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = checkout.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let now = || key(checkout.path(), &Toolchain::of_nobody()).unwrap();
        for path in ["Cargo.toml", "Cargo.lock", "src/a.rs", "kernel/seam/src/lib.rs"] {
            write(path, "text");
        }
        let first = now();
        fs::rename(checkout.path().join("src/a.rs"), checkout.path().join("src/b.rs")).unwrap();
        let renamed = now();
        write(".cargo/config.toml", "[profile.release]\nopt-level = 1");
        let configured = now();
        write("kernel/seam/src/lib.rs", "another text");
        let agreed = now();
        write("kernel/seam/src/lib.rs", "text");
        let names = [&first, &renamed, &configured, &agreed];
        assert_eq!(BTreeSet::from(names).len(), 4, "{names:?}");
        // Flags of the configuration never reach the build, so they don't name it either.
        write(".cargo/config.toml", "[build]\nrustflags = [\"-Ctarget-cpu=native\"]");
        assert_eq!(now(), renamed);
        let other = Toolchain { version: "rustc 2".to_owned(), ..Toolchain::of_nobody() };
        assert_ne!(key(checkout.path(), &other).unwrap(), renamed);
    }
}
