//! What compiler messages mean for a cell: which are the learner's, and which only say that a
//! variable can't be kept.

use std::collections::BTreeMap;

use super::compile::{Diagnostic, Span};
use super::generate::{Origin, Source};
use super::state::{Gone, State};
use crate::engine::traceback::{Message, Place};

/// The verdict on a failed compilation.
#[derive(Debug)]
pub enum Verdict {
    /// Leave these out and compile again: all else is right.
    Unkept(BTreeMap<String, Gone>),
    /// The learner's errors, or ours.
    Errors(Vec<Message>),
}

/// Reads the messages of a failed compilation.
pub fn diagnose(diagnostics: &[Diagnostic], source: &Source, state: &State, cell: u32) -> Verdict {
    let mut unkept = BTreeMap::new();
    let mut errors = Vec::new();
    for diagnostic in diagnostics {
        match kept_variable(diagnostic, source) {
            Some(name) => {
                unkept.insert(name, reason(diagnostic, cell));
            }
            None => errors.push(diagnostic),
        }
    }
    if errors.is_empty() {
        return Verdict::Unkept(unkept);
    }
    // Errors in generated lines beside errors in the cell only follow from them.
    let own: Vec<&Diagnostic> =
        errors.iter().copied().filter(|it| is_in_cell(it, source)).collect();
    let shown = if own.is_empty() { errors } else { own };
    Verdict::Errors(shown.into_iter().map(|it| message(it, source, state)).collect())
}

/// The variable whose keeping the message is about: borrow errors point at both ends.
fn kept_variable(diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    const BORROW_CODES: &[&str] = &[
        "E0382", "E0505", "E0597", "E0716", "E0373", "E0521", "E0310", "E0311", "E0503", "E0506",
        "E0502", "E0499",
    ];
    let code = diagnostic.code.as_ref().map_or("", |it| it.code.as_str());
    let is_lifetime =
        code.is_empty() && diagnostic.message.contains("lifetime may not live long enough");
    if !BORROW_CODES.contains(&code) && !is_lifetime {
        return None;
    }
    let spans = diagnostic.spans.iter().chain(diagnostic.children.iter().flat_map(|it| &it.spans));
    let mut kept = spans.filter_map(|span| match origin(span, source) {
        Some(Origin::Keep(name)) => Some((name, span.label.as_deref().unwrap_or_default())),
        _ => None,
    });
    let first = kept.next()?;
    // Where a reference and what it points to meet, it is the reference that can't be kept.
    if first.1.contains("'static") {
        Some(first)
    } else {
        kept.find(|it| it.1.contains("'static")).or(Some(first))
    }
    .map(|it| it.0)
}

fn reason(diagnostic: &Diagnostic, cell: u32) -> Gone {
    let is_move = diagnostic.code.as_ref().is_some_and(|it| it.code == "E0382");
    if is_move { Gone::Moved { cell } } else { Gone::Borrows { cell } }
}

fn is_in_cell(diagnostic: &Diagnostic, source: &Source) -> bool {
    diagnostic.spans.iter().any(|span| place(span, source).is_some())
}

fn origin(span: &Span, source: &Source) -> Option<Origin> {
    let span = span.outermost();
    source.is_file(&span.file_name).then(|| source.origin(span.line_start))
}

/// Where in a cell a span is, if it is in one.
pub fn place(span: &Span, source: &Source) -> Option<Place> {
    let span = span.outermost();
    if !source.is_file(&span.file_name) {
        return None;
    }
    let Origin::Cell { cell, line } = source.origin(span.line_start) else { return None };
    let lines = span.line_end.saturating_sub(span.line_start);
    Some(Place {
        cell,
        start: (line, span.column_start.saturating_sub(1)),
        end: (line + lines, span.column_end.saturating_sub(1)),
    })
}

fn message(diagnostic: &Diagnostic, source: &Source, state: &State) -> Message {
    let mut labels: Vec<(bool, Place, String)> = diagnostic
        .spans
        .iter()
        .filter_map(|span| {
            Some((
                span.is_primary,
                place(span, source)?,
                in_cell_words(span.label.as_deref().unwrap_or_default()),
            ))
        })
        .collect();
    labels.sort_by_key(|(is_primary, ..)| !is_primary);
    let mut message = Message {
        code: diagnostic.code.as_ref().map(|it| it.code.clone()).filter(|it| it.starts_with('E')),
        text: in_cell_words(&diagnostic.message),
        labels: labels.into_iter().map(|(_, place, text)| (place, text)).collect(),
        ..Message::default()
    };
    for child in &diagnostic.children {
        let text = with_suggestion(child);
        if mentions_internals(&text) {
            continue;
        }
        if child.level == "help" { &mut message.helps } else { &mut message.notes }.push(text);
    }
    if let Some(gone) =
        missing_name(&diagnostic.message).and_then(|name| Some(state.gone.get(name)?.explain(name)))
    {
        message.helps.insert(0, gone);
    }
    if message.labels.is_empty() {
        message.notes.extend(diagnostic.rendered.clone());
    }
    message
}

/// The compiler speaks of the closure that a cell becomes; the learner knows only the cell.
fn in_cell_words(text: &str) -> String {
    text.replace(" in a closure that returns `Result`", " at the top level of a cell")
        .replace(" compatible with `std::result::Result<(), akari::rt::Failed>`", "")
        .replace("`akari::rt::Failed`", "the cell's error")
}

fn with_suggestion(child: &Diagnostic) -> String {
    let replacement = child.spans.iter().find_map(|it| it.suggested_replacement.as_deref());
    match replacement.map(str::trim) {
        Some(code) if !code.is_empty() && !code.contains('\n') => {
            format!("{}: `{code}`", child.message)
        }
        _ => child.message.clone(),
    }
}

/// Notes about code that the learner has not written help nobody, nor do headings of lists that
/// the compiler draws elsewhere.
fn mentions_internals(text: &str) -> bool {
    text.starts_with("the following other types implement trait")
        || text.contains("akari_done")
        || text.contains("akari_there")
        || text.contains("akari::rt::")
}

/// The name in ``cannot find value `x` in this scope``; a closure is missed as a function.
fn missing_name(text: &str) -> Option<&str> {
    let rest = text
        .strip_prefix("cannot find value `")
        .or_else(|| text.strip_prefix("cannot find function `"))?;
    rest.split('`').next()
}
