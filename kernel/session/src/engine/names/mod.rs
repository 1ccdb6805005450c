//! Completion and documentation of names.
//!
//! The session's variables and items, Rust's keywords, the prelude's public names with candle's, and those of the
//! standard library are known at once, and what code tells of itself (`members`); types of expressions follow from
//! their signatures (`infer`). The analyser knows the rest, where it runs; it is started for a field or a method of
//! something whose type nothing here tells, and for nothing else. What is asked for is told by the place
//! (`cursor`). The protocol and the notebook runner ask, also while a cell runs.

mod around;
mod complete;
mod explain;
mod find;
mod infer;
mod known;
mod words;

use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use akari_evcxr_protocol::questions::{Answer, Question};

use self::around::{Around, around};
use self::complete::{Found, complete};
use self::explain::explain;
use self::find::at_end_of;
use self::known::{Known, Table, standard};
use super::analyser::Analyser;
use super::cursor::{Place, is_word, word_start};
use super::outcome::{Completion, Completions, Inspection, MimeBundle};
use super::{members, nesting};

pub use super::name::Name;
pub use complete::COMMANDS;

/// Reads the prelude's names, if there are some to read by now.
pub type Reader = Box<dyn Fn() -> Option<Vec<Name>> + Send>;

/// The names that a session knows after its last cell.
#[derive(Default)]
pub struct Names {
    session: RwLock<Vec<Name>>,
    /// The session's items and variables as code, for the analyser.
    code: RwLock<String>,
    prelude: OnceLock<Table>,
    reader: Mutex<Option<Reader>>,
    /// The engine's commands; see [`COMMANDS`].
    commands: OnceLock<Vec<Name>>,
    analyser: OnceLock<Analyser>,
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Names {
    pub fn set_session(&self, names: Vec<Name>) {
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// Does nothing the second time.
    pub fn set_prelude(&self, names: Vec<Name>) {
        let _ = self.prelude.set(Table::new(names));
    }

    /// Sets what the first question reads the prelude's names with.
    pub fn set_reader(&self, reader: Reader) {
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader);
    }

    /// Sets the engine's commands: in the module [`COMMANDS`] the commands themselves, in the module of
    /// a command's name what it may be told. Does nothing the second time.
    pub fn set_commands(&self, names: Vec<Name>) {
        let _ = self.commands.set(names);
    }

    /// Sets the code that tells the analyser about the session: it defines the items and variables.
    pub fn set_code(&self, code: String) {
        *self.code.write().unwrap_or_else(PoisonError::into_inner) = code;
    }

    /// Does nothing the second time.
    pub fn set_analyser(&self, analyser: Analyser) {
        let _ = self.analyser.set(analyser);
    }

    fn prelude(&self) -> Option<&Table> {
        if let Some(table) = self.prelude.get() {
            return Some(table);
        }
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let names = reader.as_ref()?()?;
        drop(reader);
        Some(self.prelude.get_or_init(|| Table::new(names)))
    }

    /// Completions at `cursor`, a byte offset on a character boundary of `code`. May wait for the
    /// analyser, if it runs. Where the analyser's program is not built yet, a note says so.
    pub fn complete(&self, code: &str, cursor: usize) -> Completions {
        let place = Place::at(code, cursor);
        let commands = self.commands.get().map_or(&[][..], Vec::as_slice);
        let Found { mut completions, is_whole, may_start } = {
            let told = self.told(code, cursor);
            self.with(&told, |known| complete(known, commands, place, code, cursor))
        };
        if is_whole {
            return completions;
        }
        let Some(analyser) = self.analyser.get() else { return completions };
        let is_member = matches!(place, Place::Member { .. });
        let (code, at, added) = self.with_session(code, cursor);
        match analyser.ask(Question::Complete { code, at }) {
            Some(Answer::Completions { start, mut items }) if start >= added => {
                if is_member {
                    // The others are templates that put the value into something: `if`, `dbg!`.
                    items.retain(|(text, _)| is_name_of_member(text));
                }
                if matches!(place, Place::Path { .. }) {
                    items.retain(|(text, _)| !words::KEYWORDS.contains(&text.as_str()));
                }
                completions.add(start - added, items);
            }
            Some(_) => {}
            None if may_start => completions.note = analyser.start().err(),
            None => {}
        }
        completions
    }

    /// What the session's code and the cell tell, but for the word that is being typed.
    fn told(&self, code: &str, cursor: usize) -> Vec<Name> {
        let mut told = Vec::new();
        if nesting::check(code).is_ok() {
            let others = format!("{} {}", &code[..word_start(&code[..cursor])], &code[cursor..]);
            told = members::members(&others);
            let session = self.code.read().unwrap_or_else(PoisonError::into_inner);
            told.extend(members::members(&session));
            drop(session);
            let has_more = |it: &Name| {
                told.iter().any(|other| other.name == it.name && other.module.is_empty())
            };
            let words: Vec<Name> =
                members::words(&others).into_iter().filter(|it| !has_more(it)).collect();
            told.extend(words);
        }
        told
    }

    /// Documentation of the name at `cursor`, a byte offset on a character boundary of `code`; where there is
    /// none, of what the place is an argument or a field of. May wait for the analyser, if it runs. Where the
    /// analyser's program is not built yet, that is what a field or a method is explained by.
    pub fn inspect(&self, code: &str, cursor: usize) -> Option<Inspection> {
        let end = cursor + code[cursor..].find(|c| !is_word(c)).unwrap_or(code.len() - cursor);
        let told = self.told(code, code.len());
        let (found, may_start) = self.with(&told, |known| {
            let commands = self.commands.get().map_or(&[][..], Vec::as_slice);
            let (found, may_start) = at_end_of(known, commands, code, end);
            let found = found.or_else(|| {
                let outer = around(&code[..cursor]).into_iter().filter(Around::is_use);
                outer.take(3).find_map(|it| at_end_of(known, commands, code, it.end).0)
            });
            (found.map(|it| explain(known, &it)), may_start)
        });
        if found.is_some() {
            return found;
        }
        let analyser = self.analyser.get()?;
        let (code, at, _) = self.with_session(code, end);
        match analyser.ask(Question::Explain { code, at }) {
            Some(Answer::Explanation { text, html }) => {
                let both = [("text/plain", text), ("text/html", html)];
                Some(Inspection {
                    data: both.into_iter().map(|(mime, it)| (mime.into(), it.into())).collect(),
                })
            }
            Some(_) => None,
            None if may_start => {
                let note = analyser.start().err()?;
                let data = MimeBundle::from_iter([("text/plain".to_owned(), note.into())]);
                Some(Inspection { data })
            }
            None => None,
        }
    }

    /// Whether a path is the name of a function, a type, a macro or a module, and so no value.
    pub fn is_no_value(&self, path: &str) -> bool {
        let is_part = |c: char| is_word(c) || matches!(c, ':' | '!');
        if path.is_empty() || !path.chars().all(is_part) {
            return false;
        }
        let path = path.trim_end_matches('!');
        let told = self.told("", 0);
        let found = self.with(&told, |known| at_end_of(known, &[], path, path.len()).0);
        found.is_some_and(|it| matches!(&*it.kind, "function" | "class" | "module"))
    }

    /// The code with the session's in front of it, the place in both, and the length of the
    /// session's.
    fn with_session(&self, code: &str, at: usize) -> (String, usize, usize) {
        let session = self.code.read().unwrap_or_else(PoisonError::into_inner);
        (format!("{session}{code}"), session.len() + at, session.len())
    }

    /// Looks at all names.
    fn with<T>(&self, told: &[Name], look: impl FnOnce(&Known<'_>) -> T) -> T {
        let session = self.session.read().unwrap_or_else(PoisonError::into_inner);
        look(&Known { told, session: &session, prelude: self.prelude(), standard: standard() })
    }
}

impl Completions {
    /// Adds the analyser's completions behind those that are there.
    fn add(&mut self, start: usize, items: Vec<(String, String)>) {
        if self.items.is_empty() {
            self.start = start;
        }
        if self.start != start {
            return;
        }
        for (text, kind) in items {
            if self.items.iter().all(|item| item.text != text) {
                self.items.push(Completion { text, kind, detail: None });
            }
        }
    }
}

/// What every value has by traits for all types, and the prelude's own.
const OF_ALL: [&str; 14] = [
    "borrow",
    "borrow_mut",
    "clone_into",
    "clone_to_uninit",
    "evcxr_display",
    "from",
    "into",
    "into_either",
    "into_either_with",
    "try_from",
    "try_into",
    "type_id",
    "unsafe_clone",
    "vzip",
];

/// Whether a completion may be a field or a method that somebody looks for.
fn is_name_of_member(text: &str) -> bool {
    let is_template = text.ends_with('!') || text.starts_with(char::is_uppercase);
    text == "await" || !is_template && !words::KEYWORDS.contains(&text) && !OF_ALL.contains(&text)
}

#[cfg(test)]
mod tests;
