//! From a cell to its library: generated, looked up among the compiled cells, or compiled.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::cache::{Cache, Facts, Key};
use super::compile::{CompileError, Compiler, is_nameable};
use super::diagnose::{self, Meeting, Verdict};
use super::generate::{Source, Unkept, broken, generate, new_variables, slot};
use super::parse::Parsed;
use super::state::{Gone, KeptVariable, State};
use crate::engine::Cell;
use crate::engine::outcome::CellError;
use crate::engine::syntax;
use crate::engine::traceback::{Message, Place, Sources, compile_error, plain_error};

/// Makes libraries in a folder of its own.
#[derive(Debug)]
pub struct Builder {
    pub compiler: Compiler,
    pub cache: Arc<Cache>,
    pub folder: PathBuf,
    /// Cells as the learner typed them.
    pub sources: Sources,
    /// Generated sources of this session, for the places of panics.
    pub generated: Vec<Arc<Source>>,
    /// Libraries that had to get a name of their own.
    copies: u32,
}

/// A compiled cell, and what it does not keep.
#[derive(Debug)]
pub struct Compiled {
    pub library: PathBuf,
    pub source: Arc<Source>,
    pub facts: Facts,
}

impl Builder {
    pub fn new(compiler: Compiler, cache: Arc<Cache>, folder: PathBuf) -> Builder {
        Builder {
            compiler,
            cache,
            folder,
            sources: Sources::new(),
            generated: Vec::new(),
            copies: 0,
        }
    }

    /// Compiles a cell that meets `state`; where a variable can't be kept, once more without it.
    pub fn build(
        &mut self,
        state: &State,
        parsed: &Parsed,
        cell: &Cell<'_>,
    ) -> Result<Compiled, CellError> {
        let write = |unkept: &Unkept| generate(state, parsed, cell.count, cell.silent, unkept);
        let mut source = write(&Unkept::default());
        let key = Key::new(&self.compiler.identity(&source.text), &source.text);
        if let Some((facts, library)) = self.cache.find(&key) {
            return self.known(facts, &library, source, cell, write);
        }
        let meeting = Meeting { state, parsed, cell: cell.count };
        let mut unkept = Unkept::default();
        loop {
            let error = match self.compiler.compile(&source, &self.folder) {
                Ok(library) => {
                    let facts = Facts { types: library.types, unkept: unkept.variables };
                    if let Some(bytes) = fs::read(&library.path).ok().filter(|_| library.is_pure) {
                        self.cache.keep(&key, &facts, &bytes);
                    }
                    let library = self
                        .rename(library.path, &source)
                        .map_err(|error| self.folder_error(&error))?;
                    let source = Arc::new(source);
                    self.generated.push(Arc::clone(&source));
                    return Ok(Compiled { library, source, facts });
                }
                Err(error) => error,
            };
            let CompileError::Code(diagnostics) = error else {
                return Err(plain_error("CompilerError", &error.to_string()));
            };
            match diagnose::diagnose(&diagnostics, &source, &meeting) {
                Verdict::Errors(messages) => return Err(compile_error(&messages, &self.sources)),
                Verdict::Unkept(names) => {
                    let before = unkept.variables.clone();
                    unkept.variables.extend(names);
                    if unkept.variables == before {
                        return Err(plain_error(
                            "CompilerError",
                            "the cell's variables could not be kept",
                        ));
                    }
                }
            }
            source = write(&unkept);
        }
    }

    /// A cell that was compiled before, by whomever.
    fn known(
        &mut self,
        mut facts: Facts,
        library: &[u8],
        first: Source,
        cell: &Cell<'_>,
        write: impl Fn(&Unkept) -> Source,
    ) -> Result<Compiled, CellError> {
        let unkept = std::mem::take(&mut facts.unkept).into_iter();
        facts.unkept = unkept.map(|(name, gone)| (name, gone.in_cell(cell.count))).collect();
        let source = match facts.unkept.is_empty() {
            true => first,
            false => write(&Unkept { variables: facts.unkept.clone() }),
        };
        let path = self.folder.join(&source.file).with_extension("so");
        // One that is loaded must not be written over.
        let written = if path.exists() { Ok(()) } else { fs::write(&path, library) };
        let library = written
            .and_then(|()| self.rename(path, &source))
            .map_err(|error| self.folder_error(&error))?;
        let source = Arc::new(source);
        self.generated.push(Arc::clone(&source));
        Ok(Compiled { library, source, facts })
    }

    /// The loader knows a library by its name, so that running a cell again would find its
    /// statics as the first run left them.
    fn rename(&mut self, path: PathBuf, source: &Source) -> std::io::Result<PathBuf> {
        if !has_statics(&source.text) {
            return Ok(path);
        }
        self.copies += 1;
        let copy = path.with_extension(format!("{}.so", self.copies));
        fs::rename(&path, &copy)?;
        Ok(copy)
    }

    fn folder_error(&self, error: &std::io::Error) -> CellError {
        let folder = self.folder.display();
        plain_error("CompilerError", &format!("could not write to `{folder}`: {error}"))
    }

    /// The error of a text that isn't a list of statements, in the compiler's words.
    pub fn broken(&self, state: &State, parsed: &Parsed, cell: &Cell<'_>) -> CellError {
        if let Some((line, column)) = syntax::unclosed(cell.code) {
            let place = Place { cell: cell.count, start: (line, column), end: (line, column + 1) };
            let message = Message {
                text: "this cell contains an unclosed delimiter".to_owned(),
                labels: vec![(place, "unclosed delimiter".to_owned())],
                ..Message::default()
            };
            return compile_error(&[message], &self.sources);
        }
        let source = broken(cell.code, cell.count);
        match self.compiler.compile(&source, &self.folder) {
            Err(CompileError::Code(diagnostics)) => {
                let meeting = Meeting { state, parsed, cell: cell.count };
                match diagnose::diagnose(&diagnostics, &source, &meeting) {
                    Verdict::Errors(messages) => compile_error(&messages, &self.sources),
                    Verdict::Unkept(_) => plain_error("CompileError", "the cell is not valid Rust"),
                }
            }
            Err(error) => plain_error("CompilerError", &error.to_string()),
            Ok(_) => plain_error("CompileError", "the cell is not valid Rust"),
        }
    }
}

/// Whether the code may have state of its own that outlives a run; `'static` is none.
fn has_statics(code: &str) -> bool {
    let has_static = code
        .match_indices("static")
        .any(|(at, word)| !code[..at].ends_with('\'') && code[at + word.len()..].starts_with(' '));
    has_static || code.contains("thread_local")
}

/// The state after a cell that came to its end.
pub fn commit(mut next: State, parsed: &Parsed, facts: &Facts, cell: u32) -> State {
    let is_gone = |gone: &Gone| !matches!(gone, Gone::Replaced { .. });
    for (name, gone) in facts.unkept.iter().filter(|(_, gone)| is_gone(gone)) {
        next.variables.remove(name);
        next.gone.insert(name.clone(), gone.clone());
    }
    for (name, variable) in new_variables(parsed) {
        if facts.unkept.get(name).is_some_and(is_gone) {
            continue;
        }
        next.variables.remove(name);
        match facts.types.get(&slot(name)).filter(|it| is_nameable(it)) {
            Some(type_text) if !variable.is_closure => {
                next.gone.remove(name);
                let kept =
                    KeptVariable { type_text: type_text.clone(), is_mut: variable.is_mut, cell };
                next.variables.insert(name.to_owned(), kept);
            }
            _ => {
                next.gone.insert(name.to_owned(), Gone::Unnameable { cell });
            }
        }
    }
    next
}
