//! The command that opens JupyterLab. The folder of the lessons is in `lessons`.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use super::python::Lab;

/// The command that opens JupyterLab on a folder.
pub fn command(lab: &Lab, folder: &Path, has_browser: Browser, rest: &[OsString]) -> Command {
    let mut command = Command::new(&lab.program);
    if has_browser == Browser::None {
        command.arg("--no-browser");
    }
    // JupyterLab refuses to run as root unless it is told to; in a container nobody else is there.
    if is_root() && !rest.iter().any(|it| it == "--allow-root") {
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

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// Whether a browser is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    Opened,
    None,
}
