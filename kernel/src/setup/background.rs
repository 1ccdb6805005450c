//! Work that nobody waits for: this program once more, which outlives its caller.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;

/// Below everything that somebody waits for.
const LOW_PRIORITY: i32 = 19;

/// Starts this program with these arguments. Nobody hears of it.
pub fn begin(arguments: &[&str]) -> io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A client that kills the kernel's group leaves the work alone.
    let mut process = command.process_group(0).spawn()?;
    // A caller that lives longer than the work takes its status, which would stay otherwise.
    thread::Builder::new().name("background".into()).spawn(move || process.wait()).map(drop)
}

/// Leaves the processors to everybody else from now on.
pub fn give_way() -> io::Result<()> {
    rustix::process::nice(LOW_PRIORITY)?;
    Ok(())
}
