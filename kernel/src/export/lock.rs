//! The project's `Cargo.lock`: the versions that the notebook had, without packages that the program does not need.
//!
//! The file that is there already says all versions. Cargo strikes out what is too much; where it can't do so now, it does
//! at the first build.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cargo::environment::isolate;

/// Lets cargo bring the file into the form that it keeps, from what it has downloaded before.
pub fn settle(folder: &Path, cargo: &Path, sources: &Path) {
    let mut command = Command::new(cargo);
    isolate(&mut command, sources);
    command
        .args(["metadata", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => {
            tracing::info!("cargo metadata ended ({status}); the first build settles Cargo.lock")
        }
        Err(error) => tracing::info!("cargo could not be started: {error}"),
    }
}
