//! How a cell fails: a panic, a `?` on an error, an interrupt; each becomes one frame.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::{Mutex, MutexGuard, PoisonError};

use akari_seam::frame::{Frame, INTERRUPTED, SourceLocation};

use super::calls::calls;
use super::ending::the_cell_ends;
use super::sources::{Sources, texts};
use super::{blanks, once, questions, wire};
use crate::random;

/// What `?` turns an error into at the top level of a cell.
///
/// It deliberately implements neither `Debug` nor `Display`, so that it can be made from every
/// type that does.
#[allow(missing_debug_implementations)]
pub struct Failed(());

/// An error that `?` can report at the top level of a cell: anything that implements `Display`.
#[diagnostic::on_unimplemented(
    message = "`?` in a cell needs an error that implements `Display`, and `{Self}` does not",
    label = "this error has no `Display`",
    note = "add `impl std::fmt::Display for {Self}`, or use `.unwrap()`, which needs only `Debug`"
)]
pub trait ErrorText: fmt::Display {}

impl<E: fmt::Display> ErrorText for E {}

impl<E: ErrorText> From<E> for Failed {
    #[track_caller]
    fn from(error: E) -> Self {
        report_error(std::any::type_name::<E>(), &error, error.cause(), Location::caller());
        Failed(())
    }
}

// Not generic, and so not compiled again in every cell.
#[inline(never)]
fn report_error(
    type_name: &str,
    error: &dyn fmt::Display,
    cause: Option<&(dyn Error + 'static)>,
    place: &Location<'_>,
) {
    let text = with_causes(error, texts(cause));
    let calls = questions::take();
    let location = Some(source_location(place));
    wire::send(Frame::Failure {
        name: short_name(type_name),
        text: &text,
        location,
        calls: &calls,
    });
}

/// The text of an error, and of each cause that the text before it does not tell already.
fn with_causes(error: &dyn fmt::Display, causes: Vec<String>) -> String {
    let mut text = error.to_string();
    let mut last = text.clone();
    for cause in causes {
        if !last.contains(&cause) {
            text.push_str(&format!("\n  caused by: {cause}"));
        }
        last = cause;
    }
    if text == last {
        // Errors such as anyhow's are no `Error`; their alternate form has the causes.
        let whole = format!("{error:#}");
        if let Some(causes) = whole.strip_prefix(&format!("{text}: ")) {
            text.push_str(&format!("\n  caused by: {causes}"));
        }
    }
    text
}

/// Fails the cell with an error, as a `?` at that place would: for what is shown as the last expression, where none stands.
pub(crate) fn fail_cell(error: &candle_core::Error, place: &Location<'_>) -> ! {
    if !IN_CELL.get() {
        panic!("{error}");
    }
    report_error(std::any::type_name_of_val(error), error, error.source(), place);
    panic::resume_unwind(Box::new(Reported));
}

/// Fails the cell in words of the prelude's own, under a name that says which kind of failure it is.
pub(crate) fn fail_cell_in_words(name: &str, text: &str, place: &Location<'_>) -> ! {
    if !IN_CELL.get() {
        panic!("{text}");
    }
    report(name, text, Some(source_location(place)));
    panic::resume_unwind(Box::new(Reported));
}

/// The payload of an unwinding that a wish to interrupt began.
struct Interrupted;

/// The payload of an unwinding whose reason was reported when it began.
struct Reported;

/// What the panic hook keeps of a panic until the cell has unwound.
struct NotedPanic {
    text: String,
    /// File, line and column.
    place: Option<(String, u32, u32)>,
    /// The calls that led there, if the place is in no cell.
    calls: String,
}

/// The last panic of another thread, which a join may bring to the cell's: some go on with the payload
/// and no panic of their own.
static ELSEWHERE: Mutex<Option<NotedPanic>> = Mutex::new(None);

fn elsewhere() -> MutexGuard<'static, Option<NotedPanic>> {
    ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    static IN_CELL: Cell<bool> = const { Cell::new(false) };
    static LAST_PANIC: RefCell<Option<NotedPanic>> = const { RefCell::new(None) };
    static WAS_INTERRUPTED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the learner's wish to stop ended the last body.
pub(super) fn was_interrupted() -> bool {
    WAS_INTERRUPTED.get()
}

/// Runs the body of a cell. Returns whether it came to its end; if not, has told why.
pub fn run<F: FnOnce() -> Result<(), Failed>>(body: F) -> bool {
    let mut body = Some(body);
    run_body(&mut || body.take().map_or(Ok(()), |body| body()), true)
}

/// Runs a body; the kernel is told where the random numbers stand after a body that counts.
#[inline(never)]
pub(super) fn run_body(body: &mut dyn FnMut() -> Result<(), Failed>, counts: bool) -> bool {
    once::before_cell();
    let random = random::copy();
    let before = random::state();
    WAS_INTERRUPTED.set(false);
    // A panic that an earlier cell caught must not give its text or place to one of this cell's.
    LAST_PANIC.take();
    elsewhere().take();
    questions::forget();
    blanks::begin();
    IN_CELL.set(true);
    let ended = panic::catch_unwind(AssertUnwindSafe(body));
    IN_CELL.set(false);
    blanks::end();
    the_cell_ends();
    let is_done = matches!(ended, Ok(Ok(())));
    if let Err(payload) = ended {
        report_panic(payload);
    }
    if !is_done && !was_interrupted() {
        // The cell, once it is mended, draws the numbers that it would have drawn at first.
        random::put_back(random);
    } else if let Some(state) = random::state().filter(|it| counts && before.as_ref() != Some(it)) {
        wire::send(Frame::Random { state: &state });
    }
    is_done
}

/// Unwinds out of the cell if the learner asked to stop it. Long loops of the prelude call it.
pub fn interrupt_point() {
    if wire::is_interrupted() && IN_CELL.get() {
        panic::resume_unwind(Box::new(Interrupted));
    }
}

/// Runs what may panic without an end of the cell, and gives the payload of a panic. An interrupt goes on, and so does a
/// failure that was told already. Nothing else stays: no text or place of a panic for a later one, no drawn numbers.
pub(crate) fn contained<T>(body: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let random = random::copy();
    let ended = panic::catch_unwind(AssertUnwindSafe(body));
    random::put_back(random);
    ended.map_err(|payload| {
        if payload.is::<Interrupted>() || payload.is::<Reported>() {
            panic::resume_unwind(payload);
        }
        LAST_PANIC.take();
        elsewhere().take();
        payload
    })
}

/// Notes a panic of the cell's thread instead of printing it; those of other threads, which end
/// no cell, are printed as usual.
pub(super) fn install_panic_hook() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let place = info.location();
        let is_in_cell = place.is_some_and(|it| it.file().starts_with("cell-"));
        let note = NotedPanic {
            text: payload_text(info.payload()),
            place: place.map(|it| (it.file().to_owned(), it.line(), it.column())),
            calls: if is_in_cell { String::new() } else { calls() },
        };
        if IN_CELL.try_with(Cell::get) == Ok(true) {
            LAST_PANIC.set(Some(note));
        } else {
            *elsewhere() = Some(note);
            print(info);
        }
    }));
}

fn report_panic(payload: Box<dyn Any + Send>) {
    if payload.is::<Interrupted>() {
        WAS_INTERRUPTED.set(true);
        return report(INTERRUPTED, "the cell was interrupted; its variables are kept", None);
    }
    if payload.is::<Reported>() {
        return;
    }
    let text = payload_text(&*payload);
    let note = LAST_PANIC
        .take()
        .or_else(|| elsewhere().take().filter(|it| it.text == text))
        .unwrap_or_else(|| NotedPanic { text, place: None, calls: String::new() });
    let place = note.place.as_ref();
    let location = place.map(|&(ref file, line, column)| SourceLocation { file, line, column });
    let (text, calls) = (&*once::explained(&note.text), &*note.calls);
    wire::send(Frame::Failure { name: "Panic", text, location, calls });
    // A payload whose own destructor panics must not take the process with it.
    let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
}

fn payload_text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is not text".to_owned()
    }
}

fn report(name: &str, text: &str, location: Option<SourceLocation<'_>>) {
    wire::send(Frame::Failure { name, text, location, calls: "" });
}

fn source_location<'a>(place: &'a Location<'_>) -> SourceLocation<'a> {
    SourceLocation { file: place.file(), line: place.line(), column: place.column() }
}

/// `core::num::error::ParseIntError` → `ParseIntError`; text and boxes have no telling name.
fn short_name(full: &str) -> &str {
    let base = full.split('<').next().unwrap_or(full);
    let last = base.rsplit("::").next().unwrap_or(base);
    let has_name = last.chars().all(|c| c.is_alphanumeric() || c == '_') && !full.starts_with('&');
    match last {
        "String" | "str" | "Box" => "Error",
        last if has_name && !last.is_empty() => last,
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let check = |error: &str, causes: &[&str], expected: &str| {
            let causes = causes.iter().map(ToString::to_string).collect();
            assert_eq!(with_causes(&error, causes), expected);
        };
        check("bad age", &["no digit"], "bad age\n  caused by: no digit");
        check("bad age: no digit", &["no digit"], "bad age: no digit");
        check("a", &["b", "b", "c"], "a\n  caused by: b\n  caused by: c");
        check("a", &[], "a");
    }

    #[test]
    fn contained_panics_leave_nothing_and_interrupts_go_on() {
        let drawn = random::state();
        let payload = contained(|| {
            LAST_PANIC.set(Some(NotedPanic {
                text: "a".into(),
                place: None,
                calls: String::new(),
            }));
            panic::resume_unwind(Box::new(5))
        })
        .map(|()| 0);
        assert_eq!(payload.unwrap_err().downcast_ref::<i32>(), Some(&5));
        assert!(LAST_PANIC.take().is_none() && random::state() == drawn);
        for is_interrupt in [true, false] {
            let went_on = panic::catch_unwind(|| {
                let _ = contained(|| match is_interrupt {
                    true => panic::resume_unwind(Box::new(Interrupted)),
                    false => panic::resume_unwind(Box::new(Reported)),
                });
            });
            assert!(went_on.is_err());
        }
    }

    #[test]
    fn alternate_form_of_an_error_has_its_causes() {
        struct Like;
        impl fmt::Display for Like {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(if f.alternate() { "a: b: c" } else { "a" })
            }
        }
        assert_eq!(with_causes(&Like, Vec::new()), "a\n  caused by: b: c");
    }
}
