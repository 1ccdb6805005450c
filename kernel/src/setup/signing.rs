//! Has Jupyter trust the notebooks that the program carries, so that their pictures are seen before anybody runs them.
//!
//! Jupyter shows the pictures of a notebook that somebody else has made as text, until a signature in the user's own
//! database says that its outputs are trusted. Only what is to the byte what the program carries is signed: that is trusted
//! as much as the program is. That it could not be done is no error, and nothing is said of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::checkout;
use super::lessons::with_release;
use super::python::Lab;
use crate::home::write::{self, Readers};
use crate::home::{self, trust};

/// Signs the notebooks of a folder, once for each of their versions. `release` is the compiler's, as for
/// [`folder`](super::lessons::folder).
pub fn sign(lab: &Lab, folder: &Path, release: &str) {
    let notebooks = as_carried(&checkout::carried_notebooks(), folder, release);
    let Some(program) = lab.program.parent().map(|it| it.join("jupyter-trust")) else { return };
    if notebooks.is_empty() || !program.is_file() {
        return;
    }
    let Ok(home) = home::make_home() else { return };
    let mark = home.join(format!(".signed-{}", key(&program, notebooks.values())));
    if trust::file(&mark).is_ok() {
        return;
    }
    let mut command = Command::new(&program);
    command.args(notebooks.keys());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => {
            // Without the mark the next start signs once more, which changes nothing.
            let _ = write::file(&mark, &[], Readers::User);
        }
        Ok(status) => tracing::debug!("`{}` ended with {status}", program.display()),
        Err(error) => tracing::debug!("`{}` did not start: {error}", program.display()),
    }
}

/// The notebooks of a folder whose text is a carried one's, with the hash of it.
fn as_carried(
    carried: &[(PathBuf, Vec<u8>)],
    folder: &Path,
    release: &str,
) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for (path, text) in carried {
        let path = folder.join(path);
        let Ok(own) = fs::read(&path) else { continue };
        if own == *text || own == with_release(text.clone(), release) {
            found.insert(path, format!("{:x}", Sha256::digest(&own)));
        }
    }
    found
}

/// A name for what was signed, and by whose Jupyter.
fn key<'a>(program: &Path, hashes: impl Iterator<Item = &'a String>) -> String {
    let mut hash = Sha256::new();
    hash.update(program.as_os_str().as_encoded_bytes());
    for name in ["JUPYTER_DATA_DIR", "HOME"] {
        hash.update(std::env::var_os(name).unwrap_or_default().as_encoded_bytes());
        hash.update([0]);
    }
    hashes.for_each(|it| hash.update(it));
    format!("{:x}", hash.finalize())[..16].to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::setup::toolchain::pinned;

    #[test]
    fn only_notebooks_that_are_as_carried_are_signed() {
        let place = tempfile::tempdir().unwrap();
        let text = format!("{{\"version\": \"{}\"}}", pinned()).into_bytes();
        let names = ["a.ipynb", "b.ipynb", "c.ipynb", "d.ipynb"];
        let carried = names.map(|it| (PathBuf::from(it), text.clone()));
        let write = |name: &str, text: &[u8]| fs::write(place.path().join(name), text).unwrap();
        write("a.ipynb", &text);
        write("b.ipynb", &with_release(text.clone(), "1.99.0"));
        write("c.ipynb", &[&text[..], b" "].concat());
        write("e.ipynb", &text);
        let found = as_carried(&carried, place.path(), "1.99.0");
        let found: Vec<PathBuf> = found.into_keys().collect();
        assert_eq!(found, ["a.ipynb", "b.ipynb"].map(|it| place.path().join(it)));
    }

    #[test]
    fn the_gallery_and_the_lessons_are_carried() {
        let carried = checkout::carried_notebooks();
        let has = |name: &str| carried.iter().any(|it| it.0 == Path::new(name));
        assert!(has("gallery.ipynb") && has("ja/01-activations-losses-optimizers.ipynb"));
    }
}
