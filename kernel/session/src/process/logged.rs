//! Running a program whose messages go to a log file, while somebody waits for it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::group;
use super::guard::Guard;

/// What happens while a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    Stdout(&'a str),
    /// A line, or what a carriage return ends.
    Stderr(&'a str),
    /// A second without a message.
    Tick,
}

/// Whether a message belongs into the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    InLog,
    Nowhere,
    /// Nobody waits any more: the program is ended.
    Stop,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    /// Its last messages, which the log lacks where the disk is full.
    pub last: VecDeque<String>,
}

impl Ended {
    /// The last lines, cut to a width that can be read.
    pub fn tail(&self, count: usize) -> String {
        let lines = self.last.iter().skip(self.last.len().saturating_sub(count));
        let cut = |line: &String| match line.char_indices().nth(WIDTH) {
            Some((end, _)) => format!("{}..", &line[..end]),
            None => line.clone(),
        };
        lines.map(cut).collect::<Vec<_>>().join("\n")
    }
}

/// Lines that are remembered, and characters of them that are shown.
const REMEMBERED: usize = 200;
const WIDTH: usize = 300;

/// Runs the program to its end, and all that it starts with it. The log is made anew.
pub fn run(
    command: &mut Command,
    log: &Path,
    on_event: &mut dyn FnMut(Event<'_>) -> Keep,
) -> io::Result<Ended> {
    let mut log = File::create(log)?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, to end with it all that it has started.
    let mut child = command.process_group(0).spawn()?;
    let _guard = Guard::of(&child);
    let (sender, messages) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        read(stdout, false, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        read(stderr, true, sender.clone());
    }
    drop(sender);
    let mut last = VecDeque::new();
    loop {
        let (is_stderr, line) = match messages.recv_timeout(Duration::from_secs(1)) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => {
                if on_event(Event::Tick) == Keep::Stop {
                    stop(&mut child);
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(Ended { status: child.wait()?, last });
            }
        };
        let event = if is_stderr { Event::Stderr(&line) } else { Event::Stdout(&line) };
        let keep = on_event(event);
        if keep == Keep::Stop {
            stop(&mut child);
        }
        if keep == Keep::InLog {
            // A log that can't be written must not stop the work.
            let _ = writeln!(log, "{line}");
            if last.len() == REMEMBERED {
                last.pop_front();
            }
            last.push_back(line);
        }
    }
}

/// Ends a program, and what it has started.
fn stop(child: &mut Child) {
    group::kill(child);
    // It may have ended by itself.
    let _ = child.kill();
}

/// Sends the lines of a pipe, on a thread of its own.
fn read(pipe: impl Read + Send + 'static, is_stderr: bool, sender: Sender<(bool, String)>) {
    thread::spawn(move || {
        let lines = BufReader::new(pipe).split(b'\n').map_while(Result::ok);
        for line in lines {
            send(&line, is_stderr, &sender);
        }
    });
}

fn send(line: &[u8], is_stderr: bool, sender: &Sender<(bool, String)>) {
    for piece in String::from_utf8_lossy(line).split('\r').filter(|it| !it.trim().is_empty()) {
        let _ = sender.send((is_stderr, piece.to_owned()));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_seen_and_logged() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut seen = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; printf 'one\\rtwo\\nthree' >&2; exit 3"]);
        let ended = run(&mut command, &log, &mut |event| {
            seen.push(format!("{event:?}"));
            if matches!(event, Event::Stdout(_)) { Keep::Nowhere } else { Keep::InLog }
        });
        let ended = ended.unwrap();
        assert_eq!(ended.status.code(), Some(3));
        seen.sort();
        assert_eq!(
            seen,
            ["Stderr(\"one\")", "Stderr(\"three\")", "Stderr(\"two\")", "Stdout(\"out\")"]
        );
        assert_eq!(ended.tail(2), "two\nthree");
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "one\ntwo\nthree\n");
    }
}
