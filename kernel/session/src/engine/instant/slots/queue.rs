//! The queue for a slot: tickets, and the wait of a kernel until nobody is before it.

use std::fs::File;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::folder::{OpenFolder, TICKET, TooManyFiles, is_held};
use super::{Patience, TakeResult};
use crate::engine::stop::Stop;

/// A place in the queue; dropping the ticket gives it up.
#[derive(Debug)]
pub struct Ticket<'a> {
    folder: &'a OpenFolder,
    name: String,
    _lock: File,
}

impl Ticket<'_> {
    pub fn draw(folder: &OpenFolder) -> Option<Ticket<'_>> {
        static DRAWN: AtomicU32 = AtomicU32::new(0);
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let (process, number) = (std::process::id(), DRAWN.fetch_add(1, Ordering::Relaxed));
        let name = format!("{TICKET}{time:020}-{process}-{number}");
        // A ticket without a lock looks like one of a killed process, so it is locked first.
        let unfinished = format!(".{name}");
        let lock = folder.make(&unfinished)?;
        let ticket = Ticket { folder, name, _lock: lock };
        let is_drawn = ticket._lock.try_lock().is_ok() && folder.rename(&unfinished, &ticket.name);
        if !is_drawn {
            folder.remove(&unfinished);
        }
        is_drawn.then_some(ticket)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.folder.remove(&self.name);
    }
}

/// The wait of a kernel that holds a ticket.
pub struct Wait<'a> {
    folder: &'a OpenFolder,
    name: &'a str,
    count: usize,
    /// The ticket just before this kernel's.
    before: Option<File>,
    began: Instant,
    counted: Instant,
    /// When the queue was last seen to be shorter than ever before.
    moved: Instant,
    shortest: usize,
}

impl<'a> Wait<'a> {
    pub fn new(folder: &'a OpenFolder, ticket: &'a Ticket<'_>, count: usize) -> Wait<'a> {
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

    pub fn carry_out(mut self, stop: &Stop, patience: &Patience) -> TakeResult {
        loop {
            if !self.before.as_ref().is_some_and(is_held) {
                match self.folder.nearest_before(Some(self.name)) {
                    Ok(before) => self.before = before,
                    Err(TooManyFiles) => return TakeResult::InVain,
                }
            }
            if self.before.is_none()
                && let Some(slot) = self.folder.free_slot(self.count)
            {
                return TakeResult::Slot(slot);
            }
            if self.is_in_vain(patience) {
                return TakeResult::InVain;
            }
            let pause = if self.before.is_none() { patience.look } else { patience.look_ahead };
            if stop.wish_within(pause).is_some() {
                return TakeResult::Stopped;
            }
        }
    }

    /// Whether the queue stands still. A queue moves only when it is shorter than ever before, so
    /// that nobody can keep others waiting by drawing one ticket after another.
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
