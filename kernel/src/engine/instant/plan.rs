//! What a cell does to the session's variables: which it reads, copies, defines and can't keep.
//!
//! Pure, and computed once for each source of a cell: `generate` writes it down, `build` hands it
//! over with the compiled cell, and whoever asks afterwards what the cell did asks this very value.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::{Parsed, Variable};
use super::plain::is_copyable;
use super::state::{Gone, KeptVariable, State};

#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The variables of earlier cells that the cell takes out of the store.
    pub reads: BTreeMap<String, KeptVariable>,
    /// Those of which a copy is made before the cell, because the cell may change them in place or
    /// has moved them, and is to leave them as they were if it fails.
    pub copied: BTreeSet<String>,
    /// The variables that the cell defines, a later definition in place of an earlier one.
    pub new: BTreeMap<String, Variable>,
    /// The variables that can't be kept, learned from a first try; [`Gone::Replaced`] means the
    /// old value alone.
    pub unkept: BTreeMap<String, Gone>,
}

impl Plan {
    /// The plan of a cell that meets `state`, which already holds the cell's own items.
    pub fn new(state: &State, parsed: &Parsed, unkept: BTreeMap<String, Gone>) -> Plan {
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
        let variables = parsed.statements.iter().flat_map(|it| &it.variables);
        let new = variables.map(|it| (it.name.clone(), it.clone())).collect();
        Plan { reads, copied, new, unkept }
    }

    /// Whether the cell's own value of the variable outlives it.
    pub fn keeps(&self, name: &str) -> bool {
        self.unkept.get(name).is_none_or(|it| matches!(it, Gone::Replaced { .. }))
    }
}
