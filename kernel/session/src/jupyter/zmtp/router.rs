//! ROUTER: each peer has a name, and an answer goes to the peer that asked.
//!
//! A peer names itself, and nobody checks the name. So an answer goes to the very connection that
//! the request came from. Only if that connection is gone, and for a question of the kernel's own,
//! does a message go to all connections of the name.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::codec::{Item, Limits, WireError};
use super::command::Command;
use super::connection::{Budget, Connection, obey};
use super::handshake::Role;
use super::listener::{Listener, accept};
use super::outbox::{Outbox, Parcel};

/// Notebooks send cells of a few MB at most; this leaves room for the unusual.
const LIMITS: Limits = Limits { message: 64 << 20, parts: 1024 };

const ROLE: Role =
    Role { socket_type: "ROUTER", peers: &["DEALER", "REQ", "ROUTER"], limits: LIMITS };

/// How many bytes of answers may wait for a peer that doesn't read them.
const BACKLOG: usize = 64 << 20;

/// The connection that a message came from, and the name of its peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub identity: Bytes,
    connection: u64,
}

/// The sending side; clones share their peers.
#[derive(Debug, Clone, Default)]
pub struct Router {
    table: Arc<PeerTable>,
}

/// The peers by connection, with their names.
type Peers = BTreeMap<u64, (Bytes, Arc<Outbox>)>;

#[derive(Debug, Default)]
struct PeerTable {
    next: AtomicU64,
    peers: Mutex<Peers>,
}

impl Router {
    /// Hands each message to `deliver`, which says whether its sender holds the key.
    pub async fn serve(
        self,
        listener: Listener,
        budget: Budget,
        deliver: impl Fn(&Address, Vec<Bytes>) -> bool + Send + Sync + 'static,
    ) -> io::Result<()> {
        let deliver = Arc::new(deliver);
        let serve = move |connection| {
            let (router, deliver) = (self.clone(), Arc::clone(&deliver));
            async move { router.talk(connection, &*deliver).await }
        };
        accept(listener, ROLE, budget, serve).await
    }

    /// Sends an answer to the connection that a message came from, or else to all of the same name.
    pub fn answer(&self, to: &Address, parts: &[Bytes]) {
        let parcel = Parcel::message(parts);
        match self.outbox(to) {
            Some(outbox) => drop(outbox.push(parcel, BACKLOG)),
            None => self.send(&to.identity, &parcel),
        }
    }

    /// Sends a question to all connections of a name: nothing tells which of them will answer.
    pub fn ask(&self, identity: &Bytes, parts: &[Bytes]) {
        self.send(identity, &Parcel::message(parts));
    }

    /// Whether a peer of this name is connected.
    pub fn knows(&self, identity: &Bytes) -> bool {
        self.peers().values().any(|(name, _)| name == identity)
    }

    /// Waits until the connection has taken all answers, or has gone.
    pub async fn is_answered(&self, to: &Address) {
        if let Some(outbox) = self.outbox(to) {
            outbox.is_empty().await;
        }
    }

    #[cfg(test)]
    pub fn address_of_nobody() -> Address {
        Address { identity: Bytes::new(), connection: u64::MAX }
    }

    fn outbox(&self, address: &Address) -> Option<Arc<Outbox>> {
        self.peers().get(&address.connection).map(|(_, outbox)| Arc::clone(outbox))
    }

    fn send(&self, identity: &Bytes, parcel: &Arc<Parcel>) {
        for (_, outbox) in self.peers().values().filter(|(name, _)| name == identity) {
            outbox.push(Arc::clone(parcel), BACKLOG);
        }
    }

    async fn talk(
        &self,
        mut connection: Connection,
        deliver: &(impl Fn(&Address, Vec<Bytes>) -> bool + Send + Sync),
    ) -> Result<(), WireError> {
        let outbox = Arc::new(Outbox::new());
        let address = self.enter(connection.identity, &outbox);
        let _entry = PeerEntry { router: self, connection: address.connection };
        let reading = async {
            loop {
                match connection.reader.next().await? {
                    Item::Message(parts) => {
                        if deliver(&address, parts) {
                            connection.reader.prove();
                        }
                    }
                    Item::Command(body) => obey(Command::parse(body)?, &outbox)?,
                }
            }
        };
        tokio::select! {
            end = reading => end,
            end = outbox.write_to(&mut *connection.output, || {}) => Ok(end?),
        }
    }

    fn enter(&self, identity: Bytes, outbox: &Arc<Outbox>) -> Address {
        let connection = self.table.next.fetch_add(1, Ordering::Relaxed);
        let is_named = identity.first().is_some_and(|first| *first != 0);
        let unnamed = || [&[0], &connection.to_be_bytes()[..]].concat().into();
        let identity = if is_named { identity } else { unnamed() };
        self.peers().insert(connection, (identity.clone(), Arc::clone(outbox)));
        Address { identity, connection }
    }

    fn peers(&self) -> MutexGuard<'_, Peers> {
        self.table.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the table; dropping it, however the task ends, takes the connection out.
struct PeerEntry<'a> {
    router: &'a Router,
    connection: u64,
}

impl Drop for PeerEntry<'_> {
    fn drop(&mut self) {
        if let Some((_, outbox)) = self.router.peers().remove(&self.connection) {
            outbox.close();
        }
    }
}
