//! A cell that is no list of statements, and what is wrong with it.
//!
//! Brackets that don't match are found here: the compiler would speak of the braces around the cell,
//! which the learner has not written. For all else it has the words, as long as it only parses.

use super::compile::{CompileError, Diagnostic};
use super::diagnose::{CellContext, Verdict, diagnose};
use super::generate::{Source, broken};
use super::parse::Parsed;
use super::plan::Plan;
use super::state::State;
use crate::engine::CellId;
use crate::engine::syntax::{Position, Tree, Unpaired, is_in_braces, position, unpaired};
use crate::engine::traceback::{Message, Place};

/// A cell's text that can't be parsed, in a session.
#[derive(Debug, Clone, Copy)]
pub struct BrokenCell<'a> {
    pub code: &'a str,
    pub id: CellId,
    pub state: &'a State,
}

impl BrokenCell<'_> {
    /// The errors of the cell. `compile` asks the compiler about a source.
    pub fn messages(
        &self,
        compile: &dyn Fn(&Source) -> Result<(), CompileError>,
    ) -> Result<Vec<Message>, CompileError> {
        if let Some(fault) = unpaired(&with_narrow_brackets(self.code)) {
            return Ok(vec![self.bracket(fault)]);
        }
        for checked in [false, true] {
            let source = broken(self.code, self.id, checked);
            match compile(&source) {
                // Code that the compiler can parse may still be refused before names are looked at.
                Ok(()) => {}
                Err(CompileError::Code(diagnostics)) => return Ok(self.read(&diagnostics, &source)),
                Err(error) => return Err(error),
            }
        }
        Ok(vec![self.parser_error()])
    }

    fn read(&self, diagnostics: &[Diagnostic], source: &Source) -> Vec<Message> {
        let (parsed, plan) = (Parsed::default(), Plan::default());
        let context =
            CellContext { state: self.state, parsed: &parsed, plan: &plan, cell: self.id };
        match diagnose(diagnostics, source, &context) {
            Verdict::Errors(messages) => {
                messages.into_iter().map(|message| self.of_the_cell(message)).collect()
            }
            Verdict::Unkept(_) | Verdict::Unfit(_) | Verdict::Unreadable(_) => {
                vec![self.parser_error()]
            }
        }
    }

    /// A message that does not ask for the brace behind the cell, where no brace of the cell is open.
    fn of_the_cell(&self, mut message: Message) -> Message {
        let is_outside = |(place, _): &(Place, String)| !is_in_braces(self.code, place.start);
        if message.labels.first().is_some_and(is_outside) {
            message.text = without_brace(&message.text);
            for (_, label) in &mut message.labels {
                *label = without_brace(label);
            }
        }
        message
    }

    fn bracket(&self, fault: Unpaired) -> Message {
        let unclosed = |at| (self.place(at), "unclosed delimiter".to_owned());
        let mut notes = Vec::new();
        let (text, labels) = match fault {
            Unpaired::Open(at) => {
                ("this cell contains an unclosed delimiter".to_owned(), vec![unclosed(at)])
            }
            Unpaired::Close(bracket, at) => (
                format!("unexpected closing delimiter: `{bracket}`"),
                vec![(self.place(at), "nothing is open here that this could close".to_owned())],
            ),
            Unpaired::Crossed { opener, closer: (bracket, at) } => {
                let line = self.code.lines().nth(opener.0 as usize).unwrap_or_default();
                let open = line.chars().nth(opener.1 as usize).unwrap_or('(');
                let closer = match open {
                    '[' | '［' => ']',
                    '{' | '｛' => '}',
                    _ => ')',
                };
                notes.push(format!(
                    "the last bracket that is open is `{open}`, which `{closer}` closes"
                ));
                (
                    format!("mismatched closing delimiter: `{bracket}`"),
                    vec![
                        (self.place(at), "mismatched closing delimiter".to_owned()),
                        unclosed(opener),
                    ],
                )
            }
        };
        Message { text, labels, notes, ..Message::default() }
    }

    /// The words of our own parser, for what the compiler takes.
    fn parser_error(&self) -> Message {
        let error = Tree::parse(self.code).first_error();
        let (text, at) = error.unwrap_or_else(|| ("the cell is not valid Rust".to_owned(), 0));
        let place = self.place(position(self.code, at));
        Message { text, labels: vec![(place, String::new())], ..Message::default() }
    }

    fn place(&self, (line, column): Position) -> Place {
        Place { cell: self.id, start: (line, column), end: (line, column + 1) }
    }
}

/// The compiler takes full-width brackets for brackets too, beside saying that they are none.
fn with_narrow_brackets(code: &str) -> String {
    const BRACKETS: [(char, char); 6] =
        [('（', '('), ('）', ')'), ('［', '['), ('］', ']'), ('｛', '{'), ('｝', '}')];
    let narrow = |c: char| BRACKETS.iter().find(|(wide, _)| *wide == c).map_or(c, |it| it.1);
    code.chars().map(narrow).collect()
}

/// Takes `}` out of what the parser says it expected: ``expected one of `;`, `?`, or `}`, found `f` ``.
fn without_brace(text: &str) -> String {
    let Some(rest) = text.strip_prefix("expected ") else { return text.to_owned() };
    if rest.ends_with(" possible tokens") {
        // The brace is among those that the compiler has counted.
        return "not expected here".to_owned();
    }
    let (list, found) = rest.split_once(", found").unwrap_or((rest, ""));
    let names = list.strip_prefix("one of ").unwrap_or(list);
    let names = names.replace(", or ", ", ").replace(" or ", ", ");
    let mut names: Vec<&str> = names.split(", ").collect();
    let before = names.len();
    names.retain(|name| *name != "`}`");
    if names.len() == before || names.is_empty() {
        return text.to_owned();
    }
    let list = match names.as_slice() {
        [one] => (*one).to_owned(),
        [one, other] => format!("one of {one} or {other}"),
        [first @ .., last] => format!("one of {}, or {last}", first.join(", ")),
        [] => String::new(),
    };
    let found = if found.is_empty() { String::new() } else { format!(", found{found}") };
    format!("expected {list}{found}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::instant::compile::CompileError;

    /// The message about a cell whose brackets don't match, with the places of its labels.
    fn check(code: &str, expected: &str) {
        let state = State::default();
        let cell = BrokenCell { code, id: CellId::Counted(1), state: &state };
        let messages = cell.messages(&|_| Err(CompileError::Stopped)).unwrap_or_default();
        let shown = |message: &Message| {
            let label = |(place, text): &(Place, String)| {
                format!("; {}:{} {text}", place.start.0 + 1, place.start.1 + 1)
            };
            format!("{}{}", message.text, message.labels.iter().map(label).collect::<String>())
        };
        assert_eq!(messages.iter().map(shown).collect::<Vec<_>>(), [expected], "{code}");
    }

    #[test]
    fn messages_about_brackets_speak_of_the_cell_alone() {
        check("f(1", "this cell contains an unclosed delimiter; 1:2 unclosed delimiter");
        check(
            "f();\n}",
            "unexpected closing delimiter: `}`; 2:1 nothing is open here that this could close",
        );
        check(
            "show（1)）",
            "unexpected closing delimiter: `)`; 1:8 nothing is open here that this could close",
        );
        check(
            "g([1)",
            "mismatched closing delimiter: `)`; 1:5 mismatched closing delimiter; 1:3 unclosed delimiter",
        );
    }

    #[test]
    fn the_brace_behind_the_cell_is_not_asked_for() {
        let check = |text: &str, expected: &str| assert_eq!(without_brace(text), expected);
        check(
            "expected one of `.`, `}`, or an operator, found `f`",
            "expected one of `.` or an operator, found `f`",
        );
        check("expected one of `;` or `}`, found `f`", "expected `;`, found `f`");
        check(
            "expected one of `!`, `;`, `?`, or `}`, found `f`",
            "expected one of `!`, `;`, or `?`, found `f`",
        );
        check("expected expression, found `}`", "expected expression, found `}`");
        check("expected `{`, found `}`", "expected `{`, found `}`");
        check("expected one of 8 possible tokens", "not expected here");
        check("unexpected `==`", "unexpected `==`");
    }
}
