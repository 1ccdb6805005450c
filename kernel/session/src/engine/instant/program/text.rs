//! The lines of a program, each with where it comes from: `main.rs` behind its head.
//!
//! Pure. How the lines are indented is left to rustfmt.

use std::collections::BTreeSet;

use super::Section;
use super::cell::{CellCode, statement_text};
use super::versions::{Stage, Versions};
use crate::engine::CellId;
use crate::engine::instant::generate::{Origin, Source};
use crate::engine::instant::parse::Piece;
use crate::engine::instant::state::{KeptItem, State};

/// Names of what shows more than text.
const SHOWING: &[&str] = &["plot", "display", "widget", "check", "hint", "solution"];

/// Macros of exercises.
const EXERCISES: &[&str] = &["check", "hint", "solution"];

/// What an error becomes that a `?` hands to the end of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// What programs usually have. It takes errors alone, which borrow nothing.
    Boxed,
    /// A type of the program's own, which takes all that a cell does.
    Own,
}

impl Failure {
    fn name(self) -> &'static str {
        match self {
            Failure::Boxed => "Box<dyn std::error::Error>",
            Failure::Own => "NotebookError",
        }
    }
}

/// The type of [`Failure::Own`].
const OWN: &str = "\
/// What `?` makes of an error: its words.
struct NotebookError(String);

impl<E: std::fmt::Display> From<E> for NotebookError {
    fn from(error: E) -> NotebookError {
        NotebookError(error.to_string())
    }
}

impl std::fmt::Debug for NotebookError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
";

/// The program's text. `runtime` is the name of a tokio whose runtime the cells have entered.
pub fn source(
    sections: &[Section],
    versions: &Versions,
    last: &State,
    failure: Failure,
    runtime: Option<&str>,
) -> Source {
    let cells: Vec<&CellCode> = sections.iter().filter_map(Section::code).collect();
    let mentions = |names: &[&str]| {
        let items = last.items.iter().map(|it| &it.item.mentions);
        let mut all = cells.iter().map(|it| &it.mentions).chain(items);
        all.any(|mentioned| names.iter().any(|name| mentioned.contains(*name)))
    };
    let has_files = mentions(SHOWING);
    let is_async = cells.iter().any(|it| it.is_async);
    let mut lines = Lines::default();
    for (origin, attribute) in &last.attributes {
        lines.piece(*origin, attribute, &attribute.text);
    }
    lines.generated("use akari::prelude::*;");
    lines.generated("");
    lines.items(&versions.common, &cells);
    if failure == Failure::Own {
        lines.generated(OWN);
    }
    let is_own_result =
        cells.iter().flat_map(|it| &it.items).any(|it| it.item.names.contains("Result"));
    let path = if is_own_result { "std::result::" } else { "" };
    let returned = format!("{path}Result<(), {}>", failure.name());
    lines.generated(&format!("fn main() -> {returned} {{"));
    if let Some(tokio) = runtime {
        lines.generated(&format!("let runtime = {tokio}::runtime::Runtime::new()?;"));
        lines.generated("let _inside = runtime.enter();");
    }
    if is_async {
        lines.generated("akari::block_on(notebook())\n}\n");
        lines.generated("/// The cells of the notebook.");
        lines.generated(&format!("async fn notebook() -> {returned} {{"));
    }
    if has_files {
        lines.generated("let _displays = display::to_files(\"displays\");");
    }
    let mut at = 0;
    let mut depth = 0;
    for section in sections {
        match section {
            Section::Text(text) => lines.comment(text),
            Section::LeftOut { number, source, why } => {
                lines.comment(&format!("[{number}] is left out: it {why}.\n"));
                lines.comment_lines(source);
            }
            Section::Code(cell) => {
                if let Some(stage) = versions
                    .stages
                    .iter()
                    .find(|it| it.first == at && (at > 0 || !it.items.is_empty()))
                {
                    depth += usize::from(at > 0);
                    lines.stage(stage, at > 0, &cells);
                }
                at += 1;
                lines.cell(cell, &cells[at..], has_files);
            }
        }
    }
    for _ in 0..depth {
        lines.generated("}");
    }
    lines.generated("\nOk(())\n}");
    Source::assembled(lines.0)
}

/// Whether the section is the check of an exercise.
pub fn is_exercise(section: &Section) -> bool {
    section.code().is_some_and(|it| EXERCISES.iter().any(|name| it.mentions.contains(*name)))
}

#[derive(Default)]
struct Lines(Vec<(Origin, String)>);

impl Lines {
    fn generated(&mut self, text: &str) {
        for line in text.split('\n') {
            self.0.push((Origin::Generated, line.to_owned()));
        }
    }

    /// A text as a comment, apart from what is above.
    fn comment(&mut self, text: &str) {
        self.generated("");
        self.comment_lines(text.trim());
    }

    fn comment_lines(&mut self, text: &str) {
        for line in text.lines() {
            self.generated(format!("// {line}").trim_end());
        }
    }

    /// A text of a cell, each line with its origin and at its own column.
    fn piece(&mut self, cell: CellId, piece: &Piece, text: &str) {
        for (further, line) in (0..).zip(text.split('\n')) {
            let column = if further == 0 { piece.column as usize } else { 0 };
            let origin = Origin::Cell { cell, line: piece.line + further };
            self.0.push((origin, format!("{}{line}", " ".repeat(column))));
        }
    }

    /// Adds the comment behind a piece to its last line.
    fn behind(&mut self, cell: &CellCode, piece: &Piece) {
        if let (Some(comment), Some((_, line))) = (cell.pieces.behind(piece), self.0.last_mut()) {
            line.push(' ');
            line.push_str(comment);
        }
    }

    fn above(&mut self, cell: &CellCode, piece: &Piece) {
        for line in cell.pieces.above(piece) {
            self.generated(line);
        }
    }

    fn items(&mut self, items: &[KeptItem], cells: &[&CellCode]) {
        let mut before = None;
        for KeptItem { cell: id, item } in items {
            let Some(cell) = cells.iter().find(|it| it.id == *id) else { continue };
            // The imports of one `use` stand at one place.
            let place = Some((*id, item.piece.line, item.piece.column));
            if place != before {
                self.above(cell, &item.piece);
            }
            before = place;
            let text = cell.own_text.get(&item.piece.text).unwrap_or(&item.piece.text);
            self.piece(*id, &item.piece, text);
            self.behind(cell, &item.piece);
            if !text.starts_with("use ") {
                self.generated("");
            }
        }
    }

    /// The beginning of cells that have other items.
    fn stage(&mut self, stage: &Stage, is_block: bool, cells: &[&CellCode]) {
        if is_block {
            self.generated("");
            let names: Vec<String> = stage.changed.iter().map(|it| format!("`{it}`")).collect();
            if !names.is_empty() {
                self.comment_lines(&format!("From here on {} is another one.", names.join(", ")));
            }
            self.generated("{");
            // An import in a block stands before what is a variable outside of it.
            for name in &stage.retaken {
                self.generated(&format!("use crate::{name};"));
            }
        }
        self.items(&stage.items, cells);
    }

    fn cell(&mut self, cell: &CellCode, later: &[&CellCode], has_files: bool) {
        self.generated("");
        self.comment_lines(&head(cell));
        if has_files && (!cell.statements.is_empty() || cell.tail.is_some()) {
            self.generated(&format!("display::cell({});", cell.number));
        }
        for note in &cell.notes {
            self.comment_lines(&format!("Left out, as a command of the notebook: {note}"));
        }
        for line in &cell.first {
            self.generated(line);
        }
        if cell.has_tests {
            self.generated("// `cargo test` runs the tests of this cell.");
        }
        let is_read_later = |name: &str| later.iter().any(|it| it.reads.contains(name));
        for statement in &cell.statements {
            let is_typed = cell.pieces.has_statement(&statement.piece);
            if is_typed {
                self.above(cell, &statement.piece);
            }
            let text = statement_text(statement, &cell.types, &is_read_later);
            self.piece(cell.id, &statement.piece, &text);
            if is_typed {
                self.behind(cell, &statement.piece);
            }
        }
        if let Some(tail) = &cell.tail {
            self.above(cell, tail);
            let (line, column) = (tail.line, tail.column);
            self.0.push((
                Origin::Tail { cell: cell.id, line, column },
                "display::value!(".to_owned(),
            ));
            self.piece(cell.id, tail, &tail.text);
            self.generated(");");
            self.behind(cell, tail);
        }
        for line in &cell.pieces.below {
            self.generated(line);
        }
        if !later.is_empty() {
            for name in &cell.ending {
                self.generated(&format!("drop({name}); // ended with its cell"));
            }
        }
    }
}

/// The comment above a cell: its number, and what of it stands elsewhere.
fn head(cell: &CellCode) -> String {
    let own = cell.items.iter().filter(|it| it.cell == cell.id);
    let names: BTreeSet<String> =
        own.filter_map(|it| it.item.key.name()).map(|it| format!("`{it}`")).collect();
    match names.is_empty() {
        true => format!("[{}]", cell.number),
        false => {
            let names: Vec<String> = names.into_iter().collect();
            format!("[{}] defines {}.", cell.number, names.join(", "))
        }
    }
}
