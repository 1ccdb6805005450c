//! `akari install` and `akari uninstall`: the kernel's entry in Jupyter.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::words::told;
use super::{args, evcxr_program, lessons, mend_prelude, say};
use crate::home;
use crate::home::manifest::Depth;
use crate::setup::toolchain::Toolchain;
use crate::setup::{kernelspec, python, stock};

/// Below it, Jupyter looks for what all users have.
const SYSTEM: &str = "/usr/local";

pub fn install(arguments: &args::Install) -> anyhow::Result<ExitCode> {
    let folder = folder(&arguments.place)?;
    let toolchain = Toolchain::find()?;
    if arguments.shared {
        home::share_home()?;
    }
    let unwritten =
        || format!("could not write `{}`; name a folder of yours with --prefix", folder.display());
    let kernel = arguments.place.engine.kernel();
    let Some(choice) = arguments.place.engine.choice() else {
        // evcxr builds the prelude by itself.
        let program = match stock::program() {
            Some(program) => program,
            None => evcxr_program::find_or_build(&toolchain)?,
        };
        let config = stock::configure()?;
        kernelspec::write_stock(&folder, &program, kernel, (stock::CONFIG, &config))
            .with_context(unwritten)?;
        say(&told("installed the kernel `{}` in {}", &[kernel.name, &folder.to_string_lossy()]));
        return Ok(ExitCode::SUCCESS);
    };
    let prelude = mend_prelude(&toolchain, Depth::Contents)?;
    evcxr_program::prepare(choice, &toolchain)?;
    kernelspec::write(&folder, &std::env::current_exe()?, kernel).with_context(unwritten)?;
    lessons::prepare(toolchain.clone(), &prelude);
    evcxr_program::ask_for(&toolchain);
    say(&told("installed the kernel `{}` in {}", &[kernel.name, &folder.to_string_lossy()]));
    if arguments.shared {
        let home = home::home()?;
        let home = home.to_string_lossy();
        say(&told("others on this machine use it with AKARI_SHARED={}", &[&home]));
    }
    Ok(ExitCode::SUCCESS)
}

pub fn uninstall(arguments: &args::Uninstall) -> anyhow::Result<ExitCode> {
    let folder = folder(&arguments.place)?;
    if !folder.join("kernel.json").is_file() {
        anyhow::bail!(
            "the kernel is not installed in `{}`; `akari doctor` says where it is",
            folder.display()
        );
    }
    std::fs::remove_dir_all(&folder)
        .with_context(|| format!("could not remove `{}`", folder.display()))?;
    say(&told("removed {}", &[&folder.to_string_lossy()]));
    let home = home::home()?;
    if home.is_dir() {
        let left =
            "left: builds and Python environment in {}; remove that folder to be rid of them";
        say(&told(left, &[&home.to_string_lossy()]));
    }
    Ok(ExitCode::SUCCESS)
}

fn folder(place: &args::Place) -> anyhow::Result<PathBuf> {
    let prefix = match place {
        args::Place { system: true, .. } => Some(PathBuf::from(SYSTEM)),
        args::Place { sys_prefix: true, .. } => {
            let none = "no Python environment is active; activate one, or name it with --prefix";
            Some(python::active_prefix().context(none)?)
        }
        args::Place { prefix, .. } => prefix.clone(),
    };
    kernelspec::folder(prefix.as_deref())
        .map(|it| it.with_file_name(place.engine.kernel().name))
        .context("this user has no data folder for Jupyter; use --prefix DIR")
}
