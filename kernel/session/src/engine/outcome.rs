//! What comes out of a cell: outputs while it runs, and how it ended. Plain data.

use serde_json::{Map, Value};

/// Representations of one thing by MIME type: text for most, JSON values where the type is JSON.
pub type MimeBundle = Map<String, Value>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    /// What Jupyter calls the stream.
    pub fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// One output of a running cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    Stream {
        stream: Stream,
        text: String,
    },
    /// Rich output; with `update`, new content for an earlier display of the same id.
    Display {
        data: MimeBundle,
        metadata: MimeBundle,
        display_id: Option<String>,
        update: bool,
    },
    /// The value of the cell's last expression.
    Result {
        data: MimeBundle,
    },
    /// Clears the cell's outputs, at once or when the next one arrives.
    Clear {
        wait: bool,
    },
    /// A widget is made, which nobody sees yet.
    Widget(Widget),
    /// Widgets are shown, with text for where they can't be drawn.
    ShowWidgets {
        ids: Vec<String>,
        plain: String,
    },
    /// A place for outputs is made, which nobody sees yet.
    Area {
        id: String,
    },
    /// Outputs go into this place from now on; to where they always go if there is none.
    Capture {
        into: Option<String>,
    },
    /// A place is empty from its next output on.
    ClearArea {
        id: String,
    },
    /// All widgets that there are have ended, with the process that they belonged to.
    WidgetsEnded,
}

/// What a learner moves or presses in the notebook.
#[derive(Debug, Clone, PartialEq)]
pub struct Widget {
    pub id: String,
    pub label: String,
    /// Where a slider can be moved to; none of a button.
    pub scale: Option<Scale>,
    /// What is to be done when it was moved; also the id of the display that shows what comes of it.
    pub reaction: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub min: f64,
    pub max: f64,
    pub step: f64,
    pub value: f64,
    pub is_whole: bool,
}

impl Output {
    /// The output for where nothing can be moved: the text in the place of widgets.
    pub fn without_widgets(self) -> Option<Output> {
        match self {
            Output::ShowWidgets { plain, .. } => {
                Some(plain).filter(|it| !it.is_empty()).map(|it| Output::text(&it))
            }
            Output::Widget(_)
            | Output::WidgetsEnded
            | Output::Area { .. }
            | Output::Capture { .. }
            | Output::ClearArea { .. } => None,
            other => Some(other),
        }
    }

    /// A display of plain text.
    pub fn text(text: &str) -> Output {
        let metadata = MimeBundle::new();
        Output::Display { data: plain(text), metadata, display_id: None, update: false }
    }
}

/// Whether content of this MIME type is JSON, which the notebook format keeps as a value.
pub fn is_json(mime_type: &str) -> bool {
    mime_type == "application/json" || mime_type.ends_with("+json")
}

/// Content of a MIME type as a bundle has it: text that is no JSON stays text under any type.
pub fn content(mime_type: &str, text: String) -> Value {
    let parsed = is_json(mime_type).then(|| serde_json::from_str(&text).ok()).flatten();
    parsed.unwrap_or(Value::String(text))
}

/// The representations of a thing that is plain text.
pub fn plain(text: &str) -> MimeBundle {
    MimeBundle::from_iter([("text/plain".to_owned(), text.into())])
}

/// How a cell ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Done,
    Failed(CellError),
}

impl From<Result<(), CellError>> for Outcome {
    fn from(result: Result<(), CellError>) -> Self {
        result.map_or_else(Outcome::Failed, |()| Outcome::Done)
    }
}

/// An error as Jupyter shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellError {
    /// The kind: `CompileError`, `Panic`, `Error` (a failed `?`), `Interrupted`, `ProcessExit`, ..
    pub ename: String,
    /// The message, in one line or a few.
    pub evalue: String,
    /// Lines, with ANSI colours, that name the learner's own line.
    pub traceback: Vec<String>,
}

impl CellError {
    /// An error of the kernel and not of the learner's code, without colours.
    pub fn uncolored(ename: &str, evalue: &str) -> CellError {
        CellError {
            ename: ename.to_owned(),
            evalue: evalue.to_owned(),
            traceback: vec![format!("{ename}: {evalue}")],
        }
    }

    /// The error of a cell in which the engine panicked.
    pub fn own_fault() -> CellError {
        let text = "Akari itself failed in this cell; please report it with the cell's text";
        CellError::uncolored("InternalError", text)
    }
}

/// Whether a client should ask for another line before it sends the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    Complete,
    Incomplete { indent: String },
    Invalid,
}

/// Byte range of `code` to replace, and what may stand there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completions {
    pub start: usize,
    pub end: usize,
    pub items: Vec<Completion>,
    /// Why there may be more than these.
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    pub text: String,
    /// `function`, `module`, `keyword`, .. as JupyterLab draws them.
    pub kind: String,
    pub detail: Option<String>,
}

/// Documentation of a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    pub data: MimeBundle,
}
