//! What cargo heeds besides the sources: variables and configuration files, and how a build is kept
//! from them.
//!
//! Flags of the compiler, wrappers and other folders never reach a build of ours. What can't be
//! switched off and changes code (profiles, linkers, patches) is told by [`configuration`], for the
//! build's name. Mirrors, proxies and the like stay as they are: classrooms need them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

use crate::home::trust::{self, TrustError};

/// Variables that change what is built, or where.
const VARIABLES: &[&str] = &[
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "CARGO_INCREMENTAL",
];

/// Beginnings of such variables: cargo's configuration, key by key.
const PREFIXES: &[&str] =
    &["CARGO_BUILD_", "CARGO_ENCODED_", "CARGO_PROFILE_", "CARGO_TARGET_", "CARGO_UNSTABLE_"];

/// Parts of the configuration that say where crates come from and how cargo talks; `Cargo.lock`
/// holds the hashes of the crates.
const HARMLESS: &[&str] = &[
    "alias",
    "cache",
    "cargo-new",
    "credential-alias",
    "doc",
    "future-incompat-report",
    "http",
    "include",
    "install",
    "net",
    "registries",
    "registry",
    "resolver",
    "source",
    "term",
];

/// Keys under `build` that [`isolate`] overrules, or that change no code.
const BUILD: &[&str] = &[
    "build-dir",
    "dep-info-basedir",
    "incremental",
    "jobs",
    "rustc",
    "rustc-wrapper",
    "rustc-workspace-wrapper",
    "rustdoc",
    "rustdocflags",
    "rustflags",
    "target-dir",
    "warnings",
];

/// Keys under `target` of which the same is true.
const TARGET: &[&str] = &["runner", "rustdocflags", "rustflags"];

/// How deep files of the configuration may include others.
const DEPTH: u32 = 8;

/// Lets a cargo command obey nothing but its arguments and the configuration of `folder`, which is
/// the one that [`configuration`] speaks of.
pub fn isolate(command: &mut Command, folder: &Path) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if VARIABLES.contains(&&*text) || PREFIXES.iter().any(|it| text.starts_with(it)) {
            command.env_remove(&name);
        }
    }
    // Empty ones, unlike missing ones, outrank the configuration.
    for name in ["CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
        command.env(name, "");
    }
    // Cargo reads the configuration of the folder that it is started in, and of those above it.
    command.current_dir(folder);
}

/// The parts of cargo's configuration for `folder` that change what is built; empty for most.
///
/// # Errors
///
/// A file in a folder above that others could have written: cargo would do what it says.
pub fn configuration(folder: &Path) -> Result<String, TrustError> {
    let cargo_home = std::env::var_os("CARGO_HOME").filter(|it| !it.is_empty()).map(PathBuf::from);
    let cargo_home = cargo_home
        .or_else(|| Some(directories::BaseDirs::new()?.home_dir().join(".cargo")))
        .unwrap_or_default();
    let mut texts = String::new();
    for above in folder.ancestors().map(|it| it.join(".cargo")).filter(|it| *it != cargo_home) {
        for file in files(&above) {
            trust::folder(&above)?;
            // The file itself may well be a link, into somebody's collection of such files.
            trust::file(&file.canonicalize().unwrap_or(file.clone()))?;
            texts += &of_file(&file, DEPTH);
        }
    }
    // Where cargo itself lives, which the user has chosen to believe.
    texts.extend(files(&cargo_home).iter().map(|it| of_file(it, DEPTH)));
    Ok(texts)
}

/// The files of a configuration folder that are there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let files = ["config", "config.toml"].map(|it| folder.join(it));
    files.into_iter().filter(|it| it.symlink_metadata().is_ok()).collect()
}

fn of_file(path: &Path, depth: u32) -> String {
    let Ok(text) = fs::read_to_string(path) else { return String::new() };
    let Ok(mut table) = text.parse::<Table>() else {
        // Cargo will complain about this file, or knows more of TOML than we do.
        return text;
    };
    let mut result = String::new();
    if depth > 0 {
        let beside = path.parent().unwrap_or(path);
        let included = included(&table);
        result.extend(included.iter().map(|it| of_file(&beside.join(it), depth - 1)));
    }
    keep_what_matters(&mut table);
    if !table.is_empty() {
        result += &table.to_string();
    }
    result
}

/// The files that a file of the configuration includes.
fn included(table: &Table) -> BTreeSet<String> {
    let path = |value: &Value| {
        let path = value.as_str().or_else(|| value.get("path")?.as_str());
        path.map(str::to_owned)
    };
    match table.get("include") {
        Some(Value::Array(several)) => several.iter().filter_map(path).collect(),
        Some(one) => path(one).into_iter().collect(),
        None => BTreeSet::new(),
    }
}

fn keep_what_matters(table: &mut Table) {
    table.retain(|key, _| !HARMLESS.contains(&key));
    if let Some(build) = table.get_mut("build").and_then(Value::as_table_mut) {
        build.retain(|key, _| !BUILD.contains(&key));
    }
    let targets = table.get_mut("target").and_then(Value::as_table_mut);
    for target in targets.into_iter().flatten().filter_map(|(_, it)| it.as_table_mut()) {
        target.retain(|key, _| !TARGET.contains(&key));
    }
    if let Some(targets) = table.get_mut("target").and_then(Value::as_table_mut) {
        targets.retain(|_, it| it.as_table().is_none_or(|it| !it.is_empty()));
    }
    table.retain(|_, it| it.as_table().is_none_or(|it| !it.is_empty()));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of_text(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, text).unwrap();
        of_file(&path, DEPTH)
    }

    #[test]
    fn what_is_overruled_or_only_about_the_network_is_not_told() {
        let texts = [
            "",
            "[build]\nrustflags = [\"-Ctarget-cpu=native\"]\nrustc-wrapper = \"sccache\"\njobs = 1",
            "[target.x86_64-unknown-linux-gnu]\nrustflags = [\"-Cx\"]\nrunner = \"qemu\"",
            "[target.'cfg(unix)']\nrustflags = \"-Cx\"",
            "[source.crates-io]\nreplace-with = \"mirror\"\n[http]\nproxy = \"p:1\"\n[net]\noffline = true",
        ];
        for text in texts {
            assert_eq!(of_text(text), "", "{text}");
        }
    }

    #[test]
    fn what_changes_code_is_told() {
        let texts = [
            "[profile.release]\nopt-level = 1",
            "[build]\ntarget = \"x\"",
            "[target.x]\nlinker = \"clang\"",
            "[target.x.foo]\nrustc-link-lib = [\"foo\"]",
            "[patch.crates-io]\na = { path = \"b\" }",
            "[env]\nA = \"b\"",
            "paths = [\"/b\"]",
            "not toml",
        ];
        let told: BTreeSet<String> = texts.iter().map(|it| of_text(it)).collect();
        assert_eq!(told.len(), texts.len());
        assert!(!told.contains(""));
    }

    #[test]
    fn included_files_are_told_and_circles_end() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("config.toml", "include = [\"a.toml\", { path = \"b.toml\", optional = true }]");
        write("a.toml", "include = \"a.toml\"\n[profile.release]\nlto = true");
        write("b.toml", "[env]\nB = \"1\"");
        let told = of_file(&folder.path().join("config.toml"), DEPTH);
        assert!(told.contains("lto = true") && told.contains("B = "), "{told}");
    }

    #[test]
    fn configuration_above_the_folder_counts_and_must_be_trusted() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("a/b");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir(above.path().join(".cargo")).unwrap();
        let before = configuration(&folder).unwrap();
        let file = above.path().join(".cargo/config.toml");
        fs::write(&file, "[profile.release]\ndebug = 2").unwrap();
        assert_ne!(configuration(&folder).unwrap(), before);
        let all = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        fs::set_permissions(&file, all).unwrap();
        assert!(configuration(&folder).is_err());
    }
}
