//! What the kernel hands the process that runs cells in its environment, and what cells see of that:
//! nothing.
//!
//! The process has no arguments but its name, and the environment that the kernel was started with.
//! So a learner's code that looks at its arguments or variables finds a program like any other, and
//! programs that it starts inherit nothing of ours.
#![allow(unsafe_code)]

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::platform::LIBRARY_PATHS;

/// The name that the process has among its arguments.
const NAME: &str = "akari";

/// The process that started this one: the kernel. Only a process that runs cells has it.
const KERNEL: &str = "AKARI_KERNEL_PROCESS";
/// The session's folder, which goes with the kernel.
const FOLDER: &str = "AKARI_SESSION_FOLDER";
const PRELUDE: &str = "AKARI_PRELUDE";
const SEED: &str = "AKARI_SESSION_SEED";
/// What the learner has in the variable by which the loader finds the prelude. The loader looks at that once, before the
/// program begins.
const OWN_LIBRARIES: &str = "AKARI_OWN_LIBRARIES";

/// What the process needs to find its libraries.
#[derive(Debug, Clone)]
pub struct ChildSettings {
    /// The binary that becomes the process.
    pub program: PathBuf,
    pub prelude: PathBuf,
    /// Folders that handle the prelude, the standard library and what `:dep` built.
    pub library_paths: Vec<PathBuf>,
    /// The session's own folder, which the process removes if the kernel can't.
    pub folder: PathBuf,
    /// The seed of random numbers that the learner does not seed; a second process draws the same.
    pub seed: u64,
}

/// What the process was handed.
#[derive(Debug)]
pub struct Inheritance {
    pub kernel: Option<i32>,
    pub folder: Option<PathBuf>,
    pub prelude: PathBuf,
    pub seed: u64,
}

/// Whether this is to be a process that runs cells.
pub fn is_runtime() -> bool {
    env::args_os().len() == 1 && env::var_os(KERNEL).is_some()
}

/// A command that starts the process.
pub fn command(settings: &ChildSettings) -> io::Result<Command> {
    let mut command = Command::new(&settings.program);
    let own = env::var_os(LIBRARY_PATHS);
    let theirs = own.as_deref().map(env::split_paths).into_iter().flatten();
    let libraries = settings.library_paths.iter().cloned().chain(theirs);
    command
        .arg0(NAME)
        .env(KERNEL, std::process::id().to_string())
        .env(FOLDER, &settings.folder)
        .env(PRELUDE, &settings.prelude)
        .env(SEED, settings.seed.to_string())
        .env(LIBRARY_PATHS, env::join_paths(libraries).map_err(io::Error::other)?)
        // A backtrace of the kernel's frames helps no learner; the traceback names the learner's
        // line.
        .env("RUST_BACKTRACE", "0");
    if let Some(own) = own {
        command.env(OWN_LIBRARIES, own);
    }
    Ok(command)
}

/// Takes what was handed over out of the environment. To be called before any other thread starts.
pub fn take() -> Inheritance {
    let [kernel, folder, prelude, seed, own] =
        [KERNEL, FOLDER, PRELUDE, SEED, OWN_LIBRARIES].map(take_variable);
    set(LIBRARY_PATHS, own.as_deref());
    let number = |value: Option<OsString>| value?.into_string().ok();
    Inheritance {
        kernel: number(kernel).and_then(|it| it.parse().ok()),
        folder: folder.map(PathBuf::from),
        prelude: prelude.unwrap_or_default().into(),
        seed: number(seed).and_then(|it| it.parse().ok()).unwrap_or_default(),
    }
}

fn take_variable(name: &str) -> Option<OsString> {
    let value = env::var_os(name);
    set(name, None);
    value
}

fn set(name: &str, value: Option<&OsStr>) {
    // SAFETY: this is the process's only thread, as the caller of `take` promises.
    unsafe {
        match value {
            Some(value) => env::set_var(name, value),
            None => env::remove_var(name),
        }
    }
}
