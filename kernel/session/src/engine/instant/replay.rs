//! Bringing a session back after its process ended: the journal's cells, run again unseen.
//!
//! `journal` works out which variables come back. An interrupt on the way loses nothing: the kernel
//! gives the new process up, and brings the session back before the next cell.

use std::time::{Duration, Instant};

use akari_seam::symbol::DONE;

use super::InstantEngine;
use super::journal::{JournalEntry, Reach, RestoredSession, SkipReason};
use super::state::Absence;
use crate::engine::outcome::{CellError, Output};
use crate::engine::stop::{Stop, Wish};
use crate::engine::traceback::plain_error;
use crate::engine::{CellId, Sink};
use crate::runtime::life::LifeEvent;
use crate::runtime::parent::{ChildError, Death, RunEnd, Task};
use crate::runtime::wire::Command;

/// A cell that took longer is not run again unasked, unless `AKARI_REPLAY_SECONDS` says otherwise.
const LIMIT: Duration = Duration::from_secs(10);
/// All cells together may take this many times as long as one.
const CELLS: u32 = 3;
/// How many times as long as before a cell may take, since the machine may be busier now.
const SLACK: u32 = 3;
/// How often a cell may end the new process as well.
const TRIES: usize = 3;

/// A learner who has stopped a cell waits for the answer. A session that takes longer to bring back
/// is brought back before the next cell.
const AT_ONCE: Duration = Duration::from_millis(100);

/// A process that ends so soon may have been ended by a cell that ran again, through a thread or a
/// program that it has started.
const SOON: Duration = Duration::from_secs(30);

const A_LONG_TIME: Duration = Duration::from_secs(1 << 30);

/// Which cells run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Only cells that ran quickly the first time.
    Quick,
    /// All cells that can run again, as `:replay` asks for.
    All,
}

/// The processes that ran cells before the present one.
#[derive(Debug, Default)]
pub struct ProcessHistory {
    /// The cell in which a process ended whose session is not back yet.
    pub pending: Option<CellId>,
    brought_back: Option<Instant>,
    /// How many processes in a row ended soon after they had been started.
    short_lives: u32,
}

impl ProcessHistory {
    /// Notes the end of a process. A process that the kernel killed says nothing about its cells.
    fn ended(&mut self, death: &Death) {
        let is_soon = self.brought_back.is_some_and(|it| it.elapsed() < SOON);
        match death {
            Death::Killed => {}
            _ if is_soon => self.short_lives += 1,
            _ => self.short_lives = 0,
        }
    }

    /// Whether to leave out cells that leave something running: it may be such a thing that ends
    /// one process after the other.
    fn leaves_out_runners(&self) -> bool {
        self.short_lives > 1
    }
}

/// Why a session is not back.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("the session is brought back before the next cell")]
    Interrupted,
    #[error("no new process could be started ({0}); the next cell tries again")]
    Start(#[from] ChildError),
}

/// A sink that shows nothing, and answers questions as the learner did the first time.
struct SilentSink<'a> {
    answers: std::slice::Iter<'a, String>,
}

impl Sink for SilentSink<'_> {
    fn output(&mut self, _: Output) {}

    fn input(&mut self, _: &str, _: bool) -> Option<String> {
        self.answers.next().cloned()
    }
}

/// The state of bringing a session back.
struct Rebuilding<'a> {
    extent: Extent,
    stop: &'a Stop,
    /// How many wishes to stop were dealt with before.
    heard: u32,
    /// For each cell of the journal, whether it ends the new process, or may end it.
    is_left_out: Vec<bool>,
    /// For each cell of the journal, whether the new process was killed during it.
    was_killed: Vec<bool>,
}

/// How running the journal's cells in a new process ended.
enum ReplayEnd {
    Complete,
    /// A cell ended the new process; the next process leaves that cell out.
    Died,
    Interrupted,
}

impl InstantEngine {
    /// Makes sure that there is a process with the session in it, before a cell needs one.
    pub(super) fn wake(
        &mut self,
        cell: CellId,
        stop: &Stop,
        sink: &mut dyn Sink,
    ) -> Result<(), CellError> {
        let ended_in = match self.processes.pending {
            Some(cell) => cell,
            None if !self.child.is_over() => return Ok(()),
            None => cell,
        };
        let unasked = self.processes.pending.is_none();
        let how = if unasked { self.end_between_cells() } else { String::new() };
        match self.rebuild(ended_in, Extent::Quick, stop, 0) {
            Ok(summary) if unasked || !self.lost_in(ended_in).is_empty() => {
                sink.output(Output::text(format!("{how}{summary}").trim_end()));
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error @ ReplayError::Interrupted) => {
                Err(plain_error("Interrupted", &error.to_string()))
            }
            Err(error) => Err(plain_error("ProcessCrash", &error.to_string())),
        }
    }

    fn lost_in(&self, cell: CellId) -> Vec<&String> {
        let is_lost = |absence: &Absence| *absence == Absence::ProcessEnded { cell };
        self.state
            .absent
            .iter()
            .filter(|(_, absence)| is_lost(absence))
            .map(|(name, _)| name)
            .collect()
    }

    /// Notes the end of a process while no cell ran; returns the words for it.
    fn end_between_cells(&mut self) -> String {
        let death = self.child.end_between_runs();
        self.processes.ended(&death);
        format!("{} between two cells; ", super::run::death_text(&death))
    }

    /// Brings the session back after its process ended in a cell: at once, unless the learner has
    /// stopped the cell and waits for the answer. Returns the words for the learner.
    pub(super) fn recover(&mut self, death: &Death, cell: CellId, stop: &Stop) -> String {
        self.processes.ended(death);
        match stop.wish() {
            Some(Wish::End) => {
                self.processes.pending = Some(cell);
                String::new()
            }
            Some(Wish::Interrupt) if self.time_of_replay() > AT_ONCE => {
                self.processes.pending = Some(cell);
                format!(
                    "the session's cells run again before the next one (about {} s)",
                    self.time_of_replay().as_secs().max(1)
                )
            }
            _ => self
                .rebuild(cell, Extent::Quick, stop, stop.raised())
                .unwrap_or_else(|error| error.to_string()),
        }
    }

    /// The time that bringing the session back takes, judged by the first runs of its cells.
    fn time_of_replay(&self) -> Duration {
        let limit = cell_limit();
        let times = self.journal.iter().filter_map(JournalEntry::took).filter(|it| *it <= limit);
        times.sum::<Duration>().min(limit * CELLS)
    }

    /// Starts a new process and brings back what can come back. Returns the words for the learner.
    /// The first `heard` wishes to stop have been dealt with.
    pub(super) fn rebuild(
        &mut self,
        cell: CellId,
        extent: Extent,
        stop: &Stop,
        heard: u32,
    ) -> Result<String, ReplayError> {
        self.processes.pending = Some(cell);
        // A learner who asks for all cells means those too that leave something running.
        let leaves_out_runners = extent == Extent::Quick && self.processes.leaves_out_runners();
        let journal = std::mem::take(&mut self.journal);
        let is_left_out =
            journal.iter().map(|entry| leaves_out_runners && entry.habits.leaves_running).collect();
        let was_killed = vec![false; journal.len()];
        let mut rebuilding = Rebuilding { extent, stop, heard, is_left_out, was_killed };
        let restored = self.attempts(&journal, &mut rebuilding);
        self.journal = journal;
        let restored = restored?;
        let summary = restored.summary(&self.journal);
        self.state.variables = restored.variables;
        self.state.absent = restored.absent;
        self.state
            .statics
            .known
            .retain(|base, home| restored.statics.contains(&(base.clone(), home.instance)));
        for name in restored.lost.into_keys() {
            self.state.absent.insert(name, Absence::ProcessEnded { cell });
        }
        self.processes.pending = None;
        self.processes.brought_back = Some(Instant::now());
        Ok(summary)
    }

    fn attempts(
        &mut self,
        journal: &[JournalEntry],
        rebuilding: &mut Rebuilding<'_>,
    ) -> Result<RestoredSession, ReplayError> {
        for number in 0..=TRIES {
            self.child = self.start_child()?;
            if number == TRIES {
                // No cell runs in the last new process, so that none can end it.
                rebuilding.is_left_out.fill(true);
            }
            let mut restored = RestoredSession::default();
            match self.replay(journal, rebuilding, &mut restored) {
                ReplayEnd::Complete => return Ok(restored),
                ReplayEnd::Died => {}
                ReplayEnd::Interrupted => break,
            }
        }
        Err(ReplayError::Interrupted)
    }

    fn replay(
        &mut self,
        journal: &[JournalEntry],
        rebuilding: &mut Rebuilding<'_>,
        restored: &mut RestoredSession,
    ) -> ReplayEnd {
        let (start, limit) = (Instant::now(), cell_limit());
        for (index, entry) in journal.iter().enumerate() {
            if rebuilding.is_stopped() {
                return ReplayEnd::Interrupted;
            }
            let (library, took) = match &entry.reach {
                Reach::Cut(cut) => {
                    self.skip(entry, SkipReason::Cut(*cut), restored);
                    continue;
                }
                Reach::Whole { library, took } => (library, *took),
            };
            let is_quick = took <= limit && start.elapsed() + took <= limit * CELLS;
            if rebuilding.is_left_out[index] {
                self.skip(entry, SkipReason::FailedAgain, restored);
                continue;
            }
            if !restored.can_run(entry) || rebuilding.extent == Extent::Quick && !is_quick {
                self.skip(entry, SkipReason::Postponed, restored);
                continue;
            }
            let limit = match rebuilding.extent {
                Extent::Quick => took * SLACK + limit,
                Extent::All => A_LONG_TIME,
            };
            let mut sink = SilentSink { answers: entry.answers.iter() };
            let heard = rebuilding.heard;
            let stop = rebuilding.stop;
            let report =
                self.carry_out(Task::Library(library), Some(limit), stop, &mut sink, |handle| {
                    let handle = std::sync::Arc::clone(handle);
                    // Half a cell is of no use: the new process is given up.
                    stop.listen_beyond(heard, move |_| handle.step(LifeEvent::End))
                });
            match report.end {
                RunEnd::Returned(DONE) => restored.ran(entry),
                RunEnd::Died(_) if rebuilding.is_stopped() => return ReplayEnd::Interrupted,
                RunEnd::Died(death) => {
                    // Somebody may have killed the process from outside: the cell gets a second
                    // try.
                    let was_killed = death == Death::Signal(libc::SIGKILL);
                    rebuilding.is_left_out[index] = !was_killed || rebuilding.was_killed[index];
                    rebuilding.was_killed[index] = true;
                    return ReplayEnd::Died;
                }
                _ => self.skip(entry, SkipReason::FailedAgain, restored),
            }
        }
        ReplayEnd::Complete
    }

    fn skip(&self, entry: &JournalEntry, reason: SkipReason, restored: &mut RestoredSession) {
        restored.skipped(entry, reason);
        if let Some(random) = &entry.random {
            // So that later cells draw the same numbers as the first time.
            self.child.handle().send(&Command::Random(random.clone()));
        }
    }
}

impl Rebuilding<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.raised() > self.heard
    }
}

fn cell_limit() -> Duration {
    let given = std::env::var("AKARI_REPLAY_SECONDS").ok().and_then(|it| it.trim().parse().ok());
    given.map_or(LIMIT, Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_are_left_out_once_processes_end_soon_one_after_the_other() {
        let crash = Death::Signal(libc::SIGABRT);
        let mut processes = ProcessHistory::default();
        processes.ended(&crash);
        for (death, is_suspicious) in
            [(&crash, false), (&Death::Killed, false), (&Death::Exit(3), true)]
        {
            processes.brought_back = Some(Instant::now());
            processes.ended(death);
            assert_eq!(processes.leaves_out_runners(), is_suspicious, "{death:?}");
        }
        processes.brought_back = Instant::now().checked_sub(SOON);
        processes.ended(&crash);
        assert!(!processes.leaves_out_runners());
    }
}
