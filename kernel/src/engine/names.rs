//! Completion and documentation: at once from the session's own variables and items, Rust's keywords
//! and the prelude's public names; and from the analyser, once it runs, for the rest.

use std::borrow::Cow;
use std::sync::{OnceLock, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::analyser::{Analyser, Answer, Question};
use super::outcome::{Completion, Completions, Inspection, MimeBundle};

/// The names that a session knows, as of the last cell that came to its end.
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

    /// What the analyser is to know of the session: code that defines its items and variables.
    pub fn set_code(&self, code: String) {
        *self.code.write().unwrap_or_else(PoisonError::into_inner) = code;
    }

    /// Does nothing the second time.
    pub fn set_analyser(&self, analyser: Analyser) {
        let _ = self.analyser.set(analyser);
    }

    /// Completions at `cursor`, a byte offset on a character boundary of `code`. May wait for the
    /// analyser, if it runs.
    pub fn complete(&self, code: &str, cursor: usize) -> Completions {
        let mut found = complete(&self.all(), code, cursor);
        let is_enough = !found.items.is_empty();
        let Some(analyser) = self.analyser.get() else { return found };
        let (code, at, added) = self.with_session(code, cursor);
        match analyser.ask(Question::Complete { code, at }) {
            Some(Answer::Completions { start, items }) if start >= added => {
                found.add(start - added, items);
            }
            Some(_) => {}
            None if is_enough => {}
            None => analyser.start(),
        }
        found
    }

    /// Documentation of the name at `cursor`, a byte offset on a character boundary of `code`. May
    /// wait for the analyser, if it runs.
    pub fn inspect(&self, code: &str, cursor: usize) -> Option<Inspection> {
        let known = inspect(&self.all(), code, cursor);
        if known.is_some() {
            return known;
        }
        let analyser = self.analyser.get()?;
        let end = cursor + code[cursor..].find(|c| !is_word(c)).unwrap_or(code.len() - cursor);
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
                analyser.start();
                None
            }
        }
    }

    /// The code behind the session's own, the place in it, and how far it was moved.
    fn with_session(&self, code: &str, at: usize) -> (String, usize, usize) {
        let session = self.code.read().unwrap_or_else(PoisonError::into_inner);
        (format!("{session}{code}"), session.len() + at, session.len())
    }

    /// The session's own come first: they shadow the prelude's.
    fn all(&self) -> Vec<Name> {
        let mut names = self.session.read().unwrap_or_else(PoisonError::into_inner).clone();
        names.extend(self.prelude.get().into_iter().flatten().cloned());
        names
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
    /// Takes in the analyser's, behind those that are there.
    fn add(&mut self, start: usize, items: Vec<(String, String)>) {
        if self.items.is_empty() {
            self.start = start;
        }
        if self.start != start {
            return;
        }
        for (text, kind) in items {
            if self.items.iter().all(|it| it.text != text) {
                self.items.push(Completion { text, kind, detail: None });
            }
        }
    }
}

/// Names that begin with what stands before the cursor, in the module that stands before that.
fn complete(names: &[Name], code: &str, cursor: usize) -> Completions {
    let (module, start) = path_before(code, cursor);
    let typed = &code[start..cursor];
    if code[..start].ends_with('.') && !code[..start].ends_with("..") {
        // Fields and methods are the analyser's.
        return Completions { start, end: cursor, items: Vec::new() };
    }
    let mut items: Vec<Completion> = names
        .iter()
        .filter(|it| it.module == module && it.name.starts_with(typed))
        .map(|it| Completion {
            text: it.name.clone(),
            kind: it.kind.to_string(),
            detail: Some(it.detail.clone()).filter(|detail| !detail.is_empty()),
        })
        .collect();
    if module.is_empty() && !typed.is_empty() {
        let keywords = KEYWORDS.iter().filter(|it| it.starts_with(typed));
        items.extend(keywords.map(|it| Completion {
            text: (*it).to_owned(),
            kind: "keyword".into(),
            detail: None,
        }));
    }
    // Stable, so that of two of a name the session's comes first.
    items.sort_by(|a, b| a.text.cmp(&b.text));
    items.dedup_by(|a, b| a.text == b.text);
    Completions { start, end: cursor, items }
}

/// What is known of the name at the cursor.
fn inspect(names: &[Name], code: &str, cursor: usize) -> Option<Inspection> {
    let end = cursor + code[cursor..].find(|c| !is_word(c)).unwrap_or(code.len() - cursor);
    let (module, start) = path_before(code, end);
    let word = &code[start..end];
    // `word!` is the macro's name, and the text has only the word.
    let name =
        names.iter().find(|it| it.name.trim_end_matches('!') == word && it.module == module)?;
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
        let found = complete(&names, code, code.len());
        let texts: Vec<&str> = found.items.iter().map(|it| it.text.as_str()).collect();
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
        assert!(inspect(&names, "F::relu(&x)", 4).is_some());
        assert!(inspect(&names, "relu", 4).is_none());
    }
}
