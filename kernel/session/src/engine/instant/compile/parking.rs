//! The compiler that is parked for a session's cells.
//!
//! A crate of two lines imports the prelude and includes the cell's file. The parked compiler waits
//! where it opens that file: std, the prelude's crates and the compiler itself are loaded by then.
//! An answer is used if it is whole and beyond doubt, which `answer` judges; otherwise the caller
//! starts an ordinary compiler, so that the result is the same. `parked` knows how a program is
//! parked.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::answer::{self, Worth};
use super::command::{CRATE, Product};
use super::parked::{Parked, Spot};
use super::run::Run;
use super::{CompileError, Compiler};
use crate::engine::instant::edition::Edition;
use crate::engine::instant::generate::{PRELUDE_LINE, Source};
use crate::engine::stop::Stop;
use crate::platform;

#[derive(Debug, Default)]
pub struct Parking {
    spot: Mutex<Spot<Circumstances>>,
}

/// Everything that the start of a compiler has fixed, and that may change in a session.
#[derive(Debug, PartialEq, Eq)]
struct Circumstances {
    opt_level: String,
    edition: Edition,
    metadata: String,
    /// Sizes and times of the compiler, the prelude and the sources of std. If these sources are
    /// installed, the places of panics name them.
    files: [Option<(u64, i64, i64)>; 3],
    name_length: usize,
}

impl Parking {
    /// Compiles a source to an object; none if no compiler is parked for it, or if the answer is
    /// doubtful.
    pub fn compile(
        &self,
        compiler: &Compiler,
        source: &Source,
        folder: &Path,
        stop: &Stop,
    ) -> Result<Option<Run>, CompileError> {
        let Some(text) = included(&source.text) else { return Ok(None) };
        let mut spot = self.spot.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(name) = spot.name(&Circumstances::now(compiler, source)) else {
            return Ok(None);
        };
        let run = Run::new(folder, name, &source.file, text)?;
        let Some(status) = spot.run(run.path(), stop)? else { return Ok(None) };
        match answer::worth(status, &run.messages()) {
            Worth::Killed => Err(CompileError::Killed),
            Worth::Errors(errors) => Err(CompileError::Code(errors)),
            Worth::Object if run.is_whole() => run.name_object().map(|()| Some(run)),
            Worth::Object | Worth::Nothing => Ok(None),
        }
    }

    /// Parks a compiler for cells like this one, if there is none.
    pub fn prepare(&self, compiler: &Compiler, source: &Source, folder: &Path) {
        let mut spot = self.spot.lock().unwrap_or_else(PoisonError::into_inner);
        let circumstances = Circumstances::now(compiler, source);
        spot.prepare(circumstances, || park(compiler, source, folder));
    }
}

fn park(compiler: &Compiler, source: &Source, folder: &Path) -> io::Result<Parked> {
    let name = stand_in(&source.file);
    let text = format!("{PRELUDE_LINE}\ninclude!(\"{name}\");\n");
    let stem = name.trim_end_matches(".rs").to_owned();
    Parked::start(name, &[(CRATE, &text)], folder, |folder| {
        compiler.command(CRATE, &stem, &source.metadata, &[], Product::Object, folder)
    })
}

impl Circumstances {
    fn now(compiler: &Compiler, source: &Source) -> Circumstances {
        let stamp =
            |path: &Path| fs::metadata(path).ok().map(|it| (it.len(), it.mtime(), it.mtime_nsec()));
        let std_source = compiler.shortcuts.std_folder.join("../../src/rust/library/std/src");
        Circumstances {
            opt_level: compiler.opt_level.clone(),
            edition: compiler.edition,
            metadata: source.metadata.clone(),
            files: [
                stamp(&compiler.rustc),
                stamp(&compiler.prelude.join(platform::prelude_file())),
                stamp(&std_source),
            ],
            name_length: source.file.len(),
        }
    }
}

/// The part of a source that the parked crate includes: all but the first line, which the crate has
/// already. The other lines keep their numbers. None for a source that can't be included: one with
/// attributes of the crate, which stand before that line, or with macros that look at their file or
/// at the environment.
fn included(source: &str) -> Option<&str> {
    let text = source.strip_prefix(PRELUDE_LINE)?;
    let sees_its_file = ["file!", "env!", "include"].iter().any(|it| text.contains(it));
    Some(text).filter(|_| !sees_its_file)
}

/// A random name as long as `file`, which no cell contains.
fn stand_in(file: &str) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let length = file.trim_end_matches(".rs").len();
    let stem: String = "p".chars().chain(random.chars().cycle()).take(length).collect();
    format!("{stem}.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_in_is_as_long_as_the_name() {
        for name in ["cell-0123456789ab.rs", "c.rs"] {
            let other = stand_in(name);
            assert_eq!(other.len(), name.len());
            assert_ne!(other, name);
        }
    }

    #[test]
    fn lines_of_what_is_included_keep_their_numbers() {
        let source = format!("{PRELUDE_LINE}\nfn f() {{}}\n");
        assert_eq!(included(&source), Some("\nfn f() {}\n"));
        for text in ["include_str!(\"a\")", "file!()", "option_env!(\"A\")"] {
            assert_eq!(included(&format!("{PRELUDE_LINE}\n{text}\n")), None);
        }
        assert_eq!(included(&format!("#![allow(unused)]\n{source}")), None);
    }
}
