//! The common part of both roles at the kernel's pipe: the set-up, the two ends of the pipe, the end.
//!
//! The end of stdin means that the kernel has ended or wants no more. A thread of its own waits for
//! that, so that nothing that evcxr or a cell does can keep this program alive.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};
use rustix::stdio;
use serde::de::DeserializeOwned;

use crate::crates::{self, CratesError};
use crate::protocol::{self, Setup};

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Settings {
    pub rustc: PathBuf,
    pub std_folder: PathBuf,
    /// The prelude's shared object, and its folder.
    pub library: PathBuf,
    pub prelude: PathBuf,
    /// The variable that names folders of libraries to the system's loader.
    pub library_paths: String,
    /// This program, which is also the compiler and the process in which cells run.
    pub program: PathBuf,
    /// The folder of all that this program makes.
    pub folder: PathBuf,
    /// The folder of the crates that rust-analyzer reads, and in it that of `akari`.
    pub crates: PathBuf,
    pub akari: PathBuf,
    /// The folder for temporary files of cells; none for the system's.
    pub temporary: Option<PathBuf>,
}

/// Why the program can't do what the kernel wants.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(
        "`akari-evcxr` and `akari` are of two versions; `cargo build --release -p akari-evcxr` mends that"
    )]
    Version,
    #[error(transparent)]
    Crates(#[from] CratesError),
    #[error("the program `akari-evcxr` has no place of its own: {0}")]
    Program(#[source] io::Error),
}

/// Becomes one of the roles at the kernel's pipe.
pub fn main(serve: fn(Setup) -> io::Result<()>) -> ExitCode {
    let setup: Option<Setup> =
        std::env::args().nth(2).and_then(|text| serde_json::from_str(&text).ok());
    let Some(setup) = setup else {
        eprintln!("akari-evcxr: only a kernel of Akari can start this");
        return ExitCode::FAILURE;
    };
    let folder = setup.folder.clone();
    if let Err(error) = serve(setup) {
        eprintln!("akari-evcxr: {error}");
    }
    end(&folder)
}

/// The way to the kernel. evcxr prints as well, which goes to stderr from now on.
pub fn take_stdout() -> io::Result<File> {
    let output = rustix::io::fcntl_dupfd_cloexec(stdio::stdout(), 3)?;
    stdio::dup2_stdout(stdio::stderr())?;
    Ok(output.into())
}

/// Hands over each message of the kernel, on a thread of its own, and ends this program after the
/// last one. `folder` is what the program must not leave behind.
pub fn listen<Message: DeserializeOwned>(
    folder: PathBuf,
    mut hand_over: impl FnMut(Message) + Send + 'static,
) -> io::Result<()> {
    let listen = move || {
        for message in protocol::hear(BufReader::new(io::stdin())) {
            hand_over(message);
        }
        end(&folder)
    };
    thread::Builder::new().name("kernel".into()).spawn(listen).map(drop)
}

/// Ends this program with all that it has started. The process in which cells run notices by the
/// end of its own stdin, and then removes the folder once more.
pub fn end(folder: &Path) -> ! {
    // The kernel, if it lives, has removed the folder or is about to.
    let _ = fs::remove_dir_all(folder);
    // The kernel made this program the leader of a group; cargo and its compilers are in it.
    if getpgrp() == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    std::process::exit(0)
}

impl Settings {
    /// Writes what evcxr analyses into the folder.
    pub fn write(setup: Setup) -> Result<Settings, SessionError> {
        if setup.version != protocol::VERSION {
            return Err(SessionError::Version);
        }
        let Setup { rustc, std_folder, folder, .. } = setup;
        let program = std::env::current_exe().map_err(SessionError::Program)?;
        let cargo = rustc.with_file_name("cargo");
        let crates = folder.join("crates");
        let akari = crates::write(&crates, &cargo, &platform(&std_folder), &setup.checkout)?;
        Ok(Settings {
            prelude: setup.prelude.parent().unwrap_or(&setup.prelude).to_owned(),
            library: setup.prelude,
            library_paths: setup.library_paths,
            temporary: setup.temporary,
            rustc,
            std_folder,
            program,
            folder,
            crates,
            akari,
        })
    }
}

/// The target that the toolchain compiles for: `lib/rustlib/TARGET/lib` has its libraries.
fn platform(std_folder: &Path) -> String {
    let target = std_folder.parent().and_then(Path::file_name).unwrap_or_default();
    target.to_string_lossy().into_owned()
}
