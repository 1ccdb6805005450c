//! The cells that came to their end, and which variables running them again brings back.
//!
//! Pure. A process that crashed takes the values with it; the libraries of its cells are still
//! there, so a new process can run them again. A cell that took long is left out, and with it all
//! that it made or may have changed: a variable is back as it was, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::plain::is_plain;
use super::state::{Gone, KeptVariable, State};
use crate::engine::traceback::cell_name;

/// A cell that came to its end.
#[derive(Debug, Clone)]
pub struct Entry {
    pub cell: u32,
    pub library: PathBuf,
    pub took: Duration,
    /// The earlier variables that it read, and whether it may have changed them.
    pub reads: Vec<(String, bool)>,
    /// The variables that it left behind.
    pub kept: BTreeMap<String, KeptVariable>,
    /// Those that ended with it.
    pub gone: BTreeMap<String, Gone>,
    /// What was typed when it asked.
    pub answers: Vec<String>,
    /// Where the random generator stood afterwards, if it drew numbers.
    pub random: Option<String>,
}

impl Entry {
    /// What a cell between two states did.
    pub fn new(
        cell: u32,
        library: PathBuf,
        before: &State,
        after: &State,
        reads: &[String],
    ) -> Entry {
        let may_change = |name: &String| {
            before.variables.get(name).is_none_or(|it| it.is_mut || !is_plain(&it.type_text))
        };
        let is_new = |(name, variable): &(&String, &KeptVariable)| {
            before.variables.get(*name) != Some(variable) || variable.cell == cell
        };
        let is_lost = |name: &&String| !after.variables.contains_key(*name);
        let gone = before.variables.keys().chain(after.gone.keys()).filter(is_lost);
        Entry {
            cell,
            library,
            took: Duration::ZERO,
            reads: reads.iter().map(|name| (name.clone(), may_change(name))).collect(),
            kept: after
                .variables
                .iter()
                .filter(is_new)
                .map(|(name, variable)| (name.clone(), variable.clone()))
                .collect(),
            gone: gone
                .filter_map(|name| Some((name.clone(), after.gone.get(name)?.clone())))
                .collect(),
            answers: Vec::new(),
            random: None,
        }
    }
}

/// How far the new process is.
#[derive(Debug, Default)]
pub struct Rebuilt {
    pub variables: BTreeMap<String, KeptVariable>,
    pub gone: BTreeMap<String, Gone>,
    /// Variables that are not back, with the cell to run for them.
    pub lost: BTreeMap<String, u32>,
    /// Variables that may share memory have the same number.
    groups: BTreeMap<String, usize>,
    next_group: usize,
}

impl Rebuilt {
    /// Whether all that the cell reads is back.
    pub fn can_run(&self, entry: &Entry) -> bool {
        entry.reads.iter().all(|(name, _)| self.variables.contains_key(name))
    }

    /// The cell was run again, and came to its end.
    pub fn ran(&mut self, entry: &Entry) {
        self.join(entry);
        self.end(&entry.gone);
        for (name, variable) in &entry.kept {
            self.gone.remove(name);
            self.lost.remove(name);
            self.variables.insert(name.clone(), variable.clone());
        }
    }

    /// The cell was left out, or failed this time.
    pub fn skipped(&mut self, entry: &Entry) {
        let changed = entry.reads.iter().filter(|(_, may_change)| *may_change).map(|it| &it.0);
        let groups: BTreeSet<usize> =
            changed.clone().filter_map(|name| self.groups.get(name)).copied().collect();
        let shared = self.groups.iter().filter(|(_, group)| groups.contains(group));
        let lost: BTreeSet<String> =
            shared.map(|(name, _)| name).chain(changed).chain(entry.kept.keys()).cloned().collect();
        self.join(entry);
        self.end(&entry.gone);
        for name in lost {
            if self.variables.remove(&name).is_some() || entry.kept.contains_key(&name) {
                self.lost.insert(name, entry.cell);
            }
        }
    }

    fn end(&mut self, gone: &BTreeMap<String, Gone>) {
        for (name, reason) in gone {
            self.variables.remove(name);
            self.lost.remove(name);
            self.gone.insert(name.clone(), reason.clone());
        }
    }

    /// What a cell makes may hold what it read: a model and its optimizer share parameters.
    fn join(&mut self, entry: &Entry) {
        let read: BTreeSet<usize> =
            entry.reads.iter().filter_map(|(name, _)| self.groups.get(name)).copied().collect();
        let group = self.next_group;
        self.next_group += 1;
        for own in self.groups.values_mut().filter(|own| read.contains(own)) {
            *own = group;
        }
        for (name, variable) in &entry.kept {
            if is_plain(&variable.type_text) {
                self.groups.remove(name);
            } else {
                self.groups.insert(name.clone(), group);
            }
        }
    }

    /// What the learner is told.
    pub fn summary(&self, journal: &[Entry]) -> String {
        let names = |names: Vec<&String>| {
            let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            quoted.join(", ")
        };
        let back = names(self.variables.keys().collect());
        if self.lost.is_empty() {
            return match self.variables.len() {
                0 => "items and imports are kept".to_owned(),
                _ => format!("the earlier cells ran again unseen, and {back} have their values"),
            };
        }
        let cells: BTreeSet<u32> = self.lost.values().copied().collect();
        let again: Vec<String> = cells
            .iter()
            .map(|cell| {
                let entries = journal.iter().filter(|it| it.cell == *cell);
                let took = entries.map(|it| it.took.as_secs()).max().unwrap_or(0);
                match took {
                    0 => cell_name(*cell),
                    seconds => format!("{} (it took {seconds} s)", cell_name(*cell)),
                }
            })
            .collect();
        let lost = names(self.lost.keys().collect());
        let again = again.join(", ");
        let kept = match back.as_str() {
            "" => "items and imports are kept".to_owned(),
            back => format!("{back} have their values"),
        };
        format!("{kept}; lost: {lost}. Run {again} again, or `:replay`, which runs all of them")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `reads -> kept`, with types `T` (shared) and `i32` (plain) by the case of the name.
    fn entry(cell: u32, reads: &str, kept: &str) -> Entry {
        let variable = |name: &str| {
            let type_text = if name.chars().all(char::is_uppercase) { "akari::T" } else { "i32" };
            KeptVariable { type_text: type_text.into(), is_mut: false, cell }
        };
        Entry {
            cell,
            library: PathBuf::new(),
            took: Duration::from_secs(u64::from(cell)),
            reads: reads
                .split_whitespace()
                .map(|it| (it.to_owned(), !is_plain(&variable(it).type_text)))
                .collect(),
            kept: kept.split_whitespace().map(|it| (it.to_owned(), variable(it))).collect(),
            gone: BTreeMap::new(),
            answers: Vec::new(),
            random: None,
        }
    }

    /// Replays without the cells in `slow`; the names that are back, and those that are lost.
    fn replay(journal: &[Entry], slow: &[u32]) -> (String, String) {
        let mut rebuilt = Rebuilt::default();
        for entry in journal {
            if rebuilt.can_run(entry) && !slow.contains(&entry.cell) {
                rebuilt.ran(entry);
            } else {
                rebuilt.skipped(entry);
            }
        }
        let names = |names: Vec<&str>| names.join(" ");
        (
            names(rebuilt.variables.keys().map(String::as_str).collect()),
            names(rebuilt.lost.keys().map(String::as_str).collect()),
        )
    }

    fn check(journal: &[Entry], slow: &[u32], back: &str, lost: &str) {
        assert_eq!(replay(journal, slow), (back.to_owned(), lost.to_owned()));
    }

    #[test]
    fn without_slow_cells_all_is_back() {
        check(&[entry(1, "", "a M"), entry(2, "a M", "O")], &[], "M O a", "");
    }

    #[test]
    fn what_a_slow_cell_may_have_changed_is_lost_with_all_that_shares_it() {
        let journal = [
            entry(1, "", "M a"),
            entry(2, "M", "O"),
            entry(3, "", "X"),
            entry(4, "O X a", "loss"),
            entry(5, "a", "b"),
            entry(6, "loss", "c"),
        ];
        check(&journal, &[4], "a b", "M O X c loss");
    }

    #[test]
    fn variable_made_again_is_back() {
        let journal = [entry(1, "", "M"), entry(2, "M", ""), entry(3, "", "M")];
        check(&journal, &[2], "M", "");
        check(&journal, &[1], "M", "");
        check(&journal, &[3], "", "M");
    }
}
