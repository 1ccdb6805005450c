//! The session, as those know it who answer while the engine is at a cell.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::comms::Comms;
use super::message::Usage;
use super::usage::Meter;
use crate::engine::Mover;
use crate::engine::names::Names;
use crate::history::History;

/// The session, as far as others may ask about it while a cell runs.
#[derive(Default)]
pub struct Session {
    names: OnceLock<Arc<Names>>,
    history: Mutex<History>,
    meter: Mutex<Meter>,
    pub comms: Comms,
    mover: OnceLock<Mover>,
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

    /// The first way that is set stays, as with the names.
    pub fn set_mover(&self, mover: Mover) {
        let _ = self.mover.set(mover);
    }

    /// Tells cells where a widget was moved to.
    pub fn move_widget(&self, widget: &str, to: f64) {
        if let Some(mover) = self.mover.get() {
            mover(widget, to);
        }
    }

    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the kernel takes of the machine now.
    pub fn usage(&self) -> Usage {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner).read()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("comms", &self.comms).finish_non_exhaustive()
    }
}
