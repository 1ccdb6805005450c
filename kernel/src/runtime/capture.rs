//! The learner's stdin, stdout and stderr in the process that runs cells.
//!
//! Descriptors 1 and 2 become pipes whose bytes go to the kernel as they come, whatever they
//! are; what was printed before a frame goes out before it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use super::wire::{self, Event};

/// What a pipe holds on Linux.
const PIPE_SIZE: usize = 1 << 16;

static CAPTURE: OnceLock<Capture> = OnceLock::new();

/// Pipes in place of the standard streams, and the way to the kernel.
#[derive(Debug)]
pub struct Capture {
    state: Mutex<State>,
    stdin: Mutex<File>,
    fds: [RawFd; 2],
}

#[derive(Debug)]
struct State {
    socket: UnixStream,
    stdout: File,
    stderr: File,
}

impl Capture {
    /// Puts the pipes in place and starts the thread that forwards them.
    pub fn start(socket: UnixStream) -> io::Result<&'static Capture> {
        let (stdin_reader, stdin_writer) = pipe()?;
        let (stdout, stdout_writer) = pipe()?;
        let (stderr, stderr_writer) = pipe()?;
        replace(&stdin_reader, 0)?;
        replace(&stdout_writer, 1)?;
        replace(&stderr_writer, 2)?;
        for reader in [&stdout, &stderr] {
            set_nonblocking(reader)?;
        }
        let fds = [stdout.as_raw_fd(), stderr.as_raw_fd()];
        let state = State { socket, stdout: stdout.into(), stderr: stderr.into() };
        let capture =
            Capture { state: Mutex::new(state), stdin: Mutex::new(stdin_writer.into()), fds };
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
        self.fds
    }

    pub fn send(&self, event: &Event) {
        // The kernel is gone if this fails, and the main thread sees that too.
        let _ = event.write(&mut self.lock().socket);
    }

    /// Sends all that was printed so far, then the event.
    pub fn drain_and_send(&self, event: &Event) {
        let mut state = self.lock();
        state.drain();
        let _ = event.write(&mut state.socket);
    }

    /// The same for a frame that the prelude has laid out.
    pub fn drain_and_send_frame(&self, kind: u32, data: &[u8]) {
        let mut state = self.lock();
        state.drain();
        let _ = wire::write_raw_frame(&mut state.socket, kind, data);
    }

    /// Gives the learner's code a line on its stdin.
    pub fn feed(&self, text: &str) {
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = stdin.write_all(text.as_bytes());
    }

    fn forward(&self) {
        let poll = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut fds = self.fds.map(poll);
        loop {
            // SAFETY: `fds` is a live array of its own length, kept by this frame.
            let ready = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, -1) };
            if ready < 0 && io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return;
            }
            self.lock().drain();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn drain(&mut self) {
        let State { socket, stdout, stderr } = self;
        drain(stdout, socket, Event::Stdout);
        drain(stderr, socket, Event::Stderr);
    }
}

fn drain(pipe: &mut File, socket: &mut UnixStream, event: fn(Vec<u8>) -> Event) {
    let mut buffer = vec![0; PIPE_SIZE];
    // All that was printed before fits twice; more comes from a thread that never stops printing,
    // and what is to be sent after it must not wait for that.
    for _ in 0..2 {
        match pipe.read(&mut buffer) {
            Ok(len) if len > 0 => {
                let _ = event(buffer[..len].to_vec()).write(socket);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Empty for now, or closed for good.
            _ => return,
        }
    }
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds = [0; 2];
    // SAFETY: `fds` has room for the two descriptors that the call writes.
    if unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both are fresh descriptors that nobody else owns.
    Ok(unsafe { (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])) })
}

fn replace(fd: &OwnedFd, target: RawFd) -> io::Result<()> {
    // SAFETY: `fd` is open; the standard descriptors are ours to replace in this process.
    match unsafe { libc::dup2(fd.as_raw_fd(), target) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    // SAFETY: plain flag calls on an open descriptor.
    let result = unsafe {
        let flags = libc::fcntl(fd.as_raw_fd(), libc::F_GETFL);
        libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK)
    };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
