//! Exercises that check: `check!`, `hint!`, `solution!` and `blank!`.
//!
//! What an exercise wants is data, in the key of its lesson (`akari_key`). `answer` and `got` make plain data of what a
//! learner has, `judge` compares it, `slips` asks why it is wrong, `words` and `page` tell it. Here is what is shown,
//! and what the session remembers: attempts, right answers, hints. All of that ends with the process, and a session
//! that is brought back runs its cells again, so it remembers the same.

mod answer;
mod blank;
mod got;
pub mod hidden;
mod judge;
mod library;
mod page;
mod rehearse;
mod slips;
mod words;

use std::collections::HashMap;
use std::env;
use std::panic::Location;
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use akari_key::{Exercise, find, hidden_library, lesson_of, read};
use akari_seam::frame::{CHECK_FAILED, EXERCISE_ERROR};

use self::hidden::Outcome;
use self::judge::{Pair, Verdict, judge};
use crate::display;
use crate::rt::{self, is_japanese};

pub use self::answer::{Answer, Given, Plain, given};
pub use self::blank::{Blank, blank};
pub use self::got::{Answered, Got, Numbers};
pub use self::hidden::Attempt;

/// Looks whether the answers of an exercise are right.
///
/// The exercise is named by its lesson and its place in it; the key of the lesson (`keys/01.toml`) says what is right.
/// An answer is a tensor, a number, a truth value, a text, a list or a result of these, or a function, which is tried.
///
/// ```no_run
/// use akari::prelude::*;
/// let relu = F::relu(&tensor!([-1.0, 2.0]))?;
/// check!("01-1", relu);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[macro_export]
macro_rules! check {
    ($id:expr $(, $answer:expr)* $(,)?) => {
        $crate::exercise::check(
            $id,
            &[$((::core::stringify!($answer), $crate::exercise::given(&$answer))),*],
        )
    };
}

/// Shows the next hint of an exercise below those before.
///
/// ```no_run
/// use akari::prelude::*;
/// hint!("01-1");
/// ```
#[macro_export]
macro_rules! hint {
    ($id:expr $(,)?) => {
        $crate::exercise::hint($id)
    };
}

/// Shows the worked solution of an exercise, after a right answer or three attempts.
///
/// ```no_run
/// use akari::prelude::*;
/// solution!("01-1");
/// ```
#[macro_export]
macro_rules! solution {
    ($id:expr $(,)?) => {
        $crate::exercise::solution($id)
    };
}

/// After so many wrong answers the solution is shown.
const ATTEMPTS: usize = 3;

const GREEN: &str = "#2a8f4f";
const GREY: &str = "#888";

/// What the session remembers of an exercise.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    attempts: usize,
    is_solved: bool,
    hints: usize,
}

static PROGRESS: LazyLock<Mutex<HashMap<String, Progress>>> = LazyLock::new(Mutex::default);

fn progress() -> MutexGuard<'static, HashMap<String, Progress>> {
    PROGRESS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Changes what is remembered of an exercise, and returns it.
fn remember(id: &str, change: impl FnOnce(&mut Progress)) -> Progress {
    let mut all = progress();
    let one = all.entry(id.to_owned()).or_default();
    change(one);
    *one
}

/// Why an exercise has no verdict.
enum Stopped {
    /// One sentence.
    NoExercise(String),
    Wrong(String),
}

/// What `check!` calls.
#[doc(hidden)]
#[track_caller]
#[inline(never)]
pub fn check(id: &str, answers: &[(&str, Given<'_>)]) {
    let ja = is_japanese();
    let judged = look_up(id, ja).map_err(Stopped::NoExercise);
    match judged.and_then(|exercise| whole_verdict(&exercise, answers, ja)) {
        Ok(Verdict::Right) => {
            remember(id, |it| it.is_solved = true);
            let text = words::right(id, ja);
            show(&page::line(&text, GREEN), &text);
        }
        Ok(_) if env::var_os("NBGRADER_EXECUTION").is_none() => {
            let text = words::unsolved(id, ja);
            show(&page::line(&text, GREY), &text);
        }
        Ok(_) => rt::fail_cell_in_words(CHECK_FAILED, &words::unsolved(id, ja), Location::caller()),
        Err(Stopped::Wrong(text)) => {
            rt::fail_cell_in_words(CHECK_FAILED, &text, Location::caller())
        }
        Err(Stopped::NoExercise(text)) => {
            rt::fail_cell_in_words(EXERCISE_ERROR, &text, Location::caller())
        }
    }
}

/// What `hint!` calls.
#[doc(hidden)]
#[track_caller]
#[inline(never)]
pub fn hint(id: &str) {
    let ja = is_japanese();
    let exercise = found(id, ja, Location::caller());
    let count = exercise.hints.len();
    if count == 0 {
        let text = words::no_hints(id, ja);
        return show(&page::line(&text, GREY), &text);
    }
    let shown = remember(id, |it| it.hints = (it.hints + 1).min(count)).hints;
    let label = |at: usize| words::hint_label(at + 1, count, ja);
    let hints: Vec<(String, &str)> = exercise
        .hints
        .iter()
        .take(shown)
        .enumerate()
        .map(|(at, it)| (label(at), it.text(ja)))
        .collect();
    let next = words::hints_left(id, count - shown, ja);
    let mut text: String = hints.iter().map(|(label, hint)| format!("{label}: {hint}\n")).collect();
    text.push_str(&next);
    show(&page::hints(&hints, &next), &text);
}

/// What `solution!` calls.
#[doc(hidden)]
#[track_caller]
#[inline(never)]
pub fn solution(id: &str) {
    let ja = is_japanese();
    let exercise = found(id, ja, Location::caller());
    let progress = remember(id, |_| ());
    let code = exercise.solution.trim();
    if code.is_empty() {
        let text = words::no_solution(id, ja);
        return show(&page::line(&text, GREY), &text);
    }
    if !progress.is_solved && progress.attempts < ATTEMPTS {
        let text = words::solution_later(id, progress.attempts, ATTEMPTS, ja);
        return show(&page::line(&text, GREY), &text);
    }
    let label = words::solution_label(id, ja);
    show(&page::code(&label, code), &format!("{label}\n\n{code}"));
}

/// Shows HTML and, where that can't be drawn, the text.
fn show(html: &str, text: &str) {
    if display::is_seen() {
        display::html_or_text(html, text);
    } else {
        println!("{text}");
    }
}

/// The exercise, or the end of the cell with the reason why there is none.
fn found(id: &str, ja: bool, place: &Location<'_>) -> Exercise {
    look_up(id, ja).unwrap_or_else(|text| rt::fail_cell_in_words(EXERCISE_ERROR, &text, place))
}

fn look_up(id: &str, ja: bool) -> Result<Exercise, String> {
    let named = env::var_os("AKARI_KEYS").filter(|it| !it.is_empty());
    let folder = env::current_dir().unwrap_or_default();
    look_up_in(id, &folder, named.as_deref().map(Path::new), ja)
}

fn look_up_in(id: &str, from: &Path, named: Option<&Path>, ja: bool) -> Result<Exercise, String> {
    let key = lesson_of(id)
        .and_then(|lesson| find(lesson, from, named))
        .and_then(|path| read(&path))
        .map_err(|error| words::no_key(&error, ja))?;
    key.exercise(id).cloned().ok_or_else(|| {
        let known: Vec<&str> = key.exercises.iter().map(|it| it.id.as_str()).collect();
        words::unknown(id, &known, ja)
    })
}

/// Judges all answers: a blank among them goes before whatever is wrong with the others.
fn verdict(
    exercise: &Exercise,
    answers: &[(&str, Given<'_>)],
    ja: bool,
) -> Result<Verdict, Stopped> {
    let id = exercise.id.as_str();
    let given = answers.iter().map(|it| it.0);
    let names: Vec<&str> = exercise
        .answers
        .iter()
        .zip(given.map(Some).chain(std::iter::repeat(None)))
        .map(|(answer, typed)| answer.name.as_deref().or(typed).unwrap_or("answer"))
        .collect();
    if exercise.answers.len() != answers.len() {
        let text = words::wrong_count(id, &names, answers.len(), ja);
        return Err(Stopped::NoExercise(text));
    }
    let judged: Vec<Verdict> = exercise
        .answers
        .iter()
        .zip(answers)
        .map(|(answer, (_, given))| judge(answer, exercise.tolerance_of(answer), given))
        .collect();
    if judged.contains(&Verdict::Blank) {
        return Ok(Verdict::Blank);
    }
    let is_wrong = |it: &(usize, Verdict)| matches!(it.1, Verdict::Wrong(_));
    let Some((at, Verdict::Wrong(wrong))) = judged.into_iter().enumerate().find(is_wrong) else {
        return Ok(Verdict::Right);
    };
    let mut lines = words::wrong(id, names[at], &wrong, exercise.secret, ja);
    lines.extend(diagnosis(exercise, at, &wrong.pairs, ja));
    Err(wrong_attempt(exercise, lines, ja))
}

/// Notes an attempt that was wrong: what is said of it, with what can be done next.
fn wrong_attempt(exercise: &Exercise, mut lines: Vec<String>, ja: bool) -> Stopped {
    let id = exercise.id.as_str();
    let progress = remember(id, |it| it.attempts += 1);
    let left = exercise.hints.len().saturating_sub(progress.hints);
    let is_open = progress.attempts >= ATTEMPTS && !exercise.solution.trim().is_empty();
    lines.extend(words::next_step(id, left, is_open, ja));
    Stopped::Wrong(lines.join("\n"))
}

/// The verdict by the key, and of a right answer that by the hidden test.
fn whole_verdict(
    exercise: &Exercise,
    answers: &[(&str, Given<'_>)],
    ja: bool,
) -> Result<Verdict, Stopped> {
    let verdict = verdict(exercise, answers, ja)?;
    if !exercise.hidden || verdict != Verdict::Right {
        return Ok(verdict);
    }
    let id = exercise.id.as_str();
    let no_verdict = |text: String| Stopped::NoExercise(text);
    let lesson = lesson_of(id).map_err(|error| no_verdict(words::no_key(&error, ja)))?;
    let path = env::current_dir().unwrap_or_default().join(hidden_library(lesson));
    let table =
        library::load(&path).map_err(|error| no_verdict(words::no_tests(id, &path, &error, ja)))?;
    let test = table(id).ok_or_else(|| no_verdict(words::no_test(id, &path, ja)))?;
    match hidden::run(test, answers) {
        Outcome::Passed => Ok(Verdict::Right),
        Outcome::Blank => Ok(Verdict::Blank),
        Outcome::Unmet(texts) => {
            Err(wrong_attempt(exercise, words::unmet(id, texts.text(ja), ja), ja))
        }
        Outcome::Stopped => Err(wrong_attempt(exercise, vec![words::stopped(id, ja)], ja)),
    }
}

/// What explains a wrong answer, if something does.
fn diagnosis(exercise: &Exercise, at: usize, pairs: &[Pair], ja: bool) -> Option<String> {
    match slips::of_key(exercise, at, pairs) {
        Some(slip) => Some(slip.texts().text(ja).to_owned()),
        None => {
            let tolerance = exercise.tolerance_of(&exercise.answers[at]);
            slips::usual(pairs, tolerance).map(|it| words::usual(&it, ja))
        }
    }
}

/// What each slip of an exercise that gives a value is told, for the author in this language: a line each with the slip's
/// number, a tab, and nothing, or what is said in the place of its own text.
#[doc(hidden)]
pub fn rehearsal(id: &str, ja: bool) -> String {
    let exercise = match look_up(id, ja) {
        Ok(exercise) => exercise,
        Err(text) => return format!("0\t{text}\n"),
    };
    let told = rehearse::slips(&exercise, ja).map(|(at, told)| format!("{}\t{told}\n", at + 1));
    told.collect()
}

#[cfg(test)]
mod tests;
