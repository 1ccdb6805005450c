//! The role between cargo and rustc while dependencies are built: crates of the prelude are handed
//! over as they are.
//!
//! So a dependency that names candle has the very candle of the prelude, whose tensors and statics
//! it shares, and candle isn't compiled again. A crate that is to have features which the prelude's
//! lacks is compiled beside it; for candle itself that is an error.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::candle::SHARED;
use crate::cargo::artifact::{Artifact, read_list};

/// The folder of the built prelude; that it is set chooses this role.
pub const PRELUDE: &str = "AKARI_DEPS_PRELUDE";
/// The folder of the package that holds all dependencies.
pub const PROJECT: &str = "AKARI_DEPS_PROJECT";
/// Shared objects of earlier dependencies, each as `name=path`, one a line.
pub const EARLIER: &str = "AKARI_DEPS_EARLIER";

/// Becomes the compiler, if cargo has started this process for dependencies.
pub fn run() -> Option<ExitCode> {
    let prelude = PathBuf::from(std::env::var_os(PRELUDE)?);
    // The first argument is the compiler that cargo would have taken.
    let given: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (compiler, arguments) = given.split_first()?;
    let asked = Asked::new(arguments);
    match asked.hand_over(&prelude) {
        Ok(true) => return Some(ExitCode::SUCCESS),
        Ok(false) => {}
        Err(text) => {
            eprintln!("error: {text}");
            return Some(ExitCode::FAILURE);
        }
    }
    let mut command = Command::new(compiler);
    command.args(arguments);
    if asked.name.is_some() {
        // What a crate of the prelude was made of is found there.
        command.arg("-L").arg(format!("dependency={}", prelude.display()));
        if is_local(std::env::var_os("CARGO_MANIFEST_DIR").as_deref()) {
            // Cargo compiles it anew because it changed. Its types must not pass for those that a
            // session has of it, which may lie in memory in another way.
            command.args(["-C", &format!("metadata={}", uuid::Uuid::new_v4())]);
        }
    }
    if std::env::var_os("CARGO_MANIFEST_DIR") == std::env::var_os(PROJECT) && asked.name.is_some() {
        command.args(["-C", "prefer-dynamic"]);
        command.arg("--extern").arg(format!("akari={}", prelude.join("libakari.so").display()));
        for earlier in std::env::var(EARLIER).unwrap_or_default().lines() {
            command.arg("--extern").arg(earlier);
        }
    }
    let error = command.exec();
    eprintln!("error: could not start `{}`: {error}", compiler.to_string_lossy());
    Some(ExitCode::FAILURE)
}

/// Whether a package lies where its author can change it, and not among those that cargo fetched.
fn is_local(folder: Option<&OsStr>) -> bool {
    let folder = folder.map(OsStr::to_string_lossy).unwrap_or_default();
    !folder.contains("/registry/src/") && !folder.contains("/git/checkouts/")
}

/// What cargo asks the compiler for.
#[derive(Debug, Default)]
struct Asked {
    /// The crate's; none where cargo asks about the compiler itself.
    name: Option<String>,
    is_library: bool,
    features: Vec<String>,
    folder: PathBuf,
    suffix: String,
    source: String,
}

impl Asked {
    fn new(arguments: &[OsString]) -> Asked {
        let mut asked = Asked::default();
        let texts: Vec<String> =
            arguments.iter().map(|it| it.to_string_lossy().into_owned()).collect();
        for (index, text) in texts.iter().enumerate() {
            let next = texts.get(index + 1).map(String::as_str).unwrap_or_default();
            match text.as_str() {
                "--crate-name" if next != "___" => asked.name = Some(next.to_owned()),
                "--crate-type" => asked.is_library |= next == "lib" || next == "rlib",
                "--out-dir" => asked.folder = next.into(),
                "--cfg" => asked.features.extend(feature(next)),
                "-C" => {
                    if let Some(suffix) = next.strip_prefix("extra-filename=") {
                        suffix.clone_into(&mut asked.suffix);
                    }
                }
                _ if text.ends_with(".rs") => asked.source.clone_from(text),
                _ => {}
            }
        }
        asked
    }

    /// Puts the prelude's files where cargo expects those of this crate, if it is in there.
    fn hand_over(&self, prelude: &Path) -> Result<bool, String> {
        let (Some(name), true) = (&self.name, self.is_library) else { return Ok(false) };
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let (package, version) = (variable("CARGO_PKG_NAME"), variable("CARGO_PKG_VERSION"));
        let list = read_list(prelude).map_err(|error| format!("the prelude's list: {error}"))?;
        let is_it =
            |it: &&Artifact| it.package == package && it.version == version && it.is_optimised;
        let has_metadata = |it: &&Artifact| it.file("rmeta").is_some();
        let Some(artifact) = list.iter().filter(is_it).find(has_metadata) else {
            return Ok(false);
        };
        if let Some(missing) = self.features.iter().find(|it| !artifact.features.contains(it)) {
            if SHARED.contains(&package.as_str()) {
                return Err(format!(
                    "the prelude's {package} {version} was built without its feature `{missing}`, which a dependency asks for"
                ));
            }
            return Ok(false);
        }
        self.copy(name, artifact, prelude).map_err(|error| format!("{package}: {error}"))?;
        Ok(true)
    }

    fn copy(&self, name: &str, artifact: &Artifact, prelude: &Path) -> io::Result<()> {
        let stem = format!("{name}{}", self.suffix);
        for file in &artifact.files {
            let extension = file.extension().unwrap_or_default().to_string_lossy();
            let target = self.folder.join(format!("lib{stem}.{extension}"));
            // Not a link: cargo sets the times of what it takes for its own.
            let _ = fs::remove_file(&target);
            fs::copy(prelude.join(file), &target)?;
        }
        let inputs = self.folder.join(format!("{stem}.d"));
        fs::write(&inputs, format!("{}: {}\n", inputs.display(), self.source))
    }
}

/// `f` of `feature="f"`.
fn feature(cfg: &str) -> Option<String> {
    Some(cfg.strip_prefix("feature=\"")?.strip_suffix('"')?.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        let line = "--crate-name a_b --edition=2021 /src/lib.rs --crate-type lib --cfg feature=\"f\" -C extra-filename=-12 --out-dir /out";
        Asked::new(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_are_understood() {
        let asked = asked();
        assert_eq!(asked.name.as_deref(), Some("a_b"));
        assert!(asked.is_library);
        assert_eq!(asked.features, ["f"]);
        assert_eq!((asked.folder.as_path(), asked.suffix.as_str()), (Path::new("/out"), "-12"));
        assert_eq!(asked.source, "/src/lib.rs");
        assert_eq!(Asked::new(&["-vV".into()]).name, None);
    }

    #[test]
    fn files_get_the_names_that_cargo_expects() {
        let [prelude, out] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        fs::write(prelude.path().join("liba_b-99.rlib"), "rlib").unwrap();
        let artifact = Artifact {
            package: "a-b".into(),
            version: "1.0.0".into(),
            features: Vec::new(),
            is_optimised: true,
            files: vec!["liba_b-99.rlib".into()],
        };
        let asked = Asked { folder: out.path().to_owned(), ..asked() };
        asked.copy("a_b", &artifact, prelude.path()).unwrap();
        assert_eq!(fs::read_to_string(out.path().join("liba_b-12.rlib")).unwrap(), "rlib");
        assert!(out.path().join("a_b-12.d").is_file());
    }
}
