//! How many compilers run at once, counted over all kernels of the machine.
//!
//! A slot is a locked file: the lock ends with its process, however that ends.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How often one that waits looks again.
const LOOK: Duration = Duration::from_millis(4);

/// Somebody who holds a slot for longer is not waited for: he may have stopped his process.
const PATIENCE: Duration = Duration::from_secs(60);

/// One place for all, also for those with a temporary folder of their own.
const SHARED: &str = "/tmp/akari-compilers";

/// As many compilers as there are processors.
#[derive(Debug)]
pub struct Slots {
    files: Vec<PathBuf>,
    patience: Duration,
}

impl Slots {
    /// Slots that all users of the machine share.
    pub fn of_machine() -> Slots {
        let count = thread::available_parallelism().map_or(2, usize::from);
        Slots::new(Path::new(SHARED), count, PATIENCE)
    }

    fn new(folder: &Path, count: usize, patience: Duration) -> Slots {
        // It is another user's, or can't be made: opening the files tells.
        if std::fs::create_dir(folder).is_ok() {
            let all = std::fs::Permissions::from_mode(0o1777);
            let _ = std::fs::set_permissions(folder, all);
        }
        Slots { files: (0..count).map(|it| folder.join(it.to_string())).collect(), patience }
    }

    /// Waits for a slot, which is free again when the file is dropped. Without slots, as on a
    /// system that has no place for them, nobody waits.
    pub fn take(&self) -> Option<File> {
        let start = Instant::now();
        let files: Vec<File> = self.files.iter().filter_map(|it| open(it)).collect();
        loop {
            if let Some(index) = files.iter().position(|it| it.try_lock().is_ok()) {
                return files.into_iter().nth(index);
            }
            if files.is_empty() || start.elapsed() > self.patience {
                return None;
            }
            thread::sleep(LOOK);
        }
    }
}

fn open(path: &Path) -> Option<File> {
    let made = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path);
    if let Ok(file) = made {
        // Locking needs no more than reading.
        let _ = file.set_permissions(std::fs::Permissions::from_mode(0o444));
        return Some(file);
    }
    OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_slots_are_taken_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let slots = Slots::new(folder.path(), 2, Duration::from_millis(20));
        let first = slots.take();
        let second = slots.take();
        assert!(first.is_some() && second.is_some());
        assert!(slots.take().is_none(), "patience ends");
        drop(first);
        assert!(slots.take().is_some());
    }

    #[test]
    fn without_a_folder_nobody_waits() {
        let slots = Slots::new(Path::new("/proc/none"), 2, PATIENCE);
        assert!(slots.take().is_none());
    }
}
