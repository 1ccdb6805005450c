//! The session, as those know it who answer while the engine is at a cell.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::comms::Comms;
use super::message::Usage;
use super::usage::Meter;
use crate::engine::names::Names;
use crate::engine::outcome::Outcome;
use crate::engine::{Mover, Sink, Teller};
use crate::history::History;

/// The session, as far as others may ask about it while a cell runs.
#[derive(Default)]
pub struct Session {
    names: OnceLock<Arc<Names>>,
    history: Mutex<History>,
    meter: Mutex<Meter>,
    pub comms: Comms,
    mover: OnceLock<Mover>,
    teller: OnceLock<Arc<dyn Teller>>,
    /// The number of the last cell that clients count, of all subshells.
    count: AtomicU32,
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

    /// The first one that is set stays, as with the names.
    pub fn set_teller(&self, teller: Option<Arc<dyn Teller>>) {
        if let Some(teller) = teller {
            let _ = self.teller.set(teller);
        }
    }

    /// Whether a cell only asks what is known, so that it may be answered while another one runs.
    pub fn tells(&self, code: &str) -> bool {
        code.trim_start().starts_with('?') || self.teller.get().is_some_and(|it| it.tells(code))
    }

    /// Answers such a cell.
    pub fn tell(&self, code: &str, sink: &mut dyn Sink) -> Outcome {
        self.teller.get().map_or(Outcome::Done, |it| it.tell(code, sink))
    }

    /// The next number of a cell if this one is counted, else the last one.
    pub fn count(&self, is_counted: bool) -> u32 {
        let step = u32::from(is_counted);
        self.count.fetch_add(step, Ordering::Relaxed).wrapping_add(step)
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
