//! One source in a folder of its own, with all that the compiler writes about it.
//!
//! Dropping a run removes the folder, so that a stopped compile leaves nothing. A parked compiler
//! knows the source under another name of the same length; what is read here has the source's own
//! name.

use std::env::consts::DLL_EXTENSION;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{CompileError, Library, answer};

/// The file of the compiler's messages.
const MESSAGES: &str = "messages";

#[derive(Debug)]
pub struct Run {
    folder: TempDir,
    /// The name of the source's file for the compiler.
    name: String,
    /// The source's own name.
    file: String,
}

impl Run {
    /// Writes the text of the source `file` to a file `name`.
    pub fn new(folder: &Path, name: &str, file: &str, text: &str) -> Result<Run, CompileError> {
        let made = private_folder("compile-", folder);
        let error = |source| CompileError::Write { path: folder.to_owned(), source };
        let run = Run { folder: made.map_err(error)?, name: name.into(), file: file.into() };
        fs::write(run.file("rs"), text).map_err(|error| run.error(error))?;
        Ok(run)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The file of the source's name with this extension.
    pub fn file(&self, extension: &str) -> PathBuf {
        self.path().join(&self.name).with_extension(extension)
    }

    /// A file for the compiler's stderr.
    pub fn messages_file(&self) -> Result<File, CompileError> {
        File::create(self.path().join(MESSAGES)).map_err(|error| self.error(error))
    }

    pub fn messages(&self) -> String {
        self.read(&self.path().join(MESSAGES))
    }

    /// Whether the compiler has written all files that come with a cell's object.
    pub fn is_whole(&self) -> bool {
        ["o", "mir", "d"].iter().all(|it| self.file(it).is_file())
    }

    /// Puts the source's own name into the object, whose places of panics have the compiler's.
    pub fn name_object(&self) -> Result<(), CompileError> {
        let path = self.file("o");
        let mut object = fs::read(&path).map_err(|error| self.error(error))?;
        replace(&mut object, self.name.as_bytes(), self.file.as_bytes());
        fs::write(&path, object).map_err(|error| self.error(error))
    }

    /// Moves the library to the folder, and reads what the compiler has written about it.
    pub fn library(&self, folder: &Path) -> Result<Library, CompileError> {
        let path = folder.join(&self.file).with_extension(DLL_EXTENSION);
        fs::rename(self.file(DLL_EXTENSION), &path).map_err(|error| self.error(error))?;
        let mir = self.read(&self.file("mir"));
        Ok(Library {
            path,
            types: answer::types(&mir),
            has_statics: answer::has_statics(&mir),
            is_pure: answer::is_pure(&self.read(&self.file("d")), &self.file),
        })
    }

    pub fn error(&self, source: io::Error) -> CompileError {
        CompileError::Write { path: self.path().to_owned(), source }
    }

    /// Reads a file of the compiler's. Bytes that are no text are replaced: nothing that matters is
    /// among them.
    fn read(&self, path: &Path) -> String {
        let bytes = fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace(&self.name, &self.file)
    }
}

/// A new folder that nobody else may look into.
pub fn private_folder(prefix: &str, parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)
}

/// Replaces a name by another of the same length, wherever it stands.
fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    if from.len() != to.len() || from.is_empty() {
        return;
    }
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(from.len()).position(|it| it == from) {
        at += found;
        bytes[at..at + from.len()].copy_from_slice(to);
        at += from.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_replaced_wherever_it_stands() {
        let mut bytes = *b"abab\0ab-a";
        replace(&mut bytes, b"ab", b"cd");
        assert_eq!(&bytes, b"cdcd\0cd-a");
        replace(&mut bytes, b"cd", b"longer");
        assert_eq!(&bytes, b"cdcd\0cd-a");
    }
}
