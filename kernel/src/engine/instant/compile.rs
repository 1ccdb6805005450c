//! One run of `rustc` on a generated source: its arguments, its library, its diagnostics.
//!
//! The only place that reads rustc's JSON. The types of variables come from the same run: the
//! MIR it writes names the type of every call that keeps one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::deps::Dependencies;
use super::generate::Source;
use super::slots::Slots;

/// The types of the variables that a cell keeps, by the numbers under which they are stored.
pub type Types = BTreeMap<u64, String>;

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
    #[error("could not start the compiler `{}`: {source}", rustc.display())]
    Start { rustc: PathBuf, source: std::io::Error },
    #[error("could not write `{}`: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the compiler ended without an error message: {stderr}")]
    Silent { stderr: String },
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

/// A compiler message, as rustc writes it.
#[derive(Debug, Clone, Deserialize)]
pub struct Diagnostic {
    pub message: String,
    pub level: String,
    pub code: Option<Code>,
    #[serde(default)]
    pub spans: Vec<Span>,
    #[serde(default)]
    pub children: Vec<Diagnostic>,
    pub rendered: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Code {
    pub code: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Span {
    pub file_name: String,
    pub line_start: u32,
    pub line_end: u32,
    /// In characters, from 1.
    pub column_start: u32,
    pub column_end: u32,
    pub is_primary: bool,
    pub label: Option<String>,
    pub suggested_replacement: Option<String>,
    pub expansion: Option<Box<Expansion>>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Expansion {
    pub span: Span,
}

impl Span {
    /// The place in the file that stands for this one: for a macro's inside, where it was called.
    pub fn outermost(&self) -> &Span {
        let mut span = self;
        while let Some(expansion) = &span.expansion {
            span = &expansion.span;
        }
        span
    }
}

const FLAGS: &[&str] = &[
    // One name for all cells: a type defined in one is then the same type in the next.
    "--crate-name=akari_cell_code",
    "--crate-type=cdylib",
    "--edition=2024",
    "-Cprefer-dynamic",
    "-Cdebuginfo=0",
    "-Ccodegen-units=1",
    "-Cdebug-assertions=on",
    "-Cmetadata=akari",
    "--cap-lints=allow",
    "--error-format=json",
    // Full paths of types, as a later cell must write them; an unstable flag.
    "-Ztrim-diagnostic-paths=no",
    // For `--extern force:`, which dependencies need.
    "-Zunstable-options",
];

impl Compiler {
    /// Compiles a source inside `folder`, which is the caller's own.
    pub fn compile(&self, source: &Source, folder: &Path) -> Result<Library, CompileError> {
        let path = folder.join(&source.file);
        std::fs::write(&path, &source.text)
            .map_err(|error| CompileError::Write { path: path.clone(), source: error })?;
        let slot = self.slots.take();
        let output = self
            .command(source, folder)
            .output()
            .map_err(|error| CompileError::Start { rustc: self.rustc.clone(), source: error })?;
        drop(slot);
        if !output.status.success() {
            return Err(failure(&String::from_utf8_lossy(&output.stderr)));
        }
        let [mir, inputs] = ["mir", "d"].map(|extension| {
            let path = path.with_extension(extension);
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            // These are of no further use, and a long session makes many.
            let _ = std::fs::remove_file(path);
            text
        });
        let _ = std::fs::remove_file(&path);
        Ok(Library {
            path: path.with_extension("so"),
            types: types(&mir),
            is_pure: is_pure(&inputs, &source.file),
        })
    }

    /// All that a compiled cell depends on besides its source.
    pub fn identity(&self, source: &str) -> String {
        let Compiler { rustc: _, prelude, opt_level, dependencies, slots: _ } = self;
        // The folder is named by a hash of the prelude and the compiler.
        let prelude = prelude.file_name().unwrap_or_default().to_string_lossy();
        format!("{prelude} {opt_level} {FLAGS:?} {:?}", dependencies.arguments(source))
    }

    fn command(&self, source: &Source, folder: &Path) -> Command {
        let stem = source.file.trim_end_matches(".rs");
        let mut command = Command::new(&self.rustc);
        command
            .current_dir(folder)
            .arg(&source.file)
            .args(FLAGS)
            .arg(format!("-Copt-level={}", self.opt_level))
            .arg(format!("--emit=link={stem}.so,mir={stem}.mir,dep-info={stem}.d"))
            .env("RUSTC_BOOTSTRAP", "1")
            .arg("--extern")
            .arg(format!("akari={}", self.prelude.join("libakari.so").display()))
            .arg("-L")
            .arg(format!("dependency={}", self.prelude.display()))
            .stdin(Stdio::null());
        command.args(self.dependencies.arguments(&source.text));
        command
    }
}

fn failure(stderr: &str) -> CompileError {
    let diagnostics: Vec<Diagnostic> = stderr
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|it: &Diagnostic| it.level.starts_with("error"))
        // The closing «aborting due to ..» has no place and says nothing new.
        .filter(|it| !(it.spans.is_empty() && it.message.starts_with("aborting due to")))
        .collect();
    if diagnostics.is_empty() {
        return CompileError::Silent { stderr: stderr.chars().take(2000).collect() };
    }
    CompileError::Code(diagnostics)
}

/// The types in the calls that keep variables.
fn types(mir: &str) -> Types {
    let type_of = |line: &str| {
        let (_, call) = line.split_once("akari::rt::put::<")?;
        let (type_text, arguments) = call.split_once(">(const ")?;
        let (number, _) = arguments.split_once("_u64, ")?;
        Some((number.parse().ok()?, type_text.to_owned()))
    };
    mir.lines().filter_map(type_of).collect()
}

/// Reads a makefile's rules, which name the files that were read, and comments that name the
/// variables of the environment.
fn is_pure(inputs: &str, file: &str) -> bool {
    let is_own = |line: &str| line.split_once(": ").is_none_or(|(_, inputs)| inputs.trim() == file);
    !inputs.is_empty() && !inputs.contains("# env-dep:") && inputs.lines().all(is_own)
}

/// Whether a type, as the compiler prints it, can be written in code.
pub fn is_nameable(type_text: &str) -> bool {
    !type_text.contains(['{', '@']) && !type_text.contains("impl ") && type_text != "!"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_from_the_calls() {
        let mir = "\
            _5 = akari::rt::put::<std::vec::Vec<(f32, i64)>>(const 17_u64, move _6) -> [..];\n\
            _7 = other::put::<u8>(const 1_u64, move _6) -> [..];\n";
        assert_eq!(types(mir), Types::from([(17, "std::vec::Vec<(f32, i64)>".to_owned())]));
    }

    #[test]
    fn source_that_reads_nothing_else_is_pure() {
        let own = "cell-1.so: cell-1.rs\n\ncell-1.d: cell-1.rs\n\ncell-1.rs:\n";
        assert!(is_pure(own, "cell-1.rs"));
        assert!(!is_pure("cell-1.so: cell-1.rs data.txt\n", "cell-1.rs"));
        assert!(!is_pure(&format!("{own}\n# env-dep:HOME=/root\n"), "cell-1.rs"));
        assert!(!is_pure("", "cell-1.rs"));
    }
}
