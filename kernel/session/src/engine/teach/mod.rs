//! Errors that teach: the first line of an error says in the learner's language what to do.
//!
//! `rule` has the table, as data; `pattern` finds what was typed and what was said, `tokens` cuts up what is no
//! Rust either, and `translate` makes Akari's line of Python's. The engines ask with what an error is known by. Pure:
//! what the compiler means by its texts is tried in `tests/clients/test_teach.py`, on real errors.

mod calls;
mod expression;
mod language;
mod pattern;
mod rule;
mod tokens;
mod translate;
mod wide;

use std::collections::BTreeMap;
use std::ops::Range;

pub use self::language::{Language, UnknownLanguage};
use self::pattern::{Captures, Pattern, filled, said};
pub use self::rule::Stage;
use self::rule::{Book, Rule, book};
use self::tokens::Tokens;
use self::translate::{in_formula, index, line_of, translated, without_borrows};

/// A longer line than this is shown below the sentence.
const LONG: usize = 110;

/// What is known of an error.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub stage: Stage,
    /// The compiler's code.
    pub code: &'a str,
    /// The message, and what its labels, notes and helps say.
    pub texts: &'a [String],
    /// The text of the cell that the error is in.
    pub cell: &'a str,
    /// The line and the column, from 0, in characters.
    pub at: Option<(u32, u32)>,
    /// The types of the session's variables.
    pub types: &'a BTreeMap<String, String>,
}

/// What a learner reads first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The rule's name.
    pub rule: &'static str,
    pub sentence: String,
    /// The mended line, if it is too long to stand in the sentence.
    pub mended: Option<String>,
}

impl Lesson {
    /// The sentence, and the mended line below it.
    pub fn lines(&self) -> Vec<String> {
        let mended = self.mended.iter().flat_map(|it| it.lines()).map(|line| format!("    {line}"));
        std::iter::once(self.sentence.clone()).chain(mended).collect()
    }
}

/// The lesson of an error; none if no rule fits.
pub fn lesson(case: &Case<'_>, language: Language) -> Option<Lesson> {
    told_by(case, language, |rule| rule.en.is_some())
}

/// What the compiler says, in Japanese, where no lesson fits; in English its own words are enough.
pub fn words(case: &Case<'_>, language: Language) -> Option<Lesson> {
    match language {
        Language::English => None,
        Language::Japanese => told_by(case, language, |rule| rule.en.is_none()),
    }
}

/// The lesson by the first rule that fits, of those that are asked for.
fn told_by(case: &Case<'_>, language: Language, is_asked_for: fn(&Rule) -> bool) -> Option<Lesson> {
    let tokens = Tokens::of(case.cell);
    let page = Page { case, tokens: &tokens, statement: statement(case, &tokens) };
    if case.stage == Stage::Syntax
        && let Some((sentence, mended)) = wide::lesson(case.cell, &tokens, language)
    {
        return Some(told("full_width", sentence, Some(mended), language));
    }
    let book = book();
    book.rules.iter().filter(|rule| is_asked_for(rule)).find_map(|rule| {
        let sentence = match language {
            Language::English => rule.en.as_deref(),
            Language::Japanese => rule.ja.as_deref(),
        }?;
        let (mut captures, mended) = page.read(rule, book)?;
        if let Some(mended) = &mended {
            captures.insert("mended".to_owned(), mended.clone());
        }
        let is_inside = sentence.contains("{mended}");
        let sentence = filled(sentence, &captures);
        Some(told(&rule.name, sentence, mended.filter(|_| !is_inside), language))
    })
}

fn told(
    rule: &'static str,
    sentence: String,
    mended: Option<String>,
    language: Language,
) -> Lesson {
    let Some(mended) = mended else { return Lesson { rule, sentence, mended: None } };
    let is_short = !mended.contains('\n') && mended.chars().count() <= LONG;
    match (is_short, language) {
        (true, Language::English) => {
            Lesson { rule, sentence: format!("{sentence}; write `{mended}`"), mended: None }
        }
        (true, Language::Japanese) => {
            Lesson {
                rule, sentence: format!("{sentence}`{mended}` と書きます。"), mended: None
            }
        }
        (false, Language::English) => {
            Lesson { rule, sentence: format!("{sentence}; write:"), mended: Some(mended) }
        }
        (false, Language::Japanese) => Lesson {
            rule,
            sentence: format!("{sentence}次のように書きます:"),
            mended: Some(mended),
        },
    }
}

/// The tokens of the statement that an error is in.
fn statement(case: &Case<'_>, tokens: &Tokens<'_>) -> Range<usize> {
    match case.at {
        Some(_) if tokens.list.is_empty() => 0..0,
        Some(at) => tokens.statement(tokens.at(offset(case.cell, at))),
        None => 0..tokens.list.len(),
    }
}

/// The byte at a line and a column.
fn offset(text: &str, (line, column): (u32, u32)) -> usize {
    let before: usize = text.split_inclusive('\n').take(line as usize).map(str::len).sum();
    let rest = text[before..].split('\n').next().unwrap_or_default();
    before + rest.char_indices().nth(column as usize).map_or(rest.len(), |it| it.0)
}

/// Whether a division of two whole numbers leaves a rest.
fn has_rest(captures: &Captures) -> bool {
    let number = |name: &str| captures.get(name)?.parse::<u64>().ok();
    match (number("a"), number("b")) {
        (Some(a), Some(b)) => a.checked_rem(b).is_some_and(|rest| rest > 0),
        _ => false,
    }
}

/// An error beside the tokens of its cell.
struct Page<'a> {
    case: &'a Case<'a>,
    tokens: &'a Tokens<'a>,
    statement: Range<usize>,
}

impl Page<'_> {
    /// What a rule makes of the error, and the mended line, if the rule fits.
    fn read(&self, rule: &'static Rule, book: &Book) -> Option<(Captures, Option<String>)> {
        let case = self.case;
        if !rule.stages.contains(&case.stage)
            || !(rule.codes.is_empty() || rule.codes.iter().any(|it| it == case.code))
        {
            return None;
        }
        let mut captures = Captures::new();
        for ways in &rule.said {
            captures = ways
                .iter()
                .find_map(|way| case.texts.iter().find_map(|text| said(way, text, &captures)))?;
        }
        let is_said =
            |words: &String| case.texts.iter().any(|text| said(words, text, &captures).is_some());
        if rule.unsaid.iter().any(is_said) {
            return None;
        }
        let within = if rule.anywhere { 0..self.tokens.list.len() } else { self.statement.clone() };
        let find = |pattern: &Pattern| {
            pattern.find(case.cell, self.tokens, within.clone(), &captures, &book.sets)
        };
        if rule.untyped.iter().any(|pattern| find(pattern).is_some()) {
            return None;
        }
        let mut found = None;
        if !rule.typed.is_empty() {
            let (range, more) = rule.typed.iter().find_map(find)?;
            captures = more;
            found = Some(range);
        }
        let is_of_type = |(name, part): (&String, &String)| {
            let name = captures.get(name).map_or("", |it| it.trim_start_matches('&'));
            case.types.get(name).is_some_and(|it| part.split('|').any(|part| it.contains(part)))
        };
        let is_in_set = |(name, set): (&String, &String)| {
            let words = book.sets.get(set);
            captures.get(name).is_some_and(|it| words.is_some_and(|words| words.contains(it)))
        };
        let is_long = |(name, least): (&String, &usize)| {
            captures.get(name).is_some_and(|it| it.chars().count() >= *least)
        };
        if !rule.types.iter().all(is_of_type)
            || !rule.among.iter().all(is_in_set)
            || !rule.least.iter().all(is_long)
        {
            return None;
        }
        if rule.fraction && !has_rest(&captures) {
            return None;
        }
        index(&mut captures);
        captures.insert("whole".to_owned(), self.whole());
        let mended = self.mended(rule, found, &captures, book);
        if let Some((line, _)) = case.at {
            captures.insert("line".to_owned(), (line + 1).to_string());
        }
        Some((captures, mended))
    }

    /// The statement as it would stand inside of a formula.
    fn whole(&self) -> String {
        let list = &self.tokens.list[self.statement.clone()];
        match (list.first(), list.last()) {
            (Some(first), Some(last)) => without_borrows(&self.case.cell[first.start..last.end()]),
            _ => String::new(),
        }
    }

    fn mended(
        &self,
        rule: &Rule,
        found: Option<Range<usize>>,
        captures: &Captures,
        book: &Book,
    ) -> Option<String> {
        let case = self.case;
        let statement = match &found {
            Some(found) if rule.anywhere && found.start < self.tokens.list.len() => {
                self.tokens.statement(found.start)
            }
            _ => self.statement.clone(),
        };
        let list = &self.tokens.list;
        let first = list.get(statement.start)?.start;
        let last = list.get(statement.end.checked_sub(1)?)?.end();
        let last = match list.get(statement.end) {
            Some(token) if token.is(";") => token.end(),
            _ => last,
        };
        let typed = case.cell.get(first..last)?;
        if rule.formula {
            let offset = case.at.map_or(first, |at| offset(case.cell, at));
            return in_formula(case.cell, self.tokens, self.tokens.at(offset), first..last);
        }
        let changed = match (&rule.mend, found) {
            (Some(template), Some(found)) => {
                let mut new = filled(template, captures);
                let end = list.get(found.end).is_some_and(|it| it.is("?"));
                if end && new.ends_with('?') {
                    new.pop();
                }
                let (from, to) = (list[found.start].start, list[found.end - 1].end());
                format!(
                    "{}{new}{}",
                    case.cell.get(first..from).unwrap_or_default(),
                    case.cell.get(to..last).unwrap_or_default()
                )
            }
            (Some(template), None) => {
                return Some(filled(template, captures)).filter(|it| !it.is_empty());
            }
            (None, _) if rule.translate => {
                captures.get("mended").map_or(typed, String::as_str).to_owned()
            }
            (None, _) => return None,
        };
        let mut mended = match rule.is_final {
            true => line_of(&changed),
            false => translated(&changed, case.types, book),
        };
        // The last expression of a cell may stand without one, a definition may not.
        if mended.starts_with("let ") && !mended.ends_with([';', '}']) {
            mended.push(';');
        }
        let is_told = captures.contains_key("mended");
        (is_told || mended != line_of(typed) && !mended.is_empty()).then_some(mended)
    }
}
