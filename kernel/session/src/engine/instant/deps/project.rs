//! The package that holds the dependencies of a session: its versions chosen, built, and what is
//! made of it kept where no later build writes over it.
//!
//! When it is built, and what cells then see of it, is decided by `Dependencies`.

use std::collections::{BTreeMap, BTreeSet};
use std::env::consts::DLL_EXTENSION;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use akari_reports::{Metadata, NodeDep, PackageId};
use sha2::{Digest, Sha256};
use toml::Table;

use super::manifest::Wanted;
use super::refusal::{self, Refusal};
use super::tokio::{self, Tokio};
use super::{Contents, DepError, Id, Meant, Messages, Object, OnStep, Place, candle, compiler};
use crate::cargo::artifact::{Artifact, MARK, read_list};
use crate::cargo::environment::isolate;
use crate::cargo::failure::{Cause, causes, complaint};
use crate::cargo::run::{self, News};
use crate::home::trust;
use crate::home::write::{self, Readers};
use crate::platform;

/// Lines of cargo's messages that are shown when a build fails.
const TAIL: usize = 20;

/// The folder in which cargo builds. Another name for each way of handing crates over: cargo would
/// go on with what it has there.
const TARGET: &str = "target-3";

/// The beginning of the package's name.
const PACKAGE: &str = "akari-deps-";

/// The same for the same dependencies, so that cargo finds what it built for another session; and
/// another one for others, since the loader knows an object by its name.
pub fn package_name(wanted: &Wanted, more: &str) -> String {
    let text = wanted.lines().collect::<Vec<_>>().join("\n");
    format!("{PACKAGE}{}", &hash(format!("{more}\n{text}").as_bytes())[..12])
}

fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// The package of all dependencies.
pub struct Project<'a> {
    pub place: &'a Place,
    pub package: String,
    /// Objects of earlier lines, which the new one is linked on top of.
    pub earlier: &'a [Object],
    /// Folders of packages that their author can change.
    local: Vec<PathBuf>,
    /// The tokio among the dependencies.
    tokio: Option<Tokio>,
}

/// What cargo has chosen.
pub struct Chosen {
    /// The direct dependencies under the names that code gives them.
    pub direct: Vec<Direct>,
    pub warnings: Vec<String>,
}

impl<'a> Project<'a> {
    pub fn new(place: &'a Place, package: String) -> Project<'a> {
        Project { place, package, earlier: &[], local: Vec::new(), tokio: None }
    }

    /// The tokio among the dependencies, as a manifest has it.
    pub fn runtime(&self) -> Option<(String, Table)> {
        self.tokio.as_ref().map(|it| (it.name.clone(), it.table.clone()))
    }

    pub fn folder(&self) -> PathBuf {
        self.place.session.join("deps").join(&self.package)
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), DepError> {
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(path, text))
            .map_err(|source| DepError::Write { path: path.to_owned(), source })
    }

    /// Writes the package with these dependencies and an empty library.
    pub fn write_manifest(&self, wanted: &Wanted) -> Result<(), DepError> {
        let folder = self.folder();
        let tokio = self.tokio.as_ref().map(|it| (it.name.as_str(), &it.table));
        self.write(&folder.join("Cargo.toml"), &wanted.manifest(&self.package, tokio))?;
        self.write(&folder.join("lib.rs"), "")
    }

    /// Chooses versions.
    pub fn resolve(
        &mut self,
        wanted: &Wanted,
        on_step: &mut OnStep<'_>,
    ) -> Result<Chosen, DepError> {
        self.write_manifest(wanted)?;
        // The prelude's versions are chosen wherever they fit.
        let lock = self.folder().join("Cargo.lock");
        let _ = fs::copy(self.place.checkout.join("Cargo.lock"), lock);
        let mut warnings = Vec::new();
        let metadata = self.metadata(&mut |step| {
            let text = step.strip_prefix("warning: ").filter(|it| !it.starts_with("spurious"));
            warnings.extend(text.map(|it| it.replace(&self.package, "the notebook")));
            on_step(step)
        })?;
        let program = warnings.iter().find_map(|it: &String| refusal::program(it));
        if let Some(program) = program {
            return Err(DepError::NoLibrary(program.to_owned()));
        }
        candle::check(&metadata, &self.place.checkout)?;
        let local = metadata.packages.iter().filter(|it| it.source.is_none());
        self.local = local.filter_map(|it| Some(it.manifest_path.parent()?.into())).collect();
        self.tokio = tokio::find(&metadata, wanted);
        self.write_manifest(wanted)?;
        Ok(Chosen { direct: direct(&metadata), warnings })
    }

    /// The features of a package among the dependencies.
    pub fn features(
        &self,
        wanted: &Wanted,
        package: &str,
        on_step: &mut OnStep<'_>,
    ) -> Result<Vec<String>, DepError> {
        self.write_manifest(wanted)?;
        let metadata = self.metadata(on_step)?;
        let found = metadata.packages.into_iter().find(|it| it.name.as_str() == package);
        Ok(found.map(|it| it.features.into_keys().collect()).unwrap_or_default())
    }

    fn metadata(&self, on_step: &mut OnStep<'_>) -> Result<Metadata, DepError> {
        let mut text = String::new();
        self.cargo(&["metadata", "--format-version", "1"], on_step, &mut |line| {
            text.push_str(line);
        })?;
        akari_reports::metadata(&text).map_err(|_| DepError::Missing(self.package.clone()))
    }

    /// Writes the library that holds the crates, under the package's name.
    /// `built` are the crates by themselves.
    pub fn write_library(
        &self,
        wanted: &Wanted,
        direct: &[Direct],
        built: &[Artifact],
    ) -> Result<(), DepError> {
        let crates = direct.iter().filter(|it| !it.is_macro).map(|it| it.name.as_str());
        let objects = self.earlier.iter().map(|it| it.name.as_str());
        let mut library: String = crates
            .chain(objects)
            .chain(["akari"])
            .map(|name| format!("extern crate {name} as _;\n"))
            .collect();
        library.extend(self.tokio.as_ref().map(|it| it.code(built)));
        self.write_manifest(wanted)?;
        // What was chosen once is to be chosen again.
        let chosen = self.place.session.join("deps").join(package_name(wanted, ""));
        let folder = self.folder();
        let _ = fs::copy(chosen.join("Cargo.lock"), folder.join("Cargo.lock"));
        self.write(&folder.join("lib.rs"), &library)
    }

    pub fn build(&self, on_step: &mut OnStep<'_>) -> Result<Vec<Artifact>, DepError> {
        let mut artifacts = Vec::new();
        let arguments = ["build", "--release", "--message-format", "json-render-diagnostics"];
        self.cargo(&arguments, on_step, &mut |line| artifacts.extend(Artifact::parse(line)))?;
        Ok(artifacts)
    }

    /// Runs cargo in the package's folder; without a network, on what was downloaded before.
    pub fn cargo(
        &self,
        arguments: &[&str],
        on_step: &mut OnStep<'_>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<(), DepError> {
        let online = self.run_cargo(arguments, &[], on_step, on_line);
        let Err(error @ DepError::Network { .. }) = online else { return online };
        match self.run_cargo(arguments, &["--offline"], on_step, on_line) {
            Ok(()) => Ok(()),
            Err(DepError::Interrupted) => Err(DepError::Interrupted),
            Err(_) => Err(error),
        }
    }

    fn run_cargo(
        &self,
        arguments: &[&str],
        more: &[&str],
        on_step: &mut OnStep<'_>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<(), DepError> {
        let Place { rustc, program, prelude, kept, checkout, .. } = self.place;
        let earlier: Vec<String> =
            self.earlier.iter().map(|it| format!("{}={}", it.name, it.path.display())).collect();
        let local: Vec<String> = self.local.iter().map(|it| it.display().to_string()).collect();
        let mut cargo = Command::new(rustc.with_file_name("cargo"));
        // Not in the session's folder: others may put a configuration of cargo into one above it.
        isolate(&mut cargo, checkout);
        cargo
            .args(arguments)
            .args(more)
            .args(MARK)
            .arg("--manifest-path")
            .arg(self.folder().join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", kept.join(TARGET))
            .env("RUSTC", rustc)
            .env("RUSTC_WRAPPER", program)
            .env(compiler::PRELUDE, prelude)
            .env(compiler::PROJECT, self.folder())
            .env(compiler::EARLIER, earlier.join("\n"))
            .env(compiler::LOCAL, local.join("\n"));
        let mut is_stopped = false;
        let mut step = |text: &str| {
            is_stopped |= !on_step(text);
            if is_stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let log = self.folder().with_extension("log");
        let ended = run::run(&mut cargo, &log, &mut |news| match news {
            News::Json(line) => {
                on_line(line);
                ControlFlow::Continue(())
            }
            News::Progress(it) => step(&format!("{} of {}: {}", it.done, it.total, it.what)),
            News::Said(line) => step(line.trim()),
            News::Tick => step(""),
        });
        match ended {
            Ok(_) if is_stopped => Err(DepError::Interrupted),
            Ok(ended) if ended.status.success() => Ok(()),
            Ok(ended) => {
                let text: Vec<&str> = ended.last.iter().map(String::as_str).collect();
                let cause = causes(&ended).next().unwrap_or(Cause::Other);
                Err(failure(cause, &text.join("\n"), complaint(&ended, TAIL, PACKAGE)))
            }
            Err(error) => Err(DepError::Cargo(error)),
        }
    }

    /// The file by which the compiler finds a crate: its metadata, since the code is in the object.
    pub fn library<'b>(
        &self,
        artifacts: &'b [Artifact],
        (package, version): &Id,
    ) -> Option<&'b Path> {
        let mut found =
            artifacts.iter().filter(|it| it.package == *package && it.version == *version);
        found.find_map(Artifact::interface)
    }

    pub fn contents(&self, artifacts: &[Artifact]) -> Result<Contents, DepError> {
        // A crate that the build itself needs too is there twice, in whatever order.
        let mut hashes: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
        for artifact in artifacts.iter().filter(|it| it.package != self.package) {
            if let Some(file) = artifact.interface() {
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
    pub fn keep(&self, artifacts: &[Artifact]) -> Result<Object, DepError> {
        let own = artifacts.iter().find(|it| it.package == self.package);
        let built = own
            .and_then(|it| it.file(DLL_EXTENSION))
            .ok_or_else(|| DepError::Missing(self.package.clone()))?;
        let name = self.package.replace('-', "_");
        let mut files = vec![(platform::library_file(&name), self.read(built)?)];
        let ours = read_list(&self.place.prelude).unwrap_or_default();
        for artifact in artifacts.iter().filter(|it| it.package != self.package) {
            let Some(file) = artifact.interface() else { continue };
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
        Ok(Object { path: folder.join(platform::library_file(&name)), name })
    }

    /// The file of a crate beside the object that holds it.
    pub fn kept_file(&self, built: &Path, objects: &[Object]) -> Option<PathBuf> {
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

/// The error of a run of cargo that said `text`; `messages` are the end of that.
fn failure(cause: Cause, text: &str, messages: String) -> DepError {
    match cause {
        Cause::Network => return DepError::Network { messages },
        Cause::DiskFull => return DepError::DiskFull,
        Cause::NoLinker => return DepError::NoLinker,
        Cause::Denied | Cause::Other => {}
    }
    match refusal::read(text, PACKAGE) {
        Refusal::NoCrate { name, meant } => DepError::NoCrate { name, meant: Meant(meant) },
        Refusal::NoFeature { package, feature } => DepError::Feature { package, feature },
        Refusal::Other(sentence) => DepError::Failed { sentence, messages: Messages(messages) },
    }
}

/// A crate that a line asks for.
pub struct Direct {
    /// As cells know it.
    pub name: String,
    pub id: Id,
    pub is_macro: bool,
}

/// The dependencies of the root package.
fn direct(metadata: &Metadata) -> Vec<Direct> {
    let resolve = metadata.resolve.as_ref();
    let root = resolve.and_then(|resolve| resolve.root.as_ref());
    let nodes = resolve.into_iter().flat_map(|resolve| &resolve.nodes);
    let Some(root) = nodes.into_iter().find(|node| Some(&node.id) == root) else {
        return Vec::new();
    };
    let package = |id: &PackageId| metadata.packages.iter().find(|package| package.id == *id);
    let direct = |dependency: &NodeDep| {
        let package = package(&dependency.pkg)?;
        Some(Direct {
            name: dependency.name.clone(),
            id: (package.name.to_string(), package.version.to_string()),
            is_macro: package.targets.iter().any(|target| target.is_proc_macro()),
        })
    };
    root.deps.iter().filter_map(direct).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn direct_dependencies_have_the_names_that_code_gives_them() {
        let package = |id: &str, name: &str, version: &str, kind: &str| {
            format!(
                r#"{{"id": "{id}", "name": "{name}", "version": "{version}", "dependencies": [],
                    "features": {{}}, "manifest_path": "/x/Cargo.toml", "targets": [
                    {{"name": "{name}", "kind": ["{kind}"], "src_path": "/x/lib.rs"}}]}}"#
            )
        };
        let text = format!(
            r#"{{"packages": [{}, {}, {}], "workspace_members": ["r"], "version": 1,
                "workspace_root": "/x", "target_directory": "/x/target",
                "resolve": {{"root": "r", "nodes": [
                    {{"id": "a", "deps": [], "dependencies": []}},
                    {{"id": "r", "dependencies": ["a", "b"], "deps": [
                        {{"name": "dice", "pkg": "a"}}, {{"name": "m", "pkg": "b"}}]}}]}}}}"#,
            package("r", "root", "0.0.0", "lib"),
            package("a", "rand", "0.9.1", "lib"),
            package("b", "m", "1.0.0", "proc-macro"),
        );
        let found = direct(&akari_reports::metadata(&text).unwrap());
        let names: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.is_macro)).collect();
        assert_eq!(names, [("dice", false), ("m", true)]);
        assert_eq!(found[0].id, ("rand".to_owned(), "0.9.1".to_owned()));
    }
}
