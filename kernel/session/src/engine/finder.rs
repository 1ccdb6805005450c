//! Where the program `akari-evcxr` is. Whoever makes the engine knows that, and gives it a [`Finder`].

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Finds the program, or says to the learner why it is not there.
#[derive(Clone)]
pub struct Finder(Arc<dyn Fn() -> Result<PathBuf, String> + Send + Sync>);

impl Finder {
    pub fn new(find: impl Fn() -> Result<PathBuf, String> + Send + Sync + 'static) -> Finder {
        Finder(Arc::new(find))
    }

    /// Asked at each need, since the program may be built while the kernel runs.
    pub fn find(&self) -> Result<PathBuf, String> {
        (self.0)()
    }
}

impl fmt::Debug for Finder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Finder")
    }
}
