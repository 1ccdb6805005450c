//! Compiles `shim/park.rs`, which the kernel carries and loads into compilers that it parks.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=shim/park.rs");
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("cargo sets `{name}`"));
    let is_linux = variable("CARGO_CFG_TARGET_OS") == "linux";
    let output = PathBuf::from(variable("OUT_DIR")).join("park.so");
    // The system's calls by which a program is parked are Linux's, and to link the shim for another machine would take a
    // linker for that. An empty file says that nothing is parked.
    if !is_linux || variable("TARGET") != variable("HOST") {
        if let Err(error) = fs::write(output, "") {
            panic!("the shim's place could not be written: {error}");
        }
        if is_linux {
            println!(
                "cargo::warning=built for another machine than this one: compilers won't be parked"
            );
        }
        return;
    }
    let status = Command::new(variable("RUSTC"))
        .args(["shim/park.rs", "--crate-name=park", "--crate-type=cdylib", "--edition=2024"])
        .args(["-Copt-level=2", "-Cpanic=abort", "-Cstrip=symbols", "--target"])
        .arg(variable("TARGET"))
        .arg("-o")
        .arg(output)
        .status();
    let status = status.unwrap_or_else(|error| panic!("rustc did not start: {error}"));
    assert!(status.success(), "shim/park.rs did not compile");
}
