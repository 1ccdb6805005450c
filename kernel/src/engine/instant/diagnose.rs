//! What compiler messages mean for a cell: some are the learner's errors, others only say that a
//! variable can't be kept.
//!
//! Pure. `build` asks, and compiles again without the variables that can't be kept. What of rustc's
//! texts is relied on here is tried in `contract`.

use std::collections::BTreeMap;

use akari_seam::path::{FAILED, INTERNALS};

use super::aside::{Unfit, unfit};
use super::compile::{Diagnostic, Span};
use super::generate::{Origin, Source};
use super::parse::{Parsed, Piece};
use super::plan::Plan;
use super::state::{Absence, State};
use crate::engine::CellId;
use crate::engine::traceback::{Message, Place};

/// The verdict on a failed compilation.
#[derive(Debug)]
pub enum Verdict {
    /// The code is right, but these variables can't be kept: compile again without them.
    Unkept(BTreeMap<String, Absence>),
    /// These items of earlier cells do not fit: compile again without them.
    Unfit(Vec<Unfit>),
    /// Errors of the learner's code, or of generated lines.
    Errors(Vec<Message>),
}

/// A cell, and the state that it runs on.
#[derive(Debug, Clone, Copy)]
pub struct CellContext<'a> {
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
pub fn diagnose(diagnostics: &[Diagnostic], source: &Source, context: &CellContext<'_>) -> Verdict {
    let mut unkept = BTreeMap::new();
    let mut errors = Vec::new();
    for diagnostic in diagnostics {
        let found = kept_variable(diagnostic, source)
            .or_else(|| variable_for_ever(diagnostic, source, context));
        match found {
            Some((name, place)) => {
                let absence = reason(diagnostic, place, &name, context);
                unkept.insert(name, absence);
            }
            None => errors.push(diagnostic),
        }
    }
    if errors.is_empty() {
        return Verdict::Unkept(unkept);
    }
    let unfit = unfit(&errors, source, context.state, context.cell);
    if !unfit.is_empty() {
        return Verdict::Unfit(unfit);
    }
    // Beside errors in the cell, errors in generated lines are only consequences.
    let own: Vec<&Diagnostic> =
        errors.iter().copied().filter(|error| is_in_cell(error, source)).collect();
    let shown = if own.is_empty() { errors } else { own };
    Verdict::Errors(
        shown.into_iter().map(|diagnostic| message(diagnostic, source, context)).collect(),
    )
}

/// The kind of generated line that a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Keep,
    PutBack,
}

fn is_about_borrows(diagnostic: &Diagnostic) -> bool {
    let code = diagnostic.code.as_ref().map_or("", |code| code.code.as_str());
    let is_lifetime =
        code.is_empty() && diagnostic.message.contains("lifetime may not live long enough");
    BORROW_CODES.contains(&code) || is_lifetime
}

/// The variable that can't be kept according to the message. Messages about borrows point at both
/// ends: the reference and what it points to.
fn kept_variable(diagnostic: &Diagnostic, source: &Source) -> Option<(String, Line)> {
    if !is_about_borrows(diagnostic) {
        return None;
    }
    let spans =
        diagnostic.spans.iter().chain(diagnostic.children.iter().flat_map(|child| &child.spans));
    let mut kept = spans.filter_map(|span| {
        let label = span.label.as_deref().unwrap_or_default();
        match origin(span, source) {
            Some(Origin::Keep(name)) => Some(((name, Line::Keep), label)),
            Some(Origin::PutBack(name)) => Some(((name, Line::PutBack), label)),
            _ => None,
        }
    });
    let first = kept.next()?;
    // Of a reference and what it points to, the reference can't be kept; its label says `'static`.
    if first.1.contains("'static") {
        Some(first)
    } else {
        kept.find(|(_, label)| label.contains("'static")).or(Some(first))
    }
    .map(|it| it.0)
}

/// The variable whose type must be `'static` only because the variable is kept, as in
/// `Box<dyn Fn()>`. The compiler then complains about the line that defines the variable.
fn variable_for_ever(
    diagnostic: &Diagnostic,
    source: &Source,
    context: &CellContext<'_>,
) -> Option<(String, Line)> {
    let is_for_ever =
        |span: &Span| span.label.as_deref().is_some_and(|label| label.contains("'static"));
    if !is_about_borrows(diagnostic) {
        return None;
    }
    let span = diagnostic.spans.iter().find(|span| is_for_ever(span))?;
    let place = place(span, source).filter(|place| place.cell == context.cell)?;
    let statement = context
        .parsed
        .statements
        .iter()
        .find(|statement| holds(&statement.piece, place.start.0))?;
    // The learner has written `'static`, so keeping the variable is not the reason.
    if statement.piece.text.contains("'static") {
        return None;
    }
    Some((statement.variables.first()?.name.clone(), Line::Keep))
}

fn holds(piece: &Piece, line: u32) -> bool {
    let lines = u32::try_from(piece.text.matches('\n').count()).unwrap_or(u32::MAX);
    (piece.line..=piece.line.saturating_add(lines)).contains(&line)
}

fn reason(diagnostic: &Diagnostic, line: Line, name: &str, context: &CellContext<'_>) -> Absence {
    let CellContext { parsed, plan, cell, .. } = *context;
    let is_move = diagnostic.code.as_ref().is_some_and(|code| code.code == "E0382");
    let has_new_value = plan.new.contains_key(name) || parsed.assigned.contains(name);
    match (is_move, line) {
        (_, Line::PutBack) if has_new_value => Absence::Replaced { cell },
        (true, _) => Absence::Moved { cell },
        (false, _) => Absence::Borrows { cell },
    }
}

fn is_in_cell(diagnostic: &Diagnostic, source: &Source) -> bool {
    diagnostic.spans.iter().any(|span| place(span, source).is_some())
}

fn origin(span: &Span, source: &Source) -> Option<Origin> {
    let span = span.outermost();
    source.is_file(&span.file_name).then(|| source.origin(span.line_start))
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
        Origin::Generated | Origin::Keep(_) | Origin::PutBack(_) | Origin::Read(_) => return None,
    };
    let lines = span.line_end.saturating_sub(span.line_start);
    Some(Place {
        cell,
        start: (line, span.column_start.saturating_sub(1)),
        end: (line + lines, span.column_end.saturating_sub(1)),
    })
}

fn message(diagnostic: &Diagnostic, source: &Source, context: &CellContext<'_>) -> Message {
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
    message.helps.splice(0..0, way_out(diagnostic, &message, context));
    if message.labels.is_empty() {
        message.notes.extend(diagnostic.rendered.clone());
    }
    message
}

/// A way out that the compiler can't know: it depends on what the name means in this session.
fn way_out(
    diagnostic: &Diagnostic,
    message: &Message,
    context: &CellContext<'_>,
) -> Option<String> {
    let CellContext { state, parsed, plan, cell } = *context;
    let text = &diagnostic.message;
    if let Some(name) = missing_name(text) {
        if let Some(absence) = state.absent.get(name) {
            return Some(absence.explain(name));
        }
        if let Some(explanation) = state.missed(diagnostic) {
            return Some(explanation);
        }
        let is_variable = state.variables.contains_key(name) || plan.new.contains_key(name);
        let (place, _) = message.labels.first()?;
        let is_in_item =
            place.cell != cell || parsed.items.iter().any(|item| holds(&item.piece, place.start.0));
        return (is_variable && is_in_item).then(|| {
            format!("a `fn` can't see the variables of cells; pass `{name}` as a parameter")
        });
    }
    if let Some(explanation) = is_absence(diagnostic).then(|| state.missed(diagnostic)).flatten() {
        return Some(explanation);
    }
    let name = ["cannot assign to `", "cannot borrow `"]
        .iter()
        .find_map(|beginning| text.strip_prefix(beginning)?.split('`').next())?;
    let is_fixed = text.ends_with("as it is not declared as mutable")
        && state.variables.get(name).is_some_and(|variable| !variable.is_mut)
        && !plan.new.contains_key(name);
    is_fixed.then(|| {
        format!("`{name}` was defined without `mut`; write `let mut {name} = {name};` first")
    })
}

/// Whether an error says that something is not there.
fn is_absence(diagnostic: &Diagnostic) -> bool {
    const CODES: &[&str] = &[
        "E0277", "E0369", "E0405", "E0412", "E0422", "E0423", "E0425", "E0432", "E0433", "E0531",
        "E0532", "E0574", "E0576", "E0599", "E0600", "E0614",
    ];
    let is_macro = diagnostic.message.starts_with("cannot find macro ");
    is_macro || diagnostic.code.as_ref().is_some_and(|code| CODES.contains(&code.code.as_str()))
}

/// The text for a variable without a value that no line reads but the one that keeps it.
fn unset_variable(diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    let code = diagnostic.code.as_ref()?.code.as_str();
    let primary = diagnostic.spans.iter().find(|span| span.is_primary)?;
    match origin(primary, source) {
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

/// Shortens the paths of common types: the compiler is asked for full paths, which nobody writes.
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

/// Replaces words about the closure that a cell becomes: the learner knows only the cell.
fn in_cell_words(text: &str) -> String {
    text.replace(" in a closure that returns `Result`", " at the top level of a cell")
        .replace(&format!(" compatible with `std::result::Result<(), {FAILED}>`"), "")
        .replace(&format!("`{FAILED}`"), "the cell's error")
}

fn with_suggestion(child: &Diagnostic) -> String {
    let replacement = child.spans.iter().find_map(|span| span.suggested_replacement.as_deref());
    match replacement.map(str::trim) {
        Some(code) if !code.is_empty() && !code.contains('\n') => {
            format!("{}: `{code}`", child.message)
        }
        _ => child.message.clone(),
    }
}

/// Whether a note is about generated code, or is the heading of a list that is drawn elsewhere.
/// Neither helps a learner.
fn mentions_internals(text: &str) -> bool {
    text.starts_with("the following other types implement trait")
        || text.contains("__akari_done")
        || text.contains("__akari_there")
        || text.contains(INTERNALS)
}

/// The name in ``cannot find value `x` in this scope``. Of a call the compiler says `function`.
fn missing_name(text: &str) -> Option<&str> {
    let rest = text
        .strip_prefix("cannot find value `")
        .or_else(|| text.strip_prefix("cannot find function `"))?;
    rest.split('`').next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::instant::generate::{generate, needed};
    use crate::engine::instant::parse::parse;
    use crate::engine::instant::state::KeptVariable;

    const ID: CellId = CellId::Counted(2);

    /// The verdict on one message about a cell in a session with a vector `v` and without `w`,
    /// which was moved. Each span is the first line of that origin, with a label.
    fn verdict(code: &str, (error, text): (&str, &str), spans: &[(Origin, &str)]) -> String {
        let Ok(parsed) = parse(code) else { panic!("{code} is broken") };
        let mut state = State::default().with_items(&parsed, ID);
        let moved = Absence::Moved { cell: CellId::Counted(1) };
        state.absent.insert("w".to_owned(), moved);
        state.variables.insert("v".to_owned(), KeptVariable::of_test("std::vec::Vec<i32>", 1));
        let plan = Plan::new(&state, &parsed, BTreeMap::new());
        let items = needed(&state, &parsed, &plan);
        let source = generate(&state, &items, &parsed, &plan, ID, false);
        let span = |(origin, label): &(Origin, &str)| {
            let line = (1..200).find(|line| source.origin(*line) == *origin);
            json!({
                "file_name": source.file, "line_start": line, "line_end": line, "column_start": 1,
                "column_end": 2, "is_primary": true, "label": label,
            })
        };
        let spans: Vec<_> = spans.iter().map(span).collect();
        let message = json!({
            "message": text, "level": "error", "code": { "code": error }, "spans": spans,
        });
        let diagnostic: Diagnostic = serde_json::from_value(message).expect("it has all fields");
        let context = CellContext { state: &state, parsed: &parsed, plan: &plan, cell: ID };
        match diagnose(&[diagnostic], &source, &context) {
            Verdict::Unkept(unkept) => {
                unkept.iter().map(|(name, absence)| format!("{name} {absence:?}")).collect()
            }
            Verdict::Unfit(unfit) => format!("{unfit:?}"),
            Verdict::Errors(messages) => messages.iter().map(shown).collect(),
        }
    }

    fn shown(message: &Message) -> String {
        let lines = message.labels.iter().map(|(place, _)| format!(" line {}", place.start.0 + 1));
        format!("{}{} {}", message.text, lines.collect::<String>(), message.helps.join(" "))
    }

    fn check(code: &str, message: (&str, &str), spans: &[(Origin, &str)], expected: &str) {
        assert_eq!(verdict(code, message, spans).trim_end(), expected, "{code}");
    }

    fn line(line: u32) -> Origin {
        Origin::Cell { cell: ID, line }
    }

    #[test]
    fn messages_about_keeping_a_variable_are_no_errors() {
        let (keep, back) =
            (|name: &str| Origin::Keep(name.into()), |name: &str| Origin::PutBack(name.into()));
        check(
            "let a = [1]; let r = &a;",
            ("E0597", "`a` does not live long enough"),
            &[(line(0), "borrowed value"), (keep("r"), "requires that it lives for `'static`")],
            "r Borrows { cell: Counted(2) }",
        );
        check(
            "let a = vec![1]; drop(a);",
            ("E0382", "use of moved value: `a`"),
            &[(keep("a"), "value used here after move")],
            "a Moved { cell: Counted(2) }",
        );
        check(
            "drop(v);",
            ("E0382", "use of moved value: `v`"),
            &[(back("v"), "value used here after move")],
            "v Moved { cell: Counted(2) }",
        );
        check(
            "let v = f(v);",
            ("E0382", "use of moved value: `v`"),
            &[(back("v"), "value used here after move")],
            "v Replaced { cell: Counted(2) }",
        );
        check(
            "let f: Box<dyn Fn()> = make(&v);",
            ("E0521", "borrowed data escapes"),
            &[(line(0), "type annotation requires that `v` is borrowed for `'static`")],
            "f Borrows { cell: Counted(2) }",
        );
    }

    #[test]
    fn errors_have_the_learners_line_and_a_way_out() {
        check(
            "1;\n\nx",
            ("E0308", "mismatched types"),
            &[(line(2), "")],
            "mismatched types line 3",
        );
        check(
            "w",
            ("E0425", "cannot find value `w` in this scope"),
            &[(line(0), "not found in this scope")],
            "cannot find value `w` in this scope line 1 `w` was moved in cell [1] and can't be used \
             after that; pass `&w` or `w.clone()` there, and run the cell that defines it again",
        );
        check(
            "fn f() -> usize { v.len() }",
            ("E0425", "cannot find value `v` in this scope"),
            &[(line(0), "not found in this scope")],
            "cannot find value `v` in this scope line 1 a `fn` can't see the variables of cells; pass \
             `v` as a parameter",
        );
        check(
            "let x: i32;",
            ("E0381", "used binding `x` isn't initialized"),
            &[(Origin::Keep("x".into()), "")],
            "`x` has no value yet; a cell must give its variables one, as in `let x = ..;`",
        );
        check(
            "None?;",
            ("E0277", "can only be used in a closure that returns `Result`"),
            &[(line(0), "")],
            "can only be used at the top level of a cell line 1",
        );
    }
}
