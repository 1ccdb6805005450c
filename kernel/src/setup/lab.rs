//! The command that opens JupyterLab, and how our own one looks. The folder of the lessons is in `lessons`.
//!
//! A JupyterLab of the user's stays as it is. The private one asks nobody for news or versions, speaks the learner's
//! language, and has the table of contents beside the lesson; what the learner then sets there goes before all that.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::python::{Lab, Locale};
use crate::home::write::{self, Readers};

const SETTINGS: &str = include_str!("lab/settings.json");
/// The workspace before the learner has moved anything: files at the left, the table of contents at the right.
const WORKSPACE: &str = include_str!("lab/workspace.json");

/// The arguments that make a private JupyterLab look so; none for another one.
pub fn arguments(lab: &Lab, locale: Option<Locale>) -> Vec<OsString> {
    let Some(environment) = &lab.environment else { return Vec::new() };
    // Without these files JupyterLab looks as it always does, which is no reason to stop.
    prepare(environment, locale).unwrap_or_else(|error| {
        tracing::warn!("JupyterLab's settings could not be written: {error}");
        Vec::new()
    })
}

fn prepare(environment: &Path, locale: Option<Locale>) -> io::Result<Vec<OsString>> {
    let folder = environment.join("akari-lab");
    let (settings, workspaces) = (folder.join("settings"), folder.join("workspaces"));
    for folder in [&settings, &workspaces] {
        write::folder(folder, Readers::User)?;
    }
    let text = overrides(locale);
    write::file(&settings.join("overrides.json"), &[text.as_bytes()], Readers::User)?;
    let mut arguments = vec![argument("app_settings_dir", &settings)];
    // Who has said where workspaces are finds them there.
    if std::env::var_os("JUPYTERLAB_WORKSPACES_DIR").is_none() {
        // The name is JupyterLab's own for the workspace that it opens by itself.
        let workspace = workspaces.join("default-37a8.jupyterlab-workspace");
        if !fs::exists(&workspace)? {
            write::file(&workspace, &[WORKSPACE.as_bytes()], Readers::User)?;
        }
        arguments.push(argument("workspaces_dir", &workspaces));
    }
    Ok(arguments)
}

fn argument(name: &str, folder: &Path) -> OsString {
    let mut argument = OsString::from(format!("--LabApp.{name}="));
    argument.push(folder);
    argument
}

/// What the settings are where the learner has set nothing.
fn overrides(locale: Option<Locale>) -> String {
    let locale = format!("\"locale\": \"{}\"", locale.map_or("default", |it| it.name));
    SETTINGS.replace("\"locale\": \"default\"", &locale)
}

/// The command that opens JupyterLab on a folder.
pub fn command(lab: &Lab, folder: &Path, has_browser: Browser, rest: &[OsString]) -> Command {
    let mut command = Command::new(&lab.program);
    if has_browser == Browser::None {
        command.arg("--no-browser");
    }
    // JupyterLab refuses to run as root unless it is told to; in a container nobody else is there.
    if rustix::process::geteuid().is_root() && !rest.iter().any(|it| it == "--allow-root") {
        command.arg("--allow-root");
    }
    command.args(rest).arg(folder);
    if let Some(bin) = lab.environment.as_ref().and_then(|_| lab.program.parent()) {
        // JupyterLab looks for `jupyter` and its parts on PATH.
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let paths = [bin.to_owned()].into_iter().chain(std::env::split_paths(&paths));
        if let Ok(paths) = std::env::join_paths(paths) {
            command.env("PATH", paths);
        }
    }
    command
}

/// Whether a browser is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    Opened,
    None,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn settings_are_json_in_the_learners_language() {
        let locale = |locale| {
            let settings: Value = serde_json::from_str(&overrides(locale)).unwrap();
            settings["@jupyterlab/translation-extension:plugin"]["locale"].clone()
        };
        assert_eq!(locale(None), "default");
        assert_eq!(locale(Some(Locale { name: "ja_JP", package: "" })), "ja_JP");
        assert!(serde_json::from_str::<Value>(WORKSPACE).is_ok());
    }
}
