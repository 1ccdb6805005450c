//! Threads that help with a loop: whoever has one does it himself, and the others join in as soon as they are awake.
//!
//! rayon wakes its threads for each loop and sleeps meanwhile, which takes as long as a loop over a few hundred thousand
//! numbers does. Here the caller begins at once and waits for nobody who has not begun by the time all is done; a helper looks
//! out for the next loop for some microseconds, and then sleeps. One loop at a time has the helpers. `threads.rs` alone calls this.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use std::{hint, ptr};

/// How long a helper looks out for the next loop before it sleeps: between the functions of a training step there is
/// less than this. It doesn't give way to others meanwhile: whoever yields is not back before the next tick of the system,
/// and misses many loops, while a thread that sleeps is woken at once.
const LOOKOUT: Duration = Duration::from_micros(50);

/// How many times a thread looks before it asks for the time.
const LOOKS: u32 = 64;

/// A loop that threads share. It lives on its caller's stack until nobody is at it.
struct Job<'a> {
    work: &'a (dyn Fn(usize) + Sync),
    /// The first index that nobody has taken.
    next: AtomicUsize,
    count: usize,
    /// How many indices are taken at a time.
    some: usize,
    /// How many helpers are called.
    called: usize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

thread_local! {
    static IS_AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is at a loop that threads share.
pub(super) fn is_at_work() -> bool {
    IS_AT_WORK.get()
}

impl Job<'_> {
    /// Takes indices until none is left.
    fn help(&self) {
        IS_AT_WORK.set(true);
        let all = || loop {
            let first = self.next.fetch_add(self.some, Ordering::Relaxed);
            if first >= self.count {
                break;
            }
            (first..self.count.min(first + self.some)).for_each(self.work);
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(all)) {
            // The others need not go on.
            self.next.store(self.count, Ordering::Relaxed);
            self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
        }
        IS_AT_WORK.set(false);
    }
}

/// The helpers, and what they are called to.
struct Crew {
    helpers: OnceLock<Vec<Thread>>,
    /// Whether a loop has the helpers.
    is_taken: AtomicBool,
    /// That loop, until all of its indices are taken.
    job: AtomicPtr<Job<'static>>,
    /// The number of helpers that may be looking at `job`.
    inside: AtomicUsize,
    /// How many loops there have been.
    calls: AtomicUsize,
}

static CREW: Crew = Crew {
    helpers: OnceLock::new(),
    is_taken: AtomicBool::new(false),
    job: AtomicPtr::new(ptr::null_mut()),
    inside: AtomicUsize::new(0),
    calls: AtomicUsize::new(0),
};

/// Does `work` for each of `0..count`, `some` of them at a time, with up to `helpers` other threads: their number is that
/// of the first call. Returns false, and does nothing, where another loop has them.
pub(super) fn share(
    count: usize,
    some: usize,
    helpers: usize,
    work: &(dyn Fn(usize) + Sync),
) -> bool {
    if CREW.is_taken.swap(true, Ordering::Acquire) {
        return false;
    }
    CREW.helpers.get_or_init(|| (0..helpers).map_while(started).collect());
    let job = Job {
        work,
        next: AtomicUsize::new(0),
        count,
        some,
        called: count.div_ceil(some).saturating_sub(1),
        panic: Mutex::new(None),
    };
    CREW.job.store(ptr::from_ref(&job).cast_mut().cast(), Ordering::SeqCst);
    CREW.calls.fetch_add(1, Ordering::SeqCst);
    call(0, job.called);
    job.help();
    // Whoever comes from here on finds no loop; whoever has found this one is counted.
    CREW.job.store(ptr::null_mut(), Ordering::SeqCst);
    let mut lookout = Lookout::default();
    while CREW.inside.load(Ordering::SeqCst) != 0 {
        if lookout.is_over() {
            // The helper may be waiting for this very core.
            thread::yield_now();
        }
    }
    CREW.is_taken.store(false, Ordering::Release);
    if let Some(panic) = job.panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
        resume_unwind(panic);
    }
    true
}

/// Wakes up to two of the first `called` helpers. Each of them wakes two others, so that a call of many takes no long
/// time; the caller is at place 0, and the helpers are at those from 1 on.
fn call(place: usize, called: usize) {
    let helpers = CREW.helpers.get().map_or(&[][..], Vec::as_slice);
    let called = &helpers[..called.min(helpers.len())];
    called.iter().skip(2 * place).take(2).for_each(Thread::unpark);
}

/// A helper; none where the system has no more threads to give.
fn started(index: usize) -> Option<Thread> {
    let thread = thread::Builder::new().name("akari-loops".to_owned());
    let thread = thread.spawn(move || helper(index + 1)).ok()?;
    Some(thread.thread().clone())
}

fn helper(place: usize) {
    let mut seen = 0;
    loop {
        seen = next_call(seen);
        CREW.inside.fetch_add(1, Ordering::SeqCst);
        let job = CREW.job.load(Ordering::SeqCst);
        // SAFETY: the pointer is null, or that of a job which lives as long as its caller is in `share`. The caller takes
        // the pointer away before it looks at `inside`, and leaves only when that is 0. Both orders are sequentially
        // consistent: a helper that still finds the pointer has been counted before the caller looks.
        if let Some(job) = unsafe { job.as_ref() } {
            call(place, job.called);
            job.help();
        }
        CREW.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until there has been another call than those seen.
fn next_call(seen: usize) -> usize {
    let mut lookout = Lookout::default();
    loop {
        let calls = CREW.calls.load(Ordering::SeqCst);
        if calls != seen {
            return calls;
        }
        if lookout.is_over() {
            // A call since the line above has left a token, with which this returns at once.
            thread::park();
            lookout = Lookout::default();
        }
    }
}

/// Moments that pass, and when they began.
#[derive(Default)]
struct Lookout {
    looks: u32,
    begin: Option<Instant>,
}

impl Lookout {
    /// Passes a moment. Whether there have been enough of them.
    fn is_over(&mut self) -> bool {
        hint::spin_loop();
        self.looks = self.looks.wrapping_add(1);
        self.looks.is_multiple_of(LOOKS)
            && self.begin.get_or_insert_with(Instant::now).elapsed() > LOOKOUT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(count: usize, some: usize, work: &(dyn Fn(usize) + Sync)) {
        // Other tests use the helpers too.
        while !share(count, some, 3, work) {
            thread::yield_now();
        }
    }

    #[test]
    fn each_index_is_taken_once_however_often_helpers_come_late() {
        for round in 0..3_000 {
            let count = round % 40;
            let done = (0..count).map(|_| AtomicUsize::new(0)).collect::<Vec<_>>();
            shared(count, 1 + round % 3, &|index| {
                done[index].fetch_add(1, Ordering::Relaxed);
            });
            assert!(done.iter().all(|done| done.load(Ordering::Relaxed) == 1), "{count}");
            if round % 500 == 0 {
                // Helpers sleep meanwhile.
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    #[test]
    fn a_loop_within_a_loop_is_refused_and_a_panic_comes_back() {
        shared(8, 1, &|_| assert!(is_at_work() && !share(8, 1, 3, &|_| ())));
        assert!(!is_at_work());
        let panic = catch_unwind(|| shared(100, 1, &|index| assert!(index != 50, "at {index}")));
        let text = panic.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(*text, "at 50");
        shared(8, 1, &|_| ());
    }
}
