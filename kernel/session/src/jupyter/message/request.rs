//! Everything that clients may say, decoded once, and tolerant of what clients leave out or add.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;

use super::Object;
use super::comm::CommRequest;
use crate::history::Query;

/// The content of a message, by its kind.
#[derive(Debug)]
pub enum Body {
    /// A cell: the reply comes when the cell has run.
    Execute(ExecuteRequest),
    /// A request that is answered at once.
    Request(Request),
    /// A message about a comm: an answer, if any, goes to iopub.
    Comm(Comm),
    Input(InputReply),
    /// A message of an unknown kind.
    Other,
}

#[derive(Debug)]
pub enum Request {
    KernelInfo,
    Complete(Position),
    Inspect(Position),
    History(HistoryRequest),
    IsComplete {
        code: String,
    },
    CommInfo {
        /// The target that is asked about; all if it is empty.
        target: String,
    },
    Usage,
    Interrupt,
    Shutdown {
        restart: bool,
    },
    CreateSubshell,
    DeleteSubshell {
        id: String,
    },
    ListSubshells,
    /// A request of an unknown kind: its name ends in `_request`.
    Unknown,
}

impl Request {
    /// Whether the request is about the kernel as a whole, whatever subshell its header names.
    pub fn is_of_kernel(&self) -> bool {
        match self {
            Request::Usage
            | Request::Interrupt
            | Request::Shutdown { .. }
            | Request::CreateSubshell
            | Request::DeleteSubshell { .. }
            | Request::ListSubshells => true,
            Request::KernelInfo
            | Request::Complete(_)
            | Request::Inspect(_)
            | Request::History(_)
            | Request::IsComplete { .. }
            | Request::CommInfo { .. }
            | Request::Unknown => false,
        }
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(default)]
pub struct ExecuteRequest {
    /// None if the client sends no text.
    #[serde(deserialize_with = "tolerant")]
    pub code: Option<String>,
    #[serde(deserialize_with = "tolerant")]
    pub silent: bool,
    #[serde(deserialize_with = "tolerant_or_true")]
    pub store_history: bool,
    #[serde(deserialize_with = "tolerant_or_true")]
    pub stop_on_error: bool,
    #[serde(deserialize_with = "tolerant")]
    pub allow_stdin: bool,
    #[serde(deserialize_with = "tolerant")]
    pub user_expressions: Object,
}

impl Default for ExecuteRequest {
    fn default() -> Self {
        ExecuteRequest {
            code: None,
            silent: false,
            store_history: true,
            stop_on_error: true,
            allow_stdin: false,
            user_expressions: Object::new(),
        }
    }
}

/// A place in code that a client asks about.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Position {
    #[serde(deserialize_with = "tolerant")]
    pub code: String,
    /// In characters; the end of the code if the client names none.
    #[serde(deserialize_with = "tolerant")]
    pub cursor_pos: Option<i64>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HistoryAccess {
    Range,
    Search,
    #[default]
    Tail,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct HistoryRequest {
    #[serde(deserialize_with = "tolerant")]
    pub hist_access_type: HistoryAccess,
    #[serde(deserialize_with = "tolerant")]
    pub output: bool,
    #[serde(deserialize_with = "tolerant")]
    pub session: i64,
    #[serde(deserialize_with = "tolerant")]
    pub start: Option<i64>,
    #[serde(deserialize_with = "tolerant")]
    pub stop: Option<i64>,
    #[serde(deserialize_with = "tolerant")]
    pub n: Option<u64>,
    #[serde(deserialize_with = "tolerant")]
    pub pattern: Option<String>,
    #[serde(deserialize_with = "tolerant")]
    pub unique: bool,
}

/// How many cells the tail has where the client gives no number, as in IPython.
const TAIL: usize = 10;

impl From<HistoryRequest> for Query {
    fn from(request: HistoryRequest) -> Query {
        let count = request.n.and_then(|it| usize::try_from(it).ok());
        match request.hist_access_type {
            HistoryAccess::Tail => Query::Tail { count: count.unwrap_or(TAIL) },
            HistoryAccess::Range => Query::Range {
                session: request.session,
                start: request.start.unwrap_or(0),
                stop: request.stop,
            },
            HistoryAccess::Search => Query::Search {
                pattern: request.pattern.unwrap_or_else(|| "*".to_owned()),
                count,
                is_unique: request.unique,
            },
        }
    }
}

#[derive(Debug)]
pub enum Comm {
    Open { id: String, target: String },
    Message { id: String, said: CommRequest },
    Close { id: String },
}

#[derive(Debug, Default)]
pub struct InputReply {
    pub value: String,
    /// The id of the question that this answers; empty if the client names none.
    pub question: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(deserialize_with = "tolerant")]
    code: String,
    #[serde(deserialize_with = "tolerant")]
    comm_id: String,
    #[serde(deserialize_with = "tolerant")]
    target_name: String,
    #[serde(deserialize_with = "tolerant")]
    data: Object,
    #[serde(deserialize_with = "tolerant")]
    value: String,
    #[serde(deserialize_with = "tolerant")]
    msg_id: String,
    #[serde(deserialize_with = "tolerant")]
    restart: bool,
    #[serde(deserialize_with = "tolerant")]
    subshell_id: String,
}

impl Body {
    pub(super) fn read(kind: &str, content: &[u8], parent: &[u8]) -> Body {
        let fields = || object::<Fields>(content);
        Body::Request(match kind {
            "execute_request" => return Body::Execute(object(content)),
            "kernel_info_request" => Request::KernelInfo,
            "complete_request" => Request::Complete(object(content)),
            "inspect_request" => Request::Inspect(object(content)),
            "history_request" => Request::History(object(content)),
            "is_complete_request" => Request::IsComplete { code: fields().code },
            "comm_info_request" => Request::CommInfo { target: fields().target_name },
            "usage_request" => Request::Usage,
            "interrupt_request" => Request::Interrupt,
            "shutdown_request" => Request::Shutdown { restart: fields().restart },
            "create_subshell_request" => Request::CreateSubshell,
            "delete_subshell_request" => Request::DeleteSubshell { id: fields().subshell_id },
            "list_subshell_request" => Request::ListSubshells,
            "comm_open" => {
                let Fields { comm_id: id, target_name: target, .. } = fields();
                return Body::Comm(Comm::Open { id, target });
            }
            "comm_msg" => {
                let Fields { comm_id: id, data, .. } = fields();
                return Body::Comm(Comm::Message { id, said: CommRequest::read(&data) });
            }
            "comm_close" => return Body::Comm(Comm::Close { id: fields().comm_id }),
            "input_reply" => {
                let question = object::<Fields>(parent).msg_id;
                return Body::Input(InputReply { value: fields().value, question });
            }
            kind if kind.ends_with("_request") => Request::Unknown,
            _ => return Body::Other,
        })
    }
}

/// Reads a JSON object. Text that is no object counts as an object without fields.
fn object<T: DeserializeOwned + Default>(text: &[u8]) -> T {
    // Read as a value first: of two fields with the same name that keeps the last.
    serde_json::from_slice(text)
        .ok()
        .filter(Value::is_object)
        .and_then(|it| serde_json::from_value(it).ok())
        .unwrap_or_default()
}

/// Reads a field; the default if the field has another type.
pub fn tolerant<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// Reads a truth value that is true unless the client says `false`.
fn tolerant_or_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_bool().unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn execute(content: &str) -> ExecuteRequest {
        match Body::read("execute_request", content.as_bytes(), b"{}") {
            Body::Execute(request) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_field_of_another_type_spoils_no_other() {
        let request = execute(r#"{"code": "1", "silent": "yes", "store_history": 5, "new": {}}"#);
        assert_eq!(request.code.as_deref(), Some("1"));
        assert!(!request.silent && request.store_history && request.stop_on_error);
        assert!(!execute(r#"{"code": "1", "stop_on_error": false}"#).stop_on_error);
        assert_eq!(execute(r#"{"code": 5}"#).code, None);
    }

    #[test]
    fn content_that_is_no_object_is_empty() {
        for content in ["", "[1]", "null", "{", "\"code\"", &"[".repeat(100_000)] {
            assert_eq!(execute(content).code, None);
        }
    }

    #[test]
    fn an_answer_may_name_its_question() {
        let read = |parent: &[u8]| match Body::read("input_reply", br#"{"value": "v"}"#, parent) {
            Body::Input(answer) => (answer.value, answer.question),
            other => panic!("{other:?}"),
        };
        assert_eq!(read(b"{}"), ("v".into(), String::new()));
        assert_eq!(read(br#"{"msg_id": "q"}"#), ("v".into(), "q".into()));
    }
}
