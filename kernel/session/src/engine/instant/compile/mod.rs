//! From a generated source to a library: one run of `rustc`, which ends with whoever waits for it.
//!
//! `parking` has a compiler that was started ahead, and `link` links quicker than rustc. Where
//! either is not available, [`Compiler::compile`] takes the ordinary way, with the same result.
//! `command` has the arguments, `run` the files, and `answer` reads what rustc writes. `build`
//! calls this module.

mod answer;
mod command;
pub mod later;
mod link;
mod parked;
mod parking;
mod run;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, OnceLock};

pub use self::answer::{Diagnostic, Span, Types, is_nameable};
#[cfg(test)]
pub use self::answer::{errors, has_statics, types};
use self::command::{Product, cap_of_lints};
use self::link::{Linker, is_ordinary};
use self::parking::Parking;
use self::run::Run;
use super::deps::Dependencies;
use super::edition::Edition;
use super::generate::Source;
use super::slots::Slots;
use crate::engine::stop::Stop;
use crate::process::group::Group;

/// How to call the compiler.
#[derive(Debug)]
pub struct Compiler {
    pub rustc: PathBuf,
    /// The folder of `libakari.so` and the metadata of what it is made of.
    pub prelude: PathBuf,
    pub opt_level: String,
    pub edition: Edition,
    /// Whether the learner has chosen the level.
    pub is_level_chosen: bool,
    pub dependencies: Dependencies,
    pub slots: Arc<Slots>,
    pub shortcuts: Shortcuts,
}

/// Quicker ways of compiling and linking an ordinary cell.
#[derive(Debug)]
pub struct Shortcuts {
    std_folder: PathBuf,
    /// Filled at the first cell that is compiled.
    linker: OnceLock<Option<Linker>>,
    parking: Parking,
}

#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error("the cell was interrupted while it was compiled")]
    Stopped,
    #[error("could not start the compiler `{}`: {source}", rustc.display())]
    Start { rustc: PathBuf, source: io::Error },
    #[error("could not write to `{}`: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "the compiler was killed (SIGKILL), as the system does when memory is short; run the cell again, or in smaller parts"
    )]
    Killed,
    #[error(
        "the compiler crashed ({signal}), as it does on an expression with thousands of parts; cut the longest one into several `let`"
    )]
    Crashed { signal: String },
    #[error("the compiler has a bug that this cell meets, «{message}»; write the cell another way")]
    Internal { message: String },
    #[error("the compiler ended ({status}) without an error message: {messages}")]
    Silent { status: ExitStatus, messages: String },
    #[error("the code does not compile")]
    Code(Vec<Diagnostic>),
}

/// A compiled cell.
#[derive(Debug)]
pub struct Library {
    pub path: PathBuf,
    pub types: Types,
    /// Whether the library depends on nothing but its source. A file or a variable of the
    /// environment that the source names may have another content the next time.
    pub is_pure: bool,
    /// Whether its code may have state of its own that outlives a run.
    pub has_statics: bool,
}

impl Shortcuts {
    /// `std_folder` has the standard library's shared object.
    pub fn new(std_folder: &Path) -> Shortcuts {
        Shortcuts {
            std_folder: std_folder.to_owned(),
            linker: OnceLock::new(),
            parking: Parking::default(),
        }
    }

    fn linker(&self) -> Option<&Linker> {
        self.linker.get_or_init(|| Linker::find(&self.std_folder)).as_ref()
    }
}

impl Compiler {
    /// Compiles a source inside `folder`, which is the caller's own. The calling thread must live
    /// as long as the session: a parked compiler ends with it.
    pub fn compile(
        &self,
        source: &Source,
        folder: &Path,
        stop: &Stop,
    ) -> Result<Library, CompileError> {
        let dependencies = self.dependencies.arguments(&source.text);
        let is_usual = dependencies.is_empty() && is_ordinary(&source.text);
        let slot = self.slots.take(stop);
        if stop.wish().is_some() {
            return Err(CompileError::Stopped);
        }
        let Some(linker) = self.shortcuts.linker().filter(|_| is_usual) else {
            return self
                .run(source, &dependencies, Product::Library, folder, stop)?
                .library(folder);
        };
        let result = self.object(source, folder, stop).and_then(|run| {
            if linker.link(&run, stop)? {
                return run.library(folder);
            }
            self.run(source, &[], Product::Library, folder, stop)?.library(folder)
        });
        drop(slot);
        if !matches!(result, Err(CompileError::Stopped)) {
            // Compiler and linker start while nobody waits, and are ready for the next cell.
            self.shortcuts.parking.prepare(self, source, folder);
            linker.prepare(folder);
        }
        result
    }

    /// Compiles a source once more, with the lines of its code in the library; with the optimisation
    /// of `later`, or as the learner asked.
    pub fn with_lines(
        &self,
        source: &Source,
        folder: &Path,
        is_optimised: bool,
        stop: &Stop,
    ) -> Result<Library, CompileError> {
        let mut arguments = self.dependencies.arguments(&source.text);
        let is_usual = arguments.is_empty() && is_ordinary(&source.text) && !is_optimised;
        arguments.push("-Cdebuginfo=line-tables-only".to_owned());
        if is_optimised {
            arguments.push(later::OPTIMISED.to_owned());
        }
        let _slot = self.slots.take(stop);
        if let Some(linker) = self.shortcuts.linker().filter(|_| is_usual) {
            let run = self.run(source, &arguments, Product::Object, folder, stop)?;
            if linker.link(&run, stop)? {
                return run.library(folder);
            }
        }
        self.run(source, &arguments, Product::Library, folder, stop)?.library(folder)
    }

    /// Compiles a source, with optimisation, into a library that tells little of it: neither places nor names.
    pub fn without_traces(
        &self,
        source: &Source,
        folder: &Path,
        stop: &Stop,
    ) -> Result<Library, CompileError> {
        let arguments = [later::OPTIMISED, "-Zlocation-detail=none", "-Cstrip=symbols"];
        let _slot = self.slots.take(stop);
        self.run(source, &arguments.map(str::to_owned), Product::Library, folder, stop)?
            .library(folder)
    }

    fn object(&self, source: &Source, folder: &Path, stop: &Stop) -> Result<Run, CompileError> {
        match self.shortcuts.parking.compile(self, source, folder, stop)? {
            Some(run) => Ok(run),
            None => self.run(source, &[], Product::Object, folder, stop),
        }
    }

    /// Runs an ordinary compiler to its end.
    fn run(
        &self,
        source: &Source,
        dependencies: &[String],
        product: Product,
        folder: &Path,
        stop: &Stop,
    ) -> Result<Run, CompileError> {
        let run = Run::new(folder, &source.file, &source.file, &source.text)?;
        let stem = source.file.trim_end_matches(".rs");
        let mut command =
            self.command(&source.file, stem, &source.metadata, dependencies, product, run.path());
        command.args(cap_of_lints(&source.text)).stderr(run.messages_file()?);
        let start_error = |source| CompileError::Start { rustc: self.rustc.clone(), source };
        let group = Group::start(&mut command).map_err(start_error)?;
        let status = group.wait(&|| stop.wish().is_none()).map_err(start_error)?;
        match status.ok_or(CompileError::Stopped)? {
            status if status.success() => Ok(run),
            status => Err(answer::failure(status, &run.messages())),
        }
    }
}
