//! The compiler that is parked for a session's cells.
//!
//! It waits where a crate of two lines includes the cell's file behind the prelude: std, the
//! prelude's crates and the compiler itself are loaded by then. What comes back is used if it is
//! whole and beyond doubt; for anything else the caller starts an ordinary compiler, so that the
//! result is the same. How a program is parked is `parked`; what an answer is worth, `answer`.

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
use crate::engine::instant::generate::{PRELUDE_LINE, Source};
use crate::engine::stop::Stop;

#[derive(Debug, Default)]
pub struct Parking {
    spot: Mutex<Spot<Circumstances>>,
}

/// What was settled when the compiler was started, and may change in a session.
#[derive(Debug, PartialEq, Eq)]
struct Circumstances {
    opt_level: String,
    metadata: String,
    /// Sizes and times of the compiler, the prelude and the sources of std, if they are there:
    /// panics then name them.
    files: [Option<(u64, i64, i64)>; 3],
    name_length: usize,
}

impl Parking {
    /// Compiles a source to an object; none where no compiler is parked for it, or where its
    /// answer isn't to be trusted.
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
            metadata: source.metadata.clone(),
            files: [
                stamp(&compiler.rustc),
                stamp(&compiler.prelude.join("libakari.so")),
                stamp(&std_source),
            ],
            name_length: source.file.len(),
        }
    }
}

/// What is to be included of a source: all but its first line, which the crate has already. The
/// others keep their numbers. None for one that can't be: attributes of the crate come before that
/// line, and macros that see their file or the environment would find others.
fn included(source: &str) -> Option<&str> {
    let text = source.strip_prefix(PRELUDE_LINE)?;
    let sees_its_file = ["file!", "env!", "include"].iter().any(|it| text.contains(it));
    Some(text).filter(|_| !sees_its_file)
}

/// A name as long as this one, which no cell's text has.
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
