//! The analyser: the program `akari-evcxr` in its role that completes fields and methods and
//! explains them.
//!
//! Its rust-analyzer takes half a gigabyte and some seconds to start. So the program is started when
//! something is asked that the session's names can't answer, nobody waits for that, and it ends
//! when nothing was asked for a while. A program that ends at any other moment is started again by
//! the next question.

use std::process::Stdio;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use akari_evcxr_protocol::QUESTIONS;
use akari_evcxr_protocol::questions::{Answer, Asked, Question, Said};

use super::EngineConfig;
use super::program::Program;
use crate::platform;

/// `off` keeps the analyser from starting.
const SWITCH: &str = "AKARI_ANALYSER";

/// What must be free before one starts: it is not to push a class into swap.
const NEEDED_MB: u64 = 2_000;

/// How long a client waits for more than the session's own names.
const PATIENCE: Duration = Duration::from_secs(2);

/// The program, or what it takes to start it.
#[derive(Debug)]
pub struct Analyser {
    config: EngineConfig,
    process: Mutex<Option<Process>>,
}

#[derive(Debug)]
struct Process {
    program: Program<Said>,
    is_ready: bool,
    number: u64,
}

impl Analyser {
    pub fn new(config: &EngineConfig) -> Analyser {
        Analyser { config: config.clone(), process: Mutex::new(None) }
    }

    /// The answer, if the program runs and has one in time. Blocks for that long.
    pub fn ask(&self, question: Question) -> Option<Answer> {
        // Of two that ask at once the second does without.
        let mut process = self.process.try_lock().ok()?;
        let answer = process.as_mut()?.ask(question);
        if answer.is_err() {
            *process = None;
        }
        answer.ok().flatten()
    }

    /// Starts the program, unless it runs or there is no room for it. Where there is no program to
    /// start, the error says so to the learner.
    pub fn start(&self) -> Result<(), String> {
        let mut process = self.lock();
        if process.is_some() || is_off() {
            return Ok(());
        }
        let file = self.config.evcxr.find()?;
        if platform::memory().is_some_and(|it| it.available >> 20 < NEEDED_MB) {
            return Ok(());
        }
        match Program::start(file, QUESTIONS, &self.config, Stdio::null()) {
            Ok(program) => *process = Some(Process { program, is_ready: false, number: 0 }),
            Err(error) => tracing::warn!("the analyser does not start: {error}"),
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The process is no more, or speaks another language.
#[derive(Debug)]
struct Gone;

impl Process {
    fn ask(&mut self, question: Question) -> Result<Option<Answer>, Gone> {
        if self.program.has_ended() {
            return Err(Gone);
        }
        while let Ok(said) = self.program.messages.try_recv() {
            // Answers that came too late go with it.
            self.is_ready |= matches!(said, Said::Ready);
        }
        if !self.is_ready {
            return Ok(None);
        }
        self.number += 1;
        let asked = Asked { number: self.number, question };
        self.program.input.say(&asked).map_err(|_| Gone)?;
        let end = Instant::now() + PATIENCE;
        loop {
            let patience = end.saturating_duration_since(Instant::now());
            match self.program.messages.recv_timeout(patience) {
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

/// Whether the user wants no analyser.
pub fn is_off() -> bool {
    std::env::var(SWITCH).is_ok_and(|it| it == "off")
}
