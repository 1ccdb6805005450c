//! The libraries in a session's folder, each under a name that no other library ever had there.
//!
//! The loader takes two files of one name for the same library, so a library's name consists of its
//! source's seal and a number. A library is found again by the record here, never by a file's name.
//! `build` asks.

use std::collections::BTreeMap;
use std::env::consts::DLL_SUFFIX;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::cache::Facts;

#[derive(Debug)]
pub struct Libraries {
    folder: PathBuf,
    /// The libraries that may run again, by their sources' seals.
    known: BTreeMap<String, KnownLibrary>,
    count: u32,
}

#[derive(Debug)]
struct KnownLibrary {
    facts: Facts,
    path: PathBuf,
}

impl Libraries {
    pub fn new(folder: PathBuf) -> Libraries {
        Libraries { folder, known: BTreeMap::new(), count: 0 }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Finds a library of this session. A library with statics is copied, since statics begin anew
    /// in each run.
    pub fn find(&mut self, seal: &str) -> io::Result<Option<(Facts, PathBuf)>> {
        let Some(KnownLibrary { facts, path }) =
            self.known.get(seal).filter(|it| it.path.is_file())
        else {
            return Ok(None);
        };
        let (facts, path) = (facts.clone(), path.clone());
        if !facts.has_statics {
            return Ok(Some((facts, path)));
        }
        let copy = self.fresh_name(seal);
        fs::copy(&path, &copy)?;
        Ok(Some((facts, copy)))
    }

    /// Puts the bytes of a library into the folder.
    pub fn write(&mut self, seal: &str, facts: &Facts, library: &[u8]) -> io::Result<PathBuf> {
        let path = self.fresh_name(seal);
        fs::write(&path, library)?;
        self.remember(seal, facts, &path);
        Ok(path)
    }

    /// Renames a library that was just compiled to its name in the folder.
    pub fn take(&mut self, seal: &str, compiled: &Path) -> io::Result<PathBuf> {
        let path = self.fresh_name(seal);
        fs::rename(compiled, &path)?;
        Ok(path)
    }

    /// Notes that the library depends on nothing but its source, and may run again for that source.
    pub fn remember(&mut self, seal: &str, facts: &Facts, path: &Path) {
        let known = KnownLibrary { facts: facts.clone(), path: path.to_owned() };
        self.known.insert(seal.to_owned(), known);
    }

    /// The facts about a source whose library may run again.
    pub fn facts(&self, seal: &str) -> Option<&Facts> {
        self.known.get(seal).map(|it| &it.facts)
    }

    fn fresh_name(&mut self, seal: &str) -> PathBuf {
        self.count += 1;
        self.folder.join(format!("cell-{seal}-{}{DLL_SUFFIX}", self.count))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn library_with_statics_is_another_one_in_each_run() {
        let folder = tempfile::tempdir().unwrap();
        let mut libraries = Libraries::new(folder.path().to_owned());
        let mut paths = |has_statics| {
            let facts = Facts { has_statics, ..Facts::default() };
            let first = libraries.write("a", &facts, b"x").unwrap();
            let (_, second) = libraries.find("a").unwrap().unwrap();
            (first, second)
        };
        let (first, second) = paths(false);
        assert_eq!(first, second);
        let (first, second) = paths(true);
        assert_ne!(first, second);
        assert_eq!(fs::read(second).unwrap(), b"x");
    }

    #[test]
    fn library_that_was_not_remembered_or_is_gone_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let mut libraries = Libraries::new(folder.path().to_owned());
        fs::write(folder.path().join("new.so"), "x").unwrap();
        let path = libraries.take("a", &folder.path().join("new.so")).unwrap();
        assert!(libraries.find("a").unwrap().is_none());
        libraries.remember("a", &Facts::default(), &path);
        assert_eq!(libraries.find("a").unwrap().unwrap().1, path);
        fs::remove_file(path).unwrap();
        assert!(libraries.find("a").unwrap().is_none());
    }
}
