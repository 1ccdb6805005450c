//! The Python that JupyterLab runs on: the one on PATH, or a private environment under the cache.
//!
//! An environment can't be moved once it is made, so a stamp file, written last, says that it is
//! whole.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use which::which;

use super::{OnProgress, Progress};
use crate::home::write::Readers;
use crate::home::{self, HomeError, trust, write};
use crate::process::logged::{self, Keep};

#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    #[error(
        "no Python was found (`python3`, or `uv`); install Python 3.9 or newer, or uv from https://docs.astral.sh/uv"
    )]
    Missing,
    #[error("JupyterLab could not be installed; the messages are in `{}` and end with\n{tail}", log.display())]
    Install { log: PathBuf, tail: String },
    #[error(
        "this Python can't make environments; on Debian and Ubuntu: sudo apt install python3-venv"
    )]
    NoVenv,
    #[error(transparent)]
    Cache(#[from] HomeError),
}

/// A JupyterLab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lab {
    pub program: PathBuf,
    /// The private environment that it is in; `None` for the user's own.
    pub environment: Option<PathBuf>,
}

/// A language of JupyterLab's menus.
#[derive(Debug, Clone, Copy)]
pub struct Locale {
    /// What JupyterLab calls it.
    pub name: &'static str,
    /// The Python package that brings it.
    pub package: &'static str,
}

/// The JupyterLab to use, if there is one.
pub fn find_lab() -> Result<Option<Lab>, PythonError> {
    // pyenv's stand-ins are there even if the Python that is active has no JupyterLab.
    if let Some(program) = which("jupyter-lab").ok().filter(|it| lab_starts(it)) {
        return Ok(Some(Lab { program, environment: None }));
    }
    let environment = environment()?;
    let program = environment.join(PROGRAM);
    let is_trusted = |it: &Path| trust::file(it).is_ok();
    let is_whole =
        is_trusted(&environment.join(STAMP)) && is_trusted(&program) && which(&program).is_ok();
    Ok(is_whole.then_some(Lab { program, environment: Some(environment) }))
}

/// Makes the private environment if it isn't there.
pub fn find_or_install_lab(
    locale: Option<Locale>,
    on_progress: &mut OnProgress<'_>,
) -> Result<Lab, PythonError> {
    let lab = find_or_make_lab(on_progress)?;
    let Some(environment) = &lab.environment else { return Ok(lab) };
    let language = locale.map(|Locale { name, package }| Part {
        name,
        package,
        what: "fetching JupyterLab's menus in your language",
    });
    for part in [WIDGETS].into_iter().chain(language) {
        // Without it JupyterLab opens the lessons too, also on a machine without network.
        if let Err(error) = add_part(environment, part, on_progress) {
            tracing::warn!("`{}` could not be fetched: {error}", part.package);
        }
    }
    Ok(lab)
}

/// What JupyterLab does without, and a learner doesn't.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// The end of its stamp's name.
    name: &'static str,
    package: &'static str,
    what: &'static str,
}

/// What draws the prelude's widgets: 0.2 MB, which need nothing else.
const WIDGETS: Part = Part {
    name: "widgets",
    package: "jupyterlab_widgets~=3.0",
    what: "fetching JupyterLab's sliders and buttons",
};

/// Fetches a part, once.
fn add_part(
    environment: &Path,
    part: Part,
    on_progress: &mut OnProgress<'_>,
) -> Result<(), PythonError> {
    let stamp = environment.join(format!("{STAMP}-{}", part.name));
    if trust::file(&stamp).is_ok() {
        return Ok(());
    }
    let cache = |source| HomeError::write(environment, source);
    let log = home::make_home()?.join("python.log");
    let mut command = add(environment, &[part.package]);
    install(part.what, &mut command, &log, on_progress)?;
    write::file(&stamp, &[b"made by `akari lab`\n"], Readers::User).map_err(cache)?;
    Ok(())
}

fn find_or_make_lab(on_progress: &mut OnProgress<'_>) -> Result<Lab, PythonError> {
    if let Some(lab) = find_lab()? {
        return Ok(lab);
    }
    let home = home::make_home()?;
    let cache = |source| HomeError::write(&home, source);
    let waiting = Progress::doing("waiting for another `akari`, which installs the same");
    let lock = home::lock(&home.join("python.lock"), &mut || on_progress(&waiting));
    let _lock = lock.map_err(cache)?;
    if let Some(lab) = find_lab()? {
        return Ok(lab);
    }
    let environment = environment()?;
    match fs::remove_dir_all(&environment) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cache(error).into()),
        _ => {}
    }
    let log = home.join("python.log");
    for (what, mut command) in steps(&environment)? {
        install(what, &mut command, &log, on_progress)?;
    }
    let program = environment.join(PROGRAM);
    write::file(&environment.join(STAMP), &[b"made by `akari lab`\n"], Readers::User)
        .map_err(cache)?;
    Ok(Lab { program, environment: Some(environment) })
}

const STAMP: &str = "akari-stamp";

/// JupyterLab in its environment.
const PROGRAM: &str = "bin/jupyter-lab";

fn environment() -> Result<PathBuf, PythonError> {
    Ok(home::home()?.join("python"))
}

fn starts(program: &Path) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|it| it.status.success())
}

/// Whether a `jupyter-lab` can be started.
///
/// A JupyterLab that is asked for its version takes as long as one that starts. A program that pip has made names its
/// Python in the first line, and Python only says whether it finds the package.
fn lab_starts(program: &Path) -> bool {
    let Some(python) = interpreter(program) else { return starts(program) };
    // The first folder is the one that the user is in, which may hold anything.
    const ASK: &str = "import sys; del sys.path[0]; from importlib.util import find_spec; sys.exit(find_spec('jupyterlab') is None)";
    Command::new(python).args(["-c", ASK]).output().is_ok_and(|it| it.status.success())
}

/// The Python in the first line of a script, if it is no other program (as in pyenv's stand-ins).
fn interpreter(script: &Path) -> Option<PathBuf> {
    let mut line = String::new();
    BufReader::new(fs::File::open(script).ok()?).take(4096).read_line(&mut line).ok()?;
    let program = PathBuf::from(line.strip_prefix("#!")?.trim_end());
    let name = program.file_name()?.to_str()?;
    (program.is_absolute() && name.starts_with("python")).then_some(program)
}

/// The commands that make the environment.
fn steps(environment: &Path) -> Result<Vec<(&'static str, Command)>, PythonError> {
    const VENV: &str = "making a private Python environment";
    const LAB: &str = "installing JupyterLab (about 200 MB, once)";
    const FIRST: &str = "starting JupyterLab for the first time";
    let lab = add(environment, &LAB_PACKAGES);
    // Python compiles what it imports, for which the learner would have to wait later.
    let mut first = Command::new(environment.join(PROGRAM));
    first.arg("--version");
    if let Ok(uv) = which("uv") {
        let mut venv = Command::new(&uv);
        venv.arg("venv").arg(environment);
        return Ok(vec![(VENV, venv), (LAB, lab), (FIRST, first)]);
    }
    let python =
        ["python3", "python"].into_iter().filter_map(|it| which(it).ok()).find(|it| starts(it));
    let mut venv = Command::new(python.ok_or(PythonError::Missing)?);
    venv.args(["-m", "venv"]).arg(environment);
    Ok(vec![(VENV, venv), (LAB, lab), (FIRST, first)])
}

/// JupyterLab, with a jsonschema that makes no parser of international addresses at each start, as those from 4.25 on do.
///
/// Making the parser took half of the time until JupyterLab serves, and nothing in JupyterLab looks at such an address.
const LAB_PACKAGES: [&str; 2] = ["jupyterlab", "jsonschema<4.25"];

/// The command that adds packages to the environment.
fn add(environment: &Path, packages: &[&str]) -> Command {
    let python = environment.join("bin").join("python");
    if let Ok(uv) = which("uv") {
        let mut command = Command::new(uv);
        command.args(["pip", "install", "--python"]).arg(python).args(packages);
        return command;
    }
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"]);
    // JupyterLab uses a part of what is installed; Python compiles a module when it is first imported.
    command.arg("--no-compile").args(packages);
    command
}

fn install(
    what: &str,
    command: &mut Command,
    log: &Path,
    on_progress: &mut OnProgress<'_>,
) -> Result<(), PythonError> {
    let mut progress = Progress::doing(what);
    on_progress(&progress);
    command
        .env_remove("PYTHONHOME")
        .env_remove("PYTHONPATH")
        .env_remove("VIRTUAL_ENV")
        // Python keeps the modules that it compiles in this environment, also for a user who wants none kept elsewhere.
        .env_remove("PYTHONDONTWRITEBYTECODE")
        .env("PYTHONUNBUFFERED", "1");
    let mut command = private(command);
    let ended = logged::run(&mut command, log, &mut |event| {
        if let logged::Event::Stdout(line) | logged::Event::Stderr(line) = event {
            let line: String = line.trim().chars().take(60).collect();
            progress.what = format!("{what}: {line}");
        }
        on_progress(&progress);
        Keep::InLog
    });
    let ended = ended.map_err(|source| HomeError::write(log, source))?;
    let tail = ended.tail(8);
    match ended.status.success() {
        true => Ok(()),
        false if tail.contains("ensurepip is not") => Err(PythonError::NoVenv),
        false => Err(PythonError::Install { log: log.to_owned(), tail }),
    }
}

/// The same command, whose files nobody else can write whatever the user's umask is: the programs
/// among them are run.
fn private(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 022; exec \"$0\" \"$@\""]).arg(command.get_program());
    shell.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// The folder of the Python that is active: what its `sys.prefix` is.
pub fn active_prefix() -> Option<PathBuf> {
    let python = ["python3", "python"].into_iter().filter_map(|it| which(it).ok());
    python.into_iter().find_map(|python| {
        let output = Command::new(python).args(["-c", "import sys; print(sys.prefix)"]).output();
        let prefix = String::from_utf8(output.ok()?.stdout).ok()?;
        Some(PathBuf::from(prefix.trim_end())).filter(|it| it.is_absolute())
    })
}

/// The data folders of the Jupyter on PATH, as that names them.
pub fn data_folders() -> Vec<PathBuf> {
    let ask = || {
        let output = Command::new(which("jupyter").ok()?).args(["--paths", "--json"]).output();
        let paths: Paths = serde_json::from_slice(&output.ok()?.stdout).ok()?;
        Some(paths.data)
    };
    ask().unwrap_or_default()
}

/// The part of `jupyter --paths --json` that is read.
#[derive(Deserialize)]
struct Paths {
    data: Vec<PathBuf>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_its_python_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("jupyter-lab");
        let first_line = |text: &[u8]| {
            fs::write(&script, text).unwrap();
            interpreter(&script)
        };
        let python = |path: &str| Some(PathBuf::from(path));
        assert_eq!(
            first_line(b"#!/opt/a b/bin/python3.11\nimport re\n"),
            python("/opt/a b/bin/python3.11")
        );
        assert_eq!(first_line(b"#!/usr/bin/python\r\n"), python("/usr/bin/python"));
        let others: [&[u8]; 5] = [
            b"#!/usr/bin/env bash\n",
            b"#!/bin/sh\n'exec' /a/python",
            b"\x7fELF\xff",
            b"",
            b"#!python\n",
        ];
        for other in others {
            assert_eq!(first_line(other), None);
        }
    }
}
