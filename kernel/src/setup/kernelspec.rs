//! The entry by which Jupyter finds the kernel.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

/// The folder of the kernelspec under a prefix, or in the user's Jupyter data folder.
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

/// Writes the kernelspec.
pub fn write(folder: &Path, program: &Path) -> std::io::Result<()> {
    let home: serde_json::Map<_, _> =
        std::env::var("AKARI_HOME").ok().map(|home| ("AKARI_HOME".to_owned(), home.into())).into_iter().collect();
    let spec = json!({
        "argv": [program, "kernel", "--connection-file", "{connection_file}"],
        "display_name": "Rust (Akari)",
        "language": "rust",
        "interrupt_mode": "message",
        "kernel_protocol_version": "5.5",
        "env": home,
        "metadata": { "debugger": false },
    });
    fs::create_dir_all(folder)?;
    fs::write(folder.join("kernel.json"), format!("{spec:#}\n"))
}
