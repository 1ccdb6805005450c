//! The process behind `engine::analyser`: evcxr's rust-analyzer, asked by lines of JSON.

use std::io::{BufRead, Write, stdin, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use evcxr::CommandContext;

use super::{settings, worker};
use crate::engine::analyser::{Answer, Asked, Paths, Question, Said};
use crate::engine::folder::Folder;

/// After that much silence the memory is given back.
const IDLE: Duration = Duration::from_secs(600);

/// Becomes the analyser; ends with the kernel, whose pipe is its input.
pub fn main() -> ExitCode {
    let paths = std::env::args().nth(2).and_then(|it| serde_json::from_str(&it).ok());
    match paths.as_ref().map(serve) {
        Some(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn serve(paths: &Paths) -> Result<(), String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let folder = Folder::make("analyser-").map_err(|error| error.to_string())?;
    let settings = settings(paths, folder.path()).map_err(|error| error.to_string())?;
    // No cell runs here, and so nothing is printed that somebody must take.
    let (events, _silence) = mpsc::channel();
    let mut context = worker::context(&settings, &events)?;
    say(&Said::Ready);
    // An error is the end of the questions, or a long time without one.
    while let Ok(line) = lines.recv_timeout(IDLE) {
        if let Ok(Asked { number, question }) = serde_json::from_str(&line) {
            let answer = catch_unwind(AssertUnwindSafe(|| answer(&mut context, &question)));
            say(&Said::Answered { number, answer: answer.unwrap_or(Answer::Nothing) });
        }
    }
    worker::end(&context);
    Ok(())
}

fn say(said: &Said) {
    if let Ok(line) = serde_json::to_string(said) {
        // Nobody listens any more: the next line from stdin won't come either.
        let _ = writeln!(stdout(), "{line}").and_then(|()| stdout().flush());
    }
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
