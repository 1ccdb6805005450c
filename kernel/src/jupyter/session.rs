//! The session, as those know it who answer while the engine is at a cell.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::message::Usage;
use super::usage::Meter;
use crate::engine::names::Names;
use crate::history::History;

/// The session, as far as others may ask about it while a cell runs.
#[derive(Debug, Default)]
pub struct Session {
    names: OnceLock<Arc<Names>>,
    history: Mutex<History>,
    meter: Mutex<Meter>,
}

impl Session {
    /// A session that adds to a history.
    pub fn with(history: History) -> Session {
        Session { history: Mutex::new(history), ..Session::default() }
    }

    /// Before the engine has started nothing but the language is known.
    pub fn names(&self) -> Arc<Names> {
        self.names.get().cloned().unwrap_or_default()
    }

    /// The first names that are set stay; an engine has one set of them for its whole life.
    pub fn set_names(&self, names: Arc<Names>) {
        let _ = self.names.set(names);
    }

    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the kernel takes of the machine now.
    pub fn usage(&self) -> Usage {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner).read()
    }
}
