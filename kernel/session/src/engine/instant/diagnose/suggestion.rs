//! What the compiler suggests, as the code that would come of it.
//!
//! A replacement alone, such as `r#`, tells a learner little; the line with it tells where it goes. Pure.

use std::collections::BTreeMap;

use super::place::{is_learners, origin};
use crate::engine::instant::compile::{Diagnostic, Span};
use crate::engine::instant::generate::Source;

/// So many characters of a line are shown.
const WIDTH: usize = 100;

/// So many lines are shown, and so many ways to write them.
const LINES: usize = 4;
const WAYS: usize = 3;

/// The text of a help or a note, with the code that it suggests. None if that is about generated
/// code, which the learner can't change.
pub fn text(child: &Diagnostic, source: &Source) -> Option<String> {
    let mut ways: Vec<Vec<&Span>> = Vec::new();
    for span in child.spans.iter().filter(|span| span.suggested_replacement.is_some()) {
        // The compiler lists the parts of all ways in a row; each way begins at the same place.
        match ways.last_mut() {
            Some(way) if start(way[0]) != start(span) => way.push(span),
            _ => ways.push(vec![span]),
        }
    }
    if ways.is_empty() {
        return Some(child.message.clone());
    }
    if ways.iter().flatten().all(|span| !is_possible(span, source)) {
        return None;
    }
    let has_gaps = |way: &Vec<&Span>| way.iter().any(|span| replacement(span).contains("/*"));
    let count = ways.len();
    let mut texts: Vec<String> =
        ways.iter().filter(|it| !has_gaps(it)).filter_map(|it| mended(it, source)).collect();
    texts.dedup();
    let message = child.message.trim_end_matches(':');
    match texts.as_slice() {
        [] => Some(message.to_owned()),
        [text] if text.contains('\n') && count == 1 => {
            let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
            Some(format!("{message}:\n{}", lines.join("\n")))
        }
        texts => {
            let shown = texts.iter().filter(|text| !text.contains('\n')).take(WAYS);
            let shown: Vec<String> = shown.map(|text| format!("`{text}`")).collect();
            let more = if count > WAYS { ", .." } else { "" };
            Some(format!("{message}: {}{more}", shown.join(" or ")))
        }
    }
}

fn start(span: &Span) -> (u32, u32) {
    (span.line_start, span.column_start)
}

fn replacement(span: &Span) -> &str {
    span.suggested_replacement.as_deref().unwrap_or_default()
}

fn is_import(span: &Span) -> bool {
    replacement(span).trim_start().starts_with("use ")
}

/// Whether the learner can follow a suggestion: it changes the learner's own line, or is an import,
/// which may stand anywhere.
fn is_possible(span: &Span, source: &Source) -> bool {
    is_import(span)
        || span.expansion.is_none()
            && origin(span, source).is_some_and(|origin| is_learners(&origin))
}

/// The lines that a suggestion changes, as they would be.
fn mended(parts: &[&Span], source: &Source) -> Option<String> {
    let alone = |span: &Span| {
        let text = replacement(span).trim();
        // A line of its own, such as an attribute, says where it goes.
        let is_line = replacement(span).ends_with('\n') && start(span) == end(span);
        (is_line || is_import(span)).then(|| text.to_owned())
    };
    if let [part] = parts
        && let Some(text) = alone(part)
    {
        return Some(text);
    }
    let all: Vec<&str> = source.text.lines().collect();
    let line = |number: u32| all.get((number as usize).checked_sub(1)?).copied();
    let mut parts: Vec<&&Span> = parts.iter().filter(|it| is_possible(it, source)).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(start(part)));
    let mut lines: BTreeMap<u32, String> = BTreeMap::new();
    let mut first = usize::MAX;
    for part in parts {
        let (line_start, line_end) = (part.line_start, part.line_end);
        let behind = match lines.remove(&line_end) {
            Some(text) => text,
            None => line(line_end)?.to_owned(),
        };
        let before: String = line(line_start)?.chars().take(columns(part.column_start)).collect();
        let rest: String = behind.chars().skip(columns(part.column_end)).collect();
        first = before.trim_start().chars().count();
        lines.insert(line_start, format!("{before}{}{rest}", replacement(part)));
    }
    let text: Vec<String> = lines.into_values().collect();
    let text = text.join("\n");
    match text.trim().lines().count() {
        0 => None,
        1 => Some(around(text.trim(), first)),
        2..=LINES => Some(without_indent(&text)),
        _ => None,
    }
}

fn end(span: &Span) -> (u32, u32) {
    (span.line_end, span.column_end)
}

/// The characters before a column, which the compiler counts from 1.
fn columns(column: u32) -> usize {
    column.saturating_sub(1) as usize
}

/// What stands around a character of a long line.
fn around(line: &str, at: usize) -> String {
    let length = line.chars().count();
    if length <= WIDTH {
        return line.to_owned();
    }
    let begin = at.saturating_sub(WIDTH / 2).min(length - WIDTH);
    let shown: String = line.chars().skip(begin).take(WIDTH).collect();
    let (before, after) =
        (if begin > 0 { ".." } else { "" }, if begin + WIDTH < length { ".." } else { "" });
    format!("{before}{shown}{after}")
}

/// Lines without the space that all of them begin with.
fn without_indent(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().filter(|line| !line.trim().is_empty()).collect();
    let indent = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let common = lines.iter().map(indent).min().unwrap_or(0);
    lines.iter().map(|line| line[common..].trim_end()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::CellId;
    use crate::engine::instant::generate::broken;

    /// A part of a suggestion: line in the cell and columns from 0, and the new text.
    type Part<'a> = (u32, [u32; 2], &'a str);

    fn help(code: &str, parts: &[Part<'_>]) -> Option<String> {
        let source = broken(code, CellId::Counted(1), true);
        let first = 1 + (1..9).find(|it| origin_line(&source, *it)).expect("the cell is there");
        let span = |(line, columns, text): &Part<'_>| -> Value {
            json!({
                "file_name": source.file, "line_start": first - 1 + line, "line_end": first - 1 + line,
                "column_start": columns[0] + 1, "column_end": columns[1] + 1, "is_primary": true,
                "label": null, "suggested_replacement": text,
            })
        };
        let spans: Vec<Value> = parts.iter().map(span).collect();
        let child = json!({ "message": "do", "level": "help", "code": null, "spans": spans });
        let child: Diagnostic = serde_json::from_value(child).expect("it has all fields");
        text(&child, &source)
    }

    fn origin_line(source: &Source, line: u32) -> bool {
        is_learners(&source.origin(line))
    }

    fn check(code: &str, parts: &[Part<'_>], expected: &str) {
        assert_eq!(help(code, parts).as_deref(), Some(expected), "{code}");
    }

    #[test]
    fn the_line_is_shown_as_it_would_be() {
        check("let gen = 1;", &[(0, [4, 4], "r#")], "do: `let r#gen = 1;`");
        check("  値.lenn()", &[(0, [4, 8], "len")], "do: `値.len()`");
        check("let mut x = 1;", &[(0, [4, 8], "")], "do: `let x = 1;`");
        check(
            "#[no_mangle]",
            &[(0, [2, 2], "unsafe("), (0, [11, 11], ")")],
            "do: `#[unsafe(no_mangle)]`",
        );
    }

    #[test]
    fn lines_of_one_way_stand_below_each_other_and_ways_beside() {
        let parts = [(0, [8, 8], "<'a>"), (1, [8, 8], "'a ")];
        check(
            "struct S {\n    a: &str,\n}",
            &parts,
            "do:\n    struct S<'a> {\n        a: &'a str,",
        );
        let ways = [(0, [0, 0], "use a::M;\n"), (0, [0, 0], "use b::M;\n")];
        check("M::new()", &ways, "do: `use a::M;` or `use b::M;`");
        check("struct S;", &[(0, [0, 0], "#[derive(Clone)]\n")], "do: `#[derive(Clone)]`");
    }

    #[test]
    fn gaps_and_generated_lines_are_not_suggested() {
        check("|x| x", &[(0, [2, 2], ": /* Type */")], "do");
        assert_eq!(help("a\nb", &[(5, [0, 1], "mut")]), None);
    }

    #[test]
    fn long_lines_are_cut_at_both_ends() {
        let long = format!("f({}, x, {})", "a".repeat(200), "b".repeat(200));
        let help = help(&long, &[(0, [204, 205], "&x")]).unwrap_or_default();
        assert!(help.contains("a, &x, b") && help.len() < 120, "{help}");
    }
}
