//! What cargo's messages say of a compiled crate, and the list of those in a built prelude.

use std::env::consts::DLL_EXTENSION;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::home::trust;

/// Arguments of cargo by which [`Artifact::is_linked`] can be told of what it builds, whatever the user's own configuration says.
pub const MARK: [&str; 2] = ["--config", "profile.release.build-override.overflow-checks=true"];

/// The list, in a prelude's folder.
const FILE: &str = "crates.json";

/// A crate that cargo compiled, or found compiled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Artifact {
    pub package: String,
    pub version: String,
    pub features: Vec<String>,
    /// Whether it is in the result, and not only in a program that runs during the build. Cargo doesn't say it. What runs during
    /// a build of ours has overflow checks, and of what has no optimisation that alone ([`MARK`]): that something is compiled
    /// without optimisation is true of much that no cell ever calls, too.
    pub is_linked: bool,
    /// Libraries and their metadata.
    pub files: Vec<PathBuf>,
}

impl Artifact {
    /// From one of cargo's JSON messages, if it is about libraries.
    pub fn parse(line: &str) -> Option<Artifact> {
        let message = akari_reports::artifact(line)?;
        let files = message.filenames.into_iter().map(PathBuf::from);
        let files: Vec<PathBuf> = files.filter(|file| is_library(file)).collect();
        let (package, version) = name_and_version(&message.package_id.repr)?;
        let profile = message.profile;
        let is_linked = profile.opt_level != "0" || !profile.overflow_checks;
        let features = message.features;
        (!files.is_empty()).then_some(Artifact { package, version, features, is_linked, files })
    }

    /// The file with this extension.
    pub fn file(&self, extension: &str) -> Option<&Path> {
        let has = |it: &&PathBuf| it.extension().is_some_and(|it| it == extension);
        self.files.iter().find(has).map(PathBuf::as_path)
    }

    /// The file that cells and other crates are compiled against: the crate's metadata, or the object of a macro.
    pub fn interface(&self) -> Option<&Path> {
        self.file("rmeta").filter(|_| self.is_linked).or_else(|| self.file(DLL_EXTENSION))
    }
}

/// Writes the list of a prelude's crates, with their files' names in its folder.
pub fn write_list(artifacts: &[Artifact], folder: &Path) -> io::Result<()> {
    let in_folder = |artifact: &Artifact| {
        let names = artifact.files.iter().filter_map(|it| it.file_name().map(PathBuf::from));
        Artifact { files: names.collect(), ..artifact.clone() }
    };
    let mut list: Vec<Artifact> = artifacts.iter().map(in_folder).collect();
    // Cargo names them in the order in which it happens to come to them.
    list.sort();
    list.dedup();
    fs::write(folder.join(FILE), serde_json::to_vec(&list)?)
}

/// The crates of a built prelude.
pub fn read_list(folder: &Path) -> io::Result<Vec<Artifact>> {
    let text = trust::read(&folder.join(FILE)).map_err(io::Error::other)?;
    Ok(serde_json::from_slice(&text)?)
}

/// `registry+..#name@1.0.0`, or `path+file:///folder/name#1.0.0` where the folder has the name.
pub fn name_and_version(id: &str) -> Option<(String, String)> {
    let (source, rest) = id.rsplit_once('#')?;
    let (name, version) = match rest.split_once('@') {
        Some(both) => both,
        None => (source.rsplit('/').next()?, rest),
    };
    Some((name.to_owned(), version.to_owned()))
}

fn is_library(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "rlib" || it == DLL_EXTENSION || it == "rmeta")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_from_their_ids() {
        for id in ["registry+https://example.org/index#a-b@1.2.3", "path+file:///x/a-b#1.2.3"] {
            assert_eq!(name_and_version(id), Some(("a-b".to_owned(), "1.2.3".to_owned())));
        }
        assert_eq!(name_and_version("a-b 1.2.3"), None);
    }

    #[test]
    fn libraries_are_read_from_messages() {
        let line = r#"{"reason":"compiler-artifact","package_id":"path+file:///x/a#1.0.0","manifest_path":"/x/a/Cargo.toml","target":{"kind":["lib"],"crate_types":["lib"],"name":"a","src_path":"/x/a/src/lib.rs","edition":"2024","doc":true,"doctest":true,"test":true},"profile":{"opt_level":"3","debuginfo":0,"debug_assertions":false,"overflow_checks":false,"test":false},"features":["f"],"filenames":["/t/liba.rlib","/t/liba.rmeta","/t/a.d"],"executable":null,"fresh":false}"#;
        let artifact = Artifact::parse(line).expect("it is one");
        assert_eq!(artifact.files, ["/t/liba.rlib", "/t/liba.rmeta"].map(PathBuf::from));
        assert_eq!(artifact.file("rmeta"), Some(Path::new("/t/liba.rmeta")));
        assert_eq!(Artifact::parse(r#"{"reason":"build-finished","success":true}"#), None);
        let is_linked = |line: &str| Artifact::parse(line).expect("it is one").is_linked;
        let quick = line.replace(r#""opt_level":"3""#, r#""opt_level":"0""#);
        let of_build = quick.replace(r#""overflow_checks":false"#, r#""overflow_checks":true"#);
        assert_eq!([line, &*quick, &*of_build].map(is_linked), [true, true, false]);
    }
}
