//! `akari lab`: from nothing to JupyterLab with the lessons open.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context;

use super::config::Choice;
use super::progress::Reporter;
use super::{args, evcxr_program, lessons, mend_prelude, say};
use crate::home::manifest::Depth;
use crate::setup::Progress;
use crate::setup::lab::{self, Browser};
use crate::setup::python::{Lab, PythonError};
use crate::setup::toolchain::Toolchain;
use crate::setup::{kernelspec, lessons as shipped, python};

pub fn lab(arguments: &args::Lab) -> anyhow::Result<ExitCode> {
    let folder = folder(arguments)?;
    let toolchain = Toolchain::find()?;
    // JupyterLab is fetched while the compiler works.
    let python = Beside::start();
    let prelude = mend_prelude(&toolchain, Depth::Sizes)?;
    let lab = python.wait()?;
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

/// JupyterLab, which another thread finds or installs.
struct Beside {
    thread: JoinHandle<Result<Lab, PythonError>>,
    progress: Arc<Mutex<Option<Progress>>>,
}

impl Beside {
    fn start() -> Beside {
        let progress = Arc::new(Mutex::new(None));
        let told = Arc::clone(&progress);
        let thread = thread::spawn(move || {
            python::find_or_install_lab(&mut |progress| {
                *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress.clone());
            })
        });
        Beside { thread, progress }
    }

    /// Waits for it; the user sees how far it is.
    fn wait(self) -> anyhow::Result<Lab> {
        let mut reporter = Reporter::new();
        while !self.thread.is_finished() {
            if let Some(progress) = &*self.progress.lock().unwrap_or_else(PoisonError::into_inner) {
                reporter.show(progress);
            }
            thread::sleep(Duration::from_millis(100));
        }
        reporter.finish();
        match self.thread.join() {
            Ok(lab) => Ok(lab?),
            Err(_) => {
                anyhow::bail!("JupyterLab could not be looked for (this is a fault of Akari)")
            }
        }
    }
}

fn folder(arguments: &args::Lab) -> anyhow::Result<PathBuf> {
    let Some(folder) = &arguments.dir else {
        return shipped::folder()
            .context("the lessons could not be copied to your folder for data");
    };
    if !folder.exists() {
        anyhow::bail!("there is no folder `{}`", folder.display());
    }
    Ok(std::path::absolute(folder)?)
}
