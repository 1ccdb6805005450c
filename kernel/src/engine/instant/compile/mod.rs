//! From a generated source to a library: one run of `rustc`, which ends with whoever waits for it.
//!
//! `command` has the compiler's arguments, `answer` reads what it writes. Called by `build`. Each
//! run has a folder of its own, which goes with it: nothing is left of one that was stopped.

mod answer;
mod command;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tempfile::TempDir;

pub use self::answer::{Diagnostic, Span, Types, is_nameable};
use self::command::Product;
use super::deps::Dependencies;
use super::generate::Source;
use super::slots::Slots;
use crate::engine::stop::Stop;
use crate::runtime::group::Group;

/// How to call the compiler.
#[derive(Debug)]
pub struct Compiler {
    pub rustc: PathBuf,
    /// The folder of `libakari.so` and the metadata of what it is made of.
    pub prelude: PathBuf,
    pub opt_level: String,
    pub dependencies: Dependencies,
    pub slots: Slots,
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
    /// Whether it is made of nothing but its source; a file or a variable of the environment
    /// that the source names may say something else the next time.
    pub is_pure: bool,
}

impl Compiler {
    /// Compiles a source inside `folder`, which is the caller's own.
    pub fn compile(
        &self,
        source: &Source,
        folder: &Path,
        stop: &Stop,
    ) -> Result<Library, CompileError> {
        let run = Run::new(source, folder)?;
        let slot = self.slots.take();
        self.run(&run, Product::Library, stop)?;
        drop(slot);
        run.library(folder)
    }

    /// Runs the compiler to its end.
    fn run(&self, run: &Run<'_>, product: Product, stop: &Stop) -> Result<(), CompileError> {
        let mut command = self.command(run.source, product, run.path());
        command.stderr(File::create(run.file("messages")).map_err(|error| run.error(error))?);
        let start_error = |source| CompileError::Start { rustc: self.rustc.clone(), source };
        let group = Group::start(&mut command).map_err(start_error)?;
        let status = group.wait(&|| stop.wish().is_none()).map_err(start_error)?;
        match status.ok_or(CompileError::Stopped)? {
            status if status.success() => Ok(()),
            status => Err(answer::failure(status, &run.read("messages"))),
        }
    }
}

/// A source in a folder of its own, with all that the compiler writes.
#[derive(Debug)]
struct Run<'a> {
    source: &'a Source,
    folder: TempDir,
}

impl Run<'_> {
    fn new<'a>(source: &'a Source, folder: &Path) -> Result<Run<'a>, CompileError> {
        let made = tempfile::Builder::new().prefix("compile-").tempdir_in(folder);
        let error = |source| CompileError::Write { path: folder.to_owned(), source };
        let run = Run { source, folder: made.map_err(error)? };
        fs::write(run.file("rs"), &source.text).map_err(|error| run.error(error))?;
        Ok(run)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The file of the source's name with this extension.
    fn file(&self, extension: &str) -> PathBuf {
        self.path().join(&self.source.file).with_extension(extension)
    }

    /// What the compiler wrote there; what is no text is no answer of it.
    fn read(&self, extension: &str) -> String {
        let bytes = fs::read(self.file(extension)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn error(&self, source: io::Error) -> CompileError {
        CompileError::Write { path: self.path().to_owned(), source }
    }

    /// Moves the library to where it is kept.
    fn library(&self, folder: &Path) -> Result<Library, CompileError> {
        let path = folder.join(&self.source.file).with_extension("so");
        fs::rename(self.file("so"), &path).map_err(|error| self.error(error))?;
        Ok(Library {
            path,
            types: answer::types(&self.read("mir")),
            is_pure: answer::is_pure(&self.read("d"), &self.source.file),
        })
    }
}
