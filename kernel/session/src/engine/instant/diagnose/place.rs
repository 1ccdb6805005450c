//! Where compiler messages stand: spans of generated source, as places in cells.
//!
//! Pure. The module above and its other parts ask.

use crate::engine::CellId;
use crate::engine::instant::compile::{Diagnostic, Span};
use crate::engine::instant::generate::{Origin, Source};
use crate::engine::instant::parse::{Parsed, Piece};
use crate::engine::instant::places;
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
    let Place { cell, start, end } = places::place(source, span.line_start, span.column_start)?;
    let last = |line| places::place(source, line, 1).map(|it| it.start.0);
    // The calls before a `?` of a function stand on lines of their own.
    let lines = match (source.is_traced, last(span.line_end)) {
        (true, Some(last)) => last.saturating_sub(start.0),
        _ => span.line_end.saturating_sub(span.line_start),
    };
    let end = match source.origin(span.line_start) {
        Origin::Cell { .. } => (start.0 + lines, span.column_end.saturating_sub(1)),
        // A tail's span ends one line further down, at the closing parenthesis.
        Origin::Tail { .. } => (start.0 + lines.saturating_sub(2), u32::MAX),
        _ => end,
    };
    Some(Place { cell, start, end })
}

/// The origins of the lines that an error is chiefly about.
pub fn origins<'a>(
    diagnostic: &'a Diagnostic,
    source: &'a Source,
) -> impl Iterator<Item = Origin> + 'a {
    let primary = diagnostic.spans.iter().filter(|span| span.is_primary);
    primary.filter_map(|span| origin(span, source))
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
