//! A notebook on its way into a program: what `akari export` hands to an engine, and what comes back. Plain data.

use toml::Table;

use super::outcome::CellError;

/// A part of a notebook, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Markdown.
    Text(String),
    Code {
        /// The place among the code cells, from 1.
        number: u32,
        source: String,
        /// Whether the author expects a failure here.
        may_fail: bool,
        /// Whether the notebook holds an error as the cell's output.
        has_failed: bool,
    },
}

/// The notebook as a program.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// The text behind the head of `main.rs`.
    pub code: String,
    pub edition: String,
    /// The crates of `:dep` lines, as a manifest has them.
    pub dependencies: Table,
    /// The versions of all crates, as a `Cargo.lock` has them; none without `:dep`.
    pub lock: Option<String>,
    /// The numbers of cells that are left out.
    pub left_out: Vec<u32>,
    /// Whether an exercise of the notebook is among its cells, which looks for its key.
    pub has_exercises: bool,
}

/// Why a notebook can't become a program.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    #[error("code cell {number} does not compile")]
    Cell { number: u32, error: CellError },
    #[error(
        "code cell {number} returns from the cell, which in a program would end it all; write it without `return`"
    )]
    Returns { number: u32 },
    #[error(
        "code cell {number} uses `{variable}`, which was made with an older `{item}`, and a program can't hold both; make `{variable}` again after the change"
    )]
    Older { number: u32, variable: String, item: String },
    #[error("the cells don't fit into one program")]
    Whole { error: CellError },
}
