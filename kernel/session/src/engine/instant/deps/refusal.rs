//! Why cargo would not build the dependencies: one sentence with cargo's own cause in it.
//!
//! Cargo has no codes for its failures, so their words are read; a failure whose words are other
//! ones keeps them. Pure.

use super::nearest::nearest;
use super::popular::POPULAR;

/// What a failure of cargo comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no crate of this name; cargo or we may know what was meant.
    NoCrate { name: String, meant: Option<String> },
    /// A feature that the crate lacks.
    NoFeature { package: String, feature: String },
    /// Anything else, in one sentence.
    Other(String),
}

/// Reads what cargo said.
pub fn read(text: &str, own: &str) -> Refusal {
    // What cargo says before is of its progress.
    let start =
        if text.starts_with("error") { 0 } else { text.find("\nerror").map_or(0, |it| it + 1) };
    let said = Said { text: &text[start..], own };
    said.no_crate()
        .or_else(|| said.no_feature())
        .or_else(|| said.sentence().map(Refusal::Other))
        .unwrap_or_else(|| Refusal::Other(said.first_line()))
}

/// The program that a warning of cargo says to be no library.
pub fn program(warning: &str) -> Option<&str> {
    let (_, rest) = warning.split_once("ignoring invalid dependency `")?;
    rest.strip_suffix("` which is missing a lib target")
}

struct Said<'a> {
    text: &'a str,
    /// The beginning of the name of the package that has all dependencies.
    own: &'a str,
}

impl<'a> Said<'a> {
    /// The text between two others.
    fn between(&self, before: &str, after: &str) -> Option<&'a str> {
        Some(self.text.split_once(before)?.1.split_once(after)?.0.trim())
    }

    fn no_crate(&self) -> Option<Refusal> {
        let name = self
            .between("no matching package named `", "`")
            .or_else(|| self.between("searched package name: `", "`"))
            .or_else(|| self.between("error: the crate `", "` could not be found in registry"))?;
        if let Some(place) =
            self.between("location searched: ", "\n").filter(|it| !it.contains("index"))
        {
            return Some(Refusal::Other(format!(
                "there is no package `{name}` in {place}; write the name that its Cargo.toml has"
            )));
        }
        let said = self.between("perhaps you meant:", "\n");
        let said = said.map(|it| it.split([' ', ',']).next().unwrap_or(it).to_owned());
        let meant = said.or_else(|| nearest(name, POPULAR.iter().copied()).map(str::to_owned));
        Some(Refusal::NoCrate { name: name.to_owned(), meant })
    }

    fn no_feature(&self) -> Option<Refusal> {
        let (_, rest) = self.text.split_once(&format!("package `{}", self.own))?;
        let (_, rest) = rest.split_once("` depends on `")?;
        let (package, rest) = rest.split_once("` with feature `")?;
        let (feature, rest) = rest.split_once('`')?;
        rest.contains("does not have that feature").then(|| Refusal::NoFeature {
            package: package.to_owned(),
            feature: feature.to_owned(),
        })
    }

    fn sentence(&self) -> Option<String> {
        self.no_version()
            .or_else(|| self.no_library_twice())
            .or_else(|| self.contradiction())
            .or_else(|| self.two_names())
            .or_else(|| self.build_script())
            .or_else(|| self.code())
            .or_else(|| self.repository())
            .or_else(|| self.manifest())
    }

    fn no_version(&self) -> Option<String> {
        let asked = self.between("for the requirement `", "`")?;
        let (name, version) = asked.split_once(" = ")?;
        let version = version.trim_matches('"').trim_start_matches('^');
        let there = self.between("candidate versions found which didn't match: ", "\n");
        Some(match there {
            Some(there) => format!("there is no `{name}` {version}; there are {there}"),
            None => format!("there is no `{name}` {version}"),
        })
    }

    fn no_library_twice(&self) -> Option<String> {
        let library = self.between("links to the native library `", "`")?;
        let one = self.between("select a version for `", "`").unwrap_or(library);
        let other = self.between("which links to `", "`").unwrap_or(library);
        let other = self
            .text
            .split_once(&format!("`{other}` as well:\npackage `"))
            .and_then(|it| it.1.split('`').next())
            .unwrap_or_default();
        let wants = self.wants(other.split(' ').next().unwrap_or_default());
        Some(format!(
            "the dependencies contradict each other: only one crate may be linked to the library `{library}`, and beside your `{one}` there is `{other}`{wants}; ask for versions that agree"
        ))
    }

    fn contradiction(&self) -> Option<String> {
        let taken = self.between("previously selected package `", "`")?;
        let name = self.between("select a version for `", "`")?;
        let by = self.between("required by package `", "`").unwrap_or_default();
        let by = if by.is_empty() || by.starts_with(self.own) {
            String::new()
        } else {
            format!("`{}` wants ", without_folder(by))
        };
        let wanted = self.between("meet the requirements `", "`").unwrap_or_default();
        let wants = self.wants(taken.split(' ').next().unwrap_or_default());
        Some(format!(
            "the dependencies contradict each other: {by}`{name}` {wanted}, and `{}` is taken already{wants}; ask for versions that agree",
            without_folder(taken)
        ))
    }

    fn two_names(&self) -> Option<String> {
        let package =
            self.between("depends on crate `", "` multiple times with different names")?;
        Some(format!(
            "`{}` has another name in this session already, and a crate can have one alone",
            without_folder(package)
        ))
    }

    /// Who asks for the crate that is taken.
    fn wants(&self, taken: &str) -> String {
        let dependency = format!("which satisfies dependency `{taken} = ");
        let found = self.text.rsplit_once(&dependency).map(|it| it.1);
        let found = found.and_then(|it| it.split_once("` of package `"));
        match found.and_then(|(version, by)| Some((version, by.split('`').next()?))) {
            Some((version, by)) if by.starts_with(self.own) => {
                format!(" (you ask for {})", version.trim_matches('"'))
            }
            Some((version, by)) => {
                format!(" (`{}` asks for {})", without_folder(by), version.trim_matches('"'))
            }
            None => String::new(),
        }
    }

    fn build_script(&self) -> Option<String> {
        let name = self.between("failed to run custom build command for `", "`")?;
        let stderr = self.text.split_once("--- stderr").map_or("", |it| it.1);
        let cause = cause_of_script(stderr).map(|it| format!(": {it}")).unwrap_or_default();
        Some(format!("the build script of `{}` failed{cause}", without_folder(name)))
    }

    fn code(&self) -> Option<String> {
        let name = self.between("could not compile `", "`")?;
        let mut lines = self.text.lines();
        let is_error = |line: &&str| {
            let head = line.split_once(": ").map_or("", |it| it.0);
            (head == "error" || head.starts_with("error[")) && !line.contains("could not compile")
        };
        let error = lines.find(is_error)?;
        let place = lines.next().and_then(|it| it.trim().strip_prefix("--> "));
        let text = error.split_once(": ").map_or(error, |it| it.1);
        if name.starts_with(self.own) {
            return Some(format!("the crates can't be put together: {text}"));
        }
        let place = place.map(|it| format!(" ({it})")).unwrap_or_default();
        Some(format!("`{name}` does not compile: {text}{place}"))
    }

    fn repository(&self) -> Option<String> {
        let place = self.between("unable to update ", "\n")?;
        // What lies behind this one is git's own.
        let missing = self.text.lines().find(|it| it.trim_start().starts_with("failed to find "));
        let cause = missing.map(|it| it.trim().to_owned()).or_else(|| self.last_cause())?;
        Some(format!("`{place}` can't be read: {cause}"))
    }

    fn manifest(&self) -> Option<String> {
        let first = self.first_line();
        let cause = self.last_cause()?;
        if first.contains(self.own) {
            return Some(cause);
        }
        Some(format!("{first}: {cause}"))
    }

    fn first_line(&self) -> String {
        let line = self.text.lines().find(|it| !it.trim().is_empty()).unwrap_or_default();
        line.trim().trim_start_matches("error: ").to_owned()
    }

    /// The first line of the cause behind all causes.
    fn last_cause(&self) -> Option<String> {
        let (_, last) = self.text.rsplit_once("Caused by:")?;
        let line = last.lines().find(|it| !it.trim().is_empty())?;
        Some(line.trim().to_owned())
    }
}

/// `name v1.0.0 (/folder)` without the folder.
fn without_folder(package: &str) -> &str {
    package.split(" (").next().unwrap_or(package)
}

/// The line of a build script's messages that tells most: what it panicked with, or its last one.
fn cause_of_script(stderr: &str) -> Option<&str> {
    let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    let panic = lines.iter().position(|it| it.contains("panicked at"));
    let after = panic.and_then(|at| lines.get(at + 1)).copied();
    let is_hint = |line: &&&str| line.starts_with("note: ") || line.starts_with("warning: ");
    after.or_else(|| lines.iter().rev().find(|it| !is_hint(it)).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let said = match read(text, "own-") {
            Refusal::Other(sentence) => sentence,
            other => format!("{other:?}"),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn crates_and_versions_that_are_not_there() {
        check(
            "error: no matching package named `tokoi` found\nlocation searched: crates.io index",
            "NoCrate { name: \"tokoi\", meant: Some(\"tokio\") }",
        );
        check(
            "error: no matching package found\nsearched package name: `serde-json`\nperhaps you meant:      serde_json\nlocation searched: crates.io index",
            "NoCrate { name: \"serde-json\", meant: Some(\"serde_json\") }",
        );
        check(
            "error: the crate `qqqqqq` could not be found in registry index.",
            "NoCrate { name: \"qqqqqq\", meant: None }",
        );
        check(
            "error: failed to select a version for the requirement `hex = \"^9\"`\ncandidate versions found which didn't match: 0.4.3, 0.4.2, ...\nlocation",
            "there is no `hex` 9; there are 0.4.3, 0.4.2, ...",
        );
        check(
            "error: failed to select a version for `hex`.\nversions that meet the requirements `^0.4` are: 0.4.3\n\npackage `own-1` depends on `hex` with feature `serd` but `hex` does not have that feature.\n",
            "NoFeature { package: \"hex\", feature: \"serd\" }",
        );
    }

    #[test]
    fn package_is_not_in_a_repository() {
        check(
            "error: no matching package named `h` found\nlocation searched: Git repository file:///g\nrequired by package `own-1`",
            "there is no package `h` in Git repository file:///g; write the name that its Cargo.toml has",
        );
    }

    #[test]
    fn program_is_no_library() {
        let warning =
            "p v0.0.0 (/p) ignoring invalid dependency `rg` which is missing a lib target";
        assert_eq!(program(warning), Some("rg"));
        assert_eq!(program("unused manifest key: x"), None);
    }

    #[test]
    fn contradictions_name_both_sides() {
        check(
            "error: failed to select a version for `serde`.\n    ... required by package `serde_json v1.0.149`\n    ... which satisfies dependency `serde_json = \"=1.0.149\"` of package `own-x v0.0.0 (/p)`\nversions that meet the requirements `^1.0.220` are: 1.0.229\n\nall possible versions conflict with previously selected packages.\n\n  previously selected package `serde v1.0.100`\n    ... which satisfies dependency `serde = \"=1.0.100\"` of package `own-x v0.0.0 (/p)`\n",
            "the dependencies contradict each other: `serde_json v1.0.149` wants `serde` ^1.0.220, and `serde v1.0.100` is taken already (you ask for =1.0.100); ask for versions that agree",
        );
        check(
            "error: failed to select a version for `l-sys`.\n    ... required by package `own-x v0.0.0 (/p)`\nversions that meet the requirements `^0.30` are: 0.30.1\n\npackage `l-sys` links to the native library `l`, but it conflicts with a previous package which links to `l` as well:\npackage `l-sys v0.28.0`\n    ... which satisfies dependency `l-sys = \"^0.28.0\"` of package `r v0.31.0`\n",
            "the dependencies contradict each other: only one crate may be linked to the library `l`, and beside your `l-sys` there is `l-sys v0.28.0` (`r v0.31.0` asks for ^0.28.0); ask for versions that agree",
        );
    }

    #[test]
    fn failed_builds_have_their_first_cause() {
        check(
            "error[E0425]: cannot find value `nothing` in this scope\n --> src/lib.rs:1:20\n  |\nerror: could not compile `broken` (lib) due to 1 previous error",
            "`broken` does not compile: cannot find value `nothing` in this scope (src/lib.rs:1:20)",
        );
        check(
            "error: found crates with colliding values\n --> lib.rs:2:1\nerror: could not compile `own-ee` (lib)",
            "the crates can't be put together: found crates with colliding values",
        );
        check(
            "error: failed to run custom build command for `x-sys v1.0.0 (/x)`\n\nCaused by:\n  process didn't exit successfully: `/t` (exit status: 101)\n  --- stderr\n\n  thread 'main' (7) panicked at build.rs:1:13:\n  no libx on this machine\n  note: run with `RUST_BACKTRACE=1`",
            "the build script of `x-sys v1.0.0` failed: no libx on this machine",
        );
    }

    #[test]
    fn other_failures_keep_cargos_words() {
        check(
            "error: failed to get `h` as a dependency of package `own-1 v0.0.0 (/p)`\n\nCaused by:\n  unable to update https://example.org/h?branch=nope\n\nCaused by:\n  failed to find branch `nope`\n\nCaused by:\n  class=Reference (4)",
            "`https://example.org/h?branch=nope` can't be read: failed to find branch `nope`",
        );
        check(
            "error: failed to parse manifest at `/t/own-1/Cargo.toml`\n\nCaused by:\n  unexpected character 'a' while parsing major version number",
            "unexpected character 'a' while parsing major version number",
        );
        check(
            "error: failed to load manifest for dependency `q`\n\nCaused by:\n  can't find library `q`, rename file to `src/lib.rs` or specify lib.path",
            "failed to load manifest for dependency `q`: can't find library `q`, rename file to `src/lib.rs` or specify lib.path",
        );
        check("   Locking 2 packages\nerror: something new\nmore", "something new");
        check(
            "error: the crate `own-1 v0.0.0 (/p)` depends on crate `a v1.0.0 (/a)` multiple times with different names",
            "`a v1.0.0` has another name in this session already, and a crate can have one alone",
        );
    }
}
