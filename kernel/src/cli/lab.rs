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
use super::{args, lessons, mend_prelude, say, words};
use crate::engine::Language;
use crate::home::manifest::Depth;
use crate::setup::Progress;
use crate::setup::lab::{self, Browser};
use crate::setup::python::{Lab, Locale, PythonError};
use crate::setup::toolchain::Toolchain;
use crate::setup::{kernelspec, lessons as shipped, python, signing};

pub fn lab(arguments: &args::Lab) -> anyhow::Result<ExitCode> {
    let toolchain = Toolchain::find()?;
    let folder = folder(arguments, &toolchain)?;
    let language = words::language();
    let mut python = Beside::new(language);
    mend_prelude(&toolchain, Depth::Sizes, &mut |progress| {
        // rustc reads the last crate, which is the longest, on one processor; before that all are at work.
        if progress.is_last {
            python.start();
        }
    })?;
    let lab = python.wait()?;
    let signing = {
        let (lab, folder, toolchain) = (lab.clone(), folder.clone(), toolchain.clone());
        thread::spawn(move || signing::sign(&lab, &folder, toolchain.release()))
    };
    let spec = kernelspec::folder(lab.environment.as_deref())
        .context("this user has no data folder for Jupyter; set JUPYTER_DATA_DIR")?;
    kernelspec::write(&spec, &std::env::current_exe()?, Choice::default().kernel(), None)
        .with_context(|| format!("could not write `{}`", spec.display()))?;
    lessons::begin();
    let browser = if arguments.no_browser { Browser::None } else { Browser::Opened };
    let opening = "opening JupyterLab on {} (Ctrl-C twice ends it)";
    say(&words::told(opening, &[&folder.to_string_lossy()]));
    if signing.join().is_err() {
        tracing::warn!("the lessons were not signed");
    }
    let ours = lab::arguments(&lab, locale(language));
    // JupyterLab takes the place of this process, so that signals reach it.
    let error =
        lab::command(&lab, &folder, browser, &[ours, arguments.rest.clone()].concat()).exec();
    Err(error).with_context(|| format!("could not start `{}`", lab.program.display()))
}

/// JupyterLab, which another thread finds or installs.
struct Beside {
    language: Language,
    thread: Option<JoinHandle<Result<Lab, PythonError>>>,
    progress: Arc<Mutex<Option<Progress>>>,
}

impl Beside {
    fn new(language: Language) -> Beside {
        Beside { language, thread: None, progress: Arc::new(Mutex::new(None)) }
    }

    /// Lets the thread begin, unless it has.
    fn start(&mut self) {
        self.thread.get_or_insert_with(|| {
            let (told, locale) = (Arc::clone(&self.progress), locale(self.language));
            thread::spawn(move || {
                python::find_or_install_lab(locale, &mut |progress| {
                    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress.clone());
                })
            })
        });
    }

    /// Waits for it; the user sees how far it is.
    fn wait(mut self) -> anyhow::Result<Lab> {
        self.start();
        let mut reporter = Reporter::new();
        while self.thread.as_ref().is_some_and(|it| !it.is_finished()) {
            if let Some(progress) = &*self.progress.lock().unwrap_or_else(PoisonError::into_inner) {
                reporter.show(progress);
            }
            thread::sleep(Duration::from_millis(100));
        }
        reporter.finish();
        match self.thread.map(JoinHandle::join) {
            Some(Ok(lab)) => Ok(lab?),
            Some(Err(_)) | None => {
                anyhow::bail!("JupyterLab could not be looked for (this is a fault of Akari)")
            }
        }
    }
}

/// What JupyterLab calls the language, if it is another one than its own.
fn locale(language: Language) -> Option<Locale> {
    match language {
        Language::English => None,
        Language::Japanese => {
            Some(Locale { name: "ja_JP", package: "jupyterlab-language-pack-ja-JP" })
        }
    }
}

fn folder(arguments: &args::Lab, toolchain: &Toolchain) -> anyhow::Result<PathBuf> {
    let Some(folder) = &arguments.dir else {
        return shipped::folder(toolchain.release())
            .context("the lessons could not be copied to your folder for data");
    };
    if !folder.exists() {
        anyhow::bail!(words::told("there is no folder `{}`", &[&folder.to_string_lossy()]));
    }
    Ok(std::path::absolute(folder)?)
}
