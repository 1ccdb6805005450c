//! The cells that ran, and which variables running them again brings back.
//!
//! Pure. A process that crashed takes the values with it; the libraries of its cells are still
//! there, so a new process can run them again. A cell that is left out takes all along that it made
//! or may have changed: one that took long, one that failed or was interrupted on its way, one
//! that ends the process again. A variable is back as it was, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::plain::{is_handle, is_plain};
use super::rerun::Habits;
use super::state::{Gone, KeptVariable, State};
use crate::engine::CellId;

/// A cell that ran, to its end or not.
#[derive(Debug, Clone)]
pub struct Entry {
    pub cell: CellId,
    pub ran: Ran,
    pub habits: Habits,
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

/// How far a cell ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// To its end: running the library again does the same.
    Whole { library: PathBuf, took: Duration },
    /// Up to a place that a second run would not stop at.
    Cut(Cut),
}

/// What cut a cell short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    Failed,
    Interrupted,
}

/// Whether a cell may have changed a variable that it read, behind a shared reference too.
pub fn may_change(variable: &KeptVariable, habits: Habits) -> bool {
    let KeptVariable { type_text, is_mut, .. } = variable;
    *is_mut || !is_plain(type_text) && (habits.writes_tensors || !is_handle(type_text))
}

impl Entry {
    /// What a cell between two states did. `reads` says of each variable whether it may have changed.
    pub fn new(
        cell: CellId,
        ran: Ran,
        habits: Habits,
        (before, after): (&State, &State),
        reads: Vec<(String, bool)>,
    ) -> Entry {
        let is_new = |(name, variable): &(&String, &KeptVariable)| {
            before.variables.get(*name) != Some(variable) || variable.cell == cell
        };
        let is_lost = |name: &&String| !after.variables.contains_key(*name);
        let gone = before.variables.keys().chain(after.gone.keys()).filter(is_lost);
        Entry {
            cell,
            ran,
            habits,
            reads,
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

    /// How long the cell took, where it came to its end.
    pub fn took(&self) -> Option<Duration> {
        match &self.ran {
            Ran::Whole { took, .. } => Some(*took),
            Ran::Cut(_) => None,
        }
    }
}

/// Why a cell was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Running it takes long, or needs what is not back; asking for it may help.
    Postponed,
    /// It was cut short the first time.
    Cut(Cut),
    /// It failed, or ended the process, the second time.
    FailedAgain,
}

/// A cell that was left out, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skip {
    pub cell: CellId,
    pub why: Why,
}

/// How far the new process is.
#[derive(Debug, Default)]
pub struct Rebuilt {
    pub variables: BTreeMap<String, KeptVariable>,
    pub gone: BTreeMap<String, Gone>,
    /// Variables that are not back, with the cell that was left out.
    pub lost: BTreeMap<String, Skip>,
    /// Variables that are back, and may have another value, with what their cell asks.
    asked: BTreeMap<String, (CellId, &'static str)>,
    /// What the memory of each variable may be a part of.
    roots: BTreeMap<String, BTreeSet<Root>>,
}

/// Something that others may share the memory of, by the cell and the name that brought it in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Root {
    /// A value that may be changed in place: a `Var`, a model, an `Rc`.
    Owner(CellId, String),
    /// A tensor, which only operations in place write to.
    Tensor(CellId, String),
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
        self.ask(entry);
        for (name, variable) in &entry.kept {
            self.gone.remove(name);
            self.lost.remove(name);
            self.variables.insert(name.clone(), variable.clone());
        }
    }

    /// The cell was left out, or failed this time.
    pub fn skipped(&mut self, entry: &Entry, why: Why) {
        let changed = entry.reads.iter().filter(|(_, may_change)| *may_change).map(|it| &it.0);
        let is_written =
            |root: &Root| matches!(root, Root::Owner(..)) || entry.habits.writes_tensors;
        let roots: BTreeSet<Root> = self.roots_of(changed.clone());
        let shares = |own: &BTreeSet<Root>| own.intersection(&roots).any(is_written);
        let shared = self.roots.iter().filter(|(_, own)| shares(own));
        let lost: BTreeSet<String> =
            shared.map(|(name, _)| name).chain(changed).chain(entry.kept.keys()).cloned().collect();
        self.join(entry);
        self.end(&entry.gone);
        for name in lost {
            if self.variables.remove(&name).is_some() || entry.kept.contains_key(&name) {
                self.asked.remove(&name);
                self.lost.insert(name, Skip { cell: entry.cell, why });
            }
        }
    }

    fn end(&mut self, gone: &BTreeMap<String, Gone>) {
        for (name, reason) in gone {
            self.variables.remove(name);
            self.lost.remove(name);
            self.asked.remove(name);
            self.gone.insert(name.clone(), reason.clone());
        }
    }

    /// Values that depend on an answer from outside: the cell's own, and those made of such.
    fn ask(&mut self, entry: &Entry) {
        let own = entry.habits.asks.map(|what| (entry.cell, what));
        let inherited = entry.reads.iter().find_map(|(name, _)| self.asked.get(name).copied());
        let changed = entry.reads.iter().filter(|(_, may_change)| *may_change).map(|it| &it.0);
        for name in entry.kept.keys().chain(changed) {
            match inherited.or(own) {
                Some(asked) => self.asked.insert(name.clone(), asked),
                None => self.asked.remove(name),
            };
        }
    }

    /// What a cell makes may hold what it read: a model and its optimizer share parameters. What
    /// can be changed in place may also hold what the cell read or made beside it.
    fn join(&mut self, entry: &Entry) {
        let read = self.roots_of(entry.reads.iter().map(|it| &it.0));
        let made = entry.kept.iter().filter_map(|(name, it)| root(entry.cell, name, it));
        let all: BTreeSet<Root> = read.into_iter().chain(made).collect();
        let is_owner = |name: &str| {
            let variable = self.variables.get(name);
            variable.is_some_and(|it| matches!(root(it.cell, name, it), Some(Root::Owner(..))))
        };
        let names = entry.reads.iter().map(|it| &it.0).filter(|name| is_owner(name));
        let owners: Vec<String> = names.cloned().collect();
        for name in owners {
            self.roots.entry(name).or_default().extend(all.iter().cloned());
        }
        for (name, variable) in &entry.kept {
            match root(entry.cell, name, variable) {
                Some(_) => self.roots.insert(name.clone(), all.clone()),
                None => self.roots.remove(name),
            };
        }
    }

    fn roots_of<'a>(&self, names: impl Iterator<Item = &'a String>) -> BTreeSet<Root> {
        names.filter_map(|name| self.roots.get(name)).flatten().cloned().collect()
    }

    /// What the learner is told.
    pub fn summary(&self, journal: &[Entry]) -> String {
        let same: Vec<&String> =
            self.variables.keys().filter(|name| !self.asked.contains_key(*name)).collect();
        let mut parts = Vec::new();
        match (same.is_empty(), self.lost.is_empty()) {
            (true, _) if self.asked.is_empty() => parts.push("items and imports are kept".into()),
            (true, _) => {}
            (false, true) => parts.push(format!(
                "the earlier cells ran again unseen, and {} have their values",
                quoted(&same)
            )),
            (false, false) => parts.push(format!("{} have their values", quoted(&same))),
        }
        parts.extend(self.asked_part());
        parts.extend(self.postponed_part(journal));
        for why in [Why::Cut(Cut::Interrupted), Why::Cut(Cut::Failed), Why::FailedAgain] {
            parts.extend(self.lost_part(why));
        }
        parts.join("; ")
    }

    fn asked_part(&self) -> Option<String> {
        let names: Vec<&String> = self.asked.keys().collect();
        let (cell, what) = self.asked.values().next()?;
        Some(format!("{} may have other values, since {cell} asks {what}", quoted(&names)))
    }

    fn postponed_part(&self, journal: &[Entry]) -> Option<String> {
        let (names, cells) = self.lost_by(Why::Postponed)?;
        let again: Vec<String> = cells
            .iter()
            .map(|cell| {
                let entries = journal.iter().filter(|it| it.cell == *cell);
                match entries.filter_map(Entry::took).map(|it| it.as_secs()).max().unwrap_or(0) {
                    0 => cell.to_string(),
                    seconds => format!("{cell} (it took {seconds} s)"),
                }
            })
            .collect();
        let again = again.join(", ");
        Some(format!("lost: {names}. Run {again} again, or `:replay`, which runs all that can be"))
    }

    fn lost_part(&self, why: Why) -> Option<String> {
        let (names, cells) = self.lost_by(why)?;
        let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
        let reason = match why {
            Why::Cut(Cut::Interrupted) => "may have changed before it was interrupted",
            Why::Cut(Cut::Failed) => "may have changed before it failed",
            Why::FailedAgain | Why::Postponed => "made or changed, and which did not run again",
        };
        let cells = cells.join(", ");
        Some(format!("lost: {names}, which {cells} {reason}; run the cells that make them again"))
    }

    /// The names that are lost for this reason, and the cells that were left out.
    fn lost_by(&self, why: Why) -> Option<(String, BTreeSet<CellId>)> {
        let lost = || self.lost.iter().filter(|(_, skip)| skip.why == why);
        let names: Vec<&String> = lost().map(|(name, _)| name).collect();
        let cells = lost().map(|(_, skip)| skip.cell).collect();
        (!names.is_empty()).then(|| (quoted(&names), cells))
    }
}

/// What a variable's memory is, unless nothing else can be a part of it.
fn root(cell: CellId, name: &str, variable: &KeptVariable) -> Option<Root> {
    match &variable.type_text {
        plain if is_plain(plain) => None,
        handle if is_handle(handle) => Some(Root::Tensor(cell, name.to_owned())),
        _ => Some(Root::Owner(cell, name.to_owned())),
    }
}

fn quoted(names: &[&String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, cell: u32) -> KeptVariable {
        let type_text = match name {
            _ if name.starts_with('x') => "akari::Tensor",
            _ if name.starts_with(char::is_uppercase) => "akari::Linear",
            _ => "i32",
        };
        KeptVariable::of_test(type_text, cell)
    }

    /// `reads -> kept`; the first letter tells the type: upper case for one that is changed in place,
    /// x for a tensor, others for a number.
    fn entry(cell: u32, reads: &str, kept: &str) -> Entry {
        Entry {
            cell: CellId::Counted(cell),
            ran: Ran::Whole { library: PathBuf::new(), took: Duration::from_secs(u64::from(cell)) },
            habits: Habits::default(),
            reads: reads
                .split_whitespace()
                .map(|it| (it.to_owned(), may_change(&variable(it, 0), Habits::default())))
                .collect(),
            kept: kept.split_whitespace().map(|it| (it.to_owned(), variable(it, cell))).collect(),
            gone: BTreeMap::new(),
            answers: Vec::new(),
            random: None,
        }
    }

    fn cut(cut: Cut, entry: Entry) -> Entry {
        Entry { ran: Ran::Cut(cut), ..entry }
    }

    fn asking(what: &'static str, entry: Entry) -> Entry {
        Entry { habits: Habits { asks: Some(what), ..entry.habits }, ..entry }
    }

    /// Replays without the cells in `slow`.
    fn replay(journal: &[Entry], slow: &[u32]) -> Rebuilt {
        let mut rebuilt = Rebuilt::default();
        for entry in journal {
            match entry.ran {
                Ran::Cut(cut) => rebuilt.skipped(entry, Why::Cut(cut)),
                Ran::Whole { .. }
                    if rebuilt.can_run(entry)
                        && !slow.iter().any(|cell| entry.cell == CellId::Counted(*cell)) =>
                {
                    rebuilt.ran(entry)
                }
                Ran::Whole { .. } => rebuilt.skipped(entry, Why::Postponed),
            }
        }
        rebuilt
    }

    fn check(journal: &[Entry], slow: &[u32], back: &str, lost: &str) {
        let rebuilt = replay(journal, slow);
        let names = |names: Vec<&str>| names.join(" ");
        assert_eq!(names(rebuilt.variables.keys().map(String::as_str).collect()), back);
        assert_eq!(names(rebuilt.lost.keys().map(String::as_str).collect()), lost);
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
    fn tensor_that_was_only_read_beside_a_model_is_not_lost() {
        let journal = [
            entry(1, "", "M"),
            entry(2, "", "x1"),
            entry(3, "M x1", "x2"),
            cut(Cut::Interrupted, entry(4, "M x1", "")),
            entry(5, "x1", "x3"),
        ];
        check(&journal, &[], "x1 x3", "M x2");
    }

    #[test]
    fn tensor_that_may_be_a_view_of_a_written_one_is_lost() {
        let writes = Habits { writes_tensors: true, ..Habits::default() };
        let written = Entry { habits: writes, ..entry(3, "", "") };
        let written = Entry { reads: vec![("x1".into(), true)], ..cut(Cut::Failed, written) };
        check(
            &[entry(1, "", "x1"), entry(2, "x1", "x2"), entry(2, "", "x3"), written],
            &[],
            "x3",
            "x1 x2",
        );
    }

    #[test]
    fn variable_made_again_is_back() {
        let journal = [entry(1, "", "M"), entry(2, "M", ""), entry(3, "", "M")];
        check(&journal, &[2], "M", "");
        check(&journal, &[1], "M", "");
        check(&journal, &[3], "", "M");
    }

    #[test]
    fn what_a_cut_cell_may_have_changed_is_lost() {
        for why in [Cut::Failed, Cut::Interrupted] {
            let journal = [
                entry(1, "", "M a"),
                entry(2, "M", "O"),
                cut(why, entry(3, "M a", "")),
                entry(4, "a", "b"),
            ];
            check(&journal, &[], "a b", "M O");
        }
        let journal =
            [entry(1, "", "M"), cut(Cut::Interrupted, entry(2, "M", "")), entry(3, "", "M")];
        check(&journal, &[], "M", "");
    }

    #[test]
    fn tensors_change_only_where_they_are_written_to() {
        let tensor = |is_mut| KeptVariable { is_mut, ..KeptVariable::of_test("akari::Tensor", 1) };
        let writes = Habits { writes_tensors: true, ..Habits::default() };
        assert!(!may_change(&tensor(false), Habits::default()));
        assert!(may_change(&tensor(true), Habits::default()));
        assert!(may_change(&tensor(false), writes));
        let var = KeptVariable { type_text: "akari::Var".into(), ..tensor(false) };
        assert!(may_change(&var, Habits::default()));
    }

    #[test]
    fn summary_claims_no_more_than_is_true() {
        let journal = [
            entry(1, "", "a M"),
            asking("the clock", entry(2, "", "t")),
            entry(3, "t", "u"),
            cut(Cut::Interrupted, entry(4, "M", "")),
            entry(5, "", "slow"),
        ];
        assert_eq!(
            replay(&journal, &[5]).summary(&journal),
            "`a` have their values; `t`, `u` may have other values, since cell [2] asks the clock; \
             lost: `slow`. Run cell [5] (it took 5 s) again, or `:replay`, which runs all that can be; \
             lost: `M`, which cell [4] may have changed before it was interrupted; run the cells that make them again"
        );
        assert_eq!(
            replay(&journal[..1], &[]).summary(&journal),
            "the earlier cells ran again unseen, and `M`, `a` have their values"
        );
        assert_eq!(Rebuilt::default().summary(&[]), "items and imports are kept");
    }
}
