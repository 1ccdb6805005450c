//! `akari kernel`: what Jupyter starts.

use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::config::{Choice, engine_config};
use super::{args, progress, words};
use crate::engine::EngineConfig;
use crate::history::History;
use crate::home;
use crate::home::manifest::Depth;
use crate::jupyter::{self, KernelInfo};
use crate::setup::Progress;
use crate::setup::evcxr_program;
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
    let mut toolchain = Some(toolchain);
    let mut failed = None;
    let prepare = move |report: &mut dyn FnMut(String)| {
        let toolchain = toolchain.take().unwrap_or_else(Toolchain::find);
        let prepared = prepare(choice, toolchain, failed.as_ref(), report);
        prepared.inspect_err(|error| failed = Some(error.clone()))
    };
    let info = KernelInfo { rust_version: release, done: words::told("done", &[]) };
    let prepare = Arc::new(Mutex::new(prepare));
    jupyter::serve(&arguments.connection_file, prepare, info, History::kept_in(history_file()))?;
    Ok(ExitCode::SUCCESS)
}

/// Where the cells of all sessions are kept.
fn history_file() -> Option<PathBuf> {
    if std::env::var_os("AKARI_HISTORY").is_some_and(|it| it == "off") {
        return None;
    }
    match home::make_home() {
        Ok(home) => Some(home.join("history.jsonl")),
        Err(error) => {
            tracing::warn!("the history ends with the session: {error}");
            None
        }
    }
}

/// Finds what the engine needs, or builds it. A build of minutes is not tried by every cell: after
/// it has failed, only what was mended meanwhile is found.
fn prepare(
    choice: Choice,
    toolchain: Result<Toolchain, ToolchainError>,
    failed: Option<&String>,
    report: &mut dyn FnMut(String),
) -> Result<EngineConfig, String> {
    let told = |error: &dyn Display| words::whole(&error.to_string());
    let toolchain = toolchain.map_err(|error| told(&error))?;
    let begin = Instant::now();
    let mut on_progress = |progress: &Progress| {
        if begin.elapsed() > ORDINARY {
            report(line(progress, begin.elapsed()));
        }
    };
    let prelude = match failed {
        None => prelude::find_or_build(&toolchain, &mut on_progress),
        Some(error) => match prelude::find(&toolchain, Depth::Sizes) {
            Ok(None) => return Err(error.clone()),
            Ok(Some(folder)) => Ok(folder),
            Err(error) => Err(error),
        },
    };
    let prelude = prelude.map_err(|error| told(&error))?;
    if choice == Choice::Evcxr && failed.is_none() {
        evcxr_program::find_or_build(&toolchain, &mut on_progress).map_err(|error| told(&error))?;
    }
    engine_config(choice, toolchain, prelude).map_err(|error| told(&error))
}

/// How far a build is, in one line.
fn line(progress: &Progress, after: Duration) -> String {
    let what = words::whole(&progress.what);
    format!("akari: {what} {}", progress::place(progress, after))
}
