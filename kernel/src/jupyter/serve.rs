//! The sockets of a kernel and the loops over them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jupyter_protocol::ConnectionInfo;
use jupyter_zmq_client::connection::{
    self as sockets, RawMessage, RouterRecvConnection, RouterSendConnection,
};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use zeromq::SocketRecv;

use super::execution::{EngineStarter, Job, Question, Shared, Worker};
use super::iopub::{self, Publish};
use super::message::{Request, byte_offset, cursor_position};
use crate::engine::names::Names;
use crate::engine::outcome::Completeness;
use crate::engine::syntax;

/// What `kernel_info_reply` says of the language.
#[derive(Debug, Clone)]
pub struct KernelInfo {
    pub rust_version: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("could not read the connection file `{}`: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is no connection file: {source}", path.display())]
    Parse { path: PathBuf, source: serde_json::Error },
    #[error("could not open a socket of the connection file: {0}")]
    Socket(#[from] jupyter_zmq_client::RuntimeError),
    #[error("could not start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Serves clients until one asks to shut down, or the parent process ends.
pub fn serve(path: &Path, start: EngineStarter, info: KernelInfo) -> Result<(), ServeError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ServeError::Read { path: path.to_owned(), source })?;
    let connection = serde_json::from_str(&text)
        .map_err(|source| ServeError::Parse { path: path.to_owned(), source })?;
    beat_heart(&connection)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(serve_sockets(&connection, start, info));
    // A thread that still waits for the engine must not keep the process.
    runtime.shutdown_background();
    served
}

/// The heartbeat has a thread of its own, so that nothing else can make it late.
fn beat_heart(connection: &ConnectionInfo) -> Result<(), ServeError> {
    let connection = connection.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("heartbeat".into()).spawn(move || {
        runtime.block_on(async {
            match sockets::create_kernel_heartbeat_connection(&connection).await {
                Ok(mut heart) => while heart.single_heartbeat().await.is_ok() {},
                Err(error) => tracing::error!("no heartbeat: {error}"),
            }
        });
    })?;
    Ok(())
}

async fn serve_sockets(
    connection: &ConnectionInfo,
    start: EngineStarter,
    info: KernelInfo,
) -> Result<(), ServeError> {
    let session = uuid::Uuid::new_v4().to_string();
    let iopub = sockets::create_kernel_iopub_xpub_connection(connection, &session).await?;
    let shell = sockets::create_kernel_shell_connection(connection, &session).await?;
    let control = sockets::create_kernel_control_connection(connection, &session).await?;
    let stdin = sockets::create_kernel_stdin_connection(connection, &session).await?;
    let (publish, published) = mpsc::channel(256);
    let (questions, asked) = mpsc::unbounded_channel();
    let (jobs, job_queue) = std::sync::mpsc::channel();
    let (end, ended) = watch::channel(false);
    let shared = Arc::new(Shared::default());
    let worker = Worker {
        publish: publish.clone(),
        questions,
        shared: Arc::clone(&shared),
        count: 0,
        uncounted: 0,
    };
    let engine_thread = std::thread::Builder::new()
        .name("engine".into())
        .spawn(move || worker.run(start, &job_queue))?;
    let publishing = tokio::spawn(iopub::run(iopub, published));
    let starting = Publish::Message {
        kind: "status",
        content: json!({ "execution_state": "starting" }),
        parent: None,
    };
    let _ = publish.send(starting).await;
    tokio::spawn(ask(stdin.split(), asked, Arc::clone(&shared)));
    let hub = Hub { jobs, publish, shared: Arc::clone(&shared), info: Arc::new(info), end };
    let shell = tokio::spawn(hub.clone().listen(shell.split()));
    let control = tokio::spawn(hub.listen(control.split()));
    let interrupting = tokio::spawn(interrupt_on_signal(Arc::clone(&shared)));
    tokio::select! {
        () = wait_for_end(ended) => {}
        () = wait_for_orphanage() => {}
    }
    // The reply must have left before the sockets go.
    tokio::time::sleep(Duration::from_millis(100)).await;
    for task in [shell, control, interrupting] {
        task.abort();
        let _ = task.await;
    }
    end_engine(engine_thread, &shared).await;
    publishing.abort();
    Ok(())
}

/// Waits until the engine has cleaned up after itself, but not for a compiler that takes its time.
async fn end_engine(thread: std::thread::JoinHandle<()>, shared: &Shared) {
    const PATIENCE: Duration = Duration::from_secs(1);
    shared.end();
    let joined = tokio::task::spawn_blocking(move || thread.join());
    if tokio::time::timeout(PATIENCE, joined).await.is_err() {
        tracing::warn!("the engine was still busy at the end");
    }
}

/// A frontend that interrupts by signal, and Ctrl-C in a terminal.
async fn interrupt_on_signal(shared: Arc<Shared>) {
    match signal(SignalKind::interrupt()) {
        Ok(mut signals) => {
            while signals.recv().await.is_some() {
                shared.interrupt();
            }
        }
        Err(error) => tracing::warn!("interrupts by signal are not heard: {error}"),
    }
}

async fn wait_for_end(mut ended: watch::Receiver<bool>) {
    let _ = ended.wait_for(|is_over| *is_over).await;
}

/// Ends when the process that started the kernel has ended.
async fn wait_for_orphanage() {
    let parent = std::os::unix::process::parent_id();
    while std::os::unix::process::parent_id() == parent {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// What both request sockets need.
#[derive(Clone)]
struct Hub {
    jobs: std::sync::mpsc::Sender<Job>,
    publish: mpsc::Sender<Publish>,
    shared: Arc<Shared>,
    info: Arc<KernelInfo>,
    end: watch::Sender<bool>,
}

impl Hub {
    async fn listen(
        self,
        (mut sender, mut receiver): (RouterSendConnection, RouterRecvConnection),
    ) {
        let (reply, mut replies) = mpsc::unbounded_channel::<(Request, Value)>();
        loop {
            tokio::select! {
                Some((request, content)) = replies.recv() => send(&mut sender, &request, content).await,
                message = receiver.socket.recv() => {
                    let Ok(frames) = message else { continue };
                    let request = match RawMessage::from_multipart(frames, &receiver.mac) {
                        Ok(raw) => Request::read(raw),
                        Err(error) => { tracing::warn!("dropped a message: {error}"); continue }
                    };
                    match request {
                        Ok(request) => self.dispatch(request, &reply).await,
                        Err(error) => tracing::warn!("dropped a message: {error}"),
                    }
                }
            }
        }
    }

    /// Gives the engine its cells, and answers the rest at once, also while a cell runs.
    async fn dispatch(&self, request: Request, reply: &mpsc::UnboundedSender<(Request, Value)>) {
        let content = match request.kind() {
            "execute_request" => {
                let _ = self.jobs.send(Job { request, reply: reply.clone() });
                return;
            }
            "kernel_info_request" => kernel_info(&self.info),
            "complete_request" => return self.answer_aside(complete, request, reply).await,
            "inspect_request" => return self.answer_aside(inspect, request, reply).await,
            "history_request" => self
                .shared
                .history
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .answer(&request.content),
            "is_complete_request" => is_complete(request.text("code")),
            "comm_info_request" => json!({ "status": "ok", "comms": {} }),
            "interrupt_request" => {
                self.shared.interrupt();
                json!({ "status": "ok" })
            }
            "shutdown_request" => {
                json!({ "status": "ok", "restart": request.flag("restart", false) })
            }
            "comm_open" => {
                let close = json!({ "comm_id": request.text("comm_id"), "data": {} });
                let close = Publish::Message {
                    kind: "comm_close",
                    content: close,
                    parent: Some(request.header.clone()),
                };
                let _ = self.publish.send(close).await;
                return;
            }
            "comm_msg" | "comm_close" => return,
            kind if kind.ends_with("_request") => {
                json!({ "status": "error", "ename": "NotSupported", "evalue": format!("Akari does not know {kind}"), "traceback": [] })
            }
            kind => return tracing::warn!("ignored a message of unknown kind {kind}"),
        };
        let is_shutdown = request.kind() == "shutdown_request";
        self.status(&request, "busy").await;
        let idle = request.clone();
        let _ = reply.send((request, content));
        self.status(&idle, "idle").await;
        if is_shutdown {
            let _ = self.end.send(true);
        }
    }

    /// Answers what may take a moment on another thread; meanwhile the sockets are served.
    async fn answer_aside(
        &self,
        answer: fn(&Names, &Request) -> Value,
        request: Request,
        reply: &mpsc::UnboundedSender<(Request, Value)>,
    ) {
        self.status(&request, "busy").await;
        let (hub, reply) = (self.clone(), reply.clone());
        tokio::spawn(async move {
            let (names, asked) = (hub.shared.names(), request.clone());
            let answered = tokio::task::spawn_blocking(move || answer(&names, &asked)).await;
            let failed = json!({ "status": "error", "ename": "InternalError", "evalue": "the answer failed", "traceback": [] });
            let _ = reply.send((request.clone(), answered.unwrap_or(failed)));
            hub.status(&request, "idle").await;
        });
    }

    async fn status(&self, request: &Request, state: &str) {
        let content = json!({ "execution_state": state });
        let _ = self
            .publish
            .send(Publish::Message {
                kind: "status",
                content,
                parent: Some(request.header.clone()),
            })
            .await;
    }
}

async fn send(sender: &mut RouterSendConnection, request: &Request, content: Value) {
    let kind = request.kind().replace("_request", "_reply");
    if let Err(error) = sender.send(request.reply(&kind, content)).await {
        tracing::warn!("could not answer {kind}: {error}");
    }
}

fn kernel_info(info: &KernelInfo) -> Value {
    json!({
        "status": "ok",
        "protocol_version": "5.5",
        "implementation": "akari",
        "implementation_version": env!("CARGO_PKG_VERSION"),
        "language_info": {
            "name": "rust",
            "version": info.rust_version,
            "mimetype": "text/x-rustsrc",
            "file_extension": ".rs",
            "pygments_lexer": "rust",
            "codemirror_mode": "rust",
            "nbconvert_exporter": "script",
        },
        "banner": format!("Akari {} (Rust {})", env!("CARGO_PKG_VERSION"), info.rust_version),
        "help_links": [{ "text": "The Rust Book", "url": "https://doc.rust-lang.org/book/" }],
        "debugger": false,
        "supported_features": [],
    })
}

fn complete(names: &Names, request: &Request) -> Value {
    let code = request.text("code");
    let cursor = byte_offset(code, request.number("cursor_pos").unwrap_or(i64::MAX));
    let found = names.complete(code, cursor);
    let (start, end) = (cursor_position(code, found.start), cursor_position(code, found.end));
    let types: Vec<Value> = found
        .items
        .iter()
        .map(|it| json!({ "text": it.text, "type": it.kind, "signature": it.detail.clone().unwrap_or_default(), "start": start, "end": end }))
        .collect();
    let matches: Vec<&str> = found.items.iter().map(|it| it.text.as_str()).collect();
    json!({
        "status": "ok", "matches": matches, "cursor_start": start, "cursor_end": end,
        "metadata": { "_jupyter_types_experimental": types },
    })
}

fn inspect(names: &Names, request: &Request) -> Value {
    let code = request.text("code");
    let cursor = byte_offset(code, request.number("cursor_pos").unwrap_or(i64::MAX));
    let found = names.inspect(code, cursor);
    json!({ "status": "ok", "found": found.is_some(), "data": found.map(|it| it.data).unwrap_or_default(), "metadata": {} })
}

fn is_complete(code: &str) -> Value {
    match syntax::is_complete(code) {
        Completeness::Complete => json!({ "status": "complete" }),
        Completeness::Incomplete { indent } => json!({ "status": "incomplete", "indent": indent }),
        Completeness::Invalid => json!({ "status": "invalid" }),
    }
}

/// Passes questions to the client that runs the cell, and its answers back.
async fn ask(
    (mut sender, mut receiver): (RouterSendConnection, RouterRecvConnection),
    mut asked: mpsc::UnboundedReceiver<Question>,
    shared: Arc<Shared>,
) {
    let take = || shared.question.lock().unwrap_or_else(PoisonError::into_inner).take();
    loop {
        tokio::select! {
            question = asked.recv() => {
                let Some(Question { request, prompt, is_password, answer }) = question else { return };
                *shared.question.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
                let content = json!({ "prompt": prompt, "password": is_password });
                if sender.send(request.reply("input_request", content)).await.is_err() {
                    drop(take());
                }
            }
            message = receiver.socket.recv() => {
                let Ok(frames) = message else { continue };
                let reply = RawMessage::from_multipart(frames, &receiver.mac).ok().and_then(|raw| Request::read(raw).ok());
                if let (Some(reply), Some(answer)) = (reply, take()) {
                    let _: Result<(), String> = oneshot::Sender::send(answer, reply.text("value").to_owned());
                }
            }
        }
    }
}
