//! Messages as they come from and go to the wire.
//!
//! Requests are read tolerantly, frame by frame: content that a client leaves out or adds must
//! neither lose the message nor end a loop. Replies are plain JSON, so that no field is `null`
//! where the schema wants an object.

use bytes::Bytes;
use jupyter_protocol::{Header, JupyterMessage, JupyterMessageContent, UnknownMessage};
use jupyter_zmq_client::connection::RawMessage;
use serde_json::Value;

/// A request, with what is needed to answer it.
#[derive(Debug, Clone)]
pub struct Request {
    identities: Vec<Bytes>,
    pub header: Header,
    pub content: Value,
}

impl Request {
    /// Reads verified frames; the error is for the log.
    pub fn read(raw: RawMessage) -> Result<Request, serde_json::Error> {
        let frame = |index: usize| raw.jparts.get(index).map_or(&b"null"[..], |it| &it[..]);
        let header = read_header(frame(0))?;
        let content = serde_json::from_slice(frame(3)).unwrap_or(Value::Null);
        Ok(Request { identities: raw.zmq_identities, header, content })
    }

    pub fn kind(&self) -> &str {
        &self.header.msg_type
    }

    pub fn text(&self, key: &str) -> &str {
        self.content.get(key).and_then(Value::as_str).unwrap_or("")
    }

    pub fn flag(&self, key: &str, default: bool) -> bool {
        self.content.get(key).and_then(Value::as_bool).unwrap_or(default)
    }

    pub fn number(&self, key: &str) -> Option<i64> {
        self.content.get(key).and_then(Value::as_i64)
    }

    /// A message to the one who asked, on the socket it asked on.
    pub fn reply(&self, kind: &str, content: Value) -> JupyterMessage {
        message(kind, content, Some(&self.header), self.identities.clone())
    }
}

/// A header needs an id and a kind; what else a client leaves out is empty.
fn read_header(frame: &[u8]) -> Result<Header, serde_json::Error> {
    let mut header: Value = serde_json::from_slice(frame)?;
    if let Some(header) = header.as_object_mut() {
        for key in ["username", "session", "version"] {
            if !header.get(key).is_some_and(Value::is_string) {
                header.insert(key.to_owned(), "".into());
            }
        }
    }
    serde_json::from_value(header)
}

/// A message for everyone.
pub fn publication(kind: &str, content: Value, parent: Option<&Header>) -> JupyterMessage {
    // The first frame is a topic; clients subscribe to all, so the kind is as good as any.
    message(kind, content, parent, vec![Bytes::from(kind.to_owned())])
}

fn message(
    kind: &str,
    content: Value,
    parent: Option<&Header>,
    identities: Vec<Bytes>,
) -> JupyterMessage {
    let content = UnknownMessage { msg_type: kind.to_owned(), content };
    let mut message = JupyterMessage::new(JupyterMessageContent::UnknownMessage(content), None);
    message.header.username = "kernel".to_owned();
    message.header.version = "5.5".to_owned();
    message.parent_header = parent.cloned();
    message.zmq_identities = identities;
    message
}

/// A cursor in characters, as the protocol counts, to a byte offset of the code.
pub fn byte_offset(code: &str, cursor: i64) -> usize {
    let cursor = usize::try_from(cursor).unwrap_or(0);
    code.char_indices().nth(cursor).map_or(code.len(), |(at, _)| at)
}

/// The reverse.
pub fn cursor_position(code: &str, offset: usize) -> usize {
    code.char_indices().take_while(|(at, _)| *at < offset).count()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
