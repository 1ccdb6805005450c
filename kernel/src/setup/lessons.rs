//! The learner's copy of the lessons, where the program carries them.
//!
//! A lesson that the learner has changed is never written over; one that is as it was shipped follows the version of the
//! program. What was shipped is told by a list of hashes beside the lessons.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::checkout;
use super::toolchain::pinned;
use crate::home::write::{self, Readers};

/// The list of what was shipped.
const LIST: &str = ".shipped.json";

/// The folder that a learner opens: the checkout's lessons, or else a copy of the carried ones in the user's folder for
/// data; the current folder where there are none.
///
/// `release` is the compiler's: JupyterLab writes it into a notebook as it opens it, and takes that for a change that is to be
/// saved where the notebook has another.
pub fn folder(release: &str) -> io::Result<PathBuf> {
    let shipped = checkout::lessons();
    if !shipped.is_dir() {
        return std::env::current_dir();
    }
    let data = directories::ProjectDirs::from("", "", "akari");
    let Some(data) = data.filter(|_| checkout::is_carried()) else { return Ok(shipped) };
    let folder = data.data_dir().join("lessons");
    copy(&shipped, &folder, release)?;
    Ok(folder)
}

/// Brings the copy up to date, but for what the learner has changed.
fn copy(shipped: &Path, folder: &Path, release: &str) -> io::Result<()> {
    write::folder(folder, Readers::User)?;
    let list = fs::read(folder.join(LIST)).unwrap_or_default();
    let mut list: BTreeMap<PathBuf, String> = serde_json::from_slice(&list).unwrap_or_default();
    let mut files = Vec::new();
    collect(shipped, Path::new(""), &mut files)?;
    for path in files {
        let text = with_release(fs::read(shipped.join(&path))?, release);
        let hash = hash(&text);
        let target = folder.join(&path);
        let is_ours = match fs::read(&target) {
            Ok(own) => list.get(&path).is_some_and(|before| *before == self::hash(&own)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        if is_ours && list.get(&path) != Some(&hash) || !target.exists() {
            write::folder(target.parent().unwrap_or(folder), Readers::User)?;
            write::file(&target, &[&text], Readers::User)?;
            list.insert(path, hash);
        }
    }
    write::file(&folder.join(LIST), &[&serde_json::to_vec_pretty(&list)?], Readers::User)
}

/// The text of a notebook for the compiler of this release.
pub fn with_release(text: Vec<u8>, release: &str) -> Vec<u8> {
    let line = |release: &str| format!("\"version\": \"{release}\"");
    match String::from_utf8(text) {
        Ok(text) => text.replace(&line(pinned()), &line(release)).into_bytes(),
        Err(error) => error.into_bytes(),
    }
}

fn hash(text: &[u8]) -> String {
    format!("{:x}", Sha256::digest(text))
}

fn collect(root: &Path, path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(path))? {
        let entry = entry?;
        let path = path.join(entry.file_name());
        match entry.file_type()? {
            kind if kind.is_dir() => collect(root, &path, files)?,
            _ => files.push(path),
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lessons_are_of_the_compilers_release() {
        let text = format!("{{\"version\": \"{}\"}}", pinned());
        let own = with_release(text.into_bytes(), "1.99.0");
        assert_eq!(own, b"{\"version\": \"1.99.0\"}");
        assert_eq!(with_release(vec![0xff], "1.99.0"), [0xff]);
    }

    #[test]
    fn changed_lessons_stay_and_others_follow_the_version() {
        let place = tempfile::tempdir().unwrap();
        let (shipped, folder) = (place.path().join("shipped"), place.path().join("own"));
        fs::create_dir_all(shipped.join("ja")).unwrap();
        let ship = |text: &str| {
            for name in ["ja/1.ipynb", "ja/2.ipynb", "ja/3.ipynb"] {
                fs::write(shipped.join(name), text).unwrap();
            }
            copy(&shipped, &folder, "1.99.0").unwrap();
        };
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        ship("first");
        assert_eq!(read("ja/1.ipynb"), "first");
        fs::write(folder.join("ja/1.ipynb"), "mine").unwrap();
        fs::remove_file(folder.join("ja/3.ipynb")).unwrap();
        ship("first");
        assert_eq!(["ja/1.ipynb", "ja/3.ipynb"].map(read), ["mine", "first"]);
        ship("second");
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(
            ["ja/1.ipynb", "ja/2.ipynb", "ja/3.ipynb"].map(read),
            ["mine", "second", "second"]
        );
        // A damaged list is as good as none: nothing is written over.
        fs::write(folder.join(LIST), "{").unwrap();
        ship("third");
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(["ja/1.ipynb", "ja/2.ipynb"].map(read), ["mine", "second"]);
    }
}
