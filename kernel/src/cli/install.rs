//! `akari install` and `akari uninstall`: the kernel's entry in Jupyter.

use std::process::ExitCode;

use anyhow::Context;

use super::{args, find_prelude, lessons, say};
use crate::setup::toolchain::Toolchain;
use crate::setup::{kernelspec, prelude};

pub fn install(arguments: &args::Install) -> anyhow::Result<ExitCode> {
    let folder = folder(&arguments.place)?;
    let toolchain = Toolchain::find()?;
    let prelude = find_prelude(&toolchain)?;
    kernelspec::write(&folder, &std::env::current_exe()?, arguments.place.engine).with_context(
        || format!("could not write `{}`; name a folder of yours with --prefix", folder.display()),
    )?;
    lessons::prepare(toolchain, &prelude);
    say(&format!(
        "installed the kernel `{}` in {}",
        kernelspec::name(arguments.place.engine),
        folder.display()
    ));
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
    say(&format!("removed {}", folder.display()));
    let home = prelude::home()?;
    if home.is_dir() {
        say(&format!(
            "left: builds and Python environment in {}; remove that folder to be rid of them",
            home.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn folder(place: &args::Place) -> anyhow::Result<std::path::PathBuf> {
    kernelspec::folder(place.prefix.as_deref())
        .map(|it| it.with_file_name(kernelspec::name(place.engine)))
        .context("this user has no data folder for Jupyter; use --prefix DIR")
}
