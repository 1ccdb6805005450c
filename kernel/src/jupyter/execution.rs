//! The engine's thread: runs what is asked of it in order, and publishes what comes out.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use jupyter_protocol::Header;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

use super::history::History;
use super::iopub::Publish;
use super::message::Request;
use crate::engine::names::Names;
use crate::engine::outcome::{CellError, MimeBundle, Outcome, Output};
use crate::engine::stop::{Stop, Wish};
use crate::engine::{Cell, Engine, Sink, UNCOUNTED};

/// Makes the engine, on the thread that will own it.
pub type EngineStarter = Box<dyn FnOnce() -> Result<Box<dyn Engine>, String> + Send>;

/// A request to run a cell, and where its reply goes.
#[derive(Debug)]
pub struct Job {
    pub request: Request,
    pub reply: mpsc::UnboundedSender<(Request, Value)>,
}

/// A question of a running cell for the learner.
#[derive(Debug)]
pub struct Question {
    pub request: Request,
    pub prompt: String,
    pub is_password: bool,
    pub answer: oneshot::Sender<String>,
}

/// What the engine's thread shares with the sockets.
#[derive(Debug, Default)]
pub struct Shared {
    /// Of the cell that the engine carries out.
    running: Mutex<Option<Stop>>,
    names: OnceLock<Arc<Names>>,
    pub history: Mutex<History>,
    /// Dropping the sender of a pending question ends its wait.
    pub question: Mutex<Option<oneshot::Sender<String>>>,
}

impl Shared {
    pub fn interrupt(&self) {
        if let Some(stop) = self.running() {
            stop.raise(Wish::Interrupt);
        }
        // After that, so that the cell knows why it gets no answer.
        drop(self.question.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Ends the running cell at once.
    pub fn end(&self) {
        drop(self.question.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(stop) = self.running() {
            stop.raise(Wish::End);
        }
    }

    fn running(&self) -> Option<Stop> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_running(&self, stop: Option<Stop>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = stop;
    }

    /// Before the engine has started nothing but the language is known.
    pub fn names(&self) -> Arc<Names> {
        self.names.get().cloned().unwrap_or_default()
    }
}

/// The state of the engine's thread.
pub struct Worker {
    pub publish: mpsc::Sender<Publish>,
    pub questions: mpsc::UnboundedSender<Question>,
    pub shared: Arc<Shared>,
    /// The number of the last cell that the client counts.
    pub count: u32,
    /// How many others ran.
    pub uncounted: u32,
}

impl Worker {
    /// Starts the engine, then answers jobs until the sockets are gone.
    pub fn run(mut self, start: EngineStarter, jobs: &Receiver<Job>) {
        let mut engine = catch_unwind(AssertUnwindSafe(start))
            .unwrap_or_else(|_| Err("the engine panicked at its start".into()));
        if let Ok(engine) = &engine {
            let _ = self.shared.names.set(engine.names());
        }
        let mut pending = VecDeque::new();
        while let Some(job) = pending.pop_front().or_else(|| jobs.recv().ok()) {
            self.status(&job.request, "busy");
            let stop = Stop::default();
            self.shared.set_running(Some(stop.clone()));
            let content = self.content(&mut engine, &job.request, &stop);
            self.shared.set_running(None);
            // What the client sent on the heels of a failed cell is not to run. What it sends once
            // it has seen the reply is, and so is what others sent.
            pending.extend(jobs.try_iter());
            let mut aborted = VecDeque::new();
            if content["status"] == "error" && job.request.flag("stop_on_error", true) {
                let session = &job.request.header.session;
                (aborted, pending) =
                    pending.into_iter().partition(|it: &Job| &it.request.header.session == session);
            }
            self.finish(&job, content);
            for job in aborted {
                self.status(&job.request, "busy");
                let content = json!({ "status": "aborted", "execution_count": self.count, "user_expressions": {}, "payload": [] });
                self.finish(&job, content);
            }
        }
    }

    fn content(
        &mut self,
        engine: &mut Result<Box<dyn Engine>, String>,
        request: &Request,
        stop: &Stop,
    ) -> Value {
        if request.content["code"].is_string() {
            self.execute(engine, request, stop)
        } else {
            self.error_reply(request, failed("ProtocolError", "the request has no text in `code`"))
        }
    }

    fn execute(
        &mut self,
        engine: &mut Result<Box<dyn Engine>, String>,
        request: &Request,
        stop: &Stop,
    ) -> Value {
        let code = request.text("code").to_owned();
        let silent = request.flag("silent", false);
        let is_counted = !silent && request.flag("store_history", true);
        if is_counted {
            self.count += 1;
            self.history().push(self.count, &code);
        }
        if !silent {
            self.publish(
                request,
                "execute_input",
                json!({ "code": code, "execution_count": self.count }),
            );
        }
        if let Some(name) = code.trim().strip_prefix('?') {
            return page(&self.shared.names(), name.trim(), self.count);
        }
        let number = if is_counted { self.count } else { self.next_uncounted() };
        let cell = Cell { code: &code, count: number, silent, stop };
        let mut sink = Publisher { worker: self, request, silent, is_counted };
        match run(engine, &cell, &mut sink) {
            Outcome::Done => json!({
                "status": "ok", "execution_count": self.count, "payload": [],
                "user_expressions": self.user_expressions(engine, request, stop),
            }),
            Outcome::Failed(error) => self.error_reply(request, error),
        }
    }

    fn error_reply(&self, request: &Request, error: CellError) -> Value {
        let CellError { ename, evalue, traceback } = error;
        self.publish(
            request,
            "error",
            json!({ "ename": ename, "evalue": evalue, "traceback": traceback }),
        );
        json!({
            "status": "error", "execution_count": self.count, "payload": [], "user_expressions": {},
            "ename": ename, "evalue": evalue, "traceback": traceback,
        })
    }

    /// Each expression is a cell of its own, which only the asker sees.
    fn user_expressions(
        &mut self,
        engine: &mut Result<Box<dyn Engine>, String>,
        request: &Request,
        stop: &Stop,
    ) -> Value {
        let expressions = request.content.get("user_expressions").and_then(Value::as_object);
        let mut answers = Map::new();
        for (name, expression) in expressions.into_iter().flatten() {
            let code = expression.as_str().unwrap_or_default();
            let cell = Cell { code, count: self.next_uncounted(), silent: false, stop };
            let mut sink = Collector::default();
            let answer = match run(engine, &cell, &mut sink) {
                Outcome::Done => json!({ "status": "ok", "data": sink.data, "metadata": {} }),
                Outcome::Failed(error) => {
                    json!({ "status": "error", "ename": error.ename, "evalue": error.evalue, "traceback": error.traceback })
                }
            };
            answers.insert(name.clone(), answer);
        }
        answers.into()
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.shared.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_uncounted(&mut self) -> u32 {
        self.uncounted = self.uncounted.wrapping_add(1);
        UNCOUNTED | self.uncounted
    }

    fn finish(&self, job: &Job, content: Value) {
        let (done, is_done) = oneshot::channel();
        if self.publish.blocking_send(Publish::Barrier(done)).is_ok() {
            let _ = is_done.blocking_recv();
        }
        let _ = job.reply.send((job.request.clone(), content));
        self.status(&job.request, "idle");
    }

    fn status(&self, request: &Request, state: &str) {
        self.publish(request, "status", json!({ "execution_state": state }));
    }

    fn publish(&self, request: &Request, kind: &'static str, content: Value) {
        let _ = self.publish.blocking_send(Publish::Message {
            kind,
            content,
            parent: Some(request.header.clone()),
        });
    }
}

fn run(
    engine: &mut Result<Box<dyn Engine>, String>,
    cell: &Cell<'_>,
    sink: &mut dyn Sink,
) -> Outcome {
    let outcome = match engine {
        Ok(engine) => catch_unwind(AssertUnwindSafe(|| engine.execute(cell, sink))),
        Err(text) => return Outcome::Failed(failed("KernelStartError", text)),
    };
    outcome.unwrap_or_else(|_| {
        Outcome::Failed(failed(
            "InternalError",
            "Akari itself failed in this cell; please report it with the cell's text",
        ))
    })
}

fn failed(ename: &str, evalue: &str) -> CellError {
    CellError {
        ename: ename.into(),
        evalue: evalue.into(),
        traceback: vec![format!("{ename}: {evalue}")],
    }
}

/// `?name` opens the client's pager.
fn page(names: &Names, name: &str, count: u32) -> Value {
    let text = json!({ "text/plain": format!("nothing is known of `{name}`") });
    let data = names.inspect(name, name.len()).map_or(text, |it| it.data.into());
    json!({
        "status": "ok", "execution_count": count, "user_expressions": {},
        "payload": [{ "source": "page", "data": data, "start": 0 }],
    })
}

/// Keeps a cell's value, and nothing else.
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

/// Sends a cell's outputs to the clients.
struct Publisher<'a> {
    worker: &'a Worker,
    request: &'a Request,
    silent: bool,
    is_counted: bool,
}

impl Sink for Publisher<'_> {
    fn output(&mut self, output: Output) {
        if self.silent {
            return;
        }
        let parent: Header = self.request.header.clone();
        let (kind, content) = match output {
            Output::Stream { stream, text } => {
                let _ = self.worker.publish.blocking_send(Publish::Print { stream, text, parent });
                return;
            }
            Output::Result { data } => {
                if self.is_counted {
                    let text = data.get("text/plain").and_then(Value::as_str).unwrap_or_default();
                    self.worker.history().set_output(self.worker.count, text);
                }
                (
                    "execute_result",
                    json!({ "execution_count": self.worker.count, "data": data, "metadata": {} }),
                )
            }
            Output::Display { data, metadata, display_id, update } => {
                let transient = display_id.map_or(json!({}), |id| json!({ "display_id": id }));
                let kind = if update { "update_display_data" } else { "display_data" };
                (kind, json!({ "data": data, "metadata": metadata, "transient": transient }))
            }
            Output::Clear { wait } => ("clear_output", json!({ "wait": wait })),
        };
        self.worker.publish(self.request, kind, content);
    }

    fn input(&mut self, prompt: &str, is_password: bool) -> Option<String> {
        if !self.request.flag("allow_stdin", false) {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        let question = Question {
            request: self.request.clone(),
            prompt: prompt.to_owned(),
            is_password,
            answer,
        };
        self.worker.questions.send(question).ok()?;
        answered.blocking_recv().ok()
    }
}
