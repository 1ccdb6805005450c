//! Completion and documentation of names.
//!
//! The session's variables and items, Rust's keywords and the prelude's public names are known at
//! once; the analyser knows the rest, once it runs. The protocol and the notebook runner ask, also
//! while a cell runs.

use std::borrow::Cow;
use std::sync::{OnceLock, PoisonError, RwLock};

use akari_evcxr_protocol::questions::{Answer, Question};
use serde::{Deserialize, Serialize};

use super::analyser::Analyser;
use super::outcome::{Completion, Completions, Inspection, MimeBundle};

/// The names that a session knows after its last cell.
#[derive(Debug, Default)]
pub struct Names {
    session: RwLock<Vec<Name>>,
    /// The session's items and variables as code, for the analyser.
    code: RwLock<String>,
    prelude: OnceLock<Vec<Name>>,
    analyser: OnceLock<Analyser>,
}

impl Names {
    pub fn set_session(&self, names: Vec<Name>) {
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// Does nothing the second time.
    pub fn set_prelude(&self, names: Vec<Name>) {
        let _ = self.prelude.set(names);
    }

    /// Sets the code that tells the analyser about the session: it defines the items and variables.
    pub fn set_code(&self, code: String) {
        *self.code.write().unwrap_or_else(PoisonError::into_inner) = code;
    }

    /// Does nothing the second time.
    pub fn set_analyser(&self, analyser: Analyser) {
        let _ = self.analyser.set(analyser);
    }

    /// Completions at `cursor`, a byte offset on a character boundary of `code`. May wait for the
    /// analyser, if it runs. Where the analyser's program is not built yet, a note says so.
    pub fn complete(&self, code: &str, cursor: usize) -> Completions {
        let mut found = self.with_all(|names| complete(names, code, cursor));
        let is_enough = !found.items.is_empty();
        let Some(analyser) = self.analyser.get() else { return found };
        let (code, at, added) = self.with_session(code, cursor);
        match analyser.ask(Question::Complete { code, at }) {
            Some(Answer::Completions { start, items }) if start >= added => {
                found.add(start - added, items);
            }
            Some(_) => {}
            None if is_enough => {}
            None => found.note = analyser.start().err(),
        }
        found
    }

    /// Documentation of the name at `cursor`, a byte offset on a character boundary of `code`. May
    /// wait for the analyser, if it runs. Where the analyser's program is not built yet, that is what
    /// a field or a method is explained by.
    pub fn inspect(&self, code: &str, cursor: usize) -> Option<Inspection> {
        let known = self.with_all(|names| inspect(names, code, cursor));
        if known.is_some() {
            return known;
        }
        let analyser = self.analyser.get()?;
        let end = cursor + code[cursor..].find(|c| !is_word(c)).unwrap_or(code.len() - cursor);
        let is_member = is_member(code, path_before(code, end).1);
        let (code, at, _) = self.with_session(code, end);
        match analyser.ask(Question::Explain { code, at }) {
            Some(Answer::Explanation { text, html }) => {
                let both = [("text/plain", text), ("text/html", html)];
                Some(Inspection {
                    data: both.into_iter().map(|(mime, it)| (mime.into(), it.into())).collect(),
                })
            }
            Some(_) => None,
            None => {
                let note = analyser.start().err()?;
                is_member.then(|| Inspection {
                    data: MimeBundle::from_iter([("text/plain".to_owned(), note.into())]),
                })
            }
        }
    }

    /// The code with the session's in front of it, the place in both, and the length of the
    /// session's.
    fn with_session(&self, code: &str, at: usize) -> (String, usize, usize) {
        let session = self.code.read().unwrap_or_else(PoisonError::into_inner);
        (format!("{session}{code}"), session.len() + at, session.len())
    }

    /// Looks at all names. The session's come first: they shadow the prelude's.
    fn with_all<T>(&self, look: impl FnOnce(&mut dyn Iterator<Item = &Name>) -> T) -> T {
        let session = self.session.read().unwrap_or_else(PoisonError::into_inner);
        look(&mut session.iter().chain(self.prelude.get().into_iter().flatten()))
    }
}

/// A name that may be completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// `F`, `nn`, ..; empty for names that stand alone.
    pub module: String,
    pub name: String,
    pub kind: Cow<'static, str>,
    /// A type or a signature.
    pub detail: String,
    pub documentation: String,
}

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
    "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use",
    "where", "while",
];

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

/// Names that begin with what stands before the cursor, in the module that stands before that.
fn complete<'a>(names: impl Iterator<Item = &'a Name>, code: &str, cursor: usize) -> Completions {
    let (module, start) = path_before(code, cursor);
    let typed = &code[start..cursor];
    if is_member(code, start) {
        // Fields and methods are the analyser's.
        return Completions { start, end: cursor, ..Completions::default() };
    }
    let mut items: Vec<Completion> = names
        .filter(|name| name.module == module && name.name.starts_with(typed))
        .map(|name| Completion {
            text: name.name.clone(),
            kind: name.kind.to_string(),
            detail: Some(name.detail.clone()).filter(|detail| !detail.is_empty()),
        })
        .collect();
    if module.is_empty() && !typed.is_empty() {
        let keywords = KEYWORDS.iter().filter(|keyword| keyword.starts_with(typed));
        items.extend(keywords.map(|keyword| Completion {
            text: (*keyword).to_owned(),
            kind: "keyword".into(),
            detail: None,
        }));
    }
    // The sorting is stable, so that of two equal names the session's comes first and stays.
    items.sort_by(|a, b| a.text.cmp(&b.text));
    items.dedup_by(|a, b| a.text == b.text);
    Completions { start, end: cursor, items, note: None }
}

/// The documentation of the name at the cursor.
fn inspect<'a>(
    mut names: impl Iterator<Item = &'a Name>,
    code: &str,
    cursor: usize,
) -> Option<Inspection> {
    let end = cursor + code[cursor..].find(|c| !is_word(c)).unwrap_or(code.len() - cursor);
    let (module, start) = path_before(code, end);
    let word = &code[start..end];
    // A macro's name is `word!`, and the cursor is on the word alone.
    let name =
        names.find(|name| name.name.trim_end_matches('!') == word && name.module == module)?;
    let mut data = MimeBundle::new();
    let separator = if name.documentation.is_empty() { "" } else { "\n\n" };
    data.insert(
        "text/plain".into(),
        format!("{}{separator}{}", name.detail, name.documentation).into(),
    );
    data.insert(
        "text/markdown".into(),
        format!("```rust\n{}\n```{separator}{}", name.detail, name.documentation).into(),
    );
    Some(Inspection { data })
}

/// Whether the word that starts at `start` is a field or a method.
fn is_member(code: &str, start: usize) -> bool {
    code[..start].ends_with('.') && !code[..start].ends_with("..")
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The module path before the word that ends at `end`, and where that word starts.
fn path_before(code: &str, end: usize) -> (&str, usize) {
    let word_start = |end: usize| {
        code[..end]
            .char_indices()
            .rev()
            .take_while(|(_, c)| is_word(*c))
            .last()
            .map_or(end, |(at, _)| at)
    };
    let start = word_start(end);
    match code[..start].strip_suffix("::") {
        Some(before) => (&code[word_start(before.len())..before.len()], start),
        None => ("", start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(module: &str, name: &str) -> Name {
        Name {
            module: module.into(),
            name: name.into(),
            kind: "function".into(),
            detail: format!("fn {name}()"),
            documentation: String::new(),
        }
    }

    fn check(code: &str, expected: &[&str]) {
        let names = [name("F", "relu"), name("F", "relu6"), name("", "relation"), name("", "値段")];
        let found = complete(names.iter(), code, code.len());
        let texts: Vec<&str> = found.items.iter().map(|item| item.text.as_str()).collect();
        assert_eq!(texts, expected, "{code:?}");
    }

    #[test]
    fn names_are_found_in_their_module() {
        check("let y = F::re", &["relu", "relu6"]);
        check("rel", &["relation"]);
        check("値", &["値段"]);
        check("nn::", &[]);
        check("x.rel", &[]);
        check("0..rel", &["relation"]);
    }

    #[test]
    fn a_name_is_explained_from_anywhere_in_it() {
        let names = [name("F", "relu")];
        assert!(inspect(names.iter(), "F::relu(&x)", 4).is_some());
        assert!(inspect(names.iter(), "relu", 4).is_none());
    }
}
