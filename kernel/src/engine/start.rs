//! The start of an engine: the one place that knows which engines there are, and what may keep each
//! of them from starting.

use super::evcxr::{EvcxrEngine, EvcxrError};
use super::instant::{InstantEngine, StartError};
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
