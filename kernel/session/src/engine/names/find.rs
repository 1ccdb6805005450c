//! The name that stands at a place in code, among all that are known.

use super::around::around;
use super::complete::COMMANDS;
use super::infer::members::{bounds_around, members};
use super::infer::scope::Scope;
use super::known::Known;
use super::words;
use crate::engine::cursor::{Place, word_start};
use crate::engine::name::{Name, of_values};

/// The name that ends at a place, and whether it may be known to an analyser, and to nobody else.
pub fn at_end_of(
    known: &Known<'_>,
    commands: &[Name],
    code: &str,
    end: usize,
) -> (Option<Name>, bool) {
    let start = word_start(&code[..end]);
    let word = &code[start..end];
    let behind_macro = code[..end].strip_suffix('!').map(str::len);
    if let Some(end) = behind_macro.filter(|end| word_start(&code[..*end]) < *end) {
        return at_end_of(known, commands, code, end);
    }
    match Place::at(code, end) {
        Place::Command { start } => {
            let mut commands = commands.iter();
            let is_it = |it: &&Name| it.module == COMMANDS && it.name == code[start..end];
            (commands.find(is_it).cloned(), false)
        }
        Place::Nothing => (None, false),
        _ if word.is_empty() => (None, false),
        Place::Member { start, .. } => member(known, code, start, word),
        _ => {
            let before = code[..start].trim_end().strip_suffix("::");
            let found = match before {
                Some(before) => in_module(known, &before[word_start(before)..], word),
                None => field(known, code, start, word)
                    .or_else(|| local(known, code, start, end))
                    .or_else(|| alone(known, word, code[end..].starts_with('!'))),
            };
            (found, false)
        }
    }
}

fn member(known: &Known<'_>, code: &str, start: usize, word: &str) -> (Option<Name>, bool) {
    let scope = Scope::at_end(known, &code[..start]);
    let Some((scope, receiver)) = scope.and_then(|it| it.receiver().map(|receiver| (it, receiver)))
    else {
        return (None, false);
    };
    let of = scope.type_of(&receiver);
    let all = members(known, &of, &bounds_around(scope.here()));
    let found = all.into_iter().find(|it| it.name.name == word);
    let may_start = of.is_unknown() && !scope.begins_with_nothing(&receiver);
    (found.map(|it| it.name.clone()), may_start)
}

/// A name in a module, or of a type.
fn in_module(known: &Known<'_>, module: &str, word: &str) -> Option<Name> {
    let own = known.of_module(module);
    let values = known.of_module(&of_values(module));
    best(own.into_iter().chain(values), word, false)
}

/// A field of a struct that is being made, or an option that is given by keyword.
fn field(known: &Known<'_>, code: &str, start: usize, word: &str) -> Option<Name> {
    let before = around(&code[..start]);
    let inner = before.first()?;
    let fields = match (inner.record(), inner.keywords()) {
        (Some(record), _) => known.of_module(&of_values(record)),
        (None, of) => known.keywords(of?),
    };
    fields.into_iter().find(|it| it.kind == "property" && it.name == word).cloned()
}

/// A variable that the cell binds around the place.
fn local(known: &Known<'_>, code: &str, start: usize, end: usize) -> Option<Name> {
    if code[end..].starts_with(['!', ':']) {
        return None;
    }
    let word = &code[start..end];
    let scope = Scope::at_end(known, &format!("{} ", &code[..start]))?;
    let of = scope.local(word, scope.here()).filter(|it| !it.is_unknown())?;
    Some(Name {
        module: String::new(),
        name: word.to_owned(),
        kind: "instance".into(),
        detail: format!("let {word}: {of}"),
        documentation: String::new(),
    })
}

fn alone(known: &Known<'_>, word: &str, is_macro: bool) -> Option<Name> {
    best(known.all_alone(), word, is_macro).or_else(|| words::as_name(word))
}

/// The name that is meant by a word: a macro rather than a module, and what tells something of itself rather
/// than a bare word.
fn best<'a>(names: impl Iterator<Item = &'a Name>, word: &str, is_macro: bool) -> Option<Name> {
    let named = names.filter(|it| it.name == word || it.name.strip_suffix('!') == Some(word));
    let rank = |it: &&Name| match (it.name.ends_with('!'), &*it.kind) {
        (true, _) => 0,
        (false, _) if is_macro || it.detail.is_empty() => 3,
        (false, "module") => 2,
        (false, _) => 1,
    };
    named.min_by_key(rank).cloned()
}
