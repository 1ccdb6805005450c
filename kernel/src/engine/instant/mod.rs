//! The engine without cargo and rust-analyzer on a cell's path: one `rustc` run per cell.
//!
//! A cell goes through phases with values between them: `parse` cuts it up, `generate` writes one
//! crate from it and the state, `compile` runs the compiler, the child process loads the library
//! and runs it, and the next state replaces the old one if the cell came to its end.

mod build;
mod cache;
mod command;
mod compile;
pub mod deps;
mod diagnose;
mod generate;
mod journal;
mod macros;
mod parse;
mod plain;
mod replay;
mod run;
mod slots;
mod state;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tempfile::TempDir;

use self::build::{Builder, Compiled, commit};
use self::cache::Cache;
use self::compile::Compiler;
use self::deps::Dependencies;
use self::generate::{copied_variables, read_variables};
use self::journal::Entry;
use self::macros::items_of_macros;
use self::parse::Parsed;
use self::replay::Extent;
use self::run::RunReport;
use self::slots::Slots;
use self::state::{Gone, State};
use super::analyser::Analyser;
use super::names::Names;
use super::outcome::{CellError, Outcome};
use super::stop::Wish;
use super::traceback::plain_error;
use super::{Cell, Engine, EngineConfig, EngineError, Sink, index};
use crate::runtime::parent::{Child, ChildSettings, Hold};

/// The engine and its session.
#[derive(Debug)]
pub struct InstantEngine {
    builder: Builder,
    child_settings: ChildSettings,
    child: Child,
    shared: Arc<Shared>,
    state: State,
    /// The cells that came to their end, for another process after this one.
    journal: Vec<Entry>,
    names: Arc<Names>,
    /// Whether the time of each cell is shown.
    is_timed: bool,
    _folder: TempDir,
}

/// What the interrupter shares with the engine.
#[derive(Debug, Default)]
struct Shared {
    hold: Mutex<Option<Arc<Hold>>>,
    /// An interrupt while the compiler runs, when there is nothing to stop yet.
    is_wanted: AtomicBool,
    /// The kernel is about to end, and needs no session any more.
    is_ending: AtomicBool,
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
            seed: seed(),
        };
        let child = Child::start(&child_settings)?;
        let shared = Arc::new(Shared::default());
        shared.set(&child);
        let names = Arc::new(Names::default());
        index::read_aside(settings, &names);
        names.set_analyser(Analyser::new(settings));
        let builder = builder(settings, folder.path());
        let cache = Arc::clone(&builder.cache);
        std::thread::spawn(move || cache.prune());
        Ok(InstantEngine {
            builder,
            child_settings,
            child,
            shared,
            state: State::default(),
            journal: Vec::new(),
            names,
            is_timed: false,
            _folder: folder,
        })
    }

    fn run_cell(&mut self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Result<(), CellError> {
        let mut parsed = parse::parse(cell.code);
        items_of_macros(&mut parsed, &self.state);
        self.commands(&std::mem::take(&mut parsed.commands), cell, sink)?;
        if parsed.broken {
            return Err(self.builder.broken(&self.state, &parsed, cell));
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
        let start = Instant::now();
        let report = self.run(&compiled.library, sink);
        let took = start.elapsed();
        if let Some(error) = self.failure(&report, &compiled, &next, &parsed, cell) {
            return Err(error);
        }
        let reads = self.read_names(&parsed);
        let after = commit(next, &parsed, &compiled.facts, cell.count);
        let entry = Entry::new(cell.count, compiled.library, &self.state, &after, &reads);
        let RunReport { answers, random, .. } = report;
        self.journal.push(Entry { took, answers, random, ..entry });
        self.state = after;
        Ok(())
    }

    /// What kept the cell from its end, if something did; brings the session in order after it.
    /// `next` is the state that the cell was generated from.
    fn failure(
        &mut self,
        report: &RunReport,
        compiled: &Compiled,
        next: &State,
        parsed: &Parsed,
        cell: &Cell<'_>,
    ) -> Option<CellError> {
        let mut error = report.error(&self.builder.sources, &self.builder.generated);
        let unkept = &compiled.facts.unkept;
        for name in report.lost.iter().filter(|it| !unkept.contains_key(*it)) {
            self.forget(name, Gone::ProcessEnded { cell: cell.count });
        }
        if report.child_died {
            let summary = self.rebuild(cell.count, Extent::Quick);
            error = error.map(|error| with_summary(&error, &summary));
        } else if error.is_some() {
            // A value that moved into the failed code is gone with it, unless it was copied before.
            let copied = copied_variables(next, parsed, unkept);
            for name in self.read_names(parsed) {
                let is_back = copied.contains(name.as_str()) && !report.lost.contains(&name);
                if let Some(gone) = unkept.get(&name).filter(|_| !is_back) {
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

    /// The earlier variables that a cell reads.
    fn read_names(&self, parsed: &Parsed) -> Vec<String> {
        let read = read_variables(&self.state, parsed).into_iter();
        read.map(|(name, _)| name.to_owned()).collect()
    }
}

fn with_summary(error: &CellError, summary: &str) -> CellError {
    plain_error(&error.ename, &format!("{}: {summary}", error.evalue))
}

/// The learner's own, else one of the session's own.
fn seed() -> u64 {
    let given = std::env::var("AKARI_SEED").ok().and_then(|it| it.trim().parse().ok());
    given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0)
}

fn builder(settings: &EngineConfig, folder: &Path) -> Builder {
    let cache = Arc::new(Cache::new(&settings.cells));
    let compiler = Compiler {
        rustc: settings.rustc.clone(),
        prelude: settings.prelude.clone(),
        opt_level: "0".to_owned(),
        dependencies: Dependencies::new(deps::Place {
            rustc: settings.rustc.clone(),
            program: settings.program.clone(),
            prelude: settings.prelude.clone(),
            kept: settings.dependencies.clone(),
            session: folder.to_owned(),
        }),
        slots: Slots::of_machine(),
    };
    Builder::new(compiler, cache, folder.to_owned())
}

impl Shared {
    fn hold(&self) -> Option<Arc<Hold>> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn stop(&self, wish: Wish) {
        match wish {
            Wish::Interrupt => self.is_wanted.store(true, Ordering::SeqCst),
            Wish::End => self.is_ending.store(true, Ordering::SeqCst),
        }
        match (self.hold(), wish) {
            (Some(hold), Wish::Interrupt) => hold.interrupt(),
            (Some(hold), Wish::End) => hold.end(),
            (None, _) => {}
        }
    }

    fn set(&self, child: &Child) {
        *self.hold.lock().unwrap_or_else(PoisonError::into_inner) = Some(child.hold());
    }
}

impl Engine for InstantEngine {
    fn execute(&mut self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Outcome {
        self.shared.is_wanted.store(false, Ordering::SeqCst);
        self.builder.sources.insert(cell.count, cell.code.to_owned());
        let start = Instant::now();
        let shared = Arc::clone(&self.shared);
        let listening = cell.stop.listen(move |wish| shared.stop(wish));
        let result = self.run_cell(cell, sink);
        drop(listening);
        if self.is_timed {
            command::show(&format!("{:.0?}", start.elapsed()), sink);
        }
        self.names.set_session(self.session_names());
        self.names.set_code(self.session_code());
        result.into()
    }

    fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }
}
