//! From a cell to its library: generated, looked up among the compiled cells, or compiled.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::cache::{Cache, Facts, Key};
use super::compile::{CompileError, Compiler, Library, Types, is_nameable};
use super::diagnose::{self, Meeting, Verdict};
use super::generate::{Source, broken, generate, slot};
use super::parse::Parsed;
use super::plan::Plan;
use super::state::{Gone, KeptVariable, State};
use crate::engine::Cell;
use crate::engine::outcome::CellError;
use crate::engine::stop::Stop;
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

/// A compiled cell, and what it does to the session's variables.
#[derive(Debug)]
pub struct Compiled {
    pub library: PathBuf,
    pub source: Arc<Source>,
    pub types: Types,
    pub plan: Plan,
}

/// What compiling a source came to.
enum Attempt {
    Library(Library),
    /// All is right but for these variables, which are to be left out.
    Unkept(BTreeMap<String, Gone>),
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
        let write = |plan: &Plan| generate(state, parsed, plan, cell.count, cell.silent);
        let mut plan = Plan::new(state, parsed, BTreeMap::new());
        let mut source = write(&plan);
        let key = Key::new(&self.compiler.identity(&source.text), &source.text);
        if let Some((facts, library)) = self.cache.find(&key) {
            let Facts { types, unkept } = facts;
            if !unkept.is_empty() {
                let here = unkept.into_iter().map(|(name, gone)| (name, gone.in_cell(cell.count)));
                plan = Plan::new(state, parsed, here.collect());
                source = write(&plan);
            }
            let (library, source) = self.known(&library, source)?;
            return Ok(Compiled { library, source, types, plan });
        }
        loop {
            let meeting = Meeting { state, parsed, plan: &plan, cell: cell.count };
            match self.attempt(&source, &meeting, cell.stop)? {
                Attempt::Library(library) => {
                    let facts = Facts { types: library.types.clone(), unkept: plan.unkept.clone() };
                    if let Some(bytes) = fs::read(&library.path).ok().filter(|_| library.is_pure) {
                        self.cache.keep(&key, &facts, &bytes);
                    }
                    let path = self
                        .rename(library.path, &source)
                        .map_err(|error| self.folder_error(&error))?;
                    let source = Arc::new(source);
                    self.generated.push(Arc::clone(&source));
                    return Ok(Compiled { library: path, source, types: library.types, plan });
                }
                Attempt::Unkept(unkept) => {
                    plan = Plan::new(state, parsed, unkept);
                    source = write(&plan);
                }
            }
        }
    }

    /// Compiles a source. An error is the learner's, or says that the compiler is of no use.
    fn attempt(
        &self,
        source: &Source,
        meeting: &Meeting<'_>,
        stop: &Stop,
    ) -> Result<Attempt, CellError> {
        let diagnostics = match self.compiler.compile(source, &self.folder, stop) {
            Ok(library) => return Ok(Attempt::Library(library)),
            Err(CompileError::Code(diagnostics)) => diagnostics,
            Err(error) => return Err(compiler_error(&error)),
        };
        let more = match diagnose::diagnose(&diagnostics, source, meeting) {
            Verdict::Errors(messages) => return Err(compile_error(&messages, &self.sources)),
            Verdict::Unkept(names) => names,
        };
        let known = &meeting.plan.unkept;
        let mut unkept = known.clone();
        unkept.extend(more);
        if unkept == *known {
            return Err(plain_error("CompilerError", "the cell's variables could not be kept"));
        }
        Ok(Attempt::Unkept(unkept))
    }

    /// The library of a cell that was compiled before, by whomever.
    fn known(
        &mut self,
        library: &[u8],
        source: Source,
    ) -> Result<(PathBuf, Arc<Source>), CellError> {
        let path = self.folder.join(&source.file).with_extension("so");
        // One that is loaded must not be written over.
        let written = if path.exists() { Ok(()) } else { fs::write(&path, library) };
        let library = written
            .and_then(|()| self.rename(path, &source))
            .map_err(|error| self.folder_error(&error))?;
        let source = Arc::new(source);
        self.generated.push(Arc::clone(&source));
        Ok((library, source))
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
    pub fn broken(&self, state: &State, cell: &Cell<'_>) -> CellError {
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
        match self.compiler.compile(&source, &self.folder, cell.stop) {
            Err(CompileError::Code(diagnostics)) => {
                let (parsed, plan) = (Parsed::default(), Plan::default());
                let meeting = Meeting { state, parsed: &parsed, plan: &plan, cell: cell.count };
                match diagnose::diagnose(&diagnostics, &source, &meeting) {
                    Verdict::Errors(messages) => compile_error(&messages, &self.sources),
                    Verdict::Unkept(_) => plain_error("CompileError", "the cell is not valid Rust"),
                }
            }
            Err(error) => compiler_error(&error),
            Ok(_) => plain_error("CompileError", "the cell is not valid Rust"),
        }
    }
}

/// The error of a compiler that had no errors of the code to tell.
fn compiler_error(error: &CompileError) -> CellError {
    let name = match error {
        CompileError::Stopped => "Interrupted",
        _ => "CompilerError",
    };
    plain_error(name, &error.to_string())
}

/// Whether the code may have state of its own that outlives a run; `'static` is none.
fn has_statics(code: &str) -> bool {
    let has_static = code
        .match_indices("static")
        .any(|(at, word)| !code[..at].ends_with('\'') && code[at + word.len()..].starts_with(' '));
    has_static || code.contains("thread_local")
}

/// The state after a cell that came to its end.
pub fn commit(mut next: State, compiled: &Compiled, cell: u32) -> State {
    let Compiled { types, plan, .. } = compiled;
    for (name, gone) in plan.unkept.iter().filter(|(name, _)| !plan.keeps(name)) {
        next.variables.remove(name);
        next.gone.insert(name.clone(), gone.clone());
    }
    for (name, variable) in plan.new.iter().filter(|(name, _)| plan.keeps(name)) {
        next.variables.remove(name);
        match types.get(&slot(name)).filter(|it| is_nameable(it)) {
            Some(type_text) if !variable.is_closure => {
                next.gone.remove(name);
                let kept =
                    KeptVariable { type_text: type_text.clone(), is_mut: variable.is_mut, cell };
                next.variables.insert(name.clone(), kept);
            }
            _ => {
                next.gone.insert(name.clone(), Gone::Unnameable { cell });
            }
        }
    }
    next
}
