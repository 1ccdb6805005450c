//! Picks the role of this process: one that runs cells, a compiler for dependencies, the guard of a
//! process group, or the command line.
//!
//! `unsafe` stands only in the files that allow it themselves (`tests/tidy.rs` lists them).

#![deny(unsafe_code)]

mod cli;
mod export;
mod lesson;
mod notebook;
mod setup;

use std::process::ExitCode;
use std::sync::Mutex;

// The other rooms, which modules here name as if they stood beside them.
use akari_session::{cargo, engine, hidden, history, home, jupyter, platform, process, runtime};
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::home::log::Log;

fn main() -> ExitCode {
    // Before all else, so that the process that runs cells starts in a few milliseconds.
    if let Some(code) = runtime::child::main() {
        return code;
    }
    if std::env::args_os().nth(1).is_some_and(|role| role == process::guard::ROLE) {
        return process::guard::main();
    }
    if let Some(code) = engine::instant::deps::compiler::run() {
        return code;
    }
    log();
    cli::main()
}

/// Lets what goes wrong be written to the log in the home: warnings, or what `AKARI_LOG` asks for,
/// such as `debug` or `akari_session::jupyter=trace`. Never to stderr, which notebooks show to the learner.
fn log() {
    let asked = std::env::var("AKARI_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let targets = asked.unwrap_or_else(|| Targets::new().with_default(Level::WARN));
    let file = Mutex::new(Log::new(|| home::make_home().ok()));
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(file);
    // Only another subscriber could be in the way, and there is none.
    let _ = tracing_subscriber::registry().with(layer.with_filter(targets)).try_init();
}
