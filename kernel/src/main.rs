//! Picks the role of this process: one that runs cells, a compiler for evcxr or for dependencies,
//! or the command line.

mod cargo;
mod cli;
mod engine;
mod home;
mod jupyter;
mod notebook;
mod process;
mod runtime;
mod setup;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before all else, so that the process that runs cells starts in a few milliseconds.
    if std::env::args_os().nth(1).is_some_and(|role| role == "runtime") {
        return runtime::child::main();
    }
    if std::env::args_os().nth(1).is_some_and(|role| role == "evcxr-runtime") {
        return engine::evcxr::child::main();
    }
    if std::env::args_os().nth(1).is_some_and(|role| role == engine::analyser::ROLE) {
        return engine::evcxr::analyser::main();
    }
    if std::env::args_os().nth(1).is_some_and(|role| role == process::guard::ROLE) {
        return process::guard::main();
    }
    let compiled = engine::evcxr::compiler::run().or_else(engine::instant::deps::compiler::run);
    if let Some(code) = compiled {
        return code;
    }
    log_if_asked();
    cli::main()
}

/// Says on stderr what `AKARI_LOG` asks for, such as `debug` or `akari::jupyter=trace`; otherwise
/// nothing, since notebooks show a kernel's stderr to the learner.
fn log_if_asked() {
    if let Ok(filter) = std::env::var("AKARI_LOG") {
        let layer = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        // Only another subscriber could be in the way, and there is none.
        let _ = layer.try_init();
    }
}
