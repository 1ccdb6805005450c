//! Where the parts of an expression begin and end, in a line that need not be Rust. Pure.

use std::collections::BTreeMap;
use std::ops::Range;

use super::tokens::{Kind, Tokens};

/// The types of the session's variables.
/// Whether a type's text is that of a tensor or a variable.
pub fn is_tensor(type_text: &str) -> bool {
    type_text.ends_with("Tensor") || type_text.ends_with("Var")
}

pub type TypesOf = BTreeMap<String, String>;

/// The parts of a text between separators that are in no brackets.
pub fn split(text: &str, separator: &str) -> Vec<String> {
    let tokens = Tokens::of(text);
    let mut parts = Vec::new();
    let (mut at, mut done) = (0, 0);
    while let Some(token) = tokens.get(at) {
        if token.is(separator) {
            parts.push(text[done..token.start].trim().to_owned());
            done = token.end();
        }
        at = match token.text {
            "(" | "[" | "{" => tokens.partner(at).map_or(at, |it| it) + 1,
            _ => at + 1,
        };
    }
    parts.push(text[done..].trim().to_owned());
    parts
}

/// The expression around an operator: as far as a call's bracket, a comma, or a `=`.
pub fn region(tokens: &Tokens<'_>, operator: usize) -> Range<usize> {
    let is_end = |text: &str| {
        matches!(
            text,
            "," | ";"
                | "="
                | "{"
                | "}"
                | "return"
                | "let"
                | "|"
                | "+="
                | "-="
                | "*="
                | "/="
                | ":"
                | "in"
                | "=>"
                | "if"
                | "#"
        )
    };
    let mut start = operator;
    while start > 0 {
        let before = start - 1;
        start = match tokens.list[before].text {
            ")" | "]" => tokens.partner(before).unwrap_or(before),
            "(" | "[" => {
                let is_call = before.checked_sub(1).is_some_and(|it| {
                    let token = tokens.list[it];
                    token.kind == Kind::Name || matches!(token.text, ")" | "]" | "!" | "?")
                });
                if is_call || tokens.is(before, "[") {
                    break;
                }
                before
            }
            text if is_end(text) => break,
            _ => before,
        };
    }
    let mut end = operator;
    while let Some(token) = tokens.get(end) {
        end = match token.text {
            "(" | "[" => tokens.partner(end).map_or(end, |it| it) + 1,
            ")" | "]" if tokens.partner(end).is_none_or(|it| it < start) => break,
            text if is_end(text) && end > operator => break,
            _ => end + 1,
        };
    }
    start..end
}

/// The first token of the operand that ends before a token.
pub fn operand_start(tokens: &Tokens<'_>, end: usize) -> usize {
    let mut at = end;
    while at > 0 {
        let token = tokens.list[at - 1];
        let is_word = |it: usize| {
            it > 0
                && (tokens.list[it - 1].kind == Kind::Name
                    || matches!(tokens.list[it - 1].text, ")" | "]" | "?" | "!"))
        };
        at = match token.text {
            ")" | "]" => match tokens.partner(at - 1) {
                Some(open) => open,
                None => return at,
            },
            "?" => at - 1,
            "!" if tokens.is(at, "(") || tokens.is(at, "[") => at - 1,
            _ if token.kind != Kind::Sign && token.kind != Kind::Newline => at - 1,
            _ => return at,
        };
        let first = tokens.list[at];
        let goes_on = match first.text {
            "(" | "[" | "?" | "!" => is_word(at),
            _ => at > 0 && matches!(tokens.list[at - 1].text, "." | "::"),
        };
        if !goes_on {
            return at;
        }
        if at > 0 && matches!(tokens.list[at - 1].text, "." | "::") {
            at -= 1;
        }
    }
    at
}

/// The last token of the operand that begins at a token.
pub fn operand_end(tokens: &Tokens<'_>, start: usize) -> usize {
    let mut at = start;
    while matches!(tokens.get(at).map(|it| it.text), Some("&" | "-")) {
        at += 1;
    }
    loop {
        let here = tokens.get(at).map_or("", |it| it.text);
        if matches!(here, "(" | "[") {
            at = tokens.partner(at).unwrap_or(at);
        }
        let next = tokens.get(at + 1).map_or("", |it| it.text);
        at = match next {
            "." | "::" if at + 2 < tokens.list.len() => at + 2,
            "(" | "[" | "?" => at + 1,
            _ => return at.min(tokens.list.len() - 1),
        };
    }
}

/// Whether a token is inside of `t!( .. )`.
pub fn is_in_formula(tokens: &Tokens<'_>, at: usize) -> bool {
    (2..at).any(|open| {
        tokens.is(open, "(")
            && tokens.is(open - 1, "!")
            && tokens.is(open - 2, "t")
            && tokens.partner(open).is_some_and(|close| close > at)
    })
}
