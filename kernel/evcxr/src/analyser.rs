//! The role behind Tab: evcxr's rust-analyzer, asked what a session's own names can't answer.
//!
//! No cell runs here: a session comes as code in front of each question. The kernel's side is its
//! `engine::analyser`.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use evcxr::CommandContext;

use crate::protocol::questions::{Answer, Asked, Question, Said};
use crate::protocol::{Setup, say};
use crate::session::{self, Settings};
use crate::worker;

/// After that much silence the memory is given back.
const IDLE: Duration = Duration::from_secs(600);

/// Answers the kernel's questions, until the kernel ends or asks nothing for long.
pub fn serve(setup: Setup) -> io::Result<()> {
    let mut output = session::take_stdout()?;
    let (sender, questions) = mpsc::channel();
    session::listen(setup.folder.clone(), move |asked: Asked| drop(sender.send(asked)))?;
    let settings = Settings::write(setup).map_err(io::Error::other)?;
    // No cell runs here, and so nothing is printed that somebody must take.
    let (events, _silence) = mpsc::channel();
    let mut context = worker::context(&settings, &events).map_err(io::Error::other)?;
    say(&mut output, &Said::Ready)?;
    while let Ok(Asked { number, question }) = questions.recv_timeout(IDLE) {
        let answer = catch_unwind(AssertUnwindSafe(|| answer(&mut context, &question)));
        let answer = answer.unwrap_or(Answer::Nothing);
        say(&mut output, &Said::Answered { number, answer })?;
    }
    Ok(())
}

fn answer(context: &mut CommandContext, question: &Question) -> Answer {
    match question {
        Question::Complete { code, at } => match context.completions(code, *at) {
            Ok(found) => Answer::Completions {
                start: found.start_offset,
                items: found
                    .completions
                    .into_iter()
                    // `push(value)` is a template; what is typed is the name.
                    .map(|it| (name(&it.code).to_owned(), it.kind.to_owned()))
                    .filter(|(name, _)| !name.is_empty())
                    .collect(),
            },
            Err(_) => Answer::Nothing,
        },
        Question::Explain { code, at } => match context.hover_at(code, *at) {
            Ok((text, _)) if is_nothing(&text) => Answer::Nothing,
            Ok((text, html)) => Answer::Explanation { text, html },
            _ => Answer::Nothing,
        },
    }
}

/// What evcxr says of what it doesn't know.
fn is_nothing(text: &str) -> bool {
    text.trim().is_empty() || text == "No documentation found"
}

fn name(code: &str) -> &str {
    let end = code.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '#' && c != '!');
    &code[..end.unwrap_or(code.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_cut_to_names() {
        for (code, expected) in [("push(value)", "push"), ("vec![]", "vec!"), ("len", "len")] {
            assert_eq!(name(code), expected);
        }
    }
}
