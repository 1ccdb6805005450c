//! One run of `rustc` on a generated source: its arguments, its library, its diagnostics.
//!
//! The only place that reads rustc's JSON. The types of variables come from the same run: the
//! MIR it writes names the type of every call that keeps one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::generate::{Source, slot};

/// How to call the compiler.
#[derive(Debug, Clone)]
pub struct Compiler {
    pub rustc: PathBuf,
    /// The folder of `libakari.so` and the metadata of what it is made of.
    pub prelude: PathBuf,
    pub opt_level: String,
    /// Crates beyond the prelude: `--extern` values and `-L` folders.
    pub externs: Vec<String>,
    pub library_paths: Vec<PathBuf>,
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
    mir: String,
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

impl Compiler {
    /// Compiles a source inside `folder`, which is the caller's own.
    pub fn compile(&self, source: &Source, folder: &Path) -> Result<Library, CompileError> {
        let path = folder.join(&source.file);
        std::fs::write(&path, &source.text)
            .map_err(|error| CompileError::Write { path: path.clone(), source: error })?;
        let output = self
            .command(source, folder)
            .output()
            .map_err(|error| CompileError::Start { rustc: self.rustc.clone(), source: error })?;
        if !output.status.success() {
            return Err(failure(&String::from_utf8_lossy(&output.stderr)));
        }
        let stem = source.file.trim_end_matches(".rs");
        let mir_path = folder.join(format!("{stem}.mir"));
        let mir = std::fs::read_to_string(&mir_path).unwrap_or_default();
        // Sources and MIR are of no further use, and a long session makes many.
        let _ = std::fs::remove_file(&mir_path);
        let _ = std::fs::remove_file(&path);
        Ok(Library { path: folder.join(format!("{stem}.so")), mir })
    }

    fn command(&self, source: &Source, folder: &Path) -> Command {
        let stem = source.file.trim_end_matches(".rs");
        let mut command = Command::new(&self.rustc);
        command
            .current_dir(folder)
            .arg(&source.file)
            // One name for all cells: a type defined in one is then the same type in the next.
            .args([
                "--crate-name",
                "akari_cell_code",
                "--crate-type",
                "cdylib",
                "--edition",
                "2024",
            ])
            .args(["-C", "prefer-dynamic", "-C", "debuginfo=0", "-C", "codegen-units=1"])
            .args(["-C", "debug-assertions=on", "-C", "metadata=akari"])
            .arg(format!("-Copt-level={}", self.opt_level))
            .args(["--cap-lints", "allow", "--error-format=json"])
            .arg(format!("--emit=link={stem}.so,mir={stem}.mir"))
            // Full paths of types, as a later cell must write them; an unstable flag.
            .args(["-Z", "trim-diagnostic-paths=no"])
            .env("RUSTC_BOOTSTRAP", "1")
            .arg("--extern")
            .arg(format!("akari={}", self.prelude.join("libakari.so").display()))
            .arg("-L")
            .arg(format!("dependency={}", self.prelude.display()))
            .stdin(Stdio::null());
        for external in &self.externs {
            command.arg("--extern").arg(external);
        }
        for path in &self.library_paths {
            command.arg("-L").arg(format!("dependency={}", path.display()));
        }
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

impl Library {
    /// The type of a kept variable, if later cells can write it.
    pub fn type_of(&self, name: &str) -> Option<String> {
        let mark = format!(">(const {}_u64, ", slot(name));
        let call = "akari::rt::put::<";
        self.mir.lines().find_map(|line| {
            let end = line.find(&mark)?;
            let start = line.find(call)? + call.len();
            line.get(start..end).map(str::to_owned)
        })
    }
}

/// Whether a type, as the compiler prints it, can be written in code.
pub fn is_nameable(type_text: &str) -> bool {
    !type_text.contains(['{', '@']) && !type_text.contains("impl ") && type_text != "!"
}
