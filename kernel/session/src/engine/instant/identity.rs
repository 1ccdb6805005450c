//! The identity of a cell's types: no two types of a session that differ have the same.
//!
//! Cells are crates of one name, so a type that one cell defines is the same type in the next, also
//! where a value hides in a `Box<dyn Any>`, in a panic or in a static of a crate. A cell whose
//! items contradict those of earlier cells gets another *generation*, which the compiler takes for
//! another crate with other types: an older value never passes for a newer one. Pure.
//!
//! Only cells that could ask a value for its type are given a generation. All other cells, and all
//! cells of a session that redefines nothing, belong to the first.

use std::collections::BTreeMap;

use super::layouts::Layouts;
use super::parse::{Item, ItemKey};
use super::stamp::Stamp;
use super::state::KeptItem;
use super::words::PRIMITIVES;

/// The types of a source by their names, each with what its layout depends on.
pub type Types = BTreeMap<String, Stamp>;

/// The generations of a session's process.
#[derive(Debug, Default)]
pub struct Identities {
    generations: Vec<Types>,
}

/// The generation for a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub generation: usize,
    /// The type that the generation before contradicts, if that is why there is a new one.
    pub reason: Option<String>,
}

impl Identities {
    /// Chooses a generation that contradicts none of the types: the session's if it does not, else
    /// the first that does not, else a new one.
    pub fn choose(&self, current: usize, types: &Types) -> Choice {
        let reason =
            self.generations.get(current).and_then(|generation| conflict(generation, types));
        let fitting =
            || self.generations.iter().position(|generation| conflict(generation, types).is_none());
        let generation = match reason {
            None => current,
            Some(_) => fitting().unwrap_or(self.generations.len()),
        };
        Choice { generation, reason: reason.map(str::to_owned) }
    }

    /// Notes that a source with these types was compiled in the generation, and may run.
    pub fn adopt(&mut self, generation: usize, types: Types) {
        if self.generations.len() <= generation {
            self.generations.resize(generation + 1, Types::new());
        }
        for (name, stamp) in types {
            self.generations[generation].entry(name).or_default().extend(stamp);
        }
    }
}

fn conflict<'a>(generation: &'a Types, types: &'a Types) -> Option<&'a str> {
    types.iter().find_map(|(name, now)| generation.get(name)?.change(now))
}

/// The types that a source defines with these items.
pub fn types_of(items: &[&KeptItem], layouts: &Layouts<'_>) -> Types {
    let mut types = Types::new();
    for KeptItem { item, .. } in items {
        for name in type_names(item) {
            let stamp = layouts.stamp(&name);
            types.entry(name).or_default().extend(stamp);
        }
        // Types inside of an `impl` have a name with the source's seal, see `generate`.
        if let (true, ItemKey::Type(name) | ItemKey::Value(name)) =
            (item.shape.has_inner_types, &item.key)
        {
            let inner = layouts.code_stamp(name);
            types.entry(format!("{name}'s code")).or_default().extend(inner);
        }
    }
    types
}

/// The names of the types that an item defines, or that a macro or its call may define.
fn type_names(item: &Item) -> Vec<String> {
    match &item.key {
        ItemKey::Type(name) => vec![name.clone()],
        ItemKey::Other(text) if text.contains('!') => {
            let mentions = item.shape.mentions.iter();
            mentions.filter(|name| !PRIMITIVES.contains(&name.as_str())).cloned().collect()
        }
        ItemKey::Macro(_) => {
            let words: Vec<&str> = item.shape.text.split(' ').collect();
            let named = words
                .windows(2)
                .filter(|pair| matches!(pair[0], "struct" | "enum" | "union" | "trait" | "mod"));
            named.map(|pair| pair[1].to_owned()).filter(|name| name != "$").collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CellId;
    use crate::engine::instant::macros::with_items_of_macros;
    use crate::engine::instant::parse::parse;
    use crate::engine::instant::state::State;

    /// Compiles one cell of items after another; the generations that they get.
    fn generations(cells: &[&str]) -> Vec<usize> {
        let (mut state, mut identities) = (State::default(), Identities::default());
        let mut found = Vec::new();
        for (cell, code) in cells.iter().enumerate() {
            let parsed = with_items_of_macros(parse(code).expect("it is code"), &state);
            let cell = CellId::Counted(cell as u32);
            state = state.with_items(&parsed, cell);
            let items: Vec<&KeptItem> = state.items.iter().collect();
            let types = types_of(&items, &Layouts::new(&state, cell));
            let choice = identities.choose(state.generation, &types);
            state.generation = choice.generation;
            identities.adopt(choice.generation, types);
            found.push(choice.generation);
        }
        found
    }

    #[test]
    fn types_that_differ_have_another_identity() {
        let (a, b) = ("struct A(u8);", "struct A(u64);");
        assert_eq!(generations(&[a, "struct B;", "fn f() {}", "impl A { fn f() {} }", a]), [0; 5]);
        assert_eq!(generations(&[a, b, a, b]), [0, 1, 0, 1]);
        let constant = "const N: usize = 1; struct A([u8; N]);";
        assert_eq!(generations(&[constant, "const N: usize = 2;"]), [0, 1]);
        let made = "macro_rules! m { ($n:ident, $t:ty) => { struct $n($t); } } m!(A, u8);";
        assert_eq!(
            generations(&[made, "macro_rules! m { ($n:ident, $t:ty) => { struct $n([$t; 9]); } }"]),
            [0, 1]
        );
    }

    #[test]
    fn types_inside_of_code_have_an_identity_too() {
        let inner = |size: u8| {
            format!("fn f() -> Box<dyn Any> {{ struct L([u8; {size}]); Box::new(L([0; {size}])) }}")
        };
        assert_eq!(generations(&[&inner(1), &inner(2), "use std::any::Any;"]), [0, 1, 1]);
        let closure =
            "fn g() -> u8 { 1 } fn f() -> Box<dyn Fn() -> u8> { let x = g(); Box::new(move || x) }";
        assert_eq!(generations(&[closure, "fn g() -> u64 { 1 }"]), [0, 1]);
        assert_eq!(generations(&["fn f() -> u8 { 1 }", "fn f() -> u8 { 2 }"]), [0, 0]);
    }
}
