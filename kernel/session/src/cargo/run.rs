//! One run of cargo to its end: what it says on the way, in cargo's own terms.
//!
//! Cargo's JSON goes to the caller alone, its messages for people into a log file as well. How a
//! failed run is put into words is in `failure`.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use crate::process::logged::{self, Ended, Event, Keep};

/// The progress bar is the only place where cargo says how much there is to do.
const WITH_PROGRESS: [(&str, &str); 3] = [
    ("CARGO_TERM_PROGRESS_WHEN", "always"),
    ("CARGO_TERM_PROGRESS_WIDTH", "120"),
    ("CARGO_TERM_COLOR", "never"),
];

/// What happens while cargo runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News<'a> {
    /// A line of JSON.
    Json(&'a str),
    Progress(Counted<'a>),
    /// A message for people, which the log has too.
    Said(&'a str),
    /// A second without a message.
    Tick,
}

/// Cargo's progress bar: `Building [====>   ] 45/160: candle-core, gemm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted<'a> {
    pub done: u64,
    pub total: u64,
    pub what: &'a str,
}

impl Counted<'_> {
    fn parse(line: &str) -> Option<Counted<'_>> {
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

/// Runs a cargo command. The run, and all that it has started, ends early where the caller breaks
/// off.
pub fn run(
    cargo: &mut Command,
    log: &Path,
    on_news: &mut dyn FnMut(News<'_>) -> ControlFlow<()>,
) -> io::Result<Ended> {
    logged::run(cargo.envs(WITH_PROGRESS), log, &mut |event| {
        let news = match event {
            Event::Stdout(line) => News::Json(line),
            Event::Stderr(line) => Counted::parse(line).map_or(News::Said(line), News::Progress),
            Event::Tick => News::Tick,
        };
        match (on_news(news), news) {
            (ControlFlow::Break(()), _) => Keep::Stop,
            (ControlFlow::Continue(()), News::Said(_)) => Keep::InLog,
            (ControlFlow::Continue(()), _) => Keep::Nowhere,
        }
    })
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
