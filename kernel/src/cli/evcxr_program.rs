//! The program `akari-evcxr` as the commands see it: who builds it, in the foreground by
//! `akari build-evcxr` and `--engine evcxr`, in the background by `akari install` and `akari lab`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::config::Choice;
use super::progress::Reporter;
use super::{args, say};
use crate::engine::analyser;
use crate::setup::background;
use crate::setup::evcxr_program::{self, EvcxrBuildError};
use crate::setup::toolchain::Toolchain;

/// `akari build-evcxr`: what `akari install` and `akari lab` begin in the background.
pub fn build(arguments: &args::BuildEvcxr) -> anyhow::Result<ExitCode> {
    if arguments.background {
        background::give_way()?;
    }
    let program = find_or_build(&Toolchain::find()?)?;
    say(&program.display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// Builds the program, if the engine needs it; the user sees how far that is.
pub fn prepare(choice: Choice, toolchain: &Toolchain) -> Result<(), EvcxrBuildError> {
    match choice {
        Choice::Instant => Ok(()),
        Choice::Evcxr => find_or_build(toolchain).map(drop),
    }
}

/// The program, built if need be; the user sees how far that is.
pub fn find_or_build(toolchain: &Toolchain) -> Result<PathBuf, EvcxrBuildError> {
    let mut reporter = Reporter::new();
    let program = evcxr_program::find_or_build(toolchain, &mut |progress| reporter.show(progress))?;
    reporter.finish();
    Ok(program)
}

/// Begins to build the program in the background, for the kernels that follow.
pub fn ask_for(toolchain: &Toolchain) {
    if analyser::is_off() {
        return;
    }
    if let Err(error) = evcxr_program::ask_for(toolchain) {
        tracing::warn!("`akari-evcxr` will not be built: {error}");
    }
}
