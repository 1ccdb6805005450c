//! Runs the tests of `tests/clients` (pytest, real Jupyter clients) against this build's kernel.
//!
//! Makes the Python environment and the prelude under `target/` when they aren't there, and the
//! program `akari-evcxr` beside the kernel; each is made once. `AKARI_HOME` names another place for
//! preludes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// The environment's own interpreter.
const PYTHON: &str = "bin/python";

#[test]
fn jupyter_clients_are_content() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the kernel's folder is in the checkout");
    let target = target_folder();
    let tests = checkout.join("tests").join("clients");
    let environment = target.join("clients-venv");
    let mut prepare = Command::new(tests.join("prepare"));
    run(prepare.arg(&environment), "the Python environment of the tests could not be made");
    build_evcxr(checkout);
    let home = env::var_os("AKARI_HOME").map_or_else(|| target.join("akari-home"), PathBuf::from);
    // A test computes for most of its time, and waits for a client or a clock for some of it.
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let workers = (processors + processors.div_ceil(2)).to_string();
    let mut pytest = Command::new(environment.join(PYTHON));
    pytest
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
        .args(["-n", &workers, "--dist", "loadfile", "--no-loadscope-reorder"])
        .arg(&tests)
        .current_dir(checkout)
        .env("AKARI_BIN", env!("CARGO_BIN_EXE_akari"))
        .env("AKARI_HOME", home)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    // pytest writes to the terminal itself, so that its tests are seen while they run; `tests/run` reads its last line.
    let status = pytest.status().unwrap_or_else(|error| panic!("pytest did not start: {error}"));
    assert!(status.success(), "the tests of tests/clients failed");
}

/// `target`, also where it is set to be elsewhere: the binary is in its folder of a profile.
fn target_folder() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_akari"));
    binary.ancestors().nth(2).expect("cargo puts binaries two folders deep").to_owned()
}

/// Builds the program beside ours that has evcxr, where cargo was asked for this package alone. With
/// `--workspace` that package's own test makes cargo build it.
fn build_evcxr(checkout: &Path) {
    let akari = Path::new(env!("CARGO_BIN_EXE_akari"));
    if akari.with_file_name("akari-evcxr").is_file() {
        return;
    }
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--package", "akari-evcxr"]).current_dir(checkout);
    if akari.parent().is_some_and(|folder| folder.ends_with("release")) {
        cargo.arg("--release");
    }
    run(&mut cargo, "akari-evcxr could not be built");
}

fn run(command: &mut Command, complaint: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{complaint}: {error}"));
    let text =
        [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
    assert!(output.status.success(), "{complaint}\n{text}");
}
