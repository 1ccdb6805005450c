//! What may stand at a place, from all that is known at once.

use super::around::around;
use super::infer::members::{bounds_around, members};
use super::infer::scope::Scope;
use super::infer::types::Type;
use super::known::Known;
use super::words::{KEYWORDS, MACROS, STANDARD};
use crate::engine::cursor::{Place, word_start};
use crate::engine::name::{Name, TRAIT, of_values};
use crate::engine::outcome::{Completion, Completions};

/// The module of the engine's commands, each with its colon.
pub const COMMANDS: &str = ":";

/// What was found.
#[derive(Debug)]
pub struct Found {
    pub completions: Completions,
    /// Whether nobody could know more.
    pub is_whole: bool,
    /// Whether what is asked for may be known to an analyser, and to nobody else.
    pub may_start: bool,
}

/// Names that may stand at the place and begin with what is typed there.
pub fn complete(
    known: &Known<'_>,
    commands: &[Name],
    place: Place<'_>,
    code: &str,
    cursor: usize,
) -> Found {
    match place {
        Place::Command { start } => {
            let items = commands.iter().filter(|it| it.module == COMMANDS);
            whole(start, cursor, sorted(items.map(completion), &code[start..cursor]))
        }
        Place::Argument { command: ":type" | ":t", start } => {
            let variables = known.all_alone().filter(|it| it.kind == "instance");
            whole(start, cursor, sorted(variables.map(completion), &code[start..cursor]))
        }
        Place::Argument { command: ":doc", start } => {
            let module = code[..start].strip_suffix("::").map(|it| &it[word_start(it)..]);
            let typed = &code[start..cursor];
            let items = match module {
                Some(module) => in_module(known, module, typed),
                None => sorted(known.all_alone().map(completion), typed),
            };
            whole(start, cursor, items)
        }
        Place::Argument { command, start } => {
            let items = commands.iter().filter(|it| it.module == command);
            whole(start, cursor, sorted(items.map(completion), &code[start..cursor]))
        }
        Place::Member { start, .. } => member(known, code, start, cursor),
        Place::Path { module: "", start } => {
            Found { is_whole: false, ..whole(start, cursor, Vec::new()) }
        }
        Place::Path { module, start } => {
            let typed = &code[start..cursor];
            let items = match module {
                "Self" => {
                    let scope = Scope::at_end(known, &code[..start]);
                    let own = scope.and_then(|it| it.own_type(it.here()));
                    own.map(|it| in_module(known, &it.name, typed)).unwrap_or_default()
                }
                "crate" | "self" => sorted(
                    known.told.iter().filter(|it| it.module.is_empty()).map(completion),
                    typed,
                ),
                module => in_module(known, module, typed),
            };
            let is_known = !known.of_module(module).is_empty()
                || !known.of_module(&of_values(module)).is_empty();
            // Crates of `:dep` lines are nothing that can be read here, nor all of the standard library.
            let is_outside =
                code[..start].contains("std::") || known.told.iter().any(|it| it.name == module);
            Found {
                is_whole: is_known,
                may_start: !is_known && is_outside,
                ..whole(start, cursor, items)
            }
        }
        Place::Word { start } => {
            let typed = &code[start..cursor];
            let fields = fields(known, code, start, typed);
            let is_record = !fields.is_empty();
            let mut items = keywords(known, code, start, typed);
            items.extend(fields);
            if !(is_record && typed.is_empty()) {
                items.extend(words(known, typed));
            }
            Found { is_whole: is_record, may_start: false, ..whole(start, cursor, items) }
        }
        Place::Nothing => whole(cursor, cursor, Vec::new()),
    }
}

fn whole(start: usize, end: usize, items: Vec<Completion>) -> Found {
    let completions = Completions { start, end, items, note: None };
    Found { completions, is_whole: true, may_start: false }
}

fn completion(name: &Name) -> Completion {
    Completion {
        text: name.name.clone(),
        kind: name.kind.to_string(),
        detail: Some(name.detail.clone()).filter(|it| !it.is_empty()),
    }
}

/// Those that begin with what is typed, in the order of the alphabet.
fn sorted(items: impl Iterator<Item = Completion>, typed: &str) -> Vec<Completion> {
    let fits = |it: &Completion| it.text.starts_with(typed) && !it.text.starts_with('<');
    let mut items: Vec<Completion> = items.filter(fits).collect();
    // The sorting is stable, so that of two equal names the first stays: it hides the other.
    items.sort_by(|a, b| a.text.cmp(&b.text));
    items.dedup_by(|a, b| a.text == b.text);
    items
}

/// Fields first, then what is documented or the learner's own, then the rest.
fn member(known: &Known<'_>, code: &str, start: usize, cursor: usize) -> Found {
    let nothing = || whole(start, cursor, Vec::new());
    let Some(scope) = Scope::at_end(known, &code[..start]) else { return nothing() };
    let Some(receiver) = scope.receiver() else { return nothing() };
    let of = scope.type_of(&receiver);
    if of.is_unknown() {
        let may_start = !scope.begins_with_nothing(&receiver);
        return Found { is_whole: !may_start, may_start, ..nothing() };
    }
    let bounds = bounds_around(scope.here());
    let found = members(known, &of, &bounds);
    let typed = &code[start..cursor];
    let mut ranked: Vec<(u8, Completion)> = found
        .iter()
        .filter(|it| it.name.name.starts_with(typed))
        .map(|it| (rank(known, it.name), completion(it.name)))
        .collect();
    let parts = of.value();
    if parts.name == super::infer::types::TUPLE {
        ranked.extend(parts.parts.iter().enumerate().map(|(at, it)| (0, part(at, it))));
    }
    ranked.sort_by(|a, b| (a.0, &a.1.text).cmp(&(b.0, &b.1.text)));
    let is_known = !found.is_empty() || !ranked.is_empty();
    Found {
        is_whole: is_known,
        may_start: !is_known,
        ..whole(start, cursor, ranked.into_iter().map(|(_, it)| it).collect())
    }
}

fn part(at: usize, of: &Type) -> Completion {
    let (text, kind) = (at.to_string(), "property".to_owned());
    Completion { detail: Some(format!("{text}: {of}")), text, kind }
}

/// What takes an operation of somebody's own is for those who write one.
const OF_OPERATIONS: [&str; 2] = ["CustomOp", "InplaceOp"];

fn rank(known: &Known<'_>, name: &Name) -> u8 {
    match (&*name.kind, name.documentation.is_empty()) {
        ("property", _) => 0,
        _ if OF_OPERATIONS.iter().any(|it| name.detail.contains(it)) => 3,
        (_, true) if !known.is_own(name) => 2,
        _ => 1,
    }
}

/// The names in a module; of a type those that it has itself, then its values' methods.
fn in_module(known: &Known<'_>, module: &str, typed: &str) -> Vec<Completion> {
    let mut items = sorted(known.of_module(module).into_iter().map(completion), typed);
    let values = known.of_module(&of_values(module));
    let methods = values.into_iter().filter(|it| it.kind == "function").map(completion);
    for item in sorted(methods, typed) {
        if items.iter().all(|it| it.text != item.text) {
            items.push(item);
        }
    }
    items
}

/// The options that a macro takes by keyword, and that are not given yet.
fn keywords(known: &Known<'_>, code: &str, start: usize, typed: &str) -> Vec<Completion> {
    let before = around(&code[..start]);
    let Some((name, inner)) = before.first().and_then(|it| Some((it.keywords()?, it))) else {
        return Vec::new();
    };
    let options = known.keywords(name).into_iter();
    let is_open =
        |it: &&Name| it.name.starts_with(typed) && !inner.given.contains(&it.name.as_str());
    options.filter(is_open).map(completion).collect()
}

/// The fields that a struct still lacks, in the order in which it has them, and what fills up the rest.
fn fields(known: &Known<'_>, code: &str, start: usize, typed: &str) -> Vec<Completion> {
    let before = around(&code[..start]);
    let Some((record, inner)) = before.first().and_then(|it| Some((it.record()?, it))) else {
        return Vec::new();
    };
    let own = || {
        let scope = Scope::at_end(known, &code[..start])?;
        scope.own_type(scope.here()).map(|it| it.name)
    };
    let record = if record == "Self" { own().unwrap_or_default() } else { record.to_owned() };
    let values = known.of_module(&of_values(&record));
    let mut seen = Vec::new();
    let mut items: Vec<Completion> = Vec::new();
    for it in values.iter().filter(|it| it.kind == "property") {
        if seen.contains(&it.name.as_str()) || inner.given.contains(&it.name.as_str()) {
            continue;
        }
        seen.push(it.name.as_str());
        if it.name.starts_with(typed) {
            items.push(completion(it));
        }
    }
    let has_default = values.iter().any(|it| {
        it.kind == "property" && it.detail.contains(" = ")
            || it.name == TRAIT && it.detail == "Default"
    });
    if has_default && typed.is_empty() && !seen.is_empty() {
        items.push(Completion {
            text: "..Default::default()".to_owned(),
            kind: "keyword".to_owned(),
            detail: Some("the other fields have their defaults".to_owned()),
        });
    }
    items
}

/// Names that stand alone, and the language's.
fn words(known: &Known<'_>, typed: &str) -> Vec<Completion> {
    let names = known.all_alone().map(completion);
    if typed.is_empty() {
        // The standard library's would be between them.
        let own = known.told.iter().chain(known.session).filter(|it| it.module.is_empty());
        let prelude = known.all_alone().filter(|it| known.is_of_prelude(it));
        return sorted(own.chain(prelude).map(completion), typed);
    }
    let word = |text: &str, kind: &str, detail: Option<&str>| Completion {
        text: text.to_owned(),
        kind: kind.to_owned(),
        detail: detail.map(str::to_owned),
    };
    let keywords = KEYWORDS.iter().map(|it| word(it, "keyword", None));
    let standard = STANDARD.iter().map(|it| word(it, "class", None));
    let macros = MACROS.iter().map(|(it, usage, _)| word(it, "function", Some(usage)));
    sorted(names.chain(keywords).chain(standard).chain(macros), typed)
}
