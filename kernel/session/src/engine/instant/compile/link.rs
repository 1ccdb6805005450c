//! Linking a cell's one object, without the C compiler that rustc would start for it.
//!
//! In the end the C compiler starts the toolchain's own linker; started directly, the linker takes
//! a quarter of the time. A cell that needs more than the prelude, the standard library and C's own
//! libraries is linked by rustc: see [`is_ordinary`].

use std::env::consts::DLL_EXTENSION;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use akari_seam::symbol::{ENTRY, STATIC};

use super::CompileError;
use super::parked::{Parked, Spot};
use super::run::Run;
use crate::engine::instant::statics::{EXPORT, EXTERN};
use crate::engine::instant::words::words;
use crate::engine::stop::Stop;
use crate::platform;
use crate::process::group::Group;

/// The file that lists what a library exports.
const EXPORTS: &str = "exports";

/// C's libraries: a cell's library names the versions of the functions that it calls there.
const SYSTEM: [&str; 3] = ["libgcc_s.so", "libm.so", "libc.so"];

/// The file to be linked, under the name that a parked linker waits for.
const OBJECT: &str = "cell.o";
const LIBRARY: &str = "cell.so";

#[derive(Debug)]
pub struct Linker {
    program: PathBuf,
    libraries: Vec<PathBuf>,
    /// A linker that was started ahead: the start takes half of a linker's time.
    spot: Mutex<Spot<()>>,
}

impl Linker {
    /// Finds the linker of the toolchain, beside the folder of the standard library; none if the
    /// linker or a library that it needs is missing there.
    pub fn find(std_folder: &Path) -> Option<Linker> {
        let program = std_folder.parent()?.join("bin").join("rust-lld");
        let builtins =
            files(std_folder).find(|path| has_name(path, "libcompiler_builtins-", "rlib"))?;
        // The process that runs cells is this program too, and so loads the same libraries of C.
        let system = SYSTEM.map(platform::loaded_library);
        let mut libraries = vec![builtins];
        for path in system {
            libraries.push(path?);
        }
        let spot = Mutex::default();
        program.is_file().then_some(Linker { program, libraries, spot })
    }

    /// Links the object of a run; false if this linker can't.
    pub fn link(&self, run: &Run, stop: &Stop) -> Result<bool, CompileError> {
        let folder = run.path();
        fs::rename(run.file("o"), folder.join(OBJECT)).map_err(|error| run.error(error))?;
        let is_linked = match self.link_parked(folder, stop)? {
            true => true,
            false => self.link_anew(run, stop)?,
        };
        Ok(is_linked && fs::rename(folder.join(LIBRARY), run.file(DLL_EXTENSION)).is_ok())
    }

    fn link_parked(&self, folder: &Path, stop: &Stop) -> Result<bool, CompileError> {
        let mut spot = self.spot.lock().unwrap_or_else(PoisonError::into_inner);
        if spot.name(&()).is_none() {
            return Ok(false);
        }
        Ok(spot.run(folder, stop)?.is_some_and(|it| it.success()))
    }

    fn link_anew(&self, run: &Run, stop: &Stop) -> Result<bool, CompileError> {
        fs::write(run.path().join(EXPORTS), exports()).map_err(|error| run.error(error))?;
        let mut command = self.command(run.path());
        command.stderr(Stdio::null());
        let Ok(group) = Group::start(&mut command) else { return Ok(false) };
        match group.wait(&|| stop.wish().is_none()) {
            Ok(None) => Err(CompileError::Stopped),
            Ok(Some(status)) => Ok(status.success()),
            Err(_) => Ok(false),
        }
    }

    /// Parks a linker, if there is none.
    pub fn prepare(&self, folder: &Path) {
        let mut spot = self.spot.lock().unwrap_or_else(PoisonError::into_inner);
        spot.prepare((), || {
            Parked::start(OBJECT.to_owned(), &[(EXPORTS, &exports())], folder, |folder| {
                self.command(folder)
            })
        });
    }

    /// The command that links. The prelude and the standard library are not named: the process that
    /// runs cells has them loaded, and to read their symbols would take longer than all the rest.
    /// C's libraries are named, because a function without a version is bound to the oldest.
    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(folder)
            .args(["-flavor", "gnu", "-shared", "--threads=1", "--hash-style=gnu"])
            // Panics need the frame header; the other flags are those of rustc.
            .args(["--eh-frame-hdr", "--gc-sections"])
            .args(["-z", "noexecstack", "-z", "relro", "-z", "now"])
            .arg(format!("--version-script={EXPORTS}"))
            .arg("--as-needed")
            .args(&self.libraries)
            // A parked linker stops where it opens the object, with all other files read.
            .args([OBJECT, "-o", LIBRARY])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }
}

fn exports() -> String {
    format!("{{ global: {ENTRY}; {STATIC}*; local: *; }};")
}

/// Whether a source needs nothing unusual of a linker. Only the C compiler knows where the
/// libraries of foreign functions are, and only rustc exports functions under names that a cell
/// chooses.
pub fn is_ordinary(source: &str) -> bool {
    // The words of the entry, which is an exported C function, and of statics that live on.
    let mut expected = vec!["extern", "export_name"];
    expected.extend(source.matches(EXPORT).map(|_| "export_name"));
    expected.extend(source.matches(EXTERN).flat_map(|_| ["extern", "link_name"]));
    words(source).all(|word| match word.as_str() {
        "extern" | "export_name" | "link_name" => {
            let index = expected.iter().position(|expected| *expected == word);
            index.map(|index| expected.swap_remove(index)).is_some()
        }
        "link" | "link_section" | "no_mangle" | "used" => false,
        "asm" | "global_asm" | "naked_asm" => false,
        _ => true,
    })
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
}

fn has_name(path: &Path, start: &str, extension: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(start) && path.extension() == Some(OsStr::new(extension))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::CellId;
    use crate::engine::instant::generate::generate;
    use crate::engine::instant::parse::parse;
    use crate::engine::instant::plan::Plan;
    use crate::engine::instant::state::State;

    /// The generated source of a cell with this code in a block.
    fn source(code: &str) -> String {
        let Ok(parsed) = parse(&format!("{{ {code} }}")) else { panic!("{code}") };
        let state = State::default();
        let plan = Plan::new(&state, &parsed, BTreeMap::new());
        generate(&state, &[], &parsed, &plan, CellId::Counted(1), false).text
    }

    #[test]
    fn cells_that_link_more_are_not_ordinary() {
        assert!(is_ordinary(&source("let x = 1; x")));
        assert!(is_ordinary(&source("static COUNT: u8 = 0; fn linked() {}")));
        for code in [
            "unsafe extern \"C\" { fn fork() -> i32; }",
            "#[link(name = \"z\")] unsafe extern \"C\" {}",
            "#[unsafe(export_name = \"x\")] fn f() {} f()",
            "#[unsafe(no_mangle)] fn f() {} f()",
            "#[unsafe(export_name = \"akari\")] static F: u8 = 1;",
            "unsafe extern \"C\" { #[link_name = \"akari\"] fn f(); }",
            "unsafe { core::arch::asm!(\"nop\") };",
        ] {
            assert!(!is_ordinary(&source(code)), "{code}");
        }
    }
}
