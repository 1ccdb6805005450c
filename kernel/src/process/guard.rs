//! A process that watches over a group: it kills the group when the kernel ends, however it does.
//!
//! Cargo starts compilers and build scripts, which a signal at the death of their parent's parent
//! does not reach. The guard is this program in another role. It is a member of the group, so that
//! the group's id is nobody else's as long as it lives, and reads a pipe that nobody writes to:
//! the pipe's end is the kernel's.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};

/// The argument that chooses the role.
pub const ROLE: &str = "guard";

/// Kills what is left of its group when it is dropped.
#[derive(Debug)]
pub struct Guard {
    process: Child,
}

impl Guard {
    /// Watches over the group that `leader` leads; none where it can't, as for a group that has
    /// ended already.
    pub fn of(leader: &Child) -> Option<Guard> {
        let group = i32::try_from(leader.id()).ok()?;
        // This very file, also where another has been installed in its place.
        let mut command = Command::new("/proc/self/exe");
        command.arg(ROLE).process_group(group);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Some(Guard { process: command.spawn().ok()? })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// The guard's whole life.
pub fn main() -> ExitCode {
    // A read that fails tells as much as the end.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    // Started by hand, it may be in the group of somebody's shell, or lead one.
    if getpgrp() != getpid() && std::env::args_os().len() == 2 {
        let _ = kill_current_process_group(Signal::KILL);
    }
    ExitCode::SUCCESS
}
