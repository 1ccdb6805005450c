//! REP, as a heartbeat needs it: each message comes back as it was, and no peer can end the
//! service.

use std::io;

use super::codec::{Item, Limits, WireError};
use super::command::Command;
use super::connection::{Budget, Connection, obey};
use super::handshake::Role;
use super::listener::{Listener, accept};
use super::outbox::{Outbox, Parcel};

const LIMITS: Limits = Limits { message: 4 << 10, parts: 16 };

const ROLE: Role = Role { socket_type: "REP", peers: &["REQ", "DEALER"], limits: LIMITS };

pub async fn reply_to_all(listener: Listener, budget: Budget) -> io::Result<()> {
    accept(listener, ROLE, budget, talk).await
}

async fn talk(mut connection: Connection) -> Result<(), WireError> {
    let outbox = Outbox::new();
    let reading = async {
        loop {
            match connection.reader.next().await? {
                Item::Message(parts) => drop(outbox.push(Parcel::message(&parts), usize::MAX)),
                Item::Command(body) => obey(Command::parse(body)?, &outbox)?,
            }
            // One answer at a time: a peer that doesn't read is not read from.
            outbox.is_empty().await;
        }
    };
    tokio::select! {
        end = reading => end,
        end = outbox.write_to(&mut *connection.output, || {}) => Ok(end?),
    }
}
