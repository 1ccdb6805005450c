//! A question to whoever runs the program, as Python's `input`.
//!
//! The question goes by a frame of its own, so that a client shows it with the field for the answer.
//! The answer comes by the standard library's stdin, which the process that runs cells serves.

use std::fmt;
use std::io::{self, Write};

use akari_seam::Frame;

use crate::rt;

/// Asks for a line and waits for it; returns the line without its end.
///
/// In a notebook the client shows the question beside a field for the answer.
///
/// ```no_run
/// use akari::prelude::*;
///
/// let epochs: usize = input("epochs? ").trim().parse().unwrap_or(10);
/// ```
///
/// # Panics
///
/// If there is no answer: the input is at its end, or there is nobody to ask.
#[track_caller]
pub fn input(prompt: impl fmt::Display) -> String {
    match ask(&prompt) {
        Ok(Some(line)) => line,
        Ok(None) => panic!("the input is at its end"),
        Err(error) => panic!("the input can't be read: {error}"),
    }
}

fn ask(prompt: &dyn fmt::Display) -> io::Result<Option<String>> {
    let text = prompt.to_string();
    if rt::is_connected() {
        rt::send(Frame::Prompt { text: &text });
    } else {
        print!("{text}");
        io::stdout().flush()?;
    }
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    // A learner who stops the cell gives no answer.
    rt::interrupt_point();
    if read? == 0 {
        return Ok(None);
    }
    let end = line.trim_end_matches(['\n', '\r']).len();
    line.truncate(end);
    Ok(Some(line))
}
