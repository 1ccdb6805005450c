//! Patterns over tokens, with which rules say what a learner typed.
//!
//! A pattern is written as tokens. `$a` is an operand (`x`, `f(x)?`, `F::relu(&x)`, `(a + b)`), `$a:name` a
//! name, `$a:number`, `$a:int`, `$a:text`, and `$a:word` one of the words of a set in the data; `$a..` is any tokens
//! whose brackets match, as few as will do, and `$a.+`
//! the same but not nothing. A name that has a value already must have it again. `^` is the beginning
//! of the statement and `$$` its end. Pure.

use std::collections::BTreeMap;
use std::ops::Range;

use super::tokens::{Kind, Token, Tokens};

/// What the parts of a pattern stand for.
pub type Captures = BTreeMap<String, String>;

/// Sets of words by name.
pub type Sets = BTreeMap<String, Vec<String>>;

#[derive(Debug, Clone)]
enum Part {
    Token(String),
    Operand(String),
    OfKind(String, String),
    Any(String),
    Some(String),
    Start,
    End,
}

#[derive(Debug, Clone)]
pub struct Pattern(Vec<Part>);

impl Pattern {
    pub fn of(text: &str) -> Pattern {
        let parts = text.split_whitespace().enumerate();
        let parts = parts.map(|(at, part)| match part.strip_prefix('$') {
            None if part == "^" && at == 0 => Part::Start,
            None => Part::Token(part.to_owned()),
            Some("$") => Part::End,
            Some(name) if name.ends_with(".+") => {
                Part::Some(name.trim_end_matches(".+").to_owned())
            }
            Some(name) => match (name.strip_suffix(".."), name.split_once(':')) {
                (Some(name), _) => Part::Any(name.to_owned()),
                (None, Some((name, kind))) => Part::OfKind(name.to_owned(), kind.to_owned()),
                (None, None) => Part::Operand(name.to_owned()),
            },
        });
        Pattern(parts.collect())
    }

    /// The first match within a range of tokens.
    pub fn find(
        &self,
        text: &str,
        tokens: &Tokens<'_>,
        within: Range<usize>,
        known: &Captures,
        sets: &Sets,
    ) -> Option<(Range<usize>, Captures)> {
        let search = Search { text, tokens, within: within.clone(), sets };
        within.clone().find_map(|start| {
            let mut captures = known.clone();
            let end = search.parts(&self.0, start, &mut captures)?;
            (end > start).then_some((start..end, captures))
        })
    }
}

struct Search<'a> {
    text: &'a str,
    tokens: &'a Tokens<'a>,
    within: Range<usize>,
    sets: &'a Sets,
}

impl Search<'_> {
    fn token(&self, at: usize) -> Option<&Token<'_>> {
        self.tokens.get(at).filter(|_| at < self.within.end)
    }

    fn is(&self, at: usize, text: &str) -> bool {
        self.token(at).is_some_and(|it| it.is(text))
    }

    fn source(&self, range: Range<usize>) -> String {
        let list = &self.tokens.list;
        match (list.get(range.start), range.end.checked_sub(1).and_then(|it| list.get(it))) {
            (Some(first), Some(last)) if range.start < range.end => {
                self.text[first.start..last.end()].to_owned()
            }
            _ => String::new(),
        }
    }

    /// The end of a match of these parts.
    fn parts(&self, parts: &[Part], at: usize, captures: &mut Captures) -> Option<usize> {
        let Some((part, rest)) = parts.split_first() else { return Some(at) };
        match part {
            Part::Start => {
                (at == self.within.start).then_some(())?;
                self.parts(rest, at, captures)
            }
            Part::End => {
                let is_last = at + 1 == self.within.end && self.is(at, ";");
                (at >= self.within.end || is_last).then_some(at)
            }
            Part::Token(text) => {
                self.is(at, text).then_some(())?;
                self.parts(rest, at + 1, captures)
            }
            Part::OfKind(name, kind) => {
                let token = self.token(at)?;
                self.is_of(token, kind).then_some(())?;
                capture(captures, name, token.text)?;
                self.parts(rest, at + 1, captures)
            }
            Part::Operand(name) => self.operands(at).into_iter().rev().find_map(|end| {
                let mut tried = captures.clone();
                capture(&mut tried, name, &self.source(at..end))?;
                let found = self.parts(rest, end, &mut tried)?;
                *captures = tried;
                Some(found)
            }),
            Part::Any(name) | Part::Some(name) => {
                let mut end = at;
                if matches!(part, Part::Some(_)) {
                    end = self.after(end)?;
                }
                loop {
                    let mut tried = captures.clone();
                    if capture(&mut tried, name, &self.source(at..end)).is_some()
                        && let Some(found) = self.parts(rest, end, &mut tried)
                    {
                        *captures = tried;
                        return Some(found);
                    }
                    end = self.after(end)?;
                }
            }
        }
    }

    /// Behind a token, or behind the brackets that it opens.
    fn after(&self, at: usize) -> Option<usize> {
        match self.token(at)?.text {
            ")" | "]" | "}" | ";" => None,
            "(" | "[" | "{" => Some(self.tokens.partner(at)? + 1),
            _ => Some(at + 1),
        }
    }

    fn is_of(&self, token: &Token<'_>, kind: &str) -> bool {
        match kind {
            "name" => token.kind == Kind::Name && !token.text.starts_with('\''),
            "number" => token.kind == Kind::Number,
            "int" => token.kind == Kind::Number && token.text.chars().all(|c| c.is_ascii_digit()),
            "text" => token.kind == Kind::Text && !token.text.starts_with(['f', 'F']),
            "quoted" => token.kind == Kind::Text && token.text.starts_with('"'),
            "ftext" => token.kind == Kind::Text && token.text.starts_with(['f', 'F']),
            "single" => {
                let inner = token.text.trim_matches('\'');
                let is_long = token.text.starts_with("'''");
                token.kind == Kind::Text
                    && token.text.starts_with('\'')
                    && inner.chars().count() != 1
                    && !is_long
                    && !inner.starts_with('\\')
            }
            "doc" => token.text.starts_with("\"\"\"") || token.text.starts_with("'''"),
            "config" => {
                let is_loss =
                    self.sets.get("losses").is_some_and(|it| it.iter().any(|it| it == token.text));
                is_loss || token.text.ends_with("Config") || token.text.ends_with("Options")
            }
            "hash" => token.kind == Kind::Hash,
            "newline" => token.kind == Kind::Newline,
            set => self.sets.get(set).is_some_and(|words| words.iter().any(|it| it == token.text)),
        }
    }

    /// The ends of the operands that begin at a token, the shortest first.
    fn operands(&self, start: usize) -> Vec<usize> {
        const NO_OPERANDS: &[&str] = &[
            "let", "if", "else", "for", "in", "while", "return", "match", "fn", "and", "or", "not",
            "is", "as", "mut", "def", "class", "import", "from", "lambda", "elif", "with", "use",
        ];
        let mut ends = Vec::new();
        if start > self.within.start
            && self.tokens.get(start - 1).is_some_and(|it| matches!(it.text, "." | "::"))
        {
            // The middle of a path is no operand.
            return ends;
        }
        let mut at = start;
        while self.is(at, "&") || (at > start && self.is(at, "mut")) {
            at += 1;
        }
        let Some(token) = self.token(at) else { return ends };
        let first = match token.kind {
            Kind::Name if NO_OPERANDS.contains(&token.text) => None,
            Kind::Name | Kind::Number | Kind::Text => Some(at + 1),
            Kind::Sign if matches!(token.text, "(" | "[") => {
                self.tokens.partner(at).map(|it| it + 1)
            }
            _ => None,
        };
        let mut next = first.filter(|it| *it <= self.within.end);
        while let Some(at) = next {
            ends.push(at);
            let closed = |open: usize| {
                let close = self.tokens.partner(open).filter(|it| *it < self.within.end)?;
                Some(close + 1)
            };
            next = match self.token(at).map(|it| it.text) {
                Some("." | "::") if self.token(at + 1).is_some_and(|it| it.kind != Kind::Sign) => {
                    Some(at + 2)
                }
                Some("::") if self.is(at + 1, "<") => {
                    (at + 2..self.within.end).find(|it| self.is(*it, ">")).map(|it| it + 1)
                }
                Some("!") if self.is(at + 1, "(") || self.is(at + 1, "[") => closed(at + 1),
                Some("(" | "[") => closed(at),
                Some("?") => Some(at + 1),
                _ => None,
            };
        }
        ends
    }
}

/// Gives a name a value; none if it has another one.
fn capture(captures: &mut Captures, name: &str, value: &str) -> Option<()> {
    match captures.get(name) {
        Some(known) => (known == value).then_some(()),
        None => {
            captures.insert(name.to_owned(), value.to_owned());
            Some(())
        }
    }
}

/// A template with captures in the place of `{name}`; braces of code are written twice.
pub fn filled(template: &str, captures: &Captures) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        if rest[at + 1..].starts_with(brace) {
            out.push_str(brace);
            rest = &rest[at + 2..];
            continue;
        }
        match rest[at + 1..].split_once('}') {
            Some((name, after)) => {
                out.push_str(captures.get(name).map_or("", String::as_str));
                rest = after;
            }
            None => rest = &rest[at + 1..],
        }
    }
    out.push_str(rest);
    out
}

/// What a text says where a pattern has `$name`; the pattern may be a part of the text.
pub fn said(pattern: &str, text: &str, known: &Captures) -> Option<Captures> {
    let (pattern, is_anchored) = match pattern.strip_prefix('^') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut pieces = pattern.split('$');
    let first = pieces.next().unwrap_or_default();
    let starts: Vec<usize> = match is_anchored {
        true => text.starts_with(first).then_some(0).into_iter().collect(),
        false => text.match_indices(first).map(|it| it.0).take(16).collect(),
    };
    starts.into_iter().find_map(|start| {
        let mut captures = known.clone();
        let mut rest = &text[start + first.len()..];
        for piece in pieces.clone() {
            let length = piece.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(piece.len());
            let (name, literal) = piece.split_at(length);
            let end = match literal {
                "" => rest.find(['`', '\n']).unwrap_or(rest.len()),
                literal => rest.find(literal)?,
            };
            let value = &rest[..end];
            if value.contains(['\n', '`']) {
                return None;
            }
            capture(&mut captures, name, value)?;
            rest = &rest[end + literal.len()..];
        }
        Some(captures)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, code: &str, expected: Option<&str>) {
        let tokens = Tokens::of(code);
        let all = 0..tokens.list.len();
        let sets = Sets::from([("opt".to_owned(), vec!["SGD".to_owned(), "Adam".to_owned()])]);
        let found = Pattern::of(pattern).find(code, &tokens, all, &Captures::new(), &sets);
        let shown = found.map(|(_, captures)| {
            captures
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        });
        assert_eq!(shown.as_deref(), expected, "{pattern} in {code}");
    }

    #[test]
    fn patterns_find_what_was_typed() {
        check("print ( $a.. )", "print(\"a\", f(x))", Some("a=\"a\", f(x)"));
        check("$a ** $b", "let y = F::relu(&x)? ** 2", Some("a=F::relu(&x)? b=2"));
        check("$a [ $i.. ]", "show!(x[0, 1])", Some("a=x i=0, 1"));
        check("$x:name [ $i.. ]", "show!(x[0, 1])", Some("i=0, 1 x=x"));
        check("optim . $o:opt ( $a.. )", "optim.Adam(p)", Some("a=p o=Adam"));
        check("optim . $o:opt ( $a.. )", "optim.step(p)", None);
        check("^ $a = $b $$", "x = 5", Some("a=x b=5"));
        check("^ $a = $b $$", "let x = 5", None);
        check("$a + $a", "x + y", None);
        check("$o . step ( )", "opt.inner.step()", Some("o=opt.inner"));
        check("$f ( $a.. )", "F::relu(&x)", Some("a=&x f=F::relu"));
    }

    #[test]
    fn texts_are_read_and_written() {
        let known = Captures::new();
        let found = said("no `$a` in `$b`", "there is no `x` in `F`", &known).unwrap_or_default();
        assert_eq!(filled("{b}::{a} {{}}", &found), "F::x {}");
        assert_eq!(said("^no", "there is no", &known), None);
    }
}
