//! Verdicts, hints and solutions as HTML, in the page's own colours, light and dark.

use std::fmt::Write;

/// Text that HTML takes as it is.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A line beside a coloured bar.
pub fn line(text: &str, color: &str) -> String {
    let text = escaped(text);
    format!(
        "<div style=\"border-left:4px solid {color};padding:2px 10px;margin:2px 0\">{text}</div>"
    )
}

/// Hints one below the other, and what comes next.
pub fn hints(hints: &[(String, &str)], next: &str) -> String {
    let mut html =
        String::from("<div style=\"border-left:4px solid #d9a400;padding:2px 10px;margin:2px 0\">");
    for (label, text) in hints {
        let text = with_code(text);
        let _ = write!(html, "<p style=\"margin:4px 0\"><b>{}</b>　{text}</p>", escaped(label));
    }
    let _ = write!(html, "<p style=\"margin:4px 0;opacity:.7\">{}</p></div>", with_code(next));
    html
}

/// What stands between back quotes as code.
fn with_code(text: &str) -> String {
    let parts = text.split('`').map(escaped).enumerate();
    let shown =
        parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part });
    // A quote that nothing closes is a quote.
    if text.matches('`').count().is_multiple_of(2) { shown.collect() } else { escaped(text) }
}

/// Code under a heading.
pub fn code(label: &str, code: &str) -> String {
    format!(
        "<div style=\"border-left:4px solid #3a7ca5;padding:2px 10px;margin:2px 0\"><b>{}</b><pre style=\"margin:4px 0\"><code class=\"language-rust\">{}</code></pre></div>",
        escaped(label),
        colored(code.trim_end())
    )
}

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "else", "enum", "false", "fn", "for",
    "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return",
    "self", "Self", "static", "struct", "trait", "true", "type", "use", "where", "while",
];

/// The code with the colours that JupyterLab's editor has, or like ones elsewhere.
fn colored(code: &str) -> String {
    let mut html = String::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let (length, color) = token(rest, first);
        let (text, after) = rest.split_at(length);
        match color {
            Some((name, otherwise)) => {
                let _ = write!(
                    html,
                    "<span style=\"color:var(--jp-mirror-editor-{name}-color,{otherwise})\">{}</span>",
                    escaped(text)
                );
            }
            None => html.push_str(&escaped(text)),
        }
        rest = after;
    }
    html
}

type Color = Option<(&'static str, &'static str)>;

/// The length of the token in front, and its colour.
fn token(rest: &str, first: char) -> (usize, Color) {
    let while_is = |is: &dyn Fn(char) -> bool| rest.find(|it| !is(it)).unwrap_or(rest.len());
    let is_word = |it: char| it.is_alphanumeric() || it == '_';
    match first {
        '/' if rest.starts_with("//") => {
            (rest.find('\n').unwrap_or(rest.len()), Some(("comment", "#60806c")))
        }
        '"' => (text_length(rest), Some(("string", "#a33"))),
        '0'..='9' => (while_is(&|it| is_word(it)), Some(("number", "#087"))),
        _ if is_word(first) => {
            let length = while_is(&is_word);
            let color = match &rest[..length] {
                word if KEYWORDS.contains(&word) => Some(("keyword", "#07a")),
                _ if rest[length..].starts_with('!') && !rest[length..].starts_with("!=") => {
                    Some(("builtin", "#850"))
                }
                _ => None,
            };
            (length, color)
        }
        first => (first.len_utf8(), None),
    }
}

/// The length of a text with its quotes; one that nothing closes goes to the end.
fn text_length(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_coloured_and_whole() {
        let source = "let y = show!(\"a\\\"<b\", 1.5); // 灯り\nx != 2";
        let html = colored(source);
        assert!(html.contains("keyword-color,#07a)\">let</span>"), "{html}");
        assert!(html.contains(">show</span>!("), "{html}");
        assert!(html.contains(">// 灯り</span>\nx != "), "{html}");
        for source in [source, "\"open", "", "灯!", "//"] {
            let html = colored(source);
            let text: String =
                html.split('<').map(|it| it.split_once('>').map_or(it, |it| it.1)).collect();
            let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
            assert_eq!(text.replace("&amp;", "&"), source);
        }
    }

    #[test]
    fn back_quotes_are_code() {
        assert_eq!(with_code("use `a<b`!"), "use <code>a&lt;b</code>!");
        assert_eq!(with_code("a ` b"), "a ` b");
    }
}
