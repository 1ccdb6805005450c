//! The cells of this session, for `history_request`.

use std::collections::HashSet;

use wildmatch::WildMatch;

use super::message::{HistoryAccess, HistoryEntry, HistoryRequest};

#[derive(Debug, Default)]
pub struct History {
    entries: Vec<HistoryCell>,
}

#[derive(Debug)]
struct HistoryCell {
    count: u32,
    code: String,
    /// The text of the cell's last value.
    output: Option<String>,
}

impl History {
    pub fn push(&mut self, count: u32, code: &str) {
        self.entries.push(HistoryCell { count, code: code.to_owned(), output: None });
    }

    pub fn set_output(&mut self, count: u32, text: &str) {
        if let Some(entry) = self.entries.iter_mut().rfind(|entry| entry.count == count) {
            entry.output = Some(text.to_owned());
        }
    }

    /// The part of the history that a client asks for.
    pub fn answer(&self, request: &HistoryRequest) -> Vec<HistoryEntry> {
        let count = request.n.and_then(|it| usize::try_from(it).ok());
        let entries: Vec<&HistoryCell> = match request.hist_access_type {
            HistoryAccess::Range => {
                let range = request.start.unwrap_or(0)..request.stop.unwrap_or(i64::MAX);
                self.entries
                    .iter()
                    .filter(|entry| range.contains(&i64::from(entry.count)))
                    .collect()
            }
            HistoryAccess::Search => {
                last(self.search(request.pattern.as_deref().unwrap_or("*"), request.unique), count)
            }
            HistoryAccess::Tail => last(self.entries.iter().collect(), count),
        };
        entries.into_iter().map(|entry| entry.shown(request.output)).collect()
    }

    /// The entries that match a pattern: `*` is any text, `?` any character.
    fn search(&self, pattern: &str, is_unique: bool) -> Vec<&HistoryCell> {
        let pattern = WildMatch::new(pattern);
        let mut found: Vec<&HistoryCell> =
            self.entries.iter().filter(|entry| pattern.matches(&entry.code)).collect();
        if is_unique {
            let mut seen = HashSet::new();
            found.reverse();
            found.retain(|it| seen.insert(&it.code));
            found.reverse();
        }
        found
    }
}

impl HistoryCell {
    fn shown(&self, with_output: bool) -> HistoryEntry {
        match with_output {
            true => {
                HistoryEntry::WithOutput(0, self.count, (self.code.clone(), self.output.clone()))
            }
            false => HistoryEntry::Code(0, self.count, self.code.clone()),
        }
    }
}

fn last<T>(mut entries: Vec<T>, count: Option<usize>) -> Vec<T> {
    let surplus = entries.len().saturating_sub(count.unwrap_or(usize::MAX));
    entries.split_off(surplus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match() {
        for (pattern, text, is_match) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "a\nb\nc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*灯*", "x灯y", true),
        ] {
            let mut history = History::default();
            history.push(1, text);
            assert_eq!(!history.search(pattern, false).is_empty(), is_match, "{pattern} {text}");
        }
    }

    #[test]
    fn searches_are_unique_and_limited() {
        let mut history = History::default();
        ["a1", "b", "a1", "a2", "a3"]
            .iter()
            .zip(1..)
            .for_each(|(code, count)| history.push(count, code));
        let lines = |request: HistoryRequest| -> Vec<u32> {
            let entries = history.answer(&request).into_iter();
            entries
                .map(|entry| match entry {
                    HistoryEntry::Code(_, count, _) | HistoryEntry::WithOutput(_, count, _) => {
                        count
                    }
                })
                .collect()
        };
        let of = |hist_access_type| HistoryRequest { hist_access_type, ..Default::default() };
        let search = |unique, n| HistoryRequest {
            pattern: Some("a*".into()),
            unique,
            n,
            ..of(HistoryAccess::Search)
        };
        assert_eq!(lines(search(false, None)), [1, 3, 4, 5]);
        assert_eq!(lines(search(true, None)), [3, 4, 5]);
        assert_eq!(lines(search(false, Some(2))), [4, 5]);
        assert_eq!(lines(HistoryRequest { n: Some(1), ..of(HistoryAccess::Tail) }), [5]);
        let range = HistoryRequest { start: Some(2), stop: Some(4), ..of(HistoryAccess::Range) };
        assert_eq!(lines(range), [2, 3]);
    }
}
