//! What the engine is told at its start: which one, where everything is that `setup` has found, and
//! where compiled cells and dependencies are kept.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::finder;
use crate::engine::{CellFolders, EngineChoice, EngineConfig};
use crate::home::manifest;
use crate::home::write::Readers;
use crate::home::{self, HomeError};
use crate::platform;
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
    // A home that is not to be believed has no prelude, and is no obstacle before something is to be kept there.
    let own = home::find_home().ok().flatten();
    let name = name_of_dependencies(prelude, own.as_deref());
    Ok(home::home()?.join("deps").join(name))
}

/// Cells go with any build of a name, but a crate goes with the one that it was compiled against: where the sources of
/// candle lay is in its metadata. So what is built on a prelude of another place bears the mark of that very build.
fn name_of_dependencies(prelude: &Path, own: Option<&Path>) -> String {
    let name = prelude.file_name().unwrap_or_default().to_string_lossy();
    if own.is_some_and(|it| prelude.starts_with(it)) {
        return name.into_owned();
    }
    let manifest = manifest::read(prelude).ok();
    let library = manifest.as_ref().and_then(|it| it.files.get(&platform::prelude_file()));
    match library.and_then(|it| it.sha256.get(..8)) {
        Some(mark) => format!("{name}-{mark}"),
        None => name.into_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn dependencies_belong_to_the_build_that_they_were_compiled_against() {
        let homes = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let preludes = homes.each_ref().map(|home| home.path().join("prelude/key"));
        for (folder, text) in preludes.iter().zip(["here", "there"]) {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(platform::prelude_file()), text).unwrap();
            manifest::write(folder, "key", "rustc 1", &[]).unwrap();
        }
        let name = |index: usize, own| name_of_dependencies(&preludes[index], own);
        assert_eq!(name(0, Some(homes[0].path())), "key");
        let of_others = [name(0, None), name(1, None), name(1, Some(homes[0].path()))];
        assert!(of_others.iter().all(|it| it.starts_with("key-")), "{of_others:?}");
        assert_ne!(of_others[0], of_others[1]);
        assert_eq!(of_others[1], of_others[2]);
    }
}
