//! Linux: `/proc`, descriptors of processes, `splice`, and C's streams as glibc has them.

mod groups;
mod machine;
mod stdio;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Child;

use rustix::pipe::{SpliceFlags, splice};
use rustix::process::{
    Pid, PidfdFlags, Signal, getppid, pidfd_open, set_parent_process_death_signal,
};

pub use self::groups::control_groups;
pub use self::machine::{family, memory, processors};
pub use self::stdio::{flush_c_stdout, forget_end_of_c_stdin, serve_reads, write_c_stdout_at_once};

/// The variable that names folders of libraries to the loader.
pub const LIBRARY_PATHS: &str = "LD_LIBRARY_PATH";

/// What the linker is told for a large library: to bind the library's calls of its own functions.
///
/// Otherwise the loader looks each of these functions up among those of all libraries, at every start: 26,000 of the prelude,
/// which takes some milliseconds.
pub const LINKING: &[&str] = &["-C", "link-arg=-Wl,-Bsymbolic"];

/// The variable that names libraries which the loader loads into a program before its own; none where there is no such thing.
pub const PRELOADED: Option<&str> = Some("LD_PRELOAD");

/// The running program's own file, also if another has been installed in its place.
pub fn own_program() -> io::Result<PathBuf> {
    Ok("/proc/self/exe".into())
}

/// Opens a pipe of another process for reading; its end is no reason to wait.
pub fn open_pipe(process: u32, descriptor: i32) -> Option<File> {
    let path = format!("/proc/{process}/fd/{descriptor}");
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).ok()
}

/// Whether the process's first thread has ended. The first thread lives as long as the process, so
/// the other threads are about to end; until they have, there is no status to ask for.
pub fn is_ending(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    stat.is_ok_and(|text| machine::after_name(&text).is_some_and(|it| it.starts_with('Z')))
}

/// Lets the system kill this process as soon as the thread of `parent` that has started it ends. To be called between
/// fork and exec: it allocates nothing.
pub fn end_with_parent(parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // If the parent ended before the call above, no signal will come.
    if getppid() == Some(parent) { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
}

/// A descriptor that is readable once a child has ended; old systems have none.
pub fn end_descriptor(child: &Child) -> Option<OwnedFd> {
    pidfd_open(Pid::from_child(child), PidfdFlags::empty()).ok()
}

/// Moves bytes, at most so many, from a pipe to a socket without a copy in this process's memory.
pub fn move_bytes(pipe: &File, socket: &UnixStream, length: usize) -> io::Result<usize> {
    Ok(splice(pipe, None, socket, None, length, SpliceFlags::empty())?)
}

/// The file of a library that this process has loaded, by the beginning of its name.
pub fn loaded_library(name: &str) -> Option<PathBuf> {
    mapped_file(&fs::read_to_string("/proc/self/maps").ok()?, name)
}

fn mapped_file(maps: &str, name: &str) -> Option<PathBuf> {
    let paths = maps.lines().filter_map(|line| line.find('/').map(|at| Path::new(&line[at..])));
    let mut found = paths
        .filter(|path| path.file_name().unwrap_or_default().to_string_lossy().starts_with(name));
    found.next().filter(|path| path.is_file()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_found_in_the_map_of_memory() {
        let path = std::env::current_exe().ok().unwrap_or_default();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let maps = format!("00-10 rw-p 00 00:00 0\n00-10 r-xp 00 08:01 7    {}\n", path.display());
        assert_eq!(mapped_file(&maps, &name), Some(path));
        assert_eq!(mapped_file("00-10 r-xp 00 08:01 7  /no/where/libc.so.6\n", "libc.so"), None);
    }
}
