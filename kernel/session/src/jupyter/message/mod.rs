//! Messages of the protocol, and all of its JSON.
//!
//! An incoming message is decoded once, into the types of `request`. Their fields have defaults, so
//! that a message is not lost because a client leaves a field out or adds one. `reply` and
//! `publication` have the types of outgoing messages. `signature` signs.

pub mod comm;
mod publication;
mod reply;
mod request;
mod usage;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

pub use publication::{Publication, State};
pub use reply::{ExecuteReply, Expression, LanguageInfo, Payload, Reply, TypedMatch};
pub use request::{Body, Comm, ExecuteRequest, Position, Request};
pub use usage::{HostMemory, Usage};

use super::signature::{Key, SignatureError};
use super::zmtp::Address;

/// The part between the names of peers and the message itself.
pub const DELIMITER: &[u8] = b"<IDS|MSG>";

/// The metadata of most messages.
pub const NO_METADATA: &str = "{}";

/// The version of the protocol.
pub const PROTOCOL: &str = "5.5";

/// Why a message is dropped.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    #[error("the message has no delimiter, or nothing behind it")]
    Parts,
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("the message has no header: {0}")]
    Header(#[from] serde_json::Error),
    #[error("the message's header is no text")]
    Text,
}

/// The header of a message that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub id: String,
    pub kind: String,
    pub session: String,
    pub date: Option<DateTime<Utc>>,
    /// The subshell whose message it is; none of the kernel's own shell.
    pub subshell: Option<String>,
    /// The header's own bytes, which an answer carries as its parent header.
    raw: Box<[u8]>,
}

/// A header as it comes. It needs an id and a kind; any other field may be missing.
#[derive(Debug, serde::Deserialize)]
struct RawHeader {
    msg_id: String,
    msg_type: String,
    #[serde(default, deserialize_with = "request::tolerant")]
    session: String,
    #[serde(default, deserialize_with = "request::tolerant")]
    date: String,
    #[serde(default, deserialize_with = "request::tolerant")]
    subshell_id: Option<String>,
}

impl Header {
    fn read(frame: &[u8]) -> Result<Header, MessageError> {
        // The header goes out to all clients again, so all of it must be text.
        std::str::from_utf8(frame).map_err(|_| MessageError::Text)?;
        let RawHeader { msg_id: id, msg_type: kind, session, date, subshell_id: subshell } =
            serde_json::from_slice(frame)?;
        let date = DateTime::parse_from_rfc3339(&date).ok().map(|it| it.to_utc());
        Ok(Header { id, kind, session, date, subshell, raw: frame.into() })
    }
}

/// The client that asked, and the way back for the answer.
#[derive(Debug, Clone)]
pub struct Asker {
    pub header: Arc<Header>,
    pub address: Address,
    /// The names of peers between the client and the kernel, which the answer carries too.
    route: Vec<Bytes>,
}

/// A message of a client, with a good signature.
#[derive(Debug)]
pub struct IncomingMessage {
    pub asker: Asker,
    pub body: Body,
}

impl IncomingMessage {
    pub fn read(
        key: &Key,
        address: &Address,
        parts: Vec<Bytes>,
    ) -> Result<IncomingMessage, MessageError> {
        let delimiter =
            parts.iter().position(|part| &part[..] == DELIMITER).ok_or(MessageError::Parts)?;
        let Some([signature, header, parent, metadata, content]) =
            parts.get(delimiter + 1..delimiter + 6)
        else {
            return Err(MessageError::Parts);
        };
        key.check(signature, [header, parent, metadata, content])?;
        let header = Header::read(header)?;
        let body = Body::read(&header.kind, content, parent);
        let route = parts.iter().take(delimiter).map(|part| Bytes::copy_from_slice(part)).collect();
        let asker = Asker { header: Arc::new(header), address: address.clone(), route };
        Ok(IncomingMessage { asker, body })
    }
}

/// Makes the messages of this kernel.
#[derive(Debug)]
pub struct Composer {
    pub key: Key,
    session: String,
    count: AtomicU64,
}

#[derive(Serialize)]
struct OwnHeader<'a> {
    msg_id: &'a str,
    session: &'a str,
    username: &'a str,
    date: String,
    msg_type: &'a str,
    version: &'a str,
}

impl Composer {
    pub fn new(key: Key) -> Composer {
        Composer { key, session: uuid::Uuid::new_v4().to_string(), count: AtomicU64::new(0) }
    }

    /// A message for the client that asked.
    pub fn reply(&self, to: &Asker, reply: &Reply) -> Vec<Bytes> {
        let kind = reply::kind_of(&to.header.kind);
        let id = self.next_id();
        self.compose(to.route.clone(), &kind, &id, Some(&to.header), NO_METADATA, reply)
    }

    /// A question for the client whose cell runs, and the question's id, which the answer may name.
    pub fn question(&self, to: &Asker, prompt: &str, password: bool) -> (String, Vec<Bytes>) {
        let id = self.next_id();
        let question = reply::InputRequest { prompt, password };
        let route = to.route.clone();
        let message =
            self.compose(route, "input_request", &id, Some(&to.header), NO_METADATA, &question);
        (id, message)
    }

    /// A message for all clients.
    pub fn publication(
        &self,
        parent: Option<&Header>,
        publication: &Publication<'_>,
    ) -> Vec<Bytes> {
        let kind = publication.kind();
        // The first part is a topic; clients subscribe to all, so the kind is as good as any.
        let topic = vec![Bytes::from_static(kind.as_bytes())];
        let metadata = publication.metadata();
        self.compose(topic, kind, &self.next_id(), parent, metadata, publication)
    }

    fn next_id(&self) -> String {
        format!("{}_{}", self.session, self.count.fetch_add(1, Ordering::Relaxed))
    }

    fn compose(
        &self,
        mut parts: Vec<Bytes>,
        kind: &str,
        id: &str,
        parent: Option<&Header>,
        metadata: &'static str,
        content: &impl Serialize,
    ) -> Vec<Bytes> {
        let header = OwnHeader {
            msg_id: id,
            session: &self.session,
            username: "kernel",
            date: Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true),
            msg_type: kind,
            version: PROTOCOL,
        };
        let header = json(&header);
        let parent = parent.map_or(Bytes::from_static(b"{}"), |it| Bytes::copy_from_slice(&it.raw));
        let (metadata, content) = (Bytes::from_static(metadata.as_bytes()), json(content));
        let signature = self.key.sign([&header, &parent, &metadata, &content]);
        parts.extend([
            Bytes::from_static(DELIMITER),
            signature.into(),
            header,
            parent,
            metadata,
            content,
        ]);
        parts
    }
}

/// JSON of a message. No type of a message can fail to be JSON: the keys are all texts.
fn json(content: &impl Serialize) -> Bytes {
    serde_json::to_vec(content).map_or(Bytes::from_static(b"{}"), Bytes::from)
}

/// A JSON object that may be anything.
pub type Object = Map<String, Value>;

/// Turns a cursor in characters, as the protocol counts, into a byte offset of the code.
pub fn byte_offset(code: &str, cursor: i64) -> usize {
    let cursor = usize::try_from(cursor).unwrap_or(0);
    code.char_indices().nth(cursor).map_or(code.len(), |(at, _)| at)
}

/// Turns a byte offset of the code into a cursor in characters.
pub fn cursor_position(code: &str, offset: usize) -> usize {
    code.char_indices().take_while(|(at, _)| *at < offset).count()
}

/// Messages for the tests of other modules.
#[cfg(test)]
mod samples {
    use super::*;
    use crate::jupyter::zmtp::Router;

    impl Header {
        pub fn of_test(session: &str, date: &str) -> Header {
            let date = DateTime::parse_from_rfc3339(date).ok().map(|it| it.to_utc());
            let (id, kind) = ("id".to_owned(), "execute_request".to_owned());
            let raw = format!(r#"{{"msg_id": "id", "session": "{session}"}}"#).into_bytes();
            let session = session.to_owned();
            Header { id, kind, session, date, subshell: None, raw: raw.into() }
        }
    }

    impl Asker {
        pub fn of_test(header: Header) -> Asker {
            let address = Router::address_of_nobody();
            Asker { header: Arc::new(header), address, route: Vec::new() }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::jupyter::zmtp::Router;

    fn parts(texts: &[&[u8]]) -> Vec<Bytes> {
        texts.iter().map(|it| Bytes::copy_from_slice(it)).collect()
    }

    fn read(texts: &[&[u8]]) -> Result<IncomingMessage, MessageError> {
        IncomingMessage::read(&Key::new(""), &Router::address_of_nobody(), parts(texts))
    }

    const HEADER: &[u8] = br#"{"msg_id": "1", "msg_type": "execute_request", "extra": [1]}"#;

    #[test]
    fn a_message_is_read_and_its_header_given_back() {
        let received =
            read(&[b"proxy", DELIMITER, b"", HEADER, b"{}", b"{}", br#"{"code": "1"}"#, b"buffer"])
                .unwrap();
        let composer = Composer::new(Key::new("k"));
        let reply = composer.reply(&received.asker, &Reply::interrupted());
        assert_eq!(reply[0], &b"proxy"[..]);
        assert_eq!(reply[4], HEADER);
        let header: Value = serde_json::from_slice(&reply[3]).unwrap();
        assert_eq!(header["msg_type"], "execute_reply");
        assert!(DateTime::parse_from_rfc3339(header["date"].as_str().unwrap()).is_ok());
        let again = Composer::new(Key::new("k"));
        let signed = [&reply[3][..], &reply[4], &reply[5], &reply[6]];
        assert!(again.key.check(&reply[2], signed).is_ok());
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for texts in [
            &[&b"junk"[..]][..],
            &[DELIMITER],
            &[DELIMITER, b"", HEADER, b"{}", b"{}"],
            &[DELIMITER, b"", b"{}", b"{}", b"{}", b"{}"],
            &[DELIMITER, b"", b"[]", b"[]", b"[]", b"[]"],
            &[
                DELIMITER,
                b"",
                b"{\"msg_id\": \"1\", \"msg_type\": \"x\", \"y\": \"\xff\"}",
                b"",
                b"",
                b"",
            ],
            &[DELIMITER, b"", "[".repeat(100_000).as_bytes(), b"{}", b"{}", b"{}"],
        ] {
            assert!(read(texts).is_err(), "{texts:?}");
        }
    }

    #[test]
    fn cursors_count_characters() {
        let code = "let 値 = 🇯🇵;";
        for (cursor, (offset, _)) in code.char_indices().enumerate() {
            assert_eq!(byte_offset(code, cursor as i64), offset);
            assert_eq!(cursor_position(code, offset), cursor);
        }
        assert_eq!(byte_offset(code, 999), code.len());
        assert_eq!(byte_offset(code, -1), 0);
    }

    fn cases() -> ProptestConfig {
        let cases = std::env::var("AKARI_FUZZ").ok().and_then(|it| it.parse().ok());
        ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(cases.unwrap_or(20_000))
        }
    }

    /// JSON as a hostile or broken client may write it: of the right shape or nearly.
    fn content() -> impl Strategy<Value = String> {
        let value = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            Just("-1".to_owned()),
            Just("1e999".to_owned()),
            Just("\"x\"".to_owned()),
            Just("[[]]".to_owned()),
            Just("{\"a\": 1}".to_owned()),
            Just("{".to_owned()),
            Just("18446744073709551616".to_owned()),
        ];
        let key = prop::sample::select(vec![
            "code",
            "silent",
            "user_expressions",
            "cursor_pos",
            "n",
            "hist_access_type",
            "value",
            "comm_id",
            "restart",
            "allow_stdin",
            "start",
            "msg_id",
        ]);
        prop::collection::vec((key, value), 0..6).prop_map(|fields| {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
            format!("{{{}}}", fields.join(", "))
        })
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn any_content_is_decoded(
            kind in prop::sample::select(vec![
                "execute_request", "complete_request", "inspect_request", "history_request",
                "is_complete_request", "shutdown_request", "comm_open", "comm_msg", "input_reply",
                "strange_request", "strange",
            ]),
            content in content(),
            parent in content(),
        ) {
            let header = format!("{{\"msg_id\": \"1\", \"msg_type\": \"{kind}\"}}");
            let received = read(&[DELIMITER, b"", header.as_bytes(), parent.as_bytes(), b"", content.as_bytes()]);
            prop_assert!(received.is_ok());
        }

        #[test]
        fn any_parts_are_read_or_refused(
            texts in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..30),
                Just(DELIMITER.to_vec()), Just(HEADER.to_vec()), Just(b"{}".to_vec()),
            ], 0..9),
        ) {
            let parts: Vec<Bytes> = texts.into_iter().map(Bytes::from).collect();
            for key in ["", "key"] {
                drop(IncomingMessage::read(&Key::new(key), &Router::address_of_nobody(), parts.clone()));
            }
        }
    }
}
