//! The engine on evcxr: cargo and rust-analyzer for each cell, and evcxr's own commands.
//!
//! evcxr itself runs in the program `akari-evcxr`, which `engine::program` starts and holds.
//! This is the kernel's side: it hands cells over, passes on what comes out of them, and draws
//! their errors.

use std::io;
use std::process::Stdio;
use std::sync::Arc;

use akari_evcxr_protocol::CELLS;
use akari_evcxr_protocol::cells::{self, Ended, Event, Failure, Label, Request};

use super::names::{Name, Names};
use super::outcome::{self, CellError, MimeBundle, Outcome, Output, Stream};
use super::program::Program;
use super::stop::Wish;
use super::traceback::{Message, Place, Sources, compile_error, plain_error};
use super::{Cell, CellId, Engine, EngineConfig, Sink, index, nesting};

#[derive(Debug, thiserror::Error)]
pub enum EvcxrError {
    #[error("the program `akari-evcxr` is not built; `akari install --engine evcxr` builds it")]
    Missing,
    #[error("could not start `akari-evcxr`: {0}")]
    Program(#[source] io::Error),
    /// The text is the program's.
    #[error("{0}")]
    NotStarted(String),
    #[error("evcxr could not start: its program has ended")]
    Ended,
}

/// The engine and its session.
#[derive(Debug)]
pub struct EvcxrEngine {
    program: Program<Event>,
    names: Arc<Names>,
    sources: Sources,
}

impl EvcxrEngine {
    pub fn start(config: &EngineConfig) -> Result<Self, EvcxrError> {
        let file = config.evcxr.find().map_err(|_| EvcxrError::Missing)?;
        let program = Program::start(file, CELLS, config, Stdio::inherit());
        let program: Program<Event> = program.map_err(EvcxrError::Program)?;
        match program.messages.recv() {
            Ok(Event::Ready) => {}
            Ok(Event::NotStarted(text)) => return Err(EvcxrError::NotStarted(text)),
            _ => return Err(EvcxrError::Ended),
        }
        let names = Arc::new(Names::default());
        index::read_aside(config, &names);
        Ok(EvcxrEngine { program, names, sources: Sources::new() })
    }

    fn run_cell(&mut self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Result<(), CellError> {
        let ended = self.hand_over(cell, sink);
        if let Some(Ended { names, .. }) = &ended {
            self.names.set_session(names.iter().map(session_name).collect());
        }
        if cell.stop.wish().is_some() {
            return Err(plain_error(
                "Interrupted",
                "the cell was interrupted; its process and all variables are gone",
            ));
        }
        let Some(ended) = ended else {
            let text = "evcxr's thread has ended; restart the kernel";
            return Err(plain_error("EngineError", text));
        };
        let data = ended.result.map_err(|failure| self.error(failure, cell.id))?;
        if !data.is_empty() && !cell.silent {
            sink.output(Output::Result { data: bundle(data) });
        }
        Ok(())
    }

    /// Lets the program run the cell to its end, and passes on what comes out of it. None where the
    /// program has ended.
    fn hand_over(&self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Option<Ended> {
        self.program.input.say(&Request::Run { code: cell.code.to_owned() }).ok()?;
        for event in &self.program.messages {
            match event {
                Event::Printed { stream, text } => {
                    sink.output(Output::Stream { stream: of_stream(stream), text });
                }
                Event::Question { prompt, is_password } => {
                    let answer = sink.input(&prompt, is_password);
                    if answer.is_none() {
                        // The cell can't be told that nobody answers.
                        let _ = self.program.input.say(&Request::Kill);
                    }
                    let _ = self.program.input.say(&Request::Answer(answer.unwrap_or_default()));
                }
                Event::Ended(ended) => return Some(ended),
                Event::Ready | Event::NotStarted(_) => {}
            }
        }
        None
    }

    fn error(&self, failure: Failure, cell: CellId) -> CellError {
        match failure {
            Failure::NotCompiled(messages) => {
                let messages: Vec<Message> =
                    messages.into_iter().map(|it| message(it, cell)).collect();
                compile_error(&messages, &self.sources)
            }
            Failure::Panicked(text) => plain_error("Panic", &text),
            Failure::Failed(text) => plain_error("Error", &text),
            Failure::ProcessEnded(text) => {
                plain_error("ProcessExit", &format!("{} (all variables are gone)", text.trim()))
            }
            Failure::Other(text) => plain_error("Error", text.trim()),
        }
    }
}

fn of_stream(stream: cells::Stream) -> Stream {
    match stream {
        cells::Stream::Stdout => Stream::Stdout,
        cells::Stream::Stderr => Stream::Stderr,
    }
}

fn message(message: cells::Message, cell: CellId) -> Message {
    let cells::Message { code, text, labels, notes, helps } = message;
    let label = |Label { start, end, text }| (Place { cell, start, end }, text);
    Message {
        code,
        text,
        labels: labels.into_iter().map(label).collect(),
        notes,
        helps,
        ..Message::default()
    }
}

fn bundle(data: Vec<(String, String)>) -> MimeBundle {
    data.into_iter().map(|(mime, text)| (mime.clone(), outcome::content(&mime, text))).collect()
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
        let input = self.program.input.clone();
        let listening = cell.stop.listen(move |wish| match wish {
            // evcxr knows no gentle way: the process that runs cells ends, and its variables.
            Wish::Interrupt => drop(input.say(&Request::Kill)),
            Wish::End => input.close(),
        });
        let result = self.run_cell(cell, sink);
        drop(listening);
        result.into()
    }

    fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }
}
