//! Packs the sources that the kernel carries, and exports the functions of the program by which cells read stdin
//! (`session/src/runtime/stdin.rs`).

mod carried;

use std::env;
use std::fs;
use std::path::PathBuf;

fn main() {
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("cargo sets `{name}`"));
    let is_linux = variable("CARGO_CFG_TARGET_OS") == "linux";
    for name in ["read", "readv"].iter().filter(|_| is_linux) {
        println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol={name}");
    }
    let folder = PathBuf::from(variable("OUT_DIR"));
    let package = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let packed = carried::pack(&package, &folder.join("carried.tar.gz"));
    if let Err(error) = packed.and_then(|name| fs::write(folder.join("carried.txt"), name)) {
        panic!("the sources could not be packed: {error}");
    }
    let pin = carried::pin(&package).and_then(|it| fs::write(folder.join("toolchain.toml"), it));
    if let Err(error) = pin {
        panic!("the toolchain's pin could not be read: {error}");
    }
}
