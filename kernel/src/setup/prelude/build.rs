//! The cargo run that builds the prelude: what it says on the way, and why it failed.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::PreludeError;
use crate::cargo::artifact::Artifact;
use crate::cargo::environment::isolate;
use crate::home::HomeError;
use crate::process::logged::{self, Ended, Event, Keep};
use crate::setup::toolchain::Toolchain;
use crate::setup::{OnProgress, Progress};

/// Lines of cargo's messages that are shown when a build fails.
const TAIL: usize = 12;

/// Cargo's own folder in the home.
pub const FOLDER: &str = "build";

/// Runs cargo, and returns what it compiled or found fresh.
pub fn build(
    checkout: &Path,
    home: &Path,
    toolchain: &Toolchain,
    on_progress: &mut OnProgress<'_>,
) -> Result<Vec<Artifact>, PreludeError> {
    let log = home.join("build.log");
    let mut artifacts = Vec::new();
    let mut progress = Progress::doing(
        "building the prelude (candle, optimised; once per toolchain, some minutes)",
    );
    on_progress(&progress);
    let ended = logged::run(&mut command(checkout, home, toolchain), &log, &mut |event| {
        let keep = match event {
            Event::Stdout(line) => {
                artifacts.extend(Artifact::parse(line));
                Keep::Nowhere
            }
            Event::Stderr(line) => match Counted::parse(line) {
                Some(counted) => {
                    progress.crates = Some((counted.done, counted.total));
                    progress.what = format!("building the prelude: {}", counted.what);
                    Keep::Nowhere
                }
                None => {
                    if progress.crates.is_none() {
                        progress.what = format!("building the prelude: {}", line.trim());
                    }
                    Keep::InLog
                }
            },
            Event::Tick => Keep::Nowhere,
        };
        on_progress(&progress);
        keep
    });
    match ended {
        Ok(ended) if ended.status.success() => Ok(artifacts),
        Ok(ended) => Err(failure(home, log, &ended)),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            Err(PreludeError::NoCargo(source))
        }
        Err(source) => Err(HomeError::write(home, source).into()),
    }
}

/// What cargo is asked for, besides places.
pub const ARGUMENTS: [&str; 7] = [
    "rustc",
    "--release",
    "--lib",
    "--package",
    "akari",
    "--message-format",
    "json-render-diagnostics",
];

/// The compiler's: the standard library must exist once in a process, as a shared object too.
pub const FLAGS: [&str; 2] = ["-C", "prefer-dynamic"];

fn command(checkout: &Path, home: &Path, toolchain: &Toolchain) -> Command {
    let mut cargo = Command::new(&toolchain.cargo);
    isolate(&mut cargo, checkout);
    cargo
        .args(ARGUMENTS)
        .arg("--manifest-path")
        .arg(checkout.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(home.join(FOLDER))
        .arg("--")
        .args(FLAGS)
        .env("RUSTC", &toolchain.rustc)
        .envs(WITH_PROGRESS);
    cargo
}

/// The progress bar is the only place where cargo says how much there is to do.
pub const WITH_PROGRESS: [(&str, &str); 3] = [
    ("CARGO_TERM_PROGRESS_WHEN", "always"),
    ("CARGO_TERM_PROGRESS_WIDTH", "120"),
    ("CARGO_TERM_COLOR", "never"),
];

/// Cargo's progress bar: `Building [====>   ] 45/160: candle-core, gemm`.
#[derive(Debug, PartialEq, Eq)]
pub struct Counted<'a> {
    pub done: u64,
    pub total: u64,
    pub what: &'a str,
}

impl Counted<'_> {
    pub fn parse(line: &str) -> Option<Counted<'_>> {
        let (head, after) = line.split_once(']')?;
        head.trim_start().strip_prefix("Building [")?;
        let (numbers, what) = after.trim().split_once(':').unwrap_or((after.trim(), ""));
        let (done, total) = numbers.split_once('/')?;
        Some(Counted {
            done: done.trim().parse().ok()?,
            total: total.trim().parse().ok()?,
            what: what.trim(),
        })
    }
}

/// What cargo's last messages mean.
fn failure(home: &Path, log: PathBuf, ended: &Ended) -> PreludeError {
    let tail = ended.tail(usize::MAX);
    let has = |words: &[&str]| words.iter().any(|it| tail.contains(it));
    if has(&["No space left on device", "os error 28"]) {
        HomeError::Full { path: home.to_owned() }.into()
    } else if has(&["Permission denied", "Read-only file system"])
        && tail.contains(&*home.to_string_lossy())
    {
        let source = std::io::ErrorKind::PermissionDenied.into();
        HomeError::Write { path: home.to_owned(), source }.into()
    } else if has(&["linker `cc` not found"]) {
        PreludeError::Linker
    } else if has(&[
        "failed to download",
        "Could not resolve host",
        "Couldn't connect",
        "Failed to connect",
        "spurious network error",
    ]) {
        PreludeError::Network { log }
    } else {
        PreludeError::Build { tail: ended.tail(TAIL), log }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_progress_bar_is_understood() {
        let line = "    Building [=====>                   ] 45/160: candle-core, gemm(build)";
        assert_eq!(
            Counted::parse(line),
            Some(Counted { done: 45, total: 160, what: "candle-core, gemm(build)" })
        );
        assert_eq!(Counted::parse("   Compiling candle-core v0.11.1"), None);
    }
}
