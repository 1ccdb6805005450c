//! A cell that ran for long, compiled once more with optimisation while nobody waits for it.
//!
//! One cell at a time is compiled so, at the lowest priority, when the machine has a processor to
//! spare. Such a compile takes a slot as others do, and gives way to whatever this session
//! compiles. Checks of overflows and assertions stay, so that the cell does the same as before.
//! `build` decides which cells are worth it, and uses the library at their next run if it was made.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::command::{Product, cap_of_lints};
use super::run::Run;
use super::{Compiler, Library};
use crate::engine::instant::generate::Source;
use crate::engine::instant::slots::Slots;
use crate::engine::stop::{Stop, Wish};
use crate::platform::{self, Processors};
use crate::process::group::Group;

/// The level of optimisation. Of two levels rustc takes the last.
pub const OPTIMISED: &str = "-Copt-level=3";

/// How long to wait for a processor on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often to look for one.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub struct Later {
    job: Option<Job>,
}

#[derive(Debug)]
struct Job {
    seal: String,
    stop: Stop,
    done: Receiver<Library>,
}

/// The part of a job that its thread carries out.
struct Order {
    command: Command,
    run: Run,
    /// The folder for the library: an ordinary compile may make one of the same name elsewhere.
    target: PathBuf,
    slots: Arc<Slots>,
    stop: Stop,
}

impl Later {
    /// Whether a source is being compiled, or its library waits to be taken over.
    pub fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    /// Compiles a source again.
    pub fn start(&mut self, compiler: &Compiler, source: &Source, folder: &Path) {
        let target = folder.join("optimised");
        let _ = DirBuilder::new().mode(0o700).create(&target);
        let Ok(run) = Run::new(folder, &source.file, &source.file, &source.text) else { return };
        let stem = source.file.trim_end_matches(".rs");
        let dependencies = compiler.dependencies.arguments(&source.text);
        let mut ordinary = compiler.command(
            &source.file,
            stem,
            &source.metadata,
            &dependencies,
            Product::Library,
            run.path(),
        );
        ordinary.args(cap_of_lints(&source.text));
        let stop = Stop::default();
        let order = Order {
            command: optimising(&ordinary),
            run,
            target,
            slots: Arc::clone(&compiler.slots),
            stop: stop.clone(),
        };
        let (sender, done) = channel();
        let spawned = thread::Builder::new().name("later".into()).spawn(move || {
            if let Some(library) = order.carry_out() {
                // Nobody receives it if the session is over.
                let _ = sender.send(library);
            }
        });
        if spawned.is_ok() {
            self.job = Some(Job { seal: source.seal.clone(), stop, done });
        }
    }

    /// The seal and the library of a source that was compiled meanwhile.
    pub fn finished(&mut self) -> Option<(String, Library)> {
        let job = self.job.as_ref()?;
        match job.done.try_recv() {
            Ok(library) => self.job.take().map(|job| (job.seal, library)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.job = None;
                None
            }
        }
    }

    /// Ends the job, since a learner waits for another compile; returns the seal of its source.
    pub fn give_way(&mut self) -> Option<String> {
        let job = self.job.take()?;
        job.stop.raise(Wish::End);
        Some(job.seal)
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        self.give_way();
    }
}

impl Order {
    fn carry_out(mut self) -> Option<Library> {
        wait_for_a_processor(&self.stop)?;
        let _slot = self.slots.take(&self.stop)?;
        self.command.stderr(self.run.messages_file().ok()?);
        let group = Group::start(&mut self.command).ok()?;
        let status = group.wait(&|| self.stop.wish().is_none()).ok()??;
        if !status.success() {
            return None;
        }
        self.run.library(&self.target).ok()
    }
}

/// The same command at the lowest priority and with optimisation.
fn optimising(ordinary: &Command) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "19"]).arg(ordinary.get_program()).args(ordinary.get_args());
    command.arg(OPTIMISED);
    command.envs(ordinary.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = ordinary.get_current_dir() {
        command.current_dir(folder);
    }
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    command
}

/// Waits until the machine has a processor to spare; none if that takes too long, or at a stop.
fn wait_for_a_processor(stop: &Stop) -> Option<()> {
    let begin = Instant::now();
    let mut before = platform::processors();
    while stop.wish_within(LOOK).is_none() && begin.elapsed() < PATIENCE {
        let now = platform::processors();
        match (before, now) {
            (Some(before), Some(now)) if !were_idle(before, now) => {}
            _ => return Some(()),
        }
        before = now;
    }
    None
}

/// Whether the processors were idle for a quarter of the time since.
fn were_idle(before: Processors, now: Processors) -> bool {
    let since = |now: u64, before: u64| now.saturating_sub(before);
    let (idle, busy) = (since(now.idle, before.idle), since(now.busy, before.busy));
    idle * 4 >= idle + busy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_idle_time_is_a_processor_to_spare() {
        let at = |busy, idle| Processors { busy, idle, count: 4 };
        assert!(were_idle(at(5, 7), at(80, 32)));
        assert!(!were_idle(at(5, 7), at(81, 31)));
    }

    #[test]
    fn optimising_command_differs_in_priority_and_level_alone() {
        let mut ordinary = Command::new("rustc");
        ordinary.args(["cell.rs", "-Copt-level=0"]).env("A", "1").current_dir("/");
        let command = optimising(&ordinary);
        let arguments: Vec<_> = command.get_args().map(|it| it.to_string_lossy()).collect();
        assert_eq!(arguments, ["-n", "19", "rustc", "cell.rs", "-Copt-level=0", "-Copt-level=3"]);
        assert_eq!(command.get_current_dir(), Some(Path::new("/")));
        assert_eq!(command.get_envs().count(), 1);
    }
}
