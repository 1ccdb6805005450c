//! The command line: what was typed, and the exit code.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::engine::{self, EngineChoice, EngineConfig};
use crate::jupyter::{self, KernelInfo};
use crate::setup::{kernelspec, prelude, toolchain::Toolchain};

/// Akari: a Jupyter kernel for learning deep learning in Rust.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the prelude if need be, and tell Jupyter about the kernel.
    Install {
        /// Install below this folder instead of the user's Jupyter data folder.
        #[arg(long)]
        prefix: Option<PathBuf>,
        /// Install for the current user (the default).
        #[arg(long, conflicts_with = "prefix")]
        user: bool,
    },
    /// Remove the kernel from Jupyter again.
    Uninstall {
        #[arg(long)]
        prefix: Option<PathBuf>,
    },
    /// Serve Jupyter; this is what Jupyter starts.
    Kernel {
        #[arg(long)]
        connection_file: PathBuf,
    },
}

/// Runs what was typed.
pub fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Install { prefix, user: _ } => {
            prelude::find_or_build(&Toolchain::find()?, |line| eprintln!("akari: {line}"))?;
            let folder = kernelspec::folder(prefix.as_deref()).context("there is no data folder for Jupyter; use --prefix")?;
            kernelspec::write(&folder, &std::env::current_exe()?).with_context(|| format!("could not write `{}`", folder.display()))?;
            println!("installed the kernel `akari` in {}", folder.display());
            Ok(())
        }
        Command::Uninstall { prefix } => {
            let folder = kernelspec::folder(prefix.as_deref()).context("there is no data folder for Jupyter; use --prefix")?;
            if !folder.is_dir() {
                anyhow::bail!("the kernel is not installed in `{}`", folder.display());
            }
            std::fs::remove_dir_all(&folder).with_context(|| format!("could not remove `{}`", folder.display()))?;
            println!("removed {}", folder.display());
            Ok(())
        }
        Command::Kernel { connection_file } => {
            let toolchain = Toolchain::find()?;
            let info = KernelInfo { rust_version: toolchain.release().to_owned() };
            let program = std::env::current_exe()?;
            let start = move || {
                let prelude = prelude::find_or_build(&toolchain, |_| {}).map_err(|error| error.to_string())?;
                let config = EngineConfig {
                    choice: EngineChoice::Instant,
                    rustc: toolchain.rustc,
                    std_folder: toolchain.std_folder,
                    prelude,
                    program,
                };
                engine::start(&config).map_err(|error| error.to_string())
            };
            Ok(jupyter::serve(&connection_file, Box::new(start), info)?)
        }
    }
}
