//! The file with the cells of all sessions: a JSON object a line, which is only ever added to.
//!
//! Many kernels write it. Each opens it by its name for every line, and holds its lock meanwhile: so
//! a line is whole, a session's number is nobody else's, and the file may be cut to its newer half
//! under the lock. Reading takes no lock, and passes over what is no line of ours.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::HistoryCell;
use crate::home::write::{self, Readers};

/// A file that is larger than this is cut to its newer half when a session begins.
const LARGEST: u64 = 8 << 20;

/// How long another kernel may hold the lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// A cell, or with line 0 the beginning of its session.
#[derive(Debug, Serialize, Deserialize)]
struct Line<'a> {
    session: i64,
    line: u32,
    #[serde(borrow, default)]
    code: std::borrow::Cow<'a, str>,
}

/// The place of a session in the file.
#[derive(Debug)]
pub struct HistoryFile {
    path: PathBuf,
    pub session: i64,
}

impl HistoryFile {
    /// Begins a session, whose number is one more than that of any before.
    pub fn begin(path: &Path) -> io::Result<HistoryFile> {
        let mut file = open(path)?;
        if file.metadata()?.len() > LARGEST {
            shorten(path, &mut file)?;
            file = open(path)?;
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let lines = text.split(|byte| *byte == b'\n').filter_map(parsed);
        let session = lines.map(|it| it.session).max().unwrap_or(0).saturating_add(1);
        add(&mut file, &Line { session, line: 0, code: "".into() })?;
        Ok(HistoryFile { path: path.to_owned(), session })
    }

    pub fn append(&self, line: u32, code: &str) -> io::Result<()> {
        add(&mut open(&self.path)?, &Line { session: self.session, line, code: code.into() })
    }
}

/// All cells of all sessions, in the order in which they ran.
pub fn read(path: &Path) -> Vec<HistoryCell> {
    let text = match own(path, OpenOptions::new().read(true)).and_then(contents) {
        Ok(text) => text,
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                tracing::warn!("the history `{}` can't be read: {error}", path.display());
            }
            return Vec::new();
        }
    };
    let lines = || text.split(|byte| *byte == b'\n').filter(|it| !it.is_empty());
    let cells: Vec<Line<'_>> = lines().filter_map(parsed).collect();
    if cells.len() < lines().count() {
        tracing::warn!("the history `{}` is damaged: lines are passed over", path.display());
    }
    let cells = cells.into_iter().filter(|it| it.line > 0);
    let cell = |Line { session, line, code }| HistoryCell {
        session,
        line,
        code: code.into(),
        output: None,
    };
    cells.map(cell).collect()
}

/// A line, if it is one of ours. Numbers that no kernel gives would leave no number for the next.
fn parsed(line: &[u8]) -> Option<Line<'_>> {
    serde_json::from_slice(line).ok().filter(|it: &Line<'_>| (1..1 << 48).contains(&it.session))
}

fn contents(mut file: File) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(text)
}

/// Opens the file, which must be the user's own and no link.
fn own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.uid() == rustix::process::geteuid().as_raw() {
        Ok(file)
    } else {
        Err(io::Error::other("it is not a file of yours"))
    }
}

/// Opens the file for adding to it, and locks it. Another kernel may have put a new file in its place
/// while this one waited.
fn open(path: &Path) -> io::Result<File> {
    let end = Instant::now() + PATIENCE;
    loop {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let file = own(path, &mut options)?;
        match file.try_lock() {
            Ok(()) => {
                let is_same = fs::metadata(path).is_ok_and(|it| {
                    file.metadata().is_ok_and(|own| (own.dev(), own.ino()) == (it.dev(), it.ino()))
                });
                if is_same {
                    return Ok(file);
                }
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if Instant::now() > end {
            return Err(io::Error::new(ErrorKind::TimedOut, "another kernel holds its lock"));
        }
    }
}

/// Adds a line, behind the end of one that was cut off.
fn add(file: &mut File, line: &Line<'_>) -> io::Result<()> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    let mut text = if last == [b'\n'] { Vec::new() } else { vec![b'\n'] };
    serde_json::to_writer(&mut text, line)?;
    text.push(b'\n');
    file.write_all(&text)
}

/// Puts a file with the newer half of the lines in the place of this one, whose lock is held.
fn shorten(path: &Path, file: &mut File) -> io::Result<()> {
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let half = text.len().saturating_sub(usize::try_from(LARGEST / 2).unwrap_or(0));
    let from =
        text[half..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| half + at + 1);
    write::file(path, &[&text[from..]], Readers::User)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn texts(path: &Path) -> Vec<String> {
        read(path).iter().map(|it| it.code.to_string()).collect()
    }

    #[test]
    fn a_damaged_file_loses_the_damaged_lines_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        HistoryFile::begin(&path).unwrap().append(1, "a\n灯").unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"\xff\0\n[]\n{\"session\": 9223372036854775807, \"line\": 1}\n{\"sess")
            .unwrap();
        let second = HistoryFile::begin(&path).unwrap();
        second.append(1, "b").unwrap();
        assert_eq!(second.session, 2);
        assert_eq!(texts(&path), ["a\n灯", "b"]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_large_file_keeps_its_newer_half_and_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let first = HistoryFile::begin(&path).unwrap();
        let text = "x".repeat(1 << 20);
        for line in 1..=9 {
            first.append(line, &text).unwrap();
        }
        let second = HistoryFile::begin(&path).unwrap();
        // The older session goes on in the new file.
        first.append(10, "last").unwrap();
        assert_eq!(second.session, 2);
        let lines: Vec<u32> = read(&path).iter().map(|it| it.line).collect();
        assert_eq!(lines.last(), Some(&10));
        assert!(lines.len() < 6, "{lines:?}");
    }

    #[test]
    fn what_is_no_file_of_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let [path, other] = ["history.jsonl", "other"].map(|it| folder.path().join(it));
        fs::write(&other, "other").unwrap();
        symlink(&other, &path).unwrap();
        assert!(HistoryFile::begin(&path).is_err());
        assert!(read(&path).is_empty());
        assert_eq!(fs::read(&other).unwrap(), b"other");
        assert!(HistoryFile::begin(folder.path()).is_err());
        assert!(HistoryFile::begin(&folder.path().join("none").join("x")).is_err());
    }
}
