//! Running a compiled cell: the child's events become outputs, and its end an error or none.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::generate::{Origin, Source};
use super::{InstantEngine, Shared};
use crate::engine::Sink;
use crate::engine::outcome::{CellError, MimeBundle, Output, Stream};
use crate::engine::traceback::{Place, Sources, plain_error, run_error};
use crate::runtime::markers::{Markers, Piece};
use crate::runtime::parent::{Death, Hold, RunEnd};
use crate::runtime::wire::{Command, Event};

/// The numbers of the prelude's `rt::host::FrameKind`.
mod frame {
    pub const RESULT: u32 = 1;
    pub const DISPLAY: u32 = 2;
    pub const FAILURE: u32 = 3;
    pub const CLEAR: u32 = 4;
    pub const LOST: u32 = 5;
    pub const RANDOM: u32 = 6;
}

/// How a run ended, and what it reported on the way.
#[derive(Debug)]
pub struct RunReport {
    pub end: RunEnd,
    failure: Option<Failure>,
    /// A question of the cell that nobody answered.
    unanswered: Option<Unanswered>,
    /// Variables that were not there with the type they should have.
    pub lost: Vec<String>,
    pub child_died: bool,
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
    pub(super) fn run(&mut self, library: &Path, sink: &mut dyn Sink) -> RunReport {
        let mut listener = Listener::new(sink, &self.shared);
        let end = self.child.run(library, |hold, event| listener.event(hold, event));
        listener.report(end)
    }

    /// Runs a cell again; ends the process if it takes longer than that.
    pub(super) fn run_unseen(
        &mut self,
        limit: Duration,
        library: &Path,
        sink: &mut dyn Sink,
    ) -> RunReport {
        let mut listener = Listener::new(sink, &self.shared);
        let end = self.child.run_within(limit, library, |hold, event| listener.event(hold, event));
        listener.report(end)
    }

    /// Runs a line by the shell.
    pub(super) fn run_line(&mut self, line: &str, sink: &mut dyn Sink) -> RunReport {
        let mut listener = Listener::new(sink, &self.shared);
        let end = self.child.run_shell(line, |hold, event| listener.event(hold, event));
        listener.report(end)
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
    shared: &'a Shared,
    stdout: Utf8,
    stderr: Utf8,
    markers: Markers,
    failure: Option<Failure>,
    unanswered: Option<Unanswered>,
    lost: Vec<String>,
    answers: Vec<String>,
    random: Option<String>,
}

impl<'a> Listener<'a> {
    fn new(sink: &'a mut dyn Sink, shared: &'a Shared) -> Self {
        Listener {
            sink,
            shared,
            stdout: Utf8::new(Stream::Stdout),
            stderr: Utf8::new(Stream::Stderr),
            markers: Markers::default(),
            failure: None,
            unanswered: None,
            lost: Vec::new(),
            answers: Vec::new(),
            random: None,
        }
    }

    fn report(mut self, end: RunEnd) -> RunReport {
        self.finish();
        let Listener { failure, unanswered, lost, answers, random, .. } = self;
        let child_died = matches!(end, RunEnd::Died(_));
        RunReport { end, failure, unanswered, lost, child_died, answers, random }
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
            Event::Ready { .. } | Event::Ended(_) | Event::LoadFailed(_) => {}
        }
    }

    fn piece(&mut self, hold: &Hold, piece: Piece) {
        match piece {
            Piece::Text(bytes) => self.stdout.send(&bytes, self.sink),
            Piece::Display { mime_type, content } => {
                let data = bundle(&[mime_type, content]);
                self.display(data, None, false);
            }
            Piece::Input { prompt, is_password } => {
                let answer = self.sink.input(&prompt, is_password).unwrap_or_else(|| {
                    // The cell waits for a line and can't be told otherwise; it fails afterwards.
                    let is_wanted = self.shared.is_wanted.load(Ordering::SeqCst);
                    self.unanswered = Some(if is_wanted {
                        Unanswered::Interrupted
                    } else {
                        Unanswered::NotAllowed
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
            frame::DISPLAY => {
                let id = Some(field(0).to_owned()).filter(|it| !it.is_empty());
                let data = bundle(fields.get(2..).unwrap_or_default());
                self.display(data, id, field(1) == "1");
            }
            frame::FAILURE => {
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
            frame::RANDOM => self.random = Some(field(0).to_owned()),
            // A newer prelude may report what this kernel does not know.
            _ => {}
        }
    }

    fn display(&mut self, data: MimeBundle, display_id: Option<String>, update: bool) {
        self.sink.output(Output::Display { data, metadata: MimeBundle::new(), display_id, update });
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

/// What happened to the process; what became of the session is added when it is rebuilt.
fn death_error(death: &Death) -> CellError {
    let (ename, evalue) = match death {
        Death::Interrupted => {
            ("Interrupted", "the cell did not stop when asked, so its process was ended".to_owned())
        }
        Death::Exit(code) => {
            ("ProcessExit", format!("the cell ended its process with exit code {code}"))
        }
        Death::Signal(signal) => {
            ("ProcessCrash", format!("the process crashed with {}", signal_name(*signal)))
        }
        Death::Unknown => ("ProcessCrash", "the process ended".to_owned()),
    };
    plain_error(ename, &evalue)
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGSEGV => "a segmentation fault",
        libc::SIGABRT => "an abort (a stack overflow, or a panic that could not unwind)",
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
