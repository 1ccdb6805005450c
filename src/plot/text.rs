//! Text in a picture: how wide it will be, where it is broken into lines, and how it stands in XML; numbers as text.
//!
//! The font is the client's, so widths are estimates, on the wide side: nothing may be clipped.

use crate::print::width::{is_mark, is_wide};

/// How wide a text will be at a font size.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(ems).sum::<f64>() * size
}

/// The width of a letter in parts of the font's size.
fn ems(letter: char) -> f64 {
    match letter {
        _ if is_mark(letter) => 0.0,
        'i' | 'l' | 'j' | 'I' | '.' | ',' | '|' | ' ' | ':' | ';' | '\'' | '!' => 0.36,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' => 0.43,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.97,
        'A'..='Z' => 0.72,
        '\u{ff61}'..='\u{ffdc}' => 0.6,
        _ if is_wide(letter) => 1.0,
        '\u{2190}'..='\u{2bff}' => 0.9,
        _ => 0.64,
    }
}

/// The text in lines of at most that width: broken at spaces, beside wide letters, or where a word alone is too long.
pub(super) fn wrapped(text: &str, size: f64, most: f64) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut rest = line.trim();
        while width(rest, size) > most {
            let at = break_of(rest, size, most);
            lines.push(rest[..at].trim_end().to_owned());
            rest = rest[at..].trim_start();
        }
        if !rest.is_empty() {
            lines.push(rest.to_owned());
        }
    }
    lines
}

/// Where the first line of a text that is too long ends; at least one letter is before it.
fn break_of(text: &str, size: f64, most: f64) -> usize {
    let (mut wide, mut good, mut end) = (0.0, 0, 0);
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        let may_begin_a_line = !"、。，．）」』】・ー？！".contains(letter);
        if at > 0 && (before == ' ' || (is_wide(before) || is_wide(letter)) && may_begin_a_line) {
            good = at;
        }
        wide += ems(letter) * size;
        if at > 0 && wide > most {
            break;
        }
        end = at + letter.len_utf8();
        before = letter;
    }
    if good > 0 && good <= end { good } else { end }
}

/// The text, cut off with `…` if it is wider than that.
pub(super) fn shortened(text: &str, size: f64, most: f64) -> String {
    if width(text, size) <= most {
        return text.to_owned();
    }
    let mut wide = ems('…') * size;
    let kept = text.chars().take_while(|letter| {
        wide += ems(*letter) * size;
        wide <= most
    });
    kept.chain(['…']).collect()
}

/// The text as it stands in XML, in one line.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            // XML has no place for these, not even escaped.
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A coordinate: two decimals are less than a pixel.
pub(super) fn coordinate(value: f64) -> String {
    trimmed(format!("{value:.2}"))
}

/// A number in a few digits, as a reader would say it: `0.0142`, `1.2e-14`, `nan`.
pub(super) fn brief(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "nan".to_owned()
    } else if value == 0.0 || value.is_infinite() || (value.fract() == 0.0 && size < 1e6) {
        format!("{}", value + 0.0)
    } else if (1e-4..1e6).contains(&size) {
        let digits = 3 - size.log10().floor() as i32;
        trimmed(format!("{value:.*}", digits.max(0) as usize))
    } else {
        let text = format!("{value:.3e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}e{exponent}", trimmed(digits.to_owned()))
    }
}

/// Without zeros at the end of what is behind the point.
pub(super) fn trimmed(text: String) -> String {
    let short = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// `1 point`, `2 points`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_take_a_whole_em() {
        assert_eq!(width("学習曲線", 10.0), 40.0);
        assert_eq!(width("か\u{3099}", 10.0), 10.0);
        assert_eq!(width("e\u{301}", 10.0), width("e", 10.0));
        assert!(width("iii", 10.0) < width("www", 10.0));
    }

    #[test]
    fn long_texts_are_broken_and_nothing_is_lost() {
        assert_eq!(wrapped("a short one", 10.0, 200.0), ["a short one"]);
        assert_eq!(wrapped("two words", 10.0, 35.0), ["two", "words"]);
        assert_eq!(wrapped("学習曲線、検証", 10.0, 40.0), ["学習曲", "線、検証"]);
        assert_eq!(wrapped("xxxxxxxx", 10.0, 20.0).concat(), "xxxxxxxx");
        assert_eq!(wrapped("学", 10.0, 1.0), ["学"]);
        assert_eq!(wrapped("学習", 10.0, 1.0), ["学", "習"]);
        assert!(wrapped(" ", 10.0, 1.0).is_empty());
        assert_eq!(wrapped("one\ntwo", 10.0, 100.0), ["one", "two"]);
        for most in 1..60 {
            let text = "訓練データ（train）の損失 with words and 単語";
            let lines = wrapped(text, 12.0, f64::from(most) * 5.0);
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
        assert_eq!(shortened("abcdefgh", 10.0, 30.0), "abc…");
    }

    #[test]
    fn xml_stays_whole() {
        assert_eq!(
            escaped("<a href=\"x\">&\u{1}\n</a>"),
            "&lt;a href=&quot;x&quot;&gt;&amp;\u{fffd} &lt;/a&gt;"
        );
    }

    #[test]
    fn numbers_are_brief() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (2.3046, "2.305"),
            (0.01421, "0.01421"),
            (1e-14, "1e-14"),
            (1.25e300, "1.25e300"),
            (123456.0, "123456"),
            (123456.78, "123457"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(brief(value), text);
        }
        assert_eq!(coordinate(-0.001), "0");
        assert_eq!(coordinate(12.5), "12.5");
    }
}
