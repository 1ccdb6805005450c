//! The package that cargo builds for a session's `:dep` lines. Pure but for relative paths.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

/// Dependencies by the names under which cells know them, as in a manifest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted(BTreeMap<String, Value>);

impl Wanted {
    /// Takes in what stands behind `:dep`: `name`, `name = "1.0"` or `name = { .. }`. Paths count
    /// from `folder`.
    pub fn add(&mut self, line: &str, folder: &Path) -> Result<(), String> {
        let is_name = |text: &str| {
            !text.is_empty()
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        let example = "write `:dep name = \"1.0\"` or `:dep name = { version = \"1.0\", features = [\"f\"] }`";
        let (name, mut value) = match line.split_once('=') {
            None => (line.trim(), Value::String("*".to_owned())),
            Some((name, value)) => {
                let table: Table = format!("value = {}", value.trim())
                    .parse()
                    .map_err(|_| format!("`{}` is no dependency; {example}", value.trim()))?;
                let value = table.into_iter().next().map(|it| it.1);
                (name.trim(), value.unwrap_or_else(|| Value::String("*".to_owned())))
            }
        };
        if !is_name(name) {
            return Err(format!("`{name}` is no name of a crate; {example}"));
        }
        match &mut value {
            Value::String(_) => {}
            Value::Table(table) => {
                if let Some(Value::String(path)) = table.get_mut("path") {
                    *path = folder.join(&*path).to_string_lossy().into_owned();
                }
            }
            other => return Err(format!("`{other}` is no dependency; {example}")),
        }
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    /// One line each, as they could be written again.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(|(name, value)| format!(":dep {name} = {value}"))
    }

    /// The manifest of a package with these dependencies.
    pub fn manifest(&self, package: &str) -> String {
        let dependencies: String =
            self.0.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
        format!(
            "[package]\nname = \"{package}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [lib]\npath = \"lib.rs\"\ncrate-type = [\"dylib\"]\n\n\
             [profile.release]\ndebug = false\npanic = \"unwind\"\n\n\
             [workspace]\n\n[dependencies]\n{dependencies}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(line: &str) -> Result<Vec<String>, String> {
        let mut wanted = Wanted::default();
        wanted.add(line, Path::new("/course"))?;
        Ok(wanted.lines().collect())
    }

    #[test]
    fn dependencies_are_written_as_in_a_manifest() {
        for (line, expected) in [
            ("rand", ":dep rand = \"*\""),
            ("rand = \"0.9\"", ":dep rand = \"0.9\""),
            (
                "r = { package = \"rand\", features = [\"std\"] }",
                ":dep r = { features = [\"std\"], package = \"rand\" }",
            ),
            ("own = { path = \"../own\" }", ":dep own = { path = \"/course/../own\" }"),
            ("own = { path = \"/own\" }", ":dep own = { path = \"/own\" }"),
        ] {
            assert_eq!(lines(line), Ok(vec![expected.to_owned()]), "{line}");
        }
    }

    #[test]
    fn other_lines_are_refused() {
        for line in ["", "= \"1\"", "a b = \"1\"", "rand = 0.9", "rand = ", "rand = \"1\n[x]\""] {
            assert!(lines(line).is_err(), "{line}");
        }
    }

    #[test]
    fn later_line_replaces_an_earlier_one() {
        let mut wanted = Wanted::default();
        for line in ["a = \"1\"", "a = \"2\""] {
            wanted.add(line, Path::new("/")).expect("it is a dependency");
        }
        assert!(wanted.manifest("p").ends_with("[dependencies]\na = \"2\"\n"));
    }
}
