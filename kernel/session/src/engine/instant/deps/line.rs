//! What stands behind `:dep`, in the many ways in which people write it: as in a manifest, as for
//! `cargo add`, a folder alone, several in one line, with a comment behind. Pure.
//!
//! `manifest` keeps what the lines of a session come to.

use toml::{Table, Value};

use super::lexis::{self, Word, is_quote, value_text, without_comments, word};
use super::nearest::nearest;

/// A dependency that a line asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The name by which cells know the crate; none for a folder alone, whose package has one.
    pub name: Option<String>,
    /// As in a manifest. A version, a path or a git repository may lack: then the newest is meant.
    pub table: Table,
}

/// What a line says.
#[derive(Debug, Default, PartialEq)]
pub struct Line {
    pub asked: Vec<Asked>,
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum LineError {
    #[error("write `:dep name = \"1.0\"`, or `:dep name = {{ path = \"..\" }}` as in Cargo.toml")]
    Nothing,
    #[error(
        "`{0}` is no name of a crate; write `:dep name = \"1.0\"` or `:dep name = {{ version = \"1.0\", features = [\"f\"] }}`"
    )]
    Name(String),
    #[error("`{value}` is no dependency; write `:dep {name} = \"{value}\"`, in quotes")]
    Bare { name: String, value: String },
    #[error(
        "`{value}` is no dependency ({cause}); write `:dep {name} = \"1.0\"` or `:dep {name} = {{ version = \"1.0\", features = [\"f\"] }}`"
    )]
    Value { name: String, value: String, cause: String },
    #[error("`{key}` of `{name}` is {is}; write `{key} = {example}`")]
    Type { name: String, key: String, is: &'static str, example: String },
    #[error(
        "`{key}` is no key of a dependency, and `{name}` has no `{nearest}`: did you mean `{nearest}`?"
    )]
    Key { name: String, key: String, nearest: String },
    #[error(
        "`workspace = true` takes the version of `{0}` from a workspace, and a notebook has none; write the version: `:dep {0} = \"1.0\"`"
    )]
    Workspace(String),
    #[error("`{0}` stands behind `:dep`; code begins on the line below")]
    Code(String),
    #[error(
        "`{0}` is no option of `:dep`; write `:dep name = {{ version = \"1.0\", features = [\"f\"] }}`"
    )]
    Option(String),
}

/// The kind of value that a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Texts,
    Truth,
}

/// The keys of a dependency in a manifest.
const KEYS: &[(&str, Kind)] = &[
    ("version", Kind::Text),
    ("path", Kind::Text),
    ("git", Kind::Text),
    ("branch", Kind::Text),
    ("tag", Kind::Text),
    ("rev", Kind::Text),
    ("features", Kind::Texts),
    ("default-features", Kind::Truth),
    ("optional", Kind::Truth),
    ("package", Kind::Text),
    ("registry", Kind::Text),
    ("workspace", Kind::Truth),
];

/// The keys that say where a crate comes from.
pub const SOURCES: [&str; 3] = ["version", "path", "git"];

/// Options of `cargo add` that have a value, with the keys that they stand for.
const OPTIONS: &[(&str, &str)] = &[
    ("--features", "features"),
    ("-F", "features"),
    ("--git", "git"),
    ("--branch", "branch"),
    ("--tag", "tag"),
    ("--rev", "rev"),
    ("--path", "path"),
    ("--vers", "version"),
    ("--registry", "registry"),
];

/// Words that begin a line of code and name no crate.
const OF_CODE: &[&str] = &[
    "async", "const", "enum", "extern", "fn", "for", "if", "impl", "let", "loop", "match", "mod",
    "pub", "return", "static", "struct", "trait", "type", "unsafe", "use", "while",
];

/// Reads what stands behind `:dep`.
pub fn parse(text: &str) -> Result<Line, LineError> {
    let text = without_comments(text);
    let mut line = Line::default();
    let mut rest = text.as_str();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == ';');
        if rest.is_empty() {
            break;
        }
        if rest.starts_with('{') {
            rest = line.unnamed(rest)?;
            continue;
        }
        let (word, after) = word(rest);
        rest = after;
        if word.text == ":dep" {
            continue;
        }
        if word.text.starts_with('-') && !word.is_quoted {
            rest = line.option(&word.text, rest)?;
            continue;
        }
        if !word.is_quoted && OF_CODE.contains(&word.text.as_str()) {
            return Err(LineError::Code(word.text + rest.split('\n').next().unwrap_or_default()));
        }
        rest = line.dependency(&word, rest)?;
    }
    if line.asked.is_empty() { Err(LineError::Nothing) } else { Ok(line) }
}

impl Line {
    /// Takes in a word and what belongs to it; returns the rest.
    fn dependency<'a>(&mut self, word: &Word, rest: &'a str) -> Result<&'a str, LineError> {
        let behind = rest.trim_start();
        if let Some(value) = behind.strip_prefix('=') {
            let (value, rest) = value_text(value.trim_start());
            self.assignment(word, value)?;
            return Ok(rest);
        }
        if is_folder(word) {
            let path = Value::String(word.text.clone());
            self.push(None, Table::from_iter([("path".to_owned(), path)]))?;
            return Ok(rest);
        }
        if let Some(name) = name_of_repository(&word.text) {
            let git = Value::String(word.text.clone());
            self.push(Some(name), Table::from_iter([("git".to_owned(), git)]))?;
            return Ok(rest);
        }
        let version = |version: &str| {
            let version = Value::String(version.to_owned());
            Table::from_iter([("version".to_owned(), version)])
        };
        if let Some((name, given)) = word.text.split_once('@') {
            self.push(Some(name.to_owned()), version(given))?;
            return Ok(rest);
        }
        let (next, after) = lexis::word(behind);
        if next.text.starts_with(|c: char| c.is_ascii_digit() || "^~*<>=".contains(c)) {
            self.push(Some(word.text.clone()), version(&next.text))?;
            return Ok(after);
        }
        self.push(Some(word.text.clone()), Table::new())?;
        Ok(rest)
    }

    /// A table without a name, which says by itself what the name is; returns the rest.
    fn unnamed<'a>(&mut self, text: &'a str) -> Result<&'a str, LineError> {
        let (value, rest) = value_text(text);
        let table = table("name", None, value)?;
        let said = |key: &str| table.get(key).and_then(Value::as_str);
        let name = said("package").map(str::to_owned);
        let name = name.or_else(|| said("git").and_then(name_of_repository));
        if name.is_none() && said("path").is_none() {
            return Err(LineError::Name(value.to_owned()));
        }
        self.push(name, table)?;
        Ok(rest)
    }

    /// `name = value`, or `name.key = value`.
    fn assignment(&mut self, word: &Word, value: &str) -> Result<(), LineError> {
        let (name, key) = match word.text.split_once('.').filter(|_| !word.is_quoted) {
            Some((name, key)) => (name, Some(key)),
            None => (word.text.as_str(), None),
        };
        check_name(name)?;
        let table = table(name, key, value)?;
        self.push(Some(name.to_owned()), table)
    }

    /// Adds a dependency, or what a line says more about one that it has named.
    fn push(&mut self, name: Option<String>, table: Table) -> Result<(), LineError> {
        let shown = name.clone().unwrap_or_else(|| "the dependency".to_owned());
        if let Some(name) = &name {
            check_name(name)?;
        }
        let table = self.checked(&shown, table)?;
        let known = self.asked.iter_mut().find(|it| it.name.is_some() && it.name == name);
        match known {
            Some(known) => known.table.extend(table),
            None => self.asked.push(Asked { name, table }),
        }
        Ok(())
    }

    /// The table under the names that its keys have in a manifest, without those that mean nothing.
    fn checked(&mut self, name: &str, table: Table) -> Result<Table, LineError> {
        let mut checked = Table::new();
        let mut unknown = Vec::new();
        for (key, value) in table {
            let known = KEYS.iter().find(|(known, _)| *known == key.replace('_', "-"));
            let Some((known, kind)) = known else {
                unknown.push(key);
                continue;
            };
            check_type(name, known, *kind, &value)?;
            match *known {
                "workspace" => return Err(LineError::Workspace(name.to_owned())),
                // A notebook has no features of its own that could ask for it.
                "optional" => {}
                _ => drop(checked.insert((*known).to_owned(), value)),
            }
        }
        let has_source = SOURCES.iter().any(|it| checked.contains_key(*it));
        for key in unknown {
            let nearest = nearest(&key, KEYS.iter().map(|(known, _)| *known));
            match nearest {
                Some(nearest) if !has_source && SOURCES.contains(&nearest) => {
                    let (name, nearest) = (name.to_owned(), nearest.to_owned());
                    return Err(LineError::Key { name, key, nearest });
                }
                _ => self.warnings.push(format!(
                    "unused manifest key: `{key}` of `{name}`{}",
                    nearest.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default()
                )),
            }
        }
        Ok(checked)
    }

    /// An option as `cargo add` has it, for the dependency before it; returns the rest.
    fn option<'a>(&mut self, option: &str, rest: &'a str) -> Result<&'a str, LineError> {
        let unknown = || LineError::Option(option.to_owned());
        let last = self.asked.last_mut().ok_or_else(unknown)?;
        if option == "--no-default-features" {
            last.table.insert("default-features".to_owned(), Value::Boolean(false));
            return Ok(rest);
        }
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '=');
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (value, rest) = match rest.starts_with(is_quote) {
            true => word(rest),
            false => (Word { text: rest[..end].to_owned(), is_quoted: false }, &rest[end..]),
        };
        if option == "--rename" {
            let package = last.name.replace(value.text).ok_or_else(unknown)?;
            last.table.insert("package".to_owned(), Value::String(package));
            return Ok(rest);
        }
        let (_, key) = OPTIONS.iter().find(|(known, _)| *known == option).ok_or_else(unknown)?;
        let value = match *key {
            "features" => {
                let features = value.text.split([',', ' ']).filter(|it| !it.is_empty());
                Value::Array(features.map(|it| Value::String(it.to_owned())).collect())
            }
            _ => Value::String(value.text),
        };
        last.table.insert((*key).to_owned(), value);
        Ok(rest)
    }
}

/// The table that a value stands for: of a whole dependency, or of one key of it.
fn table(name: &str, key: Option<&str>, value: &str) -> Result<Table, LineError> {
    let is_bare = !value.starts_with(['"', '\'', '{', '[']) && key.is_none();
    if is_bare && !value.is_empty() {
        return Err(LineError::Bare { name: name.to_owned(), value: value.to_owned() });
    }
    let refused = |cause: &str| {
        let (name, value) = (name.to_owned(), value.to_owned());
        LineError::Value { name, value, cause: cause.to_owned() }
    };
    // A table in one line of a manifest has neither line breaks nor a comma at its end.
    let joined = match value.strip_suffix('}') {
        Some(inside) => format!("{}}}", inside.replace('\n', " ").trim_end().trim_end_matches(',')),
        None => value.to_owned(),
    };
    let line = format!("{} = {joined}", key.unwrap_or("value"));
    let parsed: Table = line.parse().map_err(|error: toml::de::Error| {
        let has_colons = value.starts_with('{') && value.contains(':') && !value.contains('=');
        refused(if has_colons { "TOML has `=` where you write `:`" } else { error.message() })
    })?;
    match (key, parsed.into_iter().next()) {
        (Some(_), Some((key, value))) => Ok(Table::from_iter([(key, value)])),
        (None, Some((_, Value::String(version)))) => {
            Ok(Table::from_iter([("version".to_owned(), Value::String(version))]))
        }
        (None, Some((_, Value::Table(table)))) => Ok(table),
        _ => Err(refused("a list names no crate")),
    }
}

fn check_name(name: &str) -> Result<(), LineError> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if is_name { Ok(()) } else { Err(LineError::Name(name.to_owned())) }
}

fn check_type(name: &str, key: &str, kind: Kind, value: &Value) -> Result<(), LineError> {
    let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (is, example) = match (kind, value) {
        (Kind::Text, Value::String(_)) | (Kind::Truth, Value::Boolean(_)) => return Ok(()),
        (Kind::Texts, Value::Array(all)) if all.iter().all(Value::is_str) => return Ok(()),
        (Kind::Text, _) => ("a text, in quotes", format!("\"{}\"", text())),
        (Kind::Truth, _) => ("true or false, without quotes", "false".to_owned()),
        (Kind::Texts, Value::String(_)) => ("a list", format!("[\"{}\"]", text())),
        (Kind::Texts, _) => ("a list of texts, in quotes", "[\"f\"]".to_owned()),
    };
    Err(LineError::Type { name: name.to_owned(), key: key.to_owned(), is, example })
}

fn is_folder(word: &Word) -> bool {
    let text = &word.text;
    let is_no_name = || text.contains(|c: char| c == '/' || c.is_whitespace() || !c.is_ascii());
    text.starts_with(['.', '/', '~']) || word.is_quoted && !is_url(text) && is_no_name()
}

fn is_url(text: &str) -> bool {
    text.contains("://") || text.starts_with("git@")
}

/// The name that the package in a repository most likely has.
fn name_of_repository(text: &str) -> Option<String> {
    let last = text.trim_end_matches('/').rsplit('/').next()?;
    is_url(text).then(|| last.trim_end_matches(".git").to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// What the dependencies of a line come to, and its warnings, one a line.
    fn said(text: &str) -> String {
        match parse(text) {
            Ok(line) => {
                let name = |it: &Asked| it.name.clone().unwrap_or_else(|| "?".to_owned());
                let asked = line
                    .asked
                    .iter()
                    .map(|it| format!("{} {}", name(it), Value::Table(it.table.clone())));
                asked.chain(line.warnings).collect::<Vec<_>>().join("\n")
            }
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn lines_are_read_as_people_write_them() {
        for (line, expected) in [
            ("rand", "rand {}"),
            ("rand // dice", "rand {}"),
            ("rand = \"0.9\" # dice", "rand { version = \"0.9\" }"),
            ("rand = \"0.9\"// dice", "rand { version = \"0.9\" }"),
            ("rand = '0.9' /* dice */;", "rand { version = \"0.9\" }"),
            ("\"rand\" = \"0.9\"", "rand { version = \"0.9\" }"),
            ("rand@0.9", "rand { version = \"0.9\" }"),
            ("rand 0.9", "rand { version = \"0.9\" }"),
            ("rand \"0.9\"", "rand { version = \"0.9\" }"),
            ("rand = \">=0.8, <0.10\"", "rand { version = \">=0.8, <0.10\" }"),
            ("a = \"1\", b = \"2\"", "a { version = \"1\" }\nb { version = \"2\" }"),
            ("a = \"1\" :dep b = \"2\"", "a { version = \"1\" }\nb { version = \"2\" }"),
            ("a b; c", "a {}\nb {}\nc {}"),
            ("./own", "? { path = \"./own\" }"),
            ("\"../道具 箱\"", "? { path = \"../道具 箱\" }"),
            ("{ path = \"../own\" }", "? { path = \"../own\" }"),
            ("~/own # mine", "? { path = \"~/own\" }"),
            ("https://example.org/a/b-c.git", "b-c { git = \"https://example.org/a/b-c.git\" }"),
            (
                "h = { git = \"https://example.org/h\", branch = \"main\" } // new",
                "h { branch = \"main\", git = \"https://example.org/h\" }",
            ),
            (
                "hex = { version = \"0.4\", default_features = false }",
                "hex { default-features = false, version = \"0.4\" }",
            ),
            (
                "t = {\n  version = \"1\", // one\n  features = [\n\"a\",\n\"b\"],\n}",
                "t { features = [\"a\", \"b\"], version = \"1\" }",
            ),
            ("serde.version = \"1\"", "serde { version = \"1\" }"),
            (
                "serde --features derive,rc --no-default-features",
                "serde { default-features = false, features = [\"derive\", \"rc\"] }",
            ),
            ("serde -F derive --rename s", "s { features = [\"derive\"], package = \"serde\" }"),
            ("hex = { version = \"0.4\", optional = true }", "hex { version = \"0.4\" }"),
            (
                "hex = { version = \"0.4\", feature = [\"serde\"] }",
                "hex { version = \"0.4\" }\nunused manifest key: `feature` of `hex`; did you mean `features`?",
            ),
            (
                "hex = { version = \"0.4\", Features = [] }",
                "hex { version = \"0.4\" }\nunused manifest key: `Features` of `hex`; did you mean `features`?",
            ),
            (
                "hex = { version = \"0.4\", colour = 1 }",
                "hex { version = \"0.4\" }\nunused manifest key: `colour` of `hex`",
            ),
        ] {
            assert_eq!(said(line), expected, "{line}");
        }
    }

    #[test]
    fn other_lines_are_refused_with_the_right_one() {
        for (line, words) in [
            ("", "write `:dep name"),
            ("// nothing", "write `:dep name"),
            ("= \"1\"", "no name of a crate"),
            ("a!b", "`a!b` is no name of a crate"),
            ("rand = 0.9", "write `:dep rand = \"0.9\"`, in quotes"),
            ("rand = ", "no dependency"),
            ("rand = \"1\n[x]\"", "no dependency"),
            ("rand = [\"1\"]", "a list names no crate"),
            ("rand = { version = \"1\"", "no dependency"),
            ("rand = { version: \"1\" }", "`=` where you write `:`"),
            ("rand = { version = 0.9 }", "write `version = \"0.9\"`"),
            ("tokio = { version = \"1\", features = \"full\" }", "write `features = [\"full\"]`"),
            ("a = { version = \"1\", default-features = \"no\" }", "true or false"),
            ("hex = { vesrion = \"0.4\" }", "`vesrion` is no key of a dependency"),
            ("serde = { workspace = true }", "a notebook has none"),
            ("either = \"1\"; let x = 1;", "`let x = 1;` stands behind `:dep`"),
            ("hex --feature serde", "no option of `:dep`"),
        ] {
            let said = said(line);
            assert!(said.starts_with("error: ") && said.contains(words), "{line}: {said}");
        }
    }
}
