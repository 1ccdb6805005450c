//! The words, values and comments of a `:dep` line. Pure.

/// A word of a line.
#[derive(Debug)]
pub struct Word {
    pub text: String,
    pub is_quoted: bool,
}

/// The first word of a text, and the rest.
pub fn word(text: &str) -> (Word, &str) {
    if let Some(quote) = text.chars().next().filter(|it| is_quote(*it)) {
        let inside = &text[1..];
        let end = inside.find(quote).unwrap_or(inside.len());
        let rest = inside.get(end + 1..).unwrap_or_default();
        return (Word { text: inside[..end].to_owned(), is_quoted: true }, rest);
    }
    let first = text.chars().next().map_or(0, char::len_utf8);
    let ends = |c: char| c.is_whitespace() || "=,;{".contains(c);
    let end = text[first..].find(ends).map_or(text.len(), |end| first + end);
    (Word { text: text[..end].to_owned(), is_quoted: false }, &text[end..])
}

pub fn is_quote(c: char) -> bool {
    c == '"' || c == '\''
}

/// The value that a text begins with, and the rest: a quoted text, a table or a list to its closing
/// bracket, or one word.
pub fn value_text(text: &str) -> (&str, &str) {
    let mut depth = 0usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        let after = at + c.len_utf8();
        match (quote, c) {
            (Some(open), c) if c == open => {
                quote = None;
                if depth == 0 {
                    return text.split_at(after);
                }
            }
            (Some(_), _) => {}
            (None, c) if is_quote(c) => quote = Some(c),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.split_at(after);
                }
            }
            (None, c) if depth == 0 && (c.is_whitespace() || c == ',' || c == ';') => {
                return text.split_at(at);
            }
            _ => {}
        }
    }
    (text, "")
}

/// The text without what stands behind `//` or `#`, and between `/*` and `*/`, outside of quotes.
pub fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_at_start =
            out.is_empty() || out.ends_with(|c: char| c.is_whitespace() || "]}\"',;".contains(c));
        if quote.is_none() && rest.starts_with("/*") {
            rest = rest.split_once("*/").map_or("", |it| it.1);
            out.push(' ');
            continue;
        }
        if quote.is_none() && is_at_start && (rest.starts_with("//") || c == '#') {
            rest = rest.find('\n').map_or("", |at| &rest[at..]);
            continue;
        }
        quote = match quote {
            Some(open) if c == open => None,
            None if is_quote(c) => Some(c),
            other => other,
        };
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// Whether a `:dep` line goes on in the next one: a bracket of it is open.
pub fn is_open(text: &str) -> bool {
    let text = without_comments(text);
    let (mut depth, mut quote) = (0i32, None);
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, c) if is_quote(c) => quote = Some(c),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth -= 1,
            _ => {}
        }
    }
    depth > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_lines_go_on() {
        assert!(is_open("t = { version = \"1\","));
        for text in ["t = { version = \"1\" }", "t = \"{\"", "t = \"1\" // {", "rand"] {
            assert!(!is_open(text), "{text}");
        }
    }
}
