//! How many compilers run at once, counted over all kernels of the machine.
//!
//! A slot is a locked file: the lock ends with its process, however that ends. A kernel that finds
//! no free slot draws a ticket, a locked file too, and waits in the `queue`: first come, first
//! served. Everybody can write to the `folder`, so nothing in it is believed: a user who fills it
//! or holds its locks costs the others two seconds, after which they count among their own kernels
//! alone.

mod folder;
mod queue;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use self::folder::{SlotFolder, TooManyFiles};
use self::queue::{Ticket, Wait};
use crate::engine::stop::Stop;
use crate::home::write::{self, Readers};

/// The folder of all users, also of those who have a temporary folder of their own.
const MACHINE: &str = "/tmp/akari-compilers";

/// A file in the user's own folder: a moment ago, waiting for the machine's slots was in vain.
const BLOCKED: &str = "blocked";

/// How long a kernel waits, and how often it looks meanwhile.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// How often the first in the queue looks for a free slot.
    look: Duration,
    /// How often the others look whether they are the first.
    look_ahead: Duration,
    /// How often a kernel counts the tickets before its own.
    count: Duration,
    /// How long the queue may stand still: somebody has stopped a process, or means harm.
    standstill: Duration,
    /// How long the whole wait may take.
    longest: Duration,
    /// How long the machine's slots are left alone after a wait in vain.
    blocked: Duration,
}

const PATIENCE: Patience = Patience {
    look: Duration::from_millis(2),
    look_ahead: Duration::from_millis(16),
    count: Duration::from_millis(250),
    standstill: Duration::from_secs(2),
    longest: Duration::from_secs(15),
    blocked: Duration::from_secs(60),
};

/// The slots for compilers: as many as there are processors.
#[derive(Debug)]
pub struct Slots {
    machine: SlotFolder,
    /// The slots that the user's kernels share among themselves.
    own: Option<SlotFolder>,
    patience: Patience,
}

/// A slot that this kernel has; dropping it frees the slot.
#[derive(Debug)]
pub struct Slot {
    _lock: File,
}

impl Slots {
    /// Slots that all users of the machine share; `own` is a private folder of this user's.
    pub fn of_machine(own: Option<PathBuf>) -> Slots {
        let count = thread::available_parallelism().map_or(2, usize::from);
        Slots::new(Path::new(MACHINE), own, count, PATIENCE)
    }

    fn new(machine: &Path, own: Option<PathBuf>, count: usize, patience: Patience) -> Slots {
        let folder = |path: &Path, is_own| SlotFolder { path: path.to_owned(), is_own, count };
        let own = own.map(|path| folder(&path, true));
        Slots { machine: folder(machine, false), own, patience }
    }

    /// Waits for a slot; none if the cell is to stop, or if waiting is in vain. A compiler too many
    /// is better than a learner who waits for nothing.
    pub fn take(&self, stop: &Stop) -> Option<Slot> {
        if !self.is_blocked() {
            match take(&self.machine, stop, &self.patience) {
                TakeResult::Slot(slot) => return Some(slot),
                TakeResult::Stopped => return None,
                TakeResult::InVain => self.note_blocked(),
            }
        }
        match take(self.own.as_ref()?, stop, &self.patience) {
            TakeResult::Slot(slot) => Some(slot),
            TakeResult::Stopped | TakeResult::InVain => None,
        }
    }

    fn is_blocked(&self) -> bool {
        let mark = self.own.as_ref().map(|own| own.path.join(BLOCKED));
        let noted = mark.and_then(|it| it.symlink_metadata().ok()?.modified().ok());
        noted.is_some_and(|it| it.elapsed().is_ok_and(|age| age < self.patience.blocked))
    }

    /// Tells the user's other kernels, so that not each of them waits in vain.
    fn note_blocked(&self) {
        if let Some(own) = &self.own {
            let _ = write::folder(&own.path, Readers::User);
            let _ = write::file(&own.path.join(BLOCKED), &[], Readers::User);
        }
    }
}

/// How a wait for a slot ended.
#[derive(Debug)]
enum TakeResult {
    Slot(Slot),
    Stopped,
    InVain,
}

/// Takes a slot of a folder, at once or by a ticket.
fn take(folder: &SlotFolder, stop: &Stop, patience: &Patience) -> TakeResult {
    let count = folder.count;
    let Some(folder) = folder.open() else { return TakeResult::InVain };
    match folder.nearest_before(None) {
        // Nobody waits: the ordinary case, of a learner alone.
        Ok(None) => {
            if let Some(slot) = folder.free_slot(count) {
                return TakeResult::Slot(slot);
            }
        }
        Ok(Some(_)) => {}
        Err(TooManyFiles) => return TakeResult::InVain,
    }
    match Ticket::draw(&folder) {
        Some(ticket) => Wait::new(&folder, &ticket, count).carry_out(stop, patience),
        None => TakeResult::InVain,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::sync::mpsc;

    use rustix::fs::{FileType, Mode};

    use super::folder::{MOST, TICKET};
    use super::*;
    use crate::engine::stop::Wish;

    const SHORT: Patience = Patience {
        standstill: Duration::from_millis(50),
        longest: Duration::from_secs(5),
        blocked: Duration::from_secs(600),
        ..PATIENCE
    };
    /// For tests in which waiting must not be in vain.
    const LONG: Patience = Patience {
        standstill: Duration::from_secs(60),
        longest: Duration::from_secs(60),
        ..PATIENCE
    };

    struct Room {
        folder: tempfile::TempDir,
    }

    impl Room {
        fn new() -> Room {
            Room { folder: tempfile::tempdir().unwrap() }
        }

        fn machine(&self) -> PathBuf {
            self.folder.path().join("machine")
        }

        fn own(&self) -> PathBuf {
            self.folder.path().join("own")
        }

        fn slots(&self, count: usize, patience: Patience) -> Slots {
            Slots::new(&self.machine(), Some(self.own()), count, patience)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.machine()).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        }
    }

    fn make_pipe(path: &Path) {
        let mode = Mode::from_raw_mode(0o666);
        rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, mode, 0).unwrap();
    }

    #[test]
    fn no_more_than_the_slots_are_taken_at_once() {
        let room = Room::new();
        let slots = Slots { own: None, ..room.slots(2, SHORT) };
        let stop = Stop::default();
        let first = slots.take(&stop);
        let second = slots.take(&stop);
        assert!(first.is_some() && second.is_some());
        assert!(slots.take(&stop).is_none(), "patience ends");
        drop(first);
        assert!(slots.take(&stop).is_some());
        let mut names = room.names();
        names.sort();
        assert_eq!(names, ["0", "1"], "no ticket is left");
    }

    #[test]
    fn without_a_folder_nobody_waits() {
        let slots = Slots::new(Path::new("/proc/none"), None, 2, LONG);
        assert!(slots.take(&Stop::default()).is_none());
    }

    #[test]
    fn waiting_ends_when_the_cell_is_to_stop() {
        let room = Room::new();
        let slots = room.slots(1, LONG);
        let _held = slots.take(&Stop::default()).unwrap();
        for wish in [Wish::Interrupt, Wish::End] {
            let stop = Stop::default();
            thread::scope(|scope| {
                let waiting = scope.spawn(|| slots.take(&stop));
                while room.names().len() < 2 {
                    thread::yield_now();
                }
                stop.raise(wish);
                assert!(waiting.join().unwrap().is_none());
            });
            assert_eq!(room.names(), ["0"], "the ticket is given back");
        }
    }

    #[test]
    fn first_come_is_first_served() {
        const WAITING: usize = 12;
        let room = Room::new();
        let slots = room.slots(1, LONG);
        let held = slots.take(&Stop::default());
        let (sender, served) = mpsc::channel();
        thread::scope(|scope| {
            for number in 0..WAITING {
                let (slots, sender) = (&slots, sender.clone());
                scope.spawn(move || {
                    let slot = slots.take(&Stop::default()).unwrap();
                    sender.send(number).unwrap();
                    drop(slot);
                });
                // The next one comes when this one has its ticket.
                while room.names().iter().filter(|name| name.starts_with(TICKET)).count() <= number
                {
                    thread::yield_now();
                }
            }
            drop(held);
        });
        drop(sender);
        assert_eq!(served.iter().collect::<Vec<_>>(), (0..WAITING).collect::<Vec<_>>());
    }

    #[test]
    fn ticket_of_a_killed_process_is_nobodys() {
        let room = Room::new();
        let slots = room.slots(1, LONG);
        drop(slots.take(&Stop::default()));
        fs::write(room.machine().join(format!("{TICKET}0")), "").unwrap();
        assert!(slots.take(&Stop::default()).is_some());
        assert_eq!(room.names(), ["0"]);
    }

    /// Pipes, links, folders and held locks stopped every new cell of every other user.
    #[test]
    fn f12_what_others_put_there_costs_no_more_than_patience() {
        type Mischief = fn(&Path) -> Option<File>;
        let rows: [(&str, Mischief); 8] = [
            ("pipe", |it| {
                make_pipe(&it.join("0"));
                None
            }),
            ("link", |it| {
                symlink("/etc/passwd", it.join("0")).unwrap();
                None
            }),
            ("folder", |it| {
                fs::create_dir(it.join("0")).unwrap();
                None
            }),
            ("pipe as a ticket", |it| {
                make_pipe(&it.join(format!("{TICKET}0")));
                None
            }),
            ("held slot", |it| {
                let file = File::create(it.join("0")).unwrap();
                file.lock().unwrap();
                Some(file)
            }),
            ("held ticket", |it| {
                let file = File::create(it.join(format!("{TICKET}0"))).unwrap();
                file.lock().unwrap();
                Some(file)
            }),
            ("filled", |it| {
                (0..=MOST + 1).for_each(|number| drop(File::create(it.join(format!("x{number}")))));
                None
            }),
            ("not sticky", |it| {
                let all = std::os::unix::fs::PermissionsExt::from_mode(0o777);
                fs::set_permissions(it, all).unwrap();
                None
            }),
        ];
        for (name, mischief) in rows {
            let room = Room::new();
            let slots = room.slots(1, SHORT);
            drop(slots.take(&Stop::default()));
            fs::remove_file(room.machine().join("0")).unwrap();
            let _held = mischief(&room.machine());
            let slot = slots.take(&Stop::default());
            assert!(slot.is_some(), "{name}: the user's own slots take over");
            if name != "pipe as a ticket" {
                assert!(room.own().join("0").exists(), "{name}");
                assert!(slots.take(&Stop::default()).is_none(), "{name}: they are counted too");
            }
        }
    }

    #[test]
    fn f12_folder_that_is_a_link_is_not_used() {
        let room = Room::new();
        let elsewhere = room.folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        symlink(&elsewhere, room.machine()).unwrap();
        assert!(room.slots(1, SHORT).take(&Stop::default()).is_some());
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }
}
