//! The process that runs cells: takes commands from a socket, loads libraries, reports back.
//!
//! The process loads no engine, no async runtime and no protocol. All cells run on one thread,
//! because some variables may be used only on the thread that made them.

use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command as ProcessCommand, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use akari_seam::symbol::DONE;
use rustix::process::{Pid, Signal, getppid, kill_process};

use super::capture::{Capture, own};
use super::environment::{self, Inheritance};
use super::life::Run;
use super::load::{Prelude, end_group};
use super::stdin::{self, Answer};
use super::ticker::Ticker;
use super::wire::{Command, Event};
use crate::platform;

/// Deep recursion is ordinary in learners' code, and `backward` recurses along the graph.
const STACK: usize = 256 << 20;

/// The process's whole life, if this is to be one that runs cells. Its stdin is the socket to the
/// kernel.
pub fn main() -> Option<ExitCode> {
    environment::is_runtime().then(|| {
        let inheritance = environment::take();
        run(&inheritance)
    })
}

fn run(inheritance: &Inheritance) -> ExitCode {
    match serve(inheritance) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("akari: the process that runs cells could not start: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(inheritance: &Inheritance) -> io::Result<()> {
    // Descriptor 0 belongs to the learner's code from now on.
    let mut socket = UnixStream::from(own(io::stdin())?);
    let capture = Capture::start(&socket)?;
    let prelude = match Prelude::load(&inheritance.prelude, inheritance.seed) {
        Ok(prelude) => prelude,
        Err(error) => {
            capture.send(&Event::LoadFailed { run: 0, text: error.to_string() });
            return Err(io::Error::other(error));
        }
    };
    platform::write_c_stdout_at_once();
    stdin::serve(&prelude)?;
    let ticker = Ticker::start(&prelude)?;
    let shell = Arc::new(Shell::default());
    let (sender, runs) = mpsc::channel();
    {
        let (prelude, shell) = (prelude.clone(), Arc::clone(&shell));
        thread::Builder::new()
            .name("cell".into())
            .stack_size(STACK)
            .spawn(move || run_cells(&prelude, &shell, &ticker, &runs))?;
    }
    super::load::survive_interrupts();
    let [stdout, stderr] = capture.readers();
    capture.send(&Event::Ready { stdout, stderr });
    let mut current: Run = 0;
    // The kernel's end of the socket closes when the kernel ends, however it does.
    while let Ok(command) = Command::read(&mut socket) {
        match command {
            Command::Run { run, .. }
            | Command::Shell { run, .. }
            | Command::React { run, .. }
            | Command::Describe { run } => {
                prelude.interrupt(false);
                stdin::begin(run);
                current = run;
                if sender.send(command).is_err() {
                    break;
                }
            }
            Command::Interrupt(run) if run == current => {
                shell.interrupt(run);
                prelude.interrupt(true);
            }
            Command::Interrupt(_) => {}
            Command::Input(line) => stdin::answer(Answer::Line(line)),
            Command::NoInput => stdin::answer(Answer::Refused),
            Command::Random(state) => prelude.random(&state),
            Command::Language(name) => prelude.language(&name),
            Command::Move { widget, to } => prelude.move_widget(&widget, to),
        }
    }
    remove_folder_of_gone_kernel(inheritance);
    end_group()
}

/// A kernel that was killed could not remove the session's folder. One that lives goes on with it,
/// since only the way between the two is lost.
fn remove_folder_of_gone_kernel(inheritance: &Inheritance) {
    let is_there = || getppid().map(|it| it.as_raw_nonzero().get()) == inheritance.kernel;
    // The socket closes a moment before this process gets another parent.
    for _ in 0..50 {
        if !is_there() {
            if let Some(folder) = &inheritance.folder {
                let _ = std::fs::remove_dir_all(folder);
            }
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn run_cells(prelude: &Prelude, shell: &Shell, ticker: &Ticker, runs: &Receiver<Command>) {
    while let Ok(command) = runs.recv() {
        ticker.begin();
        // What was printed until now is not this cell's.
        prelude.flush_unfinished_line();
        if let Command::Run { run, .. }
        | Command::Shell { run, .. }
        | Command::React { run, .. }
        | Command::Describe { run } = command
            && Capture::get().drain_and_send(&Event::Begun { run }).is_err()
        {
            end_group();
        }
        let leaves_memory = !matches!(command, Command::Describe { .. });
        let event = match command {
            Command::Run { run, library } => run_library(prelude, run, library.as_ref()),
            Command::Shell { run, line } => Event::Ended { run, code: shell.run(run, &line) },
            Command::React { run, reaction } => {
                Event::Ended { run, code: prelude.react(&reaction) }
            }
            Command::Describe { run } => {
                prelude.describe();
                Event::Ended { run, code: DONE }
            }
            Command::Interrupt(_)
            | Command::Input(_)
            | Command::NoInput
            | Command::Random(_)
            | Command::Language(_)
            | Command::Move { .. } => continue,
        };
        if !Capture::get().is_ours() {
            // This is a copy of the process that the cell has forked, and it came to the cell's end
            // too. The kernel waits for the original alone, and only one of them may run later
            // cells.
            prelude.flush();
            super::load::leave();
        }
        ticker.end();
        prelude.flush();
        Capture::get().reopen();
        if Capture::get().drain_and_end(&event).is_err() {
            // The socket is lost, so only the end of this process can tell the kernel.
            end_group();
        }
        if leaves_memory {
            prelude.return_memory();
        }
    }
}

fn run_library(prelude: &Prelude, run: Run, library: &Path) -> Event {
    match prelude.run(library) {
        Ok(code) => Event::Ended { run, code },
        Err(error) => Event::LoadFailed { run, text: error.to_string() },
    }
}

/// The shell that runs a line, and the interrupts that it must hear.
///
/// The kernel's signal to the group is lost on a shell that is just starting, while it still has
/// this process's handler.
#[derive(Default)]
struct Shell {
    state: Mutex<ShellState>,
}

#[derive(Default)]
struct ShellState {
    interrupted: Run,
    process: Option<Pid>,
}

impl Shell {
    fn interrupt(&self, run: Run) {
        let mut state = self.state();
        state.interrupted = run;
        if let Some(process) = state.process {
            let _ = kill_process(process, Signal::INT);
        }
    }

    /// Runs a line, which prints where cells print. Returns its exit code.
    fn run(&self, run: Run, line: &str) -> i32 {
        let Some(mut process) = self.start(run, line) else { return 127 };
        let status = process.wait();
        self.state().process = None;
        match status {
            Ok(status) => status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
            Err(_) => 127,
        }
    }

    fn start(&self, run: Run, line: &str) -> Option<Child> {
        let mut state = self.state();
        let process = ProcessCommand::new("sh")
            // Stdout and stderr share one pipe, which keeps their order.
            .args(["-c", &format!("exec 2>&1; {line}")])
            .stdin(Stdio::null())
            .spawn()
            .ok()?;
        let pid = Pid::from_child(&process);
        state.process = Some(pid);
        if state.interrupted == run {
            let _ = kill_process(pid, Signal::INT);
        }
        Some(process)
    }

    fn state(&self) -> MutexGuard<'_, ShellState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
