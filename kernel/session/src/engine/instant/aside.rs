//! Items of earlier cells that no longer compile with what was redefined: set aside, not fatal.
//!
//! The compiler decides: an error in the line of an earlier cell, whose items all compiled when it
//! ran, comes of a change since then. `build` takes such items out of the state and compiles again.
//! An item comes back when its cell runs again, and is tried again when what it did not fit is
//! redefined once more. Pure.

use std::collections::BTreeSet;

use super::compile::Diagnostic;
use super::generate::Source;
use super::parse::{Item, ItemKey};
use super::state::{Aside, Because, KeptItem, State};
use super::words::words;
use crate::engine::CellId;

/// An item that an error of the compiler says no longer fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    pub cell: CellId,
    pub key: ItemKey,
    pub how: How,
}

/// In which way an item does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// The compiler finds errors in the item; these are the words of their texts.
    Broken { words: BTreeSet<String> },
    /// The item says the same as a newer one, which counts.
    Doubled,
    /// The derive of a trait, which stands at these bytes of the item's text, says the same as a
    /// newer implementation.
    DoubledDerive { start: usize, end: usize },
}

/// Errors that say that two items define the same.
const DOUBLED: &[&str] = &["E0119", "E0592", "E0428", "E0255", "E0252", "E0254", "E0260"];

/// The errors of a fit that only a certain use of an item brings about, found when its code is
/// made for that use: the item itself is as right as before.
const OF_A_USE: &[&str] = &["E0080"];

/// The items of cells before `cell` that the errors are about, each once.
pub fn unfit(errors: &[&Diagnostic], source: &Source, state: &State, cell: CellId) -> Vec<Unfit> {
    let mut found: Vec<Unfit> = Vec::new();
    for error in errors {
        let Some(unfit) = unfit_of(error, source, state, cell) else { continue };
        let known = found.iter_mut().find(|it| it.cell == unfit.cell && it.key == unfit.key);
        match (known.map(|it| &mut it.how), unfit.how) {
            (Some(How::Broken { words }), How::Broken { words: more }) => words.extend(more),
            (Some(_), _) => {}
            (None, how) => found.push(Unfit { how, ..unfit }),
        }
    }
    found
}

fn unfit_of(error: &Diagnostic, source: &Source, state: &State, cell: CellId) -> Option<Unfit> {
    let code = error.code.as_ref().map_or("", |it| it.code.as_str());
    let is_of_a_use = OF_A_USE.contains(&code) || error.message.contains("while instantiating");
    if is_of_a_use {
        return None;
    }
    let is_doubled = DOUBLED.contains(&code);
    let spans = error.spans.iter().filter(|span| span.is_primary || is_doubled);
    let items = spans.filter_map(|span| {
        let span = span.outermost();
        source.is_file(&span.file_name).then(|| source.item(span.line_start))?
    });
    // Of two earlier items that say the same, the older one goes.
    let items = items.map(|(_, origin, key)| (*origin, key));
    let (origin, key) = items.filter(|(origin, _)| *origin != cell).min_by_key(|it| it.0)?;
    let how = match (is_doubled, key) {
        // A type stays, also where something else than a derive has made the older implementation.
        (true, ItemKey::Type(_)) if code == "E0119" => {
            let kept = state.items.iter().find(|it| it.cell == origin && it.item.key == *key)?;
            let (start, end) = derive_of(&kept.item.piece.text, trait_of(&error.message)?)?;
            How::DoubledDerive { start, end }
        }
        (true, _) => How::Doubled,
        (false, _) => How::Broken { words: words_of(error) },
    };
    Some(Unfit { cell: origin, key: key.clone(), how })
}

/// The names in the backquotes of an error and of its labels.
fn words_of(error: &Diagnostic) -> BTreeSet<String> {
    let labels = error.spans.iter().filter_map(|it| it.label.as_deref());
    let texts = std::iter::once(error.message.as_str()).chain(labels);
    texts.flat_map(|text| text.split('`').skip(1).step_by(2)).flat_map(words).collect()
}

impl State {
    /// Takes items out that do not fit what `cell` defines.
    pub fn set_aside(&mut self, unfit: &[Unfit], cell: CellId) {
        for Unfit { cell: origin, key, how } in unfit {
            let is_it = |it: &KeptItem| it.cell == *origin && it.item.key == *key;
            let Some(at) = self.items.iter().position(is_it) else { continue };
            match how {
                How::DoubledDerive { start, end } => {
                    // Spaces stand in, so that the other places of the text stay what they are.
                    let text = &mut self.items[at].item.piece.text;
                    let blank: String = text[*start..*end].chars().map(|_| ' ').collect();
                    text.replace_range(*start..*end, &blank);
                }
                How::Doubled => drop(self.items.remove(at)),
                How::Broken { words } => {
                    let kept = self.items.remove(at);
                    let (because, waits_for) = self.reason(&kept, words, cell);
                    self.aside.push(Aside { kept, because, waits_for });
                }
            }
        }
        self.drop_outdated(cell);
    }

    fn reason(
        &self,
        kept: &KeptItem,
        words: &BTreeSet<String>,
        cell: CellId,
    ) -> (Because, Option<ItemKey>) {
        if let Some(needed) = self.aside.iter().find(|it| it.is_meant(words)) {
            let what = described(&needed.kept.item);
            let because = Because::Needs { what, cell: needed.kept.cell };
            return (because, Some(needed.kept.item.key.clone()));
        }
        let reached = self.needed_items(&kept.item.mentions);
        let newer = reached.into_iter().filter(|it| it.cell > kept.cell);
        let named = newer.filter_map(|it| Some((it.item.key.name()?, it)));
        let changed = named.max_by_key(|(_, it)| {
            let is_told = !it.item.names.is_disjoint(words);
            let is_mentioned = !it.item.names.is_disjoint(&kept.item.mentions);
            (is_told, it.cell == cell, is_mentioned, it.cell)
        });
        match changed {
            Some((name, KeptItem { item, .. })) => {
                (Because::Changed { name: name.to_owned() }, Some(item.key.clone()))
            }
            None => (Because::Unknown { cell }, None),
        }
    }

    /// Items that were set aside because of one of these get another try.
    pub fn try_again(&mut self, defined: &[Item]) {
        let is_due = |it: &Aside| {
            let key = it.waits_for.as_ref();
            key.is_some_and(|key| defined.iter().any(|item| item.key.replaces(key)))
        };
        let (due, rest) = std::mem::take(&mut self.aside).into_iter().partition(is_due);
        self.aside = rest;
        let due: Vec<Aside> = due;
        self.items.extend(due.into_iter().map(|it| it.kept));
    }

    /// The way out of an error that comes of an item that is set aside.
    pub fn missed(&self, error: &Diagnostic) -> Option<String> {
        let words = words_of(error);
        self.aside.iter().find(|it| it.is_meant(&words)).map(Aside::explain)
    }
}

impl Aside {
    /// Whether an error with these words can come of the item's absence.
    fn is_meant(&self, told: &BTreeSet<String>) -> bool {
        let item = &self.kept.item;
        let is_told = |text: &str| words(text).any(|word| told.contains(&word));
        match &item.key {
            ItemKey::InherentImpl(head, members) => !members.is_disjoint(told) && is_told(head),
            // A trait's methods and operators are missed without its name; the type is always told.
            ItemKey::TraitImpl(head) => is_told(head.split_once(" for ").map_or(head, |it| it.1)),
            _ => !item.names.is_disjoint(told),
        }
    }

    /// One sentence for the learner, with the way out.
    fn explain(&self) -> String {
        let (what, cell) = (described(&self.kept.item), self.kept.cell);
        match &self.because {
            Because::Changed { name } => {
                format!("`{what}` of {cell} does not fit the new `{name}`; run {cell} again")
            }
            Because::Unknown { cell: since } => {
                format!("`{what}` of {cell} does not fit what {since} defined; run {cell} again")
            }
            Because::Needs { what: needed, cell: first } => {
                format!(
                    "`{what}` of {cell} needs `{needed}` of {first}, which does not fit what was redefined since; run {first} again, then {cell}"
                )
            }
            Because::Replaced { cell: by } => format!(
                "`{what}` of {cell} was replaced by that of {by}; what only the older one has must stand in the newer one too"
            ),
        }
    }
}

/// How an item is called in a sentence: `impl Display for Net`, `fn train`.
pub fn described(item: &Item) -> String {
    const KINDS: &[&str] =
        &["struct", "enum", "union", "trait", "type", "mod", "fn", "const", "static"];
    match &item.key {
        ItemKey::TraitImpl(head) => format!("impl {head}"),
        ItemKey::InherentImpl(head, _) => format!("impl {head}"),
        ItemKey::Import(name) => format!("use of {name}"),
        ItemKey::Macro(name) => format!("macro {name}!"),
        ItemKey::Other(text) => text.split('{').next().unwrap_or(text).trim().to_owned(),
        ItemKey::Type(name) | ItemKey::Value(name) => {
            let all: Vec<String> = words(&item.piece.text).collect();
            let at = all.iter().position(|it| it == name).unwrap_or(0);
            let kind = all[..at].iter().rev().find(|it| KINDS.contains(&it.as_str()));
            format!("{} {name}", kind.map_or("item", String::as_str))
        }
    }
}

/// The trait's own name in an error about two implementations: ``.. of trait `a::From<u8>` for ..``.
fn trait_of(message: &str) -> Option<&str> {
    let path = message.split('`').nth(1)?.split('<').next()?;
    path.rsplit("::").next()
}

/// Where a trait, with its path and the comma behind it, stands in `#[derive(..)]`.
fn derive_of(text: &str, of: &str) -> Option<(usize, usize)> {
    for (begin, opening) in text.match_indices("derive(") {
        let begin = begin + opening.len();
        let end = begin + text[begin..].find(')')?;
        let mut at = begin;
        for part in text[begin..end].split_inclusive(',') {
            let name = part.trim_end_matches(',').trim();
            if name.rsplit("::").next().is_some_and(|it| it.trim() == of) {
                return Some((at, at + part.len()));
            }
            at += part.len();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::instant::macros::with_items_of_macros;
    use crate::engine::instant::parse::parse;

    /// Runs cells of items, one each; sets aside what the error in the item `unfit` says.
    fn after(cells: &[&str], unfit: &str, told: &str) -> State {
        let mut state = State::default();
        let mut last = CellId::Counted(0);
        for (number, code) in (1..).zip(cells) {
            let parsed = parse(code).expect("it is a list of statements");
            last = CellId::Counted(number);
            state = state.with_items(&with_items_of_macros(parsed, &state), last);
        }
        let kept = state.items.iter().find(|it| described(&it.item) == unfit);
        let KeptItem { cell, item } = kept.expect("there is such an item");
        let how = How::Broken { words: words(told).collect() };
        let unfit = Unfit { cell: *cell, key: item.key.clone(), how };
        state.set_aside(&[unfit], last);
        state
    }

    fn check(cells: &[&str], unfit: &str, told: &str, expected: &str) {
        let state = after(cells, unfit, told);
        let explained: Vec<String> = state.aside.iter().map(Aside::explain).collect();
        assert_eq!(explained, [expected], "{cells:?}");
    }

    #[test]
    fn the_sentence_names_the_item_its_cell_and_the_newer_one() {
        let (old, new) = ("struct Net { w: f32 }", "struct Net { w: f32, b: f32 }");
        check(
            &[old, "impl Net { fn new() -> Net { Net { w: 1.0 } } }", new],
            "impl Net",
            "Net b",
            "`impl Net` of cell [2] does not fit the new `Net`; run cell [2] again",
        );
        check(
            &[
                "const N: usize = 3;",
                "pub(crate) fn f() -> [u8; N] { [0; N] }",
                "const N: f32 = 3.0;",
            ],
            "fn f",
            "usize f32",
            "`fn f` of cell [2] does not fit the new `N`; run cell [2] again",
        );
        check(
            &["fn f() {}", "fn g() { f() }", "let x = 1;"],
            "fn g",
            "f",
            "`fn g` of cell [2] does not fit what cell [3] defined; run cell [2] again",
        );
    }

    #[test]
    fn items_come_back_with_what_they_wait_for() {
        let old = "struct Net { w: f32 }";
        let cells = [old, "impl Net { fn new() {} }", "struct Net { b: f32 }"];
        let state = after(&cells, "impl Net", "Net");
        let names = |state: &State| -> Vec<String> {
            state.items.iter().map(|it| described(&it.item)).collect()
        };
        assert_eq!(names(&state), ["struct Net"]);
        let run = |code: &str| {
            let parsed = parse(code).expect("it is a list of statements");
            state.with_items(&parsed, CellId::Counted(9))
        };
        assert_eq!(names(&run(old)), ["struct Net", "impl Net"]);
        let again = run("impl Net { fn new() {} }");
        assert_eq!((names(&again).len(), again.aside.len()), (2, 0));
        assert_eq!(run("struct Other;").aside.len(), 1);
    }

    #[test]
    fn a_derive_is_taken_out_in_place() {
        let check = |text: &str, of: &str, expected: &str| {
            let found = derive_of(text, of).map(|(start, end)| &text[start..end]);
            assert_eq!(found.unwrap_or_default(), expected, "{text}");
        };
        check("#[derive(Clone, Debug)] struct A;", "Debug", " Debug");
        check("#[derive(Clone, Debug)] struct A;", "Clone", "Clone,");
        check("#[derive(std::fmt::Debug)]\n#[derive(Copy)] struct A;", "Debug", "std::fmt::Debug");
        check("#[derive(Clone)] struct Debug;", "Debug", "");
    }

    #[test]
    fn the_trait_is_told_from_its_path_and_parameters() {
        let of = |path: &str| {
            let message = format!("conflicting implementations of trait `{path}` for type `Net`");
            trait_of(&message).map(str::to_owned)
        };
        assert_eq!(of("std::fmt::Debug").as_deref(), Some("Debug"));
        assert_eq!(of("From<u8>").as_deref(), Some("From"));
        assert_eq!(of("std::cmp::PartialEq<std::vec::Vec<u8>>").as_deref(), Some("PartialEq"));
    }
}
