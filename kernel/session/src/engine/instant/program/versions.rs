//! Which item of a notebook stands where in a program. Pure.
//!
//! A program has no session, so an item that later cells redefine can't stand beside the new one. Items that never change
//! are the program's own. All others, and what names them, stand in blocks within each other: one for each run of cells
//! that agree on them, so that each cell finds what it found in the notebook. A block begins, too, where an item takes the name
//! of a variable, which would hide it.

use std::collections::BTreeSet;

use ra_ap_syntax::{AstNode, ast};

use super::cell::CellCode;
use crate::engine::instant::parse::{Item, ItemKey};
use crate::engine::instant::state::KeptItem;
use crate::engine::instant::words::words;
use crate::engine::syntax::Tree;

/// The items of a program.
#[derive(Debug, Default)]
pub struct Versions {
    /// Items that stand above `main`.
    pub common: Vec<KeptItem>,
    pub stages: Vec<Stage>,
}

/// A run of cells that agree on all items.
#[derive(Debug, Default)]
pub struct Stage {
    /// The place of its first cell among the cells.
    pub first: usize,
    /// The items that are this stage's own.
    pub items: Vec<KeptItem>,
    /// Names of variables that from here on are those of items above `main`.
    pub retaken: BTreeSet<String>,
    /// The items of the stage before that its cells go on with.
    outside: Vec<KeptItem>,
    /// The names that are others here than before.
    pub changed: BTreeSet<String>,
}

/// A function that a program can have only once.
const MAIN: &str = "main";

/// Names that a cell finds without defining them: the prelude's, and std's usual ones.
const EVERYBODYS: &[&str] = &[
    "Box",
    "D",
    "DType",
    "Device",
    "Err",
    "F",
    "Gelu",
    "IndexOp",
    "Iterator",
    "Module",
    "None",
    "Ok",
    "Optimizer",
    "Option",
    "Reduction",
    "Result",
    "Some",
    "String",
    "Tensor",
    "Var",
    "Vec",
    "assert",
    "assert_eq",
    "blank",
    "candle_core",
    "candle_nn",
    "check",
    "data",
    "display",
    "drop",
    "format",
    "hint",
    "input",
    "models",
    "nn",
    "optim",
    "plot",
    "print",
    "println",
    "progress",
    "show",
    "solution",
    "summary",
    "t",
    "tensor",
    "torch",
    "vec",
    "widget",
    "write",
    "writeln",
];

/// A variable that a cell uses, and the name in its type that means something else there than where it was made.
#[derive(Debug, PartialEq, Eq)]
pub struct Conflict {
    pub number: u32,
    pub variable: String,
    pub item: String,
}

impl Versions {
    /// The first variable that lives on from one stage to another although its type does not.
    pub fn conflict(&self, cells: &[&CellCode]) -> Option<Conflict> {
        let stage = |at: usize| self.stages.iter().rposition(|it| it.first <= at);
        let has = |stage: &Stage, name: &str| {
            stage.items.iter().any(|it| it.item.key.name() == Some(name))
        };
        for (at, cell) in cells.iter().enumerate() {
            for (variable, used) in &cell.uses {
                let made = cells.iter().position(|it| it.id == used.cell).and_then(stage);
                let (Some(made), Some(here)) = (made, stage(at)) else { continue };
                let (until, since) = self.stages[..=here].split_at(here.min(made) + 1);
                let is_another = |name: &String| {
                    until.iter().any(|it| has(it, name)) && since.iter().any(|it| has(it, name))
                };
                if let Some(item) = words(&used.type_text).find(is_another) {
                    return Some(Conflict {
                        number: cell.number,
                        variable: variable.clone(),
                        item,
                    });
                }
            }
        }
        None
    }
}

/// The items of a notebook, sorted.
pub fn versions(cells: &[&CellCode]) -> Versions {
    let mut stages: Vec<Stage> = Vec::new();
    let defined: BTreeSet<String> = cells
        .iter()
        .flat_map(|it| &it.items)
        .filter_map(|it| it.item.key.name().map(str::to_owned))
        .collect();
    for (at, cell) in cells.iter().enumerate() {
        let earlier = &cells[..at];
        let before = earlier.last().map_or(&[][..], |it| &it.items);
        let lost = before.iter().filter(|old| !has(&cell.items, &old.item));
        let mut changed: BTreeSet<String> = lost.flat_map(|old| own(&old.item, &defined)).collect();
        changed.extend(hidden(earlier, cell));
        let retaking = retaking(earlier, cell);
        let retaken: BTreeSet<String> = retaking.iter().map(|(name, _)| (*name).clone()).collect();
        let below = retaking.iter().filter(|(_, item)| !may_be_above(item));
        changed.extend(below.map(|(name, _)| (*name).clone()));
        match stages.last_mut() {
            Some(stage) if changed.is_empty() && retaken.is_empty() => {
                stage.items.clone_from(&cell.items);
            }
            _ => {
                let touched = spread(changed.clone(), before, &defined);
                let goes_on = |kept: &KeptItem| {
                    let name = kept.item.key.name();
                    !touches(&kept.item, &touched, &defined)
                        && name.is_none_or(|name| !retaken.contains(name))
                };
                let outside = before.iter().filter(|it| goes_on(it)).cloned().collect();
                let items = cell.items.clone();
                stages.push(Stage { first: at, items, retaken, outside, changed });
            }
        }
    }
    let mut common: Vec<KeptItem> = Vec::new();
    for kept in stages.iter().flat_map(|it| &it.items) {
        if !has(&common, &kept.item) {
            common.push(kept.clone());
        }
    }
    let is_changing = changing(&common, &stages, &defined);
    common.retain(|kept| !is_changing(&kept.item));
    for stage in &mut stages {
        let earlier = &cells[..stage.first];
        stage.items.retain(|kept| {
            is_changing(&kept.item)
                && !has(&stage.outside, &kept.item)
                && !is_hidden_by_variable(kept, earlier)
        });
        stage.changed.extend(stage.retaken.iter().cloned());
        let is_common = |name: &String| common.iter().any(|it| it.item.key.name() == Some(name));
        stage.retaken.retain(is_common);
    }
    Versions { common, stages }
}

/// The names that a cell's items take from everybody's, after earlier cells have used those.
fn hidden(earlier: &[&CellCode], cell: &CellCode) -> Vec<String> {
    let own = cell.items.iter().filter(|it| it.cell == cell.id);
    let names = own.filter_map(|it| it.item.key.name()).filter(|it| EVERYBODYS.contains(it));
    let is_used = |name: &str| {
        let items = earlier.iter().flat_map(|it| &it.items).map(|it| &it.item);
        !items.clone().any(|it| it.names.contains(name))
            && (earlier.iter().any(|it| it.mentions.contains(name))
                || items.clone().any(|it| it.mentions.contains(name)))
    };
    names.filter(|it| is_used(it)).map(str::to_owned).collect()
}

/// The items of a cell that take their names from earlier variables, as they do in a session.
fn retaking<'a>(earlier: &[&CellCode], cell: &'a CellCode) -> Vec<(&'a String, &'a Item)> {
    let own = cell.items.iter().filter(|it| it.cell == cell.id);
    let named = own.filter_map(|it| match &it.item.key {
        ItemKey::Value(name) | ItemKey::Type(name) => Some((name, &it.item)),
        _ => None,
    });
    named.filter(|(name, _)| earlier.iter().any(|it| it.variables.contains(*name))).collect()
}

/// Whether an item may stand above a variable of its name. Of a constant, a variable's pattern would be a comparison with it.
fn may_be_above(item: &Item) -> bool {
    let tree = Tree::parse(&item.piece.text);
    let mut items = tree
        .statements()
        .into_iter()
        .flat_map(|it| it.syntax().children())
        .filter_map(ast::Item::cast);
    matches!(items.next(), Some(ast::Item::Fn(_)))
}

fn has(items: &[KeptItem], wanted: &Item) -> bool {
    items.iter().any(|it| it.item.key == wanted.key && it.item.piece.text == wanted.piece.text)
}

/// The names that mean something else where the item is another one. An implementation is a part of its type, or of its
/// trait where the type is none of the notebook's.
fn own(item: &Item, defined: &BTreeSet<String>) -> Vec<String> {
    let ours = |text: &str| words(text).filter(|it| defined.contains(it)).collect::<Vec<_>>();
    match &item.key {
        ItemKey::TraitImpl(head) => {
            let (of, for_type) = head.rsplit_once(" for ").unwrap_or(("", head));
            let types = ours(for_type);
            if types.is_empty() { ours(of) } else { types }
        }
        ItemKey::InherentImpl(head, _) => ours(head),
        _ => item.names.iter().filter(|it| defined.contains(*it)).cloned().collect(),
    }
}

/// Whether a variable has taken the item's name.
fn is_hidden_by_variable(kept: &KeptItem, earlier: &[&CellCode]) -> bool {
    let Some(name) = kept.item.key.name() else { return false };
    let Some(from) = earlier.iter().position(|it| it.id == kept.cell) else { return false };
    earlier[from..].iter().any(|it| it.variables.contains(name))
}

/// Tells the items that are redefined, or that name one which is.
fn changing(
    all: &[KeptItem],
    stages: &[Stage],
    defined: &BTreeSet<String>,
) -> impl Fn(&Item) -> bool + use<> {
    let changed = stages.iter().flat_map(|it| it.changed.iter());
    let mut names: BTreeSet<String> = changed.filter(|it| defined.contains(*it)).cloned().collect();
    if all.iter().any(|it| it.item.key == ItemKey::Value(MAIN.to_owned())) {
        names.insert(MAIN.to_owned());
    }
    let names = spread(names, all, defined);
    let texts: BTreeSet<String> = all
        .iter()
        .filter(|it| touches(&it.item, &names, defined))
        .map(|it| it.item.piece.text.clone())
        .collect();
    move |item: &Item| texts.contains(&item.piece.text)
}

/// Names, and those of all items that name one of them.
fn spread(
    mut names: BTreeSet<String>,
    items: &[KeptItem],
    defined: &BTreeSet<String>,
) -> BTreeSet<String> {
    loop {
        let touched = items.iter().filter(|it| touches(&it.item, &names, defined));
        let more: Vec<String> = touched.flat_map(|it| own(&it.item, defined)).collect();
        let before = names.len();
        names.extend(more);
        if names.len() == before {
            return names;
        }
    }
}

/// Whether an item has one of these names, or names one.
fn touches(item: &Item, names: &BTreeSet<String>, defined: &BTreeSet<String>) -> bool {
    !item.mentions.is_disjoint(names) || own(item, defined).iter().any(|it| names.contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CellId;
    use crate::engine::instant::parse::parse;
    use crate::engine::instant::state::State;

    /// The items above `main`, and those of each stage with the number of its first cell.
    fn check(cells: &[&str], expected: &str) {
        let mut state = State::default();
        let mut codes = Vec::new();
        for (number, code) in (1..).zip(cells) {
            let id = CellId::Counted(number);
            state = state.with_items(&parse(code).expect("it is code"), id);
            let variables = code.split("let ").skip(1).filter_map(|it| words(it).next()).collect();
            let items = state.items.clone();
            codes.push(CellCode { number, id, items, variables, ..CellCode::default() });
        }
        let found = versions(&codes.iter().collect::<Vec<_>>());
        let text = |items: &[KeptItem]| {
            let texts = items.iter().map(|it| it.item.piece.text.clone());
            texts.collect::<Vec<_>>().join(" ")
        };
        let stages = found.stages.iter().map(|it| {
            let retaken: String = it.retaken.iter().map(|it| format!("= {it}")).collect();
            format!(" / {}: {}{retaken}", it.first + 1, text(&it.items))
        });
        assert_eq!(text(&found.common) + &stages.collect::<String>(), expected);
    }

    #[test]
    fn items_that_never_change_are_the_programs() {
        check(&["fn f() {}", "struct S;", "impl S {}"], "fn f() {} struct S; impl S {} / 1: ");
        check(&["fn f() {}", "fn f() {}"], "fn f() {} / 1: ");
        check(&["fn main() {}"], " / 1: fn main() {}");
    }

    #[test]
    fn everybodys_name_is_the_cells_from_there_on() {
        check(
            &["fn f() -> Result<u8> { Ok(1) }", "use std::fmt::Result;"],
            " / 1: fn f() -> Result<u8> { Ok(1) } / 2: fn f() -> Result<u8> { Ok(1) } use std::fmt::Result;",
        );
        check(&["use std::fmt::Result;"], "use std::fmt::Result; / 1: ");
    }

    #[test]
    fn name_of_a_variable_is_the_items_from_there_on() {
        check(
            &["let f = 1;", "fn f() {} fn g() {}", "let f = 2;"],
            "fn f() {} fn g() {} / 1:  / 2: = f",
        );
        check(&["fn f() {}", "let f = 1;"], "fn f() {} / 1: ");
        check(&["fn f() {}", "let f = 1;", "fn f() {}"], "fn f() {} / 1:  / 3: = f");
        check(&["let f = 1;", "macro_rules! f { () => {} }"], "macro_rules! f { () => {} } / 1: ");
        // An item that changes stands in its stage whole.
        check(
            &["fn f() {}", "fn f(a: u8) {}", "let f = 1;", "fn f(a: u8) {}", "fn f() {}"],
            " / 1: fn f() {} / 2: fn f(a: u8) {} / 4: fn f(a: u8) {} / 5: fn f() {}",
        );
        // A constant does not stand above the variable.
        check(
            &["let k = 1;", "const k: i32 = 9; fn f() -> i32 { k } fn g() {}", "static s: u8 = 1;"],
            "fn g() {} static s: u8 = 1; / 1:  / 2: const k: i32 = 9; fn f() -> i32 { k }",
        );
        // An item that stays as it was before stands in no further block, and neither does one that a variable hides.
        check(
            &["fn f() {} struct S;", "fn f(a: u8) {}", "struct S(u8);"],
            " / 1: fn f() {} struct S; / 2: fn f(a: u8) {} / 3: struct S(u8);",
        );
        check(
            &["struct S; fn f(s: S) {}", "let f = 1;", "struct S(u8);"],
            " / 1: struct S; fn f(s: S) {} / 3: struct S(u8);",
        );
        // The stage's other items go on being those of before.
        check(
            &["struct S;", "struct S(u8);", "let f = 1;", "fn f() {} fn g(s: S) {}"],
            "fn f() {} / 1: struct S; / 2: struct S(u8); / 4: fn g(s: S) {}= f",
        );
    }

    #[test]
    fn items_that_change_stand_with_what_names_them() {
        check(
            &["fn f() -> u8 { 1 } fn g() -> u8 { f() } fn h() {}", "fn f() -> u8 { 2 }"],
            "fn h() {} / 1: fn f() -> u8 { 1 } fn g() -> u8 { f() } / 2: fn g() -> u8 { f() } fn f() -> u8 { 2 }",
        );
        check(
            &["struct S; trait T {} impl T for S {}", "struct S(u8);"],
            "trait T {} / 1: struct S; impl T for S {} / 2: impl T for S {} struct S(u8);",
        );
    }
}
