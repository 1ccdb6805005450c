//! The start of the engine: a thread of its own finds or builds what the engine needs, while cells
//! that wait see how far the thread has come, and can be interrupted.
//!
//! The engine itself is made, and lives, on the thread of `execution`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::{self, Engine, EngineConfig};

/// Finds or builds what the engine needs, and reports how far it has come. After a failure the next
/// cell calls it again.
pub type Preparation = Arc<Mutex<Prepare>>;
pub type Prepare = dyn FnMut(&mut dyn FnMut(String)) -> Result<EngineConfig, String> + Send;

/// How often a waiting cell looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(50);

pub enum Step {
    Progress(String),
    Prepared(Result<Box<EngineConfig>, String>),
}

/// An engine on its way, in place, or impossible.
pub enum Startup {
    Preparing {
        steps: Receiver<Step>,
        progress: Option<String>,
    },
    Ready(Box<dyn Engine>),
    /// The reason, for the learner.
    Failed(String),
}

impl Startup {
    pub fn begin(prepare: Preparation) -> Startup {
        let (sender, steps) = channel();
        let spawned = std::thread::Builder::new().name("startup".into()).spawn(move || {
            let mut report = |text| drop(sender.send(Step::Progress(text)));
            let mut prepare = prepare.lock().unwrap_or_else(PoisonError::into_inner);
            let prepared = catch_unwind(AssertUnwindSafe(|| prepare(&mut report)));
            let prepared = prepared.unwrap_or_else(|_| Err("the search for it panicked".into()));
            // Sending fails if the kernel ends.
            let _ = sender.send(Step::Prepared(prepared.map(Box::new)));
        });
        match spawned {
            Ok(_) => Startup::Preparing { steps, progress: None },
            Err(error) => Startup::Failed(format!("could not start a thread: {error}")),
        }
    }

    /// Begins again after a failure: the learner may have mended what was missing.
    pub fn try_again(&mut self, prepare: &Preparation) {
        if matches!(self, Startup::Failed(_)) {
            *self = Startup::begin(Arc::clone(prepare));
        }
    }

    pub fn is_preparing(&self) -> bool {
        matches!(self, Startup::Preparing { .. })
    }

    /// The progress of a start that takes long enough to be reported.
    pub fn progress(&self) -> Option<&str> {
        match self {
            Startup::Preparing { progress, .. } => progress.as_deref(),
            Startup::Ready(_) | Startup::Failed(_) => None,
        }
    }

    /// Waits a moment for the next step, and makes the engine when everything is there.
    pub fn advance(&mut self) {
        let Startup::Preparing { steps, progress } = self else { return };
        let prepared = match steps.recv_timeout(LOOK) {
            Ok(Step::Progress(text)) => {
                *progress = Some(text);
                return;
            }
            Err(RecvTimeoutError::Timeout) => return,
            Ok(Step::Prepared(prepared)) => prepared,
            Err(RecvTimeoutError::Disconnected) => Err("the search for it ended".into()),
        };
        *self = match prepared.and_then(|config| start(&config)) {
            Ok(engine) => Startup::Ready(engine),
            Err(text) => Startup::Failed(text),
        };
    }
}

fn start(config: &EngineConfig) -> Result<Box<dyn Engine>, String> {
    let started = catch_unwind(AssertUnwindSafe(|| engine::start::start(config)));
    let started = started.map_err(|_| "the engine panicked at its start".to_owned())?;
    started.map_err(|error| error.to_string())
}
