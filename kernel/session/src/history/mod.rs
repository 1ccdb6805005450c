//! The cells that clients have run, over all sessions, as `history_request` asks for them.
//!
//! A session's own cells are in memory, those of all sessions in a file of `AKARI_HOME`
//! (`file`), which a thread of its own writes (`writer`), so that no cell waits for a disk. Where
//! the file can't be written, the history of the session lives on in memory. The meaning of a
//! request, and what negative numbers count, are IPython's.

mod file;
mod writer;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use wildmatch::WildMatch;

use self::writer::Writer;

/// A cell, as it was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryCell {
    /// The number of its session, from 1; 0 where a range of the present one was asked for.
    pub session: i64,
    pub line: u32,
    pub code: Arc<str>,
    /// The text of the cell's last value. Only the present session knows it.
    pub output: Option<Arc<str>>,
}

/// What of the history is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// The last cells; those of the present session come last.
    Tail { count: usize },
    /// Cells of one session, from a line up to before another one. Session 0 is the present one,
    /// and -1 the one before it.
    Range { session: i64, start: i64, stop: Option<i64> },
    /// The last cells that match a pattern: `*` is any text, `?` any character.
    Search { pattern: String, count: Option<usize>, is_unique: bool },
}

/// The history, as the session that runs adds to it.
#[derive(Debug, Default)]
pub struct History {
    cells: Vec<HistoryCell>,
    writer: Writer,
}

/// The history at a moment. It can be read while the session goes on.
#[derive(Debug)]
pub struct Look {
    cells: Vec<HistoryCell>,
    writer: Writer,
}

impl History {
    /// The history that is kept in a file; without one it ends with the session.
    pub fn kept_in(file: Option<PathBuf>) -> History {
        History { cells: Vec::new(), writer: Writer::to(file) }
    }

    pub fn push(&mut self, line: u32, code: &str) {
        let code: Arc<str> = code.into();
        self.writer.write(line, &code);
        self.cells.push(HistoryCell { session: 0, line, code, output: None });
    }

    pub fn set_output(&mut self, line: u32, text: &str) {
        if let Some(cell) = self.cells.iter_mut().rfind(|cell| cell.line == line) {
            cell.output = Some(text.into());
        }
    }

    /// Waits until the cells are in the file, or long enough.
    pub fn flush(&self) {
        self.writer.flush();
    }

    pub fn look(&self) -> Look {
        Look { cells: self.cells.clone(), writer: self.writer.clone() }
    }
}

impl Look {
    /// The part of the history that is asked for.
    pub fn answer(self, query: &Query) -> Vec<HistoryCell> {
        let (present, mut earlier) = self.writer.read();
        earlier.retain(|cell| cell.session != present);
        let own = |session| self.cells.iter().cloned().map(move |it| HistoryCell { session, ..it });
        match query {
            Query::Tail { count } => {
                earlier.extend(own(present));
                last(earlier, *count)
            }
            Query::Range { session, start, stop } => {
                // The present session has the number by which it was asked for.
                let asked = (*session).max(0);
                let session =
                    if *session <= 0 { session.saturating_add(present) } else { *session };
                if session == present {
                    let (start, stop) = self.bounds(*start, *stop);
                    own(asked).filter(|it| (start..stop).contains(&i64::from(it.line))).collect()
                } else {
                    let stop = stop.filter(|it| *it != 0).unwrap_or(i64::MAX);
                    let is_in = |it: &HistoryCell| {
                        it.session == session && (*start..stop).contains(&i64::from(it.line))
                    };
                    earlier.into_iter().filter(is_in).collect()
                }
            }
            Query::Search { pattern, count, is_unique } => {
                earlier.extend(own(present));
                let pattern = WildMatch::new(pattern);
                earlier.retain(|cell| pattern.matches(&cell.code));
                if *is_unique {
                    keep_last_of_each(&mut earlier);
                }
                last(earlier, count.unwrap_or(usize::MAX))
            }
        }
    }

    /// Lines of the present session, where negative numbers count from its end.
    fn bounds(&self, start: i64, stop: Option<i64>) -> (i64, i64) {
        let end = self.cells.last().map_or(1, |it| i64::from(it.line) + 1);
        let from_end = |at: i64| if at < 0 { at.saturating_add(end) } else { at };
        let stop = stop.filter(|it| *it != 0).map_or(end, from_end).min(end);
        (from_end(start), stop)
    }
}

/// Keeps the last cell of each text.
fn keep_last_of_each(cells: &mut Vec<HistoryCell>) {
    let mut seen = HashSet::new();
    cells.reverse();
    cells.retain(|it| seen.insert(Arc::clone(&it.code)));
    cells.reverse();
}

fn last<T>(mut cells: Vec<T>, count: usize) -> Vec<T> {
    let surplus = cells.len().saturating_sub(count);
    cells.split_off(surplus)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of_codes(file: Option<PathBuf>, codes: &[&str]) -> History {
        let mut history = History::kept_in(file);
        codes.iter().zip(1..).for_each(|(code, line)| history.push(line, code));
        history
    }

    fn lines(history: &History, query: &Query) -> Vec<(i64, u32)> {
        history.look().answer(query).iter().map(|it| (it.session, it.line)).collect()
    }

    fn search(pattern: &str, is_unique: bool, count: Option<usize>) -> Query {
        Query::Search { pattern: pattern.to_owned(), count, is_unique }
    }

    fn range(session: i64, start: i64, stop: Option<i64>) -> Query {
        Query::Range { session, start, stop }
    }

    #[test]
    fn patterns_match() {
        for (pattern, text, is_match) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "a\nb\nc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*灯*", "x灯y", true),
            ("vec![*", "vec![1]", true),
        ] {
            let history = of_codes(None, &[text]);
            let found = lines(&history, &search(pattern, false, None));
            assert_eq!(!found.is_empty(), is_match, "{pattern} {text}");
        }
    }

    #[test]
    fn searches_are_unique_and_limited() {
        let history = of_codes(None, &["a1", "b", "a1", "a2", "a3"]);
        let lines = |query| lines(&history, &query).into_iter().map(|it| it.1).collect::<Vec<_>>();
        assert_eq!(lines(search("a*", false, None)), [1, 3, 4, 5]);
        assert_eq!(lines(search("a*", true, None)), [3, 4, 5]);
        assert_eq!(lines(search("a*", false, Some(2))), [4, 5]);
        assert_eq!(lines(Query::Tail { count: 1 }), [5]);
    }

    #[test]
    fn ranges_count_from_either_end() {
        let history = of_codes(None, &["a", "b", "c", "d"]);
        for (start, stop, expected) in [
            (0, None, &[1, 2, 3, 4][..]),
            (2, Some(4), &[2, 3]),
            (2, Some(0), &[2, 3, 4]),
            (-2, None, &[3, 4]),
            (1, Some(-1), &[1, 2, 3]),
            (3, Some(99), &[3, 4]),
            (i64::MIN, Some(i64::MIN), &[]),
            (i64::MAX, Some(i64::MAX), &[]),
        ] {
            let found = lines(&history, &range(0, start, stop));
            let expected: Vec<(i64, u32)> = expected.iter().map(|line| (0, *line)).collect();
            assert_eq!(found, expected, "{start} {stop:?}");
        }
        assert_eq!(lines(&history, &range(i64::MIN, 1, None)), []);
    }

    #[test]
    fn earlier_sessions_are_there_by_both_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let file = || Some(folder.path().join("history.jsonl"));
        let mut first = of_codes(file(), &["a1", "b1"]);
        assert_eq!(lines(&first, &range(1, 1, None)), [(1, 1), (1, 2)]);
        // Both live at once.
        let second = of_codes(file(), &["a2"]);
        assert_eq!(lines(&second, &range(-1, 1, None)), [(1, 1), (1, 2)]);
        first.push(3, "a3");
        assert_eq!(lines(&first, &Query::Tail { count: 9 })[..2], [(2, 1), (1, 1)]);
        assert_eq!(lines(&second, &range(1, 2, None)), [(1, 2), (1, 3)]);
        let third = History::kept_in(file());
        assert_eq!(lines(&third, &range(-1, 1, None)), [(2, 1)]);
        assert_eq!(lines(&third, &range(2, 1, None)), [(2, 1)]);
        assert_eq!(lines(&third, &search("a?", false, Some(2))), [(2, 1), (1, 3)]);
        assert_eq!(lines(&third, &Query::Tail { count: 2 }), [(2, 1), (1, 3)]);
        assert_eq!(lines(&third, &range(0, 1, None)), []);
    }

    #[test]
    fn outputs_are_those_of_the_session() {
        let mut history = of_codes(None, &["1", "2"]);
        history.set_output(1, "one");
        let cells = history.look().answer(&Query::Tail { count: 9 });
        let outputs: Vec<_> = cells.iter().map(|it| it.output.as_deref()).collect();
        assert_eq!(outputs, [Some("one"), None]);
    }
}
