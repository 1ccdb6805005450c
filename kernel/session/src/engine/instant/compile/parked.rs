//! A parked program: one that was started ahead and waits where it opens its input, with everything
//! else loaded.
//!
//! The library `shim/park.rs`, loaded into the program, stops it there and forks it for each input.
//! An input lies in a folder of its own, under the name that the program was started with.
//! `parking` parks the compiler and `link` the linker. A parked program ends after some idle
//! minutes, with its [`Spot`], and with the kernel however that ends.

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::CompileError;
use super::run::private_folder;
use crate::engine::stop::Stop;
use crate::platform;
use crate::process::group::Group;

/// Compiled by `build/main.rs`; empty where no program can be parked.
const SHIM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/park.so"));

/// The number that a parked program sends first; `shim/park.rs` has the same.
const READY: i32 = 0x414b_0001;

/// How long a program may take to come to its input. Nobody waits for it meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often to look whether the cell is to be stopped.
const LOOK: Duration = Duration::from_millis(20);

/// How long to wait for a number that the program must send at once, as after a fork was killed.
const SOON: Duration = Duration::from_secs(2);

/// After so many failures a session parks no more programs.
const ATTEMPTS: u32 = 4;

/// After so many inputs in a row that need another program, that one takes the place of the parked
/// one. A single such input among others changes nothing.
const MISSES: u32 = 2;

/// The variable that says how long an idle program waits; 0 parks none.
const SECONDS: &str = "AKARI_COMPILER_SECONDS";
const IDLE_SECONDS: u32 = 300;

/// The place for one parked program, which is good for one kind of circumstances.
#[derive(Debug)]
pub struct Spot<C> {
    parked: Option<(C, Parked)>,
    failures: u32,
    /// How many inputs in a row had other circumstances.
    misses: u32,
}

#[derive(Debug)]
pub struct Parked {
    _group: Group,
    socket: UnixStream,
    /// The name under which the program opens its input.
    name: String,
    started: Instant,
    is_ready: bool,
    _folder: TempDir,
}

impl<C> Default for Spot<C> {
    fn default() -> Self {
        Spot { parked: None, failures: 0, misses: 0 }
    }
}

impl<C: PartialEq> Spot<C> {
    /// The name of the input that the parked program waits for, if a program with just these
    /// circumstances is ready.
    pub fn name(&mut self, circumstances: &C) -> Option<&str> {
        let (own, parked) = self.parked.as_mut()?;
        let is_it = own == circumstances;
        match parked.is_ready() {
            Ok(true) => self.failures = 0,
            Ok(false) if parked.started.elapsed() < PATIENCE => return None,
            Ok(false) | Err(_) => {
                self.parked = None;
                self.failures += 1;
            }
        }
        self.parked.as_ref().filter(|_| is_it).map(|(_, parked)| parked.name.as_str())
    }

    /// Lets a fork of the program go on with the input in the folder; no status if the program is
    /// lost.
    pub fn run(&mut self, folder: &Path, stop: &Stop) -> Result<Option<ExitStatus>, CompileError> {
        let Some((_, parked)) = &mut self.parked else { return Ok(None) };
        let end = parked.run(folder, stop);
        if end.is_err() {
            self.parked = None;
        }
        match end {
            _ if stop.wish().is_some() => Err(CompileError::Stopped),
            end => Ok(end.ok()),
        }
    }

    /// Parks a program if there is none for these circumstances. Nobody waits until it is ready.
    pub fn prepare(&mut self, circumstances: C, start: impl FnOnce() -> io::Result<Parked>) {
        self.misses = match &self.parked {
            Some((own, _)) if *own != circumstances => self.misses + 1,
            _ => 0,
        };
        let stays = self.parked.is_some() && self.misses < MISSES;
        if stays || self.failures >= ATTEMPTS || idle_seconds() == 0 {
            return;
        }
        // The old one ends before the new one starts: two would take twice the memory.
        self.parked = None;
        self.misses = 0;
        match start() {
            Ok(parked) => self.parked = Some((circumstances, parked)),
            Err(_) => self.failures += 1,
        }
    }
}

impl Parked {
    /// Starts a program with these files in a folder inside `parent`. `command` gets the folder.
    pub fn start(
        name: String,
        files: &[(&str, &str)],
        parent: &Path,
        command: impl FnOnce(&Path) -> Command,
    ) -> io::Result<Parked> {
        let unsupported = || io::Error::from(io::ErrorKind::Unsupported);
        let preloaded = platform::PRELOADED.ok_or_else(unsupported)?;
        // A preloaded library of the learner's own would have to stay, and to come first.
        if SHIM.is_empty() || std::env::var_os(preloaded).is_some() {
            return Err(unsupported());
        }
        let folder = private_folder("parked-", parent)?;
        fs::write(folder.path().join("park.so"), SHIM)?;
        for (file, text) in files {
            fs::write(folder.path().join(file), text)?;
        }
        let (socket, theirs) = UnixStream::pair()?;
        socket.set_read_timeout(Some(SOON))?;
        socket.set_write_timeout(Some(SOON))?;
        let mut command = command(folder.path());
        command
            .current_dir(folder.path())
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // The path is relative, because a blank or a colon in a folder's name would end it.
            .env(preloaded, "./park.so")
            .env("AKARI_PARKED", format!("{}:{name}", u64::from(idle_seconds()) * 1000));
        let group = Group::start(&mut command)?;
        Ok(Parked {
            _group: group,
            socket,
            name,
            started: Instant::now(),
            is_ready: false,
            _folder: folder,
        })
    }

    fn is_ready(&mut self) -> io::Result<bool> {
        if !self.is_ready && self.has_word(Duration::ZERO) {
            if self.number()? != READY {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.is_ready = true;
        }
        Ok(self.is_ready)
    }

    fn run(&mut self, folder: &Path, stop: &Stop) -> io::Result<ExitStatus> {
        let mut request = folder.as_os_str().as_bytes().to_owned();
        request.push(0);
        let length = u32::try_from(request.len()).map_err(io::Error::other)?;
        request.splice(0..0, length.to_ne_bytes());
        self.socket.write_all(&request)?;
        let fork = self.wanted_number(stop)?;
        let fork = Pid::from_raw(fork).filter(|_| fork > 1).ok_or(io::ErrorKind::InvalidData)?;
        let end = self.wanted_number(stop);
        // The fork keeps its id until the next fork. Processes that it has started end here too.
        let _ = kill_process_group(fork, Signal::KILL);
        match end {
            Ok(status) => Ok(ExitStatus::from_raw(status)),
            // The cell is not wanted any more. The program tells how the fork ended, and waits
            // again.
            Err(_) => self.number().map(ExitStatus::from_raw),
        }
    }

    /// Waits for a number, as long as the cell is wanted.
    fn wanted_number(&mut self, stop: &Stop) -> io::Result<i32> {
        while stop.wish().is_none() {
            if self.has_word(LOOK) {
                return self.number();
            }
        }
        Err(io::ErrorKind::Interrupted.into())
    }

    fn has_word(&self, patience: Duration) -> bool {
        let patience = Timespec { tv_sec: 0, tv_nsec: patience.subsec_nanos().into() };
        let mut files = [PollFd::new(&self.socket, PollFlags::IN)];
        poll(&mut files, Some(&patience)).is_ok_and(|it| it > 0)
    }

    fn number(&mut self) -> io::Result<i32> {
        let mut bytes = [0; 4];
        self.socket.read_exact(&mut bytes)?;
        Ok(i32::from_ne_bytes(bytes))
    }
}

fn idle_seconds() -> u32 {
    let given = std::env::var(SECONDS).ok().and_then(|it| it.trim().parse().ok());
    given.unwrap_or(IDLE_SECONDS)
}
