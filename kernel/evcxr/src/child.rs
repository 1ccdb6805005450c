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
use std::process::ExitCode;
use std::thread;

use akari_seam::symbol;
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};
use rustix::stdio;

/// The first argument that chooses this role.
pub const ROLE: &str = "evcxr-runtime";
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
    end(1)
}

/// Ends this process with the program that started it, however that ends and whatever the cell
/// does; then removes the temporary files, which a program that was killed could not do.
fn guard() {
    // The poll returns when the other end of stdin is closed; what is written there, `run_cells` reads.
    while poll(&mut [PollFd::new(&stdio::stdin(), PollFlags::empty())], None).is_err() {}
    if let Some(folder) = std::env::var_os(FOLDER) {
        let _ = fs::remove_dir_all(folder);
    }
    // This process was made the leader of a group of its own, in which are the programs that its
    // cells have started.
    if getpgrp() == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    end(0)
}

/// Ends this process. Destructors of loaded libraries may run in any order, so none runs.
fn end(code: i32) -> ! {
    // SAFETY: a plain system call.
    unsafe { libc::_exit(code) }
}

/// Puts a pipe in the place of stdout, and a thread behind it that writes to evcxr.
fn relay() -> io::Result<()> {
    // Programs that a cell starts have no use for these descriptors, and don't inherit them.
    let out = File::from(rustix::io::fcntl_dupfd_cloexec(stdio::stdout(), 3)?);
    let (reader, writer) = io::pipe()?;
    stdio::dup2_stdout(&writer)?;
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
