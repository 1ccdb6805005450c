//! What a client is asked when a cell reads stdin, and what the cell reads of the answer.
//!
//! A cell's question is the line that it has printed and not finished, unless it says another one.
//! `run` feeds in what is printed; nothing here knows the client.

/// How many bytes of an unfinished line may be a question.
const LONGEST: usize = 400;

/// How clients say that the input is at its end (ipykernel's convention), and how a person can, in a
/// field that takes no such key.
const ENDS: [&str; 2] = ["\u{4}", "^D"];

/// The question that the next read asks.
#[derive(Debug, Default)]
pub struct Question {
    /// What was printed behind the last line end.
    line: Vec<u8>,
    /// What the cell said the question to be, and whether the answer is a password.
    said: Option<(String, bool)>,
}

impl Question {
    /// Takes in what a cell has printed.
    pub fn printed(&mut self, bytes: &[u8]) {
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let mut rest = bytes;
        if let Some(at) = bytes.iter().rposition(is_end) {
            self.line.clear();
            rest = &bytes[at + 1..];
        }
        // One byte more tells that the line is too long.
        let room = (LONGEST + 1).saturating_sub(self.line.len());
        self.line.extend_from_slice(&rest[..rest.len().min(room)]);
    }

    pub fn set(&mut self, prompt: &str, is_password: bool) {
        self.said = Some((prompt.to_owned(), is_password));
    }

    /// The prompt, and whether the answer is a password. The answer ends the line.
    pub fn take(&mut self) -> (String, bool) {
        let line = std::mem::take(&mut self.line);
        self.said.take().unwrap_or_else(|| (prompt(&line), false))
    }
}

fn prompt(line: &[u8]) -> String {
    if line.len() > LONGEST {
        return String::new();
    }
    console::strip_ansi_codes(&String::from_utf8_lossy(line)).into_owned()
}

/// What a cell reads of an answer: a line, or nothing at the end of the input.
pub fn line(answer: &str) -> String {
    if ENDS.contains(&answer.trim_end_matches(['\r', '\n'])) {
        return String::new();
    }
    format!("{}\n", answer.strip_suffix('\n').unwrap_or(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(printed: &[&str], expected: &str) {
        let mut question = Question::default();
        printed.iter().for_each(|it| question.printed(it.as_bytes()));
        assert_eq!(question.take(), (expected.to_owned(), false), "{printed:?}");
        assert_eq!(question.take().0, "", "the answer has ended the line");
    }

    #[test]
    fn an_unfinished_line_is_the_question() {
        check(&["age? "], "age? ");
        check(&["one\ntwo", " three? "], "two three? ");
        check(&["one\n"], "");
        check(&["50 %\rname: "], "name: ");
        check(&["\u{1b}[1mお名前\u{1b}[0m? "], "お名前? ");
        check(&[&"x".repeat(LONGEST + 1)], "");
        check(&["あ\n", "い", "う\nえ"], "え");
    }

    #[test]
    fn a_question_that_was_said_goes_first() {
        let mut question = Question::default();
        question.printed(b"secret: ");
        question.set("password? ", true);
        assert_eq!(question.take(), ("password? ".to_owned(), true));
    }

    #[test]
    fn an_answer_is_one_line_or_the_end() {
        let expected = [
            ("41", "41\n"),
            ("", "\n"),
            ("a\nb", "a\nb\n"),
            ("a\n", "a\n"),
            ("\u{4}", ""),
            ("^D", ""),
            ("^D\n", ""),
            (" ^D", " ^D\n"),
        ];
        for (answer, read) in expected {
            assert_eq!(line(answer), read, "{answer:?}");
        }
    }
}
