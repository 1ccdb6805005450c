//! The plan of a cell: the variables that it reads, copies, defines and can't keep.
//!
//! Pure, and computed once for each source of a cell: `generate` writes the source by the plan,
//! `build` returns the plan with the compiled cell, and whoever asks later what the cell did asks
//! the plan.

use std::collections::{BTreeMap, BTreeSet};

use super::copyable::is_copyable;
use super::parse::{Parsed, Variable};
use super::state::{Absence, KeptVariable, State};

#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The variables of earlier cells that the cell takes out of the store.
    pub reads: BTreeMap<String, KeptVariable>,
    /// Variables that are copied before the cell runs. The cell may change them in place or moves
    /// them, and a failed cell is to leave them as they were.
    pub copied: BTreeSet<String>,
    /// The variables that the cell defines, a later definition in place of an earlier one.
    pub new: BTreeMap<String, Variable>,
    /// The variables that can't be kept, as a first compilation has shown. With
    /// [`Absence::Replaced`] only the old value is lost.
    pub unkept: BTreeMap<String, Absence>,
    /// What to keep in place of a variable whose type has no name; see `fn_items`.
    pub casts: BTreeMap<String, String>,
    /// Whether nothing is noted where a `?` of a function hands an error on.
    pub is_untraced: bool,
}

impl Plan {
    /// The plan of a cell that runs on `state`, which already has the cell's own items.
    pub fn new(state: &State, parsed: &Parsed, unkept: BTreeMap<String, Absence>) -> Plan {
        let reads: BTreeMap<String, KeptVariable> = state
            .variables
            .iter()
            .filter(|(name, _)| parsed.reads.contains(*name))
            .map(|(name, variable)| (name.clone(), variable.clone()))
            .collect();
        let copied = reads
            .iter()
            .filter(|(name, variable)| variable.is_mut || unkept.contains_key(*name))
            .filter(|(_, variable)| is_copyable(&variable.type_text, state))
            .map(|(name, _)| name.clone())
            .collect();
        let variables = parsed.statements.iter().flat_map(|statement| &statement.variables);
        let new = variables.map(|variable| (variable.name.clone(), variable.clone())).collect();
        Plan { reads, copied, new, unkept, casts: BTreeMap::new(), is_untraced: false }
    }

    /// Whether the value that the cell gives the variable outlives the cell.
    pub fn keeps(&self, name: &str) -> bool {
        self.unkept.get(name).is_none_or(|it| matches!(it, Absence::Replaced { .. }))
    }
}
