//! `:dep`: crates beyond the prelude, built by cargo into one shared object beside it.
//!
//! The session's dependencies are one package, whose library links the prelude's shared object, so
//! that candle exists once. Builds are kept by prelude, and shared by all sessions. What a `:dep`
//! line may say is in `manifest`, how candle comes in is in `compiler`.

pub mod compiler;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};

use self::manifest::Wanted;
use super::words::words;
use crate::cargo::artifact::{Artifact, name_and_version, read_list};
use crate::cargo::environment;
use crate::home::trust::{self, TrustError};
use crate::home::write::{self, Readers};
use crate::process::logged::{self, Ended, Event, Keep};
use crate::setup::prelude::build::{Counted, WITH_PROGRESS};
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
    #[error("what is kept of dependencies is not safe to use: {0}")]
    Untrusted(#[from] TrustError),
}

/// What a session has beyond the prelude.
#[derive(Debug)]
pub struct Dependencies {
    place: Place,
    wanted: Wanted,
    /// Shared objects in the order in which they came, a later one on top of the earlier; one
    /// alone, if a crate of an earlier one has changed since.
    objects: Vec<Object>,
    /// Crates that cells may name.
    crates: Vec<Crate>,
    /// What the crates in the objects were made of, those behind the named ones too.
    contents: Contents,
}

/// Hashes of libraries, by package and version.
type Contents = BTreeMap<Id, String>;

/// A crate that cells may name.
#[derive(Debug)]
struct Crate {
    name: String,
    /// Where no later build writes over it.
    path: PathBuf,
    content: String,
    is_macro: bool,
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
        Dependencies {
            place,
            wanted: Wanted::default(),
            objects: Vec::new(),
            crates: Vec::new(),
            contents: Contents::new(),
        }
    }

    /// `:dep` lines that bring back the session's dependencies.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.wanted.lines()
    }

    /// The crates that cells may name, each with a hash of what it was made of.
    pub fn contents(&self) -> BTreeMap<String, String> {
        self.crates.iter().map(|it| (it.name.clone(), it.content.clone())).collect()
    }

    /// Whether a source names a macro of which nobody can say what it reads.
    pub fn may_read(&self, source: &str) -> bool {
        let mut macros = self.crates.iter().filter(|it| it.is_macro).peekable();
        macros.peek().is_some()
            && words(source).any(|word| macros.clone().any(|it| it.name == word))
    }

    /// Compiler arguments for a source that may name the crates; none for one that doesn't.
    pub fn arguments(&self, source: &str) -> Vec<String> {
        let is_named = |word: String| self.crates.iter().any(|it| it.name == word);
        if self.crates.is_empty() || !words(source).any(is_named) {
            return Vec::new();
        }
        let mut arguments = Vec::new();
        let mut add = |flag: &str, value: String| arguments.extend([flag.to_owned(), value]);
        for Crate { name, path, .. } in &self.crates {
            add("--extern", format!("{name}={}", path.display()));
        }
        for Object { name, path } in &self.objects {
            add("--extern", format!("force:{name}={}", path.display()));
        }
        for folder in self.objects.iter().filter_map(|it| it.path.parent()) {
            add("-L", format!("dependency={}", folder.display()));
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
        let kept = &self.place.kept;
        write::folder(kept, Readers::User)
            .map_err(|source| DepError::Write { path: kept.clone(), source })?;
        trust::folder(kept)?;
        environment::configuration(&checkout())?;
        // The crates by themselves first: what they are made of says what they are linked into.
        let mut project =
            Project { place: &self.place, package: package_name(&wanted, ""), earlier: &[] };
        let direct = project.resolve(&wanted, on_step)?;
        let artifacts = project.build(on_step)?;
        let contents = project.contents(&artifacts)?;
        if wanted == self.wanted && contents == self.contents {
            return Ok(());
        }
        let is_other =
            |(id, content): (&Id, &String)| contents.get(id).is_some_and(|now| now != content);
        if !self.contents.iter().any(is_other) {
            project.earlier = &self.objects;
        }
        project.package = package_name(&wanted, &format!("{:?} {contents:?}", project.earlier));
        project.write_library(&wanted, &direct)?;
        let artifacts = project.build(on_step)?;
        let object = project.keep(&artifacts)?;
        let mut objects = project.earlier.to_vec();
        objects.retain(|it| it.path != object.path);
        objects.push(object);
        let crates = direct
            .into_iter()
            .map(|it| {
                let library = project.library(&artifacts, &it.id).zip(contents.get(&it.id));
                let (path, content) = library.ok_or_else(|| DepError::Missing(it.id.0.clone()))?;
                // One of the prelude's stays where it is.
                let path = project.kept_file(path, &objects).unwrap_or_else(|| path.to_owned());
                Ok(Crate { name: it.name, path, content: content.clone(), is_macro: it.is_macro })
            })
            .collect::<Result<Vec<_>, DepError>>()?;
        (self.objects, self.crates, self.wanted) = (objects, crates, wanted);
        self.contents = contents;
        Ok(())
    }
}

/// The same for the same dependencies, so that cargo finds what it built for another session; and
/// another one for others, since the loader knows an object by its name.
fn package_name(wanted: &Wanted, more: &str) -> String {
    let text = wanted.lines().collect::<Vec<_>>().join("\n");
    format!("akari-deps-{}", &hash(format!("{more}\n{text}").as_bytes())[..12])
}

fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
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

    /// Chooses versions. Returns the direct dependencies under the names that code gives them.
    fn resolve(&self, wanted: &Wanted, on_step: &mut OnStep<'_>) -> Result<Vec<Direct>, DepError> {
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
        Ok(direct(&metadata))
    }

    /// Writes the library that holds the crates, under the package's name.
    fn write_library(&self, wanted: &Wanted, direct: &[Direct]) -> Result<(), DepError> {
        let crates = direct.iter().filter(|it| !it.is_macro).map(|it| it.name.as_str());
        let objects = self.earlier.iter().map(|it| it.name.as_str());
        let library: String = crates
            .chain(objects)
            .chain(["akari"])
            .map(|name| format!("extern crate {name} as _;\n"))
            .collect();
        let folder = self.folder();
        self.write(&folder.join("Cargo.toml"), &wanted.manifest(&self.package))?;
        // What was chosen once is to be chosen again.
        let chosen = self.place.session.join("deps").join(package_name(wanted, ""));
        let _ = fs::copy(chosen.join("Cargo.lock"), folder.join("Cargo.lock"));
        self.write(&folder.join("lib.rs"), &library)
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
        // Not in the session's folder: others may put a configuration of cargo into one above it.
        environment::isolate(&mut cargo, &checkout());
        cargo
            .args(arguments)
            .arg("--manifest-path")
            .arg(self.folder().join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", kept.join("target"))
            .env("RUSTC", rustc)
            .env("RUSTC_WRAPPER", program)
            .env(compiler::PRELUDE, prelude)
            .env(compiler::PROJECT, self.folder())
            .env(compiler::EARLIER, earlier.join("\n"))
            .envs(WITH_PROGRESS);
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

    /// The file by which the compiler finds a crate: its metadata, since the code is in the object.
    fn library<'b>(&self, artifacts: &'b [Artifact], (package, version): &Id) -> Option<&'b Path> {
        let mut found =
            artifacts.iter().filter(|it| it.package == *package && it.version == *version);
        found.find_map(compiled_file)
    }

    fn contents(&self, artifacts: &[Artifact]) -> Result<Contents, DepError> {
        // A crate that the build itself needs too is there twice, in whatever order.
        let mut hashes: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
        for artifact in artifacts.iter().filter(|it| it.package != self.package) {
            if let Some(file) = compiled_file(artifact) {
                let id = (artifact.package.clone(), artifact.version.clone());
                hashes.entry(id).or_default().insert(hash(&self.read(file)?));
            }
        }
        let joined = |it: BTreeSet<String>| it.into_iter().collect::<Vec<_>>().join(" ");
        Ok(hashes.into_iter().map(|(id, it)| (id, joined(it))).collect())
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, DepError> {
        fs::read(path).map_err(|source| DepError::Write { path: path.to_owned(), source })
    }

    /// Puts the shared object and the metadata of all that is in it where no later build writes
    /// over them: into a folder that is named by a hash of them.
    fn keep(&self, artifacts: &[Artifact]) -> Result<Object, DepError> {
        let own = artifacts.iter().find(|it| it.package == self.package);
        let built = own
            .and_then(|it| it.file("so"))
            .ok_or_else(|| DepError::Missing(self.package.clone()))?;
        let name = self.package.replace('-', "_");
        let mut files = vec![(format!("lib{name}.so"), self.read(built)?)];
        let ours = read_list(&self.place.prelude).unwrap_or_default();
        for artifact in artifacts.iter().filter(|it| it.package != self.package) {
            let Some(file) = compiled_file(artifact) else { continue };
            let bytes = self.read(file)?;
            let is_kept = self.kept_file(file, self.earlier).is_some();
            if !is_kept && !self.is_in_prelude(artifact, &bytes, &ours) {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                files.push((name, bytes));
            }
        }
        files.sort();
        let hashes: Vec<String> =
            files.iter().map(|(name, it)| format!("{name} {}", hash(it))).collect();
        let folder = self.place.kept.join(&hash(hashes.join("\n").as_bytes())[..16]);
        for (name, bytes) in &files {
            self.put(&folder.join(name), bytes)
                .map_err(|source| DepError::Write { path: folder.clone(), source })?;
        }
        Ok(Object { path: folder.join(format!("lib{name}.so")), name })
    }

    /// The file of a crate beside the object that holds it.
    fn kept_file(&self, built: &Path, objects: &[Object]) -> Option<PathBuf> {
        let name = built.file_name()?;
        let beside = |it: &Object| it.path.with_file_name(name);
        objects.iter().map(beside).find(|it| it.is_file())
    }

    /// Whether the crate is one of the prelude's, beside which cells find its metadata.
    fn is_in_prelude(&self, artifact: &Artifact, bytes: &[u8], ours: &[Artifact]) -> bool {
        let same =
            |it: &&Artifact| it.package == artifact.package && it.version == artifact.version;
        let mut files = ours.iter().filter(same).filter_map(|it| it.file("rmeta"));
        files.any(|it| fs::read(self.place.prelude.join(it)).is_ok_and(|ours| ours == bytes))
    }

    /// Writes a file whole, or finds it there as it should be.
    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // One that is there was built from the same, or is no longer what was built.
        if trust::read(path).is_ok_and(|it| it == bytes) {
            return Ok(());
        }
        write::folder(path.parent().unwrap_or(path), Readers::User)?;
        write::file(path, &[bytes], Readers::User)
    }
}

/// What cells are compiled against: metadata, or the object of a macro.
fn compiled_file(artifact: &Artifact) -> Option<&Path> {
    artifact.file("rmeta").filter(|_| artifact.is_optimised).or_else(|| artifact.file("so"))
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
