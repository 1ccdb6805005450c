//! What compiler messages mean for a cell: which are the learner's, and which only say that a
//! variable can't be kept.

use std::collections::BTreeMap;

use akari_seam::path::{FAILED, INTERNALS};

use super::compile::{Diagnostic, Span};
use super::generate::{Origin, Source};
use super::parse::{Parsed, Piece};
use super::plan::Plan;
use super::state::{Gone, State};
use crate::engine::CellId;
use crate::engine::traceback::{Message, Place};

/// The verdict on a failed compilation.
#[derive(Debug)]
pub enum Verdict {
    /// Leave these out and compile again: all else is right.
    Unkept(BTreeMap<String, Gone>),
    /// The learner's errors, or ours.
    Errors(Vec<Message>),
}

/// A cell and the state that it meets.
#[derive(Debug, Clone, Copy)]
pub struct Meeting<'a> {
    pub state: &'a State,
    pub parsed: &'a Parsed,
    pub plan: &'a Plan,
    pub cell: CellId,
}

const BORROW_CODES: &[&str] = &[
    "E0382", "E0505", "E0597", "E0716", "E0373", "E0521", "E0310", "E0311", "E0503", "E0506",
    "E0502", "E0499",
];

/// Reads the messages of a failed compilation.
pub fn diagnose(diagnostics: &[Diagnostic], source: &Source, meeting: &Meeting<'_>) -> Verdict {
    let mut unkept = BTreeMap::new();
    let mut errors = Vec::new();
    for diagnostic in diagnostics {
        let found = kept_variable(diagnostic, source)
            .or_else(|| variable_for_ever(diagnostic, source, meeting));
        match found {
            Some((name, place)) => {
                let gone = reason(diagnostic, place, &name, meeting);
                unkept.insert(name, gone);
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
    Verdict::Errors(shown.into_iter().map(|it| message(it, source, meeting)).collect())
}

/// Which of the generated lines a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Keep,
    PutBack,
}

fn is_about_borrows(diagnostic: &Diagnostic) -> bool {
    let code = diagnostic.code.as_ref().map_or("", |it| it.code.as_str());
    let is_lifetime =
        code.is_empty() && diagnostic.message.contains("lifetime may not live long enough");
    BORROW_CODES.contains(&code) || is_lifetime
}

/// The variable whose keeping the message is about: borrow errors point at both ends.
fn kept_variable(diagnostic: &Diagnostic, source: &Source) -> Option<(String, Line)> {
    if !is_about_borrows(diagnostic) {
        return None;
    }
    let spans = diagnostic.spans.iter().chain(diagnostic.children.iter().flat_map(|it| &it.spans));
    let mut kept = spans.filter_map(|span| {
        let label = span.label.as_deref().unwrap_or_default();
        match origin(span, source) {
            Some(Origin::Keep(name)) => Some(((name, Line::Keep), label)),
            Some(Origin::PutBack(name)) => Some(((name, Line::PutBack), label)),
            _ => None,
        }
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

/// The variable whose type, as in `Box<dyn Fn()>`, lives for ever only because it is to be kept:
/// the compiler then speaks of the line that defines it.
fn variable_for_ever(
    diagnostic: &Diagnostic,
    source: &Source,
    meeting: &Meeting<'_>,
) -> Option<(String, Line)> {
    let is_for_ever = |span: &Span| span.label.as_deref().is_some_and(|it| it.contains("'static"));
    if !is_about_borrows(diagnostic) {
        return None;
    }
    let span = diagnostic.spans.iter().find(|it| is_for_ever(it))?;
    let place = place(span, source).filter(|it| it.cell == meeting.cell)?;
    let statement = meeting.parsed.statements.iter().find(|it| holds(&it.piece, place.start.0))?;
    // A type that says `'static` itself means it.
    if statement.piece.text.contains("'static") {
        return None;
    }
    Some((statement.variables.first()?.name.clone(), Line::Keep))
}

fn holds(piece: &Piece, line: u32) -> bool {
    let lines = u32::try_from(piece.text.matches('\n').count()).unwrap_or(u32::MAX);
    (piece.line..=piece.line.saturating_add(lines)).contains(&line)
}

fn reason(diagnostic: &Diagnostic, line: Line, name: &str, meeting: &Meeting<'_>) -> Gone {
    let Meeting { parsed, plan, cell, .. } = *meeting;
    let is_move = diagnostic.code.as_ref().is_some_and(|it| it.code == "E0382");
    let has_new_value = plan.new.contains_key(name) || parsed.assigned.contains(name);
    match (is_move, line) {
        (_, Line::PutBack) if has_new_value => Gone::Replaced { cell },
        (true, _) => Gone::Moved { cell },
        (false, _) => Gone::Borrows { cell },
    }
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
    let (cell, line) = match source.origin(span.line_start) {
        Origin::Cell { cell, line } => (cell, line),
        // It ends behind the last line, in the closing parenthesis.
        Origin::Tail { cell, line, column } => {
            let lines = span.line_end.saturating_sub(span.line_start + 2);
            return Some(Place { cell, start: (line, column), end: (line + lines, u32::MAX) });
        }
        Origin::Generated | Origin::Keep(_) | Origin::PutBack(_) | Origin::Read(_) => return None,
    };
    let lines = span.line_end.saturating_sub(span.line_start);
    Some(Place {
        cell,
        start: (line, span.column_start.saturating_sub(1)),
        end: (line + lines, span.column_end.saturating_sub(1)),
    })
}

fn message(diagnostic: &Diagnostic, source: &Source, meeting: &Meeting<'_>) -> Message {
    let code = diagnostic.code.as_ref().map(|it| it.code.clone()).filter(|it| it.starts_with('E'));
    let is_path = code.as_ref().is_some_and(|it| matches!(it.as_str(), "E0432" | "E0433"));
    let words = |text: &str| match is_path {
        true => in_cell_words(text),
        false => short_paths(&in_cell_words(text)),
    };
    let mut labels: Vec<(bool, Place, String)> = diagnostic
        .spans
        .iter()
        .filter_map(|span| {
            let label = words(span.label.as_deref().unwrap_or_default());
            Some((span.is_primary, place(span, source)?, label))
        })
        .collect();
    labels.sort_by_key(|(is_primary, ..)| !is_primary);
    let mut message = Message {
        code,
        text: words(&diagnostic.message),
        labels: labels.into_iter().map(|(_, place, text)| (place, text)).collect(),
        ..Message::default()
    };
    for child in &diagnostic.children {
        let text = with_suggestion(child);
        if mentions_internals(&text) || text.ends_with("mutable: `mut`") {
            continue;
        }
        if child.level == "help" { &mut message.helps } else { &mut message.notes }.push(text);
    }
    if let Some(text) = unset_variable(diagnostic, source) {
        message.text = text;
        message.helps.clear();
    }
    if is_loop_missing(diagnostic, source) {
        message.text = message.text.replace("inside of a closure", "outside of a loop");
        message.labels.truncate(1);
        for (_, label) in &mut message.labels {
            *label = label.replace("inside of a closure", "outside of a loop");
        }
    }
    message.helps.splice(0..0, way_out(diagnostic, &message, meeting));
    if message.labels.is_empty() {
        message.notes.extend(diagnostic.rendered.clone());
    }
    message
}

/// What the compiler can't know: what the name means in this session.
fn way_out(diagnostic: &Diagnostic, message: &Message, meeting: &Meeting<'_>) -> Option<String> {
    let Meeting { state, parsed, plan, cell } = *meeting;
    let text = &diagnostic.message;
    if let Some(name) = missing_name(text) {
        if let Some(gone) = state.gone.get(name) {
            return Some(gone.explain(name));
        }
        let is_variable = state.variables.contains_key(name) || plan.new.contains_key(name);
        let (place, _) = message.labels.first()?;
        let is_in_item =
            place.cell != cell || parsed.items.iter().any(|it| holds(&it.piece, place.start.0));
        return (is_variable && is_in_item).then(|| {
            format!("a `fn` can't see the variables of cells; pass `{name}` as a parameter")
        });
    }
    let name = ["cannot assign to `", "cannot borrow `"]
        .iter()
        .find_map(|it| text.strip_prefix(it)?.split('`').next())?;
    let is_fixed = text.ends_with("as it is not declared as mutable")
        && state.variables.get(name).is_some_and(|it| !it.is_mut)
        && !plan.new.contains_key(name);
    is_fixed.then(|| {
        format!("`{name}` was defined without `mut`; write `let mut {name} = {name};` first")
    })
}

/// The text for a variable that got no value, where only keeping it reads it.
fn unset_variable(diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    let code = diagnostic.code.as_ref()?.code.as_str();
    let primary = diagnostic.spans.iter().find(|it| it.is_primary)?;
    match origin(primary, source) {
        Some(Origin::Keep(name)) if code == "E0381" => Some(format!(
            "`{name}` has no value yet; a cell must give its variables one, as in `let {name} = ..;`"
        )),
        _ => None,
    }
}

/// Whether the closure around a `break` is ours, of which the learner knows nothing.
fn is_loop_missing(diagnostic: &Diagnostic, source: &Source) -> bool {
    let mut around = diagnostic.spans.iter().filter(|it| !it.is_primary);
    diagnostic.code.as_ref().is_some_and(|it| it.code == "E0267")
        && around.all(|it| place(it, source).is_none())
}

/// Types that nobody writes with their paths; the compiler is asked for full ones.
fn short_paths(text: &str) -> String {
    const PATHS: &[&str] = &[
        "std::vec::Vec",
        "std::string::String",
        "std::option::Option",
        "std::result::Result",
        "std::boxed::Box",
        "std::ops::Fn",
        "std::marker::Copy",
        "std::clone::Clone",
        "std::fmt::Display",
        "std::fmt::Debug",
        "std::iter::Iterator",
        "std::iter::IntoIterator",
        "std::string::ToString",
    ];
    let mut text = text.to_owned();
    for path in PATHS {
        let name = path.rsplit("::").next().unwrap_or(path);
        text = text.replace(path, name);
    }
    text
}

/// The compiler speaks of the closure that a cell becomes; the learner knows only the cell.
fn in_cell_words(text: &str) -> String {
    text.replace(" in a closure that returns `Result`", " at the top level of a cell")
        .replace(&format!(" compatible with `std::result::Result<(), {FAILED}>`"), "")
        .replace(&format!("`{FAILED}`"), "the cell's error")
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
        || text.contains("__akari_done")
        || text.contains("__akari_there")
        || text.contains(INTERNALS)
}

/// The name in ``cannot find value `x` in this scope``; a closure is missed as a function.
fn missing_name(text: &str) -> Option<&str> {
    let rest = text
        .strip_prefix("cannot find value `")
        .or_else(|| text.strip_prefix("cannot find function `"))?;
    rest.split('`').next()
}
