//! Running a compiled cell: the child's events become outputs, and its end an error or none.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use akari_seam::frame::{CHECK_FAILED, EXERCISE_ERROR, Frame, FrameError, INTERRUPTED};
use akari_seam::symbol::DONE;

use super::InstantEngine;
use super::build::Builder;
use super::hints::hint;
use super::journal::Cut;
use super::passed::frames;
use super::places::Generated;
use super::question;
use super::state::State;
use super::streams::{Streams, bundle, display};
use super::widgets;
use crate::engine::outcome::{CellError, Output, Stream};
use crate::engine::stop::{ListenerGuard, Stop, Wish};
use crate::engine::traceback::{Place, plain_error, run_error};
use crate::engine::{Background, Sink};
use crate::runtime::life::LifeEvent;
use crate::runtime::parent::{ChildHandle, Death, OnBackground, RunEnd, Task};
use crate::runtime::wire::{Command, Event};

/// How a run ended, and what it reported on the way.
#[derive(Debug)]
pub struct RunReport {
    pub end: RunEnd,
    failure: Option<Failure>,
    /// A question of the cell that nobody answered.
    no_answer: Option<NoAnswer>,
    /// Variables that the store did not have with the type that the cell expects.
    pub lost: Vec<String>,
    /// Variables that a failed cell may have changed, and that were too large to copy before it.
    pub changed: Vec<String>,
    /// What the learner typed when the cell asked.
    pub answers: Vec<String>,
    /// The state of the random generator, if the cell drew numbers.
    pub random: Option<String>,
    /// A few words on values, by the numbers of their variables.
    pub values: Vec<(u64, String)>,
}

/// A panic, a failed `?` or an interrupt.
#[derive(Debug)]
struct Failure {
    name: String,
    text: String,
    location: Option<Location>,
    /// The calls that led to a panic in no cell's code.
    calls: String,
}

/// A place in generated source.
#[derive(Debug)]
struct Location {
    file: String,
    line: u32,
    column: u32,
}

impl InstantEngine {
    /// Runs a compiled cell or a line of the shell; a wish to stop the cell reaches either.
    pub(super) fn run(&mut self, task: Task<'_>, stop: &Stop, sink: &mut dyn Sink) -> RunReport {
        self.carry_out(task, None, stop, sink, |handle| {
            let handle = Arc::clone(handle);
            stop.listen(move |wish| {
                handle.step(match wish {
                    Wish::Interrupt => LifeEvent::Interrupt,
                    Wish::End => LifeEvent::End,
                });
            })
        })
    }

    /// Carries a task out, within a limit if there is one. `begun` says who listens for wishes to
    /// stop.
    pub(super) fn carry_out<'a>(
        &mut self,
        task: Task<'_>,
        limit: Option<Duration>,
        stop: &'a Stop,
        sink: &mut dyn Sink,
        begun: impl FnOnce(&Arc<ChildHandle>) -> ListenerGuard<'a>,
    ) -> RunReport {
        let mut listener = Listener::new(sink, stop, &self.builder.generated);
        let end =
            self.child.carry_out(task, limit, begun, |handle, event| listener.event(handle, event));
        let report = listener.report(end);
        self.child.let_go_on();
        report
    }
}

/// Hands what the process prints between cells to the receiver that the engine was given.
pub fn on_background(
    place: &Arc<Mutex<Option<Background>>>,
    generated: &Generated,
) -> OnBackground {
    let place = Arc::clone(place);
    let mut streams = Streams::new(generated);
    Box::new(move |event| {
        let place = place.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(background) = place else { return };
        let mut sink = BackgroundSink(background);
        match event {
            Event::Stdout(bytes) => streams.stdout(&bytes, &mut sink),
            Event::Stderr(bytes) => streams.stderr(&bytes, &mut sink),
            Event::Frame(bytes) => match Frame::decode(&bytes) {
                Ok(Frame::Display { id, is_update, mime_type, content, plain }) => {
                    sink.output(display(id, is_update, mime_type, content, plain));
                }
                Ok(Frame::Clear { waits }) => sink.output(Output::Clear { wait: waits }),
                Ok(Frame::Widget { id, label, scale, reaction }) => {
                    sink.output(widgets::made(id, label, scale, reaction));
                }
                Ok(Frame::ShowWidgets { ids, plain }) => sink.output(widgets::shown(ids, plain)),
                Ok(Frame::OutputArea { id }) => sink.output(Output::Area { id: id.to_owned() }),
                Ok(Frame::ClearArea { id }) => sink.output(Output::ClearArea { id: id.to_owned() }),
                Ok(_) => {}
                Err(error) => sink.output(unreadable(error)),
            },
            // A cell begins: what an earlier one has left unfinished is that one's.
            Event::Begun { .. } => streams.finish(&mut sink),
            Event::Asks | Event::Ready { .. } | Event::Ended { .. } | Event::LoadFailed { .. } => {}
        }
    })
}

/// A sink for output between cells, when no client can be asked.
struct BackgroundSink(Background);

impl Sink for BackgroundSink {
    fn output(&mut self, output: Output) {
        (self.0)(output);
    }

    fn input(&mut self, _: &str, _: bool) -> Option<String> {
        None
    }
}

/// The sink of a cell that only defines items. It prints nothing and leaves nothing running, so what
/// comes out while it is loaded, and after it, is still an earlier one's.
pub struct ItemsSink<'a> {
    pub sink: &'a mut dyn Sink,
    pub background: Option<Background>,
}

impl Sink for ItemsSink<'_> {
    fn output(&mut self, output: Output) {
        match &self.background {
            Some(background) => background(output),
            None => self.sink.output(output),
        }
    }

    fn input(&mut self, prompt: &str, is_password: bool) -> Option<String> {
        self.sink.input(prompt, is_password)
    }
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy)]
enum NoAnswer {
    Interrupted,
    NotAllowed,
}

impl NoAnswer {
    /// The name and the text of the error.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            NoAnswer::Interrupted => {
                (INTERRUPTED, "the cell was interrupted while it waited for input")
            }
            NoAnswer::NotAllowed => (
                "InputError",
                "the cell reads input (stdin), and there is nobody to ask; run it in a client that \
                 can ask, such as JupyterLab, or write the value into the cell",
            ),
        }
    }
}

struct Listener<'a> {
    sink: &'a mut dyn Sink,
    stop: &'a Stop,
    streams: Streams,
    generated: Generated,
    failure: Option<Failure>,
    no_answer: Option<NoAnswer>,
    lost: Vec<String>,
    changed: Vec<String>,
    answers: Vec<String>,
    random: Option<String>,
    values: Vec<(u64, String)>,
}

impl<'a> Listener<'a> {
    fn new(sink: &'a mut dyn Sink, stop: &'a Stop, generated: &Generated) -> Self {
        Listener {
            sink,
            stop,
            streams: Streams::new(generated),
            generated: generated.clone(),
            failure: None,
            no_answer: None,
            lost: Vec::new(),
            changed: Vec::new(),
            answers: Vec::new(),
            random: None,
            values: Vec::new(),
        }
    }

    fn report(mut self, end: RunEnd) -> RunReport {
        self.streams.finish(self.sink);
        let Listener { failure, no_answer, lost, changed, answers, random, values, .. } = self;
        RunReport { end, failure, no_answer, lost, changed, answers, random, values }
    }

    fn event(&mut self, handle: &ChildHandle, event: Event) {
        match event {
            Event::Begun { .. } => self.sink.begin(),
            Event::Stdout(bytes) => self.streams.stdout(&bytes, self.sink),
            Event::Stderr(bytes) => self.streams.stderr(&bytes, self.sink),
            Event::Frame(bytes) => self.frame(&bytes),
            Event::Asks => self.ask(handle),
            Event::Ready { .. } | Event::Ended { .. } | Event::LoadFailed { .. } => {}
        }
    }

    /// Asks for the line that the cell waits for. A cell that nobody answers goes on at the end of
    /// its input, and is answered as failed at its own end.
    fn ask(&mut self, handle: &ChildHandle) {
        let (prompt, is_password) = self.streams.question.take();
        let command = match self.sink.input(&prompt, is_password) {
            Some(answer) => {
                let line = question::line(&answer);
                self.answers.push(answer);
                Command::Input(line)
            }
            None => {
                self.no_answer = Some(match self.stop.wish() {
                    Some(_) => NoAnswer::Interrupted,
                    None => NoAnswer::NotAllowed,
                });
                Command::NoInput
            }
        };
        handle.send(&command);
    }

    fn frame(&mut self, bytes: &[u8]) {
        let frame = match Frame::decode(bytes) {
            Ok(frame) => frame,
            Err(error) => return self.sink.output(unreadable(error)),
        };
        match frame {
            Frame::Result { mime_type, content } => {
                let content = self.generated.shown(mime_type, content);
                self.sink.output(Output::Result { data: bundle(mime_type, &content) });
            }
            Frame::Display { id, is_update, mime_type, content, plain } => {
                self.sink.output(display(id, is_update, mime_type, content, plain));
            }
            Frame::Failure { name, text, location, calls } => {
                let (name, text, calls) = (name.to_owned(), text.to_owned(), calls.to_owned());
                let location = location.map(|it| Location {
                    file: it.file.to_owned(),
                    line: it.line,
                    column: it.column,
                });
                self.failure = Some(Failure { name, text, location, calls });
            }
            Frame::Clear { waits } => self.sink.output(Output::Clear { wait: waits }),
            Frame::Lost { variable } => self.lost.push(variable.to_owned()),
            Frame::Changed { variable } => self.changed.push(variable.to_owned()),
            Frame::Random { state } => self.random = Some(state.to_owned()),
            Frame::Prompt { text } => self.streams.question.set(text, false),
            Frame::Widget { id, label, scale, reaction } => {
                self.sink.output(widgets::made(id, label, scale, reaction));
            }
            Frame::ShowWidgets { ids, plain } => self.sink.output(widgets::shown(ids, plain)),
            Frame::OutputArea { id } => self.sink.output(Output::Area { id: id.to_owned() }),
            Frame::Capture { into } => {
                self.streams.finish(self.sink);
                self.sink.output(Output::Capture { into: into.map(str::to_owned) });
            }
            Frame::ClearArea { id } => self.sink.output(Output::ClearArea { id: id.to_owned() }),
            Frame::Value { slot, text } => self.values.push((slot, text.to_owned())),
        }
    }
}

/// What the learner sees of a report that is damaged. The session goes on: how a cell ended is told by
/// what its entry returns, and not by a frame.
fn unreadable(error: FrameError) -> Output {
    tracing::warn!("a damaged frame: {error}");
    let text = format!("akari: something that the cell reported can't be read: {error}\n");
    Output::Stream { stream: Stream::Stderr, text }
}

impl RunReport {
    /// What cut the cell short; none if the cell came to its end.
    pub fn cut(&self) -> Option<Cut> {
        let is_interrupted = matches!(&self.failure, Some(it) if it.name == INTERRUPTED)
            || matches!(self.no_answer, Some(NoAnswer::Interrupted));
        match &self.end {
            _ if is_interrupted => Some(Cut::Interrupted),
            RunEnd::Returned(DONE) => None,
            _ => Some(Cut::Failed),
        }
    }

    /// The calls that led to a panic that was in no cell's code.
    pub fn calls_of_unplaced(&self, generated: &Generated) -> Option<&str> {
        let failure = self.failure.as_ref().filter(|it| it.place(generated).is_none())?;
        Some(failure.calls.as_str()).filter(|it| !it.is_empty())
    }

    /// The error to answer with, or none if the cell came to its end. `called` is the place in a cell
    /// from where a failure elsewhere came.
    pub fn error(
        &self,
        builder: &Builder,
        called: Option<Place>,
        state: &State,
    ) -> Option<CellError> {
        let (sources, generated) = (&builder.sources, &builder.generated);
        if let RunEnd::Died(death) = &self.end {
            return Some(death_error(death));
        }
        let place = self.failure.as_ref().and_then(|failure| failure.place(generated)).or(called);
        let noted = self.failure.as_ref().map_or("", |it| it.calls.as_str());
        let calls =
            place.as_ref().map(|it| frames(noted, it, generated, sources)).unwrap_or_default();
        // Whatever else went wrong may be so because the answer is missing.
        if let Some(no_answer) = self.no_answer {
            let (ename, text) = no_answer.words();
            return Some(run_error(ename, text, &calls, sources));
        }
        if let Some(failure) = &self.failure {
            let mut error = run_error(&failure.name, &failure.text, &calls, sources);
            // An exercise has said what to do, in the learner's language.
            if [CHECK_FAILED, EXERCISE_ERROR].contains(&failure.name.as_str()) {
                return Some(error);
            }
            error.traceback.extend(hint(&failure.text).map(|hint| format!("  help: {hint}")));
            return Some(builder.teacher.run(error, place.as_ref(), state, sources));
        }
        match &self.end {
            RunEnd::Returned(DONE) => None,
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
    fn place(&self, generated: &Generated) -> Option<Place> {
        let location = self.location.as_ref()?;
        generated.place(&location.file, location.line, location.column)
    }
}

/// The error that says how the process ended. The caller adds what became of the session.
fn death_error(death: &Death) -> CellError {
    let (ename, evalue) = match death {
        Death::Killed => {
            ("Interrupted", "the cell did not stop when asked, so its process was ended".to_owned())
        }
        // clap ends the process so where arguments are missing, which a cell never has.
        Death::Exit(2) => (
            "ProcessExit",
            "the cell ended its process with exit code 2 (clap does so where arguments are \
             missing; `parse_from` takes them from a list)"
                .to_owned(),
        ),
        Death::Exit(code) => {
            ("ProcessExit", format!("the cell ended its process with exit code {code}"))
        }
        Death::Signal(_) | Death::Unknown => ("ProcessCrash", death_text(death)),
    };
    plain_error(ename, &evalue)
}

/// How a process ended, as a clause.
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

    #[derive(Default)]
    struct Outputs(Vec<Output>);

    impl Outputs {
        fn text(&self, wanted: Stream) -> String {
            let text_of = |output: &Output| match output {
                Output::Stream { stream, text } if *stream == wanted => text.clone(),
                _ => String::new(),
            };
            self.0.iter().map(text_of).collect()
        }
    }

    impl Sink for Outputs {
        fn output(&mut self, output: Output) {
            self.0.push(output);
        }

        fn input(&mut self, _: &str, _: bool) -> Option<String> {
            None
        }
    }

    const DISPLAY: Frame<'_> = Frame::Display {
        id: Some("bar"),
        is_update: true,
        mime_type: "text/html",
        content: "1",
        plain: Some("one"),
    };

    #[test]
    fn frames_become_outputs_and_the_report() {
        let mut outputs = Outputs::default();
        let stop = Stop::default();
        let mut listener = Listener::new(&mut outputs, &stop, &Generated::default());
        let location = Some(akari_seam::SourceLocation { file: "cell.rs", line: 7, column: 9 });
        for frame in [
            DISPLAY,
            Frame::Failure { name: "Panic", text: "no", location, calls: "" },
            Frame::Lost { variable: "x" },
            Frame::Changed { variable: "y" },
            Frame::Random { state: "7" },
        ] {
            listener.frame(&frame.encode());
        }
        let report = listener.report(RunEnd::Returned(0));
        let failure = report.failure.as_ref().expect("a frame told of one");
        let place = failure.location.as_ref().map(|it| (it.file.as_str(), it.line, it.column));
        assert_eq!((failure.name.as_str(), place), ("Panic", Some(("cell.rs", 7, 9))));
        assert_eq!((report.lost, report.changed), (vec!["x".to_owned()], vec!["y".to_owned()]));
        assert_eq!(report.random.as_deref(), Some("7"));
        let [Output::Display { data, display_id, update: true, .. }] = &outputs.0[..] else {
            panic!("{:?}", outputs.0);
        };
        assert_eq!((display_id.as_deref(), &data["text/html"]), (Some("bar"), &"1".into()));
        assert_eq!(data["text/plain"], "one");
    }

    /// A failure without its line was once a failure in line 0, and a frame of no known kind nothing.
    #[test]
    fn damaged_frames_are_told_to_the_learner() {
        let whole = DISPLAY.encode();
        for bytes in [&[99, 0, 0][..], &whole[..whole.len() - 1], &[]] {
            let mut outputs = Outputs::default();
            let stop = Stop::default();
            let mut listener = Listener::new(&mut outputs, &stop, &Generated::default());
            listener.frame(bytes);
            let report = listener.report(RunEnd::Returned(DONE));
            assert!(report.cut().is_none(), "the cell came to its end");
            let text = outputs.text(Stream::Stderr);
            assert!(text.contains("can't be read"), "{text}");
        }
    }

    #[test]
    fn frames_between_cells_are_shown_or_told() {
        let (sender, outputs) = std::sync::mpsc::channel();
        let background: Background = Arc::new(move |output| drop(sender.send(output)));
        let mut on_event =
            on_background(&Arc::new(Mutex::new(Some(background))), &Generated::default());
        on_event(Event::Frame(DISPLAY.encode()));
        assert!(matches!(outputs.try_recv(), Ok(Output::Display { .. })));
        on_event(Event::Frame(vec![99]));
        assert!(matches!(outputs.try_recv(), Ok(Output::Stream { stream: Stream::Stderr, .. })));
    }
}
