//! The Rust toolchain that compiles cells: found once, without rustup's stand-ins afterwards.
//!
//! `ask` asks the programs themselves, `known` remembers what they said the last time.

mod ask;
mod known;

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The oldest release that can build the prelude: `1.95`.
const NEEDED: &str = env!("CARGO_PKG_RUST_VERSION");

#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    #[error(
        "no Rust toolchain was found (`{program}` did not start: {source}); this line installs one (https://rustup.rs says more): {}",
        install_line()
    )]
    Missing { program: String, source: io::Error },
    #[error("`{program}` failed: {text}; `rustup toolchain install {NEEDED}` may mend it")]
    Failed { program: String, text: String },
    #[error(
        "rustc {found} is too old, Akari needs {NEEDED} or newer; `rustup toolchain install {NEEDED}` brings it"
    )]
    Old { found: String },
}

/// What is run in a terminal where there is no rustup. Kernels find the toolchain in the home, without a new login.
pub fn install_line() -> String {
    format!(
        "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --default-toolchain {}",
        pinned()
    )
}

/// The toolchain that Akari is built and tested with.
pub fn pinned() -> &'static str {
    let file = include_str!(concat!(env!("OUT_DIR"), "/toolchain.toml"));
    file.lines()
        .find_map(|line| line.strip_prefix("channel = "))
        .map_or("stable", |it| it.trim_matches('"'))
}

/// A toolchain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toolchain {
    pub rustc: PathBuf,
    pub cargo: PathBuf,
    /// `rustc -vV`, which tells one toolchain from another.
    pub version: String,
    /// The folder of the standard library's shared object.
    pub std_folder: PathBuf,
}

impl Toolchain {
    /// The toolchain of `RUSTC`, or else the one on PATH, or else rustup's.
    pub fn find() -> Result<Toolchain, ToolchainError> {
        if let Some(toolchain) = known::recall() {
            return Ok(toolchain);
        }
        let toolchain = ask::ask()?;
        known::remember(&toolchain);
        Ok(toolchain)
    }

    /// `1.95.0`
    pub fn release(&self) -> &str {
        self.version.lines().find_map(|line| line.strip_prefix("release: ")).unwrap_or("unknown")
    }
}

#[cfg(test)]
impl Toolchain {
    /// One that tests name, and nobody runs.
    pub fn of_nobody() -> Toolchain {
        Toolchain {
            rustc: "rustc".into(),
            cargo: "cargo".into(),
            version: "rustc 1".to_owned(),
            std_folder: "std".into(),
        }
    }
}
