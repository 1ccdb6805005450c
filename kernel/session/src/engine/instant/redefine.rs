//! What a cell's items do to the state: which earlier items they replace, and which variables they
//! take away because their types are no longer what they were.
//!
//! Pure. What a type depends on is followed by `layouts`.

use std::collections::BTreeMap;

use super::layouts::Layouts;
use super::parse::{Item, ItemKey, Parsed};
use super::stamp::Stamp;
use super::state::{Absence, Aside, Because, KeptItem, State};
use super::statics::Site;
use crate::engine::CellId;

impl State {
    /// The state with a cell's items and attributes, each in place of what it replaces, and without
    /// the variables whose types have changed by that.
    pub fn with_items(&self, parsed: &Parsed, cell: CellId) -> State {
        let mut next = self.clone();
        for item in &parsed.items {
            for site in &item.statics {
                next.statics.known.remove(&site.base);
            }
            if let ItemKey::Value(name) | ItemKey::Type(name) = &item.key {
                // The variable would hide the item from every later cell.
                next.variables.remove(name);
            }
            next.take_item(item, cell);
        }
        next.try_again(&parsed.items);
        for attribute in &parsed.attributes {
            match next.attributes.iter_mut().find(|(_, kept)| kept.text == attribute.text) {
                Some(same) => *same = (cell, attribute.clone()),
                None => next.attributes.push((cell, attribute.clone())),
            }
        }
        next.drop_outdated(cell);
        next
    }

    /// Takes in an item. An item with the same text keeps its place, so that the sources of later
    /// cells stay the same. A macro keeps its place too, since its calls must stand behind it.
    fn take_item(&mut self, item: &Item, cell: CellId) {
        let is_macro = matches!(item.key, ItemKey::Macro(_));
        let is_same = |kept: &KeptItem| {
            let has_key = kept.cell != cell && kept.item.key == item.key;
            has_key && (is_macro || kept.item.piece.text == item.piece.text)
        };
        let new = KeptItem { cell, item: item.clone() };
        self.aside.retain(|it| it.kept.cell == cell || !item.key.replaces(&it.kept.item.key));
        let replaced = |kept: &KeptItem| kept.cell != cell && item.key.replaces(&kept.item.key);
        let mut is_in = false;
        let mut aside = Vec::new();
        self.items.retain_mut(|kept| {
            if !is_in && is_same(kept) {
                is_in = true;
                kept.clone_from(&new);
                return true;
            }
            let goes = replaced(kept);
            if goes && has_more(&kept.item.key, &item.key) {
                let because = Because::Replaced { cell };
                aside.push(Aside { kept: kept.clone(), because, waits_for: None });
            }
            !goes
        });
        self.aside.extend(aside);
        if !is_in {
            self.items.push(new);
        }
    }

    /// Forgets variables whose types depend on something that has changed: their memory may have
    /// another layout. Statics of such types begin anew.
    pub fn drop_outdated(&mut self, cell: CellId) {
        let layouts = Layouts::new(self, cell);
        let mut stamps: BTreeMap<&str, Stamp> = BTreeMap::new();
        let mut outdated = Vec::new();
        for (name, variable) in &self.variables {
            let text = variable.type_text.as_str();
            let now = stamps.entry(text).or_insert_with(|| layouts.stamp(text));
            if let Some(item) = variable.stamp.change(now) {
                outdated.push((name.clone(), item.to_owned()));
            }
        }
        let sites = self.items.iter().flat_map(|kept| &kept.item.statics);
        let is_outdated = |site: &&Site| {
            let home = self.statics.known.get(&site.base);
            home.is_some_and(|home| home.stamp.change(&layouts.stamp(&site.types)).is_some())
        };
        let anew: Vec<String> = sites.filter(is_outdated).map(|site| site.base.clone()).collect();
        for (name, item) in outdated {
            self.forget(&name, Absence::Redefined { cell, item });
        }
        for base in anew {
            self.statics.known.remove(&base);
        }
    }
}

/// Whether an `impl` has something that the one in its place does not have.
fn has_more(old: &ItemKey, new: &ItemKey) -> bool {
    match (old, new) {
        (ItemKey::InherentImpl(_, old), ItemKey::InherentImpl(_, new)) => !old.is_subset(new),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::instant::macros::with_items_of_macros;
    use crate::engine::instant::parse::parse;
    use crate::engine::instant::state::KeptVariable;

    fn after(state: &State, code: &str, cell: u32) -> State {
        let parsed = parse(code).expect("it is a list of statements");
        state.with_items(&with_items_of_macros(parsed, state), CellId::Counted(cell))
    }

    /// Runs cells of items, one a line; gives `v` this type; runs one more cell. Returns what took
    /// the variable away, or nothing.
    fn gone(cells: &str, type_text: &str, then: &str) -> String {
        let mut state = State::default();
        for (cell, code) in cells.lines().enumerate() {
            state = after(&state, code.trim(), cell as u32);
        }
        let stamp = Layouts::new(&state, CellId::Counted(90)).stamp(type_text);
        let variable = KeptVariable { stamp, ..KeptVariable::of_test(type_text, 90) };
        state.variables.insert("v".to_owned(), variable);
        let state = after(&state, then, 91);
        match state.absent.get("v") {
            Some(Absence::Redefined { cell: CellId::Counted(91), item }) => item.clone(),
            Some(other) => format!("{other:?}"),
            None => String::new(),
        }
    }

    fn check(cells: &str, type_text: &str, then: &str, expected: &str) {
        assert_eq!(gone(cells, type_text, then), expected, "{cells}\n{type_text}\n{then}");
    }

    #[test]
    fn test_b1_constant_behind_a_constant() {
        let cells = "const INPUT: usize = 2;
            const HIDDEN: usize = 2 * INPUT;
            struct Net { b: [f32; HIDDEN], tag: u64 }";
        check(cells, "Net", "const INPUT: usize = 400;", "INPUT");
        check(cells, "std::vec::Vec<Net>", "const INPUT: usize = 400;", "INPUT");
        check(cells, "std::vec::Vec<f32>", "const INPUT: usize = 400;", "");
        check(cells, "Net", "const INPUT: usize =  2; // the same", "");
    }

    #[test]
    fn whatever_a_layout_depends_on_takes_the_variable_away() {
        let sized = "const fn size() -> usize { 4 }\nstruct S([u8; size()]);";
        check(sized, "S", "const fn size() -> usize { 9 }", "size");
        let associated =
            "struct A;\nimpl A { const N: usize = 3; fn f() {} }\nstruct S([u8; A::N]);";
        check(associated, "S", "impl A { const N: usize = 9; fn f() {} }", "impl A { N, f }");
        let of_trait =
            "trait Sized2 { const N: usize; }\nimpl Sized2 for u8 { const N: usize = 3; }
            struct S([u8; <u8 as Sized2>::N]);";
        check(of_trait, "S", "impl Sized2 for u8 { const N: usize = 9; }", "impl Sized2 for u8");
        let unnamed = "struct Count;\nimpl Iterator for Count { type Item = u8; fn next(&mut self) -> Option<u8> { None } }";
        let other = "impl Iterator for Count { type Item = u64; fn next(&mut self) -> Option<u64> { None } }";
        check(unnamed, "std::iter::Peekable<Count>", other, "impl Iterator for Count");
        let by_macro = "macro_rules! make { ($n:ident, $l:literal) => { struct $n([u8; $l]); } }\nmake!(S, 3);";
        let wider = "macro_rules! make { ($n:ident, $l:literal) => { struct $n([u64; $l]); } }";
        check(by_macro, "S", wider, "make");
        check("type Pair = (u8, u8);\nstruct S(Pair);", "S", "type Pair = (u8, u64);", "Pair");
        check("static N: usize = 3;\nstruct S([u8; N]);", "S", "static N: usize = 4;", "N");
        check("mod m { pub struct S(u8); }", "m::S", "mod m { pub struct S(u64); }", "m");
        check(
            "trait T { fn a(&self); }",
            "std::boxed::Box<dyn T>",
            "trait T { fn b(&self); fn a(&self); }",
            "T",
        );
        check("struct A(u8);", "fn(A) -> u8", "struct A(u64);", "A");
        check(
            "struct A(u8);",
            "std::rc::Rc<std::cell::RefCell<std::vec::Vec<A>>>",
            "struct A(u64);",
            "A",
        );
        check("struct A(u8);", "A", "#[repr(align(64))] struct A(u8);", "A");
        check("enum E { A = 1 }", "E", "enum E { A = 1000 }", "E");
        check(
            "struct A(u8);\nstruct B(u8);\nuse self::A as C;\nstruct S(C);",
            "S",
            "use self::B as C;",
            "C",
        );
        let alias = "struct A;\ntype B = A;\nimpl B { const N: usize = 3; }\nstruct S([u8; A::N]);";
        check(alias, "S", "impl B { const N: usize = 4; }", "impl B { N }");
    }

    #[test]
    fn what_a_layout_does_not_depend_on_keeps_the_variable() {
        let cells = "const LR: f32 = 0.1;
            fn helper() -> f32 { LR }
            #[derive(Clone)] struct Net { b: [f32; 4] }
            impl Net { fn forward(&self) -> f32 { helper() * LR } }
            impl std::fmt::Display for Net { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { Ok(()) } }";
        for then in [
            "const LR: f32 = 0.2;",
            "fn helper() -> f32 { 2.0 * LR }",
            "impl Net { fn forward(&self) -> f32 { 0.0 } }",
            "impl std::ops::Add for Net { type Output = Net; fn add(self, _: Net) -> Net { self } }",
            "#[derive(Clone, Debug)] struct Net { b: [f32; 4] }",
            "/// A net.\nstruct Net {\n    b: [f32; 4] // four\n}",
            "struct Other(u8);",
            "use candle_nn::Linear; use std::collections::*;",
            "impl Net { const NAME: &'static str = \"net\"; }",
            "mod tools { pub fn f() {} } use self::tools::*;",
        ] {
            check(cells, "Net", then, "");
            check(cells, "akari::candle_core::Tensor", then, "");
        }
        check("struct S { l: nn::Linear }", "S", "use nn::Linear;", "");
    }

    #[test]
    fn new_item_that_takes_a_name_over_takes_the_variable_away() {
        let cells = "struct S { v: Vec<u8>, t: Tensor }";
        check(cells, "S", "struct Vec<T>(T);", "Vec");
        check(cells, "S", "use std::collections::VecDeque as Vec;", "Vec");
        check(cells, "S", "struct Tensor { rank: u8 }", "Tensor");
        check(cells, "akari::candle_core::Tensor", "struct Tensor { rank: u8 }", "");
        check(cells, "S", "mod m { pub struct Vec; } use self::m::*;", "self::m::*");
        check(cells, "S", "mod m { pub struct Other; } use self::m::*;", "");
        let glob = "mod m { pub struct A(u8); }\nuse self::m::*;\nstruct S(A);";
        check(glob, "S", "mod m { pub struct A(u64); }", "m");
    }

    #[test]
    fn type_that_may_change_unseen_takes_the_variable_away() {
        for items in [
            "const N: usize = include_bytes!(\"/etc/hostname\").len();\nstruct S([u8; N]);",
            "struct S([u8; line!() as usize]);",
            "#[path = \"/tmp/m.rs\"] mod m;\nstruct S(m::A);",
        ] {
            assert_ne!(gone(items, "S", "fn other() {}"), "", "{items}");
        }
    }

    #[test]
    fn crate_that_changed_takes_the_variable_away() {
        let mut state = State::default();
        state.crates.insert("counter".to_owned(), "1".to_owned());
        let state = after(&state, "use counter::Mark; struct S(Mark);", 1);
        for type_text in ["counter::Mark", "S"] {
            let stamp = Layouts::new(&state, CellId::Counted(1)).stamp(type_text);
            let mut other = state.clone();
            other.crates.insert("rand".to_owned(), "1".to_owned());
            assert_eq!(
                stamp.change(&Layouts::new(&other, CellId::Counted(2)).stamp(type_text)),
                None
            );
            other.crates.insert("counter".to_owned(), "2".to_owned());
            assert_eq!(
                stamp.change(&Layouts::new(&other, CellId::Counted(3)).stamp(type_text)),
                Some("counter")
            );
        }
        let own = Layouts::new(&state, CellId::Counted(1)).stamp("S");
        let glob = after(&state, "use counter::*;", 2);
        assert_eq!(
            own.change(&Layouts::new(&glob, CellId::Counted(2)).stamp("S")),
            Some("counter::*")
        );
    }

    #[test]
    fn item_with_the_same_text_keeps_its_place() {
        let state = after(&State::default(), "struct A; struct B;", 1);
        let state = after(&state, "use std::fmt; fn f() {}", 2);
        let order = |state: &State| -> Vec<String> {
            state.items.iter().map(|kept| kept.item.piece.text.clone()).collect()
        };
        let again = after(&state, "struct A; struct B;", 3);
        assert_eq!(order(&again), order(&state));
        assert_eq!(again.items[0].cell, CellId::Counted(3));
        let other = after(&state, "struct A(u8); struct B;", 3);
        assert_eq!(order(&other), ["struct B;", "use std::fmt;", "fn f() {}", "struct A(u8);"]);
    }
}
