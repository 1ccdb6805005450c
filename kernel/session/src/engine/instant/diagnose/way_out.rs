//! Ways out of an error that depend on the session, which the compiler does not know.
//!
//! Pure.

use super::constant;
use super::place::CellContext;
use crate::engine::instant::compile::Diagnostic;
use crate::engine::instant::generate::Source;
use crate::engine::instant::words::words;

/// A way out that the compiler can't know: it depends on what the name means in this session.
pub fn way_out(
    diagnostic: &Diagnostic,
    source: &Source,
    context: &CellContext<'_>,
) -> Option<String> {
    let CellContext { state, plan, .. } = *context;
    let text = &diagnostic.message;
    if let Some(name) = missing_name(text) {
        if let Some(explanation) = state.missed(diagnostic) {
            return Some(explanation);
        }
        let variable = state.variables.get(name);
        let is_variable = variable.is_some() || plan.new.contains_key(name);
        let type_text = variable.map(|it| it.type_text.as_str());
        let help = is_variable.then(|| constant::in_item(diagnostic, source, name, type_text));
        return help.flatten().or_else(|| {
            let cell = state.failed.get(name).filter(|_| !is_variable)?;
            Some(format!(
                "{cell} failed before it came to its end, so `{name}` is not there; mend that cell and run it again"
            ))
        });
    }
    let here = constant::in_statement(diagnostic, source);
    if let Some(help) = here.or_else(|| unnamed_field(diagnostic, source)) {
        return Some(help);
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

/// Why a variable that the error misses is no longer there. Its name may be that of
/// something else too, which the compiler finds in its place: a macro, a module, a function.
pub fn gone(diagnostic: &Diagnostic, context: &CellContext<'_>) -> Option<String> {
    let CellContext { state, parsed, .. } = *context;
    let code = diagnostic.code.as_ref().map_or("", |code| code.code.as_str());
    let is_of_functions =
        |text: &str| text.contains("fn item") || text.contains("fn(") && text.contains('{');
    let labels = diagnostic.spans.iter().filter_map(|span| span.label.as_deref());
    let texts: Vec<&str> = [diagnostic.message.as_str()].into_iter().chain(labels).collect();
    let is_meant = match code {
        "E0423" | "E0425" | "E0532" | "E0574" | "E0618" => true,
        _ => texts.iter().any(|text| is_of_functions(text)),
    };
    let quoted = texts.iter().flat_map(|text| text.split('`').skip(1).step_by(2));
    let mut names = quoted.filter(|_| is_meant).flat_map(words);
    let name = names.find(|name| {
        let is_mentioned = parsed.mentions.contains(name)
            || parsed.items.iter().any(|item| item.mentions.contains(name));
        is_mentioned && state.absent.contains_key(name)
    })?;
    state.absent.get(&name).map(|absence| absence.explain(&name))
}

/// The way out where `nn::model!` leaves fields of a struct unnamed.
fn unnamed_field(diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    let is_literal = diagnostic.code.as_ref().is_some_and(|code| code.code == "E0063");
    let span = diagnostic.spans.iter().find(|span| span.is_primary)?.outermost();
    let is_model = is_literal
        && source.is_file(&span.file_name)
        && source.line(span.line_start)?.contains("model!");
    // missing fields `a` and `b` in initializer of `Net`
    let (fields, _) = diagnostic.message.split_once(" in initializer of ")?;
    let fields: Vec<&str> = fields.split('`').skip(1).step_by(2).collect();
    let (fields, first) = (fields.join("`, `"), *fields.first()?);
    is_model.then(|| {
        format!(
            "a model names all of its fields, so that none is forgotten: add `{fields}` to `nn::model!`; `{first}: _` leaves out what is no part of the model"
        )
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

/// The name in ``cannot find value `x` in this scope``. Of a call the compiler says `function`.
fn missing_name(text: &str) -> Option<&str> {
    let rest = text
        .strip_prefix("cannot find value `")
        .or_else(|| text.strip_prefix("cannot find function `"))?;
    rest.split('`').next()
}
