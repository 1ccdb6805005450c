//! The number of a cell, and the words for it in texts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names one cell of a session; no two cells have the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CellId {
    /// The number that the client shows beside the cell.
    Counted(u32),
    /// A cell that the client runs behind the learner's back.
    Uncounted(u32),
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CellId::Counted(number) => write!(f, "cell [{number}]"),
            CellId::Uncounted(number) => write!(f, "uncounted cell [{number}]"),
        }
    }
}
