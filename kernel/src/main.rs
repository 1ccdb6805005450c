//! Picks the role of this process: the process that runs cells, or the command line.

mod engine;
mod runtime;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before all else, so that the process that runs cells starts in a few milliseconds.
    if std::env::args_os().nth(1).is_some_and(|role| role == "runtime") {
        return runtime::child::main();
    }
    eprintln!("akari: the command line is not there yet");
    ExitCode::FAILURE
}
