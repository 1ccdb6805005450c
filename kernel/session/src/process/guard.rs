//! A process that watches over a group: it kills the group when the kernel ends, however it does.
//!
//! Cargo starts compilers and build scripts, and the system's signal at the kernel's end reaches
//! only cargo. The guard is this program in another role. As a member of the group it keeps the
//! group's id from being given to another. It reads a pipe from the kernel, which the kernel never
//! writes to: the pipe ends when the kernel does.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};

use crate::platform;

/// The argument that chooses the role.
pub const ROLE: &str = "guard";

/// Kills what is left of its group when it is dropped.
#[derive(Debug)]
pub struct Guard {
    process: Child,
}

impl Guard {
    /// Watches over the group of `leader`; none if that fails, as for a group that has ended.
    pub fn of(leader: &Child) -> Option<Guard> {
        let group = i32::try_from(leader.id()).ok()?;
        let mut command = Command::new(platform::own_program().ok()?);
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
    // A failed read means the same as the end.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    // A guard that somebody starts by hand may be in the group of a shell, which it must not kill.
    if getpgrp() != getpid() && std::env::args_os().len() == 2 {
        let _ = kill_current_process_group(Signal::KILL);
    }
    ExitCode::SUCCESS
}
