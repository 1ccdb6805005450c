//! The kernel's hold on the process that runs cells: start, run, stop, notice its end.
//!
//! The states are those of `life`; here they are kept under a lock, and what follows from them is
//! done. What the process sends goes to the run that is under way, and between runs to whoever
//! takes output in the background.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, Command as ProcessCommand, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::child::{FOLDER, KERNEL};
use super::life::{self, Action, Life, Run};
use super::wire::{Command, Event};
use crate::process::group;

/// How long a cell that was asked to stop may go on before its process is killed.
const GRACE: Duration = Duration::from_secs(3);

/// How long the process may take to load the prelude, also from a cold disk.
const START: Duration = Duration::from_secs(60);

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

/// Takes what the process sends while nothing runs.
pub type OnBackground = Box<dyn FnMut(Event) + Send>;

/// A running process.
#[derive(Debug)]
pub struct Child {
    process: Process,
    events: Receiver<Event>,
    hold: Arc<Hold>,
    /// The pipes behind the learner's stdout and stderr, for what a crash leaves in them.
    leftovers: [Option<File>; 2],
    /// The number of the last run.
    run: Run,
}

/// What other threads may do with the process.
#[derive(Debug)]
pub struct Hold {
    pid: Pid,
    life: Mutex<Life>,
    socket: Mutex<UnixStream>,
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
    /// We killed it: the cell didn't stop when asked, or was not worth its time.
    Killed,
    Exit(i32),
    Signal(i32),
    Unknown,
}

/// What a process is to carry out.
#[derive(Debug, Clone, Copy)]
pub enum Task<'a> {
    Library(&'a Path),
    /// A line for the shell.
    Line(&'a str),
}

impl Child {
    /// Starts the process and waits until it has loaded the prelude.
    pub fn start(
        settings: &ChildSettings,
        on_background: OnBackground,
    ) -> Result<Child, ChildError> {
        let (ours, theirs) = UnixStream::pair().map_err(ChildError::Start)?;
        let process = spawn(settings, theirs).map_err(ChildError::Start)?;
        let pid = Pid::from_child(&process);
        let (sender, events) = mpsc::sync_channel(BACKLOG);
        let hold = Arc::new(Hold {
            pid,
            life: Mutex::new(Life::Ready),
            socket: Mutex::new(ours.try_clone().map_err(ChildError::Start)?),
        });
        let reading = ours.try_clone().map_err(ChildError::Start)?;
        let reader = Reader { hold: Arc::clone(&hold), events: sender, on_background };
        thread::spawn(move || reader.run(reading));
        thread::spawn(move || {
            // A program that a cell has forked may keep the other end open for ever.
            let _ = wait_until_over(pid);
            let _ = ours.shutdown(Shutdown::Both);
        });
        let mut child = Child { process, events, hold, leftovers: [None, None], run: 0 };
        match child.events.recv_timeout(START) {
            Ok(Event::Ready { stdout, stderr }) => {
                child.leftovers = [child.open_pipe(stdout), child.open_pipe(stderr)];
                Ok(child)
            }
            Ok(Event::LoadFailed { text, .. }) => Err(ChildError::Prelude(text)),
            Err(RecvTimeoutError::Timeout) => {
                Err(ChildError::Prelude(format!("it took longer than {} s", START.as_secs())))
            }
            _ => Err(ChildError::Prelude(format!("{:?}", child.death()))),
        }
    }

    pub fn hold(&self) -> Arc<Hold> {
        Arc::clone(&self.hold)
    }

    /// Whether the process has ended since the last run.
    pub fn is_over(&self) -> bool {
        group::has_ended(self.hold.pid) || is_ending(self.hold.pid)
    }

    /// A process that ends closes its way to the kernel a moment before. One that has lost it
    /// otherwise lives on, and is of no use any more.
    fn is_over_soon(&self) -> bool {
        const STEP: Duration = Duration::from_millis(2);
        const STEPS: u32 = 250;
        (0..STEPS).any(|_| {
            let is_over = self.is_over();
            if !is_over {
                thread::sleep(STEP);
            }
            is_over
        })
    }

    /// How the process ended by itself, between two runs.
    pub fn end_between_runs(&mut self) -> Death {
        self.death()
    }

    /// Another hold on a pipe of the process.
    fn open_pipe(&self, descriptor: i32) -> Option<File> {
        let path = format!("/proc/{}/fd/{descriptor}", self.process.id());
        OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).ok()
    }

    /// Carries a task out. `begun` is called once an interrupt finds the run; what it returns is
    /// kept until the end. Everything that the process sends meanwhile goes to `on_event`. With a
    /// limit, the process is killed when the task takes longer.
    pub fn carry_out<Guard>(
        &mut self,
        task: Task<'_>,
        limit: Option<Duration>,
        begun: impl FnOnce(&Arc<Hold>) -> Guard,
        mut on_event: impl FnMut(&Hold, Event),
    ) -> RunEnd {
        self.run += 1;
        let run = self.run;
        let mut end_at = limit.map(|limit| Instant::now() + limit);
        self.hold.begin(run, &task.command(run));
        let guard = begun(&self.hold);
        let end = loop {
            let event = match end_at {
                Some(at) => self.events.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => self.events.recv().map_err(RecvTimeoutError::from),
            };
            match event {
                Err(RecvTimeoutError::Timeout) => {
                    self.hold.step(life::Event::End);
                    end_at = None;
                }
                // The word of a forked copy about an earlier run.
                Ok(Event::Ended { run: other, .. } | Event::LoadFailed { run: other, .. })
                    if other != run => {}
                Ok(Event::Ended { code, .. }) => break RunEnd::Returned(code),
                Ok(Event::LoadFailed { text, .. }) => break RunEnd::LoadFailed(text),
                Ok(event) => on_event(&self.hold, event),
                Err(RecvTimeoutError::Disconnected) => break RunEnd::Died(self.death()),
            }
        };
        drop(guard);
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
        let is_over = self.is_over_soon();
        let was_killed = self.hold.notice(is_over);
        let _ = self.process.kill();
        match self.process.wait() {
            _ if was_killed => Death::Killed,
            Ok(_) if !is_over => Death::Unknown,
            Ok(status) => death(status),
            Err(_) => Death::Unknown,
        }
    }
}

impl Task<'_> {
    fn command(self, run: Run) -> Command {
        match self {
            Task::Library(path) => {
                Command::Run { run, library: path.to_string_lossy().into_owned() }
            }
            Task::Line(line) => Command::Shell { run, line: line.to_owned() },
        }
    }
}

fn spawn(settings: &ChildSettings, socket: UnixStream) -> io::Result<Process> {
    let paths = std::env::join_paths(&settings.library_paths).map_err(io::Error::other)?;
    ProcessCommand::new(&settings.program)
        .arg("runtime")
        .env("AKARI_PRELUDE", &settings.prelude)
        .env("LD_LIBRARY_PATH", paths)
        .env(FOLDER, &settings.folder)
        .env(KERNEL, std::process::id().to_string())
        .env("AKARI_SEED", settings.seed.to_string())
        // A backtrace of our frames helps no learner; the traceback names their line.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::from(OwnedFd::from(socket)))
        .stdout(Stdio::null())
        // A group of its own, to end with it all that cells have started.
        .process_group(0)
        .spawn()
}

/// Reads what the process sends, on a thread of its own.
struct Reader {
    hold: Arc<Hold>,
    events: SyncSender<Event>,
    on_background: OnBackground,
}

impl Reader {
    fn run(mut self, socket: UnixStream) {
        let mut input = BufReader::with_capacity(1 << 16, socket);
        let mut is_ready = false;
        while let Ok(event) = Event::read(&mut input) {
            let run = match event {
                Event::Ended { run, .. } => Some(run),
                Event::LoadFailed { run, .. } => Some(run),
                _ => None,
            };
            // From here on what comes is no longer the cell's.
            let was_running = match run {
                Some(run) => self.hold.ended(run),
                None => self.hold.is_running(),
            };
            if was_running || !is_ready {
                is_ready = true;
                if self.events.send(event).is_err() {
                    return;
                }
            } else if run.is_none() {
                (self.on_background)(event);
            }
        }
    }
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
        self.hold.notice(false);
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

    /// Lets the life go on by an event, and does what follows from it.
    pub fn step(self: &Arc<Self>, event: life::Event) {
        let mut life = self.life();
        let (next, actions) = life.next(event);
        *life = next;
        for action in actions {
            match action {
                Action::Ask(run) => {
                    self.send(&Command::Interrupt(run));
                    // Programs that the cell waits for don't hear the process's socket.
                    let _ = kill_process_group(self.pid, Signal::INT);
                }
                Action::WaitGrace(run) => {
                    let hold = Arc::clone(self);
                    thread::spawn(move || {
                        thread::sleep(GRACE);
                        hold.step(life::Event::GraceOver(run));
                    });
                }
                Action::Kill => drop(kill_process_group(self.pid, Signal::KILL)),
                Action::Send(_) => {}
            }
        }
    }

    /// Begins a run. The command is sent under the lock of the life, so that no interrupt of this
    /// run can be sent before it. Where it can't be sent, the process's end is about to be noticed.
    fn begin(&self, run: Run, command: &Command) {
        let mut life = self.life();
        let (next, actions) = life.next(life::Event::Begin(run));
        *life = next;
        if actions == [Action::Send(run)] && !self.send(command) {
            let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// The run has ended, if it is the one that was under way; whether it was.
    fn ended(&self, run: Run) -> bool {
        let mut life = self.life();
        let was_running = matches!(*life, Life::Running(it) | Life::Stopping(it) if it == run);
        *life = life.next(life::Event::Ended(run)).0;
        was_running
    }

    fn is_running(&self) -> bool {
        matches!(*self.life(), Life::Running(_) | Life::Stopping(_) | Life::Killed)
    }

    /// The process's end was noticed: nobody signals it from now on. What it has started ends with
    /// it, once its own end can't be changed by that any more (or need not be told). Returns
    /// whether the kernel had killed it.
    fn notice(&self, is_over: bool) -> bool {
        let mut life = self.life();
        let before = *life;
        *life = before.next(life::Event::Noticed).0;
        // Not yet waited for, so that the number is still its own.
        if before != Life::Gone && (is_over || before != Life::Killed) {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
        before == Life::Killed
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is left in a pipe that nobody writes to any more.
fn read_left(mut pipe: File) -> Vec<u8> {
    let mut left = Vec::new();
    // It ends with an error if a program that left the group still holds the other end.
    let _ = pipe.read_to_end(&mut left);
    left
}

/// Waits until the child has ended, and leaves its status to be asked for.
fn wait_until_over(pid: Pid) -> rustix::io::Result<()> {
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Err(rustix::io::Errno::INTR) => {}
            result => return result.map(drop),
        }
    }
}

/// Whether the process's first thread has ended, which lives as long as the process: the others are
/// about to end, and until then there is no status to ask for.
fn is_ending(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    // The name before the state may hold anything.
    stat.is_ok_and(|text| text.rsplit(')').next().is_some_and(|it| it.starts_with(" Z")))
}
