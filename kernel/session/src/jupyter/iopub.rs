//! The iopub socket: publishes in order, and batches what a cell prints.
//!
//! Publishing never waits for a client; the sender of a flood calls [`IoPub::wait_for_room`]. A new
//! subscriber is welcomed (JEP 65). Messages leave in the order of the calls. The thread of the
//! sockets makes the messages of printed text and signs them, while the cell prints on.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::message::{Composer, Header, Publication, State};
use super::zmtp::{Publisher, Welcome};
use crate::engine::outcome::Stream;

/// How long printed text waits for more: a flood becomes few messages, and a line is soon seen.
const BATCH: Duration = Duration::from_millis(20);

/// A batch this large goes out at once.
const BATCH_SIZE: usize = 1 << 18;

/// With this many batches waiting, the thread that prints sends them itself.
const BATCHES: usize = 4;

pub struct IoPub {
    pub composer: Arc<Composer>,
    pub publisher: Publisher,
    /// Locked while messages are made and sent, so that they stay in order.
    sending: Mutex<Sending>,
    /// Printed text that was not sent yet. Where both are locked, `sending` is locked first.
    printed: Mutex<VecDeque<Batch>>,
    /// Notified when a batch begins, and when one is full.
    batched: Notify,
}

#[derive(Debug, Default)]
struct Sending {
    /// The cell that is carried out.
    running: Option<Arc<Header>>,
}

#[derive(Debug)]
struct Batch {
    stream: Stream,
    text: String,
    parent: Arc<Header>,
    due: Instant,
}

impl std::fmt::Debug for IoPub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IoPub").field("sending", &self.sending).finish_non_exhaustive()
    }
}

impl IoPub {
    pub fn new(composer: Arc<Composer>) -> IoPub {
        let by = Arc::clone(&composer);
        let welcome: Welcome = Arc::new(move |topic| {
            let subscription = &String::from_utf8_lossy(topic);
            let mut parts = by.publication(None, &Publication::Welcome { subscription });
            // The subscriber's own socket drops messages without the subscribed topic.
            if let Some(first) = parts.first_mut().filter(|part| !part.starts_with(topic)) {
                first.clone_from(topic);
            }
            parts
        });
        let publisher = Publisher::new(welcome);
        let (sending, printed) = (Mutex::default(), Mutex::default());
        IoPub { composer, publisher, sending, printed, batched: Notify::new() }
    }

    /// Publishes a message, after everything that was printed before.
    pub fn publish(&self, parent: Option<&Arc<Header>>, publication: &Publication<'_>) {
        let mut state = self.sending();
        self.send_printed(&state);
        self.send(parent.map(|it| &**it), publication);
        let (Publication::Status { execution_state }, Some(parent)) = (publication, parent) else {
            return;
        };
        match execution_state {
            State::Busy if parent.kind == "execute_request" => {
                // A cell that only asks, in a subshell, may come while this one runs.
                state.running.get_or_insert_with(|| Arc::clone(parent));
            }
            State::Idle if state.running.as_ref().is_some_and(|it| Arc::ptr_eq(it, parent)) => {
                state.running = None;
            }
            // Clients show the last state that they hear of. A request that was answered while a
            // cell runs must not make the kernel look idle.
            State::Idle => {
                if let Some(cell) = &state.running {
                    self.send(Some(cell), &Publication::status(State::Busy));
                }
            }
            State::Busy | State::Starting => {}
        }
    }

    /// Publishes printed text, after a moment in which more may come.
    pub fn print(&self, parent: &Arc<Header>, stream: Stream, text: &str) {
        let mut printed = self.printed();
        let open = printed.back_mut().filter(|batch| {
            batch.stream == stream && batch.parent.id == parent.id && batch.text.len() < BATCH_SIZE
        });
        match open {
            Some(batch) => {
                batch.text.push_str(text);
                if batch.text.len() >= BATCH_SIZE {
                    self.batched.notify_one();
                }
            }
            None => {
                let (text, parent, due) =
                    (text.to_owned(), Arc::clone(parent), Instant::now() + BATCH);
                printed.push_back(Batch { stream, text, parent, due });
                self.batched.notify_one();
            }
        }
        let is_much = printed.len() >= BATCHES;
        drop(printed);
        if is_much {
            self.flush();
        }
    }

    /// Publishes printed text at once.
    pub fn flush(&self) {
        let sending = self.sending();
        self.send_printed(&sending);
    }

    /// Blocks while a client that reads is far behind, until `is_over` says to stop.
    pub fn wait_for_room(&self, is_over: impl Fn() -> bool) {
        self.publisher.wait_for_room(is_over);
    }

    /// Publishes printed text whenever a batch is due, for ever.
    pub async fn flush_in_time(&self) {
        loop {
            let due = self.printed().front().map(Batch::due);
            match due {
                None => self.batched.notified().await,
                Some(due) if due <= Instant::now() => self.flush(),
                // A batch that is full does not wait for its time.
                Some(due) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.batched.notified() => {}
                },
            }
        }
    }

    /// Sends the text that was printed so far, in order; more may be printed meanwhile.
    fn send_printed(&self, _: &MutexGuard<'_, Sending>) {
        let printed = std::mem::take(&mut *self.printed());
        for Batch { stream, text, parent, .. } in printed {
            self.send(Some(&parent), &Publication::stream(stream, &text));
        }
    }

    fn send(&self, parent: Option<&Header>, publication: &Publication<'_>) {
        if self.publisher.is_heard(publication.kind().as_bytes()) {
            self.publisher.publish(&self.composer.publication(parent, publication));
        }
    }

    fn sending(&self) -> MutexGuard<'_, Sending> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn printed(&self) -> MutexGuard<'_, VecDeque<Batch>> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    fn due(&self) -> Instant {
        if self.text.len() >= BATCH_SIZE { Instant::now() } else { self.due }
    }
}
