//! The role between cargo and rustc: cells link the prelude that is built already.
//!
//! Cargo starts this program for each crate of a cell. For the crates of `crates` it compiles an
//! empty file, so that cargo has what it expects; in a cell it puts the prelude's shared object
//! in the place of that. All other crates are compiled as they are.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The real compiler; that it is set chooses this role.
pub const COMPILER: &str = "AKARI_EVCXR_COMPILER";
/// The prelude's shared object.
pub const PRELUDE: &str = "AKARI_EVCXR_PRELUDE";
/// The folder of the manifests.
pub const CRATES: &str = "AKARI_EVCXR_CRATES";
/// In that folder.
pub const EMPTY: &str = "empty.rs";

/// Becomes the compiler, if cargo has started this process.
pub fn run() -> Option<ExitCode> {
    let compiler = std::env::var_os(COMPILER)?;
    let (prelude, crates) = (path(PRELUDE)?, path(CRATES)?);
    // The first argument is the compiler that cargo would have taken.
    let given = std::env::args_os().skip(2);
    let mut command = Command::new(&compiler);
    if path("CARGO_MANIFEST_DIR").is_some_and(|it| it.starts_with(&crates)) {
        command.args(given.map(|it| without_source(it, &crates)));
    } else {
        let mut is_cell = false;
        for argument in given {
            let is_prelude = argument.as_encoded_bytes().starts_with(b"akari=");
            is_cell |= is_prelude;
            command.arg(if is_prelude { concat("akari=", &prelude) } else { argument });
        }
        if let Some(folder) = prelude.parent().filter(|_| is_cell) {
            command.arg("-L").arg(concat("dependency=", folder));
        }
    }
    let error = command.exec();
    eprintln!("akari: could not start `{}`: {error}", compiler.to_string_lossy());
    Some(ExitCode::FAILURE)
}

fn path(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

fn without_source(argument: OsString, crates: &Path) -> OsString {
    match Path::new(&argument).extension() {
        Some(extension) if extension == "rs" => crates.join(EMPTY).into(),
        _ => argument,
    }
}

fn concat(key: &str, path: impl AsRef<OsStr>) -> OsString {
    let mut text = OsString::from(key);
    text.push(path);
    text
}
