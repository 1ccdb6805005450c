//! How an error reads: places in the learner's own cells, and the text and the lines around them.
//!
//! Knows neither compiler nor child process; their messages come with places in cells.

use std::collections::BTreeMap;
use std::ops::Range;

use ariadne::{Config, IndexType, Label, Report, ReportKind};

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
    /// What the learner reads first, in the learner's language: a sentence, and the mended lines.
    pub lesson: Vec<String>,
    pub code: Option<String>,
    pub text: String,
    /// Places, each with the words that stand there; the first is the main one.
    pub labels: Vec<(Place, String)>,
    pub notes: Vec<String>,
    pub helps: Vec<String>,
}

/// The name of an error: white on dark red, which can be read on every page. A colour alone can't be: what is dark
/// enough for the pink behind errors in JupyterLab's light theme is too dark for the red one in its dark theme.
const NAME: &str = "\x1b[1;38;5;231;48;5;124m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// The error for code that does not compile.
pub fn compile_error(messages: &[Message], sources: &Sources) -> CellError {
    let mut evalue = messages.first().map(headline).unwrap_or_default();
    if messages.len() > 1 {
        evalue.push_str(&format!(" (and {} more)", messages.len() - 1));
    }
    if let Some(first) = messages.first().filter(|it| !it.lesson.is_empty()) {
        evalue = format!("{}\n{evalue}", first.lesson.join("\n"));
    }
    let traceback = messages.iter().flat_map(|message| {
        let lesson = message.lesson.iter().map(|line| format!("{BOLD}{line}{PLAIN}"));
        lesson.chain(draw(message, sources)).collect::<Vec<_>>()
    });
    let traceback = traceback.collect();
    CellError { ename: "CompileError".to_owned(), evalue, traceback }
}

/// The error for a cell that stopped while it ran. `calls` are the places from which the place was called, the
/// innermost first, with the names of the functions that they are in.
pub fn run_error(
    ename: &str,
    evalue: &str,
    calls: &[(Place, Option<String>)],
    sources: &Sources,
) -> CellError {
    let mut traceback = vec![format!("{NAME}{ename}{PLAIN}: {evalue}")];
    for (place, function) in calls {
        let inside = function.as_ref().map(|it| format!(", in `{it}`")).unwrap_or_default();
        traceback.push(format!(
            "  in {BOLD}{}, line {}{PLAIN}{inside}",
            place.cell,
            place.start.0 + 1
        ));
        traceback.extend(frame(place, sources, if calls.len() > 1 { 0 } else { 2 }));
    }
    CellError { ename: ename.to_owned(), evalue: evalue.to_owned(), traceback }
}

/// An error below what the learner reads first.
pub fn with_lesson(error: CellError, lesson: &[String]) -> CellError {
    let CellError { ename, evalue, traceback } = error;
    let lines = lesson.iter().map(|line| format!("{BOLD}{line}{PLAIN}"));
    CellError {
        ename,
        evalue: format!("{}\n{evalue}", lesson.join("\n")),
        traceback: lines.chain(traceback).collect(),
    }
}

/// The error for something that has no place in a cell.
pub fn plain_error(ename: &str, evalue: &str) -> CellError {
    run_error(ename, evalue, &[], &Sources::new())
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
        let mut lines = vec![format!("{NAME}error{PLAIN}: {}", message.text)];
        lines.extend(message.notes.iter().map(|note| format!("  note: {note}")));
        lines.extend(message.helps.iter().map(|help| format!("  help: {help}")));
        return lines;
    };
    let mut report =
        Report::build(ReportKind::Error, (main.cell.to_string(), range(main, sources)))
            .with_config(Config::default().with_index_type(IndexType::Char).with_color(false))
            .with_message(&message.text);
    if let Some(code) = &message.code {
        report = report.with_code(code);
    }
    for (index, (place, text)) in message.labels.iter().enumerate() {
        let is_main = index == 0;
        let place = if is_main && text.is_empty() { &first_line(place, sources) } else { place };
        let label = Label::new((place.cell.to_string(), range(place, sources)));
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
        Ok(()) => String::from_utf8_lossy(&drawn).lines().map(marked).collect(),
        Err(_) => vec![headline(message)],
    }
}

/// A drawn line with its marks: the name of the error, and what begins a note.
fn marked(line: &str) -> String {
    let line = line.trim_end();
    let is_code = |it: &str| {
        it.len() == 5 && it.starts_with('E') && it[1..].bytes().all(|c| c.is_ascii_digit())
    };
    let (name, text) = line.split_once(" Error: ").unwrap_or(("", line));
    if name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).is_some_and(is_code) {
        return format!("{NAME}{name} Error{PLAIN}: {text}");
    }
    if let Some(text) = line.strip_prefix("Error: ") {
        return format!("{NAME}Error{PLAIN}: {text}");
    }
    let Some((frame, text)) = line.split_once("│ ") else { return line.to_owned() };
    let word =
        ["Help", "Note"].iter().find(|word| frame.trim().is_empty() && text.starts_with(**word));
    match word.and_then(|_| text.split_once(':')) {
        Some((word, text)) => format!("{frame}│ {BOLD}{word}{PLAIN}:{text}"),
        None => line.to_owned(),
    }
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

/// The line of a place with an arrow, and `around` lines on either side.
fn frame(place: &Place, sources: &Sources, around: usize) -> Vec<String> {
    let Some(text) = sources.get(&place.cell) else { return Vec::new() };
    let at = place.start.0 as usize;
    text.lines()
        .enumerate()
        .skip(at.saturating_sub(around))
        .take(at.min(around) + 1 + around)
        .map(|(index, line)| {
            let number = index + 1;
            if index == at {
                format!("{BOLD}----> {number:>3}{PLAIN} {line}")
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
    fn a_run_error_shows_the_line() {
        let error = run_error("Panic", "no", &[(place(1, 0..1), None)], &sources());
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

    type Rgb = [f64; 3];

    /// The ratio of WCAG 2.2 between two colours.
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let luminance = |color: Rgb| {
            let part = |value: f64| {
                let value = value / 255.0;
                if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(color[0]) + 0.7152 * part(color[1]) + 0.0722 * part(color[2])
        };
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    /// A colour over another one.
    fn over(color: Rgb, share: f64, below: Rgb) -> Rgb {
        std::array::from_fn(|at| color[at] * share + below[at] * (1.0 - share))
    }

    /// One of xterm's colours from 16 on, as JupyterLab draws them too.
    fn xterm(number: u32) -> Rgb {
        let level = |it: u32| f64::from(if it == 0 { 0 } else { 55 + 40 * it });
        match number {
            232.. => [f64::from(8 + 10 * (number - 232)); 3],
            16.. => {
                [level((number - 16) / 36), level((number - 16) / 6 % 6), level((number - 16) % 6)]
            }
            _ => panic!("a page chooses its own colour {number}"),
        }
    }

    #[test]
    fn all_of_an_error_can_be_read_in_both_themes() {
        // JupyterLab's text and background of errors, in its light and its dark theme.
        let light = (over([0.0; 3], 0.87, [255.0, 221.0, 221.0]), [255.0, 221.0, 221.0]);
        let dark = ([255.0; 3], over([244.0, 67.0, 54.0], 0.28, [17.0; 3]));
        let message = Message {
            lesson: vec!["do".into()],
            code: Some("E0277".into()),
            text: "cannot add".into(),
            labels: vec![(place(1, 8..15), "no".into()), (place(0, 4..5), "there".into())],
            notes: vec!["a note".into()],
            helps: vec!["a help".into()],
        };
        let compiled = compile_error(&[message], &sources());
        let run = run_error("Panic", "no", &[(place(1, 0..1), None)], &sources());
        let mut seen = 0;
        for (text, back) in [light, dark] {
            for line in compiled.traceback.iter().chain(&run.traceback) {
                let escapes = line.split("\x1b[").skip(1).filter_map(|it| it.split('m').next());
                for escape in escapes.chain(["0"]) {
                    let mut colors = (text, back);
                    let mut codes = escape.split(';').map(|it| it.parse::<u32>().unwrap_or(0));
                    while let Some(code) = codes.next() {
                        match code {
                            0 | 1 => {}
                            38 => colors.0 = xterm(codes.nth(1).unwrap_or(0)),
                            48 => colors.1 = xterm(codes.nth(1).unwrap_or(0)),
                            other => panic!("{other} is a colour of the page's choice"),
                        }
                    }
                    let found = contrast(colors.0, colors.1);
                    assert!(found >= 4.5, "{line:?}: {found:.2}");
                    seen += usize::from(escape.contains("48"));
                }
            }
        }
        assert!(seen >= 4, "names are marked");
    }
}
