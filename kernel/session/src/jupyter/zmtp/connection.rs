//! One peer after its handshake: reading within limits, and the memory that strangers share.
//!
//! A stranger is a peer that has not proven yet that it holds the key. `router`, `publisher` and
//! `replier` have the loops that read from a [`Connection`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::codec::{Decoder, Item, Limits, WireError};
use super::command::{self, Command};
use super::outbox::{Outbox, Parcel};

/// How many bytes to read at once.
const READ: usize = 64 << 10;

/// How many bytes of an unfinished message each stranger may have outside of the shared budget.
const FREE: usize = 64 << 10;

/// How many bytes all strangers of a kernel may have together beyond that.
const SHARED: usize = 128 << 20;

/// How many bytes of pongs may wait for a peer that doesn't read.
const PONGS: usize = 64 << 10;

/// The memory that the unfinished messages of all strangers share.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    held: Arc<AtomicUsize>,
}

/// One peer's part of the budget. A peer that leaves gives its part back.
#[derive(Debug)]
struct Share {
    budget: Budget,
    held: usize,
    is_proven: bool,
}

impl Share {
    /// Sets how many bytes the peer's unfinished message takes; an error if the budget is exceeded.
    fn hold(&mut self, bytes: usize) -> Result<(), WireError> {
        let wanted = if self.is_proven { 0 } else { bytes.saturating_sub(FREE) };
        let total = if wanted >= self.held {
            let more = wanted - self.held;
            self.budget.held.fetch_add(more, Ordering::Relaxed) + more
        } else {
            self.budget.held.fetch_sub(self.held - wanted, Ordering::Relaxed);
            0
        };
        self.held = wanted;
        if total > SHARED { Err(WireError::Budget) } else { Ok(()) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.held, Ordering::Relaxed);
    }
}

/// The reading side of a peer.
pub struct Reader {
    input: Box<dyn AsyncRead + Send + Unpin>,
    decoder: Decoder,
    share: Share,
}

impl Reader {
    pub fn new(input: Box<dyn AsyncRead + Send + Unpin>, limits: Limits, budget: Budget) -> Reader {
        let share = Share { budget, held: 0, is_proven: false };
        Reader { input, decoder: Decoder::new(limits), share }
    }

    /// Notes that the peer holds the key: its messages no longer count against the budget.
    pub fn prove(&mut self) {
        self.share.is_proven = true;
    }

    pub async fn greeting(&mut self) -> Result<Bytes, WireError> {
        loop {
            if let Some(greeting) = self.decoder.take_greeting() {
                return Ok(greeting);
            }
            self.read().await?;
        }
    }

    /// The next message or command.
    pub async fn next(&mut self) -> Result<Item, WireError> {
        loop {
            if let Some(item) = self.decoder.next()? {
                self.share.hold(self.decoder.held())?;
                return Ok(item);
            }
            self.share.hold(self.decoder.held())?;
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), WireError> {
        let buffer = self.decoder.buffer();
        buffer.reserve(READ.min(buffer.len().max(READ / 16)));
        match self.input.read_buf(buffer).await? {
            0 => Err(WireError::Gone),
            count => {
                if count >= READ / 16 {
                    // The tasks of other peers get their turn beside a peer that never stops
                    // sending.
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
        }
    }
}

/// A peer after its handshake.
pub struct Connection {
    pub reader: Reader,
    pub output: Box<dyn AsyncWrite + Send + Unpin>,
    /// The name that the peer gave itself; empty for most.
    pub identity: Bytes,
}

impl Connection {
    pub fn new(
        reader: Reader,
        output: Box<dyn AsyncWrite + Send + Unpin>,
        identity: Bytes,
    ) -> Connection {
        Connection { reader, output, identity }
    }
}

/// Handles a command as every kind of socket does. A peer that shakes hands twice is refused.
pub fn obey(command: Command, outbox: &Outbox) -> Result<(), WireError> {
    match command {
        Command::Ping(context) => {
            outbox.push(Parcel::command(command::pong(&context)), PONGS);
            Ok(())
        }
        Command::Error(reason) => Err(WireError::Refused(reason)),
        Command::Ready(_) => Err(WireError::Order),
        Command::Subscribe(_) | Command::Cancel(_) | Command::Other => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_share_what_is_set_aside_and_give_it_back() {
        let budget = Budget::default();
        let share = || Share { budget: budget.clone(), held: 0, is_proven: false };
        let (mut first, mut second) = (share(), share());
        assert!(first.hold(SHARED + FREE).is_ok());
        assert!(matches!(second.hold(FREE + 1), Err(WireError::Budget)));
        // The free bytes are always there, and the key frees from the limit.
        assert!(second.hold(FREE).is_ok());
        second.is_proven = true;
        assert!(second.hold(SHARED).is_ok());
        drop(first);
        assert!(share().hold(SHARED).is_ok());
        drop(second);
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
    }
}
