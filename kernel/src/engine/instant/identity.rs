//! Whose types a cell's types are: no two types of a session that differ have the same identity.
//!
//! Cells are crates of one name, so a type that one defines is the same type in the next, also
//! where it hides in a `Box<dyn Any>`, in a panic or in a static of a crate. A cell whose items
//! contradict those of earlier cells must not be such a crate: it gets another *generation*, and
//! with it other types, so that an older value never passes for a newer one. Pure.
//!
//! Only cells in which a value could be asked for its type have a generation; all others are of
//! the first, as are those of a session in which nothing is redefined.

use std::collections::BTreeMap;

use super::parse::{Item, ItemKey};
use super::stamp::{Layouts, Stamp};
use super::state::KeptItem;

/// The types of a source by their names, with all that they are made of.
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
    /// What contradicts the generation before it.
    pub reason: Option<String>,
}

impl Identities {
    /// The session's generation if the types fit in there, else the first in which they do, else
    /// a new one.
    pub fn choose(&self, current: usize, types: &Types) -> Choice {
        let reason = self.generations.get(current).and_then(|it| conflict(it, types));
        let fitting = || self.generations.iter().position(|it| conflict(it, types).is_none());
        let generation = match reason {
            None => current,
            Some(_) => fitting().unwrap_or(self.generations.len()),
        };
        Choice { generation, reason: reason.map(str::to_owned) }
    }

    /// A source with these types was compiled in the generation, and may run.
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
        // Those inside of an `impl` have the name of the source, see `generate`.
        if let (true, ItemKey::Type(name) | ItemKey::Value(name)) =
            (item.shape.has_inner_types, &item.key)
        {
            let inner = layouts.code_stamp(name);
            types.entry(format!("{name}'s code")).or_default().extend(inner);
        }
    }
    types
}

/// The names of types that an item defines; of a macro and its calls, those that it may define.
fn type_names(item: &Item) -> Vec<String> {
    match &item.key {
        ItemKey::Type(name) => vec![name.clone()],
        ItemKey::Other(text) if text.contains('!') => {
            let mentions = item.shape.mentions.iter();
            mentions.filter(|it| !is_primitive(it)).cloned().collect()
        }
        ItemKey::Macro(_) => {
            let words: Vec<&str> = item.shape.text.split(' ').collect();
            let named = words
                .windows(2)
                .filter(|it| matches!(it[0], "struct" | "enum" | "union" | "trait" | "mod"));
            named.map(|it| it[1].to_owned()).filter(|it| it != "$").collect()
        }
        _ => Vec::new(),
    }
}

fn is_primitive(name: &str) -> bool {
    const PRIMITIVES: &[&str] = &[
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8",
        "u16", "u32", "u64", "u128", "usize",
    ];
    PRIMITIVES.contains(&name)
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
