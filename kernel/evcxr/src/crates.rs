//! What evcxr's rust-analyzer sees of the prelude: its sources and candle's, without what is below.
//!
//! Four manifests that name no crate of others. With candle's own manifests the analyser would
//! load 160 crates in each session, and cargo would compile them; the compiler links the prelude
//! that is built already, see `compiler`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compiler;

/// Why rust-analyzer would have nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum CratesError {
    #[error("could not write the crates that evcxr analyses: {0}")]
    Folder(#[from] io::Error),
    #[error("candle's sources were not found, which evcxr analyses: {0}")]
    Sources(String),
}

/// Writes the manifests, and returns the folder of the crate `akari`.
pub fn write(
    folder: &Path,
    cargo: &Path,
    platform: &str,
    checkout: &Path,
) -> Result<PathBuf, CratesError> {
    let candle = sources(cargo, platform, checkout)?;
    let core = r#"candle-core = { path = "../candle-core" }"#;
    let all = format!(
        "{core}\ncandle-nn = {{ path = \"../candle-nn\" }}\nakari-seam = {{ path = \"../akari-seam\" }}"
    );
    let seam = checkout.join("kernel").join("seam").join("src").join("lib.rs");
    let akari = checkout.join("src").join("lib.rs");
    write_one(folder, "candle-core", "2021", &candle.core, "")?;
    write_one(folder, "candle-nn", "2021", &candle.nn, core)?;
    write_one(folder, "akari-seam", "2024", &seam, "")?;
    write_one(folder, "akari", "2024", &akari, &all)?;
    fs::write(folder.join(compiler::EMPTY), "")?;
    Ok(folder.join("akari"))
}

fn write_one(
    folder: &Path,
    name: &str,
    edition: &str,
    source: &Path,
    dependencies: &str,
) -> io::Result<()> {
    let text = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\nbuild = false\n\n\
         [lib]\npath = {source:?}\n\n[dependencies]\n{dependencies}\n"
    );
    let folder = folder.join(name);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("Cargo.toml"), text)
}

/// The root files of candle's crates, as they were downloaded for the prelude.
struct Candle {
    core: PathBuf,
    nn: PathBuf,
}

fn sources(cargo: &Path, platform: &str, checkout: &Path) -> Result<Candle, CratesError> {
    let output = Command::new(cargo)
        // The crates of other platforms were not downloaded.
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", platform])
        .arg("--manifest-path")
        .arg(checkout.join("Cargo.toml"))
        .output()
        .map_err(|error| CratesError::Sources(error.to_string()))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|_| {
        CratesError::Sources(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    })?;
    let find = |name: &str| {
        let package = metadata["packages"].as_array()?.iter().find(|it| it["name"] == name)?;
        Some(Path::new(package["manifest_path"].as_str()?).with_file_name("src").join("lib.rs"))
    };
    match (find("candle-core"), find("candle-nn")) {
        (Some(core), Some(nn)) => Ok(Candle { core, nn }),
        _ => Err(CratesError::Sources("the prelude doesn't depend on candle".to_owned())),
    }
}
