//! The head of a cell: the lines of commands before all code, and commands that stand elsewhere.
//!
//! Pure. `parse` cuts the code below; what a command does is in `command`.

use super::deps::lexis;
use crate::engine::syntax;

/// A command with the number of lines before it.
#[derive(Debug)]
pub struct Command {
    pub text: String,
    pub line: u32,
}

/// What a line of the head is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Command,
    /// `# text`, which notebook tools put on top.
    Note,
    /// A comment, an attribute of the crate or nothing, which stay where they are.
    Other,
    /// The first line of code.
    Code,
}

fn kind(text: &str) -> Line {
    let is_attribute = text.starts_with("#![") && text.ends_with(']');
    if text.starts_with(':') && !text.starts_with("::") || text.starts_with('!') {
        Line::Command
    } else if text.starts_with('#') && !text.starts_with("#[") && !text.starts_with("#!") {
        Line::Note
    } else if text.is_empty() || text.starts_with("//") || is_attribute {
        Line::Other
    } else {
        Line::Code
    }
}

/// Takes `:command` and `!shell` lines and notes out of the head of a cell; spaces stand in, so
/// that positions stay. A `:dep` line goes on until its brackets are closed.
pub fn blank_head(code: &str, commands: &mut Vec<Command>) -> String {
    let mut out = String::with_capacity(code.len());
    let mut in_comment = false;
    let mut open: Option<Command> = None;
    let mut lines = code.split_inclusive('\n').enumerate();
    for (number, line) in lines.by_ref() {
        let text = line.trim();
        let begins_comment = text.starts_with("/*");
        if open.is_none() && (in_comment || begins_comment) {
            out.push_str(line);
            in_comment = !text.ends_with("*/");
            if text.contains("*/") && in_comment {
                // Code stands behind the comment.
                break;
            }
            continue;
        }
        let kind = if open.is_some() { Line::Command } else { kind(text) };
        match kind {
            Line::Command => {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                let mut piece = match open.take() {
                    Some(begun) => Command { text: format!("{}\n{text}", begun.text), ..begun },
                    None => Command { text: text.to_owned(), line: number },
                };
                piece.text.truncate(piece.text.trim_end().len());
                if piece.text.starts_with(":dep") && lexis::is_open(&piece.text) {
                    open = Some(piece);
                } else {
                    commands.push(piece);
                }
                blank(line, &mut out);
            }
            Line::Note => blank(line, &mut out),
            Line::Other => out.push_str(line),
            Line::Code => {
                out.push_str(line);
                break;
            }
        }
    }
    commands.extend(open);
    out.extend(lines.map(|(_, line)| line));
    out
}

fn blank(line: &str, out: &mut String) {
    out.extend(line.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
}

/// The first command that stands below code, where none is read: its line, from 0, its column and
/// its word.
pub fn command_below_code(
    code: &str,
    is_command: impl Fn(&str) -> bool,
) -> Option<(u32, u32, &str)> {
    let mut offset = 0;
    for (number, line) in code.split('\n').enumerate() {
        for (at, _) in line.match_indices(':') {
            let before = line[..at].trim_end();
            let is_apart = before.is_empty() || before.ends_with([';', '}']);
            let text = &line[at..];
            let end = text.find(|c: char| c.is_whitespace() || c == ';').unwrap_or(text.len());
            let word = &text[..end];
            if is_apart && is_command(word) && syntax::is_colon(code, offset + at) {
                let column = u32::try_from(line[..at].chars().count()).ok()?;
                return Some((u32::try_from(number).ok()?, column, word));
            }
        }
        offset += line.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands of a cell and the code that is left, without blanks.
    fn check(code: &str, commands: &[&str], left: &str) {
        let mut found = Vec::new();
        let out = blank_head(code, &mut found);
        assert_eq!(out.chars().count(), code.chars().count(), "{code}");
        let texts: Vec<&str> = found.iter().map(|it| it.text.as_str()).collect();
        assert_eq!((texts.as_slice(), out.trim()), (commands, left), "{code}");
    }

    #[test]
    fn commands_stand_before_all_code() {
        check(":vars\nlet a = 1;\n:vars", &[":vars"], "let a = 1;\n:vars");
        check("# note\n\n// comment\n  !ls\n1", &["!ls"], "// comment\n     \n1");
        check("/* one\n two */\n:vars\n1", &[":vars"], "/* one\n two */\n     \n1");
        check("/* one */ 1\n:vars", &[], "/* one */ 1\n:vars");
        check("#![allow(unused)]\n:vars", &[":vars"], "#![allow(unused)]");
        check("::std::mem::drop(1)", &[], "::std::mem::drop(1)");
    }

    #[test]
    fn dep_line_goes_on_until_its_brackets_are_closed() {
        check(
            ":dep a = { version = \"1\", // one\n   features = [\"b\"] }\na::f()",
            &[":dep a = { version = \"1\", // one\nfeatures = [\"b\"] }"],
            "a::f()",
        );
        check(":dep a = {\n1", &[":dep a = {\n1"], "");
        check(":type a {\n1", &[":type a {"], "1");
    }

    #[test]
    fn commands_below_code_are_found() {
        let found = |code| command_below_code(code, |word| word == ":dep");
        assert_eq!(found("let a = 1;\n  :dep b = \"1\""), Some((1, 2, ":dep")));
        assert_eq!(found("let 値 = 1; :dep b = \"1\""), Some((0, 11, ":dep")));
        for code in ["let a = \"\n:dep b\";", "// a\n:type b", "/*\n:dep b\n*/ 1"] {
            assert_eq!(found(code), None, "{code}");
        }
    }
}
