//! What is wrong with a lesson, a line each.
//!
//! A fault is its parts and an English sentence for them. `cli` fills the parts into the sentence of the author's
//! language, so that no text of a lesson is taken for a sentence of the program.

use std::path::PathBuf;

/// Something that an author has to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub file: PathBuf,
    /// The id of a cell, or an exercise of the key.
    pub place: String,
    pub fault: Fault,
}

/// What is wrong with a cell, an exercise or a whole notebook. `beside` is the notebook in the other language; `told` is what
/// the session or an exercise said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    SameId,
    NoCodeOfText {
        name: String,
    },
    NoTextBlock,
    OtherText {
        text: String,
        name: String,
        stored: String,
    },
    UnknownNumber {
        number: String,
    },
    NoKey {
        id: String,
    },
    NoExercise {
        id: String,
    },
    NoAnswerCell,
    NoBlank {
        id: String,
    },
    NoCheck,
    NoHints,
    NoSolution,
    HintWithoutText {
        number: usize,
        language: &'static str,
    },
    SlipWithoutText {
        number: usize,
        language: &'static str,
    },
    NoOtherLanguage {
        beside: PathBuf,
    },
    NoCellBeside {
        beside: PathBuf,
    },
    OtherCellBeside {
        beside: PathBuf,
        id: String,
    },
    OtherKindBeside {
        beside: PathBuf,
        kinds: [String; 2],
    },
    OtherCodeBeside {
        beside: PathBuf,
    },
    OtherTagsBeside {
        beside: PathBuf,
    },
    OnlyBeside {
        beside: PathBuf,
    },
    UnsolvedError {
        told: String,
    },
    UnsolvedPasses,
    CellFails {
        told: String,
    },
    OtherOutput {
        lines: String,
    },
    Stderr,
    SolutionFails {
        told: String,
    },
    SolutionIsWrong {
        id: String,
        told: String,
    },
    SlipsNotTried {
        told: String,
    },
    SlipWithOtherText {
        number: String,
        told: String,
    },
    /// The hidden tests have none for an exercise that the key calls hidden.
    NoHiddenTest {
        source: PathBuf,
        id: String,
    },
    /// The hidden tests have one for an exercise that the key does not call hidden.
    NotHidden {
        source: PathBuf,
        id: String,
    },
    /// What is wrong with the library of the hidden tests, in the author's language.
    Library {
        why: String,
    },
}

impl Fault {
    /// The sentence as the table of the program's sentences has it, and what is filled in.
    pub fn told(&self) -> (&'static str, Vec<String>) {
        let path = |it: &PathBuf| it.display().to_string();
        match self {
            Fault::SameId => ("another cell has the same id", vec![]),
            Fault::NoCodeOfText { name } => {
                ("there is no code cell `{}` that prints this", vec![name.clone()])
            }
            Fault::NoTextBlock => ("it has no ```text block", vec![]),
            Fault::OtherText { text, name, stored } => (
                "the text promises {}, and the stored output of `{}` has {}",
                vec![format!("{text:?}"), name.clone(), format!("{stored:?}")],
            ),
            Fault::UnknownNumber { number } => (
                "the number {} stands in no output, code or text block; print it, or name it in <!-- numbers: {} -->",
                vec![number.clone(), number.clone()],
            ),
            Fault::NoKey { id } => ("there is no key for exercise `{}`", vec![id.clone()]),
            Fault::NoExercise { id } => ("the key has no exercise `{}`", vec![id.clone()]),
            Fault::NoAnswerCell => {
                ("no cell of the notebook is for its answer (metadata akari.exercise)", vec![])
            }
            Fault::NoBlank { id } => (
                "the answer's cell of exercise {} has no `blank!()` or `todo!()` in it",
                vec![id.clone()],
            ),
            Fault::NoCheck => ("no cell of the notebook checks it", vec![]),
            Fault::NoHints => ("the notebook asks for hints, and the key has none", vec![]),
            Fault::NoSolution => ("it has no solution", vec![]),
            Fault::HintWithoutText { number, language } => {
                ("hint {} has no text in `{}`", vec![number.to_string(), (*language).to_owned()])
            }
            Fault::SlipWithoutText { number, language } => {
                ("slip {} has no text in `{}`", vec![number.to_string(), (*language).to_owned()])
            }
            Fault::NoOtherLanguage { beside } => {
                ("there is no `{}` in the other language", vec![path(beside)])
            }
            Fault::NoCellBeside { beside } => ("`{}` has no such cell", vec![path(beside)]),
            Fault::OtherCellBeside { beside, id } => {
                ("`{}` has the cell `{}` at this place", vec![path(beside), id.clone()])
            }
            Fault::OtherKindBeside { beside, kinds: [here, there] } => (
                "the cell is {} here and {} in `{}`",
                vec![here.clone(), there.clone(), path(beside)],
            ),
            Fault::OtherCodeBeside { beside } => {
                ("the code is another one in `{}`", vec![path(beside)])
            }
            Fault::OtherTagsBeside { beside } => {
                ("tags or exercise are others in `{}`", vec![path(beside)])
            }
            Fault::OnlyBeside { beside } => ("only `{}` has this cell", vec![path(beside)]),
            Fault::UnsolvedError { told } => ("unsolved, it is an error: {}", vec![told.clone()]),
            Fault::UnsolvedPasses => ("unsolved, it passes", vec![]),
            Fault::CellFails { told } => ("the cell fails: {}", vec![told.clone()]),
            Fault::OtherOutput { lines } => {
                ("a fresh run gives another output than is stored: {}", vec![lines.clone()])
            }
            Fault::Stderr => ("it writes to stderr, which graders take for a failure", vec![]),
            Fault::SolutionFails { told } => ("the solution fails: {}", vec![told.clone()]),
            Fault::SolutionIsWrong { id, told } => {
                ("the solution of {} does not pass: {}", vec![id.clone(), told.clone()])
            }
            Fault::SlipsNotTried { told } => {
                ("the slips could not be tried: {}", vec![told.clone()])
            }
            Fault::SlipWithOtherText { number, told } => {
                ("slip {} is not told its own text: {}", vec![number.clone(), told.clone()])
            }
            Fault::NoHiddenTest { source, id } => (
                "`{}` has no test for `{}`, which the key calls hidden",
                vec![path(source), id.clone()],
            ),
            Fault::NotHidden { source, id } => (
                "`{}` has a test for `{}`, which would never run; write `hidden = true` in the key",
                vec![path(source), id.clone()],
            ),
            Fault::Library { why } => ("{}; run `akari lesson hide`", vec![why.clone()]),
        }
    }
}
