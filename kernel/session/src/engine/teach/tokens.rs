//! The tokens of what a learner typed, be it Rust, Python or something between the two.
//!
//! The compiler's lexer knows only Rust, and gives up at `'text'`, `# comment` and `。`. This one takes
//! everything, keeps offsets, and finds the brackets that belong together and the statement around a place. Pure.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword.
    Name,
    Number,
    /// A text in quotes, with its prefix.
    Text,
    Sign,
    /// A comment of Python's: `# ..`.
    Hash,
    /// The end of a line that is in no brackets.
    Newline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// The offset of its first byte.
    pub start: usize,
}

impl Token<'_> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub fn is(&self, text: &str) -> bool {
        self.text == text
    }
}

/// A text as tokens.
#[derive(Debug)]
pub struct Tokens<'a> {
    pub list: Vec<Token<'a>>,
    /// The index of the bracket that belongs to one.
    partner: Vec<Option<usize>>,
}

const SIGNS: &[&str] = &[
    "**=", "...", "..=", "<<=", ">>=", "::", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "+=",
    "-=", "*=", "/=", "%=", "@=", "**", "..", "++", "--", ":=",
];

impl<'a> Tokens<'a> {
    pub fn of(code: &'a str) -> Tokens<'a> {
        let mut list: Vec<Token<'a>> = Vec::new();
        // The open brackets: their tokens, and whether lines end inside of them.
        let mut open: Vec<(usize, bool)> = Vec::new();
        let mut partner = Vec::new();
        let mut at = 0;
        while let Some(c) = code[at..].chars().next() {
            let rest = &code[at..];
            let previous = list.last().copied();
            let (kind, length) = match c {
                '\n' => (Some(Kind::Newline), 1),
                c if c.is_whitespace() && c != '\u{3000}' => (None, c.len_utf8()),
                '/' if rest.starts_with("//") => (None, line(rest)),
                '/' if rest.starts_with("/*") => {
                    (None, rest.find("*/").map_or(rest.len(), |it| it + 2))
                }
                '#' if !rest.starts_with("#[") && !rest.starts_with("#!") => {
                    (Some(Kind::Hash), line(rest))
                }
                c if c.is_ascii_digit() => (Some(Kind::Number), number(rest)),
                '"' => (Some(Kind::Text), text(rest)),
                '\'' => match quoted(rest, previous) {
                    Some(length) => (Some(Kind::Text), length),
                    None => (Some(Kind::Name), 1 + name(&rest[1..])),
                },
                c if c.is_alphabetic() || c == '_' || c.is_numeric() => word(rest),
                _ => {
                    let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                    (Some(Kind::Sign), sign.map_or(c.len_utf8(), |it| it.len()))
                }
            };
            let length = length.max(1);
            let token =
                Token { kind: kind.unwrap_or(Kind::Newline), text: &rest[..length], start: at };
            at += length;
            match (kind, token.text) {
                (None, _) => continue,
                (Some(Kind::Newline), _) if open.last().is_some_and(|(_, ends)| !ends) => continue,
                (Some(Kind::Sign), "(" | "[") => open.push((list.len(), false)),
                (Some(Kind::Sign), "{") => open.push((list.len(), !is_literal(&list))),
                (Some(Kind::Sign), ")" | "]" | "}") => {
                    let opener = opener(token.text);
                    if open.last().is_some_and(|(index, _)| list[*index].is(opener))
                        && let Some((index, _)) = open.pop()
                    {
                        partner[index] = Some(list.len());
                        list.push(token);
                        partner.push(Some(index));
                        continue;
                    }
                }
                _ => {}
            }
            list.push(token);
            partner.push(None);
        }
        Tokens { list, partner }
    }

    /// The index of the other bracket of a pair.
    pub fn partner(&self, index: usize) -> Option<usize> {
        self.partner.get(index).copied().flatten()
    }

    pub fn get(&self, index: usize) -> Option<&Token<'a>> {
        self.list.get(index)
    }

    pub fn is(&self, index: usize, text: &str) -> bool {
        self.get(index).is_some_and(|it| it.is(text))
    }

    /// The index of the token at an offset, or of the next one.
    pub fn at(&self, offset: usize) -> usize {
        let index = self.list.iter().position(|it| it.end() > offset && it.kind != Kind::Newline);
        index.unwrap_or(self.list.len().saturating_sub(1))
    }

    /// The statement that a token is in, without the semicolon.
    pub fn statement(&self, index: usize) -> Range<usize> {
        let mut start = index;
        while start > 0 {
            let before = start - 1;
            let token = &self.list[before];
            match token.text {
                ";" => break,
                "}" | ")" | "]" => match self.partner(before) {
                    // A block ends its statement; a literal is a part of one.
                    Some(opener) if token.is("}") && !is_literal(&self.list[..opener]) => {
                        if !self.goes_on(start) {
                            break;
                        }
                        start = opener;
                    }
                    Some(opener) => start = opener,
                    None => start = before,
                },
                "{" if !is_literal(&self.list[..before]) => break,
                _ if token.kind == Kind::Newline
                    && !self.goes_on(start)
                    && !self.is_cut(before) =>
                {
                    break;
                }
                _ => start = before,
            }
        }
        let mut end = index;
        while let Some(token) = self.get(end) {
            match token.text {
                ";" | "}" | ")" | "]" if end != index || token.is(";") => break,
                "(" | "[" => end = self.partner(end).map_or(end + 1, |it| it + 1),
                "{" if is_literal(&self.list[..end]) => {
                    end = self.partner(end).map_or(end + 1, |it| it + 1);
                }
                "{" => break,
                _ if token.kind == Kind::Newline && !self.goes_on(end + 1) && !self.is_cut(end) => {
                    break;
                }
                _ => end += 1,
            }
        }
        while start < end && self.list[start].kind == Kind::Newline {
            start += 1;
        }
        // Inside of brackets, the statement goes on behind them.
        match self.get(end).is_some_and(|it| matches!(it.text, ")" | "]" | "}")) {
            true => self.around(start, end),
            false => start..end,
        }
    }

    /// The statement whose brackets begin before a range and close behind it.
    fn around(&self, start: usize, end: usize) -> Range<usize> {
        let opener = self.partner(end).filter(|opener| {
            *opener >= start || !self.is(*opener, "{") || is_literal(&self.list[..*opener])
        });
        match opener {
            Some(opener) if opener >= start => {
                let more = self.get(end + 1).map_or(end + 1..end + 1, |_| self.statement(end + 1));
                let goes_on = more.start <= end + 1 && !self.is(end + 1, ";");
                start..if goes_on { more.end.max(end + 1) } else { end + 1 }
            }
            _ => start..end,
        }
    }

    /// Whether a line begins as none does that begins a statement.
    fn goes_on(&self, index: usize) -> bool {
        self.get(index).is_some_and(|it| {
            matches!(
                it.text,
                "." | "?" | ")" | "]" | "," | "+" | "/" | "=" | "==" | "&&" | "||" | "@" | "else"
            )
        })
    }

    /// Whether a line ends as none does that ends a statement.
    fn is_cut(&self, index: usize) -> bool {
        index > 0
            && matches!(
                self.list[index - 1].text,
                "=" | "+" | "-" | "*" | "/" | "," | "(" | "[" | "&&" | "||" | "." | "::"
            )
    }
}

fn opener(closer: &str) -> &'static str {
    match closer {
        ")" => "(",
        "]" => "[",
        _ => "{",
    }
}

/// Whether a brace behind these tokens opens the fields of a struct's value, or the rules of a macro.
fn is_literal(before: &[Token<'_>]) -> bool {
    let Some(last) = before.last() else { return false };
    let starts = |it: &Token<'_>| it.text.starts_with(char::is_uppercase);
    if last.kind != Kind::Name || !starts(last) {
        return last.is("!") || last.is("(") || last.is("=");
    }
    let line = before.iter().rev().take_while(|it| !matches!(it.text, ";" | "{" | "}"));
    !line.into_iter().any(|it| {
        matches!(
            it.text,
            "struct"
                | "enum"
                | "impl"
                | "trait"
                | "fn"
                | "for"
                | "if"
                | "while"
                | "match"
                | "union"
        )
    })
}

fn line(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

fn name(rest: &str) -> usize {
    rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
}

fn number(rest: &str) -> usize {
    let mut end = 0;
    let bytes = rest.as_bytes();
    while let Some(byte) = bytes.get(end) {
        let next = bytes.get(end + 1).copied().unwrap_or(b' ');
        let is_part = match byte {
            b'.' => {
                !rest[..end].contains('.')
                    && next != b'.'
                    && !next.is_ascii_alphabetic()
                    && next != b'_'
            }
            b'+' | b'-' => {
                end > 0
                    && matches!(bytes[end - 1], b'e' | b'E')
                    && !rest.starts_with("0x")
                    && next.is_ascii_digit()
            }
            byte => byte.is_ascii_alphanumeric() || *byte == b'_',
        };
        if !is_part {
            break;
        }
        end += 1;
    }
    end
}

/// A text in double quotes.
fn text(rest: &str) -> usize {
    if let Some(inner) = rest.strip_prefix("\"\"\"") {
        return inner.find("\"\"\"").map_or(rest.len(), |it| it + 6);
    }
    until(rest, '"').unwrap_or(rest.len())
}

/// The length up to the quote that closes the text, the first one's included.
fn until(rest: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

/// The length of what single quotes enclose; none for a lifetime or a label.
fn quoted(rest: &str, previous: Option<Token<'_>>) -> Option<usize> {
    if let Some(inner) = rest.strip_prefix("'''") {
        return Some(inner.find("'''").map_or(rest.len(), |it| it + 6));
    }
    let length = until(rest, '\'').filter(|it| !rest[..*it].contains('\n'))?;
    let inner = &rest[1..length - 1];
    let is_char = inner.chars().count() == 1 || inner.starts_with('\\');
    let is_behind_type = previous.is_some_and(|it| matches!(it.text, "&" | "<" | "+" | ">"));
    let is_label =
        previous.is_none_or(|it| matches!(it.text, ";" | "{" | "}" | "break" | "continue"));
    let has_types = inner.contains(['<', '>', '&']) || inner.contains("::");
    (is_char || !(is_behind_type || is_label || has_types)).then_some(length)
}

/// A name, or a text with a prefix such as `f`.
fn word(rest: &str) -> (Option<Kind>, usize) {
    let length = name(rest).max(1);
    let (prefix, behind) = rest.split_at(length);
    if matches!(prefix, "f" | "F" | "r" | "b" | "br" | "rb" | "u" | "fr" | "rf" | "c") {
        if behind.starts_with('"') {
            return (Some(Kind::Text), length + text(behind));
        }
        let inner = until(behind, '\'').filter(|it| !behind[..*it].contains('\n'));
        if behind.starts_with('\'')
            && !prefix.contains(['b', 'r', 'c'])
            && let Some(inner) = inner
        {
            return (Some(Kind::Text), length + inner);
        }
        if behind.starts_with('#') && prefix.contains('r') {
            let hashes = behind.len() - behind.trim_start_matches('#').len();
            let end = format!("\"{}", "#".repeat(hashes));
            if behind[hashes..].starts_with('"') {
                let inner = behind[hashes + 1..].find(&end).map(|it| it + hashes + 1 + end.len());
                return (Some(Kind::Text), length + inner.unwrap_or(behind.len()));
            }
        }
    }
    (Some(Kind::Name), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, expected: &str) {
        let tokens = Tokens::of(code);
        let texts: Vec<&str> = tokens.list.iter().map(|it| it.text.trim_matches('\n')).collect();
        assert_eq!(texts.join(" "), expected, "{code}");
    }

    #[test]
    fn both_languages_are_cut_into_tokens() {
        check("let x = f'a {b}';", "let x = f'a {b}' ;");
        check("fn f<'a>(x: &'a str, y: &'a str)", "fn f < 'a > ( x : & 'a str , y : & 'a str )");
        check("print('a', 'b') # so", "print ( 'a' , 'b' ) # so");
        check("x**2 + 1.5e-3", "x ** 2 + 1.5e-3");
        check("0..3 1.max(2) 2.", "0 .. 3 1 . max ( 2 ) 2.");
        check("#[derive(X)] // no", "# [ derive ( X ) ]");
        check("show（x）；", "show （ x ） ；");
        check("'outer: loop {}", "'outer : loop { }");
        check("let c = 'x';", "let c = 'x' ;");
    }

    fn statement(code: &str, at: &str, expected: &str) {
        let tokens = Tokens::of(code);
        let range = tokens.statement(tokens.at(code.find(at).unwrap_or(0)));
        let end = range.end.checked_sub(1).map_or(0, |it| tokens.list[it].end());
        assert_eq!(&code[tokens.list[range.start].start..end], expected, "{code}");
    }

    #[test]
    fn the_statement_around_a_place_is_found() {
        statement("let a = 1; let b = f(a, x); 2", "x", "let b = f(a, x)");
        statement("let a = 1\nshow!(a)", "a)", "show!(a)");
        statement("let a = x\n    .relu()?;", "x", "let a = x\n    .relu()?");
        statement("fn f() { let a = g(x)?; a }", "x", "let a = g(x)?");
        statement("let c = A { b: 1, C };", "C }", "let c = A { b: 1, C }");
        statement("for i in range(3):\n    print(i)", "3", "for i in range(3):");
        statement("f(A { b: x }, 2)?;", "x", "f(A { b: x }, 2)?");
        statement(
            "let y = v.iter().map(|i| i ** 2).sum();",
            "**",
            "let y = v.iter().map(|i| i ** 2).sum()",
        );
    }
}
