//! The entry by which Jupyter finds the kernel.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::engine::EngineChoice;

/// The kernel's name in Jupyter.
pub fn name(engine: EngineChoice) -> &'static str {
    match engine {
        EngineChoice::Instant => "akari",
        EngineChoice::Evcxr => "akari-evcxr",
    }
}

/// The folder of the default engine's kernelspec under a prefix, or in the user's Jupyter data folder.
pub fn folder(prefix: Option<&Path>) -> Option<PathBuf> {
    let data = match prefix {
        Some(prefix) => prefix.join("share").join("jupyter"),
        None => match std::env::var_os("JUPYTER_DATA_DIR") {
            Some(data) => data.into(),
            None => directories::BaseDirs::new()?.data_dir().join("jupyter"),
        },
    };
    Some(data.join("kernels").join("akari"))
}

/// The program that a kernelspec starts.
pub fn program(folder: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(folder.join("kernel.json")).ok()?;
    let spec: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(spec["argv"][0].as_str()?.into())
}

/// Writes the kernelspec, the whole file or nothing.
pub fn write(folder: &Path, program: &Path, engine: EngineChoice) -> io::Result<()> {
    let mut arguments = vec!["kernel", "--connection-file", "{connection_file}"];
    let mut display_name = "Rust (Akari)";
    if engine == EngineChoice::Evcxr {
        arguments.extend(["--engine", "evcxr"]);
        display_name = "Rust (Akari on evcxr)";
    }
    let mut argv = vec![json!(program)];
    argv.extend(arguments.into_iter().map(Value::from));
    let spec = json!({
        "argv": argv,
        "display_name": display_name,
        "language": "rust",
        "interrupt_mode": "message",
        "kernel_protocol_version": "5.5",
        "env": environment(),
        "metadata": { "debugger": false },
    });
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)?;
    writeln!(file, "{spec:#}")?;
    file.persist(folder.join("kernel.json"))?;
    Ok(())
}

/// The kernel looks for the prelude where this process does, whatever Jupyter's environment is.
fn environment() -> Map<String, Value> {
    let folder = |name: &str| {
        let value = std::env::var_os(name).filter(|it| !it.is_empty())?;
        Some((name.to_owned(), std::path::absolute(value).ok()?.to_str()?.into()))
    };
    ["AKARI_HOME", "AKARI_SHARED"].into_iter().filter_map(folder).collect()
}
