//! Places in generated sources, as the learner knows them: a cell, a line and a column.
//!
//! Panics name the generated file, and so does what std itself prints: `dbg!`, a panic of another
//! thread, a `Location`. `run` asks for the place of a failure, `utf8` has what a cell prints translated.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memchr::memmem;

use super::generate::{Origin, Source};
use crate::engine::traceback::Place;

/// What the name of a generated file begins with, how many hexadecimal digits follow, and its end.
const HEAD: &[u8] = b"cell-";
const DIGITS: usize = 12;
const END: &[u8] = b".rs";

/// The generated sources of a session, one of each text, for all who tell of places.
#[derive(Debug, Clone, Default)]
pub struct Generated(Arc<Mutex<Vec<Arc<Source>>>>);

impl Generated {
    pub fn add(&self, source: &Arc<Source>) {
        let mut sources = self.sources();
        sources.retain(|other| other.file != source.file);
        sources.push(Arc::clone(source));
    }

    /// The place in a cell; none if it is in generated lines or in another file.
    pub fn place(&self, file: &str, line: u32, column: u32) -> Option<Place> {
        let source = self.source(file)?;
        place(&source, line, column)
    }

    /// The source of a library, by the library's file name.
    pub fn of_library(&self, name: &str) -> Option<Arc<Source>> {
        let is_it = |source: &&Arc<Source>| !source.seal.is_empty() && name.contains(&source.seal);
        self.sources().iter().rev().find(is_it).map(Arc::clone)
    }

    fn source(&self, file: &str) -> Option<Arc<Source>> {
        self.sources().iter().rev().find(|source| source.is_file(file)).map(Arc::clone)
    }

    fn sources(&self) -> MutexGuard<'_, Vec<Arc<Source>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was printed, with places in cells in the place of those in generated files.
    pub fn translated<'a>(&self, printed: &'a [u8]) -> Cow<'a, [u8]> {
        translated(printed, &|file| self.source(file))
    }

    /// The same for a value that is shown, if it is text.
    pub fn shown<'a>(&self, mime_type: &str, content: &'a str) -> Cow<'a, str> {
        match mime_type {
            "text/plain" => match self.translated(content.as_bytes()) {
                Cow::Borrowed(_) => Cow::Borrowed(content),
                Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
            },
            _ => Cow::Borrowed(content),
        }
    }
}

/// A text about one source, with places in cells.
pub fn of_source(source: &Source, text: &str) -> String {
    let only = |file: &str| source.is_file(file).then_some(source);
    String::from_utf8_lossy(&translated(text.as_bytes(), &only)).into_owned()
}

fn translated<'a, S: Deref<Target = Source>>(
    printed: &'a [u8],
    source: &dyn Fn(&str) -> Option<S>,
) -> Cow<'a, [u8]> {
    let mut out = Vec::new();
    let mut done = 0;
    for start in memmem::find_iter(printed, HEAD) {
        let named = Named::read(&printed[start..], Rest::Nothing);
        let Named::Place { file, line, column, length } = named else {
            continue;
        };
        let text = source(file).and_then(|source| in_cell(&source, line, column));
        let Some(text) = text else { continue };
        out.extend_from_slice(&printed[done..start]);
        out.extend_from_slice(text.as_bytes());
        done = start + length;
    }
    if done == 0 {
        return Cow::Borrowed(printed);
    }
    out.extend_from_slice(&printed[done..]);
    Cow::Owned(out)
}

fn in_cell(source: &Source, line: Option<u32>, column: Option<u32>) -> Option<String> {
    let place = line.and_then(|line| place(source, line, column.unwrap_or(1)));
    Some(match (place, column) {
        (Some(Place { cell, start, .. }), Some(_)) => {
            format!("{cell}:{}:{}", start.0 + 1, start.1 + 1)
        }
        (Some(Place { cell, start, .. }), None) => format!("{cell}:{}", start.0 + 1),
        (None, _) => source.cell()?.to_string(),
    })
}

/// The place in a cell of a line and a column, both from 1, of a source.
pub fn place(source: &Source, line: u32, column: u32) -> Option<Place> {
    let (cell, line, column) = match source.origin(line) {
        Origin::Cell { cell, line } => (cell, line, column.saturating_sub(1)),
        Origin::Tail { cell, line, column } | Origin::End { cell, line, column } => {
            (cell, line, column)
        }
        Origin::Generated
        | Origin::Keep(_)
        | Origin::Drop(_)
        | Origin::PutBack(_)
        | Origin::Read(_) => return None,
    };
    Some(Place { cell, start: (line, column), end: (line, column + 1) })
}

/// Where the last name of a generated file begins, if the text ends before it is clear what the name is
/// or which place follows it.
pub fn unfinished(printed: &[u8]) -> Option<usize> {
    // A name and two numbers are shorter than this.
    let tail = printed.len().saturating_sub(64);
    let start = tail + memmem::rfind(&printed[tail..], HEAD)?;
    matches!(Named::read(&printed[start..], Rest::Unknown), Named::Unfinished).then_some(start)
}

/// What stands where a text says `cell-`.
#[derive(Debug, PartialEq, Eq)]
enum Named<'a> {
    /// The name of a generated file, with the line and the column that follow it.
    Place {
        file: &'a str,
        line: Option<u32>,
        column: Option<u32>,
        length: usize,
    },
    /// The text ends within a name or a number.
    Unfinished,
    Nothing,
}

/// What follows the end of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    Unknown,
}

impl Named<'_> {
    fn read(text: &[u8], after: Rest) -> Named<'_> {
        let name = HEAD.len() + DIGITS + END.len();
        let Some(file) = text.get(..name) else {
            let rest = &text[HEAD.len()..];
            let (digits, end) = rest.split_at(rest.len().min(DIGITS));
            let is_begun = digits.iter().all(is_digit) && END.starts_with(end);
            return if is_begun { Named::Unfinished } else { Named::Nothing };
        };
        let is_name = file[HEAD.len()..][..DIGITS].iter().all(is_digit) && file.ends_with(END);
        let Some(file) = std::str::from_utf8(file).ok().filter(|_| is_name) else {
            return Named::Nothing;
        };
        let mut length = name;
        let mut numbers = [None, None];
        for number in &mut numbers {
            let rest = &text[length..];
            let Some(digits) = rest.strip_prefix(b":") else {
                if rest.is_empty() && after == Rest::Unknown {
                    return Named::Unfinished;
                }
                break;
            };
            let count = digits.iter().take_while(|it| it.is_ascii_digit()).count();
            if count == digits.len() && count < 10 && after == Rest::Unknown {
                return Named::Unfinished;
            }
            *number = std::str::from_utf8(&digits[..count]).ok().and_then(|it| it.parse().ok());
            if number.is_none() {
                break;
            }
            length += 1 + count;
        }
        Named::Place { file, line: numbers[0], column: numbers[1], length }
    }
}

fn is_digit(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CellId;
    use crate::engine::instant::generate::broken;

    /// The source of a cell of two lines, and the number of the first one.
    fn source() -> (Generated, String, u32) {
        let source = Arc::new(broken("a();\nb();", CellId::Counted(3), true));
        let is_first = |line: &u32| matches!(source.origin(*line), Origin::Cell { line: 0, .. });
        let first = (1..9).find(is_first).expect("the cell is there");
        let generated = Generated::default();
        generated.add(&source);
        (generated, source.file.clone(), first)
    }

    fn check(printed: &str, expected: &str) {
        let (generated, file, first) = source();
        let fill = |text: &str| {
            let text = text.replace("FILE", &file).replace("SECOND", &(first + 1).to_string());
            text.replace("FIRST", &first.to_string())
        };
        let printed = fill(printed);
        let got = generated.translated(printed.as_bytes());
        assert_eq!(String::from_utf8_lossy(&got), fill(expected), "{printed}");
    }

    #[test]
    fn places_in_what_is_printed_are_those_of_the_cell() {
        check("[FILE:FIRST:9] 1 = 1\n", "[cell [3]:1:9] 1 = 1\n");
        check("at FILE:SECOND:5:\noh\nFILE:FIRST:1 ", "at cell [3]:2:5:\noh\ncell [3]:1:1 ");
        check("FILE:SECOND, FILE.", "cell [3]:2, cell [3].");
        check("FILE:1:1 ", "cell [3] ");
        check("in FILE:SECOND:5", "in cell [3]:2:5");
        check("FILE:SECOND", "cell [3]:2");
        check("FILE", "cell [3]");
        check(
            "cell-of cell-0123456789ab.rs:1:2 cell-\u{706f}",
            "cell-of cell-0123456789ab.rs:1:2 cell-\u{706f}",
        );
        check("FILEx FILE: FILE:\u{706f}", "cell [3]x cell [3]: cell [3]:\u{706f}");
    }

    #[test]
    fn a_text_that_may_go_on_as_a_place_is_unfinished() {
        let check = |text: &str, expected: Option<usize>| {
            assert_eq!(unfinished(text.as_bytes()), expected, "{text}");
        };
        for text in ["cell-", "cell-0a", "cell-0123456789ab", "cell-0123456789ab.r"] {
            check(&format!("in {text}"), Some(3));
        }
        for rest in ["", ":", ":12", ":12:", ":12:3"] {
            check(&format!("[cell-0123456789ab.rs{rest}"), Some(1));
        }
        for text in
            ["cel", "cell-x", "cell-0123456789ab.rs:1:2]", "cell-0123456789ab.rs ", "x cell-\n"]
        {
            check(text, None);
        }
    }

    #[test]
    fn failures_in_generated_lines_have_no_place() {
        let (generated, file, first) = source();
        let place = generated.place(&file, first + 1, 4).expect("it is in the cell");
        assert_eq!((place.cell, place.start), (CellId::Counted(3), (1, 3)));
        assert_eq!(generated.place(&file, 1, 1), None);
        assert_eq!(generated.place("other.rs", first, 1), None);
    }
}
