//! What earlier cells left behind: items, and the names and types of variables.
//!
//! A cell's run makes the next state from the present one, and the engine keeps the next state only
//! when the cell came to its end, so a failed cell changes nothing. The values of the variables are
//! in the child process.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::parse::{Item, ItemKey};
use super::stamp::Stamp;
use super::statics::Homes;
use crate::engine::CellId;

#[derive(Debug, Clone, Default)]
pub struct State {
    /// The items in the order of definition, which matters for macros.
    pub items: Vec<KeptItem>,
    /// Items that no longer compile with what was redefined since.
    pub aside: Vec<Aside>,
    /// `#![..]` attributes of earlier cells.
    pub attributes: Vec<(CellId, super::parse::Piece)>,
    pub variables: BTreeMap<String, KeptVariable>,
    /// The names that were variables once, and why they no longer are.
    pub absent: BTreeMap<String, Absence>,
    /// The names that a cell which failed would have defined.
    pub failed: BTreeMap<String, CellId>,
    /// The crates of `:dep` lines, each with a hash of its contents.
    pub crates: BTreeMap<String, String>,
    /// The generation of the session's types, see `identity`.
    pub generation: usize,
    /// The statics that live on from cell to cell.
    pub statics: Homes,
}

#[derive(Debug, Clone)]
pub struct KeptItem {
    pub cell: CellId,
    pub item: Item,
}

/// An item of an earlier cell that is left out of all sources.
#[derive(Debug, Clone)]
pub struct Aside {
    pub kept: KeptItem,
    pub because: Because,
    /// The item is tried again when one with this key is defined.
    pub waits_for: Option<ItemKey>,
}

/// Why an item is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// The item does not compile with a newer one of this name.
    Changed { name: String },
    /// The item does not compile since this cell.
    Unknown { cell: CellId },
    /// The item needs another one that is set aside, of this cell.
    Needs { what: String, cell: CellId },
    /// A newer implementation took the item's place without having all that it had.
    Replaced { cell: CellId },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptVariable {
    /// The type, written so that it can stand in a later cell.
    pub type_text: String,
    pub is_mut: bool,
    pub cell: CellId,
    /// What the layout of the type depended on when the variable was made.
    pub stamp: Stamp,
    /// The generation of the cell that made the variable.
    pub generation: usize,
}

/// Why a variable no longer exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Absence {
    Moved {
        cell: CellId,
    },
    /// The cell moved the value and gave the variable another one. If the cell failed, there is
    /// none.
    Replaced {
        cell: CellId,
    },
    Borrows {
        cell: CellId,
    },
    /// Like the one before, and something that ends with the cell borrows from it too.
    BorrowsToTheEnd {
        cell: CellId,
    },
    /// The type is defined inside of a block.
    Local {
        cell: CellId,
    },
    /// Another cell can't write the type, since it is private or not stable.
    Unreadable {
        cell: CellId,
    },
    Unnameable {
        cell: CellId,
    },
    /// The value locks stdin, stdout or stderr.
    Locks {
        cell: CellId,
    },
    Redefined {
        cell: CellId,
        item: String,
    },
    /// The value may be, or contain, a value of a type that the cell redefined.
    Hidden {
        cell: CellId,
        item: String,
    },
    ProcessEnded {
        cell: CellId,
    },
}

impl Absence {
    /// The cell in which the variable went.
    fn cell(&mut self) -> &mut CellId {
        match self {
            Absence::Moved { cell }
            | Absence::Replaced { cell }
            | Absence::Borrows { cell }
            | Absence::BorrowsToTheEnd { cell }
            | Absence::Local { cell }
            | Absence::Unreadable { cell }
            | Absence::Unnameable { cell }
            | Absence::Locks { cell }
            | Absence::Redefined { cell, .. }
            | Absence::Hidden { cell, .. }
            | Absence::ProcessEnded { cell } => cell,
        }
    }

    /// The same reason, in another cell.
    pub fn in_cell(mut self, id: CellId) -> Absence {
        *self.cell() = id;
        self
    }

    /// The sentence for the learner, with the way out.
    pub fn explain(&self, name: &str) -> String {
        let cell = *self.clone().cell();
        match self {
            Absence::Moved { .. } | Absence::Replaced { .. } => format!(
                "`{name}` was moved in {cell} and can't be used after that; pass `&{name}` or `{name}.clone()` there, and run the cell that defines it again"
            ),
            Absence::Borrows { .. } | Absence::BorrowsToTheEnd { .. } => format!(
                "`{name}` of {cell} borrows from something that ended with that cell, so it was not kept; store an owned value (`.clone()`, `.to_vec()`, `.to_string()`), or use it in the same cell"
            ),
            Absence::Local { .. } => format!(
                "`{name}` of {cell} has a type that is defined inside of a block, so it was not kept; define the type outside of the block, as an item of a cell"
            ),
            Absence::Unreadable { .. } => format!(
                "`{name}` of {cell} has a type that no other cell can name (it is private, inside of a function, or not stable), so it was not kept; make the type `pub`, or use `{name}` in the same cell"
            ),
            Absence::Unnameable { .. } => format!(
                "`{name}` of {cell} has a type without a name (a closure or an `impl Trait`), so it was not kept; box it, as in `let {name}: Box<dyn Fn(f32) -> f32> = Box::new(..)`, collect it, or make it a `fn`"
            ),
            Absence::Locks { .. } => format!(
                "`{name}` of {cell} locks a standard stream, which all later cells would wait for, so it was not kept; make it again in the cell that uses it"
            ),
            Absence::Redefined { item, .. } => format!(
                "`{name}` was made with an older `{item}`, which {cell} redefined; run the cell that makes `{name}` again"
            ),
            Absence::Hidden { item, .. } => format!(
                "`{name}` may hold an older `{item}`, which is another one in {cell}; run the cell that makes `{name}` again"
            ),
            Absence::ProcessEnded { .. } => format!(
                "`{name}` was lost when the process ended in {cell}; run the cell that defines it again"
            ),
        }
    }
}

impl State {
    /// Takes a variable away, and remembers why.
    pub fn forget(&mut self, name: &str, absence: Absence) {
        if self.variables.remove(name).is_some() {
            self.absent.insert(name.to_owned(), absence);
        }
    }

    /// Forgets variables that may hide a value of another generation's type, which code of this
    /// generation would not recognise, and lets statics that may do so begin anew. Returns whether
    /// there was one.
    pub fn forget_hidden(&mut self, generation: usize, item: &str, cell: CellId) -> bool {
        let is_hidden =
            |variable: &KeptVariable| variable.stamp.hides && variable.generation != generation;
        let hidden = self.variables.iter().filter(|(_, it)| is_hidden(it));
        let names: Vec<String> = hidden.map(|(name, _)| name.clone()).collect();
        for name in &names {
            self.forget(name, Absence::Hidden { cell, item: item.to_owned() });
        }
        let homes = self.statics.known.len();
        self.statics.known.retain(|_, home| !home.stamp.hides || home.generation == generation);
        !names.is_empty() || self.statics.known.len() < homes
    }

    /// The items that code with these names may need. Functions that the code doesn't mention cost
    /// nothing.
    pub fn needed_items(&self, names: &BTreeSet<String>) -> Vec<&KeptItem> {
        let mut names = names.clone();
        let mut needed = vec![false; self.items.len()];
        loop {
            let mut grew = false;
            for (index, kept) in self.items.iter().enumerate() {
                let item = &kept.item;
                // A cell may call a trait's methods without naming the trait that an import brings
                // in.
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

#[cfg(test)]
impl KeptVariable {
    /// A variable of a type, as a cell made it.
    pub fn of_test(type_text: &str, cell: u32) -> KeptVariable {
        KeptVariable {
            type_text: type_text.to_owned(),
            is_mut: false,
            cell: CellId::Counted(cell),
            stamp: Stamp::default(),
            generation: 0,
        }
    }
}
