//! The Rust toolchain that compiles cells: found once, without rustup's stand-ins afterwards.

use std::path::PathBuf;
use std::process::Command;

#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    #[error("no Rust toolchain was found (`{program}` did not start: {source}); install one from https://rustup.rs")]
    Missing { program: String, source: std::io::Error },
    #[error("`{program}` failed: {text}")]
    Failed { program: String, text: String },
}

/// A toolchain.
#[derive(Debug, Clone)]
pub struct Toolchain {
    pub rustc: PathBuf,
    pub cargo: PathBuf,
    /// `rustc -vV`, which tells one toolchain from another.
    pub version: String,
    /// The folder of the standard library's shared object.
    pub std_folder: PathBuf,
}

impl Toolchain {
    /// The toolchain of `RUSTC`, or else the one on PATH.
    pub fn find() -> Result<Toolchain, ToolchainError> {
        let stand_in = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let sysroot = PathBuf::from(ask(&stand_in, &["--print", "sysroot"])?);
        let own = |name: &str| Some(sysroot.join("bin").join(name)).filter(|path| path.is_file());
        let rustc = own("rustc").unwrap_or_else(|| stand_in.clone().into());
        let program = rustc.to_string_lossy().into_owned();
        Ok(Toolchain {
            version: ask(&program, &["-vV"])?,
            std_folder: ask(&program, &["--print", "target-libdir"])?.into(),
            cargo: own("cargo").unwrap_or_else(|| "cargo".into()),
            rustc,
        })
    }

    /// `1.95.0`
    pub fn release(&self) -> &str {
        self.version.lines().find_map(|line| line.strip_prefix("release: ")).unwrap_or("unknown")
    }
}

fn ask(program: &str, arguments: &[&str]) -> Result<String, ToolchainError> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|source| ToolchainError::Missing { program: program.to_owned(), source })?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(ToolchainError::Failed { program: program.to_owned(), text });
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
