//! Messages for all clients, on iopub: the status of the kernel and the outputs of cells.

use serde::Serialize;

use super::comm::{CommData, WIDGET};
use crate::engine::outcome::{CellError, MimeBundle, Stream};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Starting,
    Busy,
    Idle,
}

/// The content of a message on iopub.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Publication<'a> {
    Status { execution_state: State },
    Input { code: &'a str, execution_count: u32 },
    Stream { name: &'static str, text: &'a str },
    Display(Display<'a>),
    Update(Display<'a>),
    Result { execution_count: u32, data: &'a MimeBundle, metadata: MimeBundle },
    Error { ename: &'a str, evalue: &'a str, traceback: &'a [String] },
    Clear { wait: bool },
    CommOpen { comm_id: &'a str, target_name: &'static str, data: CommState<'a> },
    CommMessage { comm_id: &'a str, data: CommData<'a> },
    CommClose { comm_id: &'a str, data: MimeBundle },
    Welcome { subscription: &'a str },
}

#[derive(Debug, Serialize)]
pub struct Display<'a> {
    data: &'a MimeBundle,
    metadata: &'a MimeBundle,
    transient: Transient<'a>,
}

/// The fields of a model whose comm is opened.
#[derive(Debug, Serialize)]
pub struct CommState<'a> {
    state: &'a MimeBundle,
    buffer_paths: [(); 0],
}

#[derive(Debug, Serialize)]
struct Transient<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    display_id: Option<&'a str>,
}

impl<'a> Publication<'a> {
    pub fn kind(&self) -> &'static str {
        match self {
            Publication::Status { .. } => "status",
            Publication::Input { .. } => "execute_input",
            Publication::Stream { .. } => "stream",
            Publication::Display(_) => "display_data",
            Publication::Update(_) => "update_display_data",
            Publication::Result { .. } => "execute_result",
            Publication::Error { .. } => "error",
            Publication::Clear { .. } => "clear_output",
            Publication::CommOpen { .. } => "comm_open",
            Publication::CommMessage { .. } => "comm_msg",
            Publication::CommClose { .. } => "comm_close",
            Publication::Welcome { .. } => "iopub_welcome",
        }
    }

    pub fn status(execution_state: State) -> Self {
        Publication::Status { execution_state }
    }

    pub fn stream(stream: Stream, text: &'a str) -> Self {
        Publication::Stream { name: stream.name(), text }
    }

    pub fn result(execution_count: u32, data: &'a MimeBundle) -> Self {
        Publication::Result { execution_count, data, metadata: MimeBundle::new() }
    }

    /// A new display, or new content for an earlier one.
    pub fn display(
        data: &'a MimeBundle,
        metadata: &'a MimeBundle,
        display_id: Option<&'a str>,
        is_update: bool,
    ) -> Self {
        let display = Display { data, metadata, transient: Transient { display_id } };
        if is_update { Publication::Update(display) } else { Publication::Display(display) }
    }

    pub fn error(error: &'a CellError) -> Self {
        let CellError { ename, evalue, traceback } = error;
        Publication::Error { ename, evalue, traceback }
    }

    /// The metadata of the message, as JSON.
    pub fn metadata(&self) -> &'static str {
        match self {
            // The version of the ipywidgets protocol.
            Publication::CommOpen { .. } => r#"{"version":"2.1.0"}"#,
            _ => super::NO_METADATA,
        }
    }

    /// Opens the comm of a widget's model.
    pub fn comm_open(comm_id: &'a str, state: &'a MimeBundle) -> Self {
        let data = CommState { state, buffer_paths: [] };
        Publication::CommOpen { comm_id, target_name: WIDGET, data }
    }

    /// New fields of a widget's model.
    pub fn comm_update(comm_id: &'a str, state: &'a MimeBundle) -> Self {
        let data = CommData::Update { state, buffer_paths: [] };
        Publication::CommMessage { comm_id, data }
    }

    /// All widgets' models, for the client that asked by its own comm.
    pub fn comm_states(comm_id: &'a str, states: MimeBundle) -> Self {
        let data = CommData::UpdateStates { states, buffer_paths: [] };
        Publication::CommMessage { comm_id, data }
    }

    pub fn comm_close(comm_id: &'a str) -> Self {
        Publication::CommClose { comm_id, data: MimeBundle::new() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn publications_have_the_shape_of_the_protocol() {
        let data: MimeBundle = [("text/plain".to_owned(), "x".into())].into_iter().collect();
        let none = MimeBundle::new();
        for (publication, kind, expected) in [
            (Publication::status(State::Busy), "status", r#"{"execution_state":"busy"}"#),
            (Publication::stream(Stream::Stderr, "x"), "stream", r#"{"name":"stderr","text":"x"}"#),
            (
                Publication::display(&data, &none, None, false),
                "display_data",
                r#"{"data":{"text/plain":"x"},"metadata":{},"transient":{}}"#,
            ),
            (
                Publication::display(&none, &none, Some("d"), true),
                "update_display_data",
                r#"{"data":{},"metadata":{},"transient":{"display_id":"d"}}"#,
            ),
            (
                Publication::result(2, &data),
                "execute_result",
                r#"{"execution_count":2,"data":{"text/plain":"x"},"metadata":{}}"#,
            ),
            (
                Publication::comm_open("c", &none),
                "comm_open",
                r#"{"comm_id":"c","target_name":"jupyter.widget","data":{"state":{},"buffer_paths":[]}}"#,
            ),
            (
                Publication::comm_update("c", &data),
                "comm_msg",
                r#"{"comm_id":"c","data":{"method":"update","state":{"text/plain":"x"},"buffer_paths":[]}}"#,
            ),
            (
                Publication::comm_states("c", MimeBundle::new()),
                "comm_msg",
                r#"{"comm_id":"c","data":{"method":"update_states","states":{},"buffer_paths":[]}}"#,
            ),
            (Publication::comm_close("c"), "comm_close", r#"{"comm_id":"c","data":{}}"#),
            (Publication::Welcome { subscription: "" }, "iopub_welcome", r#"{"subscription":""}"#),
        ] {
            assert_eq!(publication.kind(), kind);
            assert_eq!(serde_json::to_string(&publication).unwrap(), expected);
        }
    }
}
