//! What must be found or built before a cell can run: each thing in a file of its own.

pub mod checkout;
pub mod evcxr_program;
pub mod kernelspec;
pub mod lab;
pub mod prelude;
pub mod python;
pub mod toolchain;

/// How far long work is, for whoever waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is done at the moment, as a part of a sentence.
    pub what: String,
    /// Crates done, and crates in all, where that is known.
    pub crates: Option<(u64, u64)>,
}

impl Progress {
    pub fn doing(what: impl Into<String>) -> Progress {
        Progress { what: what.into(), crates: None }
    }
}

/// Told how far the work is, at least once a second.
pub type OnProgress<'a> = dyn FnMut(&Progress) + 'a;
