//! The cells of this session, for `history_request`.

use std::collections::HashSet;

use super::message::{HistoryAccess, HistoryEntry, HistoryRequest};

#[derive(Debug, Default)]
pub struct History {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    count: u32,
    code: String,
    /// The text of the cell's last value.
    output: Option<String>,
}

impl History {
    pub fn push(&mut self, count: u32, code: &str) {
        self.entries.push(Entry { count, code: code.to_owned(), output: None });
    }

    pub fn set_output(&mut self, count: u32, text: &str) {
        if let Some(entry) = self.entries.iter_mut().rfind(|it| it.count == count) {
            entry.output = Some(text.to_owned());
        }
    }

    /// The part that a client wants to see.
    pub fn answer(&self, request: &HistoryRequest) -> Vec<HistoryEntry> {
        let count = request.n.and_then(|it| usize::try_from(it).ok());
        let entries: Vec<&Entry> = match request.hist_access_type {
            HistoryAccess::Range => {
                let range = request.start.unwrap_or(0)..request.stop.unwrap_or(i64::MAX);
                self.entries.iter().filter(|it| range.contains(&i64::from(it.count))).collect()
            }
            HistoryAccess::Search => {
                last(self.search(request.pattern.as_deref().unwrap_or("*"), request.unique), count)
            }
            HistoryAccess::Tail => last(self.entries.iter().collect(), count),
        };
        entries.into_iter().map(|it| it.shown(request.output)).collect()
    }

    fn search(&self, pattern: &str, is_unique: bool) -> Vec<&Entry> {
        let mut found: Vec<&Entry> =
            self.entries.iter().filter(|it| matches_glob(pattern, &it.code)).collect();
        if is_unique {
            let mut seen = HashSet::new();
            found.reverse();
            found.retain(|it| seen.insert(&it.code));
            found.reverse();
        }
        found
    }
}

impl Entry {
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

/// `*` for any text, `?` for any character.
fn matches_glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut from) = (0, 0);
    let mut star = None;
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(c) if *c == '?' || *c == text[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((star_at, star_from)) = star else { return false };
                star = Some((star_at, star_from + 1));
                at = star_at + 1;
                from = star_from + 1;
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*灯*", "x灯y", true),
        ] {
            assert_eq!(matches_glob(pattern, text), expected, "{pattern} {text}");
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
                .map(|it| match it {
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
