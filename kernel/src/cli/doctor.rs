//! `akari doctor`: what is there, what is missing, and the command that mends it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::words::{told, whole};
use super::{args, classroom, install, say};
use crate::home::manifest::Depth;
use crate::home::write::Readers;
use crate::home::{self, HomeError};
use crate::setup::evcxr_program::{self, State};
use crate::setup::kernelspec::Entry;
use crate::setup::prelude::PreludeError;
use crate::setup::toolchain::{Toolchain, ToolchainError, install_line, pinned};
use crate::setup::{kernelspec, prelude, python};

/// One thing that Akari needs.
enum Finding {
    Ok(String),
    /// What is missing, and the command that mends it.
    Missing(String, String),
    /// What is there and can't be used, with the way out.
    Unfit(String),
}

pub fn doctor(arguments: &args::Doctor) -> anyhow::Result<ExitCode> {
    if arguments.classroom {
        return classroom::classroom(&kernel_folders());
    }
    let toolchain = Toolchain::find();
    let rows = [
        ("toolchain", Some(toolchain_finding(&toolchain))),
        ("prelude", Some(prelude_finding(toolchain.as_ref().ok()))),
        ("analyser", toolchain.as_ref().ok().map(analyser_finding)),
        ("shared", shared_finding()),
        ("cache", Some(cache_finding())),
        ("kernel", Some(kernel_finding())),
        ("jupyter", Some(jupyter_finding())),
        ("log", log_finding()),
    ];
    let mut is_whole = true;
    for (name, finding) in rows.into_iter().filter_map(|(name, it)| Some((name, it?))) {
        is_whole &= matches!(finding, Finding::Ok(_));
        let name = format!("{name:<10}");
        say(&match finding {
            Finding::Ok(text) => told("ok       {} {}", &[&name, &whole(&text)]),
            Finding::Unfit(text) => told("unfit    {} {}", &[&name, &whole(&text)]),
            Finding::Missing(text, command) => {
                let (text, indent, command) = (whole(&text), " ".repeat(20), whole(&command));
                told("missing  {} {}\n{}mend it with: {}", &[&name, &text, &indent, &command])
            }
        });
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn toolchain_finding(toolchain: &Result<Toolchain, ToolchainError>) -> Finding {
    let install = format!("rustup toolchain install {}", pinned());
    match toolchain {
        Err(ToolchainError::Missing { .. }) => {
            Finding::Missing("no Rust toolchain was found".into(), install_line())
        }
        Err(error) => Finding::Missing(error.to_string(), install),
        Ok(toolchain) if toolchain.release() == pinned() => {
            Finding::Ok(format!("rustc {} ({})", toolchain.release(), toolchain.rustc.display()))
        }
        Ok(toolchain) => Finding::Ok(format!(
            "rustc {} ({}); Akari is tested with {}",
            toolchain.release(),
            toolchain.rustc.display(),
            pinned()
        )),
    }
}

fn prelude_finding(toolchain: Option<&Toolchain>) -> Finding {
    let Some(toolchain) = toolchain else {
        return Finding::Missing(
            "not to be told without a toolchain".into(),
            "the line above".into(),
        );
    };
    // A failure of this question is one of the next as well.
    let unfit = prelude::unfit(toolchain, Depth::Contents).ok().flatten();
    match prelude::find(toolchain, Depth::Contents) {
        Ok(Some(folder)) => {
            let (folder, size) = (folder.display(), size(&folder) >> 20);
            Finding::Ok(match unfit {
                Some(why) => format!("{folder} ({size} MB); {why}"),
                None => format!("{folder} ({size} MB)"),
            })
        }
        Ok(None) => {
            let text = "not built for this toolchain and version";
            let text = unfit.map_or(text.to_owned(), |why| format!("{text}; {why}"));
            Finding::Missing(text, "akari install".into())
        }
        Err(PreludeError::Damaged(damaged)) => {
            Finding::Missing(damaged.to_string(), "akari install".into())
        }
        // The text says the way out, which the command would only repeat.
        Err(error) => Finding::Unfit(error.to_string()),
    }
}

/// The program that completes fields and methods, and is the engine `evcxr`.
fn analyser_finding(toolchain: &Toolchain) -> Finding {
    let install = "akari install".to_owned();
    match evcxr_program::state(toolchain) {
        Ok(State::Built(program)) => Finding::Ok(program.display().to_string()),
        Ok(State::Building) => Finding::Ok("is being built, which takes some minutes".into()),
        Ok(State::Failed(log)) => {
            let text = format!("could not be built; cargo's messages are in {}", log.display());
            Finding::Missing(text, install)
        }
        Ok(State::Wanted | State::Missing) => Finding::Missing(
            "not built (without it Tab knows nothing of other crates' types)".into(),
            install,
        ),
        Err(error) => Finding::Unfit(error.to_string()),
    }
}

/// Only where there is to be a shared cache.
fn shared_finding() -> Option<Finding> {
    let named = std::env::var_os("AKARI_SHARED").filter(|it| !it.is_empty())?;
    Some(match home::find_shared() {
        Ok(Some(shared)) => Finding::Ok(format!("{} is read", shared.display())),
        Ok(None) => Finding::Missing(
            format!("there is no folder `{}`, which AKARI_SHARED names", named.display()),
            "unset AKARI_SHARED".into(),
        ),
        Err(error) => Finding::Unfit(error.to_string()),
    })
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|it| it.metadata().ok()).map(|it| it.len()).sum()
}

fn cache_finding() -> Finding {
    let home = match home::home() {
        Ok(home) => home,
        Err(error) => {
            return Finding::Missing(error.to_string(), "export AKARI_HOME=FOLDER".into());
        }
    };
    if let Err(error @ HomeError::Untrusted(_)) = home::find_home() {
        return Finding::Unfit(error.to_string());
    }
    // The nearest folder that exists is where the cache would be made.
    let existing = home.ancestors().find(|it| it.is_dir()).unwrap_or(&home);
    match tempfile::tempfile_in(existing) {
        Ok(_) if home::readers(&home) == Readers::Everybody => Finding::Ok(format!(
            "{} can be written, and is shared: others read the cells that run with it",
            home.display()
        )),
        Ok(_) => Finding::Ok(format!("{} can be written", home.display())),
        Err(error) => {
            let text = format!("{} can't be written ({})", home.display(), error.kind());
            Finding::Missing(text, "export AKARI_HOME=FOLDER, with a folder of yours".into())
        }
    }
}

fn kernel_finding() -> Finding {
    let folders = kernel_folders();
    let entry = folders.iter().find_map(|folder| Some((folder, Entry::read(folder)?)));
    match entry.as_ref().and_then(|(folder, entry)| Some((folder, entry.program()?))) {
        Some((folder, program)) if which::which(program).is_ok() => {
            Finding::Ok(format!("{} (starts {})", folder.display(), program.display()))
        }
        Some((folder, program)) => Finding::Missing(
            format!("{} names `{}`, which is not there", folder.display(), program.display()),
            "akari install".into(),
        ),
        None => {
            Finding::Missing("Jupyter doesn't know the kernel yet".into(), "akari install".into())
        }
    }
}

/// Where Jupyter looks, with the private environment; also where there is no Jupyter on this user's PATH.
fn kernel_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = kernelspec::folder(None).into_iter().collect();
    let lab = python::find_lab().ok().flatten();
    folders.extend(lab.and_then(|it| kernelspec::folder(Some(&it.environment?))));
    folders.extend(python::data_folders().into_iter().map(|it| it.join("kernels").join("akari")));
    folders.extend(kernelspec::folder(Some(Path::new(install::SYSTEM))));
    folders
}

fn jupyter_finding() -> Finding {
    match python::find_lab() {
        Ok(Some(lab)) if lab.environment.is_some() => {
            Finding::Ok(format!("{} (private environment)", lab.program.display()))
        }
        Ok(Some(lab)) => Finding::Ok(lab.program.display().to_string()),
        Ok(None) => {
            Finding::Missing("no JupyterLab (`akari run` works without)".into(), "akari lab".into())
        }
        Err(error) => Finding::Missing(error.to_string(), "akari lab".into()),
    }
}

/// Where the log is; none if there can't be one.
fn log_finding() -> Option<Finding> {
    let log = home::log::path(&home::home().ok()?);
    let more = "AKARI_LOG=debug says more";
    Some(Finding::Ok(match fs::metadata(&log) {
        Ok(metadata) => format!("{} ({} KB; {more})", log.display(), metadata.len().div_ceil(1024)),
        Err(_) => format!("{}, once there is something to say ({more})", log.display()),
    }))
}
