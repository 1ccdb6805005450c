//! The engine without cargo and rust-analyzer on a cell's path: one `rustc` run per cell.
//!
//! A cell goes through phases with values between them: `parse` cuts it up, `generate` writes one
//! crate from it and the state, `compile` runs the compiler, the child process loads the library
//! and runs it, and the next state replaces the old one if the cell came to its end.

mod command;
mod compile;
mod diagnose;
mod generate;
mod parse;
mod run;
mod state;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use self::compile::{CompileError, Compiler, Library, is_nameable};
use self::diagnose::Verdict;
use self::generate::{Source, Unkept, generate, new_variables, read_variables};
use self::parse::Parsed;
use self::run::RunReport;
use self::state::{Gone, KeptVariable, State};
use super::names::Names;
use super::outcome::{CellError, Outcome};
use super::traceback::{Sources, compile_error, plain_error};
use super::{Cell, Engine, EngineConfig, EngineError, Interrupter, Sink, index};
use crate::runtime::parent::{Child, ChildSettings, Hold};

/// The engine and its session.
#[derive(Debug)]
pub struct InstantEngine {
    compiler: Compiler,
    child_settings: ChildSettings,
    child: Child,
    shared: Arc<Shared>,
    state: State,
    sources: Sources,
    /// Generated sources of this session, for the places of panics.
    generated: Vec<Arc<Source>>,
    names: Arc<Names>,
    folder: TempDir,
}

/// What the interrupter shares with the engine.
#[derive(Debug, Default)]
struct Shared {
    hold: Mutex<Option<Arc<Hold>>>,
    /// An interrupt while the compiler runs, when there is nothing to stop yet.
    is_wanted: AtomicBool,
}

impl InstantEngine {
    pub fn start(settings: &EngineConfig) -> Result<Self, EngineError> {
        let folder =
            tempfile::Builder::new().prefix("akari-").tempdir().map_err(EngineError::Folder)?;
        let child_settings = ChildSettings {
            program: settings.program.clone(),
            prelude: settings.prelude.join("libakari.so"),
            library_paths: vec![settings.prelude.clone(), settings.std_folder.clone()],
            folder: folder.path().to_owned(),
        };
        let child = Child::start(&child_settings)?;
        let shared = Arc::new(Shared::default());
        shared.set(&child);
        let names = Arc::new(Names::default());
        index::read_aside(settings, &names);
        Ok(InstantEngine {
            compiler: Compiler {
                rustc: settings.rustc.clone(),
                prelude: settings.prelude.clone(),
                opt_level: "0".to_owned(),
                externs: Vec::new(),
                library_paths: Vec::new(),
            },
            child_settings,
            child,
            shared,
            state: State::default(),
            sources: Sources::new(),
            generated: Vec::new(),
            names,
            folder,
        })
    }

    fn run_cell(&mut self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Result<(), CellError> {
        let mut parsed = parse::parse(cell.code);
        for command in std::mem::take(&mut parsed.commands) {
            self.command(&command.text, cell, sink)?;
        }
        if parsed.broken {
            return Err(self.broken(cell));
        }
        if parsed.statements.is_empty()
            && parsed.tail.is_none()
            && parsed.items.is_empty()
            && parsed.attributes.is_empty()
        {
            return Ok(());
        }
        let next = self.state.with_items(&parsed, cell.count);
        let compiled = self.compile(&next, &parsed, cell)?;
        if self.shared.is_wanted.swap(false, Ordering::SeqCst) {
            return Err(plain_error("Interrupted", "the cell was interrupted before it ran"));
        }
        let report = self.run(&compiled.library, sink);
        if let Some(error) = self.failure(&report, &compiled, &parsed, cell) {
            return Err(error);
        }
        self.state = commit(next, &parsed, &compiled, cell.count);
        Ok(())
    }

    /// Compiles; where a variable can't be kept, once more without keeping it.
    fn compile(
        &mut self,
        state: &State,
        parsed: &Parsed,
        cell: &Cell<'_>,
    ) -> Result<Compiled, CellError> {
        let mut unkept = Unkept::default();
        loop {
            let source = Arc::new(generate(state, parsed, cell.count, cell.silent, &unkept));
            let error = match self.compiler.compile(&source, self.folder.path()) {
                Ok(library) => {
                    self.generated.push(source);
                    return Ok(Compiled { library, unkept });
                }
                Err(error) => error,
            };
            let CompileError::Code(diagnostics) = error else {
                return Err(plain_error("CompilerError", &error.to_string()));
            };
            match diagnose::diagnose(&diagnostics, &source, state, cell.count) {
                Verdict::Errors(messages) => return Err(compile_error(&messages, &self.sources)),
                Verdict::Unkept(names) => {
                    let before = unkept.variables.len();
                    unkept.variables.extend(names);
                    if unkept.variables.len() == before {
                        return Err(plain_error(
                            "CompilerError",
                            "the cell's variables could not be kept",
                        ));
                    }
                }
            }
        }
    }

    /// The error of a text that isn't a list of statements, in the compiler's words.
    fn broken(&self, cell: &Cell<'_>) -> CellError {
        let source = generate::broken(cell.code, cell.count);
        match self.compiler.compile(&source, self.folder.path()) {
            Err(CompileError::Code(diagnostics)) => {
                match diagnose::diagnose(&diagnostics, &source, &self.state, cell.count) {
                    Verdict::Errors(messages) => compile_error(&messages, &self.sources),
                    Verdict::Unkept(_) => plain_error("CompileError", "the cell is not valid Rust"),
                }
            }
            Err(error) => plain_error("CompilerError", &error.to_string()),
            Ok(_) => plain_error("CompileError", "the cell is not valid Rust"),
        }
    }

    /// What kept the cell from its end, if something did; brings the session in order after it.
    fn failure(
        &mut self,
        report: &RunReport,
        compiled: &Compiled,
        parsed: &Parsed,
        cell: &Cell<'_>,
    ) -> Option<CellError> {
        let error = report.error(&self.sources, &self.generated);
        for name in &report.lost {
            self.forget(name, Gone::ProcessEnded { cell: cell.count });
        }
        if report.child_died {
            self.restart(cell.count);
        } else if error.is_some() {
            // A value that moved into the failed code is gone with it.
            let read: Vec<String> = read_variables(&self.state, parsed)
                .into_iter()
                .map(|(name, _)| name.to_owned())
                .collect();
            for name in read {
                if let Some(gone) = compiled.unkept.variables.get(&name) {
                    self.forget(&name, gone.clone());
                }
            }
        }
        error
    }

    fn forget(&mut self, name: &str, gone: Gone) {
        if self.state.variables.remove(name).is_some() {
            self.state.gone.insert(name.to_owned(), gone);
        }
    }

    /// A new process after the old one died: items and imports stay, values are gone.
    fn restart(&mut self, cell: u32) {
        for name in std::mem::take(&mut self.state.variables).into_keys() {
            self.state.gone.insert(name, Gone::ProcessEnded { cell });
        }
        if let Ok(child) = Child::start(&self.child_settings) {
            self.shared.set(&child);
            self.child = child;
        }
    }
}

/// A compiled cell, and what it does not keep.
#[derive(Debug)]
struct Compiled {
    library: Library,
    unkept: Unkept,
}

/// The state after a cell that came to its end.
fn commit(mut next: State, parsed: &Parsed, compiled: &Compiled, cell: u32) -> State {
    for (name, gone) in &compiled.unkept.variables {
        next.variables.remove(name);
        next.gone.insert(name.clone(), gone.clone());
    }
    for (name, variable) in new_variables(parsed) {
        if compiled.unkept.variables.contains_key(name) {
            continue;
        }
        next.variables.remove(name);
        match compiled.library.type_of(name).filter(|it| is_nameable(it)) {
            Some(type_text) if !variable.is_closure => {
                next.gone.remove(name);
                let kept = KeptVariable { type_text, is_mut: variable.is_mut, cell };
                next.variables.insert(name.to_owned(), kept);
            }
            _ => {
                next.gone.insert(name.to_owned(), Gone::Unnameable { cell });
            }
        }
    }
    next
}

impl Shared {
    fn hold(&self) -> Option<Arc<Hold>> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, child: &Child) {
        *self.hold.lock().unwrap_or_else(PoisonError::into_inner) = Some(child.hold());
    }
}

impl Engine for InstantEngine {
    fn execute(&mut self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Outcome {
        self.shared.is_wanted.store(false, Ordering::SeqCst);
        self.sources.insert(cell.count, cell.code.to_owned());
        let result = self.run_cell(cell, sink);
        self.names.set_session(self.session_names());
        result.into()
    }

    fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }

    fn interrupter(&self) -> Interrupter {
        let (interrupted, ended) = (Arc::clone(&self.shared), Arc::clone(&self.shared));
        Interrupter::new(
            move || {
                interrupted.is_wanted.store(true, Ordering::SeqCst);
                if let Some(hold) = interrupted.hold() {
                    hold.interrupt();
                }
            },
            move || {
                if let Some(hold) = ended.hold() {
                    hold.end();
                }
            },
        )
    }
}
