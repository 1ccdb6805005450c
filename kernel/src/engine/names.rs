//! Completion and documentation of names.
//!
//! The session's variables and items, Rust's keywords and the prelude's public names are known at
//! once, and what code tells of itself (`members`); the analyser knows the rest, once it runs. What is
//! asked for is told by the place (`cursor`). The protocol and the notebook runner ask, also while a
//! cell runs.

use std::sync::{OnceLock, PoisonError, RwLock};

use akari_evcxr_protocol::questions::{Answer, Question};

use super::analyser::Analyser;
use super::cursor::{Place, is_word, word_start};
use super::outcome::{Completion, Completions, Inspection, MimeBundle};
use super::{members, nesting};

pub use super::name::Name;

/// The names that a session knows after its last cell.
#[derive(Debug, Default)]
pub struct Names {
    session: RwLock<Vec<Name>>,
    /// The session's items and variables as code, for the analyser.
    code: RwLock<String>,
    prelude: OnceLock<Vec<Name>>,
    /// The engine's commands; see [`COMMANDS`].
    commands: OnceLock<Vec<Name>>,
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

    /// Completions at `cursor`, a byte offset on a character boundary of `code`. May wait for the
    /// analyser, if it runs. Where the analyser's program is not built yet, a note says so.
    pub fn complete(&self, code: &str, cursor: usize) -> Completions {
        let place = Place::at(code, cursor);
        let mut found = self.known(place, code, cursor);
        let is_member = match place {
            Place::Member { .. } => true,
            Place::Path { .. } | Place::Word { .. } => false,
            Place::Command { .. } | Place::Argument { .. } | Place::Nothing => return found,
        };
        let is_enough = !found.items.is_empty();
        let Some(analyser) = self.analyser.get() else { return found };
        let (code, at, added) = self.with_session(code, cursor);
        match analyser.ask(Question::Complete { code, at }) {
            Some(Answer::Completions { start, mut items }) if start >= added => {
                if is_member {
                    // The others are templates that put the value into something: `if`, `dbg!`.
                    items.retain(|(text, _)| is_name_of_member(text));
                }
                if matches!(place, Place::Path { .. }) {
                    items.retain(|(text, _)| !KEYWORDS.contains(&text.as_str()));
                }
                found.add(start - added, items);
            }
            Some(_) => {}
            None if is_enough => {}
            None => found.note = analyser.start().err(),
        }
        found
    }

    /// The completions that are known at once.
    fn known(&self, place: Place<'_>, code: &str, cursor: usize) -> Completions {
        let mut told = Vec::new();
        if nesting::check(code).is_ok() {
            // The word that is being typed is none to offer.
            let others = format!("{} {}", &code[..word_start(&code[..cursor])], &code[cursor..]);
            told = members::words(&others);
            told.extend(members::members(&others));
            let session = self.code.read().unwrap_or_else(PoisonError::into_inner);
            told.extend(members::members(&session));
        }
        self.with_all(|names| {
            let mut names: Vec<&Name> = names.collect();
            names.extend(&told);
            complete(&names, place, code, cursor)
        })
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
        let is_member = matches!(Place::at(code, end), Place::Member { .. });
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
        let fixed = [self.prelude.get(), self.commands.get()];
        look(&mut session.iter().chain(fixed.into_iter().flatten().flatten()))
    }
}

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
    "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use",
    "where", "while",
];

/// Types and values of the standard library that need no import.
const STANDARD: &[&str] = &[
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Drop",
    "Eq",
    "Err",
    "From",
    "Hash",
    "Into",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Self",
    "Some",
    "String",
    "ToString",
    "Vec",
    "bool",
    "char",
    "f32",
    "f64",
    "i16",
    "i32",
    "i64",
    "i8",
    "isize",
    "std",
    "str",
    "u16",
    "u32",
    "u64",
    "u8",
    "usize",
];

/// Macros of the standard library.
const MACROS: &[&str] = &[
    "assert!",
    "assert_eq!",
    "assert_ne!",
    "dbg!",
    "eprintln!",
    "format!",
    "matches!",
    "panic!",
    "print!",
    "println!",
    "todo!",
    "unreachable!",
    "vec!",
    "write!",
    "writeln!",
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

/// Whether a completion may be a field or a method.
fn is_name_of_member(text: &str) -> bool {
    let is_template = text.ends_with('!') || text.starts_with(char::is_uppercase);
    text == "await" || !is_template && !KEYWORDS.contains(&text)
}

/// The module of the engine's commands, each with its colon.
pub const COMMANDS: &str = ":";

/// Names that may stand at the place and begin with what is typed there.
fn complete(names: &[&Name], place: Place<'_>, code: &str, cursor: usize) -> Completions {
    let (module, start) = match place {
        Place::Command { start } => (COMMANDS.to_owned(), start),
        Place::Argument { command: ":type" | ":t", start } => (String::new(), start),
        Place::Argument { command: ":doc", start } => {
            (path_before(code, cursor).0.to_owned(), start)
        }
        Place::Argument { command, start } => (command.to_owned(), start),
        Place::Member { owner, start } => match members::type_of(owner, names) {
            Some(found) => (members::module_of_values(&found), start),
            None => return nothing(start, cursor),
        },
        Place::Path { module: "", start } => return nothing(start, cursor),
        Place::Path { module, start } => (module.to_owned(), start),
        Place::Word { start } => (String::new(), start),
        Place::Nothing => return nothing(cursor, cursor),
    };
    let typed = &code[start..cursor];
    let wants_variable = matches!(place, Place::Argument { command: ":type" | ":t", .. });
    let mut items: Vec<Completion> = names
        .iter()
        .filter(|name| name.module == module && name.name.starts_with(typed))
        .filter(|name| !wants_variable || name.kind == "instance")
        .map(|name| Completion {
            text: name.name.clone(),
            kind: name.kind.to_string(),
            detail: Some(name.detail.clone()).filter(|detail| !detail.is_empty()),
        })
        .collect();
    if matches!(place, Place::Word { .. }) && !typed.is_empty() {
        let of = |words: &[&str], kind: &str| -> Vec<Completion> {
            let fitting = words.iter().filter(|word| word.starts_with(typed));
            let completion = |word: &&str| Completion {
                text: (*word).to_owned(),
                kind: kind.to_owned(),
                detail: None,
            };
            fitting.map(completion).collect()
        };
        items.extend(of(KEYWORDS, "keyword"));
        items.extend(of(STANDARD, "class"));
        items.extend(of(MACROS, "function"));
    }
    // The sorting is stable, so that of two equal names the session's comes first and stays.
    items.sort_by(|a, b| a.text.cmp(&b.text));
    items.dedup_by(|a, b| a.text == b.text);
    Completions { start, end: cursor, items, note: None }
}

fn nothing(start: usize, end: usize) -> Completions {
    Completions { start, end, ..Completions::default() }
}

/// The documentation of the name at the cursor.
fn inspect<'a>(
    mut names: impl Iterator<Item = &'a Name>,
    code: &str,
    cursor: usize,
) -> Option<Inspection> {
    let end = cursor + code[cursor..].find(|c| !is_word(c)).unwrap_or(code.len() - cursor);
    let (module, start) = match Place::at(code, end) {
        Place::Command { start } => (COMMANDS, start),
        _ => path_before(code, end),
    };
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

/// The module path before the word that ends at `end`, and where that word starts.
fn path_before(code: &str, end: usize) -> (&str, usize) {
    let start = word_start(&code[..end]);
    match code[..start].strip_suffix("::") {
        Some(before) => (&before[word_start(before)..], start),
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
        let names: Vec<&Name> = names.iter().collect();
        let found = complete(&names, Place::at(code, code.len()), code, code.len());
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
        check("x.\n  rel", &[]);
        check("Vec::<u8>::rel", &[]);
    }

    #[test]
    fn words_of_the_language_stand_alone() {
        check("whi", &["while"]);
        check("x.whi", &[]);
        check("x. whi", &[]);
        check("a::whi", &[]);
        check("<A>::whi", &[]);
        check("// whi", &[]);
        check("Strin", &["String"]);
        check("printl", &["println!"]);
    }

    #[test]
    fn commands_are_known_by_their_colon() {
        let names = [name(COMMANDS, ":dep"), name(":opt", "2"), name("", "depth")];
        let all = Names::default();
        all.set_commands(names.to_vec());
        let texts = |code: &str| -> Vec<String> {
            all.complete(code, code.len()).items.into_iter().map(|item| item.text).collect()
        };
        assert_eq!(texts(":de"), [":dep"]);
        assert_eq!(texts("let x = 1;\n:"), [":dep"]);
        assert_eq!(texts(":opt "), ["2"]);
        assert_eq!(texts("dep"), ["depth"]);
        assert!(all.inspect(":dep", 4).is_some());
    }

    #[test]
    fn code_tells_of_its_own_names() {
        let all = Names::default();
        all.set_code(":dep x = \"1\"\nstruct P { left: f32 }\nlet p: P = todo!();\n".to_owned());
        let variable = Name { detail: "let p: P".into(), kind: "instance".into(), ..name("", "p") };
        all.set_session(vec![variable]);
        let texts = |code: &str| -> Vec<String> {
            all.complete(code, code.len()).items.into_iter().map(|item| item.text).collect()
        };
        assert_eq!(texts("p.le"), ["left"]);
        assert_eq!(texts("p."), ["left"]);
        assert_eq!(texts("let 学習率 = 0.1;\n学"), ["学習率"]);
        assert_eq!(texts("enum Color { Red, Blue }\nColor::"), ["Blue", "Red"]);
        assert_eq!(texts("let velocity = 1; velocity.velo"), Vec::<String>::new());
    }

    #[test]
    fn templates_are_no_members() {
        for (text, is) in [
            ("if", false),
            ("dbg!", false),
            ("Ok", false),
            ("len", true),
            ("await", true),
            ("0", true),
        ] {
            assert_eq!(is_name_of_member(text), is, "{text}");
        }
    }

    #[test]
    fn a_name_is_explained_from_anywhere_in_it() {
        let names = [name("F", "relu")];
        assert!(inspect(names.iter(), "F::relu(&x)", 4).is_some());
        assert!(inspect(names.iter(), "relu", 4).is_none());
    }
}
