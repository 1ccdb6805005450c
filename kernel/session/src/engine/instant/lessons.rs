//! Lessons before errors: which rule fits is asked in `engine::teach`, with what is known here.
//!
//! Messages that follow from one with a lesson are left out. Pure but for the language of the environment.

use std::collections::BTreeMap;

use super::parse::ItemKey;
use super::state::{KeptItem, State};
use crate::engine::outcome::CellError;
use crate::engine::teach::{Case, Language, Lesson, Stage, lesson, words};
use crate::engine::traceback::{Message, Place, Sources, with_lesson};
use crate::runtime::wire::Command;

/// What is told of a printed text at most.
const PRINTED: usize = 4096;

/// Whoever puts lessons before errors.
#[derive(Debug)]
pub struct Teacher {
    pub language: Language,
}

impl Default for Teacher {
    fn default() -> Teacher {
        Teacher { language: Language::of_session() }
    }
}

impl Teacher {
    /// What the process that runs cells is told of the language, for the sentences of its exercises.
    pub fn told(&self) -> Command {
        Command::Language(self.language.to_string())
    }

    /// The messages of a cell with their lessons, without those that only follow.
    pub fn messages(
        &self,
        messages: Vec<Message>,
        state: &State,
        sources: &Sources,
    ) -> Vec<Message> {
        let types = types(state);
        let mut taught: Vec<Message> = Vec::new();
        let mut others = Vec::new();
        for mut message in messages {
            message.lesson = self.of_message(&message, &types, sources, lesson);
            match message.lesson.is_empty() {
                false if taught.iter().all(|it| !is_beside(it, &message)) => taught.push(message),
                _ => others.push(message),
            }
        }
        let is_syntax = taught.first().is_some_and(is_of_syntax);
        taught.truncate(if is_syntax { 1 } else { usize::MAX });
        if !is_syntax {
            others.retain(|other| taught.iter().all(|it| !is_beside(it, other)));
            taught.append(&mut others);
        }
        // Words for the rest come last, so that what is shown first is the same in each language.
        for message in taught.iter_mut().filter(|it| it.lesson.is_empty()) {
            message.lesson = self.of_message(message, &types, sources, words);
        }
        taught
    }

    fn of_message(
        &self,
        message: &Message,
        types: &BTreeMap<String, String>,
        sources: &Sources,
        rules: fn(&Case<'_>, Language) -> Option<Lesson>,
    ) -> Vec<String> {
        let place = message.labels.first().map(|it| &it.0);
        let cell = place.and_then(|place| sources.get(&place.cell)).map_or("", String::as_str);
        let mut texts = vec![message.text.clone()];
        texts.extend(message.labels.iter().map(|it| it.1.clone()));
        texts.extend(
            message
                .labels
                .iter()
                .map(|(place, text)| format!("label in line {}: {text}", place.start.0 + 1)),
        );
        texts.extend(message.notes.iter().chain(&message.helps).cloned());
        let at = place.map(|it| it.start);
        let code = message.code.as_deref().unwrap_or_default();
        let case = Case { stage: Stage::Compile, code, texts: &texts, cell, at, types };
        let found = match is_of_syntax(message) {
            true => rules(&Case { stage: Stage::Syntax, ..case }, self.language),
            false => None,
        };
        let found = found.or_else(|| rules(&case, self.language));
        found.map(|it| it.lines()).unwrap_or_default()
    }

    /// The error of a run with its lesson.
    pub fn run(
        &self,
        error: CellError,
        place: Option<&Place>,
        state: &State,
        sources: &Sources,
    ) -> CellError {
        let cell = place.and_then(|place| sources.get(&place.cell)).map_or("", String::as_str);
        let (texts, types) = ([error.evalue.clone()], types(state));
        let at = place.map(|it| it.start);
        let case = Case { stage: Stage::Run, code: "", texts: &texts, cell, at, types: &types };
        match lesson(&case, self.language).or_else(|| words(&case, self.language)) {
            Some(lesson) => with_lesson(error, &lesson.lines()),
            None => error,
        }
    }

    /// A note on what a cell printed, if there is a slip in it that is no error.
    pub fn printed(&self, cell: &str, printed: &str, state: &State) -> Option<String> {
        const SIGNS: &[&str] = &["Ok(", "Err(", "\nTensor[["];
        let silent = without_debug(printed, state);
        let is_worth_it = SIGNS.iter().any(|it| printed.contains(it))
            || printed.trim() == "0"
            || cell.contains('^');
        if !is_worth_it && silent.is_none() {
            return None;
        }
        let types = types(state);
        let texts: Vec<String> = [printed.to_owned()].into_iter().chain(silent).collect();
        let case =
            Case { stage: Stage::Printed, code: "", texts: &texts, cell, at: None, types: &types };
        lesson(&case, self.language).map(|it| it.lines().join("\n"))
    }
}

/// A type of the session of which only the name was printed, as `<P>` or `<Vec<P>>`, since it has no `Debug`.
fn without_debug(printed: &str, state: &State) -> Option<String> {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    let (_, shown) = printed.split_once('<')?;
    let (shown, _) = shown.rsplit_once('>')?;
    shown.lines().flat_map(|line| line.split(|it| !is_letter(it))).find_map(|word| {
        let named = |it: &&KeptItem| matches!(&it.item.key, ItemKey::Type(name) if name == word);
        let text = &state.items.iter().find(named)?.item.piece.text;
        let kind = ["struct", "enum", "union"].into_iter().find(|kind| {
            let mut words = text.split(|it| !is_letter(it)).filter(|it| !it.is_empty());
            words.any(|it| it == *kind) && words.next() == Some(word)
        })?;
        (!text.contains("Debug")).then(|| format!("without Debug: {kind} {word}"))
    })
}

/// Adds what a cell prints to what is known of it, up to a limit.
pub fn hear(heard: &mut String, text: &str) {
    let room = PRINTED.saturating_sub(heard.len());
    heard.extend(text.chars().take(room));
}

fn types(state: &State) -> BTreeMap<String, String> {
    state.variables.iter().map(|(name, it)| (name.clone(), it.type_text.clone())).collect()
}

/// Whether the compiler's parser has written a message. None of those have a code.
fn is_of_syntax(message: &Message) -> bool {
    const BEGINNINGS: &[&str] = &[
        "expected ",
        "unexpected ",
        "missing ",
        "invalid ",
        "unknown start of token",
        "unterminated ",
        "prefix `",
        "mismatched ",
        "`and` is",
        "`or` is",
        "this cell contains",
        "this file contains",
        "unclosed",
        "not expected",
        "character literal",
        "explicit return type",
        "Rust has no",
        "comparison operators",
        "leading `",
        "empty ",
        "unknown prefix",
        "too many `#`",
        "struct literals",
        "cannot parse",
        "no viable",
        "keyword ",
        "`let` ",
    ];
    message.code.is_none()
        && !message.text.starts_with("invalid format string")
        && BEGINNINGS.iter().any(|it| message.text.starts_with(it))
}

/// Whether two messages are about the same line.
fn is_beside(a: &Message, b: &Message) -> bool {
    let line =
        |message: &Message| message.labels.first().map(|(place, _)| (place.cell, place.start.0));
    line(a) == line(b)
}
