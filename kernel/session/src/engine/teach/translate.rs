//! A line of Python, or of what is between it and Rust, as Akari's line.
//!
//! Most spellings are rows of `rules/rewrites.toml`, applied until none fits. Calls, whose arguments are looked at
//! one by one, are in `calls`; powers, products and texts are here. What is right already stays as it is. Pure.

use std::ops::Range;

use super::calls::{applied, calls, methods};
use super::expression::{
    TypesOf, is_in_formula, is_tensor, operand_end, operand_start, region, split,
};
use super::pattern::{Captures, filled};
use super::rule::Book;
use super::tokens::{Kind, Tokens};

/// More replacements than this are made in no line.
const MOST: usize = 60;

/// A statement as one line.
pub fn line_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    lines.join(" ")
}

/// Akari's line for a statement.
pub fn translated(text: &str, types: &TypesOf, book: &Book) -> String {
    let whole = line_of(text);
    let (statement, end) = match whole.strip_suffix(';') {
        Some(statement) => (statement, ";"),
        None => (whole.as_str(), ""),
    };
    let mut line = with_texts(statement);
    for round in 0.. {
        if round == MOST {
            // Rows that undo each other have nothing to say.
            return whole;
        }
        let next = rewritten(&line, types, book)
            .or_else(|| formula(&line, types))
            .or_else(|| calls(&line, types, book))
            .or_else(|| methods(&line, types, book))
            .or_else(|| applied(&line, types));
        match next.filter(|it| *it != line) {
            Some(next) => line = next,
            None => break,
        }
    }
    format!("{}{end}", line.trim())
}

/// The line after the first row that fits.
fn rewritten(line: &str, types: &TypesOf, book: &Book) -> Option<String> {
    let tokens = Tokens::of(line);
    book.rewrites.iter().find_map(|row| {
        let all = 0..tokens.list.len();
        let (range, mut captures) =
            row.from.find(line, &tokens, all, &Captures::new(), &book.sets)?;
        is_allowed(&captures, types).then_some(())?;
        index(&mut captures);
        let (from, to) = (tokens.list[range.start].start, tokens.list[range.end - 1].end());
        let new = filled(&row.to, &captures);
        Some(format!("{}{new}{}", &line[..from], &line[to..]))
    })
}

/// Whether captures whose names tell a type have it: `tensor`, `known`, `fresh`.
fn is_allowed(captures: &Captures, types: &TypesOf) -> bool {
    let type_of =
        |name: &str| captures.get(name).map(|it| types.get(it.as_str()).map(String::as_str));
    let is_tensor = |it: Option<&str>| it.is_some_and(is_tensor);
    type_of("tensor").is_none_or(is_tensor)
        && type_of("number").is_none_or(|it| it.is_some_and(|it| !is_tensor(Some(it))))
        && captures.get("fresh").is_none_or(|name| {
            let value = captures.get("value").map_or("", String::as_str);
            let tokens = Tokens::of(value);
            !(types.contains_key(name) && tokens.list.iter().any(|it| it.is(name)))
        })
}

/// Adds `index`, which is the capture `i` as candle's `i` takes it.
pub fn index(captures: &mut Captures) {
    let Some(inner) = captures.get("i") else { return };
    let parts: Vec<String> = split(inner, ",").iter().map(|it| slice(it.trim())).collect();
    let text = match parts.as_slice() {
        [one] => one.clone(),
        parts => format!("({})", parts.join(", ")),
    };
    captures.insert("index".to_owned(), text);
}

/// `1:3`, `:` and `...` as ranges.
fn slice(text: &str) -> String {
    let ends = split(text, ":");
    match ends.as_slice() {
        [from, to] => format!("{}..{}", from.trim(), to.trim()),
        _ if text == "..." => "..".to_owned(),
        _ => text.to_owned(),
    }
}

/// `a ** b` and `a @ b`, which only `t!` has.
fn formula(line: &str, types: &TypesOf) -> Option<String> {
    let tokens = Tokens::of(line);
    let operator = tokens.list.iter().position(|it| it.is("**") || it.is("@") && it.start > 0)?;
    let is_power = tokens.is(operator, "**");
    let base = tokens.get(operator.checked_sub(1)?)?;
    let exponent = tokens.get(operator + 1)?;
    let range = region(&tokens, operator);
    let (from, to) = (tokens.list[range.start].start, tokens.list[range.end - 1].end());
    let start = operand_start(&tokens, operator);
    let (base_from, exponent_to) =
        (tokens.get(start)?.start, tokens.list[operand_end(&tokens, operator + 1)].end());
    let known = types.get(base.text).map(String::as_str);
    let is_number = base.kind == Kind::Number
        || known.is_some_and(|it| matches!(it, "f32" | "f64") || it.starts_with(['i', 'u']));
    if !is_power && (is_in_formula(&tokens, operator) || exponent.kind == Kind::Newline) {
        return None;
    }
    if is_power {
        let power = &line[exponent.start..exponent_to];
        let base_text = &line[base_from..tokens.list[operator - 1].end()];
        let is_whole = power.chars().all(|c| c.is_ascii_digit());
        let is_float = base.text.contains('.') || matches!(known, Some("f32" | "f64"));
        let new = match (is_number, is_float, is_whole) {
            (false, ..) => format!("{base_text}.pow({power})"),
            (true, true, true) => format!("{}.powi({power})", typed_number(base_text, "_f64")),
            (true, true, false) => format!("{}.powf({power})", typed_number(base_text, "_f64")),
            (true, false, _) => format!("{}.pow({power})", typed_number(base_text, "_i64")),
        };
        let changed = format!("{}{new}{}", &line[..base_from], &line[exponent_to..]);
        if is_number || is_in_formula(&tokens, operator) {
            return Some(changed);
        }
        let longer = to + changed.len() - line.len();
        return Some(format!(
            "{}t!({}){}",
            &changed[..from],
            &changed[from..longer],
            &changed[longer..]
        ));
    }
    Some(format!("{}t!({}){}", &line[..from], &line[from..to], &line[to..]))
}

fn typed_number(text: &str, suffix: &str) -> String {
    match text.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("{text}{suffix}"),
        false => text.to_owned(),
    }
}

/// The statement with the expression around a token inside of `t!( .. )`.
pub fn in_formula(
    code: &str,
    tokens: &Tokens<'_>,
    at: usize,
    statement: Range<usize>,
) -> Option<String> {
    let range = region(tokens, at);
    let (first, last) = (tokens.get(range.start)?, tokens.get(range.end.checked_sub(1)?)?);
    let (from, mut to) = (first.start.max(statement.start), last.end());
    let inner = without_borrows(&code[from..to]);
    let mut inner = inner.trim_end_matches('?').trim();
    let whole = Tokens::of(inner);
    if whole.is(0, "(") && whole.partner(0) == Some(whole.list.len() - 1) {
        inner = inner[1..inner.len() - 1].trim();
    }
    if code[to..].starts_with('?') {
        to += 1;
    }
    let tail = code.get(to..statement.end).unwrap_or_default();
    Some(line_of(&format!("{}t!({inner}){tail}", &code[statement.start..from])))
}

/// An expression without the `&` before its operands.
pub fn without_borrows(text: &str) -> String {
    let tokens = Tokens::of(text);
    let mut out = String::new();
    let mut done = 0;
    for (at, token) in tokens.list.iter().enumerate() {
        let is_unary = at.checked_sub(1).is_none_or(|it| {
            let before = &tokens.list[it];
            before.kind == Kind::Sign && !matches!(before.text, ")" | "]" | "?")
        });
        if token.is("&") && is_unary {
            out.push_str(&text[done..token.start]);
            done = token.end();
        }
    }
    out.push_str(&text[done..]);
    out
}

/// The line with Rust's quotes and comments.
fn with_texts(line: &str) -> String {
    let tokens = Tokens::of(line);
    let mut out = String::new();
    let mut done = 0;
    for (at, token) in tokens.list.iter().enumerate() {
        let new = match token.kind {
            Kind::Hash => format!("//{}", token.text.trim_start_matches('#')),
            Kind::Text if token.text.starts_with(['f', 'F']) && token.text.len() > 2 => {
                let in_macro = at >= 2
                    && tokens.is(at - 1, "(")
                    && (tokens.is(at - 2, "!") || tokens.is(at - 2, "print"));
                let is_alone = tokens.is(at + 1, ")");
                let (text, arguments) = formatted(&token.text[1..]);
                let inner = [vec![text], arguments].concat().join(", ");
                match (in_macro, is_alone) {
                    (true, true) => {
                        // `show!` takes no format, as `print` does.
                        let name = if tokens.is(at - 2, "!") { at - 3 } else { at - 2 };
                        if matches!(tokens.get(name).map(|it| it.text), Some("show" | "print")) {
                            let from = tokens.list[name].start;
                            out.truncate(out.len() - (done - from).min(out.len()));
                            out.push_str("println!(");
                        } else {
                            out.push_str(&line[done..token.start]);
                        }
                        done = token.end();
                        out.push_str(&inner);
                        continue;
                    }
                    _ => format!("format!({inner})"),
                }
            }
            Kind::Text if token.text.starts_with('\'') && token.text.len() > 1 => {
                let inner = token.text.trim_matches('\'');
                if inner.chars().count() == 1 || inner.starts_with('\\') && inner.len() == 2 {
                    continue;
                }
                format!("\"{}\"", inner.replace('"', "\\\""))
            }
            _ => {
                out.push_str(&line[done..token.end()]);
                done = token.end();
                continue;
            }
        };
        out.push_str(&line[done..token.start]);
        out.push_str(&new);
        done = token.end();
    }
    out.push_str(&line[done..]);
    out
}

/// A text of `f".."` as Rust formats it, with what can't stand between its braces as arguments.
fn formatted(text: &str) -> (String, Vec<String>) {
    let quote = if text.starts_with('\'') { '\'' } else { '"' };
    let inner = text.trim_matches(quote);
    let (mut out, mut arguments) = (String::from("\""), Vec::new());
    let mut rest = inner;
    while let Some(at) = rest.find(['{', '"']) {
        out.push_str(&rest[..at]);
        if rest[at..].starts_with('"') {
            out.push_str("\\\"");
            rest = &rest[at + 1..];
            continue;
        }
        if rest[at..].starts_with("{{") {
            out.push_str("{{");
            rest = &rest[at + 2..];
            continue;
        }
        let Some((hole, after)) = rest[at + 1..].split_once('}') else { break };
        let (value, spec) =
            hole.rsplit_once(':').filter(|it| !it.1.contains([')', ']'])).unwrap_or((hole, ""));
        let spec = rust_spec(spec);
        let spec = if spec.is_empty() { spec } else { format!(":{spec}") };
        if value.chars().all(|c| c.is_alphanumeric() || c == '_') {
            out.push_str(&format!("{{{value}{spec}}}"));
        } else {
            out.push_str(&format!("{{{spec}}}"));
            arguments.push(value.trim().to_owned());
        }
        rest = after;
    }
    out.push_str(rest);
    out.push('"');
    (out, arguments)
}

/// `.4f` as `.4`, `d` and `s` as nothing.
pub fn rust_spec(spec: &str) -> String {
    spec.trim_end_matches(['f', 'd', 's', 'g', 'F']).to_owned()
}
