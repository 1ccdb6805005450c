//! How many compilers run at once, counted over all kernels of the machine.
//!
//! A slot is a locked file: the lock ends with its process, however that ends. Who finds no free
//! slot draws a ticket, a locked file too, and waits until nobody is before him: first come, first
//! served. The folder is everybody's, so nothing in it is believed: a user who fills it or holds its
//! locks costs the others two seconds, after which they count among their own kernels alone.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fchmod, fstat, openat, renameat, unlinkat};

use crate::engine::stop::Stop;
use crate::home::trust;
use crate::home::write::{self, Readers};

/// One place for all, also for those with a temporary folder of their own.
const MACHINE: &str = "/tmp/akari-compilers";

/// The beginning of a ticket's name; its number follows.
const TICKET: &str = "ticket-";

/// How many tickets a folder may hold; more are somebody's mischief.
const MOST: usize = 1000;

/// In the user's own folder: the machine's was of no use a moment ago.
const BLOCKED: &str = "blocked";

#[derive(Debug, Clone, Copy)]
struct Patience {
    /// How often the first in the queue looks for a free slot.
    look: Duration,
    /// How often the others look whether they are the first.
    look_ahead: Duration,
    /// How often all are counted who are before.
    count: Duration,
    /// How long nothing may move: somebody has stopped his process, or means harm.
    standstill: Duration,
    /// How long the whole wait may take.
    longest: Duration,
    /// How long the machine's slots are left alone after they were of no use.
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

/// As many compilers as there are processors.
#[derive(Debug)]
pub struct Slots {
    machine: Place,
    /// Where the user's own kernels count themselves.
    own: Option<Place>,
    patience: Patience,
}

/// Free again when it is dropped.
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
        let place = |folder: &Path, is_own| Place { folder: folder.to_owned(), is_own, count };
        let own = own.map(|it| place(&it, true));
        Slots { machine: place(machine, false), own, patience }
    }

    /// Waits for a slot. There is none if the cell is to stop, and where waiting is in vain: a
    /// compiler too many is better than a learner who waits for nothing.
    pub fn take(&self, stop: &Stop) -> Option<Slot> {
        if !self.is_blocked() {
            match self.machine.take(stop, &self.patience) {
                Taken::Slot(slot) => return Some(slot),
                Taken::Stopped => return None,
                Taken::InVain => self.note_blocked(),
            }
        }
        match self.own.as_ref()?.take(stop, &self.patience) {
            Taken::Slot(slot) => Some(slot),
            Taken::Stopped | Taken::InVain => None,
        }
    }

    fn is_blocked(&self) -> bool {
        let mark = self.own.as_ref().map(|it| it.folder.join(BLOCKED));
        let noted = mark.and_then(|it| it.symlink_metadata().ok()?.modified().ok());
        noted.is_some_and(|it| it.elapsed().is_ok_and(|age| age < self.patience.blocked))
    }

    /// Tells the user's other kernels, so that not each of them waits in vain.
    fn note_blocked(&self) {
        if let Some(own) = &self.own {
            let _ = write::folder(&own.folder, Readers::User);
            let _ = write::file(&own.folder.join(BLOCKED), &[], Readers::User);
        }
    }
}

/// How a wait ended.
#[derive(Debug)]
enum Taken {
    Slot(Slot),
    Stopped,
    InVain,
}

/// A folder with slots.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    is_own: bool,
    count: usize,
}

impl Place {
    fn take(&self, stop: &Stop, patience: &Patience) -> Taken {
        let Some(folder) = self.open() else { return Taken::InVain };
        let folder = Folder { handle: folder };
        match folder.nearest_before(None) {
            // Nobody waits: the ordinary case, of a learner alone.
            Ok(None) => {
                if let Some(slot) = folder.free_slot(self.count) {
                    return Taken::Slot(slot);
                }
            }
            Ok(Some(_)) => {}
            Err(Filled) => return Taken::InVain,
        }
        match Ticket::draw(&folder) {
            Some(ticket) => Wait::new(&folder, &ticket, self.count).carry_out(stop, patience),
            None => Taken::InVain,
        }
    }

    /// The folder, which is held from then on: no other can take its place.
    fn open(&self) -> Option<OwnedFd> {
        if self.is_own {
            write::folder(&self.folder, Readers::User).ok()?;
            trust::folder(&self.folder).ok()?;
        }
        let open = || {
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(rustix::fs::CWD, &self.folder, flags, Mode::empty())
        };
        let everybody = Mode::from_raw_mode(0o1777);
        let folder = match open() {
            Err(rustix::io::Errno::NOENT) => {
                fs::create_dir(&self.folder).ok()?;
                let folder = open().ok()?;
                fchmod(&folder, everybody).ok()?;
                folder
            }
            folder => folder.ok()?,
        };
        let mode = Mode::from_raw_mode(fstat(&folder).ok()?.st_mode);
        // Where it is not sticky, anybody could throw out the others' files.
        (self.is_own || mode.contains(everybody)).then_some(folder)
    }
}

/// An open folder with slots and tickets.
#[derive(Debug)]
struct Folder {
    handle: OwnedFd,
}

/// There is more in the folder than there can be waiting kernels.
#[derive(Debug)]
struct Filled;

impl Folder {
    fn free_slot(&self, count: usize) -> Option<Slot> {
        let file = |number: usize| {
            let name = number.to_string();
            self.open(&name).or_else(|| self.make(&name))
        };
        let free = |file: File| file.try_lock().is_ok().then_some(Slot { _lock: file });
        (0..count).filter_map(file).find_map(free)
    }

    /// A regular file that is there. Pipes and links, which others may have put there, are not.
    fn open(&self, name: &str) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&self.handle, name, flags, Mode::empty()).ok()?;
        let kind = FileType::from_raw_mode(fstat(&file).ok()?.st_mode);
        (kind == FileType::RegularFile).then(|| file.into())
    }

    /// A file that was not there. Locking it needs no more than reading.
    fn make(&self, name: &str) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let readable = Mode::from_raw_mode(0o444);
        let file = openat(&self.handle, name, flags, readable).ok()?;
        fchmod(&file, readable).ok()?;
        Some(file.into())
    }

    /// The tickets that were drawn before a name, or all of them, in order.
    fn before(&self, name: Option<&str>) -> Result<Vec<String>, Filled> {
        let mut tickets = Vec::new();
        for (seen, entry) in Dir::read_from(&self.handle).into_iter().flatten().enumerate() {
            let Ok(entry) = entry else { break };
            if seen > MOST {
                return Err(Filled);
            }
            let ticket = entry.file_name().to_string_lossy().into_owned();
            if ticket.starts_with(TICKET) && name.is_none_or(|name| ticket.as_str() < name) {
                tickets.push(ticket);
            }
        }
        tickets.sort();
        Ok(tickets)
    }

    /// The last of those before a name whose owner still waits.
    fn nearest_before(&self, name: Option<&str>) -> Result<Option<File>, Filled> {
        for ticket in self.before(name)?.iter().rev() {
            match self.open(ticket) {
                Some(file) if is_held(&file) => return Ok(Some(file)),
                // What a killed process left; only its user's processes can remove it.
                _ => drop(unlinkat(&self.handle, ticket, AtFlags::empty())),
            }
        }
        Ok(None)
    }
}

fn is_held(file: &File) -> bool {
    let lock = file.try_lock_shared();
    if lock.is_ok() {
        let _ = file.unlock();
    }
    lock.is_err()
}

/// A place in the queue, which is given up when it is dropped.
#[derive(Debug)]
struct Ticket<'a> {
    folder: &'a Folder,
    name: String,
    _lock: File,
}

impl Ticket<'_> {
    fn draw(folder: &Folder) -> Option<Ticket<'_>> {
        static DRAWN: AtomicU32 = AtomicU32::new(0);
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let (process, number) = (std::process::id(), DRAWN.fetch_add(1, Ordering::Relaxed));
        let name = format!("{TICKET}{time:020}-{process}-{number}");
        // It gets its name when it is locked, or it would look as if its owner had been killed.
        let unfinished = format!(".{name}");
        let lock = folder.make(&unfinished)?;
        let ticket = Ticket { folder, name, _lock: lock };
        let is_drawn = ticket._lock.try_lock().is_ok()
            && renameat(&folder.handle, &unfinished, &folder.handle, &ticket.name).is_ok();
        if !is_drawn {
            let _ = unlinkat(&folder.handle, &unfinished, AtFlags::empty());
        }
        is_drawn.then_some(ticket)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let _ = unlinkat(&self.folder.handle, &self.name, AtFlags::empty());
    }
}

/// The wait of one who holds a ticket.
struct Wait<'a> {
    folder: &'a Folder,
    name: &'a str,
    count: usize,
    /// The ticket of the one just before.
    before: Option<File>,
    began: Instant,
    counted: Instant,
    /// When the queue was last seen to be shorter than ever before.
    moved: Instant,
    shortest: usize,
}

impl<'a> Wait<'a> {
    fn new(folder: &'a Folder, ticket: &'a Ticket<'_>, count: usize) -> Wait<'a> {
        let now = Instant::now();
        Wait {
            folder,
            name: &ticket.name,
            count,
            before: None,
            began: now,
            counted: now,
            moved: now,
            shortest: usize::MAX,
        }
    }

    fn carry_out(mut self, stop: &Stop, patience: &Patience) -> Taken {
        loop {
            if !self.before.as_ref().is_some_and(is_held) {
                match self.folder.nearest_before(Some(self.name)) {
                    Ok(before) => self.before = before,
                    Err(Filled) => return Taken::InVain,
                }
            }
            if self.before.is_none()
                && let Some(slot) = self.folder.free_slot(self.count)
            {
                return Taken::Slot(slot);
            }
            if self.is_in_vain(patience) {
                return Taken::InVain;
            }
            let pause = if self.before.is_none() { patience.look } else { patience.look_ahead };
            if stop.wish_within(pause).is_some() {
                return Taken::Stopped;
            }
        }
    }

    /// Whether the queue doesn't move. It counts as moving only when it is shorter than it ever
    /// was, so that nobody can keep others waiting by drawing one ticket after another.
    fn is_in_vain(&mut self, patience: &Patience) -> bool {
        let now = Instant::now();
        if self.shortest == usize::MAX || now - self.counted > patience.count {
            self.counted = now;
            let length = self.folder.before(Some(self.name)).map_or(usize::MAX, |it| it.len());
            if length < self.shortest {
                (self.shortest, self.moved) = (length, now);
            }
        }
        now - self.moved > patience.standstill || now - self.began > patience.longest
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::mpsc;

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
            entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
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
                while room.names().iter().filter(|it| it.starts_with(TICKET)).count() <= number {
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
