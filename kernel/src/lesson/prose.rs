//! The texts of a lesson: blocks that say what a cell prints, and numbers that must come from somewhere.

use std::collections::BTreeSet;

/// The contents of the ```text blocks.
pub fn text_blocks(source: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    let mut is_other = false;
    for line in source.lines() {
        match line.trim_start().strip_prefix("```") {
            Some(_) if is_other => is_other = false,
            Some(kind) => match block.take() {
                Some(text) => blocks.push(text),
                None if kind.trim() == "text" => block = Some(String::new()),
                None => is_other = true,
            },
            None => {
                if let Some(text) = &mut block {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    blocks
}

/// What stands in comments `<!-- numbers: .. -->`.
pub fn named(source: &str) -> impl Iterator<Item = &str> {
    source
        .split("<!--")
        .skip(1)
        .filter_map(|it| it.split("-->").next()?.trim().strip_prefix("numbers:"))
}

/// The numbers with a decimal point in the prose: not those in blocks of code, in comments and in addresses.
pub fn numbers_of(source: &str) -> Vec<String> {
    let mut prose = String::new();
    let mut is_block = false;
    for line in source.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    let mut parts = prose.split("<!--");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once("-->").map_or("", |it| it.1));
    }
    let words = text.split_whitespace().filter(|it| !it.contains("://"));
    words
        .flat_map(|word| tokens(word).into_iter().filter(|it| it.contains('.')).map(str::to_owned))
        .collect()
}

/// The numbers of a text: digits with at most one point between them.
fn tokens(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        at = digits(at);
        if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
            at = digits(at + 1);
        }
        // `1.2.3` is the number of a version or of a chapter.
        let is_chain =
            bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        if is_chain {
            while bytes.get(at) == Some(&b'.') || bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
        } else {
            found.push(&text[start..at]);
        }
    }
    found
}

/// The numbers that the lesson shows somewhere.
#[derive(Debug, Default)]
pub struct Numbers {
    texts: BTreeSet<String>,
}

impl Numbers {
    pub fn add(&mut self, text: &str) {
        self.texts.extend(tokens(text).into_iter().map(str::to_owned));
        // `9.9331e-01` is 0.99331 as well.
        let words =
            text.split(|it: char| !it.is_ascii_alphanumeric() && !matches!(it, '.' | '-' | '+'));
        let powers = words.filter(|it| it.contains("e-") || it.contains("e+"));
        self.texts.extend(powers.filter_map(|it| Some(it.parse::<f64>().ok()?.to_string())));
    }

    /// Whether a number is shown: as it stands, or with more digits, to which it rounds.
    pub fn has(&self, number: &str) -> bool {
        if self.texts.contains(number) {
            return true;
        }
        let decimals = |it: &str| it.split_once('.').map_or(0, |it| it.1.len());
        let places = decimals(number);
        let Ok(value) = number.parse::<f64>() else { return false };
        self.texts.iter().filter_map(|it| Some((it, it.parse::<f64>().ok()?))).any(
            |(text, known)| {
                // A whole number says nothing of a fraction, and a fraction may be a percentage.
                let is_finer = decimals(text) >= places;
                let half = 0.5 * 10f64.powi(-(places as i32)) * (1.0 + 1e-9);
                known == value || is_finer && (known - value).abs() <= half
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_comments_are_read() {
        let source = "a\n```text\nx: 1.5\n\ny\n```\nb\n```rust\nlet x = 2.5;\n```\n```text\nz\n```\n<!-- numbers: 0.1, 7.5 -->";
        assert_eq!(text_blocks(source), ["x: 1.5\n\ny\n", "z\n"]);
        assert_eq!(named(source).collect::<Vec<_>>(), [" 0.1, 7.5"]);
    }

    #[test]
    fn numbers_of_the_prose_have_a_point() {
        let source = "3 of 0.5, $-\\log 0.2 = 1.6094$ and `lr: 0.01`（1.5）。\n```\n9.9\n```\n<!-- 8.8 -->\n2.2.1 https://x.y/1.10 end 4.";
        assert_eq!(numbers_of(source), ["0.5", "0.2", "1.6094", "0.01", "1.5"]);
    }

    #[test]
    fn numbers_are_known_also_when_they_are_rounded() {
        let mut numbers = Numbers::default();
        numbers.add("tensor([0.9341, 3.0385e-07, 2., 15]) 99.331");
        for (number, is_known) in [
            ("0.9341", true),
            ("0.93", true),
            ("0.94", false),
            ("3.0385", true),
            ("2.0", true),
            ("15.2", false),
            ("0.93412", false),
            ("0.00000030385", true),
        ] {
            assert_eq!(numbers.has(number), is_known, "{number}");
        }
    }
}
