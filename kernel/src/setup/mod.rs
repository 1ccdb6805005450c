//! What must be found or built before a cell can run: each thing in a file of its own.

pub mod background;
pub mod checkout;
mod estimate;
pub mod evcxr_program;
pub mod kernelspec;
pub mod lab;
pub mod lessons;
pub mod prelude;
pub mod python;
pub mod signing;
pub mod stock;
pub mod toolchain;

use std::time::Duration;

use crate::cargo::run::News;

/// How far long work is, for whoever waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is done at the moment, as a part of a sentence.
    pub what: String,
    /// Crates done, and crates in all, where that is known.
    pub crates: Option<(u64, u64)>,
    /// How long it still takes, where that can be told.
    pub left: Option<Duration>,
    /// Whether only the crate that all others were for is still compiled.
    pub is_last: bool,
}

impl Progress {
    pub fn doing(what: impl Into<String>) -> Progress {
        Progress { what: what.into(), crates: None, left: None, is_last: false }
    }

    /// What is done becomes what cargo does now: its crates, and before the first one its messages.
    fn follow(&mut self, what: &str, news: News<'_>) {
        match news {
            News::Progress(counted) => {
                self.crates = Some((counted.done, counted.total));
                self.what = format!("{what}: {}", counted.what);
            }
            News::Said(line) if self.crates.is_none() => {
                self.what = format!("{what}: {}", line.trim());
            }
            News::Json(_) | News::Said(_) | News::Tick => {}
        }
    }
}

/// Told how far the work is, at least once a second.
pub type OnProgress<'a> = dyn FnMut(&Progress) + 'a;
