//! Whether a layer is being trained.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a layer is being trained; it can be set through a shared reference.
///
/// A clone is another name for the same: all clones of a layer are in the same mode.
#[derive(Clone)]
pub struct Mode(Arc<AtomicBool>);

impl Mode {
    /// Whether the layer is being trained.
    pub fn is_training(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Says whether the layer is being trained.
    pub fn set(&self, training: bool) {
        self.0.store(training, Ordering::Relaxed);
    }

    pub(super) fn is_same(&self, other: &Mode) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Layers begin in training, as in PyTorch.
impl Default for Mode {
    fn default() -> Self {
        Mode(Arc::new(AtomicBool::new(true)))
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_training() { "training" } else { "eval" })
    }
}
