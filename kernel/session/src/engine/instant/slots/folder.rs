//! A folder of slots and tickets, which other users may have filled with anything.
//!
//! Every file is opened by its name in the one open folder, never through links, and counts only if
//! it is a regular one. What the locks mean is the business of the module above and of `queue`.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fchmod, fstat, openat, renameat, unlinkat};

use super::Slot;
use crate::home::trust;
use crate::home::write::{self, Readers};

/// The beginning of a ticket's name; its number follows.
pub const TICKET: &str = "ticket-";

/// How many files a folder may hold; more are somebody's mischief.
pub const MOST: usize = 1000;

/// A folder that holds slots, by its path.
#[derive(Debug)]
pub struct SlotFolder {
    pub path: PathBuf,
    /// The user's own, where the machine's is everybody's.
    pub is_own: bool,
    /// How many slots there are.
    pub count: usize,
}

impl SlotFolder {
    /// Opens the folder, and makes it where it is missing. The open folder stays the same one, also
    /// when somebody puts another in its place.
    pub fn open(&self) -> Option<OpenFolder> {
        if self.is_own {
            write::folder(&self.path, Readers::User).ok()?;
            trust::folder(&self.path).ok()?;
        }
        let open = || {
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(rustix::fs::CWD, &self.path, flags, Mode::empty())
        };
        let everybody = Mode::from_raw_mode(0o1777);
        let folder = match open() {
            Err(rustix::io::Errno::NOENT) => {
                fs::create_dir(&self.path).ok()?;
                let folder = open().ok()?;
                fchmod(&folder, everybody).ok()?;
                folder
            }
            folder => folder.ok()?,
        };
        let mode = Mode::from_raw_mode(fstat(&folder).ok()?.st_mode);
        // In a folder that is not sticky, anybody could remove the others' files.
        (self.is_own || mode.contains(everybody)).then_some(OpenFolder { handle: folder })
    }
}

/// An open folder with slots and tickets.
#[derive(Debug)]
pub struct OpenFolder {
    handle: OwnedFd,
}

/// A folder holds more files than kernels can wait for it.
#[derive(Debug)]
pub struct TooManyFiles;

impl OpenFolder {
    /// Locks the first slot that nobody holds.
    pub fn free_slot(&self, count: usize) -> Option<Slot> {
        let file = |number: usize| {
            let name = number.to_string();
            self.open(&name).or_else(|| self.make(&name))
        };
        let free = |file: File| file.try_lock().is_ok().then_some(Slot { _lock: file });
        (0..count).filter_map(file).find_map(free)
    }

    /// Opens a regular file; none for pipes and links, which other users may have put there.
    fn open(&self, name: &str) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&self.handle, name, flags, Mode::empty()).ok()?;
        let kind = FileType::from_raw_mode(fstat(&file).ok()?.st_mode);
        (kind == FileType::RegularFile).then(|| file.into())
    }

    /// Makes a file; none if the name exists. Everybody may read the file, and so lock it.
    pub fn make(&self, name: &str) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let readable = Mode::from_raw_mode(0o444);
        let file = openat(&self.handle, name, flags, readable).ok()?;
        fchmod(&file, readable).ok()?;
        Some(file.into())
    }

    /// The tickets that were drawn before the one of this name, oldest first; all without a name.
    pub fn before(&self, name: Option<&str>) -> Result<Vec<String>, TooManyFiles> {
        let mut tickets = Vec::new();
        for (seen, entry) in Dir::read_from(&self.handle).into_iter().flatten().enumerate() {
            let Ok(entry) = entry else { break };
            if seen > MOST {
                return Err(TooManyFiles);
            }
            let ticket = entry.file_name().to_string_lossy().into_owned();
            if ticket.starts_with(TICKET) && name.is_none_or(|name| ticket.as_str() < name) {
                tickets.push(ticket);
            }
        }
        tickets.sort();
        Ok(tickets)
    }

    /// The ticket just before the one of this name whose owner still waits.
    pub fn nearest_before(&self, name: Option<&str>) -> Result<Option<File>, TooManyFiles> {
        for ticket in self.before(name)?.iter().rev() {
            match self.open(ticket) {
                Some(file) if is_held(&file) => return Ok(Some(file)),
                // A killed process has left this ticket; only its own user can remove it.
                _ => self.remove(ticket),
            }
        }
        Ok(None)
    }

    pub fn remove(&self, name: &str) {
        let _ = unlinkat(&self.handle, name, AtFlags::empty());
    }

    pub fn rename(&self, from: &str, to: &str) -> bool {
        renameat(&self.handle, from, &self.handle, to).is_ok()
    }
}

/// Whether another open file has the lock.
pub fn is_held(file: &File) -> bool {
    let lock = file.try_lock_shared();
    if lock.is_ok() {
        let _ = file.unlock();
    }
    lock.is_err()
}
