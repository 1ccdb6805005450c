//! The start of an engine: the one place that knows which engines there are, and what may keep each
//! of them from starting.

use std::path::Path;

use super::evcxr::{EvcxrEngine, EvcxrError};
use super::exported::{Part, Program, ProgramError};
use super::instant::hidden::{self, HiddenError};
use super::instant::{InstantEngine, StartError};
use super::stop::Stop;
use super::{Engine, EngineChoice, EngineConfig};
use crate::home::manifest::{self, Damaged, Depth};

/// Why an engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Instant(#[from] StartError),
    #[error(transparent)]
    Evcxr(#[from] EvcxrError),
    #[error("{0}; run `akari install`, which builds it again")]
    Damaged(#[source] Damaged),
}

/// Why a notebook can't become a program: no engine started, or what the engine said.
#[derive(Debug)]
pub enum ProgramStart {
    Engine(EngineError),
    Program(ProgramError),
}

/// A notebook as a program. The engine compiles its cells, and runs none.
pub fn program(
    config: &EngineConfig,
    parts: &[Part],
    stop: &Stop,
) -> Result<Program, ProgramStart> {
    let engine = InstantEngine::start(config).map_err(|error| ProgramStart::Engine(error.into()));
    engine?.program(parts, stop).map_err(ProgramStart::Program)
}

/// The hidden tests in a file as a library, compiled as cells are.
pub fn hidden_tests(config: &EngineConfig, file: &Path) -> Result<Vec<u8>, HiddenError> {
    hidden::compile(config, file)
}

/// Starts an engine with an empty session. Where that fails because the prelude is damaged, the
/// error says so.
pub fn start(config: &EngineConfig) -> Result<Box<dyn Engine>, EngineError> {
    start_chosen(config).map_err(|error| match manifest::check(&config.prelude, Depth::Contents) {
        Err(damaged) => EngineError::Damaged(damaged),
        Ok(_) => error,
    })
}

fn start_chosen(config: &EngineConfig) -> Result<Box<dyn Engine>, EngineError> {
    Ok(match config.choice {
        EngineChoice::Instant => Box::new(InstantEngine::start(config)?),
        EngineChoice::Evcxr => Box::new(EvcxrEngine::start(config)?),
    })
}
