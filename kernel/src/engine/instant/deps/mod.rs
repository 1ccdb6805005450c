//! `:dep`: crates beyond the prelude, built by cargo into one shared object beside it.
//!
//! The session's dependencies are one package, whose library links the prelude's shared object, so
//! that candle exists once (`candle`). Builds are kept by prelude, and shared by all sessions. What a
//! `:dep` line may say is in `manifest`, how cargo builds the package in `project`, what our program
//! does between cargo and rustc in `compiler`.

mod candle;
pub mod compiler;
mod manifest;
mod project;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use self::manifest::Wanted;
use self::project::{Project, package_name};
use super::words::words;
use crate::cargo::environment;
use crate::home::trust::{self, TrustError};
use crate::home::write::{self, Readers};

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
        environment::configuration(&self.place.checkout)?;
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
