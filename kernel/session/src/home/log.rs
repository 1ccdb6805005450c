//! The log in the home: what went wrong without being an error of anybody's.
//!
//! One file and the one before it, each of a bounded size, private to the user. All kernels of the
//! user write to the same file, a line at a time; whichever finds it full gives it its second name.
//! Neither file nor home is made before there is something to say, and where they can't be written
//! the kernel goes on without.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file, and the one before it.
const FILE: &str = "akari.log";
const BEFORE: &str = "akari.log.1";

/// How large a file may become.
const LIMIT: u64 = 1 << 20;

/// Where the log is, or would be.
pub fn path(home: &Path) -> PathBuf {
    home.join(FILE)
}

/// Writes to the log of the home that `find_home` names at the first line.
#[derive(Debug)]
pub struct Log<F> {
    find_home: F,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Nothing was said yet.
    Unknown,
    Open {
        folder: PathBuf,
        file: File,
    },
    /// There is no home that can be written.
    Nowhere,
}

impl<F: FnMut() -> Option<PathBuf>> Log<F> {
    pub fn new(find_home: F) -> Log<F> {
        Log { find_home, place: Place::Unknown }
    }

    fn say(&mut self, line: &[u8]) -> io::Result<()> {
        if matches!(self.place, Place::Unknown) {
            self.place = Place::Nowhere;
            if let Some(folder) = (self.find_home)() {
                self.place = Place::Open { file: open(&folder)?, folder };
            }
        }
        let Place::Open { folder, file } = &mut self.place else { return Ok(()) };
        if !is_at(file, &path(folder)) {
            // Another kernel has given the file its second name, or somebody removed it.
            *file = open(folder)?;
        }
        if file.metadata()?.len() + line.len() as u64 > LIMIT {
            fs::rename(path(folder), folder.join(BEFORE))?;
            *file = open(folder)?;
        }
        file.write_all(line)
    }
}

impl<F: FnMut() -> Option<PathBuf>> Write for Log<F> {
    /// Takes the line, whether or not it can be kept: nobody could be told.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = self.say(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The file, in a folder that is trusted; never one that a link in its place leads to.
fn open(folder: &Path) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(path(folder))
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn log(folder: &Path) -> Log<impl FnMut() -> Option<PathBuf>> {
        let folder = folder.to_owned();
        Log::new(move || Some(folder.clone()))
    }

    #[test]
    fn log_is_private_and_made_by_its_first_line() {
        let home = tempfile::tempdir().unwrap();
        let mut log = log(home.path());
        assert!(!path(home.path()).exists());
        log.write_all(b"line\n").unwrap();
        let metadata = fs::metadata(path(home.path())).unwrap();
        assert_eq!((metadata.mode() & 0o777, metadata.len()), (0o600, 5));
    }

    #[test]
    fn full_file_becomes_the_one_before_for_all_writers() {
        let home = tempfile::tempdir().unwrap();
        let [mut first, mut second] = [log(home.path()), log(home.path())];
        let long = vec![b'a'; LIMIT as usize / 2 + 1];
        first.write_all(&long).unwrap();
        second.write_all(&long).unwrap();
        first.write_all(b"last\n").unwrap();
        second.write_all(b"very last\n").unwrap();
        let size = |name: &str| fs::metadata(home.path().join(name)).unwrap().len();
        assert_eq!((size(BEFORE), size(FILE)), (long.len() as u64, long.len() as u64 + 15));
        first.write_all(&long).unwrap();
        assert_eq!((size(BEFORE), size(FILE)), (long.len() as u64 + 15, long.len() as u64));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
    }

    #[test]
    fn home_that_can_not_be_written_is_done_without() {
        Log::new(|| None).write_all(b"line\n").unwrap();
        log(Path::new("/no/such/folder")).write_all(b"line\n").unwrap();
    }
}
