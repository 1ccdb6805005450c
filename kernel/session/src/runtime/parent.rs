//! The kernel's hold on the process that runs cells: start, run, stop, notice its end.
//!
//! `life` says which state follows from which event; this module keeps the state under a lock and
//! carries the actions out. What the process sends goes to the run that is under way, and between
//! runs to whoever takes output in the background.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child as Process, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::environment;
use super::life::{Action, Life, LifeEvent, Run};
use super::wire::{Command, Event};
use crate::platform;
use crate::process::group;

pub use super::environment::ChildSettings;

/// How long a cell that was asked to stop may go on before its process is killed.
const GRACE: Duration = Duration::from_secs(3);

/// How long the process may take to load the prelude, also from a cold disk.
const START: Duration = Duration::from_secs(60);

/// How many messages may wait for the engine. With more waiting, the process that prints waits too.
const BACKLOG: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    #[error("could not start the process that runs cells: {0}")]
    Start(#[source] io::Error),
    #[error("the process that runs cells did not load the prelude: {0}; run `akari install` again")]
    Prelude(String),
}

/// Receives what the process sends while no cell runs.
pub type OnBackground = Box<dyn FnMut(Event) + Send>;

/// A running process.
#[derive(Debug)]
pub struct Child {
    process: Process,
    events: Receiver<Event>,
    /// Lets the reader go on behind the end of a run.
    has_taken: SyncSender<()>,
    handle: Arc<ChildHandle>,
    /// The pipes behind the learner's stdout and stderr: a crash may leave output in them.
    leftovers: [Option<File>; 2],
    /// The number of the last run.
    run: Run,
}

/// What other threads may do with the process.
#[derive(Debug)]
pub struct ChildHandle {
    pid: Pid,
    life: Mutex<Life>,
    socket: Mutex<UnixStream>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd {
    /// The value that the library's entry returned.
    Returned(i32),
    /// The library could not be loaded.
    LoadFailed(String),
    /// The process ended.
    Died(Death),
}

/// Why the process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Death {
    /// The kernel killed the process: its cell did not stop when asked, or took too long.
    Killed,
    Exit(i32),
    Signal(i32),
    Unknown,
}

/// A task for the process.
#[derive(Debug, Clone, Copy)]
pub enum Task<'a> {
    Library(&'a Path),
    /// A line for the shell.
    Line(&'a str),
    /// The name of what is to be done when a widget was moved.
    Reaction(&'a str),
    /// A few words on each variable are wanted.
    Describe,
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
        let handle = Arc::new(ChildHandle {
            pid,
            life: Mutex::new(Life::Ready),
            socket: Mutex::new(ours.try_clone().map_err(ChildError::Start)?),
        });
        let reading = ours.try_clone().map_err(ChildError::Start)?;
        let (has_taken, taken) = mpsc::sync_channel(1);
        let reader = Reader { handle: Arc::clone(&handle), events: sender, taken, on_background };
        thread::spawn(move || reader.run(reading));
        thread::spawn(move || {
            // A program that a cell has forked may keep the other end of the socket open for ever.
            let _ = wait_until_over(pid);
            let _ = ours.shutdown(Shutdown::Both);
        });
        let leftovers = [None, None];
        let mut child = Child { process, events, has_taken, handle, leftovers, run: 0 };
        match child.events.recv_timeout(START) {
            Ok(Event::Ready { stdout, stderr }) => {
                child.leftovers =
                    [stdout, stderr].map(|it| platform::open_pipe(child.process.id(), it));
                Ok(child)
            }
            Ok(Event::LoadFailed { text, .. }) => Err(ChildError::Prelude(text)),
            Err(RecvTimeoutError::Timeout) => {
                Err(ChildError::Prelude(format!("it took longer than {} s", START.as_secs())))
            }
            _ => Err(ChildError::Prelude(format!("{:?}", child.death()))),
        }
    }

    pub fn handle(&self) -> Arc<ChildHandle> {
        Arc::clone(&self.handle)
    }

    /// Whether the process has ended since the last run.
    pub fn is_over(&self) -> bool {
        group::has_ended(self.handle.pid) || platform::is_ending(self.handle.pid)
    }

    /// Whether the process has ended, or ends in half a second. A process that ends closes its
    /// socket a moment before. A process that has lost its socket in another way lives on, of no
    /// use.
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

    /// Carries a task out. `begun` is called as soon as an interrupt reaches the run, and its guard
    /// is dropped at the end. Everything that the process sends meanwhile goes to `on_event`. With
    /// a limit, the process is killed when the task takes longer. The caller calls
    /// [`Child::let_go_on`] once it has taken all that came.
    pub fn carry_out<Guard>(
        &mut self,
        task: Task<'_>,
        limit: Option<Duration>,
        begun: impl FnOnce(&Arc<ChildHandle>) -> Guard,
        mut on_event: impl FnMut(&ChildHandle, Event),
    ) -> RunEnd {
        self.run += 1;
        let run = self.run;
        let mut end_at = limit.map(|limit| Instant::now() + limit);
        self.handle.begin(run, &task.command(run));
        let guard = begun(&self.handle);
        let end = loop {
            let event = match end_at {
                Some(at) => self.events.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => self.events.recv().map_err(RecvTimeoutError::from),
            };
            match event {
                Err(RecvTimeoutError::Timeout) => {
                    self.handle.step(LifeEvent::End);
                    end_at = None;
                }
                Ok(Event::Ended { code, .. }) => break RunEnd::Returned(code),
                Ok(Event::LoadFailed { text, .. }) => break RunEnd::LoadFailed(text),
                Ok(event) => on_event(&self.handle, event),
                Err(RecvTimeoutError::Disconnected) => break RunEnd::Died(self.death()),
            }
        };
        drop(guard);
        if matches!(end, RunEnd::Died(_)) {
            for (pipe, event) in self.leftovers.iter_mut().zip([Event::Stdout, Event::Stderr]) {
                let left = pipe.take().map(read_left).unwrap_or_default();
                if !left.is_empty() {
                    on_event(&self.handle, event(left));
                }
            }
        }
        end
    }

    /// Lets what comes between runs be shown.
    pub fn let_go_on(&self) {
        // Nobody waits if the process has ended.
        let _ = self.has_taken.try_send(());
    }

    fn death(&mut self) -> Death {
        let is_over = self.is_over_soon();
        let was_killed = self.handle.notice(is_over);
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
            Task::Describe => Command::Describe { run },
            Task::Reaction(name) => Command::React { run, reaction: name.to_owned() },
        }
    }
}

fn spawn(settings: &ChildSettings, socket: UnixStream) -> io::Result<Process> {
    environment::command(settings)?
        .stdin(Stdio::from(OwnedFd::from(socket)))
        .stdout(Stdio::null())
        // A group of its own, to end with it all that cells have started.
        .process_group(0)
        .spawn()
}

/// Reads what the process sends, on a thread of its own.
struct Reader {
    handle: Arc<ChildHandle>,
    events: SyncSender<Event>,
    /// Whether all that a run has sent was taken.
    taken: Receiver<()>,
    on_background: OnBackground,
}

impl Reader {
    fn run(mut self, socket: UnixStream) {
        let mut input = BufReader::with_capacity(1 << 16, socket);
        let mut is_ready = false;
        // What comes between a run's beginning and its end is the cell's, and nothing else is.
        let mut is_run = false;
        while let Ok(event) = Event::read(&mut input) {
            let mut is_end = false;
            match event {
                Event::Begun { .. } => {
                    // Whoever takes output in the background comes to its end for now.
                    (self.on_background)(event.clone());
                    is_run = true;
                }
                // A copy of the process, which an earlier cell has forked, speaks of that earlier run.
                Event::Ended { run, .. } | Event::LoadFailed { run, .. } => {
                    is_end = self.handle.ended(run);
                    if is_ready && !is_end {
                        continue;
                    }
                }
                _ => {}
            }
            if is_run || !is_ready {
                is_ready = true;
                if self.events.send(event).is_err() {
                    return;
                }
            } else if event == Event::Asks {
                self.handle.send(&Command::NoInput);
            } else {
                (self.on_background)(event);
            }
            if is_end {
                is_run = false;
                // What comes next must not be shown before the last of the cell's own output.
                let _ = self.taken.recv();
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
        self.handle.notice(false);
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl ChildHandle {
    /// Whether the message could be sent.
    pub fn send(&self, command: &Command) -> bool {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        command.write(&mut *socket).is_ok()
    }

    /// Takes an event into the life, and carries out the actions that follow.
    pub fn step(self: &Arc<Self>, event: LifeEvent) {
        let mut life = self.life();
        let (next, actions) = life.next(event);
        *life = next;
        for action in actions {
            match action {
                Action::Ask(run) => {
                    self.send(&Command::Interrupt(run));
                    // The signal is for programs that the cell waits for: they have no socket.
                    let _ = kill_process_group(self.pid, Signal::INT);
                }
                Action::WaitGrace(run) => {
                    let handle = Arc::clone(self);
                    thread::spawn(move || {
                        thread::sleep(GRACE);
                        handle.step(LifeEvent::GraceOver(run));
                    });
                }
                Action::Kill => drop(kill_process_group(self.pid, Signal::KILL)),
                Action::Send(_) => {}
            }
        }
    }

    /// Begins a run. The command is sent under the lock of the life, so that no interrupt of this
    /// run can be sent before the command. If sending fails, the process has ended or is about to:
    /// closing the socket makes the reader notice.
    fn begin(&self, run: Run, command: &Command) {
        let mut life = self.life();
        let (next, actions) = life.next(LifeEvent::Begin(run));
        *life = next;
        if actions == [Action::Send(run)] && !self.send(command) {
            let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Notes the end of a run; returns whether that run was under way.
    fn ended(&self, run: Run) -> bool {
        let mut life = self.life();
        let was_running = matches!(*life, Life::Running(it) | Life::Stopping(it) if it == run);
        *life = life.next(LifeEvent::Ended(run)).0;
        was_running
    }

    /// Notes the end of the process: nobody signals the process from now on. Kills what the process
    /// has started, unless that could still change how the process itself ends. Returns whether the
    /// kernel had killed the process.
    fn notice(&self, is_over: bool) -> bool {
        let mut life = self.life();
        let before = *life;
        *life = before.next(LifeEvent::Noticed).0;
        // Nobody has waited for the process yet, so its number is still its own.
        if before != Life::Gone && (is_over || before != Life::Killed) {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
        before == Life::Killed
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads what is left in a pipe that nobody writes to any more.
fn read_left(mut pipe: File) -> Vec<u8> {
    let mut left = Vec::new();
    // Reading ends with an error if a program that left the group still holds the other end.
    let _ = pipe.read_to_end(&mut left);
    left
}

/// Waits until the child has ended; its status can still be asked for afterwards.
fn wait_until_over(pid: Pid) -> rustix::io::Result<()> {
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Err(rustix::io::Errno::INTR) => {}
            result => return result.map(drop),
        }
    }
}
