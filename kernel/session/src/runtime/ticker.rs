//! Shows what is printed without an end of the line, also between cells.
//!
//! Std keeps such text until its line ends. A thread of its own lets it go from time to time: often
//! while a cell runs and for a minute after it, seldom later, so that an idle kernel does next to
//! nothing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::load::Prelude;

/// How often while a cell runs, and a while after.
const OFTEN: Duration = Duration::from_millis(100);

/// How often later.
const SELDOM: Duration = Duration::from_secs(1);

/// How long is a while.
const WHILE: Duration = Duration::from_secs(60);

/// The hold on the thread that lets go what was printed.
#[derive(Debug)]
pub struct Ticker {
    thread: Thread,
    is_running: Arc<AtomicBool>,
}

impl Ticker {
    pub fn start(prelude: &Prelude) -> io::Result<Ticker> {
        let is_running = Arc::new(AtomicBool::new(false));
        let (prelude, runs) = (prelude.clone(), Arc::clone(&is_running));
        let thread = thread::Builder::new().name("ticker".into()).spawn(move || {
            let mut last_run = Instant::now();
            loop {
                if runs.load(Ordering::Relaxed) {
                    last_run = Instant::now();
                }
                thread::park_timeout(if last_run.elapsed() < WHILE { OFTEN } else { SELDOM });
                prelude.flush_unfinished_line();
            }
        })?;
        Ok(Ticker { thread: thread.thread().clone(), is_running })
    }

    /// Notes that a cell begins.
    pub fn begin(&self) {
        self.is_running.store(true, Ordering::Relaxed);
        self.thread.unpark();
    }

    /// Notes that a cell has come to its end.
    pub fn end(&self) {
        self.is_running.store(false, Ordering::Relaxed);
    }
}
