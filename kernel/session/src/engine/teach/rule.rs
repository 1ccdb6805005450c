//! The rules: what the compiler, or a run, said and what the learner typed, and the sentence that it gets.
//!
//! They are data, in `rules/*.toml`; `docs/errors.md` says how to write one. Read once, at the first error.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::pattern::{Pattern, Sets};

/// What an error comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The text can't be parsed.
    Syntax,
    #[default]
    Compile,
    /// The cell stopped while it ran.
    Run,
    /// The cell came to its end, and printed something.
    Printed,
}

/// A rule as the data has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    /// The stages, if there are several.
    #[serde(default)]
    stages: Vec<Stage>,
    /// The compiler's codes, one of which the error has.
    #[serde(default)]
    codes: Vec<String>,
    /// What the message, a label, a note or a help says: all of these. `||` stands between two ways.
    #[serde(default)]
    said: Vec<String>,
    /// None of them says this.
    #[serde(default)]
    unsaid: Vec<String>,
    /// What the statement has: one of these.
    #[serde(default)]
    typed: Vec<String>,
    /// What the statement doesn't have.
    #[serde(default)]
    untyped: Vec<String>,
    /// Whether `typed` may be anywhere in the cell.
    #[serde(default)]
    anywhere: bool,
    /// What these captures are: a part of the type's text.
    #[serde(default)]
    types: BTreeMap<String, String>,
    /// The sets that these captures are in.
    #[serde(default)]
    among: BTreeMap<String, String>,
    /// How many characters these captures have at least.
    #[serde(default)]
    least: BTreeMap<String, usize>,
    /// Whether the mended line has the expression at the error's place inside of `t!( .. )`.
    #[serde(default)]
    formula: bool,
    /// Whether `a / b` leaves a rest.
    #[serde(default)]
    fraction: bool,
    /// What stands in the place of what was typed.
    mend: Option<String>,
    /// Whether the mended line is not to be translated from Python.
    #[serde(default)]
    is_final: bool,
    /// Whether the line that the translator makes of the statement is shown.
    #[serde(default)]
    translate: bool,
    en: Option<String>,
    ja: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Rewriting {
    from: String,
    to: String,
}

#[derive(Debug, Default, Deserialize)]
struct File {
    #[serde(default)]
    sets: BTreeMap<String, String>,
    #[serde(default)]
    rule: Vec<Row>,
    #[serde(default)]
    rewrite: Vec<Rewriting>,
}

#[derive(Debug)]
pub struct Rule {
    pub name: String,
    pub stages: Vec<Stage>,
    pub codes: Vec<String>,
    pub said: Vec<Vec<String>>,
    pub unsaid: Vec<String>,
    pub typed: Vec<Pattern>,
    pub untyped: Vec<Pattern>,
    pub anywhere: bool,
    pub types: BTreeMap<String, String>,
    pub among: BTreeMap<String, String>,
    pub least: BTreeMap<String, usize>,
    pub formula: bool,
    pub fraction: bool,
    pub mend: Option<String>,
    pub is_final: bool,
    pub translate: bool,
    pub en: Option<String>,
    pub ja: Option<String>,
}

/// What the translator puts in the place of a Python spelling.
#[derive(Debug)]
pub struct Rewrite {
    pub from: Pattern,
    pub to: String,
}

#[derive(Debug, Default)]
pub struct Book {
    pub rules: Vec<Rule>,
    pub rewrites: Vec<Rewrite>,
    pub sets: Sets,
}

const FILES: &[&str] = &[
    include_str!("rules/everyday.toml"),
    include_str!("rules/syntax.toml"),
    include_str!("rules/python.toml"),
    include_str!("rules/names.toml"),
    include_str!("rules/types.toml"),
    include_str!("rules/moves.toml"),
    include_str!("rules/running.toml"),
    include_str!("rules/others.toml"),
    include_str!("rules/words.toml"),
    include_str!("rules/rewrites.toml"),
];

static BOOK: LazyLock<Book> = LazyLock::new(|| Book::read(FILES).unwrap_or_default());

/// All rules, in the order in which they are tried.
pub fn book() -> &'static Book {
    &BOOK
}

impl Book {
    fn read(files: &[&str]) -> Result<Book, toml::de::Error> {
        let mut book = Book::default();
        for text in files {
            let file: File = toml::from_str(text)?;
            let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
            book.sets.extend(file.sets.into_iter().map(|(name, text)| (name, words(text))));
            book.rules.extend(file.rule.into_iter().map(Rule::of));
            book.rewrites.extend(
                file.rewrite
                    .into_iter()
                    .map(|it| Rewrite { from: Pattern::of(&it.from), to: it.to }),
            );
        }
        Ok(book)
    }
}

impl Rule {
    fn of(row: Row) -> Rule {
        let patterns = |texts: &[String]| texts.iter().map(|it| Pattern::of(it)).collect();
        let ways = |text: &String| text.split("||").map(|it| it.trim().to_owned()).collect();
        Rule {
            typed: patterns(&row.typed),
            untyped: patterns(&row.untyped),
            said: row.said.iter().map(ways).collect(),
            stages: if row.stages.is_empty() { vec![Stage::Compile] } else { row.stages },
            name: row.name,
            codes: row.codes,
            unsaid: row.unsaid,
            anywhere: row.anywhere,
            types: row.types,
            among: row.among,
            least: row.least,
            formula: row.formula,
            fraction: row.fraction,
            mend: row.mend,
            is_final: row.is_final,
            translate: row.translate,
            en: row.en,
            ja: row.ja,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn data_is_whole() {
        let book = Book::read(FILES).unwrap_or_else(|error| panic!("{error}"));
        let mut names = BTreeSet::new();
        for rule in &book.rules {
            assert!(names.insert(&rule.name), "two rules are named {}", rule.name);
            assert!(rule.ja.is_some(), "{} has no Japanese", rule.name);
            let conditions = rule.codes.len() + rule.said.len() + rule.typed.len();
            assert!(conditions > 0, "{} fits everything", rule.name);
        }
        assert!(book.rules.len() > 100 && book.rewrites.len() > 30);
    }
}
