//! Bringing a session back after its process ended: the journal's cells, run again unseen.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::InstantEngine;
use super::journal::{Entry, Rebuilt};
use super::state::Gone;
use crate::engine::Sink;
use crate::engine::outcome::Output;
use crate::runtime::parent::{Child, RunEnd};
use crate::runtime::wire::Command;

/// A cell that took longer is not run again unasked, unless `AKARI_REPLAY_SECONDS` says otherwise.
const LIMIT: Duration = Duration::from_secs(10);
/// All cells together may take this many times as long.
const CELLS: u32 = 3;
/// What a cell may take more than the first time, on a machine that is busier now.
const SLACK: u32 = 3;
/// How often a cell may end the new process as well.
const TRIES: usize = 3;

const A_LONG_TIME: Duration = Duration::from_secs(1 << 30);

/// How much is run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What is quickly done.
    Quick,
    /// All, since the learner asked for it.
    All,
}

/// Shows nothing, and answers as the learner did the first time.
struct Unseen<'a> {
    answers: std::slice::Iter<'a, String>,
}

impl Sink for Unseen<'_> {
    fn output(&mut self, _: Output) {}

    fn input(&mut self, _: &str, _: bool) -> Option<String> {
        self.answers.next().cloned()
    }
}

impl InstantEngine {
    /// Starts a new process and brings back what can be. Returns what the learner is told.
    pub(super) fn rebuild(&mut self, cell: u32, extent: Extent) -> String {
        if self.shared.is_ending.load(Ordering::SeqCst) {
            return String::new();
        }
        // From here on an interrupt means the rebuilding, not the cell before it.
        self.shared.is_wanted.store(false, Ordering::SeqCst);
        let journal = std::mem::take(&mut self.journal);
        let mut unplayable = vec![false; journal.len()];
        let mut rebuilt = Rebuilt::default();
        for attempt in 0..=TRIES {
            match Child::start(&self.child_settings) {
                Ok(child) if attempt < TRIES => {
                    self.shared.set(&child);
                    self.child = child;
                }
                // The process that stays is one that no cell has run in.
                last => {
                    unplayable.fill(true);
                    if let Ok(child) = last {
                        self.shared.set(&child);
                        self.child = child;
                    }
                }
            }
            rebuilt = Rebuilt::default();
            if self.replay(&journal, &mut unplayable, &mut rebuilt, extent) {
                break;
            }
        }
        let summary = rebuilt.summary(&journal);
        self.state.variables = rebuilt.variables;
        self.state.gone = rebuilt.gone;
        for name in rebuilt.lost.into_keys() {
            self.state.gone.insert(name, Gone::ProcessEnded { cell });
        }
        self.journal = journal;
        summary
    }

    /// Whether the process came through it; if not, the cell that ended it is unplayable.
    fn replay(
        &mut self,
        journal: &[Entry],
        unplayable: &mut [bool],
        rebuilt: &mut Rebuilt,
        extent: Extent,
    ) -> bool {
        let (start, limit) = (Instant::now(), cell_limit());
        for (entry, unplayable) in journal.iter().zip(unplayable) {
            let is_quick = entry.took <= limit && start.elapsed() + entry.took <= limit * CELLS;
            let was_stopped = self.shared.is_wanted.load(Ordering::SeqCst);
            let is_allowed = !*unplayable && !was_stopped && rebuilt.can_run(entry);
            if !is_allowed || extent == Extent::Quick && !is_quick {
                self.skip(entry, rebuilt);
                continue;
            }
            let limit = match extent {
                Extent::Quick => entry.took * SLACK + limit,
                Extent::All => A_LONG_TIME,
            };
            let mut unseen = Unseen { answers: entry.answers.iter() };
            match self.run_unseen(limit, &entry.library, &mut unseen).end {
                RunEnd::Returned(1) => rebuilt.ran(entry),
                RunEnd::Died(_) => {
                    *unplayable = true;
                    return false;
                }
                _ => self.skip(entry, rebuilt),
            }
        }
        true
    }

    fn skip(&self, entry: &Entry, rebuilt: &mut Rebuilt) {
        rebuilt.skipped(entry);
        if let Some(random) = &entry.random {
            // Later cells draw what they drew the first time.
            self.child.hold().send(&Command::Random(random.clone()));
        }
    }
}

fn cell_limit() -> Duration {
    let given = std::env::var("AKARI_REPLAY_SECONDS").ok().and_then(|it| it.trim().parse().ok());
    given.map_or(LIMIT, Duration::from_secs)
}
