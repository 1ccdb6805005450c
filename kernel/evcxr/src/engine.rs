//! The role that runs cells for the kernel: hands each cell to evcxr's thread, and says what comes
//! out of it.
//!
//! evcxr gives what a cell prints as lines, some of which are marks of `child`; here they become the
//! learner's own text and the way in which the cell ended. Compile errors stay plain data, which the
//! kernel draws. One thread hears the kernel, so that a cell can be killed whatever it does.

use std::fs::File;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::child;
use crate::protocol::cells::{self, Ended, Failure, Request, Stream};
use crate::protocol::{Setup, say};
use crate::session::{self, Settings};
use crate::worker::{Answer, Event, Handle, Worker};

/// How long the last lines of a cell may take on their way.
const GRACE: Duration = Duration::from_secs(1);
/// How long a line may take between two threads.
const HAND_OVER: Duration = Duration::from_millis(10);

/// Runs the kernel's cells, until the kernel ends.
pub fn serve(setup: Setup) -> io::Result<()> {
    let mut output = session::take_stdout()?;
    let handle = Arc::new(OnceLock::new());
    let (runs, codes) = mpsc::channel();
    let (answers, answer_queue) = mpsc::channel();
    let requests = Requests { runs, answers, handle: Arc::clone(&handle) };
    session::listen(setup.folder.clone(), move |request| requests.carry_out(request))?;
    let started = Settings::write(setup).map_err(|error| error.to_string());
    let started = started.and_then(|settings| {
        Worker::start(settings).map_err(|error| format!("evcxr could not start: {error}"))
    });
    let (worker, events) = match started {
        Ok(started) => started,
        Err(text) => return say(&mut output, &cells::Event::NotStarted(text)),
    };
    let _ = handle.set(worker.handle());
    let mut engine = Engine { worker, events, answers: answer_queue, output };
    say(&mut engine.output, &cells::Event::Ready)?;
    while let Ok(code) = codes.recv() {
        let Some(ended) = engine.run(code)? else { break };
        say(&mut engine.output, &cells::Event::Ended(ended))?;
    }
    Ok(())
}

/// Where the kernel's requests go.
struct Requests {
    runs: Sender<String>,
    answers: Sender<String>,
    /// Empty as long as evcxr starts.
    handle: Arc<OnceLock<Handle>>,
}

impl Requests {
    fn carry_out(&self, request: Request) {
        match request {
            Request::Run { code } => drop(self.runs.send(code)),
            Request::Answer(text) => drop(self.answers.send(text)),
            Request::Kill => {
                if let Some(handle) = self.handle.get() {
                    handle.kill();
                }
            }
        }
    }
}

struct Engine {
    worker: Worker,
    events: Receiver<Event>,
    answers: Receiver<String>,
    output: File,
}

impl Engine {
    /// Runs a cell; none if evcxr's thread has ended.
    fn run(&mut self, code: String) -> io::Result<Option<Ended>> {
        if self.worker.run(code).is_err() {
            return Ok(None);
        }
        let mut seen = Seen::default();
        let Answer { result, has_run, names } = loop {
            match self.events.recv() {
                Ok(Event::Finished(answer)) => break answer,
                Ok(event) => self.tell(event, &mut seen)?,
                Err(_) => return Ok(None),
            }
        };
        self.drain(has_run && result.is_ok(), &mut seen)?;
        let result = result.and_then(|value| seen.failure().map_or(Ok(value), Err));
        Ok(Some(Ended { result, names }))
    }

    /// Waits for the lines that the cell left on their way.
    fn drain(&mut self, has_end: bool, seen: &mut Seen) -> io::Result<()> {
        loop {
            let patience = if has_end && !seen.has_ended { GRACE } else { HAND_OVER };
            match self.events.recv_timeout(patience) {
                Ok(event) => self.tell(event, seen)?,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Tells the kernel what happens, unless it is a mark.
    fn tell(&mut self, event: Event, seen: &mut Seen) -> io::Result<()> {
        match event {
            Event::Stdout(line) => {
                let text = match line.strip_suffix(child::UNFINISHED) {
                    Some(line) => line.to_owned(),
                    None => line + "\n",
                };
                say(&mut self.output, &cells::Event::Printed { stream: Stream::Stdout, text })
            }
            Event::Stderr(line) => match seen.look(line) {
                Some(line) => {
                    let text = line + "\n";
                    say(&mut self.output, &cells::Event::Printed { stream: Stream::Stderr, text })
                }
                None => Ok(()),
            },
            Event::Input { prompt, is_password, answer } => {
                say(&mut self.output, &cells::Event::Question { prompt, is_password })?;
                // The kernel always answers, after it has killed the cell if nobody else does.
                drop(answer.send(self.answers.recv().unwrap_or_default()));
                Ok(())
            }
            Event::Finished(_) => Ok(()),
        }
    }
}

/// The marks and the last lines on stderr, which tell how a cell ended.
#[derive(Debug, Default)]
struct Seen {
    has_ended: bool,
    has_panicked: bool,
    has_failed: bool,
    /// A panic's text follows the line that says where it was.
    is_text_next: bool,
    panic: String,
    last: String,
}

impl Seen {
    /// Returns the line if it is the learner's.
    fn look(&mut self, line: String) -> Option<String> {
        match line.as_str() {
            child::PANICKED => self.has_panicked = true,
            child::FAILED => self.has_failed = true,
            child::ENDED => self.has_ended = true,
            _ if line.starts_with("note: run with `RUST_BACKTRACE=1`") => {}
            _ => {
                if std::mem::take(&mut self.is_text_next) {
                    self.panic.clone_from(&line);
                }
                self.is_text_next = line.starts_with("thread '") && line.contains("panicked at ");
                if !line.is_empty() {
                    self.last.clone_from(&line);
                }
                return Some(line);
            }
        }
        None
    }

    fn failure(self) -> Option<Failure> {
        if self.has_panicked {
            Some(Failure::Panicked(self.panic))
        } else if self.has_failed {
            Some(Failure::Failed(self.last))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], learners: &[&str], expected: Option<Failure>) {
        let mut seen = Seen::default();
        let shown: Vec<String> =
            lines.iter().filter_map(|line| seen.look((*line).to_owned())).collect();
        assert_eq!(shown, learners, "{lines:?}");
        assert_eq!(seen.failure(), expected, "{lines:?}");
    }

    #[test]
    fn marks_say_how_a_cell_ended_and_are_not_shown() {
        check(&["a warning", child::ENDED], &["a warning"], None);
        check(
            &["thread 'cell' panicked at src/lib.rs:3:", "no", child::PANICKED, child::ENDED],
            &["thread 'cell' panicked at src/lib.rs:3:", "no"],
            Some(Failure::Panicked("no".to_owned())),
        );
        check(
            &["invalid digit", "", child::FAILED, child::ENDED],
            &["invalid digit", ""],
            Some(Failure::Failed("invalid digit".to_owned())),
        );
    }
}
