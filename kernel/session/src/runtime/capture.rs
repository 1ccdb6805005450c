//! The learner's stdout and stderr in the process that runs cells.
//!
//! Descriptors 1 and 2 become pipes, whose bytes go to the kernel as they come, whatever they are.
//! What a cell printed before a frame goes out before the frame. The pipes' other ends have high
//! numbers, so that cells which close or replace descriptors by number rarely meet them; before the
//! kernel is told that a cell has ended, the socket's descriptor is checked.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl, fstat};
use rustix::io::ioctl_fionread;
use rustix::process::{Pid, getpid};
use rustix::stdio;

use super::wire::{self, Event};
use crate::platform;

/// The lowest number of this module's own descriptors. Programs that close «all» descriptors rarely
/// go so far, and the usual limit is 1,024.
const OWN: RawFd = 900;

static CAPTURE: OnceLock<Capture> = OnceLock::new();

/// Pipes in place of the standard streams, and the way to the kernel.
#[derive(Debug)]
pub struct Capture {
    /// The process that the kernel started. A cell may fork it; the copy has another number.
    process: Pid,
    state: Mutex<State>,
    readers: [OwnedFd; 2],
    /// The writing ends of stdout and stderr, to open again what a cell has closed. While these are
    /// open, the reading ends never report an end, which would keep the forwarding thread busy.
    writers: [OwnedFd; 2],
    /// The identity of the socket: a cell may have put something else in its place.
    socket: FileId,
}

/// Device and inode.
pub type FileId = (libc::dev_t, libc::ino_t);

#[derive(Debug)]
struct State {
    socket: UnixStream,
    stdout: File,
    stderr: File,
}

impl Capture {
    /// Puts the pipes in place and starts the thread that forwards them.
    pub fn start(socket: &UnixStream) -> io::Result<&'static Capture> {
        let (stdout, stdout_writer) = io::pipe()?;
        let (stderr, stderr_writer) = io::pipe()?;
        stdio::dup2_stdout(&stdout_writer)?;
        stdio::dup2_stderr(&stderr_writer)?;
        for reader in [&stdout, &stderr] {
            fcntl_setfl(reader, fcntl_getfl(reader)? | OFlags::NONBLOCK)?;
        }
        let (stdout, stderr) = (own(&stdout)?, own(&stderr)?);
        let socket = own(socket)?;
        let capture = Capture {
            process: getpid(),
            readers: [own(&stdout)?, own(&stderr)?],
            writers: [own(&stdout_writer)?, own(&stderr_writer)?],
            socket: file_id(&socket)?,
            state: Mutex::new(State {
                socket: socket.into(),
                stdout: stdout.into(),
                stderr: stderr.into(),
            }),
        };
        let capture = CAPTURE.get_or_init(|| capture);
        thread::Builder::new().name("output".into()).spawn(move || capture.forward())?;
        Ok(capture)
    }

    /// The process's one capture, once started.
    pub fn get() -> &'static Capture {
        CAPTURE.get().expect("the process starts its capture before anything else")
    }

    /// The reading ends of stdout and stderr.
    pub fn readers(&self) -> [RawFd; 2] {
        [&self.readers[0], &self.readers[1]].map(AsRawFd::as_raw_fd)
    }

    /// Whether this is the process that the kernel started, and not a copy that a cell has forked.
    pub fn is_ours(&self) -> bool {
        getpid() == self.process
    }

    pub fn send(&self, event: &Event) {
        // The kernel is gone if this fails, and the main thread sees that too.
        let _ = event.write(&mut self.lock().socket);
    }

    /// Sends everything that was printed so far, then the end of a run. Fails if the socket is
    /// lost: a cell may have closed it, or put something else in its place.
    pub fn drain_and_end(&self, event: &Event) -> io::Result<()> {
        let mut state = self.lock();
        if file_id(&state.socket)? != self.socket {
            return Err(io::ErrorKind::NotConnected.into());
        }
        state.drain();
        event.write(&mut state.socket)
    }

    /// Sends what was printed so far, then an event.
    pub fn drain_and_send(&self, event: &Event) -> io::Result<()> {
        let mut state = self.lock();
        state.drain();
        event.write(&mut state.socket)
    }

    /// Sends what was printed so far, then an encoded frame.
    pub fn drain_and_send_frame(&self, frame: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        state.drain();
        wire::write_frame(&mut state.socket, frame)
    }

    /// Opens the standard streams again that a cell has closed. Streams that a cell has replaced on
    /// purpose stay as they are.
    pub fn reopen(&self) {
        if fstat(stdio::stdout()).is_err() {
            let _ = stdio::dup2_stdout(&self.writers[0]);
        }
        if fstat(stdio::stderr()).is_err() {
            let _ = stdio::dup2_stderr(&self.writers[1]);
        }
    }

    fn forward(&self) {
        let [stdout, stderr] = &self.readers;
        loop {
            let mut fds = [stdout, stderr].map(|fd| PollFd::new(fd, PollFlags::IN));
            match poll(&mut fds, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => self.lock().drain(),
                Err(_) => return,
            }
            // A cell has closed the reading end: no more bytes come, and `poll` would never wait.
            let is_over = |fd: &PollFd<'_>| fd.revents().intersects(PollFlags::NVAL);
            if fds.iter().any(is_over) {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn drain(&mut self) {
        let State { socket, stdout, stderr } = self;
        drain(stdout, socket, wire::stdout_head, &platform::move_bytes);
        drain(stderr, socket, wire::stderr_head, &platform::move_bytes);
    }
}

/// A way to move bytes, at most so many.
type Move = dyn Fn(&File, &UnixStream, usize) -> io::Result<usize>;

/// Moves the contents of a pipe to the socket. The bytes never pass through this process's memory,
/// where a crash of a cell would lose what the cell printed last.
fn drain(pipe: &File, socket: &mut UnixStream, head: fn(u32) -> [u8; 5], moves: &Move) {
    // The first look finds everything that was printed before, the second the rest of a line. There
    // is no third one: a thread that never stops printing must not delay the next message.
    for _ in 0..2 {
        let waiting = ioctl_fionread(pipe).ok().and_then(|it| u32::try_from(it).ok());
        let Some(length) = waiting.filter(|length| *length > 0) else { return };
        if socket.write_all(&head(length)).is_err() {
            return;
        }
        let mut left = length as usize;
        while left > 0 {
            match moves(pipe, socket, left) {
                Ok(0) => break,
                Ok(moved) => left -= moved,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        // Where the system can't move the bytes they are copied, since the message must be whole.
        if left > 0 && copy(pipe, socket, left).is_err() {
            return;
        }
    }
}

fn copy(mut pipe: &File, socket: &mut UnixStream, length: usize) -> io::Result<()> {
    let mut bytes = vec![0; length];
    pipe.read_exact(&mut bytes)?;
    socket.write_all(&bytes)
}

/// Duplicates a descriptor under a high number, or under any if the process may not have high ones.
pub fn own(fd: impl AsFd) -> io::Result<OwnedFd> {
    let copy = rustix::io::fcntl_dupfd_cloexec(&fd, OWN);
    Ok(copy.or_else(|_| rustix::io::fcntl_dupfd_cloexec(&fd, 3))?)
}

/// What tells a file from all others, whatever descriptor it has.
pub fn file_id(fd: impl AsFd) -> io::Result<FileId> {
    let stat = fstat(fd)?;
    Ok((stat.st_dev, stat.st_ino))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn output_comes_whole_where_the_system_moves_no_bytes() {
        let text = "灯り".repeat(1000);
        let refused = |_: &File, _: &UnixStream, _: usize| Err(io::ErrorKind::Unsupported.into());
        let in_two = |pipe: &File, socket: &UnixStream, length: usize| match length {
            0..5000 => Err(io::ErrorKind::Unsupported.into()),
            _ => platform::move_bytes(pipe, socket, 1000),
        };
        for moves in [&refused as &Move, &in_two, &platform::move_bytes] {
            let (reader, mut writer) = io::pipe().unwrap();
            let (mut ours, mut theirs) = UnixStream::pair().unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            drain(&File::from(OwnedFd::from(reader)), &mut ours, wire::stdout_head, moves);
            drop(ours);
            let mut message = Vec::new();
            theirs.read_to_end(&mut message).unwrap();
            assert_eq!(message, [&wire::stdout_head(6000)[..], text.as_bytes()].concat());
        }
    }
}
