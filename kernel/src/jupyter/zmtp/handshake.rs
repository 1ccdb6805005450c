//! The first words with a peer: greetings, and what kind of socket each side is.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::codec::{Item, Limits, WireError, check_greeting, greeting};
use super::command::{self, Command};
use super::connection::{Budget, Connection, Reader};

/// Both directions of a stream.
pub struct Pipe {
    pub input: Box<dyn AsyncRead + Send + Unpin>,
    pub output: Box<dyn AsyncWrite + Send + Unpin>,
}

/// One of our sockets, as its peers see it.
#[derive(Debug, Clone, Copy)]
pub struct Role {
    pub socket_type: &'static str,
    /// The types of socket that may talk to it.
    pub peers: &'static [&'static str],
    pub limits: Limits,
}

/// Shakes hands; how long that may take is for the caller to limit.
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
