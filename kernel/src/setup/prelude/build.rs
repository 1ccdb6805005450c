//! The cargo run that builds the prelude: what it is asked for, what it says on the way, and why
//! it failed.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::error::PreludeError;
use crate::cargo::artifact::{Artifact, MARK};
use crate::cargo::environment::isolate;
use crate::cargo::failure::{Cause, causes};
use crate::cargo::run::{self, Counted, News};
use crate::home::HomeError;
use crate::platform::LINKING;
use crate::process::logged::Ended;
use crate::setup::estimate::Estimate;
use crate::setup::toolchain::Toolchain;
use crate::setup::{OnProgress, Progress};

/// Lines of cargo's messages that are shown when a build fails.
const TAIL: usize = 12;

/// Cargo's own folder in the home.
pub const FOLDER: &str = "build";

/// What cargo is asked for, besides places.
pub const ARGUMENTS: [&str; 13] = [
    "rustc",
    "--release",
    "--lib",
    "--package",
    "akari",
    "--message-format",
    "json-render-diagnostics",
    // Without LTO between the parts of a crate, loops call small functions for each number, candle's own loops too: a copy of
    // a transposed tensor took 12 times as long.
    "--config",
    "profile.release.lto=false",
    MARK[0],
    MARK[1],
    "--config",
    "profile.release.overflow-checks=false",
];

/// The compiler's: the standard library must exist once in a process, as a shared object too; and what
/// only the kernel's prelude has (`src/rt/sources.rs`).
const FLAGS: [&str; 4] = ["-C", "prefer-dynamic", "--cfg", "akari_kernel"];

/// [`FLAGS`], and what the linker is told on this system.
pub fn flags() -> Vec<&'static str> {
    [&FLAGS, LINKING].concat()
}

/// The one crate that may use unstable features.
const UNSTABLE: (&str, &str) = ("RUSTC_BOOTSTRAP", "akari");

/// The beginning of the progress line.
const WHAT: &str = "building the prelude";

/// The line with which cargo begins the prelude's own crate, which it builds last.
const LAST: &str = "Compiling akari v";

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
    let (begin, mut estimate) = (Instant::now(), Estimate::default());
    let ended = run::run(&mut command(checkout, home, toolchain), &log, &mut |news| {
        if let News::Json(line) = news {
            artifacts.extend(Artifact::parse(line));
            estimate.message(line, begin.elapsed());
        }
        if let News::Progress(counted) = news {
            estimate.counted(counted.total);
        }
        progress.follow(WHAT, news);
        if matches!(news, News::Said(line) if line.trim_start().starts_with(LAST)) {
            progress.is_last = true;
            // cargo draws no progress while a single crate is compiled.
            if let Some((_, total)) = progress.crates {
                let counted = Counted { done: total.saturating_sub(1), total, what: "akari" };
                progress.follow(WHAT, News::Progress(counted));
            }
        }
        progress.left = estimate.left(begin.elapsed());
        on_progress(&progress);
        ControlFlow::Continue(())
    });
    match ended {
        Ok(ended) if ended.status.success() => Ok(artifacts),
        Ok(ended) => Err(failure(home, log, &ended)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            Err(PreludeError::NoCargo(source))
        }
        Err(source) => Err(HomeError::write(home, source).into()),
    }
}

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
        .args(flags())
        .env("RUSTC", &toolchain.rustc)
        .env(UNSTABLE.0, UNSTABLE.1);
    cargo
}

/// The error that the learner sees, with the way out where one is known.
fn failure(home: &Path, log: PathBuf, ended: &Ended) -> PreludeError {
    let is_home_named = || ended.tail(usize::MAX).contains(&*home.to_string_lossy());
    for cause in causes(ended) {
        match cause {
            Cause::DiskFull => return HomeError::Full { path: home.to_owned() }.into(),
            Cause::Denied if is_home_named() => {
                let source = io::ErrorKind::PermissionDenied.into();
                return HomeError::Write { path: home.to_owned(), source }.into();
            }
            Cause::NoLinker => return PreludeError::Linker,
            Cause::Network => return PreludeError::Network { log },
            Cause::Denied | Cause::Other => {}
        }
    }
    PreludeError::Build { tail: ended.tail(TAIL), log }
}
