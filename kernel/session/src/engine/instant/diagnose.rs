//! What compiler messages mean for a cell: some are the learner's errors, others only say that a
//! variable can't be kept.
//!
//! Pure. `build` asks, and compiles again without the variables that can't be kept. What of rustc's
//! texts is relied on here is tried in `contract`. How a message reads is in `message`, where it stands
//! in `place`.

mod constant;
mod linking;
mod message;
mod place;
mod results;
mod suggestion;
mod way_out;

use std::collections::{BTreeMap, BTreeSet};

use self::message::message;
pub use self::place::CellContext;
use self::place::{holds, origin, origins, place};
use super::aside::{Unfit, unfit};
use super::compile::{Diagnostic, Span};
use super::generate::{Origin, Source};
use super::state::Absence;
use crate::engine::traceback::Message;

/// The verdict on a failed compilation.
#[derive(Debug)]
pub enum Verdict {
    /// The code is right, but these variables can't be kept: compile again without them.
    Unkept(BTreeMap<String, Absence>),
    /// These items of earlier cells do not fit: compile again without them.
    Unfit(Vec<Unfit>),
    /// The types of these earlier variables can't be written: compile again without them.
    Unreadable(BTreeSet<String>),
    /// Errors of the learner's code, or of generated lines.
    Errors(Vec<Message>),
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
        if let Some(name) = uncast(diagnostic, source, context) {
            unkept.insert(name, Absence::Unnameable { cell: context.cell });
            continue;
        }
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
    let unreadable: BTreeSet<String> =
        errors.iter().filter_map(|error| unreadable(error, source)).collect();
    if !unreadable.is_empty() {
        return Verdict::Unreadable(unreadable);
    }
    // Beside errors in the cell, errors in generated lines are only consequences.
    let own: Vec<&Diagnostic> =
        errors.iter().copied().filter(|error| is_in_cell(error, source)).collect();
    let mut shown = if own.is_empty() { errors } else { own };
    if shown.iter().any(|error| is_of_syntax(error)) {
        // What the parser has left out is missed by all that comes behind it.
        shown.retain(|error| is_of_syntax(error));
    }
    Verdict::Errors(
        shown.into_iter().map(|diagnostic| message(diagnostic, source, context)).collect(),
    )
}

/// Whether the compiler's parser has written an error. None of those have a code.
fn is_of_syntax(error: &Diagnostic) -> bool {
    const BEGINNINGS: &[&str] = &["expected ", "unexpected ", "missing ", "invalid "];
    error.code.is_none() && BEGINNINGS.iter().any(|it| error.message.starts_with(it))
}

/// The kind of generated line that a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Keep,
    Drop,
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
            Some(Origin::Drop(name)) => Some(((name, Line::Drop), label)),
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

fn reason(diagnostic: &Diagnostic, line: Line, name: &str, context: &CellContext<'_>) -> Absence {
    let CellContext { parsed, plan, cell, .. } = *context;
    let is_move = diagnostic.code.as_ref().is_some_and(|code| code.code == "E0382");
    let has_new_value = plan.new.contains_key(name) || parsed.assigned.contains(name);
    match (is_move, line) {
        (_, Line::PutBack) if has_new_value => Absence::Replaced { cell },
        (true, _) => Absence::Moved { cell },
        (false, Line::Drop) => Absence::BorrowsToTheEnd { cell },
        (false, _) => Absence::Borrows { cell },
    }
}

/// The variable that holds a function to which there is no pointer of the type that its signature
/// tells: one that takes a reference of a certain lifetime only.
fn uncast(diagnostic: &Diagnostic, source: &Source, context: &CellContext<'_>) -> Option<String> {
    origins(diagnostic, source).find_map(|origin| match origin {
        Origin::Keep(name) if context.plan.casts.contains_key(&name) => Some(name),
        _ => None,
    })
}

/// The variable in whose reading an error is: its type can't be written here.
fn unreadable(diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    origins(diagnostic, source).find_map(|origin| match origin {
        Origin::Read(name) => Some(name),
        _ => None,
    })
}

fn is_in_cell(diagnostic: &Diagnostic, source: &Source) -> bool {
    diagnostic.spans.iter().any(|span| place(span, source).is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::CellId;
    use crate::engine::instant::generate::{generate, needed};
    use crate::engine::instant::parse::parse;
    use crate::engine::instant::plan::Plan;
    use crate::engine::instant::state::{KeptVariable, State};

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
            Verdict::Unreadable(names) => format!("unreadable {names:?}"),
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
