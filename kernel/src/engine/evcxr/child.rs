//! The process that runs evcxr's cells, in place of evcxr's own.
//!
//! evcxr speaks with it in lines on stdin and stdout, between those that the learner prints. Here
//! the learner's stdout is a pipe of its own, so that an unfinished line or bytes that are no text
//! can't hide a line of the protocol; and what evcxr itself doesn't report goes to stderr as marks.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;
use std::thread;

use akari_seam::symbol;
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW};

/// The prelude's shared object.
pub const LIBRARY: &str = "AKARI_EVCXR_LIBRARY";
/// The engine's temporary folder.
pub const FOLDER: &str = "AKARI_EVCXR_FOLDER";
/// At the end of a line that the learner did not finish.
pub const UNFINISHED: char = '\u{2}';
/// Lines on stderr: how the cell ended.
pub const PANICKED: &str = "\u{1}akari panicked";
pub const FAILED: &str = "\u{1}akari failed";
pub const ENDED: &str = "\u{1}akari ended";

/// Where evcxr compiles.
static EVCXR_FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Deep recursion is ordinary in learners' code, and `backward` recurses along the graph.
const STACK: usize = 256 << 20;

/// evcxr's own words.
const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";
const WORDS: [&str; 6] = [
    COMPLETE,
    "EVCXR_PANIC_NOTIFICATION",
    "EVCXR_ERROR_OCCURRED",
    "EVCXR_VARIABLE_CHANGED_TYPE:",
    "EVCXR_BEGIN_CONTENT ",
    "EVCXR_INPUT_REQUEST",
];

pub fn main() -> ExitCode {
    // SAFETY: there is only this thread yet. evcxr asks for backtraces, which show no line of a cell.
    unsafe { std::env::set_var("RUST_BACKTRACE", "0") };
    let guarded = thread::Builder::new().name("guard".into()).spawn(guard).map(drop);
    let cells = guarded.and_then(|()| relay()).and_then(|()| {
        thread::Builder::new().name("cell".into()).stack_size(STACK).spawn(run_cells)
    });
    let result =
        cells.and_then(|it| it.join().unwrap_or_else(|_| Err(io::Error::other("a cell ended it"))));
    match result {
        Ok(()) => loop {
            // The end of stdin, which the guard sees too.
            thread::park();
        },
        Err(error) => eprintln!("akari: the process that runs cells had to end: {error}"),
    }
    // Destructors of loaded libraries may run in any order, so none runs.
    // SAFETY: a plain system call.
    unsafe { libc::_exit(1) }
}

/// Ends this process with the kernel, however that ends and whatever the cell does; then removes
/// the temporary files, which a kernel that was killed could not do.
fn guard() {
    let mut stdin = libc::pollfd { fd: 0, events: 0, revents: 0 };
    // SAFETY: a plain system call on a value of this thread; it returns when the kernel's end of
    // stdin is closed.
    while unsafe { libc::poll(&mut stdin, 1, -1) } <= 0 {}
    if let Some(folder) = std::env::var_os(FOLDER) {
        let _ = fs::remove_dir_all(folder);
    }
    if let Some(folder) = EVCXR_FOLDER.get() {
        let _ = fs::remove_dir_all(folder);
    }
    // SAFETY: plain system calls. The kernel made this process the leader of a group of its own,
    // in which are the programs that its cells have started.
    unsafe {
        if libc::getpgrp() == libc::getpid() {
            libc::kill(0, libc::SIGKILL);
        }
        libc::_exit(0)
    }
}

/// evcxr's folder, if it is one that evcxr would remove: those that a user names are left.
fn temporary_folder(library: &Path) -> Option<PathBuf> {
    // FOLDER/target/TARGET/debug/libcode_1.so
    let folder = library.ancestors().find(|it| it.ends_with("target"))?.parent()?;
    let is_temporary = folder.parent() == Some(&std::env::temp_dir())
        && folder.file_name()?.as_encoded_bytes().starts_with(b".tmp");
    is_temporary.then(|| folder.to_owned())
}

/// Puts a pipe in the place of stdout, and a thread behind it that writes to evcxr.
fn relay() -> io::Result<()> {
    let mut ends = [0; 2];
    // SAFETY: plain system calls on descriptors that nothing else has got yet.
    let (reader, out) = unsafe {
        let out = libc::dup(1);
        if out < 0 || libc::pipe(ends.as_mut_ptr()) < 0 || libc::dup2(ends[1], 1) < 0 {
            return Err(io::Error::last_os_error());
        }
        libc::close(ends[1]);
        (File::from_raw_fd(ends[0]), File::from_raw_fd(out))
    };
    for file in [&reader, &out] {
        // SAFETY: programs that a cell starts have no use for these.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    thread::Builder::new()
        .name("relay".into())
        .spawn(move || pass_on(BufReader::new(reader), out))
        .map(drop)
}

fn pass_on(mut reader: impl BufRead, mut out: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let (before, word) = split(text.trim_end_matches('\n'));
        if let Some(word) = word {
            if !before.is_empty() {
                writeln!(out, "{before}{UNFINISHED}")?;
            }
            match word {
                COMPLETE => eprintln!("{ENDED}"),
                "EVCXR_PANIC_NOTIFICATION" => eprintln!("{PANICKED}"),
                "EVCXR_ERROR_OCCURRED" => eprintln!("{FAILED}"),
                _ => {}
            }
            writeln!(out, "{word}")?;
        } else {
            writeln!(out, "{before}")?;
        }
        out.flush()?;
        line.clear();
    }
    Ok(())
}

/// What the learner printed on a line, and evcxr's word behind it.
fn split(line: &str) -> (&str, Option<&str>) {
    let at = WORDS.iter().filter_map(|it| line.find(it)).min();
    match at {
        Some(at) => (&line[..at], Some(&line[at..])),
        None => (line, None),
    }
}

fn run_cells() -> io::Result<()> {
    let path = std::env::var_os(LIBRARY).ok_or_else(|| io::Error::other("no prelude is named"))?;
    // SAFETY: the file is the prelude that this kernel's set-up built; the function's type is the
    // one that prelude and kernel agree on.
    let flush = unsafe {
        let library = ManuallyDrop::new(
            Library::open(Some(&path), RTLD_NOW | RTLD_GLOBAL).map_err(io::Error::other)?,
        );
        *library.get::<symbol::Flush>(symbol::FLUSH).map_err(io::Error::other)?
    };
    let mut variables: *mut c_void = std::ptr::null_mut();
    for line in io::stdin().lines() {
        let line = line?;
        let mut words = line.split(' ');
        let (Some("LOAD_AND_RUN"), Some(name), Some(path)) =
            (words.next(), words.next_back(), line_path(&line))
        else {
            return Err(io::Error::other(format!("evcxr said `{line}`")));
        };
        if EVCXR_FOLDER.get().is_none()
            && let Some(folder) = temporary_folder(path.as_ref())
        {
            let _ = EVCXR_FOLDER.set(folder);
        }
        // SAFETY: evcxr generated the function with this type, and catches panics in it; libraries
        // are never unloaded, because values and thread-locals outlive the cell.
        unsafe {
            let library = ManuallyDrop::new(
                Library::open(Some(path), RTLD_NOW | RTLD_LOCAL).map_err(io::Error::other)?,
            );
            let cell = library
                .get::<extern "C" fn(*mut c_void) -> *mut c_void>(name.as_bytes())
                .map_err(io::Error::other)?;
            variables = cell(variables);
        }
        flush();
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{COMPLETE}")?;
        stdout.flush()?;
    }
    Ok(())
}

/// The path in `LOAD_AND_RUN path name`.
fn line_path(line: &str) -> Option<&str> {
    line.split_once(' ')?.1.rsplit_once(' ').map(|it| it.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_protocol_get_lines_of_their_own() {
        let printed =
            "one\ntwoEVCXR_EXECUTION_COMPLETE\nEVCXR_BEGIN_CONTENT text/plain\n\u{fffd}\n";
        let mut out = Vec::new();
        pass_on(printed.replace('\u{fffd}', "x").as_bytes(), &mut out)
            .expect("a vector can be written");
        let expected =
            "one\ntwo\u{2}\nEVCXR_EXECUTION_COMPLETE\nEVCXR_BEGIN_CONTENT text/plain\nx\n";
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn paths_may_hold_spaces() {
        assert_eq!(line_path("LOAD_AND_RUN /a b/c.so run_user_code_1"), Some("/a b/c.so"));
    }
}
