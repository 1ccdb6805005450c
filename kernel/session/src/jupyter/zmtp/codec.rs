//! Bytes to messages and back: the greeting and the frames of ZMTP 3.0.
//!
//! Pure, without a socket: `connection` feeds arriving bytes to the [`Decoder`]. A frame's length
//! is compared with the limits before any memory is reserved for it, and the buffer grows only with
//! bytes that have arrived.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The length of a greeting, the first bytes that every peer sends.
pub const GREETING: usize = 64;

/// The cost of a part besides its bytes, so that many empty parts count too.
const PART_COST: usize = 64;

/// The longest command that a peer may send; the commands of the protocol are far shorter.
const COMMAND_LIMIT: usize = 8 << 10;

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// How large one message may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of all parts of a message together.
    pub message: usize,
    pub parts: usize,
}

/// Why a connection is closed.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("the peer does not speak ZMTP 3")]
    Greeting,
    #[error("the peer wants the security mechanism `{0}`; only NULL is there")]
    Mechanism(String),
    #[error("a frame with the flags {0:#04x}")]
    Flags(u8),
    #[error("a message of {size} bytes or more; {limit} are allowed")]
    Size { size: u64, limit: usize },
    #[error("a message of more than {limit} parts")]
    Parts { limit: usize },
    #[error("a command that is cut off or malformed")]
    Command,
    #[error("a command where the handshake was expected to go on, or the other way round")]
    Order,
    #[error("a socket of the type {0} can't talk to this one")]
    SocketType(String),
    #[error("the peer refused: {0}")]
    Refused(String),
    #[error("too many subscriptions")]
    Subscriptions,
    #[error("unfinished messages of peers without the key fill the memory that is set aside")]
    Budget,
    #[error("no handshake in time")]
    Late,
    #[error("too many peers are there already")]
    Crowded,
    #[error("the peer has gone")]
    Gone,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Our greeting: version 3.0, mechanism NULL, not a server of any mechanism.
pub fn greeting() -> [u8; GREETING] {
    let mut bytes = [0; GREETING];
    bytes[0] = 0xff;
    bytes[9] = 0x7f;
    bytes[10] = 3;
    bytes[12..16].copy_from_slice(b"NULL");
    bytes
}

/// Checks a peer's greeting. The kernel's own greeting is the same for all peers.
pub fn check_greeting(bytes: &[u8]) -> Result<(), WireError> {
    let is_zmtp = bytes.len() >= GREETING && bytes[0] == 0xff && bytes[9] & 1 == 1;
    if !is_zmtp || bytes[10] < 3 {
        return Err(WireError::Greeting);
    }
    let mechanism = bytes[12..32].split(|byte| *byte == 0).next().unwrap_or_default();
    match mechanism {
        b"NULL" => Ok(()),
        other => Err(WireError::Mechanism(other.escape_ascii().to_string())),
    }
}

/// A message or a command that a peer sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A message, with all of its parts.
    Message(Vec<Bytes>),
    /// A command's body.
    Command(Bytes),
}

/// The head of a frame.
#[derive(Debug, Clone, Copy)]
struct Head {
    flags: u8,
    /// The length of the head itself.
    width: usize,
    length: usize,
}

/// Puts messages together from bytes as they arrive.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    buffer: BytesMut,
    parts: Vec<Bytes>,
    /// The cost of the parts so far.
    size: usize,
}

impl Decoder {
    pub fn new(limits: Limits) -> Decoder {
        Decoder { limits, buffer: BytesMut::new(), parts: Vec::new(), size: 0 }
    }

    /// The buffer that arriving bytes are to be appended to.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The bytes of the greeting, once all of them are there.
    pub fn take_greeting(&mut self) -> Option<Bytes> {
        (self.buffer.len() >= GREETING).then(|| self.buffer.split_to(GREETING).freeze())
    }

    /// How many bytes of memory the unfinished message takes.
    pub fn held(&self) -> usize {
        self.buffer.len() + self.size
    }

    /// The next message or command; none until more bytes arrive.
    pub fn next(&mut self) -> Result<Option<Item>, WireError> {
        while let Some(head) = self.head()? {
            if self.buffer.len() < head.width + head.length {
                return Ok(None);
            }
            self.buffer.advance(head.width);
            let body = self.buffer.split_to(head.length).freeze();
            if self.buffer.is_empty() {
                // An idle connection must not keep the memory of a large message.
                self.buffer = BytesMut::new();
            }
            if head.flags & COMMAND != 0 {
                return Ok(Some(Item::Command(body)));
            }
            self.size += body.len() + PART_COST;
            self.parts.push(body);
            if head.flags & MORE == 0 {
                self.size = 0;
                return Ok(Some(Item::Message(std::mem::take(&mut self.parts))));
            }
        }
        Ok(None)
    }

    /// The head at the front of the buffer, checked against the limits; none if bytes are missing.
    fn head(&self) -> Result<Option<Head>, WireError> {
        let Some(flags) = self.buffer.first().copied() else { return Ok(None) };
        let is_command = flags & COMMAND != 0;
        if flags & !(MORE | LONG | COMMAND) != 0 || is_command && flags & MORE != 0 {
            return Err(WireError::Flags(flags));
        }
        let (width, length) = if flags & LONG == 0 {
            let Some(length) = self.buffer.get(1) else { return Ok(None) };
            (2, u64::from(*length))
        } else {
            let Some(mut length) = self.buffer.get(1..9) else { return Ok(None) };
            (9, length.get_u64())
        };
        let (before, limit) = match is_command {
            true => (0, COMMAND_LIMIT),
            false => (self.size, self.limits.message),
        };
        if !is_command && self.parts.len() >= self.limits.parts {
            return Err(WireError::Parts { limit: self.limits.parts });
        }
        let size = length.saturating_add(before as u64);
        match usize::try_from(length) {
            Ok(length) if size <= limit as u64 => Ok(Some(Head { flags, width, length })),
            _ => Err(WireError::Size { size, limit }),
        }
    }
}

/// Parts longer than this are sent without copying them; shorter parts are joined.
const COPIED: usize = 16 << 10;

/// A message as chunks of bytes for the wire.
pub fn encode_message(parts: &[Bytes]) -> Vec<Bytes> {
    let mut chunks = Vec::new();
    let mut chunk = BytesMut::new();
    for (index, part) in parts.iter().enumerate() {
        let more = if index + 1 < parts.len() { MORE } else { 0 };
        put_head(&mut chunk, more, part.len());
        if part.len() > COPIED {
            chunks.push(chunk.split().freeze());
            chunks.push(part.clone());
        } else {
            chunk.put_slice(part);
        }
    }
    if !chunk.is_empty() {
        chunks.push(chunk.freeze());
    }
    chunks
}

/// A command's frame.
pub fn encode_command(body: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    put_head(&mut frame, COMMAND, body.len());
    frame.put_slice(body);
    frame.freeze()
}

fn put_head(frame: &mut BytesMut, flags: u8, length: usize) {
    match u8::try_from(length) {
        Ok(length) => frame.put_slice(&[flags, length]),
        Err(_) => {
            frame.put_u8(flags | LONG);
            frame.put_u64(length as u64);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { message: 1 << 20, parts: 64 };

    fn decode(limits: Limits, bytes: &[u8], step: usize) -> Result<Vec<Item>, WireError> {
        let mut decoder = Decoder::new(limits);
        let mut items = Vec::new();
        for piece in bytes.chunks(step.max(1)) {
            decoder.buffer().extend_from_slice(piece);
            while let Some(item) = decoder.next()? {
                items.push(item);
            }
            assert!(decoder.held() <= limits.message + (limits.parts + 1) * PART_COST + 9 + step);
        }
        Ok(items)
    }

    fn frame(flags: u8, length: u64) -> Vec<u8> {
        [&[flags][..], &length.to_be_bytes()].concat()
    }

    /// How many random inputs a property is tried on; 10⁶ with `AKARI_FUZZ=1000000`.
    fn cases() -> ProptestConfig {
        let cases = std::env::var("AKARI_FUZZ").ok().and_then(|it| it.parse().ok());
        ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(cases.unwrap_or(20_000))
        }
    }

    #[test]
    fn greeting_is_checked() {
        assert!(check_greeting(&greeting()).is_ok());
        let with = |at: usize, bytes: &[u8]| {
            let mut greeting = greeting();
            greeting[at..at + bytes.len()].copy_from_slice(bytes);
            check_greeting(&greeting)
        };
        assert!(matches!(with(0, b"G"), Err(WireError::Greeting)));
        assert!(matches!(with(10, &[2]), Err(WireError::Greeting)));
        assert!(matches!(with(12, b"CURVE"), Err(WireError::Mechanism(name)) if name == "CURVE"));
        assert!(with(10, &[3, 1]).is_ok());
        assert!(matches!(check_greeting(&greeting()[..63]), Err(WireError::Greeting)));
    }

    #[test]
    fn f4_claimed_lengths_reserve_nothing() {
        for power in 21..64 {
            for flags in [LONG, LONG | MORE, LONG | COMMAND] {
                let mut decoder = Decoder::new(LIMITS);
                decoder.buffer().extend_from_slice(&frame(flags, 1 << power));
                assert!(matches!(decoder.next(), Err(WireError::Size { .. })), "2^{power}");
                assert!(decoder.buffer.capacity() < 1 << 10);
            }
        }
        // Within the limit, a claim is believed no sooner than its bytes come.
        let mut decoder = Decoder::new(LIMITS);
        decoder.buffer().extend_from_slice(&frame(LONG, 1 << 19));
        assert!(matches!(decoder.next(), Ok(None)));
        assert!(decoder.buffer.capacity() < 1 << 10);
    }

    #[test]
    fn f4_endless_messages_are_cut() {
        let empty = [MORE, 0].repeat(1000);
        assert!(matches!(decode(LIMITS, &empty, 100), Err(WireError::Parts { limit: 64 })));
        let full: Vec<u8> = [vec![MORE | LONG], 60_000u64.to_be_bytes().to_vec(), vec![7; 60_000]]
            .concat()
            .repeat(20);
        assert!(matches!(decode(LIMITS, &full, 4096), Err(WireError::Size { .. })));
    }

    #[test]
    fn odd_flags_are_refused() {
        for flags in [8, 0x80, COMMAND | MORE, 0xff] {
            assert!(matches!(decode(LIMITS, &[flags, 0], 1), Err(WireError::Flags(_))));
        }
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn messages_survive_the_wire(
            messages in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 1..8), 0..4),
            step in 1usize..2000,
        ) {
            let messages: Vec<Vec<Bytes>> =
                messages.into_iter().map(|message| message.into_iter().map(Bytes::from).collect()).collect();
            let bytes: Vec<u8> = messages.iter().flat_map(|message| encode_message(message)).flatten().collect();
            let expected: Vec<Item> = messages.into_iter().map(Item::Message).collect();
            prop_assert_eq!(decode(LIMITS, &bytes, step).unwrap(), expected);
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(
            bytes in prop::collection::vec(prop_oneof![0u8..8, any::<u8>()], 0..400),
            step in 1usize..64,
        ) {
            let small = Limits { message: 100, parts: 5 };
            // The same bytes give the same, however they arrive; and no input panics.
            let (whole, pieces) = (decode(small, &bytes, 400), decode(small, &bytes, step));
            prop_assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
            let commands = whole.into_iter().flatten();
            for item in commands {
                match item {
                    Item::Command(body) => drop(super::super::command::Command::parse(body)),
                    Item::Message(parts) => prop_assert!(parts.len() <= 5),
                }
            }
        }
    }
}
