//! Packs a built prelude for an installer, such as pip, which puts it beside the program (`prebuilt`).
//!
//! Only what compiling against the prelude reads is packed: its shared object, the metadata of all crates behind it, and the
//! objects of macros. rustc says what a cell reads of these; a dependency of `:dep` that uses candle reads the others, too, as
//! cargo asks for each crate behind candle. The code of those crates stands in the shared object already; a dependency that needs it
//! once more, for a program that runs during a build, has the crate compiled (`engine::instant::deps::compiler`).

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::build;
use crate::cargo::artifact::{self, Artifact};
use crate::home;
use crate::home::manifest::{self, INDEX};
use crate::platform::prelude_file;
use crate::setup::toolchain::Toolchain;

#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("`{}` could not be read or written: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("rustc did not say which files of the prelude it reads: {text}")]
    Compiler { text: String },
}

impl PackError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> PackError {
        |source| PackError::File { path: path.to_owned(), source }
    }
}

/// Packs the prelude into a folder that takes the place of `share/akari`, where no other prelude stays. Returns its own folder.
pub fn pack(prelude: &Path, toolchain: &Toolchain, place: &Path) -> Result<PathBuf, PackError> {
    let mut crates = artifact::read_list(prelude).map_err(PackError::file(prelude))?;
    let mut needed = of_cells(prelude, toolchain)?;
    let interfaces = crates.iter().filter_map(Artifact::interface);
    needed.extend(interfaces.map(|it| it.to_string_lossy().into_owned()));
    let name = prelude.file_name().unwrap_or_default().to_string_lossy();
    let preludes = place.join("prelude");
    let folder = preludes.join(&*name);
    if preludes.is_dir() {
        fs::remove_dir_all(&preludes).map_err(PackError::file(&preludes))?;
    }
    fs::create_dir_all(&folder).map_err(PackError::file(&folder))?;
    for file in &needed {
        fs::copy(prelude.join(file), folder.join(file)).map_err(PackError::file(&folder))?;
    }
    for artifact in &mut crates {
        artifact.files.retain(|it| needed.contains(&*it.to_string_lossy()));
    }
    crates.retain(|it| !it.files.is_empty());
    artifact::write_list(&crates, &folder).map_err(PackError::file(&folder))?;
    manifest::write(&folder, &name, &toolchain.version, &build::flags())
        .map_err(PackError::file(&folder))?;
    let index = prelude.join(INDEX);
    if index.is_file() {
        fs::copy(&index, folder.join(INDEX)).map_err(PackError::file(&index))?;
    }
    Ok(folder)
}

/// The names of the files that rustc reads for a cell.
fn of_cells(prelude: &Path, toolchain: &Toolchain) -> Result<BTreeSet<String>, PackError> {
    let place = home::temporary_folder("akari-pack-").map_err(PackError::file(prelude))?;
    let (source, list) = (place.path().join("cell.rs"), place.path().join("cell.d"));
    fs::write(&source, "extern crate akari;\n").map_err(PackError::file(&source))?;
    let output = Command::new(&toolchain.rustc)
        .arg(&source)
        .args(["--crate-type=cdylib", "-Cprefer-dynamic", "-Zbinary-dep-depinfo"])
        .arg("--emit=metadata,dep-info=cell.d")
        .arg("--extern")
        .arg(format!("akari={}", prelude.join(prelude_file()).display()))
        .arg("-L")
        .arg(format!("dependency={}", prelude.display()))
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(place.path())
        .output()
        .map_err(PackError::file(&toolchain.rustc))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(PackError::Compiler { text });
    }
    let text = fs::read_to_string(&list).map_err(PackError::file(&list))?;
    let needed: BTreeSet<String> =
        names(&text).filter(|it| prelude.join(it).is_file()).map(str::to_owned).collect();
    match needed.contains(&prelude_file()) {
        true => Ok(needed),
        false => Err(PackError::Compiler { text }),
    }
}

/// The names in a list as `make` reads it, which has a line `/folder/name:` for each file.
fn names(list: &str) -> impl Iterator<Item = &str> {
    list.lines().filter_map(|line| line.strip_suffix(':')?.rsplit('/').next())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::home::manifest::Depth;
    use crate::platform::library_file;
    use crate::setup::prelude::prebuilt::{Prebuilt, look};

    /// A prelude made by the toolchain of the tests: a shared object on a library, a library that it does not use, a macro, and a
    /// crate that macros use.
    fn built(toolchain: &Toolchain) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("key");
        fs::create_dir(&folder).unwrap();
        let compile = |name: &str, text: &str, arguments: &[&str]| {
            let source = place.path().join(format!("{name}.rs"));
            fs::write(&source, text).unwrap();
            let mut rustc = Command::new(&toolchain.rustc);
            rustc
                .arg(&source)
                .args(arguments)
                .args(["--edition=2024", "-L", "."])
                .current_dir(&folder);
            assert!(rustc.status().unwrap().success(), "{name}");
        };
        let library = ["--crate-type=rlib", "--emit=metadata,link"];
        compile("inner", "pub struct A;", &library);
        compile("other", "pub struct B;", &library);
        let shared = ["--crate-type=dylib", "-Cprefer-dynamic", "--extern", "inner=libinner.rlib"];
        compile("akari", "pub use inner::A;", &shared);
        compile("of_macros", "pub struct C;", &library);
        compile("derive", "", &["--crate-type=proc-macro"]);
        let artifact = |name: &str, is_linked: bool, files: &[&str]| Artifact {
            package: name.to_owned(),
            version: "1.0.0".to_owned(),
            features: Vec::new(),
            is_linked,
            files: files.iter().map(PathBuf::from).collect(),
        };
        let list = [
            artifact("inner", true, &["libinner.rlib", "libinner.rmeta"]),
            artifact("other", true, &["libother.rlib", "libother.rmeta"]),
            artifact("of-macros", false, &["libof_macros.rlib", "libof_macros.rmeta"]),
            artifact("derive", false, &[&library_file("derive")]),
            artifact("akari", true, &[&prelude_file()]),
        ];
        artifact::write_list(&list, &folder).unwrap();
        manifest::write(&folder, "key", &toolchain.version, &[]).unwrap();
        fs::write(folder.join(INDEX), "{}").unwrap();
        place
    }

    #[test]
    fn packed_prelude_has_what_crates_are_compiled_against_and_no_more() {
        let toolchain = Toolchain::find().unwrap();
        let place = built(&toolchain);
        let share = place.path().join("share");
        fs::create_dir_all(share.join("prelude/old")).unwrap();
        let folder = pack(&place.path().join("key"), &toolchain, &share).unwrap();
        let mut names: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        let [library, derive] = [prelude_file(), library_file("derive")];
        let mut expected = [
            "crates.json",
            INDEX,
            &library,
            &derive,
            "libinner.rmeta",
            "libother.rmeta",
            "manifest.json",
        ];
        expected.sort_unstable();
        assert_eq!(names, expected);
        let crates = artifact::read_list(&folder).unwrap();
        let files: Vec<_> = crates.iter().map(|it| (&*it.package, &it.files[..])).collect();
        let [akari, derive, inner, other] =
            [&*library, &derive, "libinner.rmeta", "libother.rmeta"].map(|it| [PathBuf::from(it)]);
        assert_eq!(
            files,
            [("akari", &akari[..]), ("derive", &derive), ("inner", &inner), ("other", &other)]
        );
        assert!(!share.join("prelude/old").exists());
        match look(&share, "key", &toolchain, Depth::Contents) {
            Prebuilt::Whole(found) => assert_eq!(found, folder.canonicalize().unwrap()),
            other => panic!("{other:?}"),
        }
    }
}
