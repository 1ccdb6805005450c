//! A cell and the state it meets, turned into the source of one crate.
//!
//! The learner's text goes in unchanged, each piece on lines of its own and at its own column,
//! so that a place in a compiler message needs only its line translated. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::parse::{Parsed, Piece};
use super::plain::is_copyable;
use super::state::{Gone, KeptVariable, State, words};

/// The C function that a cell's library exports.
pub const ENTRY: &str = "akari_cell";

/// A crate's text, and where each of its lines comes from.
#[derive(Debug, Clone)]
pub struct Source {
    pub text: String,
    /// One per line.
    origins: Vec<Origin>,
    /// File name, made of the text, so that a panic's place tells which source it means.
    pub file: String,
}

/// Where a line of generated source comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Ours; an error there is a bug of ours.
    Generated,
    /// A learner's line: the cell's number and the line in it, from 0.
    Cell { cell: u32, line: u32 },
    /// The parenthesis before a cell's last expression, which the compiler takes for its start.
    Tail { cell: u32, line: u32, column: u32 },
    /// Keeps the variable for later cells.
    Keep(String),
    /// Puts a variable of an earlier cell back after the cell.
    PutBack(String),
    /// Reads the variable of an earlier cell.
    Read(String),
}

impl Source {
    /// The origin of a line, counted from 1 as compilers do.
    pub fn origin(&self, line: u32) -> Origin {
        let index = (line as usize).wrapping_sub(1);
        self.origins.get(index).cloned().unwrap_or(Origin::Generated)
    }

    /// The file name for `$file` in panics and messages.
    pub fn is_file(&self, file: &str) -> bool {
        file.ends_with(&self.file)
    }
}

/// What to leave out, learned from a first try. [`Gone::Replaced`] means the old value alone.
#[derive(Debug, Clone, Default)]
pub struct Unkept {
    pub variables: BTreeMap<String, Gone>,
}

/// The number by which a variable is stored: the start of its name's hash.
pub fn slot(name: &str) -> u64 {
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The variables of earlier cells that the cell may read.
pub fn read_variables<'a>(state: &'a State, parsed: &Parsed) -> Vec<(&'a str, &'a KeptVariable)> {
    state
        .variables
        .iter()
        .filter(|(name, _)| parsed.mentions.contains(*name))
        .map(|(name, variable)| (name.as_str(), variable))
        .collect()
}

/// Those of which a copy is made before the cell, because the cell may change them in place or has
/// moved them, and is to leave them as they were if it fails.
pub fn copied_variables<'a>(
    state: &'a State,
    parsed: &Parsed,
    unkept: &BTreeMap<String, Gone>,
) -> BTreeSet<&'a str> {
    read_variables(state, parsed)
        .into_iter()
        .filter(|(name, variable)| variable.is_mut || unkept.contains_key(*name))
        .filter(|(_, variable)| is_copyable(&variable.type_text, state))
        .map(|(name, _)| name)
        .collect()
}

/// The variables that the cell defines, a later definition in place of an earlier one.
pub fn new_variables(parsed: &Parsed) -> BTreeMap<&str, &super::parse::Variable> {
    parsed.statements.iter().flat_map(|it| &it.variables).map(|it| (it.name.as_str(), it)).collect()
}

/// Writes the crate for a cell. `state` already holds the cell's own items.
pub fn generate(
    state: &State,
    parsed: &Parsed,
    cell: u32,
    silent: bool,
    unkept: &Unkept,
) -> Source {
    let mut writer = Writer::default();
    for (origin, attribute) in &state.attributes {
        writer.piece(*origin, attribute);
    }
    writer.line("#[allow(unused_imports)] use ::akari::prelude::*;");
    let read = read_variables(state, parsed);
    let mut names: BTreeSet<String> = parsed.mentions.clone();
    names.extend(parsed.bindings.iter().cloned());
    names.extend(read.iter().flat_map(|(_, variable)| words(&variable.type_text)));
    names.extend(parsed.items.iter().flat_map(|it| it.mentions.iter().chain(&it.names)).cloned());
    for kept in state.needed_items(&names) {
        writer.piece(kept.cell, &kept.item.piece);
    }
    let copied = copied_variables(state, parsed, &unkept.variables);
    let body = Body { parsed, cell, silent, unkept, read: &read, copied };
    body.write(&mut writer);
    writer.finish()
}

/// Writes a crate around text that is no list of statements, for the compiler's own words on it.
pub fn broken(code: &str, cell: u32) -> Source {
    let mut writer = Writer::default();
    writer.line("fn cell() {");
    writer.piece(cell, &Piece { text: code.to_owned(), line: 0, column: 0 });
    writer.line("}");
    writer.finish()
}

struct Body<'a> {
    parsed: &'a Parsed,
    cell: u32,
    silent: bool,
    unkept: &'a Unkept,
    read: &'a [(&'a str, &'a KeptVariable)],
    copied: BTreeSet<&'a str>,
}

impl Body<'_> {
    fn write(&self, writer: &mut Writer) {
        writer.line("#[unsafe(no_mangle)]");
        writer.line(&format!("pub extern \"C\" fn {ENTRY}() -> i32 {{"));
        self.reads(writer);
        writer.line("let __akari_done = ::akari::rt::run(|| -> ::std::result::Result<(), ::akari::rt::Failed> {");
        if self.parsed.is_async {
            writer.line("::akari::rt::block_on(async {");
        }
        self.statements(writer);
        let new = new_variables(self.parsed);
        for (name, variable) in &new {
            if !variable.is_closure && self.is_kept(name) {
                writer.keep(name, Origin::Keep);
            }
        }
        for (name, _) in self.read {
            // It moved, so that the outside has it no more, and was given another value after.
            if self.unkept.variables.contains_key(*name)
                && self.is_kept(name)
                && !new.contains_key(name)
            {
                writer.keep(name, Origin::Keep);
            }
        }
        writer.line("::std::result::Result::Ok::<(), ::akari::rt::Failed>(())");
        writer.line(if self.parsed.is_async { "}) });" } else { "});" });
        self.put_back(writer, &new);
        writer.line("__akari_done as i32 }");
    }

    fn is_kept(&self, name: &str) -> bool {
        self.unkept.variables.get(name).is_none_or(|it| matches!(it, Gone::Replaced { .. }))
    }

    /// Asks for all before taking any, so that a variable that isn't there loses no other.
    fn reads(&self, writer: &mut Writer) {
        if self.read.is_empty() {
            return;
        }
        writer.line("let mut __akari_there = true;");
        for (name, variable) in self.read {
            let text = format!(
                "__akari_there &= ::akari::rt::has::<{}>({}_u64, \"{name}\");",
                variable.type_text,
                slot(name)
            );
            writer.from(Origin::Read((*name).to_owned()), &text);
        }
        writer.line("if !__akari_there { return 2; }");
        for (name, variable) in self.read {
            let text = format!(
                "#[allow(unused_mut)] let {}{name} = ::akari::rt::take::<{}>({}_u64);",
                if variable.is_mut { "mut " } else { "" },
                variable.type_text,
                slot(name)
            );
            writer.from(Origin::Read((*name).to_owned()), &text);
        }
        for name in &self.copied {
            writer.line(&format!("let {} = ::akari::__before!({name});", copy_of(name)));
        }
    }

    fn statements(&self, writer: &mut Writer) {
        for statement in &self.parsed.statements {
            writer.piece(self.cell, &statement.piece);
        }
        if !self.parsed.statements.is_empty() {
            // An expression statement at the end may lack its semicolon.
            writer.line(";");
        }
        match &self.parsed.tail {
            Some(tail) if self.silent => {
                writer.line("let _ = ");
                writer.piece(self.cell, tail);
                writer.line(";");
            }
            Some(tail) => {
                // By reference, so that looking at a variable doesn't move it; a `match` keeps
                // the expression's temporaries alive meanwhile.
                let (line, column) = (tail.line, tail.column);
                writer.from(Origin::Tail { cell: self.cell, line, column }, "match &(");
                writer.piece(self.cell, tail);
                writer.line(") { __akari_value => { ::akari::__last_value!(__akari_value) } };");
            }
            None => {}
        }
    }

    /// What was read goes back, whether the cell failed or not; but a variable that the cell
    /// defined anew goes back only if it failed.
    fn put_back(&self, writer: &mut Writer, new: &BTreeMap<&str, &super::parse::Variable>) {
        for (name, _) in self.read {
            let (slot, copy, is_copied) = (slot(name), copy_of(name), self.copied.contains(name));
            if self.unkept.variables.contains_key(*name) {
                if is_copied {
                    writer.line(&format!(
                        "::akari::rt::bring_back({slot}_u64, {copy}, __akari_done, \"{name}\");"
                    ));
                }
                continue;
            }
            let is_new = new.contains_key(name);
            if is_new {
                writer.line("if !__akari_done {");
            }
            if is_copied {
                let text = format!(
                    "::akari::rt::put_back({slot}_u64, {name}, {copy}, __akari_done, \"{name}\");"
                );
                writer.from(Origin::PutBack((*name).to_owned()), &text);
            } else {
                writer.keep(name, Origin::PutBack);
            }
            if is_new {
                writer.line("}");
            }
        }
    }
}

/// The name of the copy of a variable, which may be a raw identifier.
fn copy_of(name: &str) -> String {
    format!("__akari_before_{}", name.trim_start_matches("r#"))
}

#[derive(Default)]
struct Writer {
    text: String,
    origins: Vec<Origin>,
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.from(Origin::Generated, text);
    }

    fn from(&mut self, origin: Origin, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
        self.origins.push(origin);
    }

    fn keep(&mut self, name: &str, origin: fn(String) -> Origin) {
        let text = format!("::akari::rt::put({}_u64, {name});", slot(name));
        self.from(origin(name.to_owned()), &text);
    }

    fn piece(&mut self, cell: u32, piece: &Piece) {
        let _ = write!(self.text, "{:1$}", "", piece.column as usize);
        self.text.push_str(&piece.text);
        self.text.push('\n');
        let lines = u32::try_from(piece.text.matches('\n').count()).unwrap_or(u32::MAX);
        for line in 0..=lines {
            self.origins.push(Origin::Cell { cell, line: piece.line + line });
        }
    }

    fn finish(self) -> Source {
        let digest = Sha256::digest(self.text.as_bytes());
        let name = digest.iter().take(6).fold(String::new(), |mut name, byte| {
            let _ = write!(name, "{byte:02x}");
            name
        });
        Source { text: self.text, origins: self.origins, file: format!("cell-{name}.rs") }
    }
}
