//! Bringing a session back after its process ended: the journal's cells, run again unseen.
//!
//! What is brought back is worked out in `journal`. An interrupt on the way loses nothing: the
//! new process is given up, and the session is brought back before the next cell.

use std::time::{Duration, Instant};

use akari_seam::symbol::DONE;

use super::InstantEngine;
use super::journal::{Entry, Ran, Rebuilt, Why};
use super::state::Gone;
use crate::engine::outcome::{CellError, Output};
use crate::engine::stop::{Stop, Wish};
use crate::engine::traceback::plain_error;
use crate::engine::{CellId, Sink};
use crate::runtime::life;
use crate::runtime::parent::{ChildError, Death, RunEnd, Task};
use crate::runtime::wire::Command;

/// A cell that took longer is not run again unasked, unless `AKARI_REPLAY_SECONDS` says otherwise.
const LIMIT: Duration = Duration::from_secs(10);
/// All cells together may take this many times as long.
const CELLS: u32 = 3;
/// What a cell may take more than the first time, on a machine that is busier now.
const SLACK: u32 = 3;
/// How often a cell may end the new process as well.
const TRIES: usize = 3;

/// A learner who has stopped a cell waits for the answer: what takes longer is brought back before
/// the next cell.
const AT_ONCE: Duration = Duration::from_millis(100);

/// A process that ends so soon after the session was brought back may have been ended by what that
/// has started again.
const SOON: Duration = Duration::from_secs(30);

const A_LONG_TIME: Duration = Duration::from_secs(1 << 30);

/// How much is run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What is quickly done.
    Quick,
    /// All that can be, since the learner asked for it.
    All,
}

/// What is known of the processes before this one.
#[derive(Debug, Default)]
pub struct Past {
    /// The cell in which a process ended whose session is not back yet.
    pub pending: Option<CellId>,
    brought_back: Option<Instant>,
    /// How many processes in a row ended soon after they had been started.
    short_lives: u32,
}

impl Past {
    /// A process has ended; one that the kernel itself has killed says nothing about its cells.
    fn ended(&mut self, death: &Death) {
        let is_soon = self.brought_back.is_some_and(|it| it.elapsed() < SOON);
        match death {
            Death::Killed => {}
            _ if is_soon => self.short_lives += 1,
            _ => self.short_lives = 0,
        }
    }

    /// Whether cells that leave something running are to be left out, since that may be what ends
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

/// One rebuilding.
struct Attempt<'a> {
    extent: Extent,
    stop: &'a Stop,
    /// The wishes that had been dealt with when it began.
    heard: u32,
    /// For each cell of the journal, whether it ends the new process, or may.
    is_left_out: Vec<bool>,
    /// For each cell, whether the new process was killed in it.
    was_killed: Vec<bool>,
}

/// How an attempt ended.
enum Through {
    Yes,
    /// A cell ended the new process; it is left out the next time.
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
        let ended_in = match self.past.pending {
            Some(cell) => cell,
            None if !self.child.is_over() => return Ok(()),
            None => cell,
        };
        let unasked = self.past.pending.is_none();
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
        let is_lost = |gone: &Gone| matches!(gone, Gone::ProcessEnded { cell: it } if *it == cell);
        self.state.gone.iter().filter(|(_, gone)| is_lost(gone)).map(|(name, _)| name).collect()
    }

    /// What is said of a process that ended while no cell ran.
    fn end_between_cells(&mut self) -> String {
        let death = self.child.end_between_runs();
        self.past.ended(&death);
        format!("{} between two cells; ", super::run::death_text(&death))
    }

    /// The process has ended in a cell: brings the session back, at once if the learner doesn't
    /// wait for having stopped it. Returns what the learner is told.
    pub(super) fn recover(&mut self, death: &Death, cell: CellId, stop: &Stop) -> String {
        self.past.ended(death);
        match stop.wish() {
            Some(Wish::End) => {
                self.past.pending = Some(cell);
                String::new()
            }
            Some(Wish::Interrupt) if self.time_of_replay() > AT_ONCE => {
                self.past.pending = Some(cell);
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

    /// How long the cells took that would be run again.
    fn time_of_replay(&self) -> Duration {
        let limit = cell_limit();
        let times = self.journal.iter().filter_map(Entry::took).filter(|it| *it <= limit);
        times.sum::<Duration>().min(limit * CELLS)
    }

    /// Starts a new process and brings back what can be. Returns what the learner is told. The
    /// first `heard` wishes to stop have been dealt with.
    pub(super) fn rebuild(
        &mut self,
        cell: CellId,
        extent: Extent,
        stop: &Stop,
        heard: u32,
    ) -> Result<String, ReplayError> {
        self.past.pending = Some(cell);
        // Whoever asks for all of them means these too.
        let leaves_out_runners = extent == Extent::Quick && self.past.leaves_out_runners();
        let journal = std::mem::take(&mut self.journal);
        let is_left_out =
            journal.iter().map(|it| leaves_out_runners && it.habits.leaves_running).collect();
        let was_killed = vec![false; journal.len()];
        let mut attempt = Attempt { extent, stop, heard, is_left_out, was_killed };
        let rebuilt = self.attempts(&journal, &mut attempt);
        self.journal = journal;
        let rebuilt = rebuilt?;
        let summary = rebuilt.summary(&self.journal);
        self.state.variables = rebuilt.variables;
        self.state.gone = rebuilt.gone;
        for name in rebuilt.lost.into_keys() {
            self.state.gone.insert(name, Gone::ProcessEnded { cell });
        }
        self.past.pending = None;
        self.past.brought_back = Some(Instant::now());
        Ok(summary)
    }

    fn attempts(
        &mut self,
        journal: &[Entry],
        attempt: &mut Attempt<'_>,
    ) -> Result<Rebuilt, ReplayError> {
        for number in 0..=TRIES {
            self.child = self.start_child()?;
            if number == TRIES {
                // The process that stays is one that no cell has run in.
                attempt.is_left_out.fill(true);
            }
            let mut rebuilt = Rebuilt::default();
            match self.replay(journal, attempt, &mut rebuilt) {
                Through::Yes => return Ok(rebuilt),
                Through::Died => {}
                Through::Interrupted => break,
            }
        }
        Err(ReplayError::Interrupted)
    }

    fn replay(
        &mut self,
        journal: &[Entry],
        attempt: &mut Attempt<'_>,
        rebuilt: &mut Rebuilt,
    ) -> Through {
        let (start, limit) = (Instant::now(), cell_limit());
        for (index, entry) in journal.iter().enumerate() {
            if attempt.is_stopped() {
                return Through::Interrupted;
            }
            let (library, took) = match &entry.ran {
                Ran::Cut(cut) => {
                    self.skip(entry, Why::Cut(*cut), rebuilt);
                    continue;
                }
                Ran::Whole { library, took } => (library, *took),
            };
            let is_quick = took <= limit && start.elapsed() + took <= limit * CELLS;
            if attempt.is_left_out[index] {
                self.skip(entry, Why::FailedAgain, rebuilt);
                continue;
            }
            if !rebuilt.can_run(entry) || attempt.extent == Extent::Quick && !is_quick {
                self.skip(entry, Why::Postponed, rebuilt);
                continue;
            }
            let limit = match attempt.extent {
                Extent::Quick => took * SLACK + limit,
                Extent::All => A_LONG_TIME,
            };
            let mut unseen = Unseen { answers: entry.answers.iter() };
            let heard = attempt.heard;
            let stop = attempt.stop;
            let report =
                self.carry_out(Task::Library(library), Some(limit), stop, &mut unseen, |hold| {
                    let hold = std::sync::Arc::clone(hold);
                    // A cell can't be half run again: the process is given up.
                    stop.listen_beyond(heard, move |_| hold.step(life::Event::End))
                });
            match report.end {
                RunEnd::Returned(DONE) => rebuilt.ran(entry),
                RunEnd::Died(_) if attempt.is_stopped() => return Through::Interrupted,
                RunEnd::Died(death) => {
                    // A process that somebody killed from outside says nothing against the cell.
                    let was_killed = death == Death::Signal(libc::SIGKILL);
                    attempt.is_left_out[index] = !was_killed || attempt.was_killed[index];
                    attempt.was_killed[index] = true;
                    return Through::Died;
                }
                _ => self.skip(entry, Why::FailedAgain, rebuilt),
            }
        }
        Through::Yes
    }

    fn skip(&self, entry: &Entry, why: Why, rebuilt: &mut Rebuilt) {
        rebuilt.skipped(entry, why);
        if let Some(random) = &entry.random {
            // Later cells draw what they drew the first time.
            self.child.hold().send(&Command::Random(random.clone()));
        }
    }
}

impl Attempt<'_> {
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
        let mut past = Past::default();
        past.ended(&crash);
        for (death, is_suspicious) in
            [(&crash, false), (&Death::Killed, false), (&Death::Exit(3), true)]
        {
            past.brought_back = Some(Instant::now());
            past.ended(death);
            assert_eq!(past.leaves_out_runners(), is_suspicious, "{death:?}");
        }
        past.brought_back = Instant::now().checked_sub(SOON);
        past.ended(&crash);
        assert!(!past.leaves_out_runners());
    }
}
