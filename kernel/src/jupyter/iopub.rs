//! The one owner of the iopub socket: publishes in order, and batches what a cell prints.

use std::time::Duration;

use jupyter_protocol::Header;
use jupyter_zmq_client::connection::{KernelIoPubXPubConnection, SubscriptionEvent};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::message::publication;
use crate::engine::outcome::Stream;

/// How long printed text may wait for more: a flood becomes few messages, a line is seen at once.
const BATCH: Duration = Duration::from_millis(20);

/// A batch this large goes out at once.
const BATCH_SIZE: usize = 1 << 18;

/// What may be published.
#[derive(Debug)]
pub enum Publish {
    Message {
        kind: &'static str,
        content: Value,
        parent: Option<Header>,
    },
    Print {
        stream: Stream,
        text: String,
        parent: Header,
    },
    /// Answered when everything before it has gone out.
    Barrier(oneshot::Sender<()>),
}

struct Batch {
    stream: Stream,
    text: String,
    parent: Header,
    due: Instant,
}

/// Publishes until all senders are gone.
pub async fn run(mut socket: KernelIoPubXPubConnection, mut messages: mpsc::Receiver<Publish>) {
    let mut batch: Option<Batch> = None;
    let mut running: Option<Header> = None;
    loop {
        let due = batch.as_ref().map(|it| it.due);
        tokio::select! {
            biased;
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => flush(&mut socket, &mut batch).await,
            event = socket.recv_subscription() => {
                if let Ok(SubscriptionEvent::Subscribe(topic)) = event {
                    send(&mut socket, "iopub_welcome", json!({ "subscription": topic }), None).await;
                }
            }
            message = messages.recv() => match message {
                Some(Publish::Print { stream, text, parent }) => {
                    let fits = batch.as_ref().is_some_and(|it| it.stream == stream && it.parent.msg_id == parent.msg_id && it.text.len() < BATCH_SIZE);
                    if !fits {
                        flush(&mut socket, &mut batch).await;
                    }
                    match &mut batch {
                        Some(batch) => batch.text.push_str(&text),
                        None => batch = Some(Batch { stream, text, parent, due: Instant::now() + BATCH }),
                    }
                }
                Some(Publish::Message { kind, content, parent }) => {
                    flush(&mut socket, &mut batch).await;
                    let state = if kind == "status" { content["execution_state"].as_str() } else { None };
                    let is_idle = state == Some("idle");
                    if let Some(parent) = parent.as_ref().filter(|it| it.msg_type == "execute_request") {
                        match state {
                            Some("busy") => running = Some(parent.clone()),
                            Some("idle") => running = None,
                            _ => {}
                        }
                    }
                    send(&mut socket, kind, content, parent.as_ref()).await;
                    // Clients show the last state they hear of, and a question that was answered
                    // beside a cell must not make the kernel look idle.
                    if let Some(cell) = running.as_ref().filter(|_| is_idle) {
                        send(&mut socket, "status", json!({ "execution_state": "busy" }), Some(cell)).await;
                    }
                }
                Some(Publish::Barrier(done)) => {
                    flush(&mut socket, &mut batch).await;
                    let _ = done.send(());
                }
                None => return flush(&mut socket, &mut batch).await,
            },
        }
    }
}

async fn flush(socket: &mut KernelIoPubXPubConnection, batch: &mut Option<Batch>) {
    if let Some(Batch { stream, text, parent, .. }) = batch.take() {
        let name = match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        };
        send(socket, "stream", json!({ "name": name, "text": text }), Some(&parent)).await;
    }
}

async fn send(
    socket: &mut KernelIoPubXPubConnection,
    kind: &str,
    content: Value,
    parent: Option<&Header>,
) {
    // A client that went away is no concern of the others.
    if let Err(error) = socket.send(publication(kind, content, parent)).await {
        tracing::warn!("could not publish {kind}: {error}");
    }
}
