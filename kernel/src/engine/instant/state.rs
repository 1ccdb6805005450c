//! What earlier cells left behind: items, and the names and types of variables.
//!
//! A value. A cell's run makes the next state from this one, and the engine keeps it only when
//! the cell came to its end, so a failed cell changes nothing. The values themselves are in the
//! child process.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::parse::{Item, ItemKey, Parsed, words};
use crate::engine::traceback::cell_name;

#[derive(Debug, Clone, Default)]
pub struct State {
    /// In the order of definition, which matters for macros.
    pub items: Vec<KeptItem>,
    /// `#![..]` attributes of earlier cells.
    pub attributes: Vec<(u32, super::parse::Piece)>,
    pub variables: BTreeMap<String, KeptVariable>,
    /// Why names that once were variables no longer are.
    pub gone: BTreeMap<String, Gone>,
}

#[derive(Debug, Clone)]
pub struct KeptItem {
    pub cell: u32,
    pub item: Item,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptVariable {
    /// The type, written so that it can stand in a later cell.
    pub type_text: String,
    pub is_mut: bool,
    pub cell: u32,
}

/// Why a variable is not there any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gone {
    Moved {
        cell: u32,
    },
    /// The cell moved the value and gave the variable another one; it is gone if the cell failed.
    Replaced {
        cell: u32,
    },
    Borrows {
        cell: u32,
    },
    Unnameable {
        cell: u32,
    },
    Redefined {
        cell: u32,
        item: String,
    },
    ProcessEnded {
        cell: u32,
    },
}

impl Gone {
    /// The same in another cell.
    pub fn in_cell(mut self, number: u32) -> Gone {
        let (Gone::Moved { cell }
        | Gone::Replaced { cell }
        | Gone::Borrows { cell }
        | Gone::Unnameable { cell }
        | Gone::Redefined { cell, .. }
        | Gone::ProcessEnded { cell }) = &mut self;
        *cell = number;
        self
    }

    /// One sentence for the learner, with the way out.
    pub fn explain(&self, name: &str) -> String {
        let (Gone::Moved { cell }
        | Gone::Replaced { cell }
        | Gone::Borrows { cell }
        | Gone::Unnameable { cell }
        | Gone::Redefined { cell, .. }
        | Gone::ProcessEnded { cell }) = self;
        let cell = cell_name(*cell);
        match self {
            Gone::Moved { .. } | Gone::Replaced { .. } => format!(
                "`{name}` was moved in {cell} and can't be used after that; pass `&{name}` or `{name}.clone()` there, and run the cell that defines it again"
            ),
            Gone::Borrows { .. } => format!(
                "`{name}` of {cell} borrows from something that ended with that cell, so it was not kept; store an owned value (`.clone()`, `.to_vec()`, `.to_string()`), or use it in the same cell"
            ),
            Gone::Unnameable { .. } => format!(
                "`{name}` of {cell} has a type without a name (a closure or an `impl Trait`), so it was not kept; box it, as in `let {name}: Box<dyn Fn(f32) -> f32> = Box::new(..)`, collect it, or make it a `fn`"
            ),
            Gone::Redefined { item, .. } => format!(
                "`{name}` was made with an older `{item}`, which {cell} redefined; run the cell that makes `{name}` again"
            ),
            Gone::ProcessEnded { .. } => format!(
                "`{name}` was lost when the process ended in {cell}; run the cell that defines it again"
            ),
        }
    }
}

impl State {
    /// The state with a cell's items and attributes in it, each in place of what it replaces.
    pub fn with_items(&self, parsed: &Parsed, cell: u32) -> State {
        let mut next = self.clone();
        let mut redefined = BTreeSet::new();
        for item in &parsed.items {
            if let ItemKey::Value(name) | ItemKey::Type(name) = &item.key {
                // The variable would hide the item from every later cell.
                next.variables.remove(name);
            }
            next.items.retain(|kept| {
                let goes = kept.cell != cell && item.key.replaces(&kept.item.key);
                if goes && kept.item.piece.text != item.piece.text {
                    redefined.extend(kept.item.names.iter().cloned());
                }
                !goes
            });
            next.items.push(KeptItem { cell, item: item.clone() });
        }
        for attribute in &parsed.attributes {
            next.attributes.retain(|(_, kept)| kept.text != attribute.text);
            next.attributes.push((cell, attribute.clone()));
        }
        next.drop_outdated(&redefined, cell);
        next
    }

    /// Takes a variable away, for a reason.
    pub fn forget(&mut self, name: &str, gone: Gone) {
        if self.variables.remove(name).is_some() {
            self.gone.insert(name.to_owned(), gone);
        }
    }

    /// Forgets variables whose types reach a redefined item: their memory has the old layout.
    fn drop_outdated(&mut self, redefined: &BTreeSet<String>, cell: u32) {
        if redefined.is_empty() {
            return;
        }
        let outdated: Vec<(String, String)> = self
            .variables
            .iter()
            .filter_map(|(name, variable)| {
                let reached = self.reach(words(&variable.type_text).collect());
                let item = redefined.iter().find(|it| reached.contains(*it))?;
                Some((name.clone(), item.clone()))
            })
            .collect();
        for (name, item) in outdated {
            self.variables.remove(&name);
            self.gone.insert(name, Gone::Redefined { cell, item });
        }
    }

    /// Closes a set of names over the items they mention.
    fn reach(&self, mut names: BTreeSet<String>) -> BTreeSet<String> {
        loop {
            let before = names.len();
            for kept in &self.items {
                let is_type = matches!(kept.item.key, ItemKey::Type(_));
                if is_type && !kept.item.names.is_disjoint(&names) {
                    names.extend(kept.item.mentions.iter().cloned());
                }
            }
            if names.len() == before {
                return names;
            }
        }
    }

    /// The items that code mentioning `names` may need. A hundred earlier functions that it
    /// doesn't mention cost it nothing.
    pub fn needed_items(&self, names: &BTreeSet<String>) -> Vec<&KeptItem> {
        let mut names = names.clone();
        let mut needed = vec![false; self.items.len()];
        loop {
            let mut grew = false;
            for (index, kept) in self.items.iter().enumerate() {
                let item = &kept.item;
                // An import may be a trait's, whose methods are called without naming it.
                let is_always = item.names.is_empty() || matches!(item.key, ItemKey::Import(_));
                if !needed[index] && (is_always || !item.names.is_disjoint(&names)) {
                    needed[index] = true;
                    grew = true;
                    names.extend(item.mentions.iter().cloned());
                    names.extend(item.names.iter().cloned());
                }
            }
            if !grew {
                break;
            }
        }
        self.items
            .iter()
            .zip(needed)
            .filter_map(|(item, is_needed)| is_needed.then_some(item))
            .collect()
    }
}
