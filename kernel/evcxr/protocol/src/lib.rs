//! The messages between the kernel and the program `akari-evcxr`: plain data, a line of JSON each.
//!
//! The kernel starts the program in one of two roles, writes to its stdin and reads its stdout.
//! `cells` has the words of the role that runs cells, `questions` those of the role behind Tab. The
//! end of the program's stdin is the kernel's end, and the program's own. Only the two programs
//! name this package.

pub mod cells;
pub mod questions;

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Raised when a message changes: a program of another version refuses to start.
pub const VERSION: u32 = 2;

/// The program's first argument where it runs cells. The second one is a [`Setup`].
pub const CELLS: &str = "cells";

/// The program's first argument where it answers questions. The second one is a [`Setup`].
pub const QUESTIONS: &str = "questions";

/// The program's second argument: the places of all that it works with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The kernel's [`VERSION`].
    pub version: u32,
    /// The compiler itself, not rustup's stand-in.
    pub rustc: PathBuf,
    /// The folder of the standard library's shared object.
    pub std_folder: PathBuf,
    /// The prelude's shared object, in the folder of what it is made of.
    pub prelude: PathBuf,
    /// The variable that names folders of libraries to the system's loader.
    pub library_paths: String,
    /// The folder with the prelude's sources.
    pub checkout: PathBuf,
    /// A folder for all that the program makes, which removes it when it ends. The program's
    /// TMPDIR is this folder, so that evcxr's own temporary files are in it.
    pub folder: PathBuf,
    /// The TMPDIR of cells; none where the kernel has none.
    pub temporary: Option<PathBuf>,
}

/// Writes a message to the other program.
pub fn say(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}

/// The messages of the other program, until it ends. A line of another kind is passed over.
pub fn hear<Message: DeserializeOwned>(input: impl BufRead) -> impl Iterator<Item = Message> {
    let lines = input.split(b'\n').map_while(Result::ok);
    lines.filter_map(|line| serde_json::from_slice(&line).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::cells::Request;
    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in() {
        let said = [Request::Run { code: "let 灯 = \"a\\n\nb\";".to_owned() }, Request::Kill];
        let mut pipe = Vec::new();
        for request in &said {
            say(&mut pipe, request).unwrap();
        }
        pipe.extend(b"no message\n\xff\n");
        say(&mut pipe, &Request::Answer(String::new())).unwrap();
        let heard: Vec<Request> = hear(pipe.as_slice()).collect();
        assert_eq!(heard[..2], said);
        assert_eq!(heard[2..], [Request::Answer(String::new())]);
    }
}
