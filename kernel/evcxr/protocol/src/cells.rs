//! The words of the role that runs cells.

use serde::{Deserialize, Serialize};

/// The kernel's messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Runs a cell. The kernel asks for the next one only after [`Event::Ended`].
    Run { code: String },
    /// The learner's answer to an [`Event::Question`].
    Answer(String),
    /// Ends the process that runs cells, and with it the cell and all variables.
    Kill,
}

/// The program's messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Cells can be run.
    Ready,
    /// No cell can ever be run; the text says why.
    NotStarted(String),
    /// Something that a cell has printed.
    Printed { stream: Stream, text: String },
    /// A cell wants a line from the learner, and waits for [`Request::Answer`].
    Question { prompt: String, is_password: bool },
    /// A cell has ended.
    Ended(Ended),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// The end of a cell, and the session after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Representations of the last value by MIME type, if there is one.
    pub result: Result<Vec<(String, String)>, Failure>,
    /// Variables with their types, and items with an empty text.
    pub names: Vec<(String, String)>,
}

/// Why a cell did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The cell panicked with this text.
    Panicked(String),
    /// A `?` of the cell failed with this text.
    Failed(String),
    /// The cell does not compile.
    NotCompiled(Vec<Message>),
    /// The process that runs cells has ended; the text says how.
    ProcessEnded(String),
    /// evcxr gave up for another reason.
    Other(String),
}

/// An error that the compiler found in the cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub code: Option<String>,
    pub text: String,
    /// Places in the cell; the first is the main one.
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    pub helps: Vec<String>,
}

/// A stretch of the cell: lines and columns from 0, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub start: (u32, u32),
    pub end: (u32, u32),
    pub text: String,
}
