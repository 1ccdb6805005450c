//! ZeroMQ's wire protocol ZMTP 3.0 from the side that binds, as far as a Jupyter kernel needs it:
//! ROUTER, XPUB and REP over TCP and Unix sockets, without encryption (the mechanism NULL).
//!
//! Nothing here knows Jupyter. `codec` and `command` are pure; `listener`, `handshake` and
//! `connection` serve one peer; `router`, `publisher` and `replier` are the three kinds of socket.
//! Invariant: a peer that has not proven that it holds the key decides neither how much memory is
//! reserved nor how long anybody else waits.

mod codec;
mod command;
mod connection;
mod handshake;
mod listener;
mod outbox;
mod publisher;
mod replier;
mod router;

pub use codec::{Decoder, Item, Limits, WireError, check_greeting, encode_message, greeting};
pub use command::ready;
pub use connection::Budget;
pub use listener::Listener;
pub use publisher::{Publisher, Welcome};
pub use replier::reply_to_all;
pub use router::{Address, Router};
