//! The kernel's hold on the process that runs cells: start, run, interrupt, notice its end.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, Command as ProcessCommand, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::wire::{Command, Event};

/// How long a cell that was asked to stop may go on before its process is killed.
const GRACE: Duration = Duration::from_secs(3);

/// Messages that wait for the engine; more make the child's prints wait.
const BACKLOG: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    #[error("could not start the process that runs cells: {0}")]
    Start(#[source] io::Error),
    #[error("the process that runs cells did not load the prelude: {0}; run `akari install` again")]
    Prelude(String),
}

/// What the process needs to find its libraries.
#[derive(Debug, Clone)]
pub struct ChildSettings {
    /// The binary that becomes the process.
    pub program: PathBuf,
    pub prelude: PathBuf,
    /// Folders that hold the prelude, the standard library and what `:dep` built.
    pub library_paths: Vec<PathBuf>,
    /// The session's own folder, which the process removes if the kernel can't.
    pub folder: PathBuf,
    /// What unseeded random numbers begin with, so that a second process draws the same.
    pub seed: u64,
}

/// A running process.
#[derive(Debug)]
pub struct Child {
    process: Process,
    events: Receiver<Event>,
    hold: Arc<Hold>,
    /// The pipes behind the learner's stdout and stderr, for what a crash leaves in them.
    leftovers: [Option<File>; 2],
}

/// What other threads may do with the process.
#[derive(Debug)]
pub struct Hold {
    pid: u32,
    socket: Mutex<UnixStream>,
    /// Counts runs, so that a late kill can't hit the next one.
    run: AtomicU64,
    is_running: AtomicBool,
    was_killed: AtomicBool,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd {
    /// The entry returned this.
    Returned(i32),
    /// The library could not be loaded.
    LoadFailed(String),
    /// The process is no more.
    Died(Death),
}

/// Why the process is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Death {
    /// We killed it: the cell didn't stop when asked.
    Interrupted,
    Exit(i32),
    Signal(i32),
    Unknown,
}

impl Child {
    /// Starts the process and waits until it has loaded the prelude.
    pub fn start(settings: &ChildSettings) -> Result<Child, ChildError> {
        let (ours, theirs) = UnixStream::pair().map_err(ChildError::Start)?;
        let paths = std::env::join_paths(&settings.library_paths)
            .map_err(|error| ChildError::Start(io::Error::other(error)))?;
        let process = ProcessCommand::new(&settings.program)
            .arg("runtime")
            .env("AKARI_PRELUDE", &settings.prelude)
            .env("LD_LIBRARY_PATH", paths)
            .env("AKARI_SESSION_FOLDER", &settings.folder)
            .env("AKARI_SEED", settings.seed.to_string())
            // A backtrace of our frames helps no learner; the traceback names their line.
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            // A group of its own, to end with it all that cells have started.
            .process_group(0)
            .spawn()
            .map_err(ChildError::Start)?;
        let (sender, events) = mpsc::sync_channel(BACKLOG);
        let reading = ours.try_clone().map_err(ChildError::Start)?;
        thread::spawn(move || {
            let mut input = BufReader::with_capacity(1 << 16, reading);
            while let Ok(event) = Event::read(&mut input) {
                if sender.send(event).is_err() {
                    break;
                }
            }
        });
        let hold = Arc::new(Hold {
            pid: process.id(),
            socket: Mutex::new(ours),
            run: AtomicU64::new(0),
            is_running: AtomicBool::new(false),
            was_killed: AtomicBool::new(false),
        });
        let mut child = Child { process, events, hold, leftovers: [None, None] };
        match child.events.recv() {
            Ok(Event::Ready { stdout, stderr }) => {
                child.leftovers = [child.open_pipe(stdout), child.open_pipe(stderr)];
                Ok(child)
            }
            Ok(Event::LoadFailed(text)) => Err(ChildError::Prelude(text)),
            _ => Err(ChildError::Prelude(format!("{:?}", child.death()))),
        }
    }

    pub fn hold(&self) -> Arc<Hold> {
        Arc::clone(&self.hold)
    }

    /// Another hold on a pipe of the process.
    fn open_pipe(&self, descriptor: i32) -> Option<File> {
        let path = format!("/proc/{}/fd/{descriptor}", self.process.id());
        OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).ok()
    }

    /// Runs a cell's library. Everything it sends meanwhile goes to `on_event`.
    pub fn run(&mut self, library: &Path, on_event: impl FnMut(&Hold, Event)) -> RunEnd {
        self.carry_out(&run_command(library), None, on_event)
    }

    /// The same, but ends the process if the cell takes longer than that.
    pub fn run_within(
        &mut self,
        limit: Duration,
        library: &Path,
        on_event: impl FnMut(&Hold, Event),
    ) -> RunEnd {
        self.carry_out(&run_command(library), Some(limit), on_event)
    }

    /// Runs a line by the shell, whose exit code is the end.
    pub fn run_shell(&mut self, text: &str, on_event: impl FnMut(&Hold, Event)) -> RunEnd {
        self.carry_out(&Command::Shell(text.to_owned()), None, on_event)
    }

    fn carry_out(
        &mut self,
        command: &Command,
        limit: Option<Duration>,
        mut on_event: impl FnMut(&Hold, Event),
    ) -> RunEnd {
        let mut end_at = limit.map(|limit| Instant::now() + limit);
        self.hold.run.fetch_add(1, Ordering::SeqCst);
        self.hold.is_running.store(true, Ordering::SeqCst);
        let sent = self.hold.send(command);
        let end = loop {
            let event = match end_at {
                Some(at) => self.events.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => self.events.recv().map_err(RecvTimeoutError::from),
            };
            match event {
                _ if !sent => break RunEnd::Died(self.death()),
                Err(RecvTimeoutError::Timeout) => {
                    self.hold.end();
                    end_at = None;
                }
                Ok(Event::Ended(code)) => break RunEnd::Returned(code),
                Ok(Event::LoadFailed(text)) => break RunEnd::LoadFailed(text),
                Ok(event) => on_event(&self.hold, event),
                Err(RecvTimeoutError::Disconnected) => break RunEnd::Died(self.death()),
            }
        };
        self.hold.is_running.store(false, Ordering::SeqCst);
        if matches!(end, RunEnd::Died(_)) {
            for (pipe, event) in self.leftovers.iter_mut().zip([Event::Stdout, Event::Stderr]) {
                let left = pipe.take().map(read_left).unwrap_or_default();
                if !left.is_empty() {
                    on_event(&self.hold, event(left));
                }
            }
        }
        end
    }

    fn death(&mut self) -> Death {
        // Only once it has ended, so as not to change how; and before its id is free again.
        if wait_until_over(self.hold.pid) {
            signal_group(self.hold.pid, libc::SIGKILL);
        }
        let status = self.process.wait();
        match status {
            _ if self.hold.was_killed.load(Ordering::SeqCst) => Death::Interrupted,
            Ok(status) => death(status),
            Err(_) => Death::Unknown,
        }
    }
}

fn run_command(library: &Path) -> Command {
    Command::Run(library.to_string_lossy().into_owned())
}

fn death(status: ExitStatus) -> Death {
    match (status.code(), status.signal()) {
        (Some(code), _) => Death::Exit(code),
        (_, Some(signal)) => Death::Signal(signal),
        _ => Death::Unknown,
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // `kill` alone knows whether the process has been waited for and its id is another's.
        if matches!(self.process.try_wait(), Ok(None)) {
            signal_group(self.hold.pid, libc::SIGKILL);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Hold {
    /// Whether the message could be sent.
    pub fn send(&self, command: &Command) -> bool {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        command.write(&mut *socket).is_ok()
    }

    /// Asks the running cell to stop, and kills the process if it doesn't in time.
    pub fn interrupt(self: &Arc<Self>) {
        if !self.is_running.load(Ordering::SeqCst) || !self.send(&Command::Interrupt) {
            return;
        }
        // Programs that the cell waits for don't hear the process's socket.
        signal_group(self.pid, libc::SIGINT);
        let hold = Arc::clone(self);
        let run = self.run.load(Ordering::SeqCst);
        thread::spawn(move || {
            thread::sleep(GRACE);
            if hold.is_running.load(Ordering::SeqCst) && hold.run.load(Ordering::SeqCst) == run {
                hold.end();
            }
        });
    }

    /// Ends the running cell with its process, at once.
    pub fn end(&self) {
        if self.is_running.load(Ordering::SeqCst) {
            self.was_killed.store(true, Ordering::SeqCst);
            signal_group(self.pid, libc::SIGKILL);
        }
    }
}

/// What is left in a pipe that nobody writes to any more.
fn read_left(mut pipe: File) -> Vec<u8> {
    let mut left = Vec::new();
    // It ends with an error if a program that left the group still holds the other end.
    let _ = pipe.read_to_end(&mut left);
    left
}

/// Waits until the child has ended, and leaves its status to be asked for; false if it already
/// was.
#[allow(unsafe_code)]
fn wait_until_over(pid: u32) -> bool {
    // SAFETY: the call writes to `info`, which lives through it; all zeros is a valid value.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        loop {
            match libc::waitid(libc::P_PID, pid, &raw mut info, libc::WEXITED | libc::WNOWAIT) {
                -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                result => return result == 0,
            }
        }
    }
}

/// Sends a signal to a child that leads a group, and to all that it has started.
#[allow(unsafe_code)]
pub fn signal_group(pid: u32, signal: i32) {
    if let Ok(pid) = libc::pid_t::try_from(pid) {
        // SAFETY: a plain system call; the group's leader is a child and not yet waited for,
        // so the id is still its own.
        unsafe { libc::kill(-pid, signal) };
    }
}
