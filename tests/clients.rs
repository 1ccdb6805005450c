//! Runs the tests of `tests/clients` (pytest, real Jupyter clients) against this build's kernel.
//!
//! Makes the Python environment and the prelude under `target/` when they aren't there, and the
//! program `akari-evcxr` beside the kernel; each is made once. `AKARI_HOME` names another place for
//! preludes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

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
    prepare(&environment, &tests.join("requirements.txt"));
    build_evcxr(checkout);
    let home = env::var_os("AKARI_HOME").map_or_else(|| target.join("akari-home"), PathBuf::from);
    let mut pytest = Command::new(environment.join(PYTHON));
    pytest
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
        // A test waits about as long as it computes: on each processor there is room for one more file of them.
        .args(["-n", "logical", "--dist", "loadfile"])
        .arg(&tests)
        .current_dir(checkout)
        .env("AKARI_BIN", env!("CARGO_BIN_EXE_akari"))
        .env("AKARI_HOME", home)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run(&mut pytest, "the tests of tests/clients failed");
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

/// Makes the environment, unless it is there with these very requirements.
fn prepare(environment: &Path, requirements: &Path) {
    let wanted = fs::read_to_string(requirements).expect("the requirements are in the checkout");
    let stamp = environment.join("requirements-installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|it| it == wanted) {
        return;
    }
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let made = Command::new(&python).args(["-m", "venv", "--clear"]).arg(environment).output();
    let is_made = made.is_ok_and(|it| it.status.success());
    assert!(
        is_made,
        "`{python} -m venv` failed: install Python 3 with its venv module (Debian and Ubuntu: `apt install python3-venv`)"
    );
    let mut pip = Command::new(environment.join(PYTHON));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(requirements);
    run(&mut pip, "pip could not install tests/clients/requirements.txt");
    fs::write(&stamp, wanted).expect("the environment's folder was just written to");
}

fn run(command: &mut Command, complaint: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{complaint}: {error}"));
    let text =
        [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
    assert!(output.status.success(), "{complaint}\n{text}");
    println!("{text}");
}
