//! The learner's stdin, in the process that runs cells: whoever reads it asks the kernel for a line.
//!
//! The program exports `read` and `readv` (`build.rs`), so that the standard library and all that
//! cells load read by the functions here. Only descriptor 0 of this very process is served; every
//! other read is libc's own. C's stdio reads by no name that could be taken over; `c_stdio` has its
//! stream. Behind descriptor 0 is `/dev/null`: what reads past these functions,
//! such as a program that a cell starts, is at the end of its input and waits for nobody.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_long, c_void};
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs::fstat;
use rustix::stdio;

use super::c_stdio;
use super::capture::Capture;
use super::life::Run;
use super::load::Prelude;
use super::wire::Event;

/// The size of std's buffer of stdin. It is filled whenever a line is missing; who reads by other
/// sizes, as `read_to_string` does, reads until the end.
const BUFFER: usize = 8 << 10;

static STDIN: OnceLock<Stdin> = OnceLock::new();

struct Stdin {
    prelude: Prelude,
    /// Device and inode of `/dev/null`: a cell may put something of its own in its place.
    nothing: (u64, u64),
    /// Held by the thread that reads, also while it waits for an answer.
    reading: Mutex<Reading>,
    answers: Answers,
    /// The run that is under way, or was the last.
    run: AtomicU64,
    /// The run in which nobody could be asked.
    refused: AtomicU64,
    /// Whether C's `stdin` has seen an end, which it would remember.
    is_at_end: AtomicBool,
}

#[derive(Default)]
struct Reading {
    /// What is left of an answer, from this place on.
    rest: Vec<u8>,
    at: usize,
    /// Whether the answer was read by somebody who reads until the end.
    ends_next: bool,
}

/// The way from the thread that hears the kernel to the one that waits for an answer.
#[derive(Default)]
struct Answers {
    waiting: Mutex<Option<Answer>>,
    changed: Condvar,
}

/// What the kernel says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The line, or nothing at the end of the input.
    Line(String),
    /// There is nobody to ask, or the cell is to stop.
    Refused,
}

/// Serves stdin from now on.
pub fn serve(prelude: &Prelude) -> io::Result<()> {
    stdio::dup2_stdin(File::open("/dev/null")?)?;
    let stat = fstat(stdio::stdin())?;
    let stdin = Stdin {
        prelude: prelude.clone(),
        nothing: (stat.st_dev, stat.st_ino),
        reading: Mutex::default(),
        answers: Answers::default(),
        run: AtomicU64::new(0),
        refused: AtomicU64::new(Run::MAX),
        is_at_end: AtomicBool::new(false),
    };
    if STDIN.set(stdin).is_ok() {
        c_stdio::read_stdin_by(read_for_c);
    }
    Ok(())
}

/// Notes that a run begins: what an earlier cell was refused, this one may ask for.
pub fn begin(run: Run) {
    let Some(stdin) = STDIN.get() else { return };
    stdin.run.store(run, Ordering::Relaxed);
    if stdin.is_at_end.swap(false, Ordering::Relaxed) {
        c_stdio::forget_end_of_stdin();
    }
}

/// Hands an answer to the thread that waits for it.
pub fn answer(answer: Answer) {
    let Some(stdin) = STDIN.get() else { return };
    *lock(&stdin.answers.waiting) = Some(answer);
    stdin.answers.changed.notify_all();
}

impl Stdin {
    /// Whether a read of this descriptor is to be served. A copy of the process that a cell has
    /// forked can ask nobody.
    fn serves(&self, fd: c_int) -> bool {
        fd == 0
            && Capture::get().is_ours()
            && fstat(stdio::stdin()).is_ok_and(|it| (it.st_dev, it.st_ino) == self.nothing)
    }

    /// Copies what is there, at most a line, and asks for more if nothing is. Copies nothing at the
    /// end. Fails if the cell reads on although nobody can be asked: a loop that waits for a good
    /// answer would never end.
    fn read(&self, target: &mut [u8], reads_lines: bool) -> Result<usize, c_int> {
        let mut reading = lock(&self.reading);
        if reading.at == reading.rest.len() {
            if std::mem::take(&mut reading.ends_next) && !reads_lines {
                return Ok(0);
            }
            let run = self.run.load(Ordering::Relaxed);
            if self.refused.load(Ordering::Relaxed) == run {
                return Err(libc::ECANCELED);
            }
            match self.ask() {
                Answer::Line(line) => (reading.rest, reading.at) = (line.into_bytes(), 0),
                Answer::Refused => {
                    self.refused.store(run, Ordering::Relaxed);
                    return Ok(0);
                }
            }
        }
        let rest = &reading.rest[reading.at..];
        let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let length = line.min(target.len());
        target[..length].copy_from_slice(&rest[..length]);
        reading.at += length;
        reading.ends_next = length > 0 && !reads_lines;
        Ok(length)
    }

    fn ask(&self) -> Answer {
        // The question may stand in a line that the cell has not finished.
        self.prelude.flush_unfinished_line();
        let mut waiting = lock(&self.answers.waiting);
        *waiting = None;
        if Capture::get().drain_and_send(&Event::Asks).is_err() {
            return Answer::Refused;
        }
        loop {
            if let Some(answer) = waiting.take() {
                return answer;
            }
            waiting = self.answers.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The same for C: the number of bytes, or -1 and `errno`.
    fn read_into(&self, target: *mut c_void, length: usize, reads_lines: bool) -> isize {
        if target.is_null() || length == 0 {
            return 0;
        }
        // SAFETY: the caller of `read` hands over that many bytes to be written; they may be
        // uninitialised, and are written and never read here.
        let target = unsafe { std::slice::from_raw_parts_mut(target.cast::<u8>(), length) };
        match self.read(target, reads_lines) {
            Ok(length) => length.cast_signed(),
            Err(code) => {
                // SAFETY: the place of the calling thread's error number.
                unsafe { *libc::__errno_location() = code };
                -1
            }
        }
    }
}

/// The stdin to read, if the descriptor is the learner's stdin.
fn served(fd: c_int) -> Option<&'static Stdin> {
    if fd != 0 {
        return None;
    }
    STDIN.get().filter(|stdin| stdin.serves(fd))
}

/// libc's `read`, for this program and all libraries in it.
///
/// # Safety
///
/// As for `read(2)`: `length` bytes can be written at `target`.
#[unsafe(no_mangle)]
unsafe extern "C" fn read(fd: c_int, target: *mut c_void, length: usize) -> isize {
    match served(fd) {
        Some(stdin) => stdin.read_into(target, length, length == BUFFER),
        // SAFETY: the caller's promise.
        None => unsafe { libc::syscall(libc::SYS_read, c_long::from(fd), target, length) as isize },
    }
}

/// libc's `readv`. A part of what was asked for is enough, so the first place gets all.
///
/// # Safety
///
/// As for `readv(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn readv(fd: c_int, targets: *const libc::iovec, count: c_int) -> isize {
    let Some(stdin) = served(fd) else {
        // SAFETY: the caller's promise.
        return unsafe {
            libc::syscall(libc::SYS_readv, c_long::from(fd), targets, c_long::from(count)) as isize
        };
    };
    let count = usize::try_from(count).unwrap_or(0);
    if targets.is_null() || count == 0 {
        return 0;
    }
    // SAFETY: the caller's promise.
    let targets = unsafe { std::slice::from_raw_parts(targets, count) };
    let target = targets.iter().find(|target| target.iov_len > 0);
    target.map_or(0, |it| stdin.read_into(it.iov_base, it.iov_len, true))
}

/// Reads for C's stdio.
fn read_for_c(target: *mut c_void, length: usize) -> isize {
    let Some(stdin) = served(0) else {
        // SAFETY: stdio hands over that many bytes.
        return unsafe { libc::syscall(libc::SYS_read, 0 as c_long, target, length) as isize };
    };
    let length = stdin.read_into(target, length, true);
    if length <= 0 {
        stdin.is_at_end.store(true, Ordering::Relaxed);
    }
    length
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
