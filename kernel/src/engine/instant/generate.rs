//! A cell and the state it meets, turned into the source of one crate.
//!
//! The learner's text goes in unchanged, each piece on lines of its own and at its own column,
//! so that a place in a compiler message needs only its line translated. Pure.

use std::collections::BTreeSet;

use akari_seam::path::{
    BEFORE, BLOCK_ON, BRING_BACK, FAILED, HAS, LAST_VALUE, PUT, PUT_BACK, RUN, TAKE,
};
use akari_seam::symbol::{ENTRY, MISSING};
use sha2::{Digest, Sha256};

use super::parse::{ItemKey, Parsed, Piece};
use super::plan::Plan;
use super::state::{KeptItem, State};
use super::words::words;
use crate::engine::CellId;

/// The first line of a crate, unless attributes come before it.
pub const PRELUDE_LINE: &str = "#[allow(unused_imports)] use ::akari::prelude::*;";

/// A crate's text, and where each of its lines comes from.
#[derive(Debug, Clone)]
pub struct Source {
    pub text: String,
    /// One per line.
    origins: Vec<Origin>,
    /// File name, made of the text, so that a panic's place tells which source it means.
    pub file: String,
    /// Names the text together with all else that makes a library of it.
    pub seal: String,
    /// Whose types the text's types are, for the compiler.
    pub metadata: String,
}

/// Where a line of generated source comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Ours; an error there is a bug of ours.
    Generated,
    /// A learner's line: the cell's number and the line in it, from 0.
    Cell { cell: CellId, line: u32 },
    /// The parenthesis before a cell's last expression, which the compiler takes for its start.
    Tail { cell: CellId, line: u32, column: u32 },
    /// Keeps the variable for later cells.
    Keep(String),
    /// Puts a variable of an earlier cell back after the cell.
    PutBack(String),
    /// Reads the variable of an earlier cell.
    Read(String),
}

/// Stands for the seal until it is known.
const UNSEALED: &str = "__akari_unsealed";

/// What keeps the types inside of this code apart from those of other code.
const METADATA: &str = "akari";

impl Source {
    /// The source as it is compiled: `identity` is all that makes a library of it besides, and
    /// `generation` says whose types its types are.
    pub fn sealed(mut self, identity: &str, generation: usize) -> Source {
        self.metadata = match generation {
            0 => METADATA.to_owned(),
            _ => format!("{METADATA}-{generation}"),
        };
        self.seal = digest(&[&self.metadata, identity, &self.text]);
        self.text = self.text.replace(UNSEALED, &self.seal);
        self
    }

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

/// The number by which a variable is stored: the start of its name's hash.
pub fn slot(name: &str) -> u64 {
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Writes the crate for a cell. `state` already holds the cell's own items, `items` are those of
/// them that the cell needs.
pub fn generate(
    state: &State,
    items: &[&KeptItem],
    parsed: &Parsed,
    plan: &Plan,
    cell: CellId,
    silent: bool,
) -> Source {
    let mut writer = Writer::default();
    for (origin, attribute) in &state.attributes {
        writer.piece(*origin, attribute);
    }
    writer.line(PRELUDE_LINE);
    for (index, kept) in items.iter().enumerate() {
        writer.item(index, kept);
    }
    Body { parsed, plan, cell, silent }.write(&mut writer);
    writer.finish()
}

/// The items of a state that the cell's code and the types of its variables may mean.
pub fn needed<'a>(state: &'a State, parsed: &Parsed, plan: &Plan) -> Vec<&'a KeptItem> {
    let mut names: BTreeSet<String> = parsed.mentions.clone();
    names.extend(parsed.bindings.iter().cloned());
    names.extend(plan.reads.values().flat_map(|variable| words(&variable.type_text)));
    names.extend(parsed.items.iter().flat_map(|it| it.mentions.iter().chain(&it.names)).cloned());
    state.needed_items(&names)
}

/// Writes a crate around text that is no list of statements, for the compiler's own words on it.
pub fn broken(code: &str, cell: CellId) -> Source {
    let mut writer = Writer::default();
    writer.line("fn cell() {");
    writer.piece(cell, &Piece { text: code.to_owned(), line: 0, column: 0 });
    writer.line("}");
    writer.finish()
}

struct Body<'a> {
    parsed: &'a Parsed,
    plan: &'a Plan,
    cell: CellId,
    silent: bool,
}

impl Body<'_> {
    fn write(&self, writer: &mut Writer) {
        // Its name is in those of the types that the statements define, closures among them, which
        // must not pass for those of another cell.
        writer.line(&format!("#[unsafe(export_name = \"{ENTRY}\")]"));
        writer.line(&format!("pub extern \"C\" fn {ENTRY}_{UNSEALED}() -> i32 {{"));
        self.reads(writer);
        writer.line(&format!(
            "let __akari_done = ::{RUN}(|| -> ::std::result::Result<(), ::{FAILED}> {{"
        ));
        if self.parsed.is_async {
            writer.line(&format!("::{BLOCK_ON}(async {{"));
        }
        self.statements(writer);
        self.keeps(writer);
        writer.line(&format!("::std::result::Result::Ok::<(), ::{FAILED}>(())"));
        writer.line(if self.parsed.is_async { "}) });" } else { "});" });
        self.put_back(writer);
        writer.line("__akari_done as i32 }");
    }

    fn keeps(&self, writer: &mut Writer) {
        let Plan { reads, new, unkept, .. } = self.plan;
        for (name, variable) in new {
            if !variable.is_closure && self.plan.keeps(name) {
                writer.keep(name, Origin::Keep);
            }
        }
        for name in reads.keys().filter(|it| unkept.contains_key(*it) && !new.contains_key(*it)) {
            // The cell has moved the old value and has assigned a new one, which is inside of the
            // closure only.
            if self.plan.keeps(name) {
                writer.keep(name, Origin::Keep);
            }
        }
    }

    /// Asks for all before taking any, so that a variable that isn't there loses no other.
    fn reads(&self, writer: &mut Writer) {
        if self.plan.reads.is_empty() {
            return;
        }
        writer.line("let mut __akari_there = true;");
        for (name, variable) in &self.plan.reads {
            let text = format!(
                "__akari_there &= ::{HAS}::<{}>({}_u64, \"{name}\");",
                variable.type_text,
                slot(name)
            );
            writer.from(Origin::Read(name.clone()), &text);
        }
        writer.line(&format!("if !__akari_there {{ return {MISSING}; }}"));
        for (name, variable) in &self.plan.reads {
            let text = format!(
                "#[allow(unused_mut)] let {}{name} = ::{TAKE}::<{}>({}_u64);",
                if variable.is_mut { "mut " } else { "" },
                variable.type_text,
                slot(name)
            );
            writer.from(Origin::Read(name.clone()), &text);
        }
        for name in &self.plan.copied {
            writer.line(&format!("let {} = ::{BEFORE}!({name});", copy_of(name)));
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
                writer.line(&format!(
                    ") {{ __akari_value => {{ ::{LAST_VALUE}!(__akari_value) }} }};"
                ));
            }
            None => {}
        }
    }

    /// What was read goes back, whether the cell failed or not; but a variable that the cell
    /// defined anew goes back only if it failed.
    fn put_back(&self, writer: &mut Writer) {
        let Plan { reads, copied, new, unkept } = self.plan;
        for name in reads.keys() {
            let (slot, copy, is_copied) = (slot(name), copy_of(name), copied.contains(name));
            if unkept.contains_key(name) {
                if is_copied {
                    writer.line(&format!(
                        "::{BRING_BACK}({slot}_u64, {copy}, __akari_done, \"{name}\");"
                    ));
                }
                continue;
            }
            let is_new = new.contains_key(name);
            if is_new {
                writer.line("if !__akari_done {");
            }
            if is_copied {
                let text =
                    format!("::{PUT_BACK}({slot}_u64, {name}, {copy}, __akari_done, \"{name}\");");
                writer.from(Origin::PutBack(name.clone()), &text);
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
        let text = format!("::{PUT}({}_u64, {name});", slot(name));
        self.from(origin(name.to_owned()), &text);
    }

    fn piece(&mut self, cell: CellId, piece: &Piece) {
        // Not by a width in a format string, which ends at 65,535.
        self.text.extend(std::iter::repeat_n(' ', piece.column as usize));
        self.text.push_str(&piece.text);
        self.text.push('\n');
        let lines = u32::try_from(piece.text.matches('\n').count()).unwrap_or(u32::MAX);
        for line in 0..=lines {
            self.origins.push(Origin::Cell { cell, line: piece.line + line });
        }
    }

    /// The compiler numbers implementations, so that the types inside of one could pass for those
    /// inside of another; it stands in a constant of its own name where it has some.
    fn item(&mut self, index: usize, kept: &KeptItem) {
        let KeptItem { cell, item } = kept;
        let is_impl = matches!(item.key, ItemKey::TraitImpl(_) | ItemKey::InherentImpl(..));
        if is_impl && item.shape.has_inner_types {
            self.line(&format!("const __AKARI_IMPL_{index}_{UNSEALED}: () = {{"));
            self.piece(*cell, &item.piece);
            self.line("};");
        } else {
            self.piece(*cell, &item.piece);
        }
    }

    fn finish(self) -> Source {
        let file = format!("cell-{}.rs", &digest(&[&self.text])[..12]);
        let Writer { text, origins } = self;
        Source { text, origins, file, seal: String::new(), metadata: METADATA.to_owned() }
    }
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    format!("{:x}", hash.finalize())[..32].to_owned()
}
