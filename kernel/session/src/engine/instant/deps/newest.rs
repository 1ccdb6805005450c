//! The newest version of a crate, as `cargo add` would write it.
//!
//! A crate that the prelude has in a version that fits the newest one is taken in that version, and
//! candle's crates always in the prelude's: two of a kind could not share their types.

use std::fs;

use toml::{Table, Value};

use super::manifest::Wanted;
use super::project::Project;
use super::{DepError, Id, OnStep, Place};

/// The package in which `cargo add` is run.
const PACKAGE: &str = "akari-deps-newest";

/// Sets the versions of all crates that have none. Returns warnings.
pub fn settle(
    wanted: &mut Wanted,
    place: &Place,
    ours: &[Id],
    on_step: &mut OnStep<'_>,
) -> Result<Vec<String>, DepError> {
    let mut warnings = Vec::new();
    for (name, package) in wanted.open() {
        let (found, newest) = match ours_alone(&package, ours) {
            Some(version) => (package.clone(), version),
            None => match added(&package, place, on_step) {
                Ok(Some((found, version))) => {
                    let version = fitting(&found, &version, ours).unwrap_or(version);
                    (found, version)
                }
                Err(error @ (DepError::Interrupted | DepError::NoCrate { .. })) => {
                    return Err(error);
                }
                // Cargo says of any version what hinders it.
                Ok(None) | Err(_) => (package.clone(), "*".to_owned()),
            },
        };
        if found != package {
            warnings.push(format!("the crate `{package}` is named `{found}`"));
        }
        wanted.settle(&name, &found, &newest);
    }
    Ok(warnings)
}

/// The version of a crate that belongs to candle.
fn ours_alone(package: &str, ours: &[Id]) -> Option<String> {
    let candle = ours.iter().find(|it| it.0 == "candle-core")?;
    package.starts_with("candle-").then(|| format!("={}", candle.1))
}

/// The prelude's version of a crate, if whoever asks for the newest can do with it.
fn fitting(package: &str, newest: &str, ours: &[Id]) -> Option<String> {
    let fits = |it: &&Id| it.0 == package && line_of(&it.1) == line_of(newest);
    ours.iter().find(fits).map(|it| it.1.clone())
}

/// The part of a version in which all versions fit each other: `1` of `1.2.3`, `0.4` of `0.4.1`.
fn line_of(version: &str) -> Vec<&str> {
    let numbers: Vec<&str> = version.split(['.', '-', '+']).collect();
    let zeros = numbers.iter().take_while(|it| **it == "0").count();
    numbers.into_iter().take(zeros + 1).collect()
}

/// The name and the version of a crate after `cargo add`.
fn added(
    package: &str,
    place: &Place,
    on_step: &mut OnStep<'_>,
) -> Result<Option<(String, String)>, DepError> {
    let project = Project::new(place, PACKAGE.to_owned());
    project.write_manifest(&Wanted::default())?;
    project.cargo(&["add", package], on_step, &mut |_| {})?;
    let manifest = fs::read_to_string(project.folder().join("Cargo.toml")).unwrap_or_default();
    Ok(dependency(&manifest))
}

fn dependency(manifest: &str) -> Option<(String, String)> {
    let manifest: Table = manifest.parse().ok()?;
    let (name, value) = manifest.get("dependencies")?.as_table()?.iter().next()?;
    let version = value.as_str().or_else(|| value.get("version").and_then(Value::as_str))?;
    Some((name.clone(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Vec<Id> {
        let ours = [("candle-core", "0.11.1"), ("rand", "0.9.5"), ("serde", "1.0.200")];
        ours.map(|(name, version)| (name.to_owned(), version.to_owned())).to_vec()
    }

    #[test]
    fn preludes_version_is_taken_where_it_fits() {
        assert_eq!(fitting("serde", "1.2.0", &ours()).as_deref(), Some("1.0.200"));
        assert_eq!(fitting("rand", "0.10.4", &ours()), None);
        assert_eq!(fitting("either", "1.0.0", &ours()), None);
        assert_eq!(ours_alone("candle-transformers", &ours()).as_deref(), Some("=0.11.1"));
        assert_eq!(ours_alone("serde", &ours()), None);
    }

    #[test]
    fn version_is_read_as_cargo_wrote_it() {
        let read = |line: &str| dependency(&format!("[dependencies]\n{line}"));
        let expected = Some(("a_b".to_owned(), "1.2.3".to_owned()));
        assert_eq!(read("a_b = \"1.2.3\""), expected);
        assert_eq!(read("a_b = { version = \"1.2.3\" }"), expected);
        assert_eq!(read(""), None);
    }
}
