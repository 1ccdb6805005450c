//! Asking rustc and rustup where the toolchain is, and whether it is new enough.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{NEEDED, Toolchain, ToolchainError};
use crate::setup::checkout::checkout;

/// Asks for the toolchain of `RUSTC`, or else for the one on PATH, or else for rustup's.
pub fn ask() -> Result<Toolchain, ToolchainError> {
    let (stand_in, sysroot) = sysroot()?;
    let own = |name: &str| Some(sysroot.join("bin").join(name)).filter(|path| path.is_file());
    let rustc = own("rustc").unwrap_or_else(|| stand_in.into());
    let program = rustc.to_string_lossy().into_owned();
    let toolchain = Toolchain {
        version: question(&program, &["-vV"])?,
        std_folder: question(&program, &["--print", "target-libdir"])?.into(),
        cargo: own("cargo").unwrap_or_else(|| "cargo".into()),
        rustc,
    };
    match is_new_enough(toolchain.release(), NEEDED) {
        true => Ok(toolchain),
        false => Err(ToolchainError::Old { found: toolchain.release().to_owned() }),
    }
}

/// A `rustc` that starts, and the folder of its toolchain.
fn sysroot() -> Result<(String, PathBuf), ToolchainError> {
    let named = std::env::var("RUSTC").ok().filter(|it| !it.is_empty());
    let first = named.clone().unwrap_or_else(|| "rustc".to_owned());
    let error = match question(&first, &["--print", "sysroot"]) {
        Ok(sysroot) => return Ok((first, sysroot.into())),
        Err(error) => error,
    };
    // A Jupyter started from a desktop doesn't have rustup's folder on PATH.
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home =
        cargo_home.or_else(|| Some(directories::BaseDirs::new()?.home_dir().join(".cargo")));
    match cargo_home
        .map(|it| it.join("bin").join("rustc"))
        .filter(|it| named.is_none() && it.is_file())
    {
        Some(rustc) if matches!(error, ToolchainError::Missing { .. }) => {
            let rustc = rustc.to_string_lossy().into_owned();
            question(&rustc, &["--print", "sysroot"]).map(|sysroot| (rustc, sysroot.into()))
        }
        _ => Err(error),
    }
}

/// Asks in the checkout, whose `rust-toolchain.toml` rustup follows: the same toolchain everywhere.
/// Where that one isn't installed, any other that is new enough will do.
fn question(program: &str, arguments: &[&str]) -> Result<String, ToolchainError> {
    let checkout = checkout();
    let is_found_anywhere = Path::new(program).is_absolute() || !program.contains('/');
    if checkout.is_dir() && is_found_anywhere {
        let answer = answer(Command::new(program).args(arguments).current_dir(checkout));
        if answer.is_ok() {
            return answer;
        }
    }
    answer(Command::new(program).args(arguments))
}

fn answer(command: &mut Command) -> Result<String, ToolchainError> {
    let output = match command.output() {
        Ok(output) => output,
        Err(source) => {
            return Err(ToolchainError::Missing { program: command_name(command), source });
        }
    };
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let text = text.lines().find(|it| !it.trim().is_empty()).unwrap_or("it said nothing");
        let text = text.trim().trim_start_matches("error: ").to_owned();
        return Err(ToolchainError::Failed { program: command_name(command), text });
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn command_name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// Compares major and minor numbers; what can't be read is taken as new.
fn is_new_enough(found: &str, needed: &str) -> bool {
    let numbers = |text: &str| -> Option<(u32, u32)> {
        let mut parts = text.split(['.', '-']).map(|it| it.parse().ok());
        Some((parts.next()??, parts.next()??))
    };
    match (numbers(found), numbers(needed)) {
        (Some(found), Some(needed)) => found >= needed,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_compared_as_numbers() {
        let rows = [
            ("1.95.0", true),
            ("1.100.0-nightly", true),
            ("2.0.0", true),
            ("1.94.1", false),
            ("1.9.0", false),
            ("unknown", true),
        ];
        for (found, is_enough) in rows {
            assert_eq!(is_new_enough(found, "1.95"), is_enough, "{found}");
        }
    }
}
