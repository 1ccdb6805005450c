//! How far long work is, on stderr: a bar on a terminal, otherwise a line now and then.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::words;
use crate::setup::Progress;

/// Between two lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(10);

/// Shows the progress of one piece of work.
#[derive(Debug)]
pub struct Reporter {
    has_terminal: bool,
    bar: Option<ProgressBar>,
    begin: Instant,
    shown: Option<Instant>,
}

impl Reporter {
    pub fn new() -> Reporter {
        Reporter {
            has_terminal: stderr().is_terminal(),
            bar: None,
            begin: Instant::now(),
            shown: None,
        }
    }

    pub fn show(&mut self, progress: &Progress) {
        if self.has_terminal { self.draw(progress) } else { self.line(progress) }
    }

    /// Says that the work is done, if there was any to speak of.
    pub fn finish(self) {
        if self.bar.is_some() || self.shown.is_some() {
            if let Some(bar) = &self.bar {
                bar.finish_and_clear();
            }
            let seconds = self.begin.elapsed().as_secs().to_string();
            let _ = writeln!(stderr(), "akari: {}", words::told("done after {} s", &[&seconds]));
        }
    }

    fn draw(&mut self, progress: &Progress) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        let template = match progress.crates {
            Some(_) => "{spinner} {elapsed} {bar:24} {pos}/{len} {wide_msg}",
            None => "{spinner} {elapsed} {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        if let Some((done, total)) = progress.crates {
            bar.set_length(total);
            bar.set_position(done);
        }
        let what = words::whole(&progress.what);
        bar.set_message(match &left(progress) {
            Some(left) => format!("{left}  {what}"),
            None => what,
        });
    }

    fn line(&mut self, progress: &Progress) {
        if self.shown.is_some_and(|it| it.elapsed() < PAUSE) {
            return;
        }
        let after = match progress.crates {
            None if self.shown.is_none() => String::new(),
            _ => format!(" {}", place(progress, self.begin.elapsed())),
        };
        let _ = writeln!(stderr(), "akari: {}{after}", words::whole(&progress.what));
        self.shown = Some(Instant::now());
    }
}

/// How far work is, in brackets.
pub fn place(progress: &Progress, after: Duration) -> String {
    let seconds = after.as_secs().to_string();
    match progress.crates {
        Some((done, total)) => {
            let (done, total) = (done.to_string(), total.to_string());
            match left(progress) {
                Some(left) => {
                    words::told("({} of {}, {} s, {})", &[&done, &total, &seconds, &left])
                }
                None => words::told("({} of {}, {} s)", &[&done, &total, &seconds]),
            }
        }
        None => words::told("({} s)", &[&seconds]),
    }
}

/// How long the work still takes, as people say it: to the half minute while it is long.
fn left(progress: &Progress) -> Option<String> {
    const MINUTE: u64 = 60;
    let seconds = progress.left?.as_secs();
    Some(match seconds {
        0..20 => words::told("nearly done", &[]),
        20..50 => words::told("about half a minute left", &[]),
        _ => match (seconds + MINUTE / 2) / MINUTE {
            0 | 1 => words::told("about a minute left", &[]),
            minutes => words::told("about {} minutes left", &[&minutes.to_string()]),
        },
    })
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
