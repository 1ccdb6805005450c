//! The stdin socket: a running cell's question for the learner, and the answer.
//!
//! At most one question waits. Only an answer to that very question counts: it comes from the
//! client that was asked, after the question was asked, and names either no question or this one.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::message::{Asker, Body, Composer, IncomingMessage};
use super::zmtp::Router;
use crate::engine::stop::Stop;

/// How long a client may be away that was asked, or is yet to connect, before the question is given up.
const ABSENCE: Duration = Duration::from_secs(5);

/// How often is looked whether the client is there.
const LOOK: Duration = Duration::from_millis(250);

/// Asks questions, and hands each answer to the cell that waits for it.
#[derive(Debug)]
pub struct Questions {
    composer: Arc<Composer>,
    router: Router,
    waiting: Mutex<Option<Question>>,
}

#[derive(Debug)]
struct Question {
    id: String,
    asked: Asker,
    /// The cell waits at the other end; dropping the sender ends its wait.
    answer: SyncSender<String>,
}

impl Questions {
    pub fn new(composer: Arc<Composer>, router: Router) -> Questions {
        Questions { composer, router, waiting: Mutex::default() }
    }

    /// Waits for the answer; none once the cell is to stop, or the client has gone.
    pub fn ask(
        &self,
        asked: &Asker,
        prompt: &str,
        is_password: bool,
        stop: &Stop,
    ) -> Option<String> {
        let (id, message) = self.composer.question(asked, prompt, is_password);
        let (answer, answered) = sync_channel(1);
        *self.lock() = Some(Question { id, asked: asked.clone(), answer });
        // A wish that was raised a moment ago has found no question to withdraw.
        if stop.wish().is_some() {
            self.withdraw();
            return None;
        }
        self.wait(&answered, &asked.address.identity, &message)
    }

    /// Asks the client, also one that is yet to connect, and waits for its answer as long as it is
    /// there.
    fn wait(
        &self,
        answered: &Receiver<String>,
        client: &Bytes,
        message: &[Bytes],
    ) -> Option<String> {
        let mut is_asked = false;
        let mut seen = Instant::now();
        loop {
            let is_there = self.router.knows(client);
            if is_there {
                seen = Instant::now();
                if !is_asked {
                    is_asked = true;
                    self.router.ask(client, message);
                }
            } else if seen.elapsed() > ABSENCE {
                self.withdraw();
            }
            match answered.recv_timeout(LOOK) {
                Ok(answer) => return Some(answer),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Ends the wait for an answer. To be called after the wish to stop was raised, so that the
    /// cell knows why it gets no answer.
    pub fn withdraw(&self) {
        drop(self.lock().take());
    }

    /// Takes in a message of the stdin socket.
    pub fn answer(&self, received: IncomingMessage) {
        let IncomingMessage { asker, body: Body::Input(answer) } = received else { return };
        let mut waiting = self.lock();
        if waiting
            .as_ref()
            .is_some_and(|question| question.is_answered_by(&asker, &answer.question))
            && let Some(question) = waiting.take()
        {
            // Sending fails if the cell waits no more.
            let _ = question.answer.try_send(answer.value);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Question>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question {
    fn is_answered_by(&self, asker: &Asker, question: &str) -> bool {
        let is_client = asker.address.identity == self.asked.address.identity
            && asker.header.session == self.asked.header.session;
        is_client && (question.is_empty() || question == self.id)
    }
}
