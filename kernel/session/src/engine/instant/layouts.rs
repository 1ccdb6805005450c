//! Everything that the layout of a type depends on, followed from name to name through the
//! session's items, and written down as a [`Stamp`].
//!
//! Pure. `redefine` asks which variables an item takes away, `identity` which types of two cells may
//! pass for one another. The invariant of both: equal stamps mean equal layouts. An item that
//! no name leads to (a glob, a macro's call) is a part wherever it may matter.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use super::macros::{KNOWN, called_macro};
use super::parse::{Item, ItemKey};
use super::stamp::{Part, Stamp};
use super::state::{KeptItem, State};
use super::words::words;
use crate::engine::CellId;

/// Words in the texts of types whose values may hide a value of another type, and in code that asks
/// a value for its type.
const HIDING: &[&str] = &["Any", "Error", "TypeId", "type_id", "downcast", "panic_any", "unwind"];

/// The items of a state, sorted by what leads to them.
#[derive(Debug)]
pub struct Layouts<'a> {
    state: &'a State,
    /// The present cell. Parts that may change unseen have another hash in each cell.
    cell: CellId,
    by_name: HashMap<&'a str, Vec<&'a Item>>,
    /// Items that no name leads to.
    nameless: Vec<&'a Item>,
    inherent: Vec<&'a Item>,
    traits: Vec<&'a Item>,
}

/// A walk from name to name, as far as it has come.
#[derive(Default)]
struct Walk<'a> {
    names: BTreeSet<String>,
    mentions: BTreeSet<String>,
    open: Vec<String>,
    is_implied: bool,
    joined: Vec<&'a Item>,
    stamp: Stamp,
}

impl<'a> Layouts<'a> {
    pub fn new(state: &'a State, cell: CellId) -> Layouts<'a> {
        let mut layouts = Layouts {
            state,
            cell,
            by_name: HashMap::new(),
            nameless: Vec::new(),
            inherent: Vec::new(),
            traits: Vec::new(),
        };
        for KeptItem { item, .. } in &state.items {
            match &item.key {
                _ if item.shape.text.is_empty() => {}
                ItemKey::Type(name)
                | ItemKey::Value(name)
                | ItemKey::Macro(name)
                | ItemKey::Import(name) => layouts.by_name.entry(name).or_default().push(item),
                ItemKey::InherentImpl(..) => layouts.inherent.push(item),
                ItemKey::TraitImpl(_) => layouts.traits.push(item),
                ItemKey::Other(_) => layouts.nameless.push(item),
            }
        }
        layouts
    }

    /// The stamp of a type, by the names that its text looks up.
    pub fn stamp(&self, type_text: &str) -> Stamp {
        let mut walk = Walk { open: heads(type_text), ..Walk::default() };
        walk.stamp.hides = may_hide(type_text);
        self.follow(&mut walk);
        walk.is_implied = true;
        while self.implementations(&mut walk) {
            self.follow(&mut walk);
        }
        if !walk.joined.is_empty() {
            self.attributes(&mut walk.stamp);
        }
        walk.stamp
    }

    /// The stamp of the types inside of an item's code, which may depend on whatever the item
    /// mentions.
    pub fn code_stamp(&self, name: &str) -> Stamp {
        let mut stamp = Stamp::default();
        for KeptItem { item, .. } in self.state.needed_items(&BTreeSet::from([name.to_owned()])) {
            let is_import = matches!(item.key, ItemKey::Import(_));
            let (kind, name) = described(item);
            let part = Part { is_implied: is_import, kind, name: format!("{name}'s code") };
            stamp.parts.insert(part, self.hash(item, &item.piece.text));
        }
        stamp
    }

    /// Follows all open names, and the items that no name leads to where they may matter.
    fn follow(&self, walk: &mut Walk<'a>) {
        loop {
            while let Some(name) = walk.open.pop() {
                walk.mentions.insert(name.clone());
                if let Some(content) = self.state.crates.get(&name) {
                    let part =
                        Part { is_implied: walk.is_implied, kind: "crate", name: name.clone() };
                    walk.stamp.parts.insert(part, hash_of(content));
                }
                for item in self.by_name.get(name.as_str()).into_iter().flatten() {
                    self.join(item, walk);
                }
                walk.names.insert(name);
            }
            let unnamed = self.nameless.iter().filter(|item| self.may_define(item, walk));
            let reached = self.with_aliases(&walk.names);
            let inherent =
                self.inherent.iter().filter(|item| counts(item, &walk.mentions, &reached));
            let more: Vec<&Item> = unnamed.chain(inherent).copied().collect();
            if !self.join_all(more, walk) {
                return;
            }
        }
    }

    /// Takes items in; returns whether one of them is new in the walk.
    fn join_all(&self, items: Vec<&'a Item>, walk: &mut Walk<'a>) -> bool {
        let mut grew = false;
        for item in items {
            grew |= self.join(item, walk);
        }
        grew
    }

    /// Takes an item in; returns whether it is new in the walk.
    fn join(&self, item: &'a Item, walk: &mut Walk<'a>) -> bool {
        if walk.joined.iter().any(|joined| std::ptr::eq(*joined, item)) {
            return false;
        }
        walk.joined.push(item);
        let (kind, name) = described(item);
        let part = Part { is_implied: walk.is_implied, kind, name };
        walk.stamp.parts.insert(part, self.hash(item, &item.shape.text));
        walk.stamp.hides |= may_hide(&item.shape.text);
        walk.mentions.extend(item.shape.mentions.iter().cloned());
        let fresh = item.shape.heads.iter().filter(|head| !walk.names.contains(*head));
        walk.open.extend(fresh.cloned());
        true
    }

    fn hash(&self, item: &Item, text: &str) -> u64 {
        match item.shape.is_volatile {
            true => hash_of(&format!("{} {text}", self.cell)),
            false => hash_of(text),
        }
    }

    /// Takes in the trait implementations of the names so far; returns whether there was a new one.
    fn implementations(&self, walk: &mut Walk<'a>) -> bool {
        let reached = self.with_aliases(&walk.names);
        let heads = self.traits.iter().filter(|item| !item.names.is_disjoint(&reached));
        let more: Vec<&Item> = heads.copied().collect();
        self.join_all(more, walk)
    }

    /// The names, and the aliases and imports that stand for one of them.
    fn with_aliases(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let mut all = names.clone();
        for KeptItem { item, .. } in &self.state.items {
            let is_alias = match item.key {
                ItemKey::Type(_) => is_alias(&item.shape.text),
                ItemKey::Import(_) => true,
                _ => false,
            };
            if is_alias && !item.shape.mentions.is_disjoint(&all) {
                all.extend(item.names.iter().cloned());
            }
        }
        all
    }

    /// Whether a glob, a macro's call or the like may define one of the names.
    fn may_define(&self, item: &Item, walk: &Walk<'_>) -> bool {
        let names = &walk.names;
        let ItemKey::Other(text) = &item.key else { return false };
        let is_mentioned = !item.shape.mentions.is_disjoint(names);
        if let Some(name) = called_macro(&item.piece.text) {
            let rules = self.by_name.get(name).into_iter().flatten();
            let mut rules = rules.filter(|item| matches!(item.key, ItemKey::Macro(_))).peekable();
            let is_foreign = rules.peek().is_none() && !KNOWN.contains(&name);
            return is_mentioned
                || is_foreign
                || rules.any(|item| !item.shape.mentions.is_disjoint(names));
        }
        if text.ends_with(" as _") {
            return false;
        }
        if text.ends_with('*') {
            return item.shape.heads.iter().any(|head| self.glob_may_define(head, text, walk));
        }
        is_mentioned
    }

    /// Whether a glob import may define one of the names. A glob of std or of the prelude hides no
    /// other name; a glob of a crate can hide the names that every crate has, such as `Vec`.
    fn glob_may_define(&self, head: &str, path: &str, walk: &Walk<'_>) -> bool {
        if self.state.crates.contains_key(head) {
            return !walk.joined.is_empty();
        }
        words(path).any(|word| {
            self.by_name.get(word.as_str()).into_iter().flatten().any(|own| match own.key {
                ItemKey::Import(_) => {
                    let is_crate = |name: &String| self.state.crates.contains_key(name);
                    !walk.joined.is_empty() && own.shape.heads.iter().any(is_crate)
                }
                _ => !own.shape.mentions.is_disjoint(&walk.names) || own.shape.text.contains('*'),
            })
        })
    }

    /// Takes in attributes of the whole crate: some take away the names that every crate has.
    fn attributes(&self, stamp: &mut Stamp) {
        const INERT: &[&str] =
            &["allow", "warn", "deny", "forbid", "expect", "feature", "recursion_limit"];
        for (_, piece) in &self.state.attributes {
            if !words(&piece.text).next().is_some_and(|word| INERT.contains(&word.as_str())) {
                let part = Part { is_implied: false, kind: "attribute", name: piece.text.clone() };
                stamp.parts.insert(part, 0);
            }
        }
    }
}

/// Whether an `impl` of one of the types has a constant, a type or a const fn that is mentioned.
fn counts(item: &Item, mentions: &BTreeSet<String>, reached: &BTreeSet<String>) -> bool {
    let is_named = item.shape.members.iter().any(|name| mentions.contains(name));
    (is_named || item.shape.text.contains('!')) && !item.names.is_disjoint(reached)
}

/// Whether a value of a type with this text may hide a value of another type, or code with this
/// text may ask a value for its type.
pub fn may_hide(text: &str) -> bool {
    HIDING.iter().any(|word| text.contains(word))
}

fn is_alias(text: &str) -> bool {
    text.split(' ').any(|word| word == "type") && !text.contains('{')
}

/// The first name of each path in a type's text: only those are looked up in the cell.
fn heads(type_text: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut rest = type_text;
    while let Some(start) = rest.find(|c: char| c.is_alphanumeric() || c == '_') {
        let is_head = !rest[..start].ends_with("::");
        let after = &rest[start..];
        let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
        if is_head {
            heads.push(after[..end].to_owned());
        }
        rest = &after[end..];
    }
    heads
}

fn described(item: &Item) -> (&'static str, String) {
    match &item.key {
        ItemKey::Type(name) => ("type", name.clone()),
        ItemKey::Value(name) => ("value", name.clone()),
        ItemKey::Macro(name) => ("macro", name.clone()),
        ItemKey::Import(name) => ("use", name.clone()),
        ItemKey::TraitImpl(head) => ("impl", format!("impl {head}")),
        ItemKey::InherentImpl(head, names) => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            ("impl", format!("impl {head} {{ {} }}", names.join(", ")))
        }
        ItemKey::Other(text) => ("other", text.chars().take(60).collect()),
    }
}

fn hash_of(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
