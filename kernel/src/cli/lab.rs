//! `akari lab`: from nothing to JupyterLab with the lessons open.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::config::Choice;
use super::progress::Reporter;
use super::{args, evcxr_program, lessons, mend_prelude, say};
use crate::home::manifest::Depth;
use crate::setup::lab::{self, Browser};
use crate::setup::toolchain::Toolchain;
use crate::setup::{kernelspec, python};

pub fn lab(arguments: &args::Lab) -> anyhow::Result<ExitCode> {
    let folder = folder(arguments)?;
    let toolchain = Toolchain::find()?;
    let prelude = mend_prelude(&toolchain, Depth::Sizes)?;
    let mut reporter = Reporter::new();
    let lab = python::find_or_install_lab(&mut |progress| reporter.show(progress))?;
    reporter.finish();
    let spec = kernelspec::folder(lab.environment.as_deref())
        .context("this user has no data folder for Jupyter; set JUPYTER_DATA_DIR")?;
    kernelspec::write(&spec, &std::env::current_exe()?, Choice::default().kernel())
        .with_context(|| format!("could not write `{}`", spec.display()))?;
    lessons::prepare(toolchain.clone(), &prelude);
    evcxr_program::ask_for(&toolchain);
    let browser = if arguments.no_browser { Browser::None } else { Browser::Opened };
    say(&format!("opening JupyterLab on {} (Ctrl-C twice ends it)", folder.display()));
    // JupyterLab takes the place of this process, so that signals reach it.
    let error = lab::command(&lab, &folder, browser, &arguments.rest).exec();
    Err(error).with_context(|| format!("could not start `{}`", lab.program.display()))
}

fn folder(arguments: &args::Lab) -> anyhow::Result<PathBuf> {
    let Some(folder) = &arguments.dir else {
        return Ok(lab::lessons()?);
    };
    if !folder.exists() {
        anyhow::bail!("there is no folder `{}`", folder.display());
    }
    Ok(std::path::absolute(folder)?)
}
