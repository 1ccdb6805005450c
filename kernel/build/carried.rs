//! The archive of sources that the kernel carries, so that it can build the prelude and show the lessons wherever it is.
//!
//! The workspace is packed as it stands, without tests and documents: cargo then finds the versions of `Cargo.lock` as
//! they are. In a published package the same files lie in `carried/`, into which `cargo publish` can reach. Equal files
//! make an equal archive.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tar::{Builder, Header};

/// The files and folders that the archive has, beside the pin of the toolchain.
const PARTS: [&str; 7] =
    ["Cargo.lock", "Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "kernel", "notebooks", "src"];

/// Names that are never packed: what cargo builds, and the copy in a package.
const LEFT_OUT: [&str; 2] = ["target", "carried"];

/// Packs the sources into a file, an empty one where `AKARI_CARRY` is `no`. Returns a name that only equal archives have;
/// that of an empty one is empty.
pub fn pack(package: &Path, archive: &Path) -> io::Result<String> {
    println!("cargo::rerun-if-env-changed=AKARI_CARRY");
    let mut file = File::create(archive)?;
    if std::env::var("AKARI_CARRY").is_ok_and(|it| it == "no") {
        return Ok(String::new());
    }
    let copy = package.join("carried");
    let root = if copy.is_dir() { copy } else { package.join("..") };
    let mut files = vec![PathBuf::from("rust-toolchain.toml")];
    for part in PARTS {
        println!("cargo::rerun-if-changed={}", root.join(part).display());
        collect(&root, Path::new(part), &mut files)?;
    }
    files.sort();
    let mut packed = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for path in &files {
        let text = fs::read(root.join(path))?;
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        packed.append_data(&mut header, path, &*text)?;
    }
    let packed = packed.into_inner()?.finish()?;
    file.write_all(&packed)?;
    Ok(format!("{:x}", Sha256::digest(&packed))[..16].to_owned())
}

fn collect(root: &Path, path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if LEFT_OUT.contains(&&*name) || name.starts_with('.') {
        return Ok(());
    }
    if !root.join(path).is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(root.join(path))? {
        collect(root, &path.join(entry?.file_name()), files)?;
    }
    Ok(())
}
