//! The dependencies of a session, and the package that cargo builds for them. Pure but for folders,
//! whose names and packages are looked up.
//!
//! What a line may say is in `line`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::line::{self, Asked, LineError, SOURCES};

/// Dependencies by the names under which cells know them, as in a manifest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted(BTreeMap<String, Table>);

/// Why a line can't be taken in.
#[derive(Debug, thiserror::Error)]
pub enum WantedError {
    #[error(transparent)]
    Line(#[from] LineError),
    #[error("there is no folder `{}`; a path counts from the notebook's folder", .0.display())]
    NoFolder(PathBuf),
    #[error("`{}` is no package: there is no Cargo.toml that names one", .0.display())]
    NoPackage(PathBuf),
    #[error(
        "the package in `{}` is named `{package}`; write `:dep {package} = {{ path = \"..\" }}`, or add `package = \"{package}\"` to keep the name `{name}`", path.display()
    )]
    OtherName { path: PathBuf, name: String, package: String },
}

impl Wanted {
    /// Takes in what stands behind `:dep`. Paths count from `folder`. Returns warnings.
    pub fn add(&mut self, text: &str, folder: &Path) -> Result<Vec<String>, WantedError> {
        let line = line::parse(text)?;
        for asked in line.asked {
            let (name, table) = located(asked, folder)?;
            let has_source = SOURCES.iter().any(|it| table.contains_key(*it));
            match self.0.get_mut(&name) {
                // As for `cargo add`, the version of a crate that is there already stays.
                Some(known) if !has_source => extend(known, table),
                _ => drop(self.0.insert(name, table)),
            }
        }
        Ok(line.warnings)
    }

    /// Takes out the crates whose folder is gone; returns their names.
    pub fn take_lost(&mut self) -> Vec<String> {
        let is_lost = |table: &Table| {
            table.get("path").and_then(Value::as_str).is_some_and(|it| !Path::new(it).is_dir())
        };
        let lost = self.0.iter().filter(|(_, table)| is_lost(table));
        let lost: Vec<String> = lost.map(|(name, _)| name.clone()).collect();
        self.0.retain(|name, _| !lost.contains(name));
        lost
    }

    /// The names of crates of which the newest version is meant, each with its package's name.
    pub fn open(&self) -> Vec<(String, String)> {
        let is_open = |table: &Table| SOURCES.iter().all(|it| !table.contains_key(*it));
        let found = self.0.iter().filter(|(_, table)| is_open(table));
        found.map(|(name, table)| (name.clone(), package(name, table).to_owned())).collect()
    }

    /// Sets the version of a crate that has none, and the name that its package has in truth.
    pub fn settle(&mut self, name: &str, package: &str, version: &str) {
        let Some(mut table) = self.0.remove(name) else { return };
        table.insert("version".to_owned(), Value::String(version.to_owned()));
        let renamed = table.contains_key("package");
        if renamed {
            table.insert("package".to_owned(), Value::String(package.to_owned()));
        }
        self.0.insert(if renamed { name } else { package }.to_owned(), table);
    }

    /// The same dependencies without their features.
    pub fn without_features(&self) -> Wanted {
        let mut plain = self.clone();
        for table in plain.0.values_mut() {
            table.remove("features");
        }
        plain
    }

    /// A dependency by its package's name: the name that cells know, and what it says.
    pub fn of_package(&self, wanted: &str) -> Option<(&str, &Table)> {
        let found = self.0.iter().find(|(name, table)| package(name, table) == wanted);
        found.map(|(name, table)| (name.as_str(), table))
    }

    /// The dependencies as a table of a manifest.
    pub fn table(&self) -> Table {
        self.0.iter().map(|(name, table)| (name.clone(), value(table))).collect()
    }

    /// One line each, as they could be written again.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(|(name, table)| format!(":dep {name} = {}", value(table)))
    }

    /// The manifest of a package with these dependencies, one of which may stand there otherwise.
    pub fn manifest(&self, package: &str, other: Option<(&str, &Table)>) -> String {
        let all = self.0.iter().map(|(name, table)| (name.as_str(), table)).chain(other);
        let all: BTreeMap<&str, &Table> = all.collect();
        let dependencies: String =
            all.into_iter().map(|(name, table)| format!("{name} = {}\n", value(table))).collect();
        format!(
            "[package]\nname = \"{package}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [lib]\npath = \"lib.rs\"\ncrate-type = [\"dylib\"]\n\n\
             [profile.release]\ndebug = false\npanic = \"unwind\"\n\n\
             [workspace]\n\n[dependencies]\n{dependencies}"
        )
    }
}

/// Adds what a line says more about a dependency; features come to those that are there.
fn extend(known: &mut Table, more: Table) {
    for (key, value) in more {
        match (known.get_mut(&key), value) {
            (Some(Value::Array(features)), Value::Array(more)) => {
                let new = more.into_iter().filter(|it| !features.contains(it)).collect::<Vec<_>>();
                features.extend(new);
            }
            (_, value) => drop(known.insert(key, value)),
        }
    }
}

/// The name of the package behind a dependency.
fn package<'a>(name: &'a str, table: &'a Table) -> &'a str {
    table.get("package").and_then(Value::as_str).unwrap_or(name)
}

/// A dependency as a manifest has it: a version alone is a text.
fn value(table: &Table) -> Value {
    match (table.len(), table.get("version")) {
        (1, Some(version)) => version.clone(),
        _ => Value::Table(table.clone()),
    }
}

/// A dependency with its name, and the whole path of its folder.
fn located(asked: Asked, folder: &Path) -> Result<(String, Table), WantedError> {
    let Asked { name, mut table } = asked;
    let Some(Value::String(path)) = table.get_mut("path") else {
        return Ok((name.unwrap_or_default(), table));
    };
    let home = directories::BaseDirs::new();
    let absolute = match (path.strip_prefix("~/"), &home) {
        (Some(below), Some(home)) => home.home_dir().join(below),
        _ => folder.join(&*path),
    };
    // Somebody may name the manifest itself.
    let absolute = match absolute.ends_with("Cargo.toml") {
        true => absolute.parent().unwrap_or(&absolute).to_owned(),
        false => absolute,
    };
    *path = absolute.to_string_lossy().into_owned();
    if !absolute.is_dir() {
        return Err(WantedError::NoFolder(absolute));
    }
    let found = package_in(&absolute);
    let package = match &name {
        None => found.ok_or(WantedError::NoPackage(absolute))?,
        Some(name) => match found {
            Some(found) if *package(name, &table) != found => {
                let (path, name) = (absolute, name.clone());
                return Err(WantedError::OtherName { path, name, package: found });
            }
            None if !absolute.join("Cargo.toml").is_file() => {
                return Err(WantedError::NoPackage(absolute));
            }
            _ => name.clone(),
        },
    };
    Ok((package, table))
}

/// The name of the package in a folder.
fn package_in(folder: &Path) -> Option<String> {
    let manifest: Table = fs::read_to_string(folder.join("Cargo.toml")).ok()?.parse().ok()?;
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn lines(line: &str, folder: &Path) -> Result<Vec<String>, String> {
        let mut wanted = Wanted::default();
        wanted.add(line, folder).map_err(|error| error.to_string())?;
        Ok(wanted.lines().collect())
    }

    #[test]
    fn dependencies_are_written_as_in_a_manifest() {
        for (line, expected) in [
            ("rand = \"0.9\"", ":dep rand = \"0.9\""),
            (
                "r = { package = \"rand\", version = \"0.9\" }",
                ":dep r = { package = \"rand\", version = \"0.9\" }",
            ),
        ] {
            assert_eq!(lines(line, Path::new("/")), Ok(vec![expected.to_owned()]), "{line}");
        }
    }

    #[test]
    fn folders_are_found_and_their_packages_named() {
        let course = tempfile::tempdir().unwrap();
        let own = course.path().join("道具 箱");
        fs::create_dir(&own).unwrap();
        let error = |line: &str| lines(line, course.path()).unwrap_err();
        assert!(error("./道具").contains("no folder"));
        assert!(error("\"./道具 箱\"").contains("is no package"));
        fs::write(own.join("Cargo.toml"), "[package]\nname = \"tools\"").unwrap();
        let path = Value::String(own.to_string_lossy().into_owned());
        let expected = Ok(vec![format!(":dep tools = {{ path = {path} }}")]);
        for line in ["'./道具 箱'", "tools = { path = \"道具 箱\" }", "\"道具 箱/Cargo.toml\""]
        {
            let found = lines(line, course.path()).map(|it| vec![it[0].replace("./", "")]);
            assert_eq!(found, expected, "{line}");
        }
        let mut wanted = Wanted::default();
        wanted.add("'./道具 箱', rand = \"1\"", course.path()).unwrap();
        assert!(wanted.take_lost().is_empty());
        fs::rename(&own, course.path().join("else")).unwrap();
        assert_eq!(wanted.take_lost(), ["tools"]);
        assert_eq!(wanted.lines().count(), 1);
        fs::rename(course.path().join("else"), &own).unwrap();
        assert!(error("toolz = { path = \"道具 箱\" }").contains("is named `tools`"));
        assert!(lines("t = { path = \"道具 箱\", package = \"tools\" }", course.path()).is_ok());
    }

    #[test]
    fn later_line_replaces_an_earlier_one() {
        let mut wanted = Wanted::default();
        for line in ["a = \"1\"", "a = \"2\""] {
            wanted.add(line, Path::new("/")).unwrap();
        }
        assert!(wanted.manifest("p", None).ends_with("[dependencies]\na = \"2\"\n"));
        let other = Table::from_iter([("version".to_owned(), Value::String("3".to_owned()))]);
        assert!(wanted.manifest("p", Some(("a", &other))).ends_with("ies]\na = \"3\"\n"));
    }

    #[test]
    fn name_alone_means_the_newest_or_the_one_that_is_there() {
        let mut wanted = Wanted::default();
        wanted.add("serde-json, rand = \"0.8\"", Path::new("/")).unwrap();
        assert_eq!(wanted.open(), [("serde-json".to_owned(), "serde-json".to_owned())]);
        wanted.settle("serde-json", "serde_json", "1.0.1");
        for feature in ["raw_value", "std", "std"] {
            let line = format!("rand, serde_json = {{ features = [\"{feature}\"] }}");
            wanted.add(&line, Path::new("/")).unwrap();
        }
        assert_eq!(wanted.open(), []);
        let lines: Vec<String> = wanted.lines().collect();
        assert_eq!(
            lines,
            [
                ":dep rand = \"0.8\"",
                ":dep serde_json = { features = [\"raw_value\", \"std\"], version = \"1.0.1\" }"
            ]
        );
    }
}
