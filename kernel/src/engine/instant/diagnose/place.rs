//! Where compiler messages stand: spans of generated source, as places in cells.
//!
//! Pure. The module above and its other parts ask.

use crate::engine::CellId;
use crate::engine::instant::compile::Span;
use crate::engine::instant::generate::{Origin, Source};
use crate::engine::instant::parse::{Parsed, Piece};
use crate::engine::instant::plan::Plan;
use crate::engine::instant::state::State;
use crate::engine::traceback::Place;

/// A cell, and the state that it runs on.
#[derive(Debug, Clone, Copy)]
pub struct CellContext<'a> {
    pub state: &'a State,
    pub parsed: &'a Parsed,
    pub plan: &'a Plan,
    pub cell: CellId,
}

/// The place of a span in a cell; none if the span is in generated lines.
pub fn place(span: &Span, source: &Source) -> Option<Place> {
    let span = span.outermost();
    if !source.is_file(&span.file_name) {
        return None;
    }
    let (cell, line) = match source.origin(span.line_start) {
        Origin::Cell { cell, line } => (cell, line),
        // A tail's span ends one line further down, at the closing parenthesis.
        Origin::Tail { cell, line, column } => {
            let lines = span.line_end.saturating_sub(span.line_start + 2);
            return Some(Place { cell, start: (line, column), end: (line + lines, u32::MAX) });
        }
        Origin::End { cell, line, column } => {
            return Some(Place { cell, start: (line, column), end: (line, column + 1) });
        }
        Origin::Generated
        | Origin::Keep(_)
        | Origin::Drop(_)
        | Origin::PutBack(_)
        | Origin::Read(_) => return None,
    };
    let lines = span.line_end.saturating_sub(span.line_start);
    Some(Place {
        cell,
        start: (line, span.column_start.saturating_sub(1)),
        end: (line + lines, span.column_end.saturating_sub(1)),
    })
}

/// The origin of the line that a span is in; none if the span is in another file.
pub fn origin(span: &Span, source: &Source) -> Option<Origin> {
    let span = span.outermost();
    source.is_file(&span.file_name).then(|| source.origin(span.line_start))
}

/// Whether the learner has written a line.
pub fn is_learners(origin: &Origin) -> bool {
    matches!(origin, Origin::Cell { .. })
}

/// Whether a line of the cell, from 0, is one of the piece's.
pub fn holds(piece: &Piece, line: u32) -> bool {
    let lines = u32::try_from(piece.text.matches('\n').count()).unwrap_or(u32::MAX);
    (piece.line..=piece.line.saturating_add(lines)).contains(&line)
}
