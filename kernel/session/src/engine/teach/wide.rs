//! Full-width signs in code: what an input method writes in the place of `(`, `)`, `;` and their like.
//!
//! Pure. In texts and comments they are right.

use super::language::Language;
use super::tokens::{Kind, Tokens};

const SIGNS: &[(char, &str)] = &[
    ('、', ","),
    ('。', "."),
    ('・', "."),
    ('「', "\""),
    ('」', "\""),
    ('『', "\""),
    ('』', "\""),
    ('“', "\""),
    ('”', "\""),
    ('„', "\""),
    ('‘', "'"),
    ('’', "'"),
    ('【', "["),
    ('】', "]"),
    ('〔', "["),
    ('〕', "]"),
    ('〈', "<"),
    ('〉', ">"),
    ('〜', "~"),
    ('×', "*"),
    ('÷', "/"),
    ('−', "-"),
    ('–', "-"),
    ('—', "-"),
    ('≤', "<="),
    ('≥', ">="),
    ('≠', "!="),
    ('→', "->"),
    ('⇒', "=>"),
    ('…', "..."),
    ('\u{3000}', " "),
    ('\u{a0}', " "),
    ('￥', "\\"),
];

/// The half-width way to write a character.
fn narrow(c: char) -> Option<String> {
    let known = SIGNS.iter().find(|(wide, _)| *wide == c).map(|it| it.1.to_owned());
    // The block of full-width forms has ASCII in its order.
    let form = || char::from_u32((c as u32).checked_sub(0xFEE0)?).filter(char::is_ascii_graphic);
    known.or_else(|| form().map(String::from))
}

/// A stop at the end of a line stands for a semicolon.
fn of_end(sign: String, rest: &str) -> String {
    if sign == "." && rest.trim().is_empty() { ";".to_owned() } else { sign }
}

/// The sentence about the full-width signs of a cell, and the first line that has one, mended.
pub fn lesson(code: &str, tokens: &Tokens<'_>, language: Language) -> Option<(String, String)> {
    let is_code = |at: usize| {
        let token = tokens.list.iter().find(|it| it.start <= at && at < it.end());
        token.is_some_and(|it| !matches!(it.kind, Kind::Text | Kind::Hash))
    };
    let found: Vec<(usize, char)> = code
        .char_indices()
        .filter(|(at, c)| !c.is_ascii() && narrow(*c).is_some() && is_code(*at))
        .collect();
    let (first, _) = *found.first()?;
    let mut signs: Vec<String> = Vec::new();
    for (_, sign) in &found {
        let shown = match sign {
            '\u{3000}' if language == Language::Japanese => "全角スペース".to_owned(),
            '\u{3000}' => "a full-width space".to_owned(),
            '\u{a0}' => "a non-breaking space".to_owned(),
            sign => format!("`{sign}`"),
        };
        if !signs.contains(&shown) {
            signs.push(shown);
        }
    }
    let start = code[..first].rfind('\n').map_or(0, |it| it + 1);
    let end = code[first..].find('\n').map_or(code.len(), |it| first + it);
    let is_found = |at: usize| found.iter().any(|it| it.0 == at);
    let line: String = code[start..end]
        .char_indices()
        .map(|(at, c)| {
            match narrow(c)
                .map(|it| of_end(it, &code[start + at + c.len_utf8()..end]))
                .filter(|_| is_found(start + at))
            {
                Some(text) => text,
                None => c.to_string(),
            }
        })
        .collect();
    let number = code[..first].matches('\n').count() + 1;
    let sentence = match language {
        Language::English => format!(
            "line {number} has full-width signs ({}), and code is written with half-width ones",
            signs.join(" ")
        ),
        Language::Japanese => {
            format!(
                "{number} 行目に全角の文字({})があります。コードの記号は半角です。",
                signs.join("、")
            )
        }
    };
    Some((sentence, line.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, expected: Option<&str>) {
        let found = lesson(code, &Tokens::of(code), Language::Japanese);
        assert_eq!(found.map(|it| it.1).as_deref(), expected, "{code}");
    }

    #[test]
    fn signs_are_narrowed_in_code_alone() {
        check("show!（x）；", Some("show!(x);"));
        check("let a = 1;\ntensor!([1.0、 2.0])", Some("tensor!([1.0, 2.0])"));
        check("let　k ＝ １;", Some("let k = 1;"));
        check("show!(“値”)", Some("show!(\"値\")"));
        check("show!(\"（値）\") // 、", None);
        check("let 値 = 1;", None);
    }
}
