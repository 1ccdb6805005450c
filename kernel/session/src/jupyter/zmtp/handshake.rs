//! The handshake with a peer: greetings, and the kind of socket that each side is.
//!
//! `listener` limits how long a handshake may take; `connection` reads what comes after it.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::codec::{Item, Limits, WireError, check_greeting, greeting};
use super::command::{self, Command};
use super::connection::{Budget, Connection, Reader};

/// Both directions of a stream.
pub struct Pipe {
    pub input: Box<dyn AsyncRead + Send + Unpin>,
    pub output: Box<dyn AsyncWrite + Send + Unpin>,
}

/// A socket of the kernel, as its peers see it.
#[derive(Debug, Clone, Copy)]
pub struct Role {
    pub socket_type: &'static str,
    /// The types of socket that may talk to this one.
    pub peers: &'static [&'static str],
    pub limits: Limits,
}

/// Shakes hands; the caller limits how long that may take.
pub async fn shake_hands(
    Pipe { input, mut output }: Pipe,
    role: Role,
    budget: Budget,
) -> Result<Connection, WireError> {
    let mut reader = Reader::new(input, role.limits, budget);
    output.write_all(&greeting()).await?;
    check_greeting(&reader.greeting().await?)?;
    output.write_all(&command::ready(role.socket_type)).await?;
    let ready = match reader.next().await? {
        Item::Command(body) => match Command::parse(body)? {
            Command::Ready(ready) => ready,
            Command::Error(reason) => return Err(WireError::Refused(reason)),
            _ => return Err(WireError::Order),
        },
        Item::Message(_) => return Err(WireError::Order),
    };
    if !role.peers.contains(&ready.socket_type.as_str()) {
        output.write_all(&command::error("Invalid socket type")).await?;
        return Err(WireError::SocketType(ready.socket_type));
    }
    Ok(Connection::new(reader, output, ready.identity))
}
