//! The cells that ran, and which variables running them again brings back.
//!
//! Pure. A process that crashed takes the values with it; the libraries of its cells are still
//! there, so a new process can run them again. Some cells are left out: a slow one, one that failed
//! or was interrupted on its way, one that ends the process again. What such a cell made or may
//! have changed is lost. A variable is back as it was, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::plain::{is_handle, is_plain};
use super::rerun::Habits;
use super::state::{Absence, KeptVariable, State};
use super::statics::{Instance, Statics};
use crate::engine::CellId;

/// A cell that ran, to its end or not.
#[derive(Debug, Clone)]
pub struct JournalEntry {
    pub cell: CellId,
    pub reach: Reach,
    pub habits: Habits,
    /// The earlier variables that the cell read, and whether the cell may have changed them.
    pub reads: Vec<(String, bool)>,
    /// The variables that the cell left behind.
    pub kept: BTreeMap<String, KeptVariable>,
    /// The variables that the cell took away.
    pub absent: BTreeMap<String, Absence>,
    /// What the learner typed when the cell asked.
    pub answers: Vec<String>,
    /// The state of the random generator after the cell, if the cell drew numbers.
    pub random: Option<String>,
    /// The statics that the cell made for later ones, and those of earlier ones that it used.
    pub statics: Statics,
}

/// How far a cell ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// The cell came to its end: running the library again does the same.
    Whole { library: PathBuf, took: Duration },
    /// The cell stopped on its way, at a place where a second run would go on.
    Cut(Cut),
}

/// What cut a cell short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    Failed,
    Interrupted,
}

/// Whether a cell may have changed a variable that it read: also a shared reference may do that.
pub fn may_change(variable: &KeptVariable, habits: Habits) -> bool {
    let KeptVariable { type_text, is_mut, .. } = variable;
    *is_mut || !is_plain(type_text) && (habits.writes_tensors || !is_handle(type_text))
}

impl JournalEntry {
    /// What a cell did between two states. `reads` says of each variable whether it may have
    /// changed.
    pub fn new(
        cell: CellId,
        reach: Reach,
        habits: Habits,
        (before, after): (&State, &State),
        reads: Vec<(String, bool)>,
    ) -> JournalEntry {
        let is_new = |(name, variable): &(&String, &KeptVariable)| {
            before.variables.get(*name) != Some(variable) || variable.cell == cell
        };
        let is_lost = |name: &&String| !after.variables.contains_key(*name);
        let ended = before.variables.keys().chain(after.absent.keys()).filter(is_lost);
        JournalEntry {
            cell,
            reach,
            habits,
            reads,
            kept: after
                .variables
                .iter()
                .filter(is_new)
                .map(|(name, variable)| (name.clone(), variable.clone()))
                .collect(),
            absent: ended
                .filter_map(|name| Some((name.clone(), after.absent.get(name)?.clone())))
                .collect(),
            answers: Vec::new(),
            random: None,
            statics: Statics::default(),
        }
    }

    /// The time that the cell took, if it came to its end.
    pub fn took(&self) -> Option<Duration> {
        match &self.reach {
            Reach::Whole { took, .. } => Some(*took),
            Reach::Cut(_) => None,
        }
    }
}

/// Why a cell was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// The cell is slow, or needs a variable that is not back. `:replay` may run it.
    Postponed,
    /// The cell was cut short the first time.
    Cut(Cut),
    /// The second run failed, or ended the process.
    FailedAgain,
}

/// A cell that was left out, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skip {
    pub cell: CellId,
    pub reason: SkipReason,
}

/// A session in a new process, as far as it is back.
#[derive(Debug, Default)]
pub struct RestoredSession {
    pub variables: BTreeMap<String, KeptVariable>,
    pub absent: BTreeMap<String, Absence>,
    /// Variables that are not back, each with the cell that was left out.
    pub lost: BTreeMap<String, Skip>,
    /// Variables that are back with perhaps another value: the cell that made them, and what it
    /// asks.
    asked: BTreeMap<String, (CellId, &'static str)>,
    /// The statics that are back as they were.
    pub statics: BTreeSet<Instance>,
    /// The values whose memory each variable may share.
    roots: BTreeMap<String, BTreeSet<Root>>,
}

/// A value whose memory others may share, by the cell and the name that made it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Root {
    /// A value that may be changed in place: a `Var`, a model, an `Rc`.
    Owner(CellId, String),
    /// A tensor; only operations in place write to it.
    Tensor(CellId, String),
}

impl RestoredSession {
    /// Whether all variables that the cell reads and all statics that it uses are back.
    pub fn can_run(&self, entry: &JournalEntry) -> bool {
        entry.statics.uses.iter().all(|instance| self.statics.contains(instance))
            && entry.reads.iter().all(|(name, _)| self.variables.contains_key(name))
    }

    /// Notes that the cell ran again and came to its end.
    pub fn ran(&mut self, entry: &JournalEntry) {
        self.statics.extend(entry.statics.defines.iter().cloned());
        self.join(entry);
        self.end(&entry.absent);
        self.ask(entry);
        for (name, variable) in &entry.kept {
            self.absent.remove(name);
            self.lost.remove(name);
            self.variables.insert(name.clone(), variable.clone());
        }
    }

    /// Notes that the cell was left out, or failed this time.
    pub fn skipped(&mut self, entry: &JournalEntry, reason: SkipReason) {
        self.statics.retain(|instance| !entry.statics.uses.contains(instance));
        let changed = entry.reads.iter().filter(|(_, may_change)| *may_change).map(|it| &it.0);
        let is_written =
            |root: &Root| matches!(root, Root::Owner(..)) || entry.habits.writes_tensors;
        let roots: BTreeSet<Root> = self.roots_of(changed.clone());
        let shares = |own: &BTreeSet<Root>| own.intersection(&roots).any(is_written);
        let shared = self.roots.iter().filter(|(_, own)| shares(own));
        let lost: BTreeSet<String> =
            shared.map(|(name, _)| name).chain(changed).chain(entry.kept.keys()).cloned().collect();
        self.join(entry);
        self.end(&entry.absent);
        for name in lost {
            if self.variables.remove(&name).is_some() || entry.kept.contains_key(&name) {
                self.asked.remove(&name);
                self.lost.insert(name, Skip { cell: entry.cell, reason });
            }
        }
    }

    fn end(&mut self, absent: &BTreeMap<String, Absence>) {
        for (name, reason) in absent {
            self.variables.remove(name);
            self.lost.remove(name);
            self.asked.remove(name);
            self.absent.insert(name.clone(), reason.clone());
        }
    }

    /// Notes which values depend on an answer from outside: those of a cell that asks, and those
    /// that are made of such values.
    fn ask(&mut self, entry: &JournalEntry) {
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

    /// Notes which variables may share memory after the cell. A new variable may hold what the cell
    /// read: a model and its optimizer share parameters. A variable that can be changed in place
    /// may also hold whatever the cell read or made beside it.
    fn join(&mut self, entry: &JournalEntry) {
        let read = self.roots_of(entry.reads.iter().map(|it| &it.0));
        let made = entry.kept.iter().filter_map(|(name, it)| root(entry.cell, name, it));
        let all: BTreeSet<Root> = read.into_iter().chain(made).collect();
        let is_owner = |name: &str| {
            let variable = self.variables.get(name);
            variable.is_some_and(|variable| {
                matches!(root(variable.cell, name, variable), Some(Root::Owner(..)))
            })
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

    /// The words for the learner.
    pub fn summary(&self, journal: &[JournalEntry]) -> String {
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
        for reason in [
            SkipReason::Cut(Cut::Interrupted),
            SkipReason::Cut(Cut::Failed),
            SkipReason::FailedAgain,
        ] {
            parts.extend(self.lost_part(reason));
        }
        parts.join("; ")
    }

    fn asked_part(&self) -> Option<String> {
        let names: Vec<&String> = self.asked.keys().collect();
        let (cell, what) = self.asked.values().next()?;
        Some(format!("{} may have other values, since {cell} asks {what}", quoted(&names)))
    }

    fn postponed_part(&self, journal: &[JournalEntry]) -> Option<String> {
        let (names, cells) = self.lost_by(SkipReason::Postponed)?;
        let again: Vec<String> = cells
            .iter()
            .map(|cell| {
                let entries = journal.iter().filter(|entry| entry.cell == *cell);
                match entries
                    .filter_map(JournalEntry::took)
                    .map(|it| it.as_secs())
                    .max()
                    .unwrap_or(0)
                {
                    0 => cell.to_string(),
                    seconds => format!("{cell} (it took {seconds} s)"),
                }
            })
            .collect();
        let again = again.join(", ");
        Some(format!("lost: {names}. Run {again} again, or `:replay`, which runs all that can be"))
    }

    fn lost_part(&self, reason: SkipReason) -> Option<String> {
        let (names, cells) = self.lost_by(reason)?;
        let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
        let words = match reason {
            SkipReason::Cut(Cut::Interrupted) => "may have changed before it was interrupted",
            SkipReason::Cut(Cut::Failed) => "may have changed before it failed",
            SkipReason::FailedAgain | SkipReason::Postponed => {
                "made or changed, and which did not run again"
            }
        };
        let cells = cells.join(", ");
        Some(format!("lost: {names}, which {cells} {words}; run the cells that make them again"))
    }

    /// The names that are lost for this reason, and the cells that were left out.
    fn lost_by(&self, reason: SkipReason) -> Option<(String, BTreeSet<CellId>)> {
        let lost = || self.lost.iter().filter(|(_, skip)| skip.reason == reason);
        let names: Vec<&String> = lost().map(|(name, _)| name).collect();
        let cells = lost().map(|(_, skip)| skip.cell).collect();
        (!names.is_empty()).then(|| (quoted(&names), cells))
    }
}

/// The value that a variable makes for others to share; none if it shares nothing.
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

    /// `reads -> kept`; the first letter tells the type: upper case for one that is changed in
    /// place, x for a tensor, others for a number.
    fn entry(cell: u32, reads: &str, kept: &str) -> JournalEntry {
        JournalEntry {
            cell: CellId::Counted(cell),
            reach: Reach::Whole {
                library: PathBuf::new(),
                took: Duration::from_secs(u64::from(cell)),
            },
            habits: Habits::default(),
            reads: reads
                .split_whitespace()
                .map(|word| (word.to_owned(), may_change(&variable(word, 0), Habits::default())))
                .collect(),
            kept: kept
                .split_whitespace()
                .map(|word| (word.to_owned(), variable(word, cell)))
                .collect(),
            absent: BTreeMap::new(),
            answers: Vec::new(),
            random: None,
            statics: Statics::default(),
        }
    }

    fn cut(cut: Cut, entry: JournalEntry) -> JournalEntry {
        JournalEntry { reach: Reach::Cut(cut), ..entry }
    }

    fn asking(what: &'static str, entry: JournalEntry) -> JournalEntry {
        JournalEntry { habits: Habits { asks: Some(what), ..entry.habits }, ..entry }
    }

    /// Replays without the cells in `slow`.
    fn replay(journal: &[JournalEntry], slow: &[u32]) -> RestoredSession {
        let mut restored = RestoredSession::default();
        for entry in journal {
            match entry.reach {
                Reach::Cut(cut) => restored.skipped(entry, SkipReason::Cut(cut)),
                Reach::Whole { .. }
                    if restored.can_run(entry)
                        && !slow.iter().any(|cell| entry.cell == CellId::Counted(*cell)) =>
                {
                    restored.ran(entry)
                }
                Reach::Whole { .. } => restored.skipped(entry, SkipReason::Postponed),
            }
        }
        restored
    }

    fn check(journal: &[JournalEntry], slow: &[u32], back: &str, lost: &str) {
        let restored = replay(journal, slow);
        let names = |names: Vec<&str>| names.join(" ");
        assert_eq!(names(restored.variables.keys().map(String::as_str).collect()), back);
        assert_eq!(names(restored.lost.keys().map(String::as_str).collect()), lost);
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
        let written = JournalEntry { habits: writes, ..entry(3, "", "") };
        let written =
            JournalEntry { reads: vec![("x1".into(), true)], ..cut(Cut::Failed, written) };
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
        assert_eq!(RestoredSession::default().summary(&[]), "items and imports are kept");
    }
}
