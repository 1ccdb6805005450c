//! The engine without cargo and rust-analyzer on a cell's path: one `rustc` run per cell.
//!
//! A cell goes through phases with values between them: `parse` cuts it up, `generate` writes one
//! crate from it and the state, `compile` runs the compiler, the child process loads the library
//! and runs it, and the next state replaces the old one if the cell came to its end.

mod aside;
mod awaits;
mod broken;
mod build;
mod cache;
mod command;
mod command_list;
mod compile;
#[cfg(test)]
mod contract;
mod copyable;
mod crate_hints;
mod damage;
pub mod deps;
mod diagnose;
mod edition;
mod evcxr_commands;
mod files;
mod fn_items;
mod generate;
mod head;
mod here;
pub mod hidden;
mod hints;
mod identity;
mod journal;
mod layouts;
mod lessons;
mod libraries;
mod macros;
mod main_function;
mod mentions;
mod older_code;
mod parameters;
mod parse;
mod passed;
mod places;
mod plain;
mod plan;
mod program;
mod question;
mod questions;
mod redefine;
mod replay;
mod rerun;
mod run;
mod shape;
mod slots;
mod stamp;
mod state;
mod statics;
mod streams;
mod telling;
mod test_functions;
mod trace;
mod utf8;
mod values;
mod widgets;
mod words;
mod writes;

use std::cell::OnceCell;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use akari_seam::frame::{CHECK_FAILED, EXERCISE_ERROR};

use self::build::{Builder, Compiled, commit};
use self::cache::Cache;
use self::compile::{Compiler, Shortcuts};
use self::deps::Dependencies;
use self::edition::Edition;
use self::generate::Source;
use self::journal::{Cut, JournalEntry, Reach, may_change};
use self::lessons::hear;
use self::macros::with_items_of_macros;
use self::main_function::with_main;
use self::parse::Parsed;
use self::plain::is_plain;
use self::plan::Plan;
use self::replay::ProcessHistory;
use self::rerun::Habits;
use self::run::{ItemsSink, RunReport};
use self::slots::Slots;
use self::state::{Absence, State};
use self::telling::Board;
use self::test_functions::with_tests;
use self::values::Values;
use self::widgets::Widgets;
use self::writes::CellTokens;
use super::analyser::Analyser;
use super::folder::{self, Folder};
use super::names::Names;
use super::outcome::{CellError, Outcome, Output};
use super::stop::Stop;
use super::traceback::{compile_error, plain_error};
use super::{Background, Cell, Engine, EngineConfig, Mover, Sink, Teller, index, nesting};
use crate::home;
use crate::platform;
use crate::runtime::parent::{Child, ChildError, ChildSettings, RunEnd, Task};

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("could not make a temporary folder: {0}")]
    Folder(#[source] io::Error),
    #[error(transparent)]
    Child(#[from] ChildError),
}

/// The engine and its session.
pub struct InstantEngine {
    builder: Builder,
    child_settings: ChildSettings,
    child: Child,
    processes: ProcessHistory,
    state: State,
    /// The cells that ran, to run them again in a new process.
    journal: Vec<JournalEntry>,
    names: Arc<Names>,
    background: Arc<Mutex<Option<Background>>>,
    widgets: Widgets,
    values: Values,
    board: Arc<Board>,
    /// Whether the engine shows the time that each cell takes.
    is_timed: bool,
    /// Whether it shows the time of the cell that runs.
    is_timed_once: bool,
    /// The code of the last error that the compiler found, for `:explain`.
    last_code: Option<String>,
    folder: Folder,
}

impl InstantEngine {
    pub fn start(settings: &EngineConfig) -> Result<Self, StartError> {
        let folder = Folder::make("").map_err(StartError::Folder)?;
        let child_settings = ChildSettings {
            program: settings.program.clone(),
            prelude: settings.prelude.join(platform::prelude_file()),
            library_paths: vec![settings.prelude.clone(), settings.std_folder.clone()],
            folder: folder.path().to_owned(),
            seed: seed(),
        };
        let background = Arc::new(Mutex::new(None));
        let builder = builder(settings, folder.path());
        let receiver = run::on_background(&background, &builder.generated);
        let child = Child::start(&child_settings, receiver)?;
        child.handle().send(&builder.teacher.told());
        let widgets = Widgets::of(&child);
        let names = Arc::new(Names::default());
        names.set_commands(command_list::names());
        index::read_aside(settings, &names);
        names.set_analyser(Analyser::new(settings));
        let rustc = settings.rustc.clone();
        let board = Arc::new(Board::new(&names, rustc, folder.path().to_owned()));
        let cache = Arc::clone(&builder.cache);
        std::thread::spawn(move || {
            cache.prune();
            folder::sweep();
        });
        Ok(InstantEngine {
            builder,
            child_settings,
            child,
            processes: ProcessHistory::default(),
            state: State::default(),
            journal: Vec::new(),
            names,
            background,
            widgets,
            values: Values::default(),
            board,
            is_timed: false,
            is_timed_once: false,
            last_code: None,
            folder,
        })
    }

    fn background_now(&self) -> Option<Background> {
        self.background.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn start_child(&self) -> Result<Child, ChildError> {
        let receiver = run::on_background(&self.background, &self.builder.generated);
        let child = Child::start(&self.child_settings, receiver)?;
        child.handle().send(&self.builder.teacher.told());
        self.widgets.begin_anew(&child, &self.background);
        Ok(child)
    }

    fn run_cell(&mut self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Result<(), CellError> {
        let parsed = parse::parse(cell.code).map_err(|broken| {
            let misplaced = self.command_below_code(&broken.code, cell);
            misplaced.unwrap_or_else(|| self.builder.broken(&broken.code, &self.state, cell))
        })?;
        let defined = parsed.statements.iter().flat_map(|it| &it.variables);
        let defined: Vec<String> = defined.map(|it| it.name.clone()).collect();
        let result = self.run_parsed(parsed, cell, sink);
        for name in defined {
            match result {
                Ok(()) => self.state.failed.remove(&name),
                Err(_) => self.state.failed.insert(name, cell.id),
            };
        }
        result
    }

    fn run_parsed(
        &mut self,
        parsed: Parsed,
        cell: &Cell<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), CellError> {
        // A cell that can't be parsed does nothing at all, so its commands run only after the
        // parsing.
        self.commands(&parsed.commands, cell, sink)?;
        let parsed = with_tests(self.with_files(parsed, cell)?);
        let parsed = with_main(with_items_of_macros(parsed, &self.state));
        if parsed.has_no_code() {
            return Ok(());
        }
        self.wake(cell.id, cell.stop, sink)?;
        self.restore_folder()?;
        let next = self.state.with_items(&parsed, cell.id);
        let compiled = self.builder.build(next, &parsed, cell)?;
        if cell.stop.wish().is_some() {
            return Err(plain_error("Interrupted", "the cell was interrupted before it ran"));
        }
        let start = Instant::now();
        let task = Task::Library(&compiled.library);
        let mut heard = String::new();
        let report = if parsed.has_statements() {
            self.run(task, cell.stop, &mut Listening { sink, heard: &mut heard })
        } else {
            let background = self.background_now();
            self.run(task, cell.stop, &mut ItemsSink { sink, background })
        };
        let took = start.elapsed();
        let calls = report.calls_of_unplaced(&self.builder.generated);
        let called = calls.and_then(|calls| self.builder.place_of_calls(calls, cell.stop));
        let error = report.error(&self.builder, called, &self.state);
        let Some(error) = error else {
            let after = commit(&compiled, cell.id);
            self.builder.ran(&compiled.source, took);
            let reach = Reach::Whole { library: compiled.library, took };
            self.keep(cell, reach, &compiled.source, report, after, compiled.plan.reads.keys());
            if let Some(note) = self.builder.teacher.printed(cell.code, &heard, &self.state) {
                sink.output(Output::text(&note));
            }
            return came_to_its_end(cell);
        };
        if let RunEnd::Died(death) = &report.end {
            let summary = self.recover(death, cell.id, cell.stop);
            return Err(with_summary(&error, &summary));
        }
        self.cut_short(cell, &compiled, report);
        Err(error)
    }

    /// The cell with the contents of the files that it names.
    fn with_files(&self, parsed: Parsed, cell: &Cell<'_>) -> Result<Parsed, CellError> {
        if !files::names_files(cell.code) {
            return Ok(parsed);
        }
        let folder = std::env::current_dir().unwrap_or_default();
        files::with_files(parsed, &folder)
            .map_err(|fault| compile_error(&[fault.message(cell.id)], &self.builder.sources))
    }

    /// Notes a cell that failed or was interrupted on its way, in a process that lives. Variables
    /// that the cell has moved are absent; the journal says which others it may have changed.
    fn cut_short(&mut self, cell: &Cell<'_>, compiled: &Compiled, report: RunReport) {
        let Plan { reads, copied, unkept, .. } = &compiled.plan;
        let mut after = self.state.clone();
        for name in report.lost.iter().filter(|name| !unkept.contains_key(*name)) {
            after.forget(name, Absence::ProcessEnded { cell: cell.id });
        }
        let is_back = |name: &String| copied.contains(name) && !report.lost.contains(name);
        for name in reads.keys().filter(|name| !is_back(name)) {
            if let Some(absence) = unkept.get(name) {
                after.forget(name, absence.clone());
            }
        }
        let Some(cut) = report.cut() else { return };
        let is_as_before =
            |name: &String| cut == Cut::Failed && is_back(name) && !report.changed.contains(name);
        let others: Vec<&String> = reads.keys().filter(|name| !is_as_before(name)).collect();
        self.keep(cell, Reach::Cut(cut), &compiled.source, report, after, others.into_iter());
    }

    /// Adds a cell that ran to the journal, and replaces the state by the one after the cell.
    fn keep<'a>(
        &mut self,
        cell: &Cell<'_>,
        reach: Reach,
        source: &Source,
        report: RunReport,
        after: State,
        reads: impl Iterator<Item = &'a String>,
    ) {
        let habits = Habits::of(&source.text);
        let tokens = OnceCell::new();
        let changes = |name: &String| match self.state.variables.get(name) {
            Some(variable) if is_plain(&variable.type_text) => {
                variable.is_mut && tokens.get_or_init(|| CellTokens::of(cell.code)).may_write(name)
            }
            known => known.is_none_or(|variable| may_change(variable, habits)),
        };
        let reads = reads.map(|name| (name.clone(), changes(name))).collect();
        let entry = JournalEntry::new(cell.id, reach, habits, (&self.state, &after), reads);
        let RunReport { answers, random, .. } = report;
        let statics = source.statics.clone();
        self.journal.push(JournalEntry { answers, random, statics, ..entry });
        self.state = after;
    }

    /// Makes the session's folder again if a cell has removed it: cells are compiled there.
    fn restore_folder(&self) -> Result<(), CellError> {
        self.folder.restore().map_err(|error| {
            let folder = self.folder.path().display();
            let text = format!(
                "the session's folder `{folder}` could not be made again: {error}; restart the kernel"
            );
            plain_error("CompilerError", &text)
        })
    }
}

impl std::fmt::Debug for InstantEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstantEngine").field("state", &self.state).finish_non_exhaustive()
    }
}

/// A sink that remembers the beginning of what a cell prints.
struct Listening<'a> {
    sink: &'a mut dyn Sink,
    heard: &'a mut String,
}

impl Sink for Listening<'_> {
    fn output(&mut self, output: Output) {
        match &output {
            Output::Stream { text, .. } => hear(self.heard, text),
            Output::Result { data } => {
                hear(
                    self.heard,
                    data.get("text/plain").and_then(|it| it.as_str()).unwrap_or_default(),
                );
            }
            Output::Display { .. }
            | Output::Clear { .. }
            | Output::Widget(_)
            | Output::ShowWidgets { .. }
            | Output::WidgetsEnded
            | Output::Area { .. }
            | Output::Capture { .. }
            | Output::ClearArea { .. } => {}
        }
        self.sink.output(output);
    }

    fn begin(&mut self) {
        self.sink.begin();
    }

    fn input(&mut self, prompt: &str, is_password: bool) -> Option<String> {
        self.sink.input(prompt, is_password)
    }
}

/// The result of a cell that came to its end. If an interrupt came meanwhile, that is an error: the
/// learner sees that the interrupt was heard, and cells that were sent after this one do not run.
fn came_to_its_end(cell: &Cell<'_>) -> Result<(), CellError> {
    match cell.stop.wish() {
        None => Ok(()),
        Some(_) => Err(plain_error(
            "Interrupted",
            "the cell was interrupted, and had come to its end by then; what it did is kept",
        )),
    }
}

fn with_summary(error: &CellError, summary: &str) -> CellError {
    plain_error(&error.ename, &format!("{}: {summary}", error.evalue))
}

/// The seed of random numbers: the learner's, or else one of the session.
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
        edition: Edition::default(),
        is_level_chosen: false,
        dependencies: Dependencies::new(deps::Place {
            rustc: settings.rustc.clone(),
            program: settings.program.clone(),
            prelude: settings.prelude.clone(),
            kept: settings.dependencies.clone(),
            checkout: settings.checkout.clone(),
            session: folder.to_owned(),
        }),
        slots: Arc::new(Slots::of_machine(home::own_folder("compilers"))),
        shortcuts: Shortcuts::new(&settings.std_folder),
    };
    let mut builder = Builder::new(compiler, cache, folder.to_owned());
    if let Some(language) = settings.language {
        builder.teacher.language = language;
    }
    builder
}

impl Engine for InstantEngine {
    fn execute(&mut self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Outcome {
        if let Err(error) = nesting::check(cell.code) {
            return Outcome::Failed(error.into());
        }
        let parameters = parameters::translated(cell.code, &self.state);
        let cell = &Cell { code: parameters.as_deref().unwrap_or(cell.code), ..cell.clone() };
        self.builder.sources.insert(cell.id, cell.code.to_owned());
        let start = Instant::now();
        let result = self.run_cell(cell, sink);
        if let Err(error) = &result
            && let Some(code) = error
                .evalue
                .lines()
                .find_map(|it| it.strip_prefix("error["))
                .and_then(|it| it.get(..5))
        {
            self.last_code = Some(code.to_owned());
        }
        if std::mem::take(&mut self.is_timed_once) || self.is_timed {
            sink.output(Output::text(&format!("{:.0?}", start.elapsed())));
        }
        self.names.set_session(self.session_names());
        self.names.set_code(self.session_code());
        self.note_facts();
        // Errors of a line have their lesson already.
        let is_of_code = |error: &CellError| {
            matches!(
                &*error.ename,
                "CompileError" | "Error" | "Panic" | CHECK_FAILED | EXERCISE_ERROR
            ) || error.evalue.contains('\n')
        };
        let taught = result.map_err(|error| match is_of_code(&error) {
            true => error,
            false => self.builder.teacher.run(error, None, &self.state, &self.builder.sources),
        });
        taught.into()
    }

    fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }

    fn settle(&mut self) {
        self.look_at_values();
        self.names.set_session(self.session_names());
        self.note_facts();
    }

    fn teller(&self) -> Option<Arc<dyn Teller>> {
        Some(Arc::clone(&self.board) as Arc<dyn Teller>)
    }

    fn react(&mut self, reaction: &str, stop: &Stop, sink: &mut dyn Sink) -> Outcome {
        self.run_reaction(reaction, stop, sink).into()
    }

    fn mover(&self) -> Mover {
        self.widgets.mover()
    }

    fn set_background(&mut self, background: Background) {
        *self.background.lock().unwrap_or_else(PoisonError::into_inner) = Some(background);
    }
}
