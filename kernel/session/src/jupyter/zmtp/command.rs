//! The commands of ZMTP 3.0 and 3.1 that the peers of a kernel send, and those that a kernel sends.
//!
//! Pure. `handshake` uses READY and ERROR, `connection` answers PING, and `publisher` reads
//! subscriptions, which older peers send as messages instead.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::codec::{WireError, encode_command};

/// A command of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Ready(Ready),
    Error(String),
    Subscribe(Bytes),
    Cancel(Bytes),
    /// A ping with a context, which the pong repeats.
    Ping(Bytes),
    /// A command that means nothing to a kernel.
    Other,
}

/// What a peer says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ready {
    pub socket_type: String,
    pub identity: Bytes,
}

impl Command {
    pub fn parse(mut body: Bytes) -> Result<Command, WireError> {
        let name = take_short(&mut body)?;
        Ok(match &name[..] {
            b"READY" => Command::Ready(Ready::parse(body)?),
            b"ERROR" => Command::Error(take_short(&mut body)?.escape_ascii().to_string()),
            b"SUBSCRIBE" => Command::Subscribe(body),
            b"CANCEL" => Command::Cancel(body),
            b"PING" if body.len() >= 2 => {
                // Two bytes say how long the peer will wait; the protocol allows 16 of context.
                body.advance(2);
                body.truncate(16);
                Command::Ping(body)
            }
            b"PING" => return Err(WireError::Command),
            _ => Command::Other,
        })
    }
}

impl Ready {
    fn parse(mut body: Bytes) -> Result<Ready, WireError> {
        let mut ready = Ready::default();
        while !body.is_empty() {
            let name = take_short(&mut body)?;
            let length = body.try_get_u32().map_err(|_| WireError::Command)?;
            let value = take(&mut body, usize::try_from(length).unwrap_or(usize::MAX))?;
            if name.eq_ignore_ascii_case(b"Socket-Type") {
                ready.socket_type = value.escape_ascii().to_string();
            } else if name.eq_ignore_ascii_case(b"Identity") {
                ready.identity = value;
            }
        }
        Ok(ready)
    }
}

/// The frame that tells the kind of the kernel's socket.
pub fn ready(socket_type: &str) -> Bytes {
    let mut body = BytesMut::new();
    put_short(&mut body, b"READY");
    put_short(&mut body, b"Socket-Type");
    body.put_u32(u32::try_from(socket_type.len()).unwrap_or(0));
    body.put_slice(socket_type.as_bytes());
    encode_command(&body)
}

/// The frame that tells a peer why it is not served.
pub fn error(reason: &str) -> Bytes {
    let mut body = BytesMut::new();
    put_short(&mut body, b"ERROR");
    put_short(&mut body, reason.as_bytes());
    encode_command(&body)
}

pub fn pong(context: &[u8]) -> Bytes {
    let mut body = BytesMut::new();
    put_short(&mut body, b"PONG");
    body.put_slice(context);
    encode_command(&body)
}

fn put_short(body: &mut BytesMut, text: &[u8]) {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    body.put_u8(length);
    body.put_slice(&text[..usize::from(length)]);
}

/// Takes bytes that follow a length of one byte.
fn take_short(body: &mut Bytes) -> Result<Bytes, WireError> {
    let length = body.try_get_u8().map_err(|_| WireError::Command)?;
    take(body, usize::from(length))
}

fn take(body: &mut Bytes, length: usize) -> Result<Bytes, WireError> {
    if body.len() < length { Err(WireError::Command) } else { Ok(body.split_to(length)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(body: &'static [u8]) -> Result<Command, WireError> {
        Command::parse(Bytes::from_static(body))
    }

    #[test]
    fn commands_are_read() {
        let ready =
            parse(b"\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08identity\0\0\0\x02ab").unwrap();
        let expected = Ready { socket_type: "DEALER".into(), identity: "ab".into() };
        assert_eq!(ready, Command::Ready(expected));
        assert_eq!(parse(b"\x09SUBSCRIBEtopic").unwrap(), Command::Subscribe("topic".into()));
        assert_eq!(parse(b"\x06CANCEL").unwrap(), Command::Cancel("".into()));
        assert_eq!(parse(b"\x04PING\x00\x64abc").unwrap(), Command::Ping("abc".into()));
        assert_eq!(parse(b"\x05ERROR\x02no").unwrap(), Command::Error("no".into()));
        assert_eq!(parse(b"\x05HELLO").unwrap(), Command::Other);
    }

    #[test]
    fn cut_commands_are_refused() {
        for body in [
            &b""[..],
            b"\x05REA",
            b"\x05READY\x0bSocket-Type",
            b"\x05READY\x0bSocket-Type\xff\xff\xff\xffDEALER",
            b"\x04PING\x00",
            b"\x05ERROR\xffno",
        ] {
            assert!(matches!(parse(body), Err(WireError::Command)), "{body:?}");
        }
    }

    #[test]
    fn our_own_commands_can_be_read() {
        let body = ready("ROUTER").slice(2..);
        let expected = Ready { socket_type: "ROUTER".into(), identity: Bytes::new() };
        assert_eq!(Command::parse(body).unwrap(), Command::Ready(expected));
        assert_eq!(Command::parse(error("no").slice(2..)).unwrap(), Command::Error("no".into()));
    }
}
