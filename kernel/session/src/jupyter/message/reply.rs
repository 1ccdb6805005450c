//! Answers to requests, and the question that a cell asks.

use serde::Serialize;
use serde_json::Value;

use super::{Object, Usage};
use crate::engine::outcome::{CellError, Completeness};
use crate::history::HistoryCell;

/// The kind of the reply to a request of a kind.
pub(super) fn kind_of(request: &str) -> String {
    format!("{}_reply", request.strip_suffix("_request").unwrap_or(request))
}

/// The content of a reply.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    Execute(ExecuteReply),
    Done(Done),
    IsComplete(IsComplete),
    /// The answer to a request of any kind that can't be carried out.
    Failed(Failure),
}

/// The content of a reply that tells success.
#[derive(Debug, Serialize)]
pub struct Done {
    status: &'static str,
    #[serde(flatten)]
    answer: Answer,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    KernelInfo {
        protocol_version: &'static str,
        implementation: &'static str,
        implementation_version: &'static str,
        language_info: LanguageInfo,
        banner: String,
        help_links: [HelpLink; 1],
        debugger: bool,
        supported_features: [&'static str; 1],
    },
    Complete {
        matches: Vec<String>,
        cursor_start: usize,
        cursor_end: usize,
        metadata: CompletionMetadata,
    },
    Inspect {
        found: bool,
        data: Object,
        metadata: Object,
    },
    History {
        history: Vec<HistoryEntry>,
    },
    CommInfo {
        comms: Object,
    },
    Shutdown {
        restart: bool,
    },
    Subshell {
        subshell_id: String,
    },
    Subshells {
        subshell_id: Vec<String>,
    },
    Nothing {},
    Usage(Usage),
}

#[derive(Debug, Serialize)]
pub struct LanguageInfo {
    pub name: &'static str,
    pub version: String,
    pub mimetype: &'static str,
    pub file_extension: &'static str,
    pub pygments_lexer: &'static str,
    pub codemirror_mode: &'static str,
    pub nbconvert_exporter: &'static str,
}

#[derive(Debug, Serialize)]
struct HelpLink {
    text: &'static str,
    url: &'static str,
}

#[derive(Debug, Serialize)]
struct CompletionMetadata {
    _jupyter_types_experimental: Vec<TypedMatch>,
    /// Why there may be more than these. A field of our own, which clients pass over.
    #[serde(skip_serializing_if = "Option::is_none")]
    akari_note: Option<String>,
}

/// A completion as JupyterLab draws it.
#[derive(Debug, Serialize)]
pub struct TypedMatch {
    pub text: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub signature: String,
    pub start: usize,
    pub end: usize,
}

/// A session, the number of a cell and its code; with the cell's output if the client asks for
/// that.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum HistoryEntry {
    Code(i64, u32, String),
    WithOutput(i64, u32, (String, Option<String>)),
}

impl HistoryEntry {
    fn of(cell: HistoryCell, is_output: bool) -> HistoryEntry {
        let HistoryCell { session, line, code, output } = cell;
        let (code, output) = (code.to_string(), output.map(|it| it.to_string()));
        match is_output {
            true => HistoryEntry::WithOutput(session, line, (code, output)),
            false => HistoryEntry::Code(session, line, code),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum IsComplete {
    Complete,
    Incomplete { indent: String },
    Invalid,
}

#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum ExecuteReply {
    Ok {
        execution_count: u32,
        payload: Vec<Payload>,
        user_expressions: Object,
    },
    Error {
        execution_count: u32,
        payload: [Payload; 0],
        user_expressions: Object,
        #[serde(flatten)]
        error: Failure,
    },
    Aborted {
        execution_count: u32,
        payload: [Payload; 0],
        user_expressions: Object,
    },
}

/// A thing for the client to do beside showing the outputs.
#[derive(Debug, Serialize)]
#[serde(tag = "source", rename_all = "lowercase")]
pub enum Payload {
    /// Opens the pager.
    Page { data: Object, start: u32 },
}

/// The value of a user expression.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Expression {
    Ok { data: Object, metadata: Object },
    Error(Failure),
}

impl Expression {
    /// The JSON for a field of the reply.
    pub fn into_json(self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

#[derive(Debug, Serialize)]
pub struct Failure {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    ename: String,
    evalue: String,
    traceback: Vec<String>,
}

impl From<CellError> for Failure {
    /// The failure without a status, which the type around it has.
    fn from(CellError { ename, evalue, traceback }: CellError) -> Failure {
        Failure { status: None, ename, evalue, traceback }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct InputRequest<'a> {
    pub prompt: &'a str,
    pub password: bool,
}

impl Reply {
    pub fn kernel_info(language_info: LanguageInfo) -> Reply {
        let version = env!("CARGO_PKG_VERSION");
        done(Answer::KernelInfo {
            protocol_version: super::PROTOCOL,
            implementation: "akari",
            implementation_version: version,
            banner: format!("Akari {version} (Rust {})", language_info.version),
            language_info,
            help_links: [HelpLink {
                text: "The Rust Book",
                url: "https://doc.rust-lang.org/book/",
            }],
            debugger: false,
            supported_features: ["kernel subshells"],
        })
    }

    pub fn complete(
        matches: Vec<TypedMatch>,
        start: usize,
        end: usize,
        note: Option<String>,
    ) -> Reply {
        done(Answer::Complete {
            matches: matches.iter().map(|it| it.text.clone()).collect(),
            cursor_start: start,
            cursor_end: end,
            metadata: CompletionMetadata { _jupyter_types_experimental: matches, akari_note: note },
        })
    }

    pub fn inspect(data: Option<Object>) -> Reply {
        let found = data.is_some();
        done(Answer::Inspect { found, data: data.unwrap_or_default(), metadata: Object::new() })
    }

    pub fn history(cells: Vec<HistoryCell>, is_output: bool) -> Reply {
        let history = cells.into_iter().map(|it| HistoryEntry::of(it, is_output)).collect();
        done(Answer::History { history })
    }

    pub fn is_complete(completeness: Completeness) -> Reply {
        Reply::IsComplete(match completeness {
            Completeness::Complete => IsComplete::Complete,
            Completeness::Incomplete { indent } => IsComplete::Incomplete { indent },
            Completeness::Invalid => IsComplete::Invalid,
        })
    }

    /// The list of open comms.
    pub fn comm_info(comms: Object) -> Reply {
        done(Answer::CommInfo { comms })
    }

    pub fn interrupted() -> Reply {
        done(Answer::Nothing {})
    }

    pub fn created_subshell(subshell_id: String) -> Reply {
        done(Answer::Subshell { subshell_id })
    }

    pub fn deleted_subshell() -> Reply {
        done(Answer::Nothing {})
    }

    pub fn subshells(subshell_id: Vec<String>) -> Reply {
        done(Answer::Subshells { subshell_id })
    }

    pub fn usage(usage: Usage) -> Reply {
        done(Answer::Usage(usage))
    }

    pub fn shutdown(restart: bool) -> Reply {
        done(Answer::Shutdown { restart })
    }

    /// The reply to a request that can't be carried out.
    pub fn failed(ename: &str, evalue: String) -> Reply {
        let ename = ename.to_owned();
        Reply::Failed(Failure { status: Some("error"), ename, evalue, traceback: Vec::new() })
    }
}

fn done(answer: Answer) -> Reply {
    Reply::Done(Done { status: "ok", answer })
}

impl ExecuteReply {
    pub fn error(execution_count: u32, error: CellError) -> ExecuteReply {
        let (payload, user_expressions) = ([], Object::new());
        ExecuteReply::Error { execution_count, payload, user_expressions, error: error.into() }
    }

    pub fn aborted(execution_count: u32) -> ExecuteReply {
        ExecuteReply::Aborted { execution_count, payload: [], user_expressions: Object::new() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn text(reply: &Reply) -> String {
        serde_json::to_string(reply).unwrap()
    }

    fn cell(output: Option<&str>) -> HistoryCell {
        let output = output.map(Into::into);
        HistoryCell { session: 2, line: 1, code: "a".into(), output }
    }

    fn error() -> CellError {
        CellError { ename: "E".into(), evalue: "v".into(), traceback: vec!["t".into()] }
    }

    #[test]
    fn replies_have_the_shape_of_the_protocol() {
        for (reply, expected) in [
            (Reply::interrupted(), r#"{"status":"ok"}"#),
            (Reply::created_subshell("s".into()), r#"{"status":"ok","subshell_id":"s"}"#),
            (Reply::deleted_subshell(), r#"{"status":"ok"}"#),
            (Reply::subshells(vec!["s".into()]), r#"{"status":"ok","subshell_id":["s"]}"#),
            (Reply::shutdown(true), r#"{"status":"ok","restart":true}"#),
            (Reply::comm_info(Object::new()), r#"{"status":"ok","comms":{}}"#),
            (Reply::inspect(None), r#"{"status":"ok","found":false,"data":{},"metadata":{}}"#),
            (Reply::history(vec![cell(None)], false), r#"{"status":"ok","history":[[2,1,"a"]]}"#),
            (
                Reply::history(vec![cell(None), cell(Some("b"))], true),
                r#"{"status":"ok","history":[[2,1,["a",null]],[2,1,["a","b"]]]}"#,
            ),
            (
                Reply::complete(Vec::new(), 1, 2, None),
                r#"{"status":"ok","matches":[],"cursor_start":1,"cursor_end":2,"metadata":{"_jupyter_types_experimental":[]}}"#,
            ),
            (
                Reply::complete(Vec::new(), 1, 2, Some("soon".into())),
                r#"{"status":"ok","matches":[],"cursor_start":1,"cursor_end":2,"metadata":{"_jupyter_types_experimental":[],"akari_note":"soon"}}"#,
            ),
            (Reply::is_complete(Completeness::Invalid), r#"{"status":"invalid"}"#),
            (
                Reply::is_complete(Completeness::Incomplete { indent: "  ".into() }),
                r#"{"status":"incomplete","indent":"  "}"#,
            ),
            (
                Reply::failed("E", "v".into()),
                r#"{"status":"error","ename":"E","evalue":"v","traceback":[]}"#,
            ),
            (
                Reply::Execute(ExecuteReply::error(3, error())),
                r#"{"status":"error","execution_count":3,"payload":[],"user_expressions":{},"ename":"E","evalue":"v","traceback":["t"]}"#,
            ),
            (
                Reply::Execute(ExecuteReply::aborted(3)),
                r#"{"status":"aborted","execution_count":3,"payload":[],"user_expressions":{}}"#,
            ),
            (
                Reply::Execute(ExecuteReply::Ok {
                    execution_count: 1,
                    payload: vec![Payload::Page { data: Object::new(), start: 0 }],
                    user_expressions: Object::new(),
                }),
                r#"{"status":"ok","execution_count":1,"payload":[{"source":"page","data":{},"start":0}],"user_expressions":{}}"#,
            ),
        ] {
            assert_eq!(text(&reply), expected);
        }
        let expression = serde_json::to_string(&Expression::Error(error().into())).unwrap();
        assert_eq!(expression, r#"{"status":"error","ename":"E","evalue":"v","traceback":["t"]}"#);
    }

    #[test]
    fn kinds_follow_from_requests() {
        assert_eq!(kind_of("execute_request"), "execute_reply");
        assert_eq!(kind_of("nonsense_request"), "nonsense_reply");
    }
}
