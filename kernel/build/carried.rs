//! The archive of sources that the kernel carries, so that it can build the prelude and show the lessons wherever it is.
//!
//! The workspace is packed as it stands, without tests and documents: cargo then finds the versions of `Cargo.lock` as
//! they are. A published package, which can hold no file from above its folder, has the archive itself
//! (`tests/packages/run` puts it there). Equal files make an equal archive.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, Header};

/// The files and folders that the archive has, beside the pin of the toolchain.
const PARTS: [&str; 7] =
    ["Cargo.lock", "Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "kernel", "notebooks", "src"];

/// Names that are never packed: what cargo builds, and the archive of a package.
const LEFT_OUT: [&str; 2] = ["target", ARCHIVE];

/// The archive in a published package.
const ARCHIVE: &str = "carried.tar.gz";

/// The pin of the toolchain, by which the program knows what it was tested with.
const PIN: &str = "rust-toolchain.toml";

/// Packs the sources into a file, an empty one where `AKARI_CARRY` is `no`. Returns a name that only equal archives have;
/// that of an empty one is empty.
pub fn pack(package: &Path, archive: &Path) -> io::Result<String> {
    println!("cargo::rerun-if-env-changed=AKARI_CARRY");
    let mut file = File::create(archive)?;
    if std::env::var("AKARI_CARRY").is_ok_and(|it| it == "no") {
        return Ok(String::new());
    }
    let packed = match of_package(package)? {
        Some(packed) => packed,
        None => of_checkout(&package.join(".."))?,
    };
    file.write_all(&packed)?;
    Ok(format!("{:x}", Sha256::digest(&packed))[..16].to_owned())
}

/// The text that pins the toolchain.
pub fn pin(package: &Path) -> io::Result<String> {
    let path = package.join("..").join(PIN);
    println!("cargo::rerun-if-changed={}", path.display());
    let Some(packed) = of_package(package)? else { return fs::read_to_string(path) };
    let mut text = String::new();
    for entry in Archive::new(GzDecoder::new(&*packed)).entries()? {
        let mut entry = entry?;
        if entry.path()? == Path::new(PIN) {
            entry.read_to_string(&mut text)?;
        }
    }
    Ok(text)
}

/// The archive that a published package has. In a checkout, one that lies there for a release is left alone.
fn of_package(package: &Path) -> io::Result<Option<Vec<u8>>> {
    let is_checkout = package.join("..").join(PIN).is_file() && package.join("seam").is_dir();
    match fs::read(package.join(ARCHIVE)) {
        _ if is_checkout => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(io::Error::other(
            "this package has no `carried.tar.gz`; `tests/packages/run` makes it before a release",
        )),
        read => read.map(Some),
    }
}

fn of_checkout(root: &Path) -> io::Result<Vec<u8>> {
    let mut files = vec![PathBuf::from(PIN)];
    for part in PARTS {
        println!("cargo::rerun-if-changed={}", root.join(part).display());
        collect(root, Path::new(part), &mut files)?;
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
    packed.into_inner()?.finish()
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
