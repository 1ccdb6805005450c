//! `:dep`: crates beyond the prelude, built by cargo into one shared object beside it.
//!
//! The session's dependencies are one package, whose library links the prelude's shared object, so
//! that candle exists once (`candle`). Builds are kept by prelude, and shared by all sessions. What a
//! `:dep` line may say is in `line`, what the lines of a session come to in `manifest`, which version
//! a name alone means in `newest`; how cargo builds the package in `project`, what its failures mean
//! in `refusal`, what our program does between cargo and rustc in `compiler`; a tokio among the
//! crates brings its runtime (`tokio`).

mod candle;
pub mod compiler;
pub mod lexis;
pub mod line;
mod manifest;
pub mod nearest;
mod newest;
mod popular;
mod project;
mod refusal;
mod tokio;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;

use toml::{Table, Value};

use self::manifest::{Wanted, WantedError};
use self::nearest::nearest;
use self::project::{Chosen, Project, package_name};
use super::words::words;
use crate::cargo::environment;
use crate::home::trust::{self, TrustError};
use crate::home::write::{self, Readers};

#[derive(Debug, thiserror::Error)]
pub enum DepError {
    #[error(transparent)]
    Line(#[from] WantedError),
    #[error("could not write to `{}`: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cargo could not be started: {0}")]
    Cargo(io::Error),
    #[error("{sentence}{messages}")]
    Failed { sentence: String, messages: Messages },
    #[error("there is no crate `{name}`{meant}")]
    NoCrate { name: String, meant: Meant },
    #[error("the crate `{package}` has no feature `{feature}`")]
    Feature { package: String, feature: String },
    #[error("the crate `{package}` has no feature `{feature}`{meant}. It has {there}")]
    FeatureOf { package: String, feature: String, meant: Meant, there: String },
    #[error(
        "`{0}` is a program and has no library, so there is nothing in it that a cell could use"
    )]
    NoLibrary(String),
    #[error(
        "the crates could not be downloaded: the network can't be reached; what was downloaded before is used without it\n{messages}"
    )]
    Network { messages: String },
    #[error("the disk is full, so the crates could not be built")]
    DiskFull,
    #[error(
        "no linker (`cc`) was found, which Rust needs; install a C compiler (on Debian and Ubuntu: sudo apt install gcc)"
    )]
    NoLinker,
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

/// The word that was meant by a mistyped one, as the end of a sentence.
#[derive(Debug)]
pub struct Meant(Option<String>);

impl fmt::Display for Meant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(meant) => write!(f, " (did you mean `{meant}`?)"),
            None => Ok(()),
        }
    }
}

/// Cargo's own messages below a sentence, if they say more than that.
#[derive(Debug)]
pub struct Messages(String);

impl fmt::Display for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.contains('\n') {
            true => write!(f, "\n{}", self.0),
            false => Ok(()),
        }
    }
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
    /// The tokio whose runtime the cells have: its name among the dependencies, and what a manifest says of it.
    runtime: Option<(String, Table)>,
}

/// A package's name and version.
type Id = (String, String);

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
    /// The prelude's sources, with the versions of its dependencies.
    pub checkout: PathBuf,
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
            runtime: None,
        }
    }

    /// The dependencies as a program's manifest has them, with the tokio whose runtime it starts.
    pub fn manifest(&self) -> Table {
        let mut all = self.wanted.table();
        if let Some((name, mut table)) = self.runtime.clone() {
            let features = table.entry("features").or_insert_with(|| Value::Array(Vec::new()));
            if let Some(features) = features.as_array_mut() {
                features.push(Value::String("rt-multi-thread".to_owned()));
            }
            all.insert(name, Value::Table(table));
        }
        all
    }

    /// The name by which code finds the tokio whose runtime the cells have.
    pub fn runtime(&self) -> Option<String> {
        self.runtime.as_ref().map(|(name, _)| name.replace('-', "_"))
    }

    /// The versions that cargo has chosen, as a `Cargo.lock` has them; none without dependencies.
    pub fn lock(&self) -> Option<String> {
        if self.crates.is_empty() {
            return None;
        }
        let project = Project::new(&self.place, package_name(&self.wanted, ""));
        std::fs::read_to_string(project.folder().join("Cargo.lock")).ok()
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
    /// none is added. Returns warnings.
    pub fn add(
        &mut self,
        lines: &[String],
        on_step: &mut OnStep<'_>,
    ) -> Result<Vec<String>, DepError> {
        let mut wanted = self.wanted.clone();
        let mut warnings = Vec::new();
        let folder = std::env::current_dir().unwrap_or_default();
        for line in lines {
            warnings.extend(wanted.add(line, &folder)?);
        }
        let lost = wanted.take_lost().into_iter();
        warnings
            .extend(lost.map(|it| format!("the folder of `{it}` is gone, and the crate with it")));
        let kept = &self.place.kept;
        write::folder(kept, Readers::User)
            .map_err(|source| DepError::Write { path: kept.clone(), source })?;
        trust::folder(kept)?;
        environment::configuration(&self.place.checkout)?;
        let ours = candle::versions(&self.place.checkout);
        warnings.extend(newest::settle(&mut wanted, &self.place, &ours, on_step)?);
        let built = self.build(wanted.clone(), on_step);
        warnings.extend(built.map_err(|error| self.with_features(error, wanted, on_step))?);
        Ok(warnings)
    }

    /// An error about a feature that is missing, with those that are there.
    fn with_features(&self, error: DepError, wanted: Wanted, on_step: &mut OnStep<'_>) -> DepError {
        let DepError::Feature { package, feature } = error else { return error };
        let project = Project::new(&self.place, package_name(&wanted, "features"));
        let features = project.features(&wanted.without_features(), &package, on_step);
        let Ok(features) = features else { return DepError::Feature { package, feature } };
        if features.is_empty() {
            let (meant, there) = (Meant(None), "none".to_owned());
            return DepError::FeatureOf { package, feature, meant, there };
        }
        let meant = nearest(&feature, features.iter().map(String::as_str)).map(str::to_owned);
        let there = features.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        DepError::FeatureOf { package, feature, meant: Meant(meant), there }
    }

    /// Builds the dependencies, and makes them those of the session. Returns warnings.
    fn build(&mut self, wanted: Wanted, on_step: &mut OnStep<'_>) -> Result<Vec<String>, DepError> {
        // The crates by themselves first: what they are made of says what they are linked into.
        let mut project = Project::new(&self.place, package_name(&wanted, ""));
        let Chosen { direct, warnings } = project.resolve(&wanted, on_step)?;
        let artifacts = project.build(on_step)?;
        let contents = project.contents(&artifacts)?;
        if wanted == self.wanted && contents == self.contents {
            return Ok(warnings);
        }
        let is_other =
            |(id, content): (&Id, &String)| contents.get(id).is_some_and(|now| now != content);
        if !self.contents.iter().any(is_other) {
            project.earlier = &self.objects;
        }
        project.package = package_name(&wanted, &format!("{:?} {contents:?}", project.earlier));
        project.write_library(&wanted, &direct, &artifacts)?;
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
        self.runtime = project.runtime();
        (self.objects, self.crates, self.wanted) = (objects, crates, wanted);
        self.contents = contents;
        Ok(warnings)
    }
}
