//! The thread that writes a session's cells to the file, and the way to it.
//!
//! The thread starts with the first cell, so that a kernel without cells has no session's number. A
//! reader waits for what was written before. After a failure nothing more is written: the session
//! has its cells in memory.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::HistoryCell;
use super::file::{self, HistoryFile};

/// How long a reader, or the end of the kernel, waits for the disk.
const PATIENCE: Duration = Duration::from_secs(2);

/// A longer text is in the history of its session alone.
const LONGEST: usize = 1 << 20;

#[derive(Debug, Clone, Default)]
pub struct Writer {
    file: Option<Arc<PathBuf>>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    tasks: Option<Sender<Task>>,
    /// The session's number in the file, once it has one.
    session: Option<i64>,
}

enum Task {
    Write { line: u32, code: Arc<str> },
    Flush(Sender<()>),
}

impl Writer {
    pub fn to(file: Option<PathBuf>) -> Writer {
        Writer { file: file.map(Arc::new), state: Arc::default() }
    }

    /// Has a cell written, some time soon.
    pub fn write(&self, line: u32, code: &Arc<str>) {
        let Some(file) = &self.file else { return };
        if code.len() > LONGEST {
            return;
        }
        let mut state = self.state();
        let tasks = state.tasks.get_or_insert_with(|| self.start(Arc::clone(file)));
        // The thread has ended if writing failed.
        let _ = tasks.send(Task::Write { line, code: Arc::clone(code) });
    }

    /// Waits until what was given is written, or long enough.
    pub fn flush(&self) {
        let (done, is_done) = channel();
        let sent = self.state().tasks.as_ref().map(|it| it.send(Task::Flush(done)));
        if let Some(Ok(())) = sent {
            let _ = is_done.recv_timeout(PATIENCE);
        }
    }

    /// The number of this session, and the cells of all sessions that the file has.
    pub fn read(&self) -> (i64, Vec<HistoryCell>) {
        self.flush();
        let cells = self.file.as_ref().map(|it| file::read(it)).unwrap_or_default();
        let session = self.state().session;
        let next = || cells.iter().map(|it| it.session).max().unwrap_or(0).saturating_add(1);
        (session.unwrap_or_else(next), cells)
    }

    fn start(&self, path: Arc<PathBuf>) -> Sender<Task> {
        let (sender, tasks) = channel();
        let state = Arc::clone(&self.state);
        let run = move || {
            if let Err(error) = write_all(&path, &state, &tasks) {
                tracing::warn!(
                    "the history of this session is not kept in `{}`: {error}",
                    path.display()
                );
            }
        };
        if let Err(error) = std::thread::Builder::new().name("history".into()).spawn(run) {
            tracing::warn!("the history of this session is not kept: {error}");
        }
        sender
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes cells until the kernel ends or writing fails.
fn write_all(path: &Path, state: &Mutex<State>, tasks: &Receiver<Task>) -> std::io::Result<()> {
    let file = HistoryFile::begin(path)?;
    state.lock().unwrap_or_else(PoisonError::into_inner).session = Some(file.session);
    for task in tasks {
        match task {
            Task::Write { line, code } => file.append(line, &code)?,
            Task::Flush(done) => drop(done.send(())),
        }
    }
    Ok(())
}
