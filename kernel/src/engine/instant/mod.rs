//! The engine without cargo and rust-analyzer on a cell's path: one `rustc` run per cell.
//!
//! A cell goes through phases with values between them: `parse` cuts it up, `generate` writes one
//! crate from it and the state, `compile` runs the compiler, the child process loads the library
//! and runs it, and the next state replaces the old one if the cell came to its end.

mod build;
mod cache;
mod command;
mod compile;
mod diagnose;
mod generate;
mod parse;
mod run;
mod slots;
mod state;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use self::build::{Builder, Compiled, commit};
use self::cache::Cache;
use self::compile::Compiler;
use self::generate::read_variables;
use self::parse::Parsed;
use self::run::RunReport;
use self::slots::Slots;
use self::state::{Gone, State};
use super::names::Names;
use super::outcome::{CellError, Outcome};
use super::traceback::plain_error;
use super::{Cell, Engine, EngineConfig, EngineError, Interrupter, Sink, index};
use crate::runtime::parent::{Child, ChildSettings, Hold};

/// The engine and its session.
#[derive(Debug)]
pub struct InstantEngine {
    builder: Builder,
    child_settings: ChildSettings,
    child: Child,
    shared: Arc<Shared>,
    state: State,
    names: Arc<Names>,
    _folder: TempDir,
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
        let builder = builder(settings, folder.path());
        let cache = Arc::clone(&builder.cache);
        std::thread::spawn(move || cache.prune());
        Ok(InstantEngine {
            builder,
            child_settings,
            child,
            shared,
            state: State::default(),
            names,
            _folder: folder,
        })
    }

    fn run_cell(&mut self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Result<(), CellError> {
        let mut parsed = parse::parse(cell.code);
        for command in std::mem::take(&mut parsed.commands) {
            self.command(&command.text, cell, sink)?;
        }
        if parsed.broken {
            return Err(self.builder.broken(&self.state, cell));
        }
        if parsed.statements.is_empty()
            && parsed.tail.is_none()
            && parsed.items.is_empty()
            && parsed.attributes.is_empty()
        {
            return Ok(());
        }
        let next = self.state.with_items(&parsed, cell.count);
        let compiled = self.builder.build(&next, &parsed, cell)?;
        if self.shared.is_wanted.swap(false, Ordering::SeqCst) {
            return Err(plain_error("Interrupted", "the cell was interrupted before it ran"));
        }
        let report = self.run(&compiled.library, sink);
        if let Some(error) = self.failure(&report, &compiled, &parsed, cell) {
            return Err(error);
        }
        self.state = commit(next, &parsed, &compiled.facts, cell.count);
        Ok(())
    }

    /// What kept the cell from its end, if something did; brings the session in order after it.
    fn failure(
        &mut self,
        report: &RunReport,
        compiled: &Compiled,
        parsed: &Parsed,
        cell: &Cell<'_>,
    ) -> Option<CellError> {
        let error = report.error(&self.builder.sources, &self.builder.generated);
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
                if let Some(gone) = compiled.facts.unkept.get(&name) {
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

fn builder(settings: &EngineConfig, folder: &Path) -> Builder {
    let cache = Arc::new(Cache::new(&settings.cells));
    let compiler = Compiler {
        rustc: settings.rustc.clone(),
        prelude: settings.prelude.clone(),
        opt_level: "0".to_owned(),
        externs: Vec::new(),
        library_paths: Vec::new(),
        slots: Slots::of_machine(),
    };
    Builder::new(compiler, cache, folder.to_owned())
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
        self.builder.sources.insert(cell.count, cell.code.to_owned());
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
