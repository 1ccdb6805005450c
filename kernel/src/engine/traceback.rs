//! How an error reads: places in the learner's own cells, and the text and the lines around them.
//!
//! Knows neither compiler nor child process; their messages come with places in cells.

use std::collections::BTreeMap;
use std::ops::Range;

use ariadne::{Color, Config, IndexType, Label, Report, ReportKind};

use super::cell_id::CellId;
use super::outcome::CellError;

/// The text of every cell that has run.
pub type Sources = BTreeMap<CellId, String>;

/// A stretch of a cell: lines and columns from 0, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub cell: CellId,
    pub start: (u32, u32),
    pub end: (u32, u32),
}

/// A message about a cell, ready to be drawn.
#[derive(Debug, Clone, Default)]
pub struct Message {
    pub code: Option<String>,
    pub text: String,
    /// Places, each with the words that stand there; the first is the main one.
    pub labels: Vec<(Place, String)>,
    pub notes: Vec<String>,
    pub helps: Vec<String>,
}

/// The error for code that does not compile.
pub fn compile_error(messages: &[Message], sources: &Sources) -> CellError {
    let mut evalue = messages.first().map(headline).unwrap_or_default();
    if messages.len() > 1 {
        evalue.push_str(&format!(" (and {} more)", messages.len() - 1));
    }
    let traceback = messages.iter().flat_map(|message| draw(message, sources)).collect();
    CellError { ename: "CompileError".to_owned(), evalue, traceback }
}

/// The error for a cell that stopped while it ran.
pub fn run_error(ename: &str, evalue: &str, place: Option<&Place>, sources: &Sources) -> CellError {
    let mut traceback = vec![format!("\x1b[31m{ename}\x1b[0m: {evalue}")];
    if let Some(place) = place {
        traceback.push(format!("  in \x1b[36m{}, line {}\x1b[0m", place.cell, place.start.0 + 1));
        traceback.extend(frame(place, sources));
    }
    CellError { ename: ename.to_owned(), evalue: evalue.to_owned(), traceback }
}

/// The error for something that has no place in a cell.
pub fn plain_error(ename: &str, evalue: &str) -> CellError {
    run_error(ename, evalue, None, &Sources::new())
}

fn headline(message: &Message) -> String {
    let code = message.code.as_ref().map(|code| format!("[{code}]")).unwrap_or_default();
    let place = message
        .labels
        .first()
        .map(|(place, _)| format!(" ({}, line {})", place.cell, place.start.0 + 1))
        .unwrap_or_default();
    format!("error{code}: {}{place}", message.text)
}

fn draw(message: &Message, sources: &Sources) -> Vec<String> {
    let Some((main, _)) = message.labels.first() else {
        let mut lines = vec![format!("\x1b[31merror\x1b[0m: {}", message.text)];
        lines.extend(message.notes.iter().map(|note| format!("  note: {note}")));
        lines.extend(message.helps.iter().map(|help| format!("  help: {help}")));
        return lines;
    };
    let mut report =
        Report::build(ReportKind::Error, (main.cell.to_string(), range(main, sources)))
            .with_config(Config::default().with_index_type(IndexType::Char))
            .with_message(&message.text);
    if let Some(code) = &message.code {
        report = report.with_code(code);
    }
    for (index, (place, text)) in message.labels.iter().enumerate() {
        let color = if index == 0 { Color::Red } else { Color::Blue };
        let is_main = index == 0;
        let place = if is_main && text.is_empty() { &first_line(place, sources) } else { place };
        let label = Label::new((place.cell.to_string(), range(place, sources))).with_color(color);
        // Without a message a label has no arrow; the main one gets one all the same.
        let is_drawn = is_main || !text.is_empty();
        report = report.with_label(if is_drawn { label.with_message(text) } else { label });
    }
    for note in &message.notes {
        report = report.with_note(note);
    }
    for help in &message.helps {
        report = report.with_help(help);
    }
    let texts = sources.iter().map(|(cell, text)| (cell.to_string(), text.clone()));
    let mut drawn = Vec::new();
    match report.finish().write(ariadne::sources(texts), &mut drawn) {
        Ok(()) => String::from_utf8_lossy(&drawn).lines().map(merge_colors).collect(),
        Err(_) => vec![headline(message)],
    }
}

/// Joins the escapes of a line: ariadne colours each character on its own, and one escape per run
/// of a colour is enough.
fn merge_colors(line: &str) -> String {
    const RESET: &str = "\x1b[0m";
    let mut out = String::with_capacity(line.len());
    let mut active = "";
    let mut pending_reset = false;
    let mut rest = line;
    while !rest.is_empty() {
        let (escape, after) = match rest.strip_prefix("\x1b[").and_then(|it| it.split_once('m')) {
            Some((body, after)) => (&rest[..body.len() + 3], after),
            None => {
                if std::mem::take(&mut pending_reset) && !active.is_empty() {
                    out.push_str(RESET);
                    active = "";
                }
                let end = rest
                    .char_indices()
                    .skip(1)
                    .find(|(_, c)| *c == '\x1b')
                    .map_or(rest.len(), |(at, _)| at);
                out.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
        };
        rest = after;
        if escape == RESET {
            pending_reset = true;
        } else {
            if active != escape {
                if !active.is_empty() {
                    out.push_str(RESET);
                }
                out.push_str(escape);
                active = escape;
            }
            pending_reset = false;
        }
    }
    if !active.is_empty() {
        out.push_str(RESET);
    }
    out
}

/// The first line of a place that has code.
fn first_line(place: &Place, sources: &Sources) -> Place {
    let text = sources.get(&place.cell).map_or("", String::as_str);
    let (line, column) = place.start;
    let lines = text.split('\n').enumerate().skip(line as usize);
    let mut texts = lines.map(|(index, line)| (u32::try_from(index).unwrap_or(u32::MAX), line));
    let has_code = |(index, text): &(u32, &str)| {
        let from = if *index == line { column as usize } else { 0 };
        text.chars().skip(from).any(|c| !c.is_whitespace())
    };
    match texts.find(has_code).filter(|(index, _)| *index < place.end.0) {
        None => place.clone(),
        Some((index, _)) if index == line => Place { end: (line, u32::MAX), ..place.clone() },
        Some((index, _)) => Place { start: (index, 0), end: (index, u32::MAX), ..place.clone() },
    }
}

/// Character offsets of a place in its cell.
fn range(place: &Place, sources: &Sources) -> Range<usize> {
    let text = sources.get(&place.cell).map_or("", String::as_str);
    let offset = |(line, column): (u32, u32)| {
        let before: usize =
            text.split_inclusive('\n').take(line as usize).map(|line| line.chars().count()).sum();
        let length = text.split('\n').nth(line as usize).map_or(0, |line| line.chars().count());
        before + (column as usize).min(length)
    };
    let start = offset(place.start);
    start..offset(place.end).max(start)
}

/// The line of a place with an arrow, and two lines on either side.
fn frame(place: &Place, sources: &Sources) -> Vec<String> {
    let Some(text) = sources.get(&place.cell) else { return Vec::new() };
    let at = place.start.0 as usize;
    text.lines()
        .enumerate()
        .skip(at.saturating_sub(2))
        .take(at.min(2) + 3)
        .map(|(index, line)| {
            let number = index + 1;
            if index == at {
                format!("\x1b[32m----> {number:>3}\x1b[0m {line}")
            } else {
                format!("      {number:>3} {line}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        [(CellId::Counted(3), "let 値 = 1;\nlet y = 値 + \"a\";\ny".to_owned())].into()
    }

    fn place(line: u32, columns: Range<u32>) -> Place {
        Place { cell: CellId::Counted(3), start: (line, columns.start), end: (line, columns.end) }
    }

    #[test]
    fn places_are_counted_in_characters() {
        assert_eq!(range(&place(1, 8..9), &sources()), 19..20);
        assert_eq!(range(&place(9, 8..9), &sources()), 29..29);
    }

    #[test]
    fn colors_are_merged() {
        let red = |text: &str| format!("\x1b[31m{text}\x1b[0m");
        assert_eq!(
            merge_colors(&[red("a"), red("灯"), " ".into(), red("b")].concat()),
            [red("a灯"), " ".into(), red("b")].concat()
        );
    }

    #[test]
    fn a_run_error_shows_the_line() {
        let error = run_error("Panic", "no", Some(&place(1, 0..1)), &sources());
        let text = error.traceback.join("\n");
        assert!(text.contains("cell [3], line 2"), "{text}");
        assert!(text.contains("---->   2\x1b[0m let y = 値"), "{text}");
    }

    #[test]
    fn a_compile_error_names_code_and_line() {
        let message = Message {
            code: Some("E0277".into()),
            text: "cannot add".into(),
            labels: vec![(place(1, 8..15), "no `i32 + &str`".into())],
            ..Message::default()
        };
        let error = compile_error(&[message], &sources());
        assert_eq!(error.evalue, "error[E0277]: cannot add (cell [3], line 2)");
        let text = error.traceback.join("\n");
        assert!(text.contains("no `i32 + &str`") && text.contains("値"), "{text}");
    }
}
