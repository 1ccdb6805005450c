//! The hidden tests of a lesson, compiled as a cell is, against the same prelude.
//!
//! The teacher's file is a module of a crate that is made here. What `assert!` writes into a program, the text of its
//! condition, would tell what the tests want, so these macros have others in their place there.

use std::fs;
use std::io;
use std::path::Path;

use super::builder;
use super::compile::CompileError;
use super::generate::{Origin, Source};
use crate::engine::EngineConfig;
use crate::engine::folder::Folder;
use crate::engine::stop::Stop;

/// Why hidden tests could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum HiddenError {
    #[error("could not make a temporary folder: {0}")]
    Folder(#[source] io::Error),
    /// The compiler's own words, which name the teacher's file.
    #[error("{0}")]
    Code(String),
    #[error(transparent)]
    Compile(CompileError),
    #[error("could not read the compiled tests: {0}")]
    Read(#[source] io::Error),
}

/// The root of the crate, in front of the teacher's file.
const ROOT: &str = "
macro_rules! assert {
    ($condition:expr $(,)?) => { ::akari::require!($condition) };
    ($condition:expr, $($text:tt)+) => { ::akari::require!($condition, said = ::std::format!($($text)+)) };
}
macro_rules! assert_eq {
    ($left:expr, $right:expr $(,)?) => { ::akari::require!($left == $right) };
    ($left:expr, $right:expr, $($text:tt)+) => { ::akari::require!($left == $right, said = ::std::format!($($text)+)) };
}
macro_rules! assert_ne {
    ($left:expr, $right:expr $(,)?) => { ::akari::require!($left != $right) };
    ($left:expr, $right:expr, $($text:tt)+) => { ::akari::require!($left != $right, said = ::std::format!($($text)+)) };
}
macro_rules! debug_assert { ($($all:tt)+) => { assert!($($all)+) }; }
macro_rules! debug_assert_eq { ($($all:tt)+) => { assert_eq!($($all)+) }; }
macro_rules! debug_assert_ne { ($($all:tt)+) => { assert_ne!($($all)+) }; }
";

/// The types of this crate are not those of cells.
const METADATA: &str = "akari-hidden";

fn root(file: &Path) -> Source {
    let module = format!("#[path = {file:?}]\npub mod tests;");
    let lines = ROOT.lines().chain(module.lines());
    let mut source =
        Source::assembled(lines.map(|it| (Origin::Generated, it.to_owned())).collect());
    source.metadata = METADATA.to_owned();
    source
}

/// Compiles the tests in a file into a library, and returns its bytes.
pub fn compile(config: &EngineConfig, file: &Path) -> Result<Vec<u8>, HiddenError> {
    let folder = Folder::make("hidden-").map_err(HiddenError::Folder)?;
    let compiler = builder(config, folder.path()).compiler;
    let library = compiler.without_traces(&root(file), folder.path(), &Stop::default());
    fs::read(&library.map_err(told)?.path).map_err(HiddenError::Read)
}

/// The error with the compiler's messages as a terminal shows them.
fn told(error: CompileError) -> HiddenError {
    let CompileError::Code(diagnostics) = error else { return HiddenError::Compile(error) };
    let texts = diagnostics.iter().map(|it| it.rendered.as_deref().unwrap_or(&it.message));
    HiddenError::Code(texts.map(str::trim_end).collect::<Vec<_>>().join("\n\n"))
}
