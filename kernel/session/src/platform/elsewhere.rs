//! Any other system: the portable way where there is one, and none where the machine doesn't tell.
//!
//! Nothing here is needed for a right answer. Without these functions a killed kernel leaves a compiler to its own end, a
//! crash may lose what a cell printed last, cells that read stdin find its end, and nobody is told of memory.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Child;
use std::ptr;

use rustix::process::Pid;

use super::told::{Limit, Memory, Processors, Serve, Taken};

/// The variable that names folders of libraries to the loader.
pub const LIBRARY_PATHS: &str =
    if cfg!(target_vendor = "apple") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };

/// Nothing: other linkers bind a library's own calls by themselves, or have other words for that.
pub const LINKING: &[&str] = &[];

/// None: what is loaded so, parks programs by calls that Linux has.
pub const PRELOADED: Option<&str> = None;

/// The running program's file, as the system remembers its name.
pub fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// None: another process's descriptors are its own.
pub fn open_pipe(_: u32, _: i32) -> Option<File> {
    None
}

/// No: that a process ends is known once it has ended.
pub fn is_ending(_: Pid) -> bool {
    false
}

/// Nothing: the system has no such signal. Whoever waits for the program kills its group.
pub fn end_with_parent(_: Pid) -> io::Result<()> {
    Ok(())
}

/// None: whoever waits looks again and again.
pub fn end_descriptor(_: &Child) -> Option<OwnedFd> {
    None
}

/// Moves nothing: the caller copies.
pub fn move_bytes(_: &File, _: &UnixStream, _: usize) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// None: rustc links, which knows where libraries are.
pub fn loaded_library(_: &str) -> Option<PathBuf> {
    None
}

/// None: the machine doesn't tell.
pub fn memory() -> Option<Memory> {
    None
}

/// None: the machine doesn't tell.
pub fn processors() -> Option<Processors> {
    None
}

/// Nobody: the machine doesn't tell.
pub fn family(_: u32) -> Vec<Taken> {
    Vec::new()
}

/// None: the system has no control groups.
pub fn control_groups() -> Vec<Limit> {
    Vec::new()
}

/// Nothing: who reads descriptor 0 finds what is behind it.
pub fn serve_reads(_: Serve) {}

/// Nothing: `stdin` is C's own.
pub fn forget_end_of_c_stdin() {}

/// Nothing: what C prints comes at the end of a cell at the latest, by [`flush_c_stdout`].
pub fn write_c_stdout_at_once() {}

/// Writes what C's streams keep back.
pub fn flush_c_stdout() {
    // SAFETY: a null pointer asks for all open streams.
    unsafe { libc::fflush(ptr::null_mut()) };
}
