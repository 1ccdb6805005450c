//! `akari kernel`: what Jupyter starts.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::{args, engine_config};
use crate::engine::{EngineChoice, EngineConfig};
use crate::jupyter::{self, KernelInfo};
use crate::setup::Progress;
use crate::setup::prelude;
use crate::setup::toolchain::{Toolchain, ToolchainError};

/// How long an ordinary start takes at most; no more is said of it.
const ORDINARY: Duration = Duration::from_secs(1);

pub fn kernel(arguments: &args::Kernel) -> anyhow::Result<ExitCode> {
    // Without a toolchain the kernel is served all the same: the learner's cell is the place where
    // an error is seen.
    let toolchain = Toolchain::find();
    let release = toolchain.as_ref().map_or("unknown", Toolchain::release).to_owned();
    let choice = arguments.engine;
    let prepare = move |report: &mut dyn FnMut(String)| prepare(choice, toolchain, report);
    let info = KernelInfo { rust_version: release };
    jupyter::serve(&arguments.connection_file, Box::new(prepare), info)?;
    Ok(ExitCode::SUCCESS)
}

fn prepare(
    choice: EngineChoice,
    toolchain: Result<Toolchain, ToolchainError>,
    report: &mut dyn FnMut(String),
) -> Result<EngineConfig, String> {
    let toolchain = toolchain.map_err(|error| error.to_string())?;
    let begin = Instant::now();
    let mut on_progress = |progress: &Progress| {
        if begin.elapsed() > ORDINARY {
            report(line(progress, begin.elapsed()));
        }
    };
    let prelude =
        prelude::find_or_build(&toolchain, &mut on_progress).map_err(|error| error.to_string())?;
    engine_config(choice, toolchain, prelude).map_err(|error| error.to_string())
}

/// How far a build is, in one line.
fn line(progress: &Progress, after: Duration) -> String {
    let count = match progress.crates {
        Some((done, total)) => format!("{done} of {total}, "),
        None => String::new(),
    };
    format!("akari: {} ({count}{} s)", progress.what, after.as_secs())
}
