//! Which item of a notebook stands where in a program. Pure.
//!
//! A program has no session, so an item that later cells redefine can't stand beside the new one. Items that never change
//! are the program's own. All others, and what names them, stand in blocks within each other: one for each run of cells
//! that agree on them, so that each cell finds what it found in the notebook.

use std::collections::BTreeSet;

use super::cell::CellCode;
use crate::engine::instant::parse::{Item, ItemKey};
use crate::engine::instant::state::KeptItem;
use crate::engine::instant::words::words;

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
        for (at, cell) in cells.iter().enumerate() {
            for (variable, used) in &cell.uses {
                let made = cells.iter().position(|it| it.id == used.cell);
                let Some(here) = made.and_then(stage).filter(|made| Some(*made) != stage(at))
                else {
                    continue;
                };
                let is_own = |name: &String| {
                    let items = &self.stages[here].items;
                    items.iter().any(|it| it.item.key.name() == Some(name))
                };
                if let Some(item) = words(&used.type_text).find(is_own) {
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
        let earlier = stages.last().into_iter().flat_map(|stage| &stage.items);
        let mut is_same = true;
        let mut changed = BTreeSet::new();
        for old in earlier.filter(|old| !has(&cell.items, &old.item)) {
            is_same = false;
            changed.extend(own(&old.item, &defined));
        }
        for name in hidden(&cells[..at], cell) {
            is_same = false;
            changed.insert(name);
        }
        match stages.last_mut() {
            Some(stage) if is_same => stage.items.clone_from(&cell.items),
            _ => stages.push(Stage { first: at, items: cell.items.clone(), changed }),
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
        stage.items.retain(|kept| is_changing(&kept.item));
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

/// Tells the items that are redefined, or that name one which is.
fn changing(
    all: &[KeptItem],
    stages: &[Stage],
    defined: &BTreeSet<String>,
) -> impl Fn(&Item) -> bool + use<> {
    let own = |item: &Item| own(item, defined);
    let lost = stages.iter().flat_map(|it| it.changed.iter());
    let mut names: BTreeSet<String> = lost.filter(|it| defined.contains(*it)).cloned().collect();
    if all.iter().any(|it| it.item.key == ItemKey::Value(MAIN.to_owned())) {
        names.insert(MAIN.to_owned());
    }
    let touches = |item: &Item, names: &BTreeSet<String>| {
        !item.mentions.is_disjoint(names) || own(item).iter().any(|it| names.contains(it))
    };
    loop {
        let more: Vec<String> = all
            .iter()
            .filter(|it| touches(&it.item, &names))
            .flat_map(|it| own(&it.item))
            .collect();
        let before = names.len();
        names.extend(more);
        if names.len() == before {
            break;
        }
    }
    let texts: BTreeSet<String> = all
        .iter()
        .filter(|it| touches(&it.item, &names))
        .map(|it| it.item.piece.text.clone())
        .collect();
    move |item: &Item| texts.contains(&item.piece.text)
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
            codes.push(CellCode { number, id, items: state.items.clone(), ..CellCode::default() });
        }
        let found = versions(&codes.iter().collect::<Vec<_>>());
        let text = |items: &[KeptItem]| {
            let texts = items.iter().map(|it| it.item.piece.text.clone());
            texts.collect::<Vec<_>>().join(" ")
        };
        let stages =
            found.stages.iter().map(|it| format!(" / {}: {}", it.first + 1, text(&it.items)));
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
