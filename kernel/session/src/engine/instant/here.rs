//! `line!()` and `file!()` of a cell, which are to tell of the cell and not of the source made of it.
//!
//! A `line!()` that the learner has written becomes a number of the same width, so that columns stay. What
//! the rules of the learner's macros make of themselves, and `file!()`, get macros of their own before the
//! pieces of a cell. Pure; `generate` calls it.

use std::borrow::Cow;

use ra_ap_syntax::{SyntaxKind, SyntaxToken};

use super::parse::{ItemKey, Parsed, Piece};
use super::state::{KeptItem, State};
use crate::engine::CellId;
use crate::engine::syntax::{Tree, cell_offset};

/// What a source must have of its own, and what stands in it so far.
#[derive(Debug, Default)]
pub struct Here {
    has_file: bool,
    has_line: bool,
    /// Whether `line!()` is std's.
    is_line_known: bool,
    cell: Option<CellId>,
    offset: Option<u32>,
}

impl Here {
    /// What the source of a cell and of these items needs.
    pub fn new(state: &State, items: &[&KeptItem], parsed: &Parsed) -> Here {
        let is_own = |name: &str| {
            let keys = state.items.iter().map(|it| &it.item.key);
            let is_it = |key: &ItemKey| match key {
                ItemKey::Macro(own) | ItemKey::Import(own) => own == name,
                _ => false,
            };
            keys.into_iter().any(is_it)
        };
        let statements = parsed.statements.iter().map(|it| &it.piece).chain(&parsed.tail);
        let texts = || {
            let items = items.iter().map(|it| &it.item.piece);
            items.chain(statements.clone()).map(|piece| piece.text.as_str())
        };
        let is_line_known = texts().any(|it| it.contains("line!")) && !is_own("line");
        let is_in_rules = |text: &str| text.contains("macro_rules!") && text.contains("line!");
        Here {
            has_file: texts().any(|it| it.contains("file!")) && !is_own("file"),
            has_line: is_line_known && texts().any(is_in_rules),
            is_line_known,
            ..Here::default()
        }
    }

    /// The lines before a piece of a cell that will stand at `next`, counted from 1, if there are none.
    pub fn before(&mut self, cell: CellId, piece: &Piece, mut next: u32) -> Vec<String> {
        let mut lines = Vec::new();
        if self.has_file && self.cell != Some(cell) {
            self.cell = Some(cell);
            lines.push(format!("macro_rules! file {{ () => {{ \"{cell}\" }} }}"));
            next += 1;
        }
        if self.has_line && self.offset != Some(next.wrapping_sub(piece.line + 1)) {
            let offset = (next + 1).wrapping_sub(piece.line + 1);
            self.offset = Some(offset);
            let line = format!("::std::line!().wrapping_sub({offset}_u32)");
            lines.push(format!("macro_rules! line {{ () => {{ {line} }} }}"));
        }
        lines
    }

    /// Whether the lines of a piece must stand as they do in the cell.
    pub fn counts_lines(&self) -> bool {
        self.has_line
    }

    /// The text of a piece as it stands in the source.
    pub fn text<'a>(&self, piece: &'a Piece) -> Cow<'a, str> {
        if self.is_line_known && piece.text.contains("line!") {
            Cow::Owned(with_lines(&piece.text, piece.line + 1))
        } else {
            Cow::Borrowed(&piece.text)
        }
    }
}

/// The text with numbers in the place of `line!()`. `first` is the number of its first line.
fn with_lines(text: &str, first: u32) -> String {
    let root = Tree::parse(text).root();
    let tokens = root.descendants_with_tokens().filter_map(|it| it.into_token());
    let tokens: Vec<SyntaxToken> = tokens.filter(|it| !it.kind().is_trivia()).collect();
    let is = |at: usize, texts: &[&str]| {
        let found = tokens.get(at..at + texts.len());
        found
            .is_some_and(|found| found.iter().zip(texts).all(|(token, text)| token.text() == *text))
    };
    let mut out = String::with_capacity(text.len());
    let (mut done, mut at) = (0, 0);
    while at < tokens.len() {
        let call = CALLS.iter().find(|call| is(at, call));
        let is_in_path = at > 0 && tokens[at - 1].text().ends_with(':');
        let Some(call) = call.filter(|_| !is_in_path && !is_in_rules(&tokens[at])) else {
            at += 1;
            continue;
        };
        let last = &tokens[at + call.len() - 1];
        let start = cell_offset(tokens[at].text_range().start());
        let end = cell_offset(last.text_range().end());
        let breaks = u32::try_from(text[..start].matches('\n').count()).unwrap_or(0);
        let number = format!("{}u32", first + breaks);
        let width = text[start..end].chars().count();
        out.push_str(&text[done..start]);
        out.push_str(&format!("{number:<width$}"));
        done = end;
        at += call.len();
    }
    out.push_str(&text[done..]);
    out
}

/// The ways to write the call of std's macro, as tokens.
const CALLS: &[&[&str]] = &[
    &["line", "!", "(", ")"],
    &["std", "::", "line", "!", "(", ")"],
    &["core", "::", "line", "!", "(", ")"],
    // Inside of another macro's call the colons are two tokens.
    &["std", ":", ":", "line", "!", "(", ")"],
    &["core", ":", ":", "line", "!", "(", ")"],
];

/// Whether a token stands in the rules of a macro, where the line is that of the macro's call.
fn is_in_rules(token: &SyntaxToken) -> bool {
    let mut around = token.parent_ancestors();
    around.any(|node| matches!(node.kind(), SyntaxKind::MACRO_RULES | SyntaxKind::MACRO_DEF))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::instant::parse::parse;

    #[test]
    fn a_number_of_the_same_width_takes_the_place() {
        let check = |text: &str, expected: &str| assert_eq!(with_lines(text, 5), expected);
        check("line!()", "5u32   ");
        check("f(1,\n  line!(), x)", "f(1,\n  6u32   , x)");
        check("println!(\"{} line!()\", std::line!())", "println!(\"{} line!()\", 5u32        )");
        check("let a = log::line!();", "let a = log::line!();");
        check("outline!()", "outline!()");
        check("macro_rules! m { () => { line!() } }", "macro_rules! m { () => { line!() } }");
    }

    #[test]
    fn macros_stand_before_pieces_only_where_they_are_needed() {
        let lines = |code: &str| {
            let parsed = parse(code).expect("it is a list of statements");
            let cell = CellId::Counted(2);
            let state = State::default().with_items(&parsed, cell);
            let items: Vec<&KeptItem> = state.items.iter().collect();
            let mut here = Here::new(&state, &items, &parsed);
            let pieces = parsed.statements.iter().map(|it| &it.piece).chain(&parsed.tail);
            pieces.flat_map(|piece| here.before(cell, piece, 30)).collect::<Vec<String>>()
        };
        assert_eq!(lines("line!(); 1"), [""; 0]);
        assert_eq!(lines("file!(); file!()"), ["macro_rules! file { () => { \"cell [2]\" } }"]);
        let rules = "macro_rules! here { () => { line!() } }\nhere!();\nhere!()";
        let offsets: Vec<bool> = [29, 28]
            .iter()
            .zip(lines(rules))
            .map(|(offset, line)| line.contains(&format!("({offset}_u32)")))
            .collect();
        assert_eq!(offsets, [true, true]);
        assert_eq!(lines("macro_rules! file { () => { 1 } }\nfile!()"), [""; 0]);
    }
}
