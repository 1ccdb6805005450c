//! The engine's thread: carries out the queue's cells in order, and publishes their outputs.
//!
//! Everything here is synchronous. `queue` knows how a cell is stopped, `startup` how the engine is
//! found and made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::cell;
use super::hub::Hub;
use super::iopub::IoPub;
use super::message::{
    Asker, ExecuteReply, ExecuteRequest, Expression, Header, Object, Publication, Reply,
};
use super::queue::{Job, Queue};
use super::session::Session;
use super::startup::{Preparation, Startup};
use super::stdin::Questions;
use super::turn::Turn;
use crate::engine::outcome::{CellError, MimeBundle, Outcome, Output, plain};
use crate::engine::stop::Stop;
use crate::engine::{Background, Cell, CellId, Sink};

/// The header of the cell whose code began to run last: output between cells counts as that cell's.
type LastCell = Arc<Mutex<Option<Arc<Header>>>>;

/// The state of the engine's thread.
pub struct Executor {
    prepare: Preparation,
    queue: Arc<Queue>,
    questions: Arc<Questions>,
    session: Arc<Session>,
    iopub: Arc<IoPub>,
    /// What is said when the engine has come after a while.
    done: String,
    last: LastCell,
    /// The number of the cell that is carried out, or of the last one that the client counted before it.
    count: u32,
    /// The number of the last cell that the client doesn't count; the first has the number 2.
    uncounted: u32,
}

impl Executor {
    pub fn new(hub: &Hub, iopub: &Arc<IoPub>, prepare: Preparation) -> Executor {
        Executor {
            prepare,
            queue: Arc::clone(&hub.queue),
            questions: Arc::clone(&hub.questions),
            session: Arc::clone(&hub.session),
            iopub: Arc::clone(iopub),
            done: format!("akari: {}", hub.info.done),
            last: LastCell::default(),
            count: 0,
            uncounted: 1,
        }
    }

    /// Carries out cells until the kernel ends.
    pub fn run(mut self) {
        let mut engine = Startup::begin(Arc::clone(&self.prepare));
        loop {
            while engine.is_preparing() && self.queue.is_idle() {
                self.advance(&mut engine);
            }
            let Some(job) = self.queue.next() else { return };
            match job.reaction {
                None => self.carry_out(&mut engine, &job),
                Some(_) => self.react(&mut engine, &job),
            }
            if self.queue.is_idle()
                && let Startup::Ready(engine) = &mut engine
            {
                let _ = catch_unwind(AssertUnwindSafe(|| engine.settle()));
            }
        }
    }

    fn carry_out(&mut self, engine: &mut Startup, job: &Job) {
        let turn = Turn::begin(job.asker.clone(), &job.desk);
        let reply = self.reply(engine, job);
        self.session.comms.settle(&job.asker.header, &self.iopub);
        self.session.comms.tell_texts(&job.asker.header, &self.iopub);
        let has_failed = matches!(reply, ExecuteReply::Error { .. });
        let aborted = self.queue.finish(job, has_failed && job.request.stop_on_error);
        turn.end(&Reply::Execute(reply));
        cell::abort(aborted, &self.session);
    }

    /// Does what is to be done since a widget was moved. What comes of it stands in the widget's
    /// display; what the function prints goes to whoever listens to the move.
    fn react(&self, engine: &mut Startup, job: &Job) {
        let Some((name, _)) = &job.reaction else { return };
        let outcome = match engine {
            Startup::Ready(engine) => catch_unwind(AssertUnwindSafe(|| {
                engine.react(name, &job.stop, &mut Publisher::new(self, job))
            })),
            // Nobody has made a widget yet.
            Startup::Failed(_) | Startup::Preparing { .. } => Ok(Outcome::Done),
        };
        let outcome = outcome.unwrap_or_else(|_| Outcome::Failed(CellError::own_fault()));
        if let Outcome::Failed(error) = outcome {
            Publisher::new(self, job).output(Output::Display {
                data: plain(&error.traceback.join("\n")),
                metadata: MimeBundle::new(),
                display_id: Some(name.clone()),
                update: true,
            });
        }
        self.session.comms.settle(&job.asker.header, &self.iopub);
        self.iopub.flush();
        self.queue.finish(job, false);
    }

    fn reply(&mut self, engine: &mut Startup, job: &Job) -> ExecuteReply {
        let Job { asker, request, .. } = job;
        let Some(code) = &request.code else {
            let error = CellError::uncolored("ProtocolError", "the request has no text in `code`");
            return self.error(asker, error);
        };
        self.count = cell::open(job, code, &self.session, &self.iopub);
        if let Some(name) = cell::help_asked(&self.session.names(), code.trim()) {
            return cell::page(&self.session.names(), name, self.count);
        }
        let is_counted = job.is_counted();
        let id = if is_counted { CellId::Counted(self.count) } else { self.next_uncounted() };
        match self.execute(engine, job, code, id) {
            Outcome::Done => ExecuteReply::Ok {
                execution_count: self.count,
                payload: Vec::new(),
                user_expressions: self.user_expressions(engine, request, &job.stop),
            },
            Outcome::Failed(error) => self.error(asker, error),
        }
    }

    fn execute(&mut self, engine: &mut Startup, job: &Job, code: &str, id: CellId) -> Outcome {
        engine.try_again(&self.prepare);
        self.wait_for_engine(engine, job);
        if job.stop.wish().is_some() {
            return Outcome::Failed(CellError::uncolored(
                "Interrupted",
                "the cell was interrupted before it ran",
            ));
        }
        let cell = Cell { code, id, silent: job.request.silent, stop: &job.stop };
        run(engine, &cell, &mut Publisher::new(self, job))
    }

    /// Waits for the engine, or until the cell is to stop, and shows how far the engine has come.
    fn wait_for_engine(&self, engine: &mut Startup, job: &Job) {
        let mut shown: Option<String> = None;
        while engine.is_preparing() && job.stop.wish().is_none() {
            self.advance(engine);
            let next = engine.progress().or(shown.as_ref().map(|_| &*self.done));
            if let Some(text) = next.filter(|it| shown.as_deref() != Some(it)) {
                let text = text.to_owned();
                self.show_progress(job, &text, shown.is_some());
                shown = Some(text);
            }
        }
    }

    fn show_progress(&self, job: &Job, text: &str, is_update: bool) {
        let data = [("text/plain".to_owned(), text.into())].into_iter().collect();
        let id = format!("akari-startup-{}", job.asker.header.id);
        let none = MimeBundle::new();
        if !job.request.silent {
            self.publish(&job.asker, &Publication::display(&data, &none, Some(&id), is_update));
        }
    }

    /// Goes one step further towards the engine.
    fn advance(&self, engine: &mut Startup) {
        engine.advance();
        if let Startup::Ready(engine) = engine {
            // The session has one engine for good.
            self.session.set_names(engine.names());
            self.session.set_mover(engine.mover());
            self.session.set_teller(engine.teller());
            engine.set_background(background(&self.iopub, &self.last, &self.session));
        }
    }

    fn error(&self, asker: &Asker, error: CellError) -> ExecuteReply {
        self.publish(asker, &Publication::error(&error));
        ExecuteReply::error(self.count, error)
    }

    /// Evaluates the expressions, each as a cell of its own, which only the asker sees.
    fn user_expressions(
        &mut self,
        engine: &mut Startup,
        request: &ExecuteRequest,
        stop: &Stop,
    ) -> Object {
        let mut answers = Object::new();
        for (name, expression) in &request.user_expressions {
            let code = expression.as_str().unwrap_or_default();
            let cell = Cell { code, id: self.next_uncounted(), silent: false, stop };
            let mut sink = Collector::default();
            let answer = match run(engine, &cell, &mut sink) {
                Outcome::Done => Expression::Ok { data: sink.data, metadata: Object::new() },
                Outcome::Failed(error) => Expression::Error(error.into()),
            };
            answers.insert(name.clone(), answer.into_json());
        }
        answers
    }

    fn next_uncounted(&mut self) -> CellId {
        self.uncounted = self.uncounted.wrapping_add(1);
        CellId::Uncounted(self.uncounted)
    }

    fn publish(&self, asker: &Asker, publication: &Publication<'_>) {
        self.iopub.publish(Some(&asker.header), publication);
    }
}

fn run(engine: &mut Startup, cell: &Cell<'_>, sink: &mut dyn Sink) -> Outcome {
    let outcome = match engine {
        Startup::Ready(engine) => catch_unwind(AssertUnwindSafe(|| engine.execute(cell, sink))),
        Startup::Failed(text) => {
            return Outcome::Failed(CellError::uncolored("KernelStartError", text));
        }
        Startup::Preparing { .. } => {
            return Outcome::Failed(CellError::uncolored(
                "KernelStartError",
                "the engine is not there yet",
            ));
        }
    };
    outcome.unwrap_or_else(|_| Outcome::Failed(CellError::own_fault()))
}

/// A sink that keeps a cell's value, and nothing else.
#[derive(Default)]
struct Collector {
    data: MimeBundle,
}

impl Sink for Collector {
    fn output(&mut self, output: Output) {
        if let Output::Result { data } | Output::Display { data, .. } = output {
            self.data = data;
        }
    }

    fn input(&mut self, _: &str, _: bool) -> Option<String> {
        None
    }
}

/// A sink that sends a cell's outputs to the clients.
struct Publisher<'a> {
    executor: &'a Executor,
    job: &'a Job,
    /// The place where outputs go to, if the cell has named one.
    into: Option<String>,
}

impl<'a> Publisher<'a> {
    fn new(executor: &'a Executor, job: &'a Job) -> Publisher<'a> {
        Publisher { executor, job, into: None }
    }
}

impl Sink for Publisher<'_> {
    fn output(&mut self, output: Output) {
        let Job { asker, request, stop, .. } = self.job;
        if request.silent {
            return;
        }
        if let Output::Result { data } = &output
            && request.store_history
        {
            let text = data.get("text/plain").and_then(Value::as_str).unwrap_or_default();
            self.executor.session.history().set_output(self.executor.count, text);
        }
        self.executor.iopub.wait_for_room(|| stop.wish().is_some());
        let Executor { iopub, session, count, .. } = self.executor;
        if let Output::Capture { into } = &output {
            self.into.clone_from(into);
        }
        if let Some(area) = &self.into
            && session.comms.capture(area, &output, &asker.header, iopub)
        {
            return;
        }
        cell::publish(iopub, &session.comms, &asker.header, &output, *count);
    }

    fn begin(&mut self) {
        if !self.job.request.silent && self.job.reaction.is_none() {
            *self.executor.last.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Arc::clone(&self.job.asker.header));
        }
    }

    fn input(&mut self, prompt: &str, is_password: bool) -> Option<String> {
        if !self.job.request.allow_stdin {
            return None;
        }
        // What the cell has printed is seen before the question.
        self.executor.iopub.flush();
        self.executor.questions.ask(&self.job.asker, prompt, is_password, &self.job.stop)
    }
}

/// Publishes output between cells at once, as the last cell's.
fn background(iopub: &Arc<IoPub>, last: &LastCell, session: &Arc<Session>) -> Background {
    let (iopub, last, session) = (Arc::clone(iopub), Arc::clone(last), Arc::clone(session));
    Arc::new(move |output| {
        if output == Output::WidgetsEnded {
            return session.comms.end(&iopub);
        }
        let parent = last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(parent) = parent {
            iopub.wait_for_room(|| false);
            cell::publish(&iopub, &session.comms, &parent, &output, 0);
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    use super::*;
    use crate::engine::outcome::Stream;
    use crate::jupyter::message::Composer;
    use crate::jupyter::signature::Key;
    use crate::jupyter::zmtp::{Budget, Listener};

    /// Reads until the text has come.
    async fn read_until(peer: &mut UnixStream, text: &str) -> String {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(text) {
            assert!(peer.read_buf(&mut seen).await.unwrap() > 0);
        }
        String::from_utf8_lossy(&seen).into_owned()
    }

    #[tokio::test]
    async fn b12_output_between_cells_is_published_at_once_as_the_last_cells() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("iopub");
        let iopub = Arc::new(IoPub::new(Arc::new(Composer::new(Key::new("")))));
        let listener = Listener::bind_ipc(&path).unwrap();
        tokio::spawn(iopub.publisher.clone().serve(listener, Budget::default()));
        let mut peer = UnixStream::connect(&path).await.unwrap();
        let greeting = [b"\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL", &[0; 48][..]].concat();
        let ready = b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03SUB";
        let subscribe = b"\0\x01\x01";
        peer.write_all(&[&greeting, &ready[..], subscribe].concat()).await.unwrap();
        read_until(&mut peer, "iopub_welcome").await;
        let last = LastCell::default();
        let publish = background(&iopub, &last, &Arc::default());
        let print = |text: &str| Output::Stream { stream: Stream::Stdout, text: text.to_owned() };
        // Before the first cell there is nobody whose output it could be.
        publish(print("too early"));
        *last.lock().unwrap() = Some(Arc::new(Header::of_test("the last cell's", "")));
        let flushing = Arc::clone(&iopub);
        tokio::spawn(async move { flushing.flush_in_time().await });
        publish(print("between cells"));
        let seen = read_until(&mut peer, "between cells").await;
        assert!(seen.contains("the last cell's") && !seen.contains("too early"), "{seen}");
    }
}
