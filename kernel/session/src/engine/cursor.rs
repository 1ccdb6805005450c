//! The text at the cursor in a cell: a command, a member behind a dot, a path, or a plain word.
//!
//! Told from tokens, so that code which is not whole yet is no trouble. `names` asks, and knows what
//! may stand there.

use ra_ap_parser::{Edition, LexedStr, SyntaxKind};

/// A place where a name is typed, and where the name starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The word of a command, with its colon.
    Command {
        start: usize,
    },
    /// An argument of a command.
    Argument {
        command: &'a str,
        start: usize,
    },
    /// A field or a method of what stands before the dot: names joined by dots, or no plain name.
    Member {
        owner: &'a str,
        start: usize,
    },
    /// A name in a module or of a type; empty if that is no plain name.
    Path {
        module: &'a str,
        start: usize,
    },
    Word {
        start: usize,
    },
    /// No name: a number, a comment, a text.
    Nothing,
}

impl<'a> Place<'a> {
    /// The place at `cursor`, a byte offset on a character boundary of `code`.
    pub fn at(code: &'a str, cursor: usize) -> Place<'a> {
        if let Some(place) = command(code, cursor) {
            return place;
        }
        let before = &code[..cursor];
        let start = word_start(before);
        if is_no_code(before) || before[start..].starts_with(|c: char| c.is_ascii_digit()) {
            return Place::Nothing;
        }
        let left = before[..start].trim_end();
        if let Some(path) = left.strip_suffix("::") {
            return Place::Path { module: &path[word_start(path)..], start };
        }
        match left.strip_suffix('.') {
            Some(owner) if !owner.ends_with('.') => {
                Place::Member { owner: owner_in(owner.trim_end()), start }
            }
            _ => Place::Word { start },
        }
    }
}

/// The place in a line that is a command.
fn command(code: &str, cursor: usize) -> Option<Place<'_>> {
    let begin = code[..cursor].rfind('\n').map_or(0, |at| at + 1);
    let line = &code[begin..cursor];
    let typed = line.trim_start();
    let rest = typed.strip_prefix(':')?;
    if !rest.is_empty() && !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    match typed.split_once(char::is_whitespace) {
        None => Some(Place::Command { start: cursor - typed.len() }),
        Some((command, _)) => Some(Place::Argument { command, start: word_start(&code[..cursor]) }),
    }
}

/// Whether the text ends within a comment, or within a literal and not in a place of a format.
fn is_no_code(before: &str) -> bool {
    let lexed = LexedStr::new(Edition::Edition2024, before);
    let Some(last) = lexed.len().checked_sub(1) else { return false };
    let text = lexed.text(last);
    match lexed.kind(last) {
        SyntaxKind::COMMENT => true,
        SyntaxKind::STRING => {
            let is_open = lexed.error(last).is_some();
            let in_format = text.rfind('{').is_some_and(|at| {
                !text[..at].ends_with('{') && text[at + 1..].chars().all(is_word)
            });
            is_open && !in_format
        }
        SyntaxKind::BYTE_STRING | SyntaxKind::C_STRING => lexed.error(last).is_some(),
        SyntaxKind::LIFETIME_IDENT | SyntaxKind::CHAR => true,
        _ => false,
    }
}

/// Names joined by dots at the end of the text.
fn owner_in(text: &str) -> &str {
    let start = text
        .char_indices()
        .rev()
        .take_while(|(_, c)| is_word(*c) || *c == '.')
        .last()
        .map_or(text.len(), |(at, _)| at);
    let owner = &text[start..];
    // A call's or an index's result has no name.
    if owner.starts_with('.') { "" } else { owner }
}

/// Where the word starts that ends the text.
pub fn word_start(text: &str) -> usize {
    text.char_indices()
        .rev()
        .take_while(|(_, c)| is_word(*c))
        .last()
        .map_or(text.len(), |(at, _)| at)
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        let member = |owner, start| Place::Member { owner, start };
        let path = |module, start| Place::Path { module, start };
        let argument = |command, start| Place::Argument { command, start };
        let cases = [
            ("re", Place::Word { start: 0 }),
            ("", Place::Word { start: 0 }),
            ("let y = F::re", path("F", 11)),
            ("Vec::<u8>::wi", path("", 11)),
            ("::st", path("", 2)),
            ("a::b::c", path("b", 6)),
            ("x.le", member("x", 2)),
            ("x\n    .le", member("x", 7)),
            ("x. le", member("x", 3)),
            ("a.b.c", member("a.b", 4)),
            ("f(1).le", member("", 5)),
            ("v[0].", member("", 5)),
            ("値.段", member("値", 4)),
            ("0..re", Place::Word { start: 3 }),
            ("0..=re", Place::Word { start: 4 }),
            ("12", Place::Nothing),
            ("// re", Place::Nothing),
            ("\"re", Place::Nothing),
            ("println!(\"{re", Place::Word { start: 11 }),
            ("println!(\"{{re", Place::Nothing),
            ("\"a\".le", member("", 4)),
            ("let x: &'a", Place::Nothing),
            (":", Place::Command { start: 0 }),
            (":de", Place::Command { start: 0 }),
            ("let x = 1;\n :sh", Place::Command { start: 12 }),
            (":opt ", argument(":opt", 5)),
            (":doc F::re", argument(":doc", 8)),
            ("let x\n    : Ve", Place::Word { start: 12 }),
        ];
        for (code, place) in cases {
            assert_eq!(Place::at(code, code.len()), place, "{code:?}");
        }
    }
}
