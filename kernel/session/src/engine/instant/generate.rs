//! A cell and the state it meets, turned into the source of one crate.
//!
//! The learner's text goes in unchanged, each piece on lines of its own and at its own column,
//! so that a place in a compiler message needs only its line translated. Pure.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use akari_seam::path::{
    AT, BEFORE, BLOCK_ON, BRING_BACK, FAILED, HAS, LAST_VALUE, PUT, PUT_BACK, QUESTIONED, RUN, TAKE,
};
use akari_seam::symbol::{ENTRY, MISSING, STATIC};
use sha2::{Digest, Sha256};

use super::here::Here;
use super::parse::{ItemKey, Parsed, Piece};
use super::plan::Plan;
use super::state::{Absence, KeptItem, State};
use super::statics::{Form, Homes, Site, Statics};
use super::words::words;
use crate::engine::CellId;
use crate::engine::syntax::last_position;

/// The first line of a crate, unless attributes come before it.
pub const PRELUDE_LINE: &str = "#[allow(unused_imports)] use ::akari::prelude::*;";

/// A crate's text, and where each of its lines comes from.
#[derive(Debug, Clone)]
pub struct Source {
    pub text: String,
    /// The origin of each line.
    origins: Vec<Origin>,
    /// The lines of items, from 1, each with the item's cell and key.
    items: Vec<(RangeInclusive<u32>, CellId, ItemKey)>,
    pub statics: Statics,
    /// Whether functions note where their `?` hand an error on.
    pub is_traced: bool,
    /// The file's name. It is made of the text, so that the place of a panic tells which source it
    /// is in.
    pub file: String,
    /// A hash of the text and of everything else that the library depends on.
    pub seal: String,
    /// The compiler's `-Cmetadata`: types of crates with equal metadata are the same types.
    pub metadata: String,
}

/// The origin of a line of generated source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The engine's own line; an error in it is a bug of the engine.
    Generated,
    /// A learner's line: the cell's number and the line in it, from 0.
    Cell { cell: CellId, line: u32 },
    /// The parenthesis before a cell's last expression, which the compiler takes for its start.
    Tail { cell: CellId, line: u32, column: u32 },
    /// The brace behind a cell that can't be parsed: for the learner the cell's end, whose last
    /// character is here.
    End { cell: CellId, line: u32, column: u32 },
    /// Keeps the variable for later cells.
    Keep(String),
    /// Ends the variable, which can't be kept.
    Drop(String),
    /// Puts a variable of an earlier cell back after the cell.
    PutBack(String),
    /// Reads the variable of an earlier cell.
    Read(String),
}

/// Stands in the text for the seal, which is a hash of the text and so is known later.
const UNSEALED: &str = "__akari_unsealed";

/// The metadata of the first generation; later ones add their number.
const METADATA: &str = "akari";

impl Source {
    /// The source as it is compiled. `identity` is everything that the library depends on besides
    /// the source; types of equal `generation` are the same types.
    pub fn sealed(mut self, identity: &str, generation: usize) -> Source {
        self.metadata = match generation {
            0 => METADATA.to_owned(),
            _ => format!("{METADATA}-{generation}"),
        };
        self.seal = digest(&[&self.metadata, identity, &self.text]);
        self.text = self.text.replace(UNSEALED, &self.seal);
        self
    }

    /// A source of lines that were made elsewhere, each with its origin.
    pub fn assembled(lines: Vec<(Origin, String)>) -> Source {
        let mut writer = Writer::default();
        for (origin, text) in lines {
            writer.from(origin, &text);
        }
        writer.finish().sealed("", 0)
    }

    /// The origin of a line, counted from 1 as compilers do.
    pub fn origin(&self, line: u32) -> Origin {
        let index = (line as usize).wrapping_sub(1);
        self.origins.get(index).cloned().unwrap_or(Origin::Generated)
    }

    /// The item in whose text a line is, counted from 1: the item's lines, its cell and its key.
    pub fn item(&self, line: u32) -> Option<&(RangeInclusive<u32>, CellId, ItemKey)> {
        self.items.iter().find(|(lines, ..)| lines.contains(&line))
    }

    /// The text of a line, counted from 1 as compilers do.
    pub fn line(&self, number: u32) -> Option<&str> {
        self.text.lines().nth((number as usize).checked_sub(1)?)
    }

    /// The cell that the source was made for, or the last one of which it has a line.
    pub fn cell(&self) -> Option<CellId> {
        self.origins.iter().rev().find_map(|origin| match origin {
            Origin::Cell { cell, .. } | Origin::Tail { cell, .. } | Origin::End { cell, .. } => {
                Some(*cell)
            }
            _ => None,
        })
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

/// Writes the crate for a cell. `state` already has the cell's own items; `items` are the items of
/// the state that the cell needs.
pub fn generate(
    state: &State,
    items: &[&KeptItem],
    parsed: &Parsed,
    plan: &Plan,
    cell: CellId,
    silent: bool,
) -> Source {
    let mut writer = Writer { here: Here::new(state, items, parsed), ..Writer::default() };
    for (origin, attribute) in &state.attributes {
        writer.piece(*origin, attribute);
    }
    writer.line(PRELUDE_LINE);
    writer.is_traced = !plan.is_untraced
        && !writer.here.counts_lines()
        && items.iter().any(|it| !it.item.questions.is_empty());
    if writer.is_traced {
        writer.line(&format!("#[allow(unused_imports)] use ::{QUESTIONED} as _;"));
    }
    let homes = may_share_statics(items, parsed).then_some(&state.statics);
    for (index, kept) in items.iter().enumerate() {
        let is_used = |site: &Site| {
            let others = items.iter().filter(|other| !std::ptr::eq(**other, *kept));
            let mut mentions = others.map(|other| &other.item.mentions).chain([&parsed.mentions]);
            // An item with a name is here because it is used.
            !kept.item.names.is_empty()
                || mentions.any(|it| site.names().any(|name| it.contains(name)))
        };
        writer.item(index, kept, homes, &is_used);
    }
    if !writer.statics.defines.is_empty() {
        writer
            .line(&format!("#[unsafe(export_name = \"{STATIC}\")] static __AKARI_STATIC: u8 = 0;"));
    }
    Body { parsed, plan, cell, silent }.write(&mut writer);
    writer.finish()
}

/// Whether the library may share its statics with later ones: the loader then lets these see all
/// that the library exports, and what a learner exports under a name may be edited.
fn may_share_statics(items: &[&KeptItem], parsed: &Parsed) -> bool {
    let statements = parsed.statements.iter().map(|it| &it.piece).chain(&parsed.tail);
    let mut pieces = items.iter().map(|kept| &kept.item.piece).chain(statements);
    let exports = |text: &str| ["no_mangle", "export_name"].iter().any(|it| text.contains(it));
    // Nearly no cell has statics, and only such a cell is looked through.
    items.iter().any(|kept| !kept.item.statics.is_empty())
        && !pieces.any(|piece| exports(&piece.text))
}

/// The items of a state that the cell's code, or the types of its variables, may refer to.
pub fn needed<'a>(state: &'a State, parsed: &Parsed, plan: &Plan) -> Vec<&'a KeptItem> {
    let mut names: BTreeSet<String> = parsed.mentions.clone();
    names.extend(parsed.bindings.iter().cloned());
    names.extend(plan.reads.values().flat_map(|variable| words(&variable.type_text)));
    names.extend(
        parsed.items.iter().flat_map(|item| item.mentions.iter().chain(&item.names)).cloned(),
    );
    state.needed_items(&names)
}

/// Writes a crate around text that is no list of statements, for the compiler's own words on it. Code
/// that is not `checked` is only parsed: what its names mean is no matter while it can't be read.
pub fn broken(code: &str, cell: CellId, checked: bool) -> Source {
    let mut writer = Writer::default();
    writer.line(PRELUDE_LINE);
    writer.line(if checked { "fn cell() {" } else { "#[cfg(any())] fn cell() {" });
    writer.piece(cell, &Piece { text: code.to_owned(), line: 0, column: 0 });
    let (line, column) = last_position(code);
    writer.from(Origin::End { cell, line, column }, "}");
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
        // The seal in the function's name is also in the names of types that the statements define,
        // closures among them, so that none passes for a type of another cell.
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
        let Plan { reads, new, unkept, casts, .. } = self.plan;
        // What borrows from a variable must end before the variable is kept: a guard of a lock, the
        // writer around a file. Variables end in the opposite order of their definition.
        let mut dropped = BTreeSet::new();
        for variable in self.parsed.statements.iter().flat_map(|it| &it.variables).rev() {
            let name = &variable.name;
            let is_last = dropped.insert(name);
            if is_last && matches!(unkept.get(name), Some(Absence::Borrows { .. })) {
                writer.from(Origin::Drop(name.clone()), &format!("::std::mem::drop({name});"));
            }
        }
        for (name, variable) in new {
            if !variable.is_closure && self.plan.keeps(name) {
                let value = casts.get(name).unwrap_or(name);
                writer.keep_as(name, value, Origin::Keep);
            }
        }
        for name in
            reads.keys().filter(|name| unkept.contains_key(*name) && !new.contains_key(*name))
        {
            // The cell has moved the old value and assigned a new one, which exists only inside of
            // the closure.
            if self.plan.keeps(name) {
                writer.keep(name, Origin::Keep);
            }
        }
    }

    /// Writes the lines that take variables out of the store. They ask for all before they take
    /// any, so that one missing variable loses no other.
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
            writer.here(self.cell, &statement.piece, 0);
            writer.piece(self.cell, &statement.piece);
        }
        if !self.parsed.statements.is_empty() {
            // An expression statement at the end may lack its semicolon.
            writer.line(";");
        }
        match &self.parsed.tail {
            Some(tail) if self.silent => {
                writer.here(self.cell, tail, 1);
                writer.line("let _ = ");
                writer.piece(self.cell, tail);
                writer.line(";");
            }
            Some(tail) => {
                // The reference keeps a variable from being moved by looking at it; the `match`
                // keeps the expression's temporaries alive meanwhile.
                let (line, column) = (tail.line, tail.column);
                writer.here(self.cell, tail, 1);
                writer.from(Origin::Tail { cell: self.cell, line, column }, "match &(");
                writer.piece(self.cell, tail);
                writer.line(&format!(
                    ") {{ __akari_value => {{ ::{LAST_VALUE}!(__akari_value) }} }};"
                ));
            }
            None => {}
        }
    }

    /// Writes the lines that put the variables back, whether the cell failed or not. A variable
    /// that the cell defined anew goes back only if the cell failed.
    fn put_back(&self, writer: &mut Writer) {
        let Plan { reads, copied, new, unkept, .. } = self.plan;
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
    items: Vec<(RangeInclusive<u32>, CellId, ItemKey)>,
    statics: Statics,
    here: Here,
    is_traced: bool,
}

impl Writer {
    /// The number of the line that is written next, from 1.
    fn next_line(&self) -> u32 {
        u32::try_from(self.origins.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn line(&mut self, text: &str) {
        self.from(Origin::Generated, text);
    }

    fn from(&mut self, origin: Origin, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
        self.origins.push(origin);
    }

    fn keep(&mut self, name: &str, origin: fn(String) -> Origin) {
        self.keep_as(name, name, origin);
    }

    fn keep_as(&mut self, name: &str, value: &str, origin: fn(String) -> Origin) {
        let text = format!("::{PUT}({}_u64, {value});", slot(name));
        self.from(origin(name.to_owned()), &text);
    }

    /// Writes the macros that tell of a piece's place, which will stand after `more` other lines.
    fn here(&mut self, cell: CellId, piece: &Piece, more: u32) {
        for line in self.here.before(cell, piece, self.next_line() + more) {
            self.line(&line);
        }
    }

    fn piece(&mut self, cell: CellId, piece: &Piece) {
        self.part(cell, piece, 0..piece.text.len());
    }

    /// Writes some bytes of a piece on lines of their own, at their own column.
    fn part(&mut self, cell: CellId, piece: &Piece, part: Range<usize>) {
        let whole = self.here.text(piece);
        let Some(text) = whole.get(part.clone()) else { return };
        let (line, column) = piece.place(part.start);
        // A width in a format string could only be up to 65,535.
        self.text.extend(std::iter::repeat_n(' ', column as usize));
        self.text.push_str(text);
        self.text.push('\n');
        let lines = u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX);
        for further in 0..=lines {
            self.origins.push(Origin::Cell { cell, line: line + further });
        }
    }

    /// Writes an item's text with its statics as these are defined or declared in this source.
    fn item_text(
        &mut self,
        kept: &KeptItem,
        homes: Option<&Homes>,
        is_used: &dyn Fn(&Site) -> bool,
    ) {
        let KeptItem { cell, item } = kept;
        let mut done = 0;
        for site in &item.statics {
            let Some(homes) = homes else { break };
            let form = match (homes.instance(site), is_used(site)) {
                (Some(instance), is_used) => {
                    let form = site.declaration(&instance);
                    self.statics.uses.extend(is_used.then_some(instance));
                    form
                }
                (None, false) => continue,
                (None, true) => {
                    let instance = homes.next_instance(site);
                    let form = site.definition(&instance);
                    self.statics.defines.push(instance);
                    form
                }
            };
            let (end, line, next) = match &form {
                Form::Before(line) => (site.range.start, line, site.range.start),
                Form::Behind(line) => (site.range.end, line, site.range.end),
                Form::Instead(line) => (site.range.start, line, site.range.end),
            };
            self.part(*cell, &item.piece, done..end);
            self.line(line);
            done = next;
        }
        let is_traced = self.is_traced && item.statics.is_empty();
        for at in item.questions.iter().filter(|_| is_traced) {
            self.part(*cell, &item.piece, done..*at);
            let line = item.piece.place(*at).0;
            self.from(Origin::Cell { cell: *cell, line }, &format!(".{AT}()"));
            done = *at;
        }
        self.part(*cell, &item.piece, done..item.piece.text.len());
    }

    /// Writes an item. The compiler numbers the `impl` blocks of a crate, so a type inside of one
    /// could pass for a type inside of another cell's; such a block stands in a constant with a
    /// name of its own.
    fn item(
        &mut self,
        index: usize,
        kept: &KeptItem,
        homes: Option<&Homes>,
        is_used: &dyn Fn(&Site) -> bool,
    ) {
        let KeptItem { cell, item } = kept;
        self.here(*cell, &item.piece, 0);
        let first = self.next_line();
        let is_impl = matches!(item.key, ItemKey::TraitImpl(_) | ItemKey::InherentImpl(..));
        if is_impl && item.shape.has_inner_types {
            self.line(&format!("const __AKARI_IMPL_{index}_{UNSEALED}: () = {{"));
            self.item_text(kept, homes, is_used);
            self.line("};");
        } else {
            self.item_text(kept, homes, is_used);
        }
        self.items.push((first..=self.next_line() - 1, *cell, item.key.clone()));
    }

    fn finish(self) -> Source {
        let file = format!("cell-{}.rs", &digest(&[&self.text])[..12]);
        let Writer { text, origins, items, statics, is_traced, .. } = self;
        let (seal, metadata) = (String::new(), METADATA.to_owned());
        Source { text, origins, items, statics, is_traced, file, seal, metadata }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::instant::parse::parse;
    use crate::engine::instant::state::KeptVariable;

    const ID: CellId = CellId::Counted(2);

    /// The source of a cell in a session with a tensor `t` and a `mut` vector `v`.
    fn source(code: &str) -> Source {
        let Ok(parsed) = parse(code) else { panic!("{code} is broken") };
        let mut state = State::default().with_items(&parsed, ID);
        for (name, type_text) in [("t", "akari::Tensor"), ("v", "std::vec::Vec<i32>")] {
            let variable =
                KeptVariable { is_mut: name == "v", ..KeptVariable::of_test(type_text, 1) };
            state.variables.insert(name.to_owned(), variable);
        }
        let plan = Plan::new(&state, &parsed, BTreeMap::new());
        generate(&state, &needed(&state, &parsed, &plan), &parsed, &plan, ID, false)
    }

    /// The generated lines about variables, with their names in place of their slots.
    fn check(code: &str, expected: &[&str]) {
        let text = ["t", "v", "x"].iter().fold(source(code).text, |text, name| {
            text.replace(&format!("{}_u64", slot(name)), &format!("#{name}"))
        });
        let is_about_variables = |line: &&str| line.contains('#') && !line.contains("#[unsafe");
        let is_kept = |line: &&str| is_about_variables(line) || line.contains("__before!");
        let lines: Vec<&str> = text.lines().filter(is_kept).skip(1).collect();
        assert_eq!(lines, expected, "{code}");
    }

    #[test]
    fn variables_are_taken_from_the_store_and_put_back() {
        let has_t = "__akari_there &= ::akari::rt::has::<akari::Tensor>(#t, \"t\");";
        let take_t = "#[allow(unused_mut)] let t = ::akari::rt::take::<akari::Tensor>(#t);";
        let put_t = "::akari::rt::put(#t, t);";
        check("1 + 1", &[]);
        check("let x = 1;", &["::akari::rt::put(#x, x);"]);
        check("let f = || 1;", &[]);
        check("t.sum()", &[has_t, take_t, put_t]);
        check("let t = 1;", &[put_t]);
        check("let t = t.sum();", &[has_t, take_t, put_t, put_t]);
        check(
            "v.push(1);",
            &[
                "__akari_there &= ::akari::rt::has::<std::vec::Vec<i32>>(#v, \"v\");",
                "#[allow(unused_mut)] let mut v = ::akari::rt::take::<std::vec::Vec<i32>>(#v);",
                "let __akari_before_v = ::akari::__before!(v);",
                "::akari::rt::put_back(#v, v, __akari_before_v, __akari_done, \"v\");",
            ],
        );
    }

    #[test]
    fn variable_that_is_defined_anew_goes_back_only_after_a_failure() {
        let text = source("let t = t.sum();").text;
        let put = format!("::akari::rt::put({}_u64, t);", slot("t"));
        assert!(text.contains(&format!("if !__akari_done {{\n{put}\n}}")), "{text}");
    }

    #[test]
    fn learners_lines_stand_at_their_own_columns() {
        for code in
            ["let a = 1; let b = 2;\n  a + b", "fn f() -> u8 {\n    1\n}\nf()", "let 値 = 1; 値"]
        {
            let source = source(code);
            let mut found = 0;
            for (number, text) in (1..).zip(source.text.lines()) {
                let Origin::Cell { cell, line } = source.origin(number) else { continue };
                let column = text.chars().take_while(|c| *c == ' ').count();
                let own = code.lines().nth(line as usize).unwrap_or_default();
                let own: String = own.chars().skip(column).collect();
                assert!(cell == ID && own.starts_with(text.trim_start()), "{text} is not in {own}");
                found += 1;
            }
            assert!(found >= code.lines().count(), "{}", source.text);
        }
    }

    #[test]
    fn seal_names_the_text_and_all_that_it_is_compiled_with() {
        let seal =
            |code: &str, identity: &str, generation| source(code).sealed(identity, generation).seal;
        let first = seal("1", "rustc", 0);
        assert_eq!(seal("1", "rustc", 0), first);
        for other in [seal("2", "rustc", 0), seal("1", "rustc -O", 0), seal("1", "rustc", 1)] {
            assert_ne!(other, first);
        }
        let text = source("1").sealed("rustc", 0).text;
        assert!(text.contains(&first) && !text.contains(UNSEALED), "{text}");
    }
}
