//! The trait of an evaluation engine, for the two that drive one: the Jupyter side and the notebook
//! runner.
//!
//! Everything here is plain data and one trait. The implementations live in the folders below;
//! only `start` names and picks one. Engine code is synchronous: an engine has one owner thread.

pub mod analyser;
mod cell_id;
mod cursor;
pub mod evcxr;
pub mod exported;
pub mod finder;
pub mod folder;
pub mod index;
pub mod instant;
mod members;
mod name;
pub mod names;
pub mod nesting;
pub mod outcome;
pub mod program;
pub mod recorded;
pub mod start;
pub mod stop;
pub mod syntax;
mod teach;
mod traceback;

use std::path::PathBuf;
use std::sync::Arc;

use finder::Finder;
use names::Names;
use outcome::{Outcome, Output};
use stop::Stop;

use crate::home::write::Readers;

pub use cell_id::CellId;
pub use teach::Language;

/// Which engine runs the cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// The engine that runs `rustc` once per cell.
    #[default]
    Instant,
    /// evcxr, which runs cargo and asks rust-analyzer for each cell.
    Evcxr,
}

/// What an engine needs to start.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    pub choice: EngineChoice,
    /// The compiler itself, not rustup's stand-in.
    pub rustc: PathBuf,
    /// The folder of the standard library's shared object.
    pub std_folder: PathBuf,
    /// The folder of `libakari.so`.
    pub prelude: PathBuf,
    /// The binary that becomes the process that runs cells: this one.
    pub program: PathBuf,
    /// The folder of the prelude's sources, with the versions of its dependencies.
    pub checkout: PathBuf,
    pub cells: CellFolders,
    /// The folder of the crates of `:dep` lines, built for this prelude.
    pub dependencies: PathBuf,
    /// Finds the program that has evcxr and its rust-analyzer.
    pub evcxr: Finder,
    /// The language of the session; without one, that of its folder or of the environment.
    pub language: Option<Language>,
}

/// The folders of compiled cells.
#[derive(Debug, Clone)]
pub struct CellFolders {
    /// The user's own folder; none if cells are not to be kept.
    pub own: Option<PathBuf>,
    /// A folder of somebody else's, which is only read.
    pub shared: Option<PathBuf>,
    /// How many bytes may be in the user's own folder.
    pub limit: u64,
    /// Who may read the cells in the user's own folder.
    pub readers: Readers,
}

/// A cell to run.
#[derive(Debug, Clone)]
pub struct Cell<'a> {
    /// The source as the learner typed it.
    pub code: &'a str,
    /// Names the cell in error texts: `cell [3]`.
    pub id: CellId,
    /// Whether the last value is not to be displayed.
    pub silent: bool,
    /// How the cell is stopped while it is carried out.
    pub stop: &'a Stop,
}

/// Receives what a running cell produces, in order, while it runs.
pub trait Sink {
    fn output(&mut self, output: Output);

    /// The cell's code begins to run. What comes out between cells is this cell's from now on.
    fn begin(&mut self) {}

    /// Asks the learner for a line; `None` where the client cannot ask or the cell was interrupted.
    fn input(&mut self, prompt: &str, is_password: bool) -> Option<String>;
}

/// Receives what comes out between cells, as from a thread that a cell has left behind.
pub type Background = Arc<dyn Fn(Output) + Send + Sync>;

/// Takes the id of a widget and its new value.
pub type Mover = Arc<dyn Fn(&str, f64) + Send + Sync>;

/// Answers cells that only ask what the session knows, from any thread, also while another cell runs.
pub trait Teller: Send + Sync {
    /// Whether the cell asks, and does nothing else.
    fn tells(&self, code: &str) -> bool;

    /// Answers such a cell.
    fn tell(&self, code: &str, sink: &mut dyn Sink) -> Outcome;
}

/// Runs cells that share their variables, items and imports.
pub trait Engine: Send {
    /// Runs one cell. A failure of the learner's code is an [`Outcome`], never a panic.
    fn execute(&mut self, cell: &Cell<'_>, sink: &mut dyn Sink) -> Outcome;

    /// The names to complete and explain, for any thread, also while a cell runs.
    fn names(&self) -> Arc<Names>;

    /// Does what is to be done when a widget was moved.
    fn react(&mut self, _reaction: &str, _: &Stop, _: &mut dyn Sink) -> Outcome {
        Outcome::Done
    }

    /// Nothing is to be done for now: looks at the variables, for who asks about their values.
    fn settle(&mut self) {}

    /// Who answers cells that only ask, where the engine has somebody for that.
    fn teller(&self) -> Option<Arc<dyn Teller>> {
        None
    }

    /// Tells cells where a widget was moved to, from any thread, also while a cell runs.
    fn mover(&self) -> Mover {
        Arc::new(|_, _| ())
    }

    /// Sets the receiver of output that comes while no cell runs. Without a receiver nobody sees it.
    fn set_background(&mut self, _: Background) {}
}
