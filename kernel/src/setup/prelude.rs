//! The prelude's shared object: built once per toolchain and version of the prelude, then found.
//!
//! A built prelude is a folder with `libakari.so` and the metadata of every crate in it. The
//! folder gets its name last, so a name that is there means a build that is whole.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use sha2::{Digest, Sha256};

use super::toolchain::Toolchain;

#[derive(Debug, thiserror::Error)]
pub enum PreludeError {
    #[error("the prelude's sources are not at `{}`; keep the checkout that `akari` was built in", path.display())]
    Sources { path: PathBuf },
    #[error("could not write to the cache `{}`: {source}; set AKARI_HOME to a folder that can be written", path.display())]
    Cache { path: PathBuf, source: std::io::Error },
    #[error("could not run cargo: {0}")]
    Cargo(#[source] std::io::Error),
    #[error("the prelude could not be built; cargo's messages are above")]
    Build,
    #[error("there is no folder for caches on this system; set AKARI_HOME")]
    NoHome,
}

/// The folder of a built prelude; builds it if it isn't there, and tells `progress` how far it is.
pub fn find_or_build(toolchain: &Toolchain, mut progress: impl FnMut(&str)) -> Result<PathBuf, PreludeError> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let key = key(&checkout, toolchain)?;
    let folder = home()?.join("prelude").join(&key);
    if folder.join("libakari.so").is_file() {
        return Ok(folder);
    }
    progress("building the prelude (candle, optimised): once per toolchain, some minutes");
    let artifacts = build(&checkout, toolchain, &mut progress)?;
    keep(&artifacts, &folder).map_err(|source| PreludeError::Cache { path: folder.clone(), source })?;
    Ok(folder)
}

/// `AKARI_HOME`, or else the platform's cache folder.
pub fn home() -> Result<PathBuf, PreludeError> {
    if let Some(home) = std::env::var_os("AKARI_HOME").filter(|it| !it.is_empty()) {
        return std::path::absolute(home).map_err(|_| PreludeError::NoHome);
    }
    let folders = directories::ProjectDirs::from("", "", "akari").ok_or(PreludeError::NoHome)?;
    Ok(folders.cache_dir().to_owned())
}

/// A name made of all that makes a build: sources, versions of dependencies, toolchain.
fn key(checkout: &Path, toolchain: &Toolchain) -> Result<String, PreludeError> {
    let mut files = BTreeSet::new();
    collect(&checkout.join("src"), &mut files);
    files.extend(["Cargo.toml", "Cargo.lock"].map(|it| checkout.join(it)));
    let mut hash = Sha256::new();
    for file in files {
        let text = fs::read(&file).map_err(|_| PreludeError::Sources { path: file.clone() })?;
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hash.update(&toolchain.version);
    Ok(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path);
        }
    }
}

/// Runs cargo, and returns the libraries it made or found fresh.
fn build(checkout: &Path, toolchain: &Toolchain, progress: &mut impl FnMut(&str)) -> Result<Vec<PathBuf>, PreludeError> {
    let begin = Instant::now();
    let mut cargo = Command::new(&toolchain.cargo)
        .args(["rustc", "--release", "--lib", "--package", "akari", "--message-format", "json-render-diagnostics"])
        .arg("--manifest-path")
        .arg(checkout.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(home()?.join("build"))
        // The standard library must exist once in a process: as a shared object too.
        .args(["--", "-C", "prefer-dynamic"])
        .env("RUSTC", &toolchain.rustc)
        .env_remove("CARGO_TARGET_DIR")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(PreludeError::Cargo)?;
    let mut artifacts = Vec::new();
    let mut crates = 0;
    for line in BufReader::new(cargo.stdout.take().ok_or(PreludeError::Build)?).lines().map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
        let files = message["filenames"].as_array().into_iter().flatten().filter_map(|it| it.as_str());
        artifacts.extend(files.map(PathBuf::from).filter(|it| is_library(it)));
        if message["reason"] == "compiler-artifact" {
            crates += 1;
            if crates % 10 == 0 {
                progress(&format!("{crates} crates done, {} s", begin.elapsed().as_secs()));
            }
        }
    }
    let status = cargo.wait().map_err(PreludeError::Cargo)?;
    if status.success() { Ok(artifacts) } else { Err(PreludeError::Build) }
}

fn is_library(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "rlib" || it == "so" || it == "rmeta")
}

/// Puts the libraries into the folder, which gets its name when it is whole.
fn keep(artifacts: &[PathBuf], folder: &Path) -> std::io::Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    let unfinished = tempfile::Builder::new().prefix(".unfinished-").tempdir_in(parent)?;
    for artifact in artifacts {
        let Some(name) = artifact.file_name() else { continue };
        // The static form of the prelude itself would be a second copy of everything.
        if name == "libakari.rlib" {
            continue;
        }
        let target = unfinished.path().join(name);
        // The same file may be listed twice.
        if !target.exists() {
            fs::hard_link(artifact, &target).or_else(|_| fs::copy(artifact, &target).map(drop))?;
        }
    }
    let path = unfinished.keep();
    match fs::rename(&path, folder) {
        // Another process was faster; its build is as good.
        Err(_) if folder.join("libakari.so").is_file() => fs::remove_dir_all(&path),
        renamed => renamed,
    }
}
