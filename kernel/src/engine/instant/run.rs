//! Running a compiled cell: the child's events become outputs, and its end an error or none.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::InstantEngine;
use super::generate::{Origin, Source};
use super::journal::Cut;
use crate::engine::outcome::{CellError, MimeBundle, Output, Stream};
use crate::engine::stop::{Listening, Stop, Wish};
use crate::engine::traceback::{Place, Sources, plain_error, run_error};
use crate::engine::{Background, Sink};
use crate::runtime::life;
use crate::runtime::markers::{Markers, Piece};
use crate::runtime::parent::{Death, Hold, OnBackground, RunEnd, Task};
use crate::runtime::wire::{self, Command, Event};

/// The numbers of the prelude's `rt::host::FrameKind`.
mod frame {
    pub const RESULT: u32 = 1;
    pub const DISPLAY: u32 = 2;
    pub const CLEAR: u32 = 4;
    pub const LOST: u32 = 5;
    pub const RANDOM: u32 = 6;
    pub const CHANGED: u32 = 7;
}

/// The name under which the prelude reports that a cell was interrupted.
const INTERRUPTED: &str = "Interrupted";

/// How a run ended, and what it reported on the way.
#[derive(Debug)]
pub struct RunReport {
    pub end: RunEnd,
    failure: Option<Failure>,
    /// A question of the cell that nobody answered.
    unanswered: Option<Unanswered>,
    /// Variables that were not there with the type they should have.
    pub lost: Vec<String>,
    /// Variables that a failed cell may have changed and that were too large to be put back.
    pub changed: Vec<String>,
    /// What was typed when the cell asked.
    pub answers: Vec<String>,
    /// Where the random generator stands, if the cell drew numbers.
    pub random: Option<String>,
}

/// A panic, a failed `?` or an interrupt.
#[derive(Debug)]
struct Failure {
    name: String,
    text: String,
    file: String,
    line: u32,
    column: u32,
}

impl InstantEngine {
    /// Runs a compiled cell or a line of the shell, which the cell's wish to stop reaches.
    pub(super) fn run(&mut self, task: Task<'_>, stop: &Stop, sink: &mut dyn Sink) -> RunReport {
        self.carry_out(task, None, stop, sink, |hold| {
            let hold = Arc::clone(hold);
            stop.listen(move |wish| {
                hold.step(match wish {
                    Wish::Interrupt => life::Event::Interrupt,
                    Wish::End => life::Event::End,
                });
            })
        })
    }

    /// Carries a task out under a listening that `begun` sets up, within a limit if there is one.
    pub(super) fn carry_out<'a>(
        &mut self,
        task: Task<'_>,
        limit: Option<Duration>,
        stop: &'a Stop,
        sink: &mut dyn Sink,
        begun: impl FnOnce(&Arc<Hold>) -> Listening<'a>,
    ) -> RunReport {
        let mut listener = Listener::new(sink, stop);
        let end =
            self.child.carry_out(task, limit, begun, |hold, event| listener.event(hold, event));
        listener.report(end)
    }
}

/// Takes what the process prints between cells to the place that the engine was told.
pub fn on_background(place: &Arc<Mutex<Option<Background>>>) -> OnBackground {
    let place = Arc::clone(place);
    let mut streams = [Utf8::new(Stream::Stdout), Utf8::new(Stream::Stderr)];
    Box::new(move |event| {
        let place = place.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(background) = place else { return };
        let mut sink = Forward(background);
        match event {
            Event::Stdout(bytes) => streams[0].send(&bytes, &mut sink),
            Event::Stderr(bytes) => streams[1].send(&bytes, &mut sink),
            Event::Frame { kind: frame::DISPLAY, fields } => sink.output(display_of(&fields)),
            _ => {}
        }
    })
}

/// A sink for what comes between cells, when nobody can be asked.
struct Forward(Background);

impl Sink for Forward {
    fn output(&mut self, output: Output) {
        (self.0)(output);
    }

    fn input(&mut self, _: &str, _: bool) -> Option<String> {
        None
    }
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy)]
enum Unanswered {
    Interrupted,
    NotAllowed,
}

struct Listener<'a> {
    sink: &'a mut dyn Sink,
    stop: &'a Stop,
    stdout: Utf8,
    stderr: Utf8,
    markers: Markers,
    failure: Option<Failure>,
    unanswered: Option<Unanswered>,
    lost: Vec<String>,
    changed: Vec<String>,
    answers: Vec<String>,
    random: Option<String>,
}

impl<'a> Listener<'a> {
    fn new(sink: &'a mut dyn Sink, stop: &'a Stop) -> Self {
        Listener {
            sink,
            stop,
            stdout: Utf8::new(Stream::Stdout),
            stderr: Utf8::new(Stream::Stderr),
            markers: Markers::default(),
            failure: None,
            unanswered: None,
            lost: Vec::new(),
            changed: Vec::new(),
            answers: Vec::new(),
            random: None,
        }
    }

    fn report(mut self, end: RunEnd) -> RunReport {
        self.finish();
        let Listener { failure, unanswered, lost, changed, answers, random, .. } = self;
        RunReport { end, failure, unanswered, lost, changed, answers, random }
    }

    fn event(&mut self, hold: &Hold, event: Event) {
        match event {
            Event::Stdout(bytes) => {
                for piece in self.markers.feed(&bytes) {
                    self.piece(hold, piece);
                }
            }
            Event::Stderr(bytes) => self.stderr.send(&bytes, self.sink),
            Event::Frame { kind, fields } => self.frame(kind, &fields),
            Event::Ready { .. } | Event::Ended { .. } | Event::LoadFailed { .. } => {}
        }
    }

    fn piece(&mut self, hold: &Hold, piece: Piece) {
        match piece {
            Piece::Text(bytes) => self.stdout.send(&bytes, self.sink),
            Piece::Display { mime_type, content } => {
                let data = bundle(&[mime_type, content]);
                self.sink.output(Output::Display {
                    data,
                    metadata: MimeBundle::new(),
                    display_id: None,
                    update: false,
                });
            }
            Piece::Input { prompt, is_password } => {
                let answer = self.sink.input(&prompt, is_password).unwrap_or_else(|| {
                    // The cell waits for a line and can't be told otherwise; it fails afterwards.
                    self.unanswered = Some(match self.stop.wish() {
                        Some(_) => Unanswered::Interrupted,
                        None => Unanswered::NotAllowed,
                    });
                    String::new()
                });
                self.answers.push(answer.clone());
                hold.send(&Command::Input(format!("{}\n", answer.trim_end_matches('\n'))));
            }
        }
    }

    fn frame(&mut self, kind: u32, fields: &[String]) {
        let field = |index: usize| fields.get(index).map_or("", String::as_str);
        match kind {
            frame::RESULT => self.sink.output(Output::Result { data: bundle(fields) }),
            frame::DISPLAY => self.sink.output(display_of(fields)),
            wire::FAILURE => {
                self.failure = Some(Failure {
                    name: field(0).to_owned(),
                    text: field(1).to_owned(),
                    file: field(2).to_owned(),
                    line: field(3).parse().unwrap_or(0),
                    column: field(4).parse().unwrap_or(0),
                });
            }
            frame::CLEAR => self.sink.output(Output::Clear { wait: field(0) == "1" }),
            frame::LOST => self.lost.push(field(0).to_owned()),
            frame::CHANGED => self.changed.push(field(0).to_owned()),
            frame::RANDOM => self.random = Some(field(0).to_owned()),
            // A newer prelude may report what this kernel does not know.
            _ => {}
        }
    }

    fn finish(&mut self) {
        for piece in self.markers.finish() {
            if let Piece::Text(bytes) = piece {
                self.stdout.send(&bytes, self.sink);
            }
        }
        self.stdout.finish(self.sink);
        self.stderr.finish(self.sink);
    }
}

/// The display in a frame: its id if it has one, whether it is an update, and its representations.
fn display_of(fields: &[String]) -> Output {
    let field = |index: usize| fields.get(index).map_or("", String::as_str);
    Output::Display {
        data: bundle(fields.get(2..).unwrap_or_default()),
        metadata: MimeBundle::new(),
        display_id: Some(field(0).to_owned()).filter(|it| !it.is_empty()),
        update: field(1) == "1",
    }
}

/// Pairs of MIME type and content; JSON types are parsed, as the notebook format wants them.
fn bundle(fields: &[String]) -> MimeBundle {
    let mut data = MimeBundle::new();
    for pair in fields.chunks_exact(2) {
        let is_json = pair[0] == "application/json" || pair[0].ends_with("+json");
        let parsed = if is_json { serde_json::from_str(&pair[1]).ok() } else { None };
        data.insert(pair[0].clone(), parsed.unwrap_or_else(|| pair[1].clone().into()));
    }
    data
}

/// Bytes to text; a character that comes in two parts is put together, bytes that are no text
/// become U+FFFD.
struct Utf8 {
    stream: Stream,
    rest: Vec<u8>,
}

impl Utf8 {
    fn new(stream: Stream) -> Self {
        Utf8 { stream, rest: Vec::new() }
    }

    fn send(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        self.rest.extend_from_slice(bytes);
        let cut = match std::str::from_utf8(&self.rest) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => incomplete_tail(&self.rest),
            Ok(_) => self.rest.len(),
        };
        let rest = self.rest.split_off(cut);
        let whole = std::mem::replace(&mut self.rest, rest);
        emit(self.stream, &whole, sink);
    }

    fn finish(&mut self, sink: &mut dyn Sink) {
        let rest = std::mem::take(&mut self.rest);
        emit(self.stream, &rest, sink);
    }
}

fn emit(stream: Stream, bytes: &[u8], sink: &mut dyn Sink) {
    if !bytes.is_empty() {
        let text = String::from_utf8_lossy(bytes).into_owned();
        sink.output(Output::Stream { stream, text });
    }
}

/// Where a cut-off character at the end begins, in bytes that have bad ones further up.
fn incomplete_tail(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(3);
    (start..bytes.len())
        .find(|at| match std::str::from_utf8(&bytes[*at..]) {
            Err(error) => error.valid_up_to() == 0 && error.error_len().is_none(),
            Ok(_) => false,
        })
        .unwrap_or(bytes.len())
}

impl RunReport {
    /// What cut the cell short, if anything did after it had begun.
    pub fn cut(&self) -> Option<Cut> {
        let is_interrupted = matches!(&self.failure, Some(it) if it.name == INTERRUPTED)
            || matches!(self.unanswered, Some(Unanswered::Interrupted));
        match &self.end {
            _ if is_interrupted => Some(Cut::Interrupted),
            RunEnd::Returned(1) => None,
            _ => Some(Cut::Failed),
        }
    }

    /// The error to answer with, or none if the cell came to its end.
    pub fn error(&self, sources: &Sources, generated: &[Arc<Source>]) -> Option<CellError> {
        if let RunEnd::Died(death) = &self.end {
            return Some(death_error(death));
        }
        if let Some(failure) = &self.failure {
            return Some(run_error(
                &failure.name,
                &failure.text,
                failure.place(generated).as_ref(),
                sources,
            ));
        }
        match self.unanswered {
            Some(Unanswered::Interrupted) => {
                return Some(plain_error(
                    "Interrupted",
                    "the cell was interrupted while it waited for input",
                ));
            }
            Some(Unanswered::NotAllowed) => {
                return Some(plain_error(
                    "InputError",
                    "the cell asks for input, and this client can't answer",
                ));
            }
            None => {}
        }
        match &self.end {
            RunEnd::Returned(1) => None,
            RunEnd::LoadFailed(text) => Some(plain_error("LoadError", text)),
            _ if !self.lost.is_empty() => {
                let names = self.lost.join("`, `");
                Some(plain_error(
                    "VariableLost",
                    &format!(
                        "`{names}` can't be read any more; run the cell that defines it again"
                    ),
                ))
            }
            _ => Some(plain_error("Error", "the cell did not come to its end")),
        }
    }
}

impl Failure {
    /// The learner's line, if the failure was in a cell's code and not inside a library.
    fn place(&self, generated: &[Arc<Source>]) -> Option<Place> {
        let source = generated.iter().rev().find(|source| source.is_file(&self.file))?;
        let (cell, line, column) = match source.origin(self.line) {
            Origin::Cell { cell, line } => (cell, line, self.column.saturating_sub(1)),
            Origin::Tail { cell, line, column } => (cell, line, column),
            Origin::Generated | Origin::Keep(_) | Origin::PutBack(_) | Origin::Read(_) => {
                return None;
            }
        };
        Some(Place { cell, start: (line, column), end: (line, column + 1) })
    }
}

/// What happened to the process; what became of the session is added when it is brought back.
fn death_error(death: &Death) -> CellError {
    let (ename, evalue) = match death {
        Death::Killed => {
            ("Interrupted", "the cell did not stop when asked, so its process was ended".to_owned())
        }
        Death::Exit(code) => {
            ("ProcessExit", format!("the cell ended its process with exit code {code}"))
        }
        Death::Signal(_) | Death::Unknown => ("ProcessCrash", death_text(death)),
    };
    plain_error(ename, &evalue)
}

/// How a process ended, as a claim.
pub fn death_text(death: &Death) -> String {
    match death {
        Death::Killed => "the process was ended".to_owned(),
        Death::Exit(code) => format!("the process ended with exit code {code}"),
        Death::Signal(signal) => format!("the process crashed with {}", signal_name(*signal)),
        Death::Unknown => "the process ended".to_owned(),
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGSEGV => "a segmentation fault",
        libc::SIGABRT => "an abort (a stack overflow, no memory, or a panic that could not unwind)",
        libc::SIGKILL => "SIGKILL (often: out of memory)",
        libc::SIGILL => "an illegal instruction",
        libc::SIGBUS => "a bus error",
        libc::SIGFPE => "an arithmetic fault",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Texts(Vec<String>);

    impl Sink for Texts {
        fn output(&mut self, output: Output) {
            if let Output::Stream { text, .. } = output {
                self.0.push(text);
            }
        }

        fn input(&mut self, _: &str, _: bool) -> Option<String> {
            None
        }
    }

    fn check(parts: &[&[u8]], expected: &str) {
        let mut texts = Texts(Vec::new());
        let mut utf8 = Utf8::new(Stream::Stdout);
        parts.iter().for_each(|part| utf8.send(part, &mut texts));
        utf8.finish(&mut texts);
        assert_eq!(texts.0.concat(), expected);
    }

    #[test]
    fn characters_cut_in_two_are_joined() {
        let bytes = "灯り".as_bytes();
        for cut in 0..bytes.len() {
            check(&[&bytes[..cut], &bytes[cut..]], "灯り");
        }
        check(&[b"\xff", &bytes[..1], &bytes[1..]], "\u{fffd}灯り");
    }

    #[test]
    fn bytes_that_are_no_text_are_harmless() {
        check(&[b"a\xffb", b"\xe7"], "a\u{fffd}b\u{fffd}");
    }
}
