//! The words of the role behind Tab, which answers questions about code.

use serde::{Deserialize, Serialize};

/// A question about code; the place is a byte offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    Complete { code: String, at: usize },
    Explain { code: String, at: usize },
}

/// A question with the number that its answer carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub number: u64,
    pub question: Question,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Where the completed text begins, and what may stand there: text and kind.
    Completions {
        start: usize,
        items: Vec<(String, String)>,
    },
    /// As text and as HTML.
    Explanation {
        text: String,
        html: String,
    },
    Nothing,
}

/// The program's messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// Questions can be answered from now on.
    Ready,
    Answered {
        number: u64,
        answer: Answer,
    },
}
