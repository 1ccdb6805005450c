//! What the layout of a type depends on, as a list: two of them tell which part has changed.
//!
//! Plain data; `layouts` makes it.

use std::collections::BTreeMap;

/// Everything that a type's layout depends on: each part by kind and name, with a hash of its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    pub parts: BTreeMap<Part, u64>,
    /// Whether a value of the type may hide a value of another type, as `Box<dyn Any>` does.
    pub hides: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Whether only a trait's implementation leads to the part. A new part of that kind changes
    /// nothing: a type that depends on the part would not have compiled before.
    pub is_implied: bool,
    pub kind: &'static str,
    pub name: String,
}

impl Stamp {
    /// The name of a part that has changed, or that is new and may replace an older one.
    pub fn change<'a>(&'a self, now: &'a Stamp) -> Option<&'a str> {
        let is_other = |part: &&Part| now.parts.get(*part) != self.parts.get(*part);
        let is_there = |part: &&Part| now.parts.contains_key(*part);
        let is_new = |part: &&Part| !part.is_implied && !self.parts.contains_key(*part);
        let mut changed = self.parts.keys().filter(is_other);
        let first = changed.clone().find(is_there).or_else(|| changed.next());
        first.or_else(|| now.parts.keys().find(is_new)).map(|part| part.name.as_str())
    }

    /// Takes in the parts of another stamp.
    pub fn extend(&mut self, other: Stamp) {
        self.parts.extend(other.parts);
        self.hides |= other.hides;
    }
}
