//! `:dep`: crates beyond the prelude, built by cargo into one shared object beside it.
//!
//! The session's dependencies are one package, whose library links the prelude's shared object, so
//! that candle exists once. Builds are kept by prelude, and shared by all sessions. What a `:dep`
//! line may say is in `manifest`, how candle comes in is in `compiler`.

pub mod compiler;
mod manifest;

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};

use self::manifest::Wanted;
use crate::setup::artifact::{Artifact, name_and_version};
use crate::setup::build::{Counted, WITH_PROGRESS};
use crate::setup::logged::{self, Ended, Event, Keep};
use crate::setup::prelude::checkout;

/// Lines of cargo's messages that are shown when a build fails.
const TAIL: usize = 20;

/// Crates that a session must have in the prelude's version only.
const SHARED: &[&str] = &["candle-core", "candle-nn"];

#[derive(Debug, thiserror::Error)]
pub enum DepError {
    #[error("{0}")]
    Line(String),
    #[error("could not write to `{}`: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cargo could not be started: {0}")]
    Cargo(io::Error),
    #[error("{0}")]
    Failed(String),
    #[error(
        "the dependencies ask for {package} {found}, and the prelude's tensors are those of {ours}; ask for a version that depends on {package} {ours}"
    )]
    Candle { package: String, found: String, ours: String },
    #[error("interrupted; the dependencies are as they were")]
    Interrupted,
    #[error("cargo did not say where it put `{0}`")]
    Missing(String),
}

/// What a session has beyond the prelude.
#[derive(Debug)]
pub struct Dependencies {
    place: Place,
    wanted: Wanted,
    /// Shared objects in the order in which they came, a later one on top of the earlier.
    objects: Vec<Object>,
    /// Crates that cells may name, with their libraries.
    crates: Vec<(String, PathBuf)>,
}

/// Where things are.
#[derive(Debug)]
pub struct Place {
    pub rustc: PathBuf,
    /// This program.
    pub program: PathBuf,
    pub prelude: PathBuf,
    /// Where builds are kept.
    pub kept: PathBuf,
    /// The session's own folder.
    pub session: PathBuf,
}

/// A shared object that holds the crates of some `:dep` lines.
#[derive(Debug, Clone)]
struct Object {
    name: String,
    path: PathBuf,
}

/// Told what is done at the moment; returns whether to go on.
pub type OnStep<'a> = dyn FnMut(&str) -> bool + 'a;

impl Dependencies {
    pub fn new(place: Place) -> Dependencies {
        Dependencies { place, wanted: Wanted::default(), objects: Vec::new(), crates: Vec::new() }
    }

    /// `:dep` lines that bring back the session's dependencies.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.wanted.lines()
    }

    /// Compiler arguments for a source that may name the crates; none for one that doesn't.
    pub fn arguments(&self, source: &str) -> Vec<String> {
        let mentions = |name: &str| super::parse::words(source).any(|it| it == name);
        if !self.crates.iter().any(|(name, _)| mentions(name)) {
            return Vec::new();
        }
        let mut arguments = Vec::new();
        let mut add = |flag: &str, value: String| arguments.extend([flag.to_owned(), value]);
        for (name, path) in &self.crates {
            add("--extern", format!("{name}={}", path.display()));
        }
        for Object { name, path } in &self.objects {
            add("--extern", format!("force:{name}={}", path.display()));
        }
        let folders =
            self.crates.iter().map(|it| &it.1).chain(self.objects.iter().map(|it| &it.path));
        for folder in folders.filter_map(|it| it.parent()) {
            add("-L", format!("dependency={}", folder.display()));
        }
        for folder in self.objects.iter().filter_map(|it| it.path.parent()) {
            add("-C", format!("link-arg=-Wl,-rpath,{}", folder.display()));
        }
        arguments
    }

    /// Adds the dependencies of some lines, each what stands behind `:dep`. If one can't be had,
    /// none is added.
    pub fn add(&mut self, lines: &[String], on_step: &mut OnStep<'_>) -> Result<(), DepError> {
        let mut wanted = self.wanted.clone();
        let folder = std::env::current_dir().unwrap_or_default();
        for line in lines {
            wanted.add(line, &folder).map_err(DepError::Line)?;
        }
        let package = package_name(&wanted, self.objects.len());
        let project = Project { place: &self.place, package, earlier: &self.objects };
        let direct = project.resolve(&wanted, on_step)?;
        let artifacts = project.build(on_step)?;
        let crates = direct
            .into_iter()
            .map(|(name, id)| {
                let path = project.library(&artifacts, &id).ok_or(DepError::Missing(id.0));
                Ok((name, path?))
            })
            .collect::<Result<Vec<_>, DepError>>()?;
        let object = project.keep(&artifacts)?;
        if self.objects.last().is_none_or(|it| it.path != object.path) {
            self.objects.push(object);
        }
        self.crates = crates;
        self.wanted = wanted;
        Ok(())
    }
}

/// The same for the same dependencies, so that cargo finds what it built for another session.
fn package_name(wanted: &Wanted, earlier: usize) -> String {
    let text = wanted.lines().collect::<Vec<_>>().join("\n");
    let digest = Sha256::digest(format!("{earlier}\n{text}"));
    format!("akari-deps-{}", hex(&digest[..6]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The package of all dependencies.
struct Project<'a> {
    place: &'a Place,
    package: String,
    earlier: &'a [Object],
}

/// A package's name and version.
type Id = (String, String);

impl Project<'_> {
    fn folder(&self) -> PathBuf {
        self.place.session.join("deps").join(&self.package)
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), DepError> {
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(path, text))
            .map_err(|source| DepError::Write { path: path.to_owned(), source })
    }

    /// Chooses versions, and writes the library that holds them. Returns the direct dependencies
    /// under the names that code gives them.
    fn resolve(
        &self,
        wanted: &Wanted,
        on_step: &mut OnStep<'_>,
    ) -> Result<Vec<(String, Id)>, DepError> {
        let folder = self.folder();
        self.write(&folder.join("Cargo.toml"), &wanted.manifest(&self.package))?;
        self.write(&folder.join("lib.rs"), "")?;
        // The prelude's versions are chosen wherever they fit.
        let _ = fs::copy(checkout().join("Cargo.lock"), folder.join("Cargo.lock"));
        let mut text = String::new();
        self.cargo(&["metadata", "--format-version", "1"], on_step, &mut |line| {
            text.push_str(line);
        })?;
        let metadata: Value =
            serde_json::from_str(&text).map_err(|_| DepError::Missing(self.package.clone()))?;
        check_candle(&metadata)?;
        let direct = direct(&metadata);
        let mut library: String = direct
            .iter()
            .filter(|it| !it.is_macro)
            .map(|it| format!("extern crate {} as _;\n", it.name))
            .collect();
        for name in self.earlier.iter().map(|it| it.name.as_str()).chain(["akari"]) {
            library += &format!("extern crate {name} as _;\n");
        }
        self.write(&folder.join("lib.rs"), &library)?;
        Ok(direct.into_iter().map(|it| (it.name, it.id)).collect())
    }

    fn build(&self, on_step: &mut OnStep<'_>) -> Result<Vec<Artifact>, DepError> {
        let mut artifacts = Vec::new();
        let arguments = ["build", "--release", "--message-format", "json-render-diagnostics"];
        self.cargo(&arguments, on_step, &mut |line| artifacts.extend(Artifact::parse(line)))?;
        Ok(artifacts)
    }

    fn cargo(
        &self,
        arguments: &[&str],
        on_step: &mut OnStep<'_>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<(), DepError> {
        let Place { rustc, program, prelude, kept, .. } = self.place;
        let earlier: Vec<String> =
            self.earlier.iter().map(|it| format!("{}={}", it.name, it.path.display())).collect();
        let mut cargo = Command::new(rustc.with_file_name("cargo"));
        cargo
            .args(arguments)
            .current_dir(self.folder())
            .env("CARGO_TARGET_DIR", kept.join("target"))
            .env("RUSTC", rustc)
            .env("RUSTC_WRAPPER", program)
            .env(compiler::PRELUDE, prelude)
            .env(compiler::PROJECT, self.folder())
            .env(compiler::EARLIER, earlier.join("\n"))
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_BUILD_TARGET")
            .envs(WITH_PROGRESS)
            // A group of its own, to end with it all that it has started.
            .process_group(0);
        let mut is_stopped = false;
        let mut step = |text: &str, keep: Keep| {
            is_stopped |= !on_step(text);
            if is_stopped { Keep::Stop } else { keep }
        };
        let log = self.folder().with_extension("log");
        let ended = logged::run(&mut cargo, &log, &mut |event| match event {
            Event::Stdout(line) => {
                on_line(line);
                Keep::Nowhere
            }
            Event::Stderr(line) => match Counted::parse(line) {
                Some(it) => {
                    step(&format!("{} of {}: {}", it.done, it.total, it.what), Keep::Nowhere)
                }
                None => step(line.trim(), Keep::InLog),
            },
            Event::Tick => step("", Keep::Nowhere),
        });
        match ended {
            Ok(_) if is_stopped => Err(DepError::Interrupted),
            Ok(ended) if ended.status.success() => Ok(()),
            Ok(ended) => Err(DepError::Failed(failure(&ended))),
            Err(error) => Err(DepError::Cargo(error)),
        }
    }

    /// The file by which the compiler finds a crate.
    fn library(&self, artifacts: &[Artifact], (package, version): &Id) -> Option<PathBuf> {
        let mut found =
            artifacts.iter().filter(|it| it.package == *package && it.version == *version);
        let file = |it: &Artifact| it.file("rlib").or_else(|| it.file("so")).map(Path::to_owned);
        found.find_map(file)
    }

    /// Puts the shared object where no later build writes over it.
    fn keep(&self, artifacts: &[Artifact]) -> Result<Object, DepError> {
        let own = artifacts.iter().find(|it| it.package == self.package);
        let built = own
            .and_then(|it| it.file("so"))
            .ok_or_else(|| DepError::Missing(self.package.clone()))?;
        let write = |source| DepError::Write { path: self.place.kept.clone(), source };
        let bytes = fs::read(built).map_err(write)?;
        let name = self.package.replace('-', "_");
        let folder = self.place.kept.join(hex(&Sha256::digest(&bytes)[..8]));
        let path = folder.join(format!("lib{name}.so"));
        if !path.exists() {
            fs::create_dir_all(&folder).map_err(write)?;
            let file = tempfile::NamedTempFile::new_in(&folder).map_err(write)?;
            fs::write(file.path(), &bytes).map_err(write)?;
            file.persist(&path).map_err(|error| write(error.error))?;
        }
        Ok(Object { name, path })
    }
}

struct Direct {
    name: String,
    id: Id,
    is_macro: bool,
}

/// The dependencies of the root package.
fn direct(metadata: &Value) -> Vec<Direct> {
    let root = &metadata["resolve"]["root"];
    let list = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    let nodes = list(&metadata["resolve"]["nodes"]);
    let packages = list(&metadata["packages"]);
    let dependencies = nodes.iter().filter(|it| it["id"] == *root).flat_map(|it| list(&it["deps"]));
    dependencies
        .filter_map(|it| {
            let package = packages.iter().find(|package| package["id"] == it["pkg"])?;
            let is_macro = list(&package["targets"])
                .iter()
                .any(|it| list(&it["kind"]).iter().any(|kind| kind == "proc-macro"));
            Some(Direct {
                name: it["name"].as_str()?.to_owned(),
                id: (package["name"].as_str()?.to_owned(), package["version"].as_str()?.to_owned()),
                is_macro,
            })
        })
        .collect()
}

/// A second candle would have other tensors.
fn check_candle(metadata: &Value) -> Result<(), DepError> {
    let ours: Vec<Id> = our_candle();
    let ids = metadata["packages"].as_array().into_iter().flatten();
    for (package, found) in ids.filter_map(|it| name_and_version(it["id"].as_str()?)) {
        let other = ours.iter().find(|it| it.0 == package && it.1 != found);
        if let Some((_, ours)) = other.filter(|_| SHARED.contains(&package.as_str())) {
            return Err(DepError::Candle { package, found, ours: ours.clone() });
        }
    }
    Ok(())
}

/// candle's crates in the versions of the prelude.
fn our_candle() -> Vec<Id> {
    let lock = fs::read_to_string(checkout().join("Cargo.lock")).unwrap_or_default();
    let lock: toml::Table = lock.parse().unwrap_or_default();
    let packages = lock.get("package").and_then(|it| it.as_array()).into_iter().flatten();
    let text = |it: &toml::Value, key: &str| Some(it.get(key)?.as_str()?.to_owned());
    packages
        .filter_map(|it| Some((text(it, "name")?, text(it, "version")?)))
        .filter(|it| SHARED.contains(&it.0.as_str()))
        .collect()
}

/// What cargo's last messages mean, without what it says of its progress.
fn failure(ended: &Ended) -> String {
    let tail = ended.tail(TAIL);
    let is_news = |line: &&str| {
        let word = line.trim_start().split(' ').next().unwrap_or_default();
        !["Updating", "Locking", "Compiling", "Downloading", "Downloaded", "Adding"].contains(&word)
    };
    // The package is ours; which version another package asks for is worth knowing.
    let is_ours = |line: &&str| line.contains("required by package `akari-deps-");
    let lines: Vec<&str> = tail.lines().filter(is_news).filter(|it| !is_ours(it)).collect();
    lines.join("\n").trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn direct_dependencies_have_the_names_that_code_gives_them() {
        let metadata = json!({
            "packages": [
                {"id": "r", "name": "root", "version": "0.0.0", "targets": []},
                {"id": "a", "name": "rand", "version": "0.9.1", "targets": [{"kind": ["lib"]}]},
                {"id": "b", "name": "m", "version": "1.0.0", "targets": [{"kind": ["proc-macro"]}]},
            ],
            "resolve": {"root": "r", "nodes": [
                {"id": "a", "deps": []},
                {"id": "r", "deps": [{"name": "dice", "pkg": "a"}, {"name": "m", "pkg": "b"}]},
            ]},
        });
        let found = direct(&metadata);
        let names: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.is_macro)).collect();
        assert_eq!(names, [("dice", false), ("m", true)]);
        assert_eq!(found[0].id, ("rand".to_owned(), "0.9.1".to_owned()));
    }

    #[test]
    fn second_candle_is_refused() {
        let package = |version: &str| json!({"packages": [{"id": format!("registry+x#candle-core@{version}")}]});
        let (_, ours) = our_candle().into_iter().find(|it| it.0 == "candle-core").unwrap();
        assert!(check_candle(&package(&ours)).is_ok());
        let error = check_candle(&package("0.1.0")).unwrap_err().to_string();
        assert!(error.contains("candle-core 0.1.0") && error.contains(&ours), "{error}");
    }
}
