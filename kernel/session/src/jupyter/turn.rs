//! The one wrapper around everything that a client asks: busy, the reply, idle.
//!
//! A [`Busy`] says busy when it is made and idle when it is dropped; a [`Turn`] also owes a reply.
//! Both do so on every path, also when a panic drops them.

use std::sync::Arc;

use super::iopub::IoPub;
use super::message::{Asker, Publication, Reply, State};
use super::zmtp::Router;

/// The time between busy and idle, for one message of a client.
#[derive(Debug)]
pub struct Busy {
    pub asker: Asker,
    pub iopub: Arc<IoPub>,
}

impl Busy {
    pub fn begin(asker: Asker, iopub: &Arc<IoPub>) -> Busy {
        let busy = Busy { asker, iopub: Arc::clone(iopub) };
        busy.publish(&Publication::status(State::Busy));
        busy
    }

    pub fn publish(&self, publication: &Publication<'_>) {
        self.iopub.publish(Some(&self.asker.header), publication);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.publish(&Publication::status(State::Idle));
    }
}

/// The socket that requests come in by and replies go out by, and the one for publications.
#[derive(Debug, Clone)]
pub struct Desk {
    pub router: Router,
    pub iopub: Arc<IoPub>,
}

/// A request, from busy to its reply and idle.
#[derive(Debug)]
pub struct Turn {
    router: Router,
    is_answered: bool,
    /// Dropped last: idle comes after the reply.
    pub busy: Busy,
}

impl Turn {
    pub fn begin(asker: Asker, desk: &Desk) -> Turn {
        let busy = Busy::begin(asker, &desk.iopub);
        Turn { router: desk.router.clone(), is_answered: false, busy }
    }

    /// Sends the reply, after all publications for this request.
    pub fn end(mut self, reply: &Reply) {
        self.send(reply);
    }

    fn send(&mut self, reply: &Reply) {
        self.is_answered = true;
        let Busy { asker, iopub } = &self.busy;
        iopub.flush();
        self.router.answer(&asker.address, &iopub.composer.reply(asker, reply));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_answered {
            let kind = &self.busy.asker.header.kind;
            let text = format!("Akari itself failed at this {kind}; please report it");
            self.send(&Reply::failed("InternalError", text));
        }
    }
}

#[cfg(test)]
impl Desk {
    /// A desk without clients.
    pub fn of_test() -> Desk {
        use super::message::Composer;
        use super::signature::Key;
        let iopub = Arc::new(IoPub::new(Arc::new(Composer::new(Key::new("")))));
        Desk { router: Router::default(), iopub }
    }
}
