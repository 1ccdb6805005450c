//! The analyser: a process of its own that completes fields and methods and explains them.
//!
//! It is evcxr's rust-analyzer, which takes half a gigabyte and some seconds to start. So it is
//! started when something is asked that the session's names can't answer, nobody waits for that,
//! and it ends when nothing was asked for a while. This is the kernel's side; the other one is
//! `evcxr::analyser`.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::EngineConfig;

/// The role's name on the command line.
pub const ROLE: &str = "analyser";

/// `off` keeps the analyser from starting.
const SWITCH: &str = "AKARI_ANALYSER";

/// What must be free before one starts: it is not to push a class into swap.
const NEEDED_MB: u64 = 2_000;

/// How long a client waits for more than the session's own names.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the process needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Paths {
    pub rustc: PathBuf,
    pub std_folder: PathBuf,
    pub prelude: PathBuf,
    pub program: PathBuf,
    pub checkout: PathBuf,
}

/// A question about code; the place is a byte offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    Complete { code: String, at: usize },
    Explain { code: String, at: usize },
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Asked {
    pub number: u64,
    pub question: Question,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Where the completed text begins, and what may stand there: text and kind.
    Completions {
        start: usize,
        items: Vec<(String, String)>,
    },
    /// As text and as HTML.
    Explanation {
        text: String,
        html: String,
    },
    Nothing,
}

/// What the process says, a line each.
#[derive(Debug, Serialize, Deserialize)]
pub enum Said {
    Ready,
    Answered { number: u64, answer: Answer },
}

/// The process, or the way to start it.
#[derive(Debug)]
pub struct Analyser {
    paths: Paths,
    process: Mutex<Option<Process>>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    input: ChildStdin,
    said: Receiver<Said>,
    is_ready: bool,
    number: u64,
}

impl Analyser {
    pub fn new(config: &EngineConfig) -> Analyser {
        Analyser {
            paths: Paths {
                rustc: config.rustc.clone(),
                std_folder: config.std_folder.clone(),
                prelude: config.prelude.clone(),
                program: config.program.clone(),
                checkout: config.checkout.clone(),
            },
            process: Mutex::new(None),
        }
    }

    /// The answer, if the process runs and has one in time. Blocks for that long.
    pub fn ask(&self, question: Question) -> Option<Answer> {
        // Of two that ask at once the second does without.
        let mut process = self.process.try_lock().ok()?;
        let answer = process.as_mut()?.ask(question);
        if answer.is_err() {
            *process = None;
        }
        answer.ok().flatten()
    }

    /// Starts the process, unless it runs or there is no room for it.
    pub fn start(&self) {
        let mut process = self.lock();
        let is_off = std::env::var(SWITCH).is_ok_and(|it| it == "off");
        if process.is_some() || is_off || available_mb().is_some_and(|it| it < NEEDED_MB) {
            return;
        }
        match Process::start(&self.paths) {
            Ok(started) => *process = Some(started),
            Err(error) => tracing::warn!("the analyser does not start: {error}"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The process is no more, or speaks another language.
#[derive(Debug)]
struct Gone;

impl Process {
    fn start(paths: &Paths) -> std::io::Result<Process> {
        let mut child = Command::new(&paths.program)
            .arg(ROLE)
            .arg(serde_json::to_string(paths)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let missing = || std::io::Error::other("it has no pipes");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let (sender, said) = mpsc::channel();
        thread::Builder::new().name("analyser".into()).spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // evcxr may print as well.
                let Ok(said) = serde_json::from_str(&line) else { continue };
                if sender.send(said).is_err() {
                    return;
                }
            }
        })?;
        Ok(Process { child, input, said, is_ready: false, number: 0 })
    }

    fn ask(&mut self, question: Question) -> Result<Option<Answer>, Gone> {
        if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
            return Err(Gone);
        }
        while let Ok(said) = self.said.try_recv() {
            // Answers that came too late go with it.
            self.is_ready |= matches!(said, Said::Ready);
        }
        if !self.is_ready {
            return Ok(None);
        }
        self.number += 1;
        let mut line =
            serde_json::to_vec(&Asked { number: self.number, question }).map_err(|_| Gone)?;
        line.push(b'\n');
        self.input.write_all(&line).and_then(|()| self.input.flush()).map_err(|_| Gone)?;
        let end = Instant::now() + PATIENCE;
        loop {
            match self.said.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Said::Answered { number, answer }) if number == self.number => {
                    return Ok(Some(answer));
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => return Err(Gone),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, as it does when nothing was asked for a while.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn available_mb() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|it| it.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024)
}
