//! What was executed in this session, for `history_request`.

use serde_json::{Value, json};

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

    /// The answer to a request: triples of session, line and code, or code and output.
    pub fn answer(&self, content: &Value) -> Value {
        let number = |key: &str| content.get(key).and_then(Value::as_i64);
        let count = number("n").and_then(|it| usize::try_from(it).ok());
        let entries: Vec<&Entry> = match content.get("hist_access_type").and_then(Value::as_str) {
            Some("range") => {
                let start = number("start").unwrap_or(0);
                let stop = number("stop").unwrap_or(i64::MAX);
                self.entries
                    .iter()
                    .filter(|it| (start..stop).contains(&i64::from(it.count)))
                    .collect()
            }
            Some("search") => {
                let pattern = content.get("pattern").and_then(Value::as_str).unwrap_or("*");
                let is_unique = content.get("unique").and_then(Value::as_bool).unwrap_or(false);
                let mut found: Vec<&Entry> =
                    self.entries.iter().filter(|it| matches_glob(pattern, &it.code)).collect();
                if is_unique {
                    let mut seen = std::collections::HashSet::new();
                    found.reverse();
                    found.retain(|it| seen.insert(&it.code));
                    found.reverse();
                }
                last(found, count)
            }
            _ => last(self.entries.iter().collect(), count),
        };
        let with_output = content.get("output").and_then(Value::as_bool).unwrap_or(false);
        let history: Vec<Value> = entries
            .into_iter()
            .map(|it| match with_output {
                true => json!([0, it.count, [it.code, it.output]]),
                false => json!([0, it.count, it.code]),
            })
            .collect();
        json!({ "status": "ok", "history": history })
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
        let lines = |request: Value| -> Vec<i64> {
            let answer = history.answer(&request);
            answer["history"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|it| it[1].as_i64())
                .collect()
        };
        let search = |unique: bool, n: Value| json!({"hist_access_type": "search", "pattern": "a*", "unique": unique, "n": n});
        assert_eq!(lines(search(false, Value::Null)), [1, 3, 4, 5]);
        assert_eq!(lines(search(true, Value::Null)), [3, 4, 5]);
        assert_eq!(lines(search(false, json!(2))), [4, 5]);
        assert_eq!(lines(json!({"hist_access_type": "tail", "n": 1})), [5]);
        assert_eq!(
            lines(json!({"hist_access_type": "range", "session": 0, "start": 2, "stop": 4})),
            [2, 3]
        );
    }
}
