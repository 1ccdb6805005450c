//! A program that leads a process group of its own, and ends with whoever waits for it.
//!
//! Compilers run in such a group; the process that runs cells is `parent`'s. The caller says
//! whether to wait any longer, and the module knows no engine. However the wait ends, no process of
//! the group is left.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process_group, waitid};

use crate::platform;

/// How often the caller is asked whether to wait any longer.
const LOOK: Duration = Duration::from_millis(20);

/// How often to look for the end on a system without descriptors of processes.
const LOOK_BLINDLY: Duration = Duration::from_millis(1);

/// A running program. Dropping it kills its group.
#[derive(Debug)]
pub struct Group {
    process: Child,
    /// A descriptor that is readable once the program has ended, where the system has such.
    end: Option<OwnedFd>,
    /// Whether somebody has asked for the status: the program's id may then be another's.
    was_asked: bool,
}

impl Group {
    /// Starts the program. The system kills it as soon as the calling *thread* ends, where it can, so that a
    /// killed kernel leaves no program behind; processes that the program has started are not
    /// killed then.
    pub fn start(command: &mut Command) -> io::Result<Group> {
        let parent = getpid();
        let end_with_parent = move || platform::end_with_parent(parent);
        // SAFETY: between fork and exec the closure makes plain system calls, and allocates
        // nothing.
        unsafe { command.pre_exec(end_with_parent) };
        let process = command.process_group(0).spawn()?;
        let end = platform::end_descriptor(&process);
        Ok(Group { process, end, was_asked: false })
    }

    /// Waits for the program's end; no status if nobody wants the program any more.
    pub fn wait(mut self, is_wanted: &dyn Fn() -> bool) -> io::Result<Option<ExitStatus>> {
        while is_wanted() {
            if self.has_ended() {
                kill(&self.process);
                self.was_asked = true;
                return self.process.wait().map(Some);
            }
        }
        Ok(None)
    }

    /// Whether the program has ended, within [`LOOK`].
    fn has_ended(&self) -> bool {
        match &self.end {
            Some(end) => {
                let look = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
                // The loop of the caller repeats an interrupted call.
                let _ = poll(&mut [PollFd::new(end, PollFlags::IN)], Some(&look));
            }
            None => thread::sleep(LOOK_BLINDLY),
        }
        has_ended(Pid::from_child(&self.process))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.was_asked {
            kill(&self.process);
            let _ = self.process.wait();
        }
    }
}

/// Whether a child has ended, or is no child any more. The child's status can still be asked for
/// afterwards, so that no other process gets its number.
pub fn has_ended(child: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(child), options), Ok(None))
}

/// Kills a child that leads a group, and the rest of the group. To be called before anybody asks
/// for the child's status: afterwards the number may be another process's.
pub fn kill(leader: &Child) {
    // The call fails if no process of the group is left.
    let _ = kill_process_group(Pid::from_child(leader), Signal::KILL);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Stdio;

    use super::*;

    fn shell(text: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", text]).stdin(Stdio::null());
        command
    }

    /// Whether a process runs; one that has ended and that nobody asked for doesn't.
    fn is_running(pid: &str) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", pid.trim()));
        status.is_ok_and(|it| !it.contains("State:\tZ"))
    }

    fn until(claim: impl Fn() -> bool) -> bool {
        (0..5000).any(|_| {
            claim() || {
                thread::sleep(Duration::from_millis(2));
                false
            }
        })
    }

    #[test]
    fn end_of_a_program_is_told() {
        let status = Group::start(&mut shell("exit 7")).unwrap().wait(&|| true).unwrap();
        assert_eq!(status.unwrap().code(), Some(7));
        let status = Group::start(&mut shell("kill -9 $$")).unwrap().wait(&|| true).unwrap();
        assert_eq!(status.unwrap().signal(), Some(9));
        assert!(Group::start(&mut Command::new("/no/such/program")).is_err());
    }

    #[test]
    fn end_is_seen_on_a_system_without_descriptors_of_processes() {
        let mut group = Group::start(&mut shell("sleep 0.05; exit 7")).unwrap();
        group.end = None;
        assert_eq!(group.wait(&|| true).unwrap().unwrap().code(), Some(7));
    }

    #[test]
    fn unwanted_program_ends_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pids");
        let text =
            format!("sleep 1000 & echo $! $$ > {0}.part; mv {0}.part {0}; wait", file.display());
        let group = Group::start(&mut shell(&text)).unwrap();
        let status = group.wait(&|| !file.exists()).unwrap();
        assert!(status.is_none());
        let pids = std::fs::read_to_string(&file).unwrap();
        assert!(pids.split(' ').all(|pid| until(|| !is_running(pid))), "{pids}");
    }

    #[test]
    fn program_that_left_others_behind_takes_them_along() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let text = format!("sleep 1000 & echo $! > {}", file.display());
        let status = Group::start(&mut shell(&text)).unwrap().wait(&|| true).unwrap();
        assert!(status.unwrap().success());
        let pid = std::fs::read_to_string(&file).unwrap();
        assert!(until(|| !is_running(&pid)), "{pid}");
    }
}
