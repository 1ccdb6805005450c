//! The iopub socket: publishes in order, and batches what a cell prints.
//!
//! Publishing never waits for a client; the sender of a flood calls [`IoPub::wait_for_room`].
//! A new subscriber is welcomed (JEP 65). Messages leave in the order of the calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::message::{Composer, Header, Publication, State};
use super::zmtp::{Publisher, Welcome};
use crate::engine::outcome::Stream;

/// How long printed text may wait for more: a flood becomes few messages, a line is seen at once.
const BATCH: Duration = Duration::from_millis(20);

/// A batch this large goes out at once.
const BATCH_SIZE: usize = 1 << 18;

pub struct IoPub {
    pub composer: Arc<Composer>,
    pub publisher: Publisher,
    state: Mutex<Pending>,
    /// Told when a batch begins.
    batched: Notify,
}

#[derive(Debug, Default)]
struct Pending {
    batch: Option<Batch>,
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
        f.debug_struct("IoPub").field("state", &self.state).finish_non_exhaustive()
    }
}

impl IoPub {
    pub fn new(composer: Arc<Composer>) -> IoPub {
        let by = Arc::clone(&composer);
        let welcome: Welcome = Arc::new(move |topic| {
            let subscription = &String::from_utf8_lossy(topic);
            let mut parts = by.publication(None, &Publication::Welcome { subscription });
            // Only what has the subscribed topic is let through by the subscriber's own socket.
            if let Some(first) = parts.first_mut().filter(|it| !it.starts_with(topic)) {
                first.clone_from(topic);
            }
            parts
        });
        let publisher = Publisher::new(welcome);
        IoPub { composer, publisher, state: Mutex::default(), batched: Notify::new() }
    }

    /// Publishes, after all that was printed before.
    pub fn publish(&self, parent: Option<&Arc<Header>>, publication: &Publication<'_>) {
        let mut state = self.lock();
        self.flush_batch(&mut state);
        self.send(parent.map(|it| &**it), publication);
        let (Publication::Status { execution_state }, Some(parent)) = (publication, parent) else {
            return;
        };
        match execution_state {
            State::Busy if parent.kind == "execute_request" => {
                state.running = Some(Arc::clone(parent));
            }
            State::Idle if parent.kind == "execute_request" => state.running = None,
            // Clients show the last state they hear of, and a question that was answered beside a
            // cell must not make the kernel look idle.
            State::Idle => {
                if let Some(cell) = &state.running {
                    self.send(Some(cell), &Publication::status(State::Busy));
                }
            }
            State::Busy | State::Starting => {}
        }
    }

    /// Publishes printed text, soon.
    pub fn print(&self, parent: &Arc<Header>, stream: Stream, text: &str) {
        let mut state = self.lock();
        let fits = state.batch.as_ref().is_some_and(|it| {
            it.stream == stream && it.parent.id == parent.id && it.text.len() < BATCH_SIZE
        });
        if !fits {
            self.flush_batch(&mut state);
        }
        match &mut state.batch {
            Some(batch) => batch.text.push_str(text),
            None => {
                let (text, parent, due) =
                    (text.to_owned(), Arc::clone(parent), Instant::now() + BATCH);
                state.batch = Some(Batch { stream, text, parent, due });
                self.batched.notify_one();
            }
        }
    }

    /// Publishes what was printed, at once.
    pub fn flush(&self) {
        self.flush_batch(&mut self.lock());
    }

    /// Waits while a client that reads is far behind, unless `is_over` says not to. Blocks.
    pub fn wait_for_room(&self, is_over: impl Fn() -> bool) {
        self.publisher.wait_for_room(is_over);
    }

    /// Publishes printed text when it is time to, for ever.
    pub async fn flush_in_time(&self) {
        loop {
            let due = self.lock().batch.as_ref().map(|it| it.due);
            match due {
                None => self.batched.notified().await,
                Some(due) if due <= Instant::now() => self.flush(),
                Some(due) => sleep_until(due).await,
            }
        }
    }

    fn flush_batch(&self, state: &mut Pending) {
        if let Some(Batch { stream, text, parent, .. }) = state.batch.take() {
            self.send(Some(&parent), &Publication::stream(stream, &text));
        }
    }

    fn send(&self, parent: Option<&Header>, publication: &Publication<'_>) {
        if self.publisher.is_heard(publication.kind().as_bytes()) {
            self.publisher.publish(&self.composer.publication(parent, publication));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
