//! The engine's thread: runs what is asked of it in order, and publishes what comes out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use jupyter_protocol::Header;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

use super::history::History;
use super::iopub::Publish;
use super::message::{Request, byte_offset, cursor_position};
use crate::engine::outcome::{CellError, Outcome, Output};
use crate::engine::{Cell, Engine, Interrupter, Sink};

/// Makes the engine, on the thread that will own it.
pub type EngineStarter = Box<dyn FnOnce() -> Result<Box<dyn Engine>, String> + Send>;

/// A request for the engine, and where its reply goes.
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
    interrupter: Mutex<Option<Interrupter>>,
    /// Dropping the sender of a pending question ends its wait.
    pub question: Mutex<Option<oneshot::Sender<String>>>,
}

impl Shared {
    pub fn interrupt(&self) {
        drop(self.question.lock().unwrap_or_else(PoisonError::into_inner).take());
        let interrupter = self.interrupter.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(interrupter) = interrupter {
            interrupter.interrupt();
        }
    }
}

/// The state of the engine's thread.
pub struct Worker {
    pub publish: mpsc::Sender<Publish>,
    pub questions: mpsc::UnboundedSender<Question>,
    pub shared: Arc<Shared>,
    pub count: u32,
    pub history: History,
}

impl Worker {
    /// Starts the engine, then answers jobs until the sockets are gone.
    pub fn run(mut self, start: EngineStarter, jobs: &Receiver<Job>) {
        let mut engine = catch_unwind(AssertUnwindSafe(start)).unwrap_or_else(|_| Err("the engine panicked at its start".into()));
        if let Ok(engine) = &engine {
            *self.shared.interrupter.lock().unwrap_or_else(PoisonError::into_inner) = Some(engine.interrupter());
        }
        while let Ok(mut job) = jobs.recv() {
            let failed = self.answer(&mut engine, &job);
            if !failed || !job.request.flag("stop_on_error", true) {
                continue;
            }
            // What the client sent on the heels of the failed cell is not to run.
            while let Ok(next) = jobs.try_recv() {
                job = next;
                if job.request.kind() == "execute_request" {
                    self.status(&job.request, "busy");
                    let content = json!({ "status": "aborted", "execution_count": self.count, "user_expressions": {}, "payload": [] });
                    self.finish(&job, content);
                } else {
                    self.answer(&mut engine, &job);
                }
            }
        }
    }

    /// Answers one request. Returns whether it was a cell that failed.
    fn answer(&mut self, engine: &mut Result<Box<dyn Engine>, String>, job: &Job) -> bool {
        self.status(&job.request, "busy");
        let request = &job.request;
        let content = match (request.kind(), engine) {
            ("execute_request", engine) => self.execute(engine, request),
            ("complete_request", Ok(engine)) => complete(engine.as_mut(), request),
            ("inspect_request", Ok(engine)) => inspect(engine.as_mut(), request),
            ("history_request", _) => self.history.answer(&request.content),
            ("complete_request", Err(_)) => json!({ "status": "ok", "matches": [], "cursor_start": 0, "cursor_end": 0, "metadata": {} }),
            _ => json!({ "status": "ok", "found": false, "data": {}, "metadata": {} }),
        };
        let failed = request.kind() == "execute_request" && content["status"] == "error";
        self.finish(job, content);
        failed
    }

    fn execute(&mut self, engine: &mut Result<Box<dyn Engine>, String>, request: &Request) -> Value {
        let code = request.text("code").to_owned();
        let silent = request.flag("silent", false);
        if !silent {
            self.count += 1;
            self.publish(request, "execute_input", json!({ "code": code, "execution_count": self.count }));
            if request.flag("store_history", true) {
                self.history.push(self.count, &code);
            }
        }
        if let (Some(name), Ok(engine)) = (code.trim().strip_prefix('?'), &mut *engine) {
            return page(engine.as_mut(), name.trim(), self.count);
        }
        let mut sink = Publisher { worker: self, request, silent };
        let cell = Cell { code: &code, count: sink.worker.count, silent };
        let outcome = match engine {
            Ok(engine) => catch_unwind(AssertUnwindSafe(|| engine.execute(&cell, &mut sink))).unwrap_or_else(|_| {
                failed("InternalError", "Akari itself failed in this cell; please report it with the cell's text")
            }),
            Err(text) => failed("KernelStartError", text),
        };
        match outcome {
            Outcome::Done => json!({
                "status": "ok", "execution_count": self.count, "payload": [],
                "user_expressions": user_expressions(&request.content),
            }),
            Outcome::Failed(CellError { ename, evalue, traceback }) => {
                let error = json!({ "ename": ename, "evalue": evalue, "traceback": traceback });
                self.publish(request, "error", error.clone());
                let mut reply = json!({ "status": "error", "execution_count": self.count, "payload": [], "user_expressions": {} });
                if let (Some(reply), Value::Object(error)) = (reply.as_object_mut(), error) {
                    reply.extend(error);
                }
                reply
            }
        }
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
        let _ = self.publish.blocking_send(Publish::Message { kind, content, parent: Some(request.header.clone()) });
    }
}

fn failed(ename: &str, evalue: &str) -> Outcome {
    Outcome::Failed(CellError { ename: ename.into(), evalue: evalue.into(), traceback: vec![format!("{ename}: {evalue}")] })
}

/// Cells can't be evaluated beside the one that ran, so each expression gets an answer that says so.
fn user_expressions(content: &Value) -> Value {
    let names = content.get("user_expressions").and_then(Value::as_object);
    let answer = json!({ "status": "error", "ename": "NotSupported", "evalue": "Akari does not evaluate user expressions", "traceback": [] });
    names.into_iter().flatten().map(|(name, _)| (name.clone(), answer.clone())).collect::<Map<_, _>>().into()
}

fn complete(engine: &mut dyn Engine, request: &Request) -> Value {
    let code = request.text("code");
    let cursor = byte_offset(code, request.number("cursor_pos").unwrap_or(i64::MAX));
    let found = catch_unwind(AssertUnwindSafe(|| engine.complete(code, cursor))).unwrap_or_default();
    let types: Vec<Value> = found
        .items
        .iter()
        .map(|it| json!({ "text": it.text, "type": it.kind, "signature": it.detail.clone().unwrap_or_default(), "start": cursor_position(code, found.start), "end": cursor_position(code, found.end) }))
        .collect();
    let matches: Vec<&str> = found.items.iter().map(|it| it.text.as_str()).collect();
    json!({
        "status": "ok", "matches": matches,
        "cursor_start": cursor_position(code, found.start), "cursor_end": cursor_position(code, found.end),
        "metadata": { "_jupyter_types_experimental": types },
    })
}

fn inspect(engine: &mut dyn Engine, request: &Request) -> Value {
    let code = request.text("code");
    let cursor = byte_offset(code, request.number("cursor_pos").unwrap_or(i64::MAX));
    let found = catch_unwind(AssertUnwindSafe(|| engine.inspect(code, cursor))).ok().flatten();
    json!({ "status": "ok", "found": found.is_some(), "data": found.map(|it| it.data).unwrap_or_default(), "metadata": {} })
}

/// `?name` opens the client's pager.
fn page(engine: &mut dyn Engine, name: &str, count: u32) -> Value {
    let text = json!({ "text/plain": format!("nothing is known of `{name}`") });
    let data = engine.inspect(name, name.len()).map_or(text, |it| it.data.into());
    json!({
        "status": "ok", "execution_count": count, "user_expressions": {},
        "payload": [{ "source": "page", "data": data, "start": 0 }],
    })
}

/// Sends a cell's outputs to the clients.
struct Publisher<'a> {
    worker: &'a Worker,
    request: &'a Request,
    silent: bool,
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
            Output::Result { data } => ("execute_result", json!({ "execution_count": self.worker.count, "data": data, "metadata": {} })),
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
        let question = Question { request: self.request.clone(), prompt: prompt.to_owned(), is_password, answer };
        self.worker.questions.send(question).ok()?;
        answered.blocking_recv().ok()
    }
}
