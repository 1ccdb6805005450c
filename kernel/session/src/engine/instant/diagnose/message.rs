//! A compiler message in the words of a cell: its text, its labels, its notes and helps.
//!
//! Pure. `way_out` has the helps that the compiler can't know.

use akari_seam::path::{FAILED, INTERNALS};

use super::linking;
use super::place::{CellContext, origins, place};
use super::results;
use super::suggestion;
use super::way_out::{gone, way_out};
use crate::engine::instant::compile::Diagnostic;
use crate::engine::instant::generate::{Origin, Source};
use crate::engine::instant::places::of_source;
use crate::engine::instant::{crate_hints, older_code};
use crate::engine::traceback::{Message, Place};

/// What the learner reads of a message.
pub fn message(diagnostic: &Diagnostic, source: &Source, context: &CellContext<'_>) -> Message {
    if let Some(message) = linking::message(diagnostic) {
        return message;
    }
    let code =
        diagnostic.code.as_ref().map(|code| code.code.clone()).filter(|code| code.starts_with('E'));
    let is_path = code.as_ref().is_some_and(|code| matches!(code.as_str(), "E0432" | "E0433"));
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
        let has_code = child.spans.iter().any(|span| span.suggested_replacement.is_some());
        let words =
            |text: &str| if has_code { code_words(&in_cell_words(text)) } else { words(text) };
        let Some(text) = suggestion::text(child, source).map(|text| words(&text)) else { continue };
        let is_elsewhere = text.ends_with("defined here")
            && !child.spans.iter().any(|span| place(span, source).is_some());
        if is_elsewhere || mentions_internals(&text) {
            continue;
        }
        if child.level == "help" { &mut message.helps } else { &mut message.notes }.push(text);
    }
    if is_at_the_end(diagnostic, source) {
        message.text = message.text.replace("found `}`", "found the end of the cell");
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
    match gone(diagnostic, context) {
        // The compiler's ways out are those for another thing of the same name.
        Some(explanation) => message.helps = vec![explanation],
        None => {
            if let Some(help) = results::leaving(diagnostic, source) {
                message.helps = vec![help];
                for (_, label) in &mut message.labels {
                    *label = label.replace("expected `Failed`", "expected the cell's error");
                }
            } else {
                message.helps.splice(0..0, results::help(diagnostic, source, &message.helps));
            }
            message.helps.splice(0..0, way_out(diagnostic, source, context));
        }
    }
    let hint = older_code::hint(diagnostic).or_else(|| crate_hints::hint(diagnostic));
    message.helps.splice(0..0, hint);
    if message.labels.is_empty() {
        let rendered = diagnostic.rendered.as_deref().unwrap_or_default();
        message.notes.push(of_source(source, rendered));
    }
    message
}

/// Whether an error is about the brace behind a cell that can't be parsed.
fn is_at_the_end(diagnostic: &Diagnostic, source: &Source) -> bool {
    origins(diagnostic, source).any(|origin| matches!(origin, Origin::End { .. }))
}

/// The text for a variable without a value that no line reads but the one that keeps it.
fn unset_variable(diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    let code = diagnostic.code.as_ref()?.code.as_str();
    match origins(diagnostic, source).next() {
        Some(Origin::Keep(name)) if code == "E0381" => Some(format!(
            "`{name}` has no value yet; a cell must give its variables one, as in `let {name} = ..;`"
        )),
        _ => None,
    }
}

/// Whether the closure around a `break` is a generated one, of which the learner knows nothing.
fn is_loop_missing(diagnostic: &Diagnostic, source: &Source) -> bool {
    let mut around = diagnostic.spans.iter().filter(|span| !span.is_primary);
    diagnostic.code.as_ref().is_some_and(|code| code.code == "E0267")
        && around.all(|span| place(span, source).is_none())
}

/// Shortens paths to their last name: the compiler is asked for full ones, which nobody writes. What is suggested
/// for an import stays whole.
fn short_paths(text: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, behind) = rest.split_at(start);
        out.push_str(before);
        let end = behind.find(|c| !is_part(c)).unwrap_or(behind.len());
        let (path, after) = behind.split_at(end);
        let is_import = out.ends_with("use ");
        let name = path.trim_end_matches(':');
        let is_inner =
            ["std::", "core::", "alloc::", "akari::"].iter().any(|root| name.starts_with(root));
        match name.rsplit_once("::").filter(|_| is_inner && !is_import) {
            Some((_, last)) => {
                out.push_str(last);
                out.push_str(&path[name.len()..]);
            }
            None => out.push_str(path),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Code with the short names of what needs no import.
fn code_words(text: &str) -> String {
    const PATHS: &[&str] = &[
        "std::vec::Vec",
        "std::string::String",
        "std::option::Option",
        "std::result::Result",
        "std::boxed::Box",
        "akari::Tensor",
    ];
    PATHS.iter().fold(text.to_owned(), |text, path| {
        text.replace(path, path.rsplit("::").next().unwrap_or(path))
    })
}

/// Replaces words about the closure that a cell becomes: the learner knows only the cell.
fn in_cell_words(text: &str) -> String {
    text.replace(" in a closure that returns `Result`", " at the top level of a cell")
        .replace(&format!(" compatible with `std::result::Result<(), {FAILED}>`"), "")
        .replace(&format!("`{FAILED}`"), "the cell's error")
}

/// Whether a note is about generated code, or is the heading of a list that is drawn elsewhere.
/// Neither helps a learner.
fn mentions_internals(text: &str) -> bool {
    text.starts_with("the following other types implement trait")
        || text.starts_with("the following types implement trait")
        || text.contains("the full type name has been written to")
        || text.contains("the full name for the type has been written to")
        || text.starts_with("consider using `--verbose`")
        || text.contains("__akari")
        || text.contains(INTERNALS)
}
