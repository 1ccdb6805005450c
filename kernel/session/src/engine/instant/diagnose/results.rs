//! Ways out for results and tensors: a `Result` where its value is meant, numbers that candle's operators
//! don't take, and errors that leave a cell. Pure.

use super::place::is_learners;
use akari_seam::path::FAILED;

use crate::engine::instant::compile::{Diagnostic, Span};
use crate::engine::instant::generate::Source;

/// The way out, if none of the compiler's helps is one already.
pub fn help(diagnostic: &Diagnostic, source: &Source, helps: &[String]) -> Option<String> {
    let code = diagnostic.code.as_ref().map_or("", |it| it.code.as_str());
    if code == "E0107" && primary_text(diagnostic, source).as_deref() == Some("Result") {
        return Some(
            "std's `Result` needs the type of the error too; with tensors it is candle's: write `candle_core::Result<..>`, or `Result<.., String>` for an error of your own".to_owned(),
        );
    }
    if let Some(help) = without_result(diagnostic) {
        return Some(help);
    }
    tensor(diagnostic).or_else(|| {
        (!helps.iter().any(|it| it.contains('?'))).then(|| unopened(code, diagnostic, source))?
    })
}

/// A `?` in a function that returns no result.
fn without_result(diagnostic: &Diagnostic) -> Option<String> {
    diagnostic.message.strip_prefix("the `?` operator can only be used in a function that")?;
    let beginning = "cannot use the `?` operator in a function that returns `";
    let mut labels = diagnostic.spans.iter().filter_map(|it| it.label.as_deref());
    let returned = labels.find_map(|it| it.strip_prefix(beginning)?.strip_suffix('`'))?;
    let name = match returned.contains('<') {
        true => returned,
        false => returned.rsplit("::").next().unwrap_or(returned),
    };
    Some(format!(
        "let the function return a result, as `Result<{name}>`, and its value in `Ok(..)`"
    ))
}

/// The learner's text at the main place of an error.
fn primary_text(diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    text_at(diagnostic.spans.iter().find(|span| span.is_primary)?, source)
}

fn text_at(span: &Span, source: &Source) -> Option<String> {
    let span = span.outermost();
    let is_one_line = span.line_start == span.line_end;
    if !is_one_line
        || !source.is_file(&span.file_name)
        || !is_learners(&source.origin(span.line_start))
    {
        return None;
    }
    let line = source.line(span.line_start)?;
    let (from, to) = (span.column_start.checked_sub(1)?, span.column_end.checked_sub(1)?);
    Some(line.chars().take(to as usize).skip(from as usize).collect())
}

/// An error that is to leave the cell by `return`. Of the type that it should have the learner knows
/// nothing.
pub fn leaving(diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    let is_failed = |text: &str| text.contains(FAILED) || text.contains("`Failed`");
    let labels = diagnostic.spans.iter().filter_map(|it| it.label.as_deref());
    let is_it = std::iter::once(diagnostic.message.as_str()).chain(labels).any(is_failed);
    let code = diagnostic.code.as_ref().map_or("", |it| it.code.as_str());
    if !is_it || code != "E0308" {
        return None;
    }
    let called = primary_text(diagnostic, source).unwrap_or_default();
    let name = called.split('!').next().unwrap_or_default().rsplit("::").next().unwrap_or_default();
    Some(match name {
        "bail" => "`bail!` returns from a function; at the top level of a cell write `Err(anyhow::anyhow!(..))?`".to_owned(),
        "ensure" => "`ensure!` returns from a function; at the top level of a cell write `if !(..) { Err(anyhow::anyhow!(..))? }`, or `assert!(..)`".to_owned(),
        _ => "an error leaves a cell by `?`: write `Err(..)?` in the place of `return Err(..)`".to_owned(),
    })
}

/// What candle's operators don't take.
fn tensor(diagnostic: &Diagnostic) -> Option<String> {
    const NUMBERS: &[&str] =
        &["f32", "{integer}", "i32", "i64", "u32", "u64", "u8", "usize", "isize", "i16", "u16"];
    let text = &diagnostic.message;
    let names: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    // An operator of candle's takes whatever borrows a tensor, or an `f64`.
    let borrowed = names.first().and_then(|it| it.split_once(": std::borrow::Borrow<"));
    if let Some((number, of)) = borrowed.filter(|(_, of)| of.contains("Tensor")) {
        return NUMBERS.contains(&number).then(|| numbers(number)).filter(|_| !of.is_empty());
    }
    let is_tensor = |name: &&str| name.trim_start_matches('&').ends_with("Tensor");
    if !names.iter().any(is_tensor) {
        return None;
    }
    let number = names.iter().find(|name| NUMBERS.contains(&name.trim_start_matches('&')));
    let code = diagnostic.code.as_ref().map_or("", |it| it.code.as_str());
    let help = match (code, number) {
        ("E0277" | "E0369", Some(number)) if text.starts_with("cannot ") => numbers(number),
        ("E0369", None) if text.contains("`==`") || text.contains("`!=`") => {
            "candle compares element by element: `a.eq(&b)?`".to_owned()
        }
        ("E0368", _) => "candle's tensors don't change in place: write `x = (&x + &y)?`".to_owned(),
        ("E0600", _) => "write `x.neg()?`".to_owned(),
        ("E0608", _) => {
            "candle indexes by a method: `x.i(0)?`, `x.i((0, 1))?`, `x.i(1..3)?`".to_owned()
        }
        _ => return None,
    };
    Some(help)
}

/// What to do with a number that is no `f64`.
fn numbers(type_text: &str) -> String {
    match type_text {
        "{integer}" => {
            "candle's operators take numbers of type `f64`: write `2.0` for `2`".to_owned()
        }
        other => format!(
            "candle's operators take numbers of type `f64`; convert the `{other}` with `as f64`"
        ),
    }
}

/// The name on one side of an operator, of whose sides the error tells the types.
fn operand(diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    let operator = diagnostic.spans.iter().find(|span| span.is_primary)?;
    if operator.expansion.is_some() || !source.is_file(&operator.file_name) {
        return None;
    }
    let line = source.line(operator.line_start)?;
    let first = diagnostic.message.split('`').nth(1)?;
    let is_first = first.contains("Result<");
    // «cannot multiply a by b», but «cannot add b to a» and «cannot subtract b from a».
    let is_turned =
        ["cannot add ", "cannot subtract "].iter().any(|it| diagnostic.message.starts_with(it));
    let is_name = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let (start, end) = (operator.column_start.checked_sub(1)?, operator.column_end.checked_sub(1)?);
    let name: String = if is_first == is_turned {
        let rest = line.chars().skip(end as usize).collect::<String>();
        rest.trim_start().trim_start_matches('&').chars().take_while(is_name).collect()
    } else {
        let before = line.chars().take(start as usize).collect::<String>();
        let name: String = before.trim_end().chars().rev().take_while(is_name).collect();
        name.chars().rev().collect()
    };
    Some(name).filter(|name| name.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// A `Result` where its value is meant.
fn unopened(code: &str, diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    const CODES: &[&str] =
        &["E0277", "E0308", "E0368", "E0369", "E0599", "E0600", "E0608", "E0609", "E0614"];
    if !CODES.contains(&code) {
        return None;
    }
    let is_result = |text: &str| {
        let text = text.trim_start_matches('`').trim_start_matches('&');
        text.starts_with("std::result::Result<") || text.starts_with("Result<")
    };
    let found = diagnostic.spans.iter().find(|span| {
        let label = span.label.as_deref().unwrap_or_default();
        is_result(label) || label.split("found ").nth(1).is_some_and(is_result)
    });
    let is_told = || {
        let mut names = diagnostic.message.split('`').skip(1).step_by(2);
        names.any(|name| is_result(name) && name.contains("Tensor"))
    };
    let expression = match found {
        Some(span) => text_at(span, source),
        None if is_told() => operand(diagnostic, source),
        None => return None,
    };
    let is_simple = |text: &&String| {
        text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '(' | ')' | '&'))
    };
    Some(match expression.as_ref().filter(|it| it.len() < 60 && !it.contains('\n')) {
        Some(text) if is_simple(&text) => {
            format!("`{text}` is a `Result`; write `{text}?` for the value in it")
        }
        Some(text) => format!("`{text}` is a `Result`; write `({text})?` for the value in it"),
        None => "one of them is a `Result`; a `?` behind it takes the value out, as in `(a + b)?`"
            .to_owned(),
    })
}
