//! The learner's stdin, in the process that runs cells: whoever reads it asks the kernel for a line.
//!
//! `platform` lets the standard library, C's stdio and all that cells load ask here, on systems where that can be done.
//! Only descriptor 0 of this very process is served; every other read is libc's own. Behind descriptor 0 is `/dev/null`:
//! what reads past the functions here, such as a program that a cell starts, is at the end of its input and waits for
//! nobody.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use errno::Errno;
use rustix::stdio;

use super::capture::{Capture, FileId, file_id};
use super::life::Run;
use super::load::Prelude;
use super::wire::Event;
use crate::platform::{self, Reader};

/// The size of std's buffer of stdin. It is filled whenever a line is missing; who reads by other
/// sizes, as `read_to_string` does, reads until the end.
const BUFFER: usize = 8 << 10;

static STDIN: OnceLock<Stdin> = OnceLock::new();

struct Stdin {
    prelude: Prelude,
    /// `/dev/null`: a cell may put something of its own in its place.
    nothing: FileId,
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
    let stdin = Stdin {
        prelude: prelude.clone(),
        nothing: file_id(stdio::stdin())?,
        reading: Mutex::default(),
        answers: Answers::default(),
        run: AtomicU64::new(0),
        refused: AtomicU64::new(Run::MAX),
        is_at_end: AtomicBool::new(false),
    };
    if STDIN.set(stdin).is_ok() {
        platform::serve_reads(serve_read);
    }
    Ok(())
}

/// Notes that a run begins: what an earlier cell was refused, this one may ask for.
pub fn begin(run: Run) {
    let Some(stdin) = STDIN.get() else { return };
    stdin.run.store(run, Ordering::Relaxed);
    if stdin.is_at_end.swap(false, Ordering::Relaxed) {
        platform::forget_end_of_c_stdin();
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
            && file_id(stdio::stdin()).is_ok_and(|it| it == self.nothing)
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
                errno::set_errno(Errno(code));
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

/// Serves a read of the learner's stdin, and no other.
fn serve_read(fd: c_int, reader: Reader, target: *mut c_void, length: usize) -> Option<isize> {
    let stdin = served(fd)?;
    let reads_lines = reader != Reader::Plain || length == BUFFER;
    let length = stdin.read_into(target, length, reads_lines);
    if reader == Reader::Stdio && length <= 0 {
        stdin.is_at_end.store(true, Ordering::Relaxed);
    }
    Some(length)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
