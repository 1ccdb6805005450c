//! A lesson as its author sees it: cells with their roles, and what can be said of them without running any.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use akari_key::{Exercise, Key, Texts};

use super::finding::{Fault, Finding};
use super::prose;
use crate::engine::outcome::Stream;
use crate::notebook::format::{CellOutput, Notebook, ReadCell};

/// A notebook with its key.
#[derive(Debug)]
pub struct Sheet {
    pub path: PathBuf,
    pub notebook: Notebook,
    pub cells: Vec<ReadCell>,
    /// The key's file, and what stands in it.
    pub key: Option<(PathBuf, Key)>,
}

impl Sheet {
    pub fn new(path: &Path, notebook: Notebook, key: Option<(PathBuf, Key)>) -> Sheet {
        let cells = notebook.read_cells();
        Sheet { path: path.to_owned(), notebook, cells, key }
    }

    pub fn finding(&self, place: &str, fault: Fault) -> Finding {
        Finding { file: self.path.clone(), place: place.to_owned(), fault }
    }

    fn key_finding(&self, place: &str, fault: Fault) -> Finding {
        let file = self.key.as_ref().map_or(&self.path, |it| &it.0).clone();
        Finding { file, place: place.to_owned(), fault }
    }

    pub fn exercises(&self) -> &[Exercise] {
        self.key.as_ref().map_or(&[], |it| &it.1.exercises)
    }

    /// The exercises that a macro of this name is called for, each with its cell.
    pub fn calls<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a ReadCell, &'a str)> {
        let code = self.cells.iter().filter(|it| it.kind == "code");
        code.flat_map(move |cell| ids(&cell.source, name).map(move |id| (cell, id)))
    }

    /// What can be said without running a cell.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = self.cell_ids();
        findings.extend(self.expected_texts());
        findings.extend(self.numbers());
        findings.extend(self.exercise_cells());
        findings.extend(self.key_texts());
        findings
    }

    fn cell_ids(&self) -> Vec<Finding> {
        let mut known = BTreeSet::new();
        let twice = self.cells.iter().filter(|it| !known.insert(&it.id));
        twice.map(|it| self.finding(&it.id, Fault::SameId)).collect()
    }

    /// The text block of each `X-expected` against the stored output of `X`.
    fn expected_texts(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for cell in &self.cells {
            let Some(name) = cell.id.strip_suffix("-expected") else { continue };
            let Some(code) = self.cells.iter().find(|it| it.id == name && it.kind == "code") else {
                let fault = Fault::NoCodeOfText { name: name.to_owned() };
                findings.push(self.finding(&cell.id, fault));
                continue;
            };
            let Some(block) = prose::text_blocks(&cell.source).into_iter().next() else {
                findings.push(self.finding(&cell.id, Fault::NoTextBlock));
                continue;
            };
            let stored = printed(&code.outputs);
            if block.trim_end() != stored.trim_end() {
                let (text, stored) = first_difference(&block, &stored);
                let (text, stored) = (text.to_owned(), stored.to_owned());
                let fault = Fault::OtherText { text, name: name.to_owned(), stored };
                findings.push(self.finding(&cell.id, fault));
            }
        }
        findings
    }

    fn numbers(&self) -> Vec<Finding> {
        let mut known = prose::Numbers::default();
        for cell in &self.cells {
            match cell.kind.as_str() {
                "code" => {
                    known.add(&cell.source);
                    cell.outputs.iter().for_each(|it| known.add(&texts(it)));
                }
                _ => {
                    prose::text_blocks(&cell.source).iter().for_each(|it| known.add(it));
                    prose::named(&cell.source).for_each(|it| known.add(it));
                }
            }
        }
        let texts = self.cells.iter().filter(|it| it.kind == "markdown");
        texts
            .flat_map(|cell| {
                let numbers = prose::numbers_of(&cell.source);
                let unknown: BTreeSet<String> =
                    numbers.into_iter().filter(|it| !known.has(it)).collect();
                unknown
                    .into_iter()
                    .map(|number| self.finding(&cell.id, Fault::UnknownNumber { number }))
            })
            .collect()
    }

    /// Each exercise has its cells, and each cell its exercise.
    fn exercise_cells(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.key.is_none() {
            for (cell, id) in self.calls("check").chain(self.calls("hint")) {
                findings.push(self.finding(&cell.id, Fault::NoKey { id: id.to_owned() }));
            }
            return findings;
        }
        let known: BTreeSet<&str> = self.exercises().iter().map(|it| it.id.as_str()).collect();
        let calls = ["check", "hint", "solution"].into_iter().flat_map(|it| self.calls(it));
        let answers = self.cells.iter().filter_map(|it| Some((it, it.exercise.as_deref()?)));
        for (cell, id) in calls.chain(answers).filter(|it| !known.contains(it.1)) {
            findings.push(self.finding(&cell.id, Fault::NoExercise { id: id.to_owned() }));
        }
        for id in known {
            let answer = self.cells.iter().find(|it| it.exercise.as_deref() == Some(id));
            match answer {
                None => findings.push(self.key_finding(id, Fault::NoAnswerCell)),
                Some(cell) if !is_blank(&cell.source) => {
                    findings.push(self.finding(&cell.id, Fault::NoBlank { id: id.to_owned() }));
                }
                Some(_) => {}
            }
            if !self.calls("check").any(|it| it.1 == id) {
                findings.push(self.key_finding(id, Fault::NoCheck));
            }
        }
        findings
    }

    /// The texts of the key in both languages.
    fn key_texts(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for exercise in self.exercises() {
            let id = exercise.id.as_str();
            let mut say = |fault: Fault| findings.push(self.key_finding(id, fault));
            if exercise.hints.is_empty() && self.calls("hint").any(|it| it.1 == id) {
                say(Fault::NoHints);
            }
            if exercise.solution.trim().is_empty() {
                say(Fault::NoSolution);
            }
            for (number, texts) in (1..).zip(&exercise.hints) {
                for language in missing(texts) {
                    say(Fault::HintWithoutText { number, language });
                }
            }
            for (number, slip) in (1..).zip(&exercise.slips) {
                for language in missing(&slip.texts()) {
                    say(Fault::SlipWithoutText { number, language });
                }
            }
        }
        findings
    }
}

/// The languages without a text.
fn missing(texts: &Texts) -> impl Iterator<Item = &'static str> {
    let is_empty = |it: &Option<String>| it.as_deref().is_none_or(|it| it.trim().is_empty());
    let languages = [("ja", is_empty(&texts.ja)), ("en", is_empty(&texts.en))];
    languages.into_iter().filter(|it| it.1).map(|it| it.0)
}

/// Whether something is to be filled in.
pub fn is_blank(source: &str) -> bool {
    source.contains("blank!(") || source.contains("todo!(")
}

/// The exercises that calls of a macro name.
fn ids<'a>(source: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    source.match_indices(name).filter_map(move |(at, _)| {
        let is_word = source[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_');
        let rest = source[at + name.len()..].strip_prefix("!(")?.trim_start().strip_prefix('"')?;
        if is_word { None } else { rest.split('"').next() }
    })
}

/// What a reader sees below a cell, as text.
pub fn printed(outputs: &[CellOutput]) -> String {
    outputs.iter().map(shown).collect()
}

fn shown(output: &CellOutput) -> String {
    match output {
        CellOutput::Stream { stream: Stream::Stdout, text } => text.clone(),
        CellOutput::Result { data, .. } | CellOutput::Display { data, .. } => {
            data.get("text/plain").and_then(|it| it.as_str()).unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

/// All texts of an output, those of a picture too.
fn texts(output: &CellOutput) -> String {
    match output {
        CellOutput::Result { data, .. } | CellOutput::Display { data, .. } => {
            let texts = data.values().filter_map(|it| it.as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        output => shown(output),
    }
}

/// The first lines that differ.
fn first_difference<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    let (mut left, mut right) = (a.trim_end().lines(), b.trim_end().lines());
    loop {
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a == b => {}
            (a, b) => return (a.unwrap_or_default(), b.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_macros_are_found() {
        let source = "check!(\"01-1\", a);\nrecheck!(\"x\"); check!( \"01-2\" )";
        assert_eq!(ids(source, "check").collect::<Vec<_>>(), ["01-1", "01-2"]);
        assert_eq!(ids("hint!(id)", "hint").count(), 0);
    }

    #[test]
    fn first_lines_that_differ() {
        assert_eq!(first_difference("a\nb\n", "a\nc"), ("b", "c"));
        assert_eq!(first_difference("a", "a\nc"), ("", "c"));
    }
}
