//! What the engine is told at its start: which one, where everything is that `setup` has found, and
//! where compiled cells and dependencies are kept.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::finder;
use crate::engine::{CellFolders, EngineChoice, EngineConfig};
use crate::home::write::Readers;
use crate::home::{self, HomeError};
use crate::setup::checkout::checkout;
use crate::setup::kernelspec::Kernel;
use crate::setup::toolchain::Toolchain;

/// How much room compiled cells may take, unless `AKARI_CELLS_MB` says so: some ten thousand cells.
const LIMIT_MB: u64 = 512;

/// Which engine runs the cells, as it is typed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// One direct `rustc` run per cell.
    #[default]
    Instant,
    /// evcxr, with cargo and rust-analyzer for each cell.
    Evcxr,
}

impl Choice {
    /// The engine's entry in Jupyter.
    pub fn kernel(self) -> Kernel {
        match self {
            Choice::Instant => {
                Kernel { name: "akari", display_name: "Rust (Akari)", arguments: &[] }
            }
            Choice::Evcxr => Kernel {
                name: "akari-evcxr",
                display_name: "Rust (Akari on evcxr)",
                arguments: &["--engine", "evcxr"],
            },
        }
    }

    fn engine(self) -> EngineChoice {
        match self {
            Choice::Instant => EngineChoice::Instant,
            Choice::Evcxr => EngineChoice::Evcxr,
        }
    }
}

/// What `akari install` tells Jupyter about, as it is typed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Entry {
    /// One direct `rustc` run per cell.
    #[default]
    Instant,
    /// evcxr, with cargo and rust-analyzer for each cell.
    Evcxr,
    /// evcxr's own kernel, unchanged, which loads the prelude at its start.
    Stock,
}

impl Entry {
    pub fn kernel(self) -> Kernel {
        match self.choice() {
            Some(choice) => choice.kernel(),
            None => Kernel {
                name: "akari-stock",
                display_name: "Rust (evcxr with Akari's prelude)",
                arguments: &[],
            },
        }
    }

    /// The engine, if the kernel is ours.
    pub fn choice(self) -> Option<Choice> {
        match self {
            Entry::Instant => Some(Choice::Instant),
            Entry::Evcxr => Some(Choice::Evcxr),
            Entry::Stock => None,
        }
    }
}

pub fn engine_config(
    choice: Choice,
    toolchain: Toolchain,
    prelude: PathBuf,
) -> anyhow::Result<EngineConfig> {
    Ok(EngineConfig {
        choice: choice.engine(),
        evcxr: finder::finder(toolchain.clone()),
        rustc: toolchain.rustc,
        std_folder: toolchain.std_folder,
        cells: cell_folders(),
        dependencies: dependencies(&prelude)?,
        prelude,
        program: std::env::current_exe()?,
        checkout: checkout(),
        language: None,
    })
}

/// The folders of compiled cells. One that others could write is as good as none.
fn cell_folders() -> CellFolders {
    let megabytes = std::env::var("AKARI_CELLS_MB").ok().and_then(|it| it.trim().parse().ok());
    let limit = megabytes.unwrap_or(LIMIT_MB);
    let folder = |cache: PathBuf| cache.join("cells");
    let own = home::make_home().ok().filter(|_| limit > 0);
    CellFolders {
        readers: own.as_deref().map_or(Readers::User, home::readers),
        own: own.map(folder),
        shared: home::find_shared().ok().flatten().map(folder).filter(|it| it.is_dir()),
        limit: limit << 20,
    }
}

/// The folder of what was built on top of a prelude.
fn dependencies(prelude: &Path) -> Result<PathBuf, HomeError> {
    let name = prelude.file_name().unwrap_or_default();
    Ok(home::home()?.join("deps").join(name))
}
