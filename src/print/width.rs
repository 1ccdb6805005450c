//! How wide letters are: those of Chinese, Japanese and Korean take the room of two.

/// Letters that take the room of two, as Chinese characters and kana do.
pub(crate) fn is_wide(letter: char) -> bool {
    matches!(letter,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f000}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}')
}

/// Letters that stand on the one before them, or are not seen.
pub(crate) fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{3099}' | '\u{309a}' | '\u{fe00}'..='\u{fe0f}')
}

/// How many columns of a terminal a text takes.
pub(crate) fn columns(text: &str) -> usize {
    let of_letter = |letter| match letter {
        letter if is_mark(letter) => 0,
        letter if is_wide(letter) => 2,
        _ => 1,
    };
    text.chars().map(of_letter).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_take_two_columns_and_marks_none() {
        assert_eq!(columns("abc"), 3);
        assert_eq!(columns("学習 ok"), 7);
        assert_eq!(columns("か\u{3099}e\u{301}"), 3);
        assert_eq!(columns("ｱ"), 1);
    }
}
