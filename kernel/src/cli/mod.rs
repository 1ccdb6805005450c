//! The command line: what was typed, one file per command, and the exit code.

mod args;
mod classroom;
mod config;
mod doctor;
mod evcxr_program;
mod export;
mod finder;
mod hidden;
mod install;
mod kernel;
mod lab;
mod lesson;
mod lessons;
mod pack;
mod pictures;
mod progress;
mod room;
mod run;
mod words;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use self::args::{Arguments, Command};
use self::progress::Reporter;
use crate::home::manifest::Depth;
use crate::setup::OnProgress;
use crate::setup::checkout::{self, Look};
use crate::setup::prelude::{self, PreludeError};
use crate::setup::toolchain::Toolchain;

/// Nothing could be done: the same code as for a misspelt option.
const UNUSABLE: u8 = 2;

/// Runs what was typed.
pub fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let code_of_errors =
        if matches!(command, Command::Run(_) | Command::Export(_) | Command::Lesson(_)) {
            UNUSABLE
        } else {
            1
        };
    let result = place(&command).and_then(|()| ready(&command)).and_then(|()| match command {
        Command::Lab(arguments) => lab::lab(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Export(arguments) => export::export(&arguments),
        Command::Lesson(arguments) => lesson::lesson(&arguments),
        Command::Install(arguments) => install::install(&arguments),
        Command::Uninstall(arguments) => install::uninstall(&arguments),
        Command::Doctor(arguments) => doctor::doctor(&arguments),
        Command::Kernel(arguments) => kernel::kernel(&arguments),
        Command::BuildEvcxr(arguments) => evcxr_program::build(&arguments),
        Command::Prepare => lessons::prepare_later(),
        Command::PackPrelude(arguments) => pack::pack(&arguments),
    });
    result.unwrap_or_else(|error| {
        // The other end of stderr may be gone as well.
        let _ = writeln!(std::io::stderr(), "akari: {}", sentence(&error));
        ExitCode::from(code_of_errors)
    })
}

/// Picks the home of the commands that are for the whole machine.
fn place(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Install(args::Install { place, .. })
        | Command::Uninstall(args::Uninstall { place }) => {
            install::enter_home_of_the_machine(place)
        }
        _ => Ok(()),
    }
}

/// Unpacks the sources that the program carries, for the commands that need them. A kernel is served all the same: the
/// learner's cell is the place where an error is seen. So does the doctor work, who says what ails the cache.
fn ready(command: &Command) -> anyhow::Result<()> {
    let look = match command {
        Command::Uninstall(_) => return Ok(()),
        Command::Doctor(_)
        | Command::Kernel(_)
        | Command::Run(_)
        | Command::Export(_)
        | Command::Lesson(_)
        | Command::BuildEvcxr(_)
        | Command::Prepare => Look::Presence,
        Command::Lab(_) | Command::Install(_) | Command::PackPrelude(_) => Look::Files,
    };
    match (command, checkout::prepare(look)) {
        (Command::Kernel(_) | Command::Doctor(_), Err(error)) => {
            tracing::warn!("the carried sources were not unpacked: {error}");
            Ok(())
        }
        (_, result) => Ok(result?),
    }
}

/// The error, in the user's language, with those of its causes that its text does not hold yet.
fn sentence(error: &anyhow::Error) -> String {
    let (mut text, mut told) = (String::new(), Vec::new());
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() || !text.contains(&cause) {
            told.push(words::whole(&cause));
            text.push_str(&cause);
        }
    }
    told.join(": ")
}

/// Prints a line; it is no error if nobody reads it.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The prelude, built if need be; the user sees how far that is.
fn find_prelude(toolchain: &Toolchain) -> Result<PathBuf, PreludeError> {
    let mut reporter = Reporter::new();
    let folder = prelude::find_or_build(toolchain, &mut |progress| reporter.show(progress))?;
    reporter.finish();
    Ok(folder)
}

/// The same, for the commands that mend what is damaged.
fn mend_prelude(
    toolchain: &Toolchain,
    depth: Depth,
    on_progress: &mut OnProgress<'_>,
) -> Result<PathBuf, PreludeError> {
    let mut reporter = Reporter::new();
    let folder = prelude::find_or_mend(toolchain, depth, &mut |progress| {
        reporter.show(progress);
        on_progress(progress);
    })?;
    reporter.finish();
    Ok(folder)
}
