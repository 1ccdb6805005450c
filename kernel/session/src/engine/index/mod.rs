//! The prelude's public names with their signatures and documentation, as rustdoc knows them.
//!
//! rustdoc writes the names of the prelude and of candle once per built prelude, in some seconds, and they are kept
//! beside the prelude (`collect` has what is taken of them). Only a compiler knows the functions that macros
//! make. rustdoc's JSON is unstable: where it can't be read the log says so, and completion knows less.

mod collect;
mod docs;
mod text;

use std::collections::BTreeMap;
use std::env::consts::DLL_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use akari_reports::rustdoc::{Crate, FORMAT_VERSION};
use serde::{Deserialize, Serialize};

use super::EngineConfig;
use super::name::Name;
use super::names::Names;
use crate::home::manifest::INDEX;
use crate::home::write::{self, Readers};
use crate::home::{self, trust};

/// The form of the index. An index of another form is made anew.
const FORM: u32 = 3;

/// The crates whose names a cell has beside the prelude's: the package, and the crate with the names by which
/// others know it.
const CANDLE: [(&str, &str); 2] = [("candle-core", "candle_core"), ("candle-nn", "candle_nn")];

/// The contents of the index's file.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    form: u32,
    names: Vec<Name>,
}

/// The names that every cell imports, with the names in their modules and types.
fn read(settings: &EngineConfig) -> Option<Vec<Name>> {
    if let Some(names) = kept(&settings.prelude) {
        return Some(names);
    }
    let names = collect::names(&documents(settings)?);
    let whole = Kept { form: FORM, names };
    if let Ok(text) = serde_json::to_vec(&whole) {
        // Writing fails in the folder of another user: there only the owner keeps an index.
        // Everybody who shares the folder reads it.
        let _ = write::file(&settings.prelude.join(INDEX), &[&text], Readers::Everybody);
    }
    Some(whole.names)
}

fn kept(prelude: &Path) -> Option<Vec<Name>> {
    let text = trust::read(&prelude.join(INDEX)).ok()?;
    let kept: Kept = serde_json::from_slice(&text).ok()?;
    (kept.form == FORM).then_some(kept.names)
}

pub fn is_kept(prelude: &Path) -> bool {
    kept(prelude).is_some()
}

/// Makes the index, so that not every kernel of a class makes it at its first start.
pub fn keep(settings: &EngineConfig) {
    read(settings);
}

/// Lets the first question read the prelude's names, which takes some milliseconds. Where there is no index yet,
/// one is made on a thread of its own, so that no cell waits for it.
pub fn read_aside(settings: &EngineConfig, names: &Arc<Names>) {
    let prelude = settings.prelude.clone();
    names.set_reader(Box::new(move || kept(&prelude)));
    if is_kept(&settings.prelude) {
        return;
    }
    let (settings, names) = (settings.clone(), Arc::clone(names));
    let learn = move || {
        if let Some(found) = read(&settings) {
            names.set_prelude(found);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("index".into()).spawn(learn) {
        tracing::warn!("completion knows no names of the prelude: {error}");
    }
}

/// Rustdoc's documents about the prelude and, where their sources are found, about candle's crates.
fn documents(settings: &EngineConfig) -> Option<Vec<Crate>> {
    let sources = settings.checkout.join("src").join("lib.rs");
    let mut documents = vec![document(settings, "akari", "2024", &sources)?];
    for (package, name) in CANDLE {
        match source(&settings.prelude, package) {
            Some(sources) => documents.extend(document(settings, name, "2021", &sources)),
            None => tracing::warn!("completion lacks the names of {package}: no sources found"),
        }
    }
    Some(documents)
}

/// The root of a package's sources where cargo has put them.
fn source(prelude: &Path, package: &str) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Built {
        package: String,
        version: String,
    }
    let crates: Vec<Built> =
        serde_json::from_slice(&trust::read(&prelude.join("crates.json")).ok()?).ok()?;
    let version = &crates.iter().find(|it| it.package == package)?.version;
    let of_home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"));
    let cargo = std::env::var_os("CARGO_HOME").filter(|it| !it.is_empty()).map(PathBuf::from);
    let registries = fs::read_dir(cargo.or_else(of_home)?.join("registry").join("src")).ok()?;
    registries.flatten().find_map(|it| {
        let root = it.path().join(format!("{package}-{version}")).join("src").join("lib.rs");
        root.is_file().then_some(root)
    })
}

/// Rustdoc's document about a crate.
fn document(settings: &EngineConfig, name: &str, edition: &str, root: &Path) -> Option<Crate> {
    let folder = home::temporary_folder("akari-index-").ok()?;
    let prelude = &settings.prelude;
    let mut rustdoc = Command::new(settings.rustc.with_file_name("rustdoc"));
    rustdoc
        .arg(root)
        .args(["--crate-name", name, "--edition", edition, "--cap-lints", "allow"])
        // A macro that is exported under another name is hidden under its own.
        .args(["-Z", "unstable-options", "--output-format", "json", "--document-hidden-items"])
        .env("RUSTC_BOOTSTRAP", "1")
        .arg("-L")
        .arg(format!("dependency={}", prelude.display()))
        .arg("-o")
        .arg(folder.path())
        .stdin(Stdio::null());
    let libraries = libraries(prelude);
    // candle's crates call their first one `candle`.
    let alias = libraries.get("candle_core").map(|path| ("candle", path));
    for (name, path) in libraries.iter().map(|(name, path)| (name.as_str(), path)).chain(alias) {
        rustdoc.arg("--extern").arg(format!("{name}={path}"));
    }
    match rustdoc.output() {
        Ok(run) if run.status.success() => {}
        Ok(run) => {
            let said = String::from_utf8_lossy(&run.stderr);
            let first = said.lines().find(|line| line.starts_with("error")).unwrap_or("nothing");
            tracing::warn!("completion lacks the names of {name}: rustdoc said: {first}");
            return None;
        }
        Err(error) => {
            tracing::warn!("completion lacks the names of {name}: rustdoc does not start: {error}");
            return None;
        }
    }
    understand(&fs::read(folder.path().join(format!("{name}.json"))).ok()?)
}

/// Reads rustdoc's JSON. Another version of the format is tried too: few of its types are needed.
fn understand(text: &[u8]) -> Option<Crate> {
    #[derive(Deserialize)]
    struct Head {
        format_version: u32,
    }
    let found = serde_json::from_slice(text).map(|head: Head| head.format_version);
    if !matches!(found, Ok(FORMAT_VERSION)) {
        let found = found.map_or("none".to_owned(), |version| version.to_string());
        tracing::warn!(
            "rustdoc's JSON has the version {found}, and {FORMAT_VERSION} is known: completion may lack names of the prelude"
        );
    }
    match akari_reports::document(text) {
        Ok(document) => Some(document),
        Err(error) => {
            tracing::warn!("completion lacks the prelude's names: {error}");
            None
        }
    }
}

/// The crates in the prelude's folder, by name: libraries, and procedural macros, which are shared objects with a hash
/// in their names. A crate that is there in two versions is left out: it is no direct dependency of the prelude.
fn libraries(prelude: &Path) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir(prelude).into_iter().flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let name = file
            .strip_prefix("lib")
            .and_then(|it| it.strip_suffix(".rlib").or_else(|| it.strip_suffix(DLL_SUFFIX)))
            .and_then(|it| it.rsplit_once('-'));
        if let Some((name, _)) = name {
            found
                .entry(name.to_owned())
                .or_default()
                .push(entry.path().to_string_lossy().into_owned());
        }
    }
    found
        .into_iter()
        .filter_map(|(name, mut paths)| Some((name, paths.pop().filter(|_| paths.is_empty())?)))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_of_another_version_is_read_as_far_as_it_can_be() {
        let text = |version: u32| {
            let target = json!({ "triple": "", "target_features": [] });
            let document = json!({
                "format_version": version, "root": 0, "crate_version": null, "includes_private": false,
                "index": {}, "paths": {}, "external_crates": {}, "target": target,
            });
            document.to_string()
        };
        for version in [FORMAT_VERSION, FORMAT_VERSION + 1] {
            assert!(
                understand(text(version).as_bytes())
                    .is_some_and(|it| collect::names(&[it]).is_empty())
            );
        }
        assert!(understand(br#"{"format_version": 57}"#).is_none());
    }
}
