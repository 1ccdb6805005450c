//! Documentation as a learner reads it: rustdoc's text without what only its tests and its links need.

/// The attributes of a block of code that is Rust.
const OF_RUST: [&str; 6] = ["rust", "no_run", "should_panic", "compile_fail", "ignore", "edition"];

/// Every cell imports this, and candle's types.
const IMPORTS: [&str; 2] = ["use akari::prelude::*;", "use candle_core::{"];

/// The text without the hidden lines of examples and without links to items.
pub fn for_learners(docs: &str) -> String {
    let mut text = String::with_capacity(docs.len());
    let mut code = None;
    for line in docs.lines() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut code, fence) {
            (None, Some(info)) => {
                code = Some(Vec::new());
                text += &format!("```{}\n", language(info));
            }
            (Some(lines), Some(_)) => {
                text += &example(lines);
                text += "```\n";
                code = None;
            }
            (Some(lines), None) => lines.push(line),
            (None, None) => {
                text += without_links(line).trim_end();
                text.push('\n');
            }
        }
    }
    text.trim_end().to_owned()
}

fn language(info: &str) -> &str {
    let is_rust = |word: &str| {
        OF_RUST.iter().any(|it| word.starts_with(it)) || word.starts_with('E') && word.len() == 5
    };
    if info.trim().is_empty() || info.split(',').all(|it| is_rust(it.trim())) {
        "rust"
    } else {
        info.trim()
    }
}

/// The lines of an example that are seen.
fn example(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let code = line.trim_start();
        let is_import = IMPORTS.iter().any(|it| code.starts_with(it));
        if code == "#" || code.starts_with("# ") || is_import {
            continue;
        }
        if text.is_empty() && code.is_empty() {
            continue;
        }
        match code.strip_prefix("##") {
            Some(rest) => text += &format!("#{rest}"),
            None => text += &shown(line),
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// A test of a tensor's text, as a cell would show it.
fn shown(line: &str) -> String {
    let start = line.len() - line.trim_start().len();
    let (indent, code) = line.split_at(start);
    let parts = code
        .strip_prefix("assert_eq!(akari::print::tensor_text(")
        .and_then(|rest| rest.strip_suffix("\");"))
        .and_then(|rest| rest.split_once(")?, \""));
    match parts {
        Some((value, text)) => {
            let value = value.strip_prefix('&').unwrap_or(value);
            let lines = text.replace("\\n", &format!("\n{indent}// "));
            format!("{indent}show!({value});\n{indent}// {lines}")
        }
        None => line.to_owned(),
    }
}

/// `[text](item)` and `[item]` as their text; addresses of pages stay.
fn without_links(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('[') {
        let link = &rest[at..];
        let Some(length) = bracketed(link, '[', ']') else { break };
        text += &rest[..at];
        let (label, after) = (&link[1..length - 1], &link[length..]);
        let target = after.starts_with('(').then(|| bracketed(after, '(', ')')).flatten();
        match target {
            Some(end) if after[1..end].starts_with("http") => {
                text += &link[..length + end];
                rest = &after[end..];
            }
            Some(end) => {
                text += label;
                rest = &after[end..];
            }
            // A name of code alone; `[3, 4]` is a shape.
            None if label.starts_with('`') && label.ends_with('`') => {
                text += label;
                rest = after;
            }
            None => {
                text.push('[');
                rest = &link[1..];
            }
        }
    }
    text + rest
}

/// The length of a text in brackets that begins here.
fn bracketed(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(at + close.len_utf8());
            }
        }
    }
    None
}

/// The default that the documentation of a field tells: `Default: 0.1.`.
pub fn default_told(docs: &str) -> Option<&str> {
    let (_, rest) = docs.split_once("Default: ")?;
    let rest = rest.split('\n').next()?;
    let ends = [". ", "; ", ", which"].into_iter().filter_map(|it| rest.find(it));
    let end = ends.min().unwrap_or(rest.len());
    match rest[..end].trim_end_matches('.').trim() {
        "" => None,
        "to their mean" => Some("Mean"),
        text => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_lose_what_tests_need() {
        let docs = "Rectifies [`x`](crate::x).\n\n```\nuse akari::prelude::*;\nuse candle_core::{DType, Tensor};\n# let hidden = 1;\nlet y = F::relu(&x)?;\nassert_eq!(akari::print::tensor_text(&y)?, \"tensor([0., 1.])\");\n#\n# Ok::<(), akari::candle_core::Error>(())\n```\n\n```compile_fail,E0063\n#[derive(Debug)]\n## a\n```\n\n```text\n# kept out\nx\n```";
        let expected = "Rectifies `x`.\n\n```rust\nlet y = F::relu(&x)?;\nshow!(y);\n// tensor([0., 1.])\n```\n\n```rust\n#[derive(Debug)]\n# a\n```\n\n```text\nx\n```";
        assert_eq!(for_learners(docs), expected);
    }

    #[test]
    fn links_become_their_text() {
        for (line, expected) in [
            ("The options of [`SGD`].", "The options of `SGD`."),
            (
                "see [the page](https://a.b/c) and [`t!`](crate::t)",
                "see [the page](https://a.b/c) and `t!`",
            ),
            ("shape [3, 4], `x[0]`, [open", "shape [3, 4], `x[0]`, [open"),
            ("[`F::[x]`](y), 形 [`形`]", "`F::[x]`, 形 `形`"),
        ] {
            assert_eq!(without_links(line), expected);
        }
    }

    #[test]
    fn defaults_are_read_from_sentences() {
        assert_eq!(default_told("The size. Default: 0.001."), Some("0.001"));
        assert_eq!(default_told("Default: `1e-8`. More."), Some("`1e-8`"));
        assert_eq!(default_told("Default: none, which is all."), Some("none"));
        assert_eq!(default_told("Default: (0.9, 0.999)."), Some("(0.9, 0.999)"));
        assert_eq!(default_told("Nothing."), None);
    }
}
