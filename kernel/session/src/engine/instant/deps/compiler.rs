//! The role between cargo and rustc while dependencies are built: crates of the prelude are handed
//! over as they are.
//!
//! So a dependency that names candle has the very candle of the prelude, whose tensors and statics
//! it shares, and candle isn't compiled again. A crate that is to have features which the prelude's
//! lacks is compiled beside it, and so is every crate on top of that one: the prelude's would stand
//! on other types. For candle itself missing features are an error.

use std::env::consts::DLL_EXTENSION;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::candle::SHARED;
use crate::cargo::artifact::{Artifact, read_list};
use crate::platform;

/// The folder of the built prelude; that it is set chooses this role.
pub const PRELUDE: &str = "AKARI_DEPS_PRELUDE";
/// The folder of the package that holds all dependencies.
pub const PROJECT: &str = "AKARI_DEPS_PROJECT";
/// Shared objects of earlier dependencies, each as `name=path`, one a line.
pub const EARLIER: &str = "AKARI_DEPS_EARLIER";
/// Folders of packages that their author can change, one a line.
pub const LOCAL: &str = "AKARI_DEPS_LOCAL";

/// The extension of an empty file beside a crate that was handed over.
const MARK: &str = "akari";

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
    command.args(arguments.iter().map(|it| without_code(it)));
    if asked.name.is_some() {
        // What a crate of the prelude was made of is found there.
        command.arg("-L").arg(format!("dependency={}", prelude.display()));
        if asked.origin == Origin::Local {
            // Cargo compiles it anew because it changed. Its types must not pass for those that a
            // session has of it, which may lie in memory in another way.
            command.args(["-C", &format!("metadata={}", uuid::Uuid::new_v4())]);
        }
    }
    if std::env::var_os("CARGO_MANIFEST_DIR") == std::env::var_os(PROJECT) && asked.name.is_some() {
        command.args(["-C", "prefer-dynamic"]);
        command
            .arg("--extern")
            .arg(format!("akari={}", prelude.join(platform::prelude_file()).display()));
        for earlier in std::env::var(EARLIER).unwrap_or_default().lines() {
            command.arg("--extern").arg(earlier);
        }
    }
    let error = command.exec();
    eprintln!("error: could not start `{}`: {error}", compiler.to_string_lossy());
    Some(ExitCode::FAILURE)
}

/// An argument `name=file.rlib` with the metadata in the file's place, where the crate was handed over without its code: that
/// stands in the prelude, which is linked.
fn without_code(argument: &OsStr) -> OsString {
    let found = argument.to_str().and_then(|it| {
        let (name, file) = it.split_once('=')?;
        let file = Path::new(file);
        let is_bare = file.extension()? == "rlib" && !file.is_file() && is_handed_over(file);
        is_bare.then(|| format!("{name}={}", file.with_extension("rmeta").display()))
    });
    found.map_or_else(|| argument.to_owned(), OsString::from)
}

/// Where a package comes from.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A registry, or a copy of one: equal versions are equal sources.
    #[default]
    Registry,
    Git,
    /// A folder where its author can change it.
    Local,
}

impl Origin {
    /// The origin of the package that cargo builds.
    fn of_asked() -> Origin {
        let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
        Origin::of(&folder, &std::env::var_os(LOCAL).unwrap_or_default())
    }

    fn of(folder: &OsStr, local: &OsStr) -> Origin {
        let (folder, local) = (folder.to_string_lossy(), local.to_string_lossy());
        if local.lines().any(|it| it == folder) {
            Origin::Local
        } else if folder.contains("/git/checkouts/") {
            Origin::Git
        } else {
            Origin::Registry
        }
    }
}

/// A kind of crate that may be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Library,
    Macro,
}

/// What cargo asks the compiler for.
#[derive(Debug, Default)]
struct Asked {
    /// The crate's; none where cargo asks about the compiler itself.
    name: Option<String>,
    /// None for a program.
    kind: Option<Kind>,
    origin: Origin,
    /// Whether it comes into the result, as [`Artifact::is_linked`] says of a crate that is there.
    is_linked: bool,
    features: Vec<String>,
    /// The files of the crates that this one names.
    needs: Vec<PathBuf>,
    folder: PathBuf,
    suffix: String,
    source: String,
}

impl Asked {
    fn new(arguments: &[OsString]) -> Asked {
        let mut asked = Asked { origin: Origin::of_asked(), ..Asked::default() };
        let texts: Vec<String> =
            arguments.iter().map(|it| it.to_string_lossy().into_owned()).collect();
        for (index, text) in texts.iter().enumerate() {
            let next = texts.get(index + 1).map(String::as_str).unwrap_or_default();
            match text.as_str() {
                "--crate-name" if next != "___" => asked.name = Some(next.to_owned()),
                "--crate-type" => match next {
                    "lib" | "rlib" => asked.kind = Some(Kind::Library),
                    "proc-macro" => asked.kind = Some(Kind::Macro),
                    _ => {}
                },
                "--out-dir" => asked.folder = next.into(),
                "--cfg" => asked.features.extend(feature(next)),
                "--extern" => {
                    asked.needs.extend(next.split_once('=').map(|(_, file)| file.into()));
                }
                "-C" => {
                    // The package of all dependencies has one profile: what it links is optimised.
                    asked.is_linked |= next.starts_with("opt-level=") && next != "opt-level=0";
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
        let (Some(name), Some(kind)) = (&self.name, self.kind) else { return Ok(false) };
        let mark = self.folder.join(format!("lib{name}{}.{MARK}", self.suffix));
        let _ = fs::remove_file(&mark);
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let (package, version) = (variable("CARGO_PKG_NAME"), variable("CARGO_PKG_VERSION"));
        let list = read_list(prelude).map_err(|error| format!("the prelude's list: {error}"))?;
        let Some(artifact) = self.find(&list, &package, &version) else { return Ok(false) };
        let missing = self.features.iter().find(|it| !artifact.features.contains(it));
        if SHARED.contains(&package.as_str()) {
            if let Some(missing) = missing {
                return Err(format!(
                    "the prelude's {package} {version} was built without its feature `{missing}`, which a dependency asks for"
                ));
            }
        } else if missing.is_some()
            || self.origin != Origin::Registry
            || kind == Kind::Library && !self.needs.iter().all(|it| is_handed_over(it))
        {
            return Ok(false);
        }
        self.copy(name, artifact, prelude).map_err(|error| format!("{package}: {error}"))?;
        fs::write(&mark, "").map_err(|error| format!("{package}: {error}"))?;
        Ok(true)
    }

    /// The prelude's crate of this package. One that a build needs may be there twice, as in the result as well.
    fn find<'a>(&self, list: &'a [Artifact], package: &str, version: &str) -> Option<&'a Artifact> {
        let extension = if self.kind == Some(Kind::Macro) { DLL_EXTENSION } else { "rmeta" };
        let is_it = |it: &&Artifact| {
            it.package == package
                && it.version == version
                && it.file(extension).is_some()
                && self.can_take(it)
        };
        let as_asked = |it: &&Artifact| it.is_linked == self.is_linked;
        let found = || list.iter().filter(is_it);
        found().find(as_asked).or_else(|| found().find(|it| it.is_linked))
    }

    /// Whether this build can do with what there is of a crate. A prelude that came with the program has no code of crates
    /// but for what stands in its shared object, and programs that run during a build, macros too, don't link that.
    fn can_take(&self, artifact: &Artifact) -> bool {
        self.kind == Some(Kind::Macro)
            || artifact.file("rlib").is_some()
            || self.is_linked && artifact.is_linked
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

/// Whether a crate was handed over, by one of its files.
fn is_handed_over(file: &Path) -> bool {
    file.with_extension(MARK).is_file()
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
        let line = "--crate-name a_b --edition=2021 /src/lib.rs --crate-type lib --cfg feature=\"f\" -C opt-level=3 -C extra-filename=-12 --out-dir /out --extern c=/out/libc-1.rmeta --extern proc_macro";
        Asked::new(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_are_understood() {
        let asked = asked();
        assert_eq!(asked.name.as_deref(), Some("a_b"));
        assert_eq!((asked.kind, asked.is_linked), (Some(Kind::Library), true));
        assert_eq!(asked.needs, [Path::new("/out/libc-1.rmeta")]);
        assert_eq!(asked.features, ["f"]);
        assert_eq!((asked.folder.as_path(), asked.suffix.as_str()), (Path::new("/out"), "-12"));
        assert_eq!(asked.source, "/src/lib.rs");
        assert_eq!(Asked::new(&["-vV".into()]).name, None);
    }

    #[test]
    fn origins_are_read_from_folders() {
        let origin = |folder: &str| Origin::of(OsStr::new(folder), OsStr::new("/own/a\n/own/b"));
        assert_eq!(origin("/own/b"), Origin::Local);
        assert_eq!(origin("/home/.cargo/git/checkouts/c-1/2"), Origin::Git);
        assert_eq!(origin("/home/vendor/c"), Origin::Registry);
    }

    /// What a crate needs must be the prelude's too, and an unoptimised one is found as such.
    #[test]
    fn crate_is_found_as_it_is_asked_for() {
        let artifact = |is_linked: bool, files: &[&str]| Artifact {
            package: "a".into(),
            version: "1.0.0".into(),
            features: Vec::new(),
            is_linked,
            files: files.iter().map(PathBuf::from).collect(),
        };
        let found = |list: &[Artifact], kind, is_linked| {
            let asked = Asked { kind: Some(kind), is_linked, ..Asked::default() };
            asked.find(list, "a", "1.0.0").map(|it| it.files[0].display().to_string())
        };
        let macro_ = artifact(false, &["a.so"]);
        let list = [
            artifact(false, &["a.rmeta", "a.rlib"]),
            artifact(true, &["o.rmeta", "o.rlib"]),
            macro_.clone(),
        ];
        assert_eq!(found(&list, Kind::Library, true).as_deref(), Some("o.rmeta"));
        assert_eq!(found(&list, Kind::Library, false).as_deref(), Some("a.rmeta"));
        assert_eq!(found(&list, Kind::Macro, false).as_deref(), Some("a.so"));
        // Without its code a crate is good for what the prelude is linked to, and for nothing else.
        let bare = [artifact(true, &["o.rmeta"]), macro_];
        assert_eq!(found(&bare, Kind::Library, true).as_deref(), Some("o.rmeta"));
        assert_eq!(found(&bare, Kind::Library, false), None);
        assert_eq!(found(&bare, Kind::Macro, false).as_deref(), Some("a.so"));
        assert!(!is_handed_over(Path::new("/nowhere/liba.rmeta")));
    }

    #[test]
    fn crate_without_code_is_linked_by_its_metadata() {
        let out = tempfile::tempdir().unwrap();
        let path = |file: &str| out.path().join(file);
        for file in ["liba.rmeta", "liba.akari", "libb.rlib", "libb.akari", "libc.rmeta"] {
            fs::write(path(file), "").unwrap();
        }
        let argument =
            |name: &str, file: &str| OsString::from(format!("{name}={}", path(file).display()));
        assert_eq!(without_code(&argument("a", "liba.rlib")), argument("a", "liba.rmeta"));
        for file in ["libb.rlib", "libc.rlib", "liba.rmeta", "libd.so"] {
            assert_eq!(without_code(&argument("a", file)), argument("a", file));
        }
        assert_eq!(without_code(OsStr::new("-Copt-level=3")), "-Copt-level=3");
    }

    #[test]
    fn files_get_the_names_that_cargo_expects() {
        let [prelude, out] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        fs::write(prelude.path().join("liba_b-99.rlib"), "rlib").unwrap();
        let artifact = Artifact {
            package: "a-b".into(),
            version: "1.0.0".into(),
            features: Vec::new(),
            is_linked: true,
            files: vec!["liba_b-99.rlib".into()],
        };
        let asked = Asked { folder: out.path().to_owned(), ..asked() };
        asked.copy("a_b", &artifact, prelude.path()).unwrap();
        assert_eq!(fs::read_to_string(out.path().join("liba_b-12.rlib")).unwrap(), "rlib");
        assert!(out.path().join("a_b-12.d").is_file());
    }
}
