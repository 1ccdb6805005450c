//! The engine on evcxr: cargo and rust-analyzer for each cell, and evcxr's own commands.
//!
//! The only code that knows the crate `evcxr`. evcxr runs on a thread of its own (`worker`),
//! starts this program as the process that runs cells (`child`) and, by cargo, as the compiler
//! (`compiler`), so that a cell links the prelude that is built already; rust-analyzer reads its
//! sources (`crates`).

pub mod analyser;
pub mod child;
pub mod compiler;
mod crates;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use self::worker::{Event, Failure, Worker};
use super::analyser::Paths;
use super::folder::Folder;
use super::names::{Name, Names};
use super::outcome::{CellError, MimeBundle, Outcome, Output, Stream};
use super::traceback::{Message, Sources, compile_error, plain_error};
use super::{Cell, Engine, EngineConfig, Sink, index, nesting};
use crate::cargo::environment::configuration;

/// How long the last lines of a cell may take on their way.
const GRACE: Duration = Duration::from_secs(1);
/// How long a line may take between two threads.
const HAND_OVER: Duration = Duration::from_millis(10);

#[derive(Debug, thiserror::Error)]
pub enum EvcxrError {
    #[error("could not write the crates that evcxr analyses: {0}")]
    Folder(#[source] std::io::Error),
    #[error("candle's sources were not found, which evcxr analyses: {0}")]
    Sources(String),
    #[error("evcxr could not start: {0}")]
    Start(String),
}

/// What the parts of the engine need to find each other.
#[derive(Debug, Clone)]
struct Settings {
    rustc: PathBuf,
    std_folder: PathBuf,
    prelude: PathBuf,
    program: PathBuf,
    /// The folder of the manifests, and in it that of the crate `akari`.
    crates: PathBuf,
    akari: PathBuf,
}

/// The engine and its session.
#[derive(Debug)]
pub struct EvcxrEngine {
    worker: Worker,
    events: Receiver<Event>,
    names: Arc<Names>,
    sources: Sources,
    _folder: Folder,
}

impl EvcxrEngine {
    pub fn start(config: &EngineConfig) -> Result<Self, EvcxrError> {
        let folder = Folder::make("evcxr-").map_err(EvcxrError::Folder)?;
        let paths = Paths {
            rustc: config.rustc.clone(),
            std_folder: config.std_folder.clone(),
            prelude: config.prelude.clone(),
            program: config.program.clone(),
            checkout: config.checkout.clone(),
        };
        let settings = settings(&paths, folder.path())?;
        let (worker, events) = Worker::start(settings).map_err(EvcxrError::Start)?;
        let names = Arc::new(Names::default());
        index::read_aside(config, &names);
        Ok(EvcxrEngine { worker, events, names, sources: Sources::new(), _folder: folder })
    }

    fn run_cell(&mut self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Result<(), CellError> {
        let gone = || plain_error("EngineError", "evcxr's thread has ended; restart the kernel");
        self.worker.run(cell.code.to_owned()).map_err(|_| gone())?;
        let mut seen = Seen::default();
        let answer = loop {
            match self.events.recv().map_err(|_| gone())? {
                Event::Finished(answer) => break answer,
                event => self.event(event, &mut seen, sink),
            }
        };
        self.drain(answer.has_run && answer.result.is_ok(), &mut seen, sink);
        self.names.set_session(answer.names.iter().map(session_name).collect());
        if cell.stop.wish().is_some() {
            return Err(plain_error(
                "Interrupted",
                "the cell was interrupted; its process and all variables are gone",
            ));
        }
        let data = answer.result.map_err(|failure| self.error(failure, cell))?;
        if let Some(error) = seen.error() {
            return Err(error);
        }
        if !data.is_empty() && !cell.silent {
            sink.output(Output::Result { data: bundle(data) });
        }
        Ok(())
    }

    /// Waits for the lines that the cell left on their way.
    fn drain(&self, has_end: bool, seen: &mut Seen, sink: &mut dyn Sink) {
        loop {
            let patience = if has_end && !seen.has_ended { GRACE } else { HAND_OVER };
            match self.events.recv_timeout(patience) {
                Ok(event) => self.event(event, seen, sink),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn event(&self, event: Event, seen: &mut Seen, sink: &mut dyn Sink) {
        match event {
            Event::Stdout(line) => {
                let text = match line.strip_suffix(child::UNFINISHED) {
                    Some(line) => line.to_owned(),
                    None => line + "\n",
                };
                sink.output(Output::Stream { stream: Stream::Stdout, text });
            }
            Event::Stderr(line) => {
                if let Some(line) = seen.look(line) {
                    sink.output(Output::Stream { stream: Stream::Stderr, text: line + "\n" });
                }
            }
            Event::Input { prompt, is_password, answer } => {
                match sink.input(&prompt, is_password) {
                    Some(text) => drop(answer.send(text)),
                    // The cell can't be told that nobody answers.
                    None => {
                        self.worker.handle().kill();
                        drop(answer.send(String::new()));
                    }
                }
            }
            Event::Finished(_) => {}
        }
    }

    fn error(&self, failure: Failure, cell: &Cell<'_>) -> CellError {
        match failure {
            Failure::Compile(messages) => {
                let messages: Vec<Message> =
                    messages.into_iter().map(|it| it.in_cell(cell.id)).collect();
                compile_error(&messages, &self.sources)
            }
            Failure::Ended(text) => {
                plain_error("ProcessExit", &format!("{} (all variables are gone)", text.trim()))
            }
            Failure::Other(text) => plain_error("Error", text.trim()),
        }
    }
}

/// What stderr said about the end of the cell.
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

    fn error(&self) -> Option<CellError> {
        if self.has_panicked {
            Some(plain_error("Panic", &self.panic))
        } else if self.has_failed {
            Some(plain_error("Error", &self.last))
        } else {
            None
        }
    }
}

/// Writes what evcxr analyses into a folder.
fn settings(paths: &Paths, folder: &Path) -> Result<Settings, EvcxrError> {
    let Paths { rustc, std_folder, prelude, program, checkout } = paths.clone();
    let cargo = rustc.with_file_name("cargo");
    // evcxr runs cargo in there, which obeys what lies in the folders above.
    configuration(folder).map_err(|error| EvcxrError::Folder(std::io::Error::other(error)))?;
    let akari = crates::write(folder, &cargo, &platform(&std_folder), &checkout)?;
    Ok(Settings { rustc, std_folder, prelude, program, crates: folder.to_owned(), akari })
}

/// The target that the toolchain compiles for: `lib/rustlib/TARGET/lib` has its libraries.
fn platform(std_folder: &Path) -> String {
    let target = std_folder.parent().and_then(Path::file_name).unwrap_or_default();
    target.to_string_lossy().into_owned()
}

fn bundle(data: Vec<(String, String)>) -> MimeBundle {
    let value = |mime: &str, text: String| {
        let is_json = mime == "application/json" || mime.ends_with("+json");
        match serde_json::from_str(&text) {
            Ok(json) if is_json => json,
            _ => text.into(),
        }
    };
    data.into_iter().map(|(mime, text)| (mime.clone(), value(&mime, text))).collect()
}

fn session_name((name, type_text): &(String, String)) -> Name {
    let is_variable = !type_text.is_empty();
    Name {
        module: String::new(),
        name: name.clone(),
        kind: if is_variable { "instance" } else { "function" }.into(),
        detail: if is_variable { format!("let {name}: {type_text}") } else { String::new() },
        documentation: String::new(),
    }
}

impl Engine for EvcxrEngine {
    fn execute(&mut self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Outcome {
        if let Err(error) = nesting::check(cell.code) {
            return Outcome::Failed(error.into());
        }
        self.sources.insert(cell.id, cell.code.to_owned());
        let handle = self.worker.handle();
        // evcxr knows no gentle way: either wish ends the process that runs cells, and its variables.
        let listening = cell.stop.listen(move |_| handle.kill());
        let result = self.run_cell(cell, sink);
        drop(listening);
        result.into()
    }

    fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }
}
