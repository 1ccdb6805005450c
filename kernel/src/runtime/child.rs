//! The process that runs cells: takes commands from a socket, loads libraries, reports back.
//!
//! It loads no engine, no async runtime and no protocol. Cells run on one thread of their own,
//! because a variable may live only where it was made.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command as ProcessCommand, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::capture::Capture;
use super::load::Prelude;
use super::wire::{Command, Event};

/// Deep recursion is ordinary in learners' code, and `backward` recurses along the graph.
const STACK: usize = 256 << 20;

/// The process's whole life. Its stdin is the socket to the kernel.
pub fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("akari: the process that runs cells could not start: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let socket = take_socket()?;
    let prelude_path = std::env::var("AKARI_PRELUDE").map_err(io::Error::other)?;
    let capture = Capture::start(socket.try_clone()?)?;
    let prelude = match Prelude::load(prelude_path.as_ref()) {
        Ok(prelude) => prelude,
        Err(error) => {
            capture.send(&Event::LoadFailed(error.to_string()));
            return Err(io::Error::other(error));
        }
    };
    let (run, runs) = mpsc::channel();
    let cells = {
        let prelude = prelude.clone();
        thread::Builder::new()
            .name("cell".into())
            .stack_size(STACK)
            .spawn(move || run_cells(&prelude, &runs))?
    };
    super::load::survive_interrupts();
    let [stdout, stderr] = capture.readers();
    capture.send(&Event::Ready { stdout, stderr });
    let mut input = socket;
    // The kernel's end of the socket closes when the kernel ends, however it does.
    while let Ok(command) = Command::read(&mut input) {
        match command {
            Command::Run(_) | Command::Shell(_) => {
                prelude.interrupt(false);
                if run.send(command).is_err() {
                    break;
                }
            }
            Command::Interrupt => prelude.interrupt(true),
            Command::Input(text) => Capture::get().feed(&text),
            Command::Random(state) => prelude.random(&state),
        }
    }
    drop(cells);
    if let Some(folder) = std::env::var_os("AKARI_SESSION_FOLDER") {
        // A kernel that was killed could not do it.
        let _ = std::fs::remove_dir_all(folder);
    }
    super::load::end_group()
}

fn run_cells(prelude: &Prelude, runs: &Receiver<Command>) {
    while let Ok(command) = runs.recv() {
        let event = match command {
            Command::Run(path) => match prelude.run(path.as_ref()) {
                Ok(code) => Event::Ended(code),
                Err(error) => Event::LoadFailed(error.to_string()),
            },
            Command::Shell(text) => Event::Ended(run_shell(&text)),
            Command::Interrupt | Command::Input(_) | Command::Random(_) => continue,
        };
        prelude.flush();
        Capture::get().drain_and_send(&event);
        prelude.return_memory();
    }
}

/// Runs a line by the shell, which prints where cells print. Returns its exit code.
fn run_shell(text: &str) -> i32 {
    // One pipe for both keeps their order.
    let shell = ProcessCommand::new("sh")
        .args(["-c", &format!("exec 2>&1; {text}")])
        .stdin(Stdio::null())
        .status();
    match shell {
        Ok(status) => status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
        Err(_) => 127,
    }
}

/// Takes the socket off fd 0, which belongs to the learner's code from then on.
fn take_socket() -> io::Result<UnixStream> {
    let socket: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
    Ok(UnixStream::from(socket))
}
