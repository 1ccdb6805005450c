//! What a lesson's cells do when they run: as they are, and with the solutions in the place of the blanks.

use super::finding::{Fault, Finding};
use super::sheet::{Sheet, printed};
use crate::engine::Language;
use crate::notebook::check::diff;
use crate::notebook::format::{CellOutput, CodeCell};

/// The beginning of the line that a right answer shows.
const RIGHT: char = '✓';

/// The cells of the lesson as they are; all of them run, whichever fails.
pub fn unsolved(sheet: &Sheet) -> Vec<CodeCell> {
    let cells = sheet.notebook.code_cells().into_iter();
    cells.map(|it| CodeCell { may_fail: true, ..it }).collect()
}

/// The same with each solution in the place of its stub, and at the end a cell for the slips of each exercise, which tells
/// of them in the author's language.
pub fn solved(sheet: &Sheet, language: Language) -> Vec<CodeCell> {
    let mut cells = unsolved(sheet);
    for cell in &mut cells {
        let Some(id) = sheet.cells.get(cell.index).and_then(|it| it.exercise.as_deref()) else {
            continue;
        };
        if let Some(exercise) = sheet.exercises().iter().find(|it| it.id == id) {
            cell.source = exercise.solution.clone();
        }
    }
    // The cells that rehearse slips belong to no cell of the notebook.
    let index = sheet.cells.len();
    let is_japanese = language == Language::Japanese;
    let rehearsals =
        sheet.exercises().iter().filter(|it| !it.slips.is_empty()).map(|it| CodeCell {
            index,
            source: format!(
                "print!(\"{{}}\", akari::exercise::rehearsal({:?}, {is_japanese}));",
                it.id
            ),
            may_fail: true,
        });
    cells.extend(rehearsals);
    cells
}

fn error(outputs: &[CellOutput]) -> Option<String> {
    outputs.iter().find_map(|it| match it {
        CellOutput::Error(error) => Some(format!("{}: {}", error.ename, error.evalue)),
        _ => None,
    })
}

/// What a run of the cells as they are tells: outputs are as stored, and a blank neither passes nor fails.
pub fn of_unsolved(sheet: &Sheet, cells: &[CodeCell], outputs: &[Vec<CellOutput>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let may_fail: Vec<usize> =
        sheet.notebook.code_cells().iter().filter(|it| it.may_fail).map(|it| it.index).collect();
    for (cell, outputs) in cells.iter().zip(outputs) {
        let Some(read) = sheet.cells.get(cell.index) else { continue };
        let is_check = sheet.calls("check").any(|it| it.0.id == read.id);
        match error(outputs) {
            Some(told) if is_check => {
                findings.push(sheet.finding(&read.id, Fault::UnsolvedError { told }));
            }
            Some(told) if !may_fail.contains(&cell.index) => {
                findings.push(sheet.finding(&read.id, Fault::CellFails { told }));
            }
            _ if is_check && printed(outputs).starts_with(RIGHT) => {
                findings.push(sheet.finding(&read.id, Fault::UnsolvedPasses));
            }
            _ => {
                if let Some(diff) = diff(&read.id, &read.outputs, outputs) {
                    let lines = diff.lines().filter(|it| it.starts_with(['-', '+']));
                    let lines: Vec<&str> = lines
                        .filter(|it| !it.starts_with("---") && !it.starts_with("+++"))
                        .take(2)
                        .collect();
                    let fault = Fault::OtherOutput { lines: lines.join(" ") };
                    findings.push(sheet.finding(&read.id, fault));
                }
            }
        }
        let says = |it: &CellOutput| matches!(it, CellOutput::Stream { stream: crate::engine::outcome::Stream::Stderr, text } if !text.is_empty());
        if outputs.iter().any(says) {
            findings.push(sheet.finding(&read.id, Fault::Stderr));
        }
    }
    findings
}

/// What a run with the solutions tells: each check passes, and each slip is told its own text.
pub fn of_solved(sheet: &Sheet, cells: &[CodeCell], outputs: &[Vec<CellOutput>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut with_slips = sheet.exercises().iter().filter(|it| !it.slips.is_empty());
    for (cell, outputs) in cells.iter().zip(outputs) {
        let Some(read) = sheet.cells.get(cell.index) else {
            if let Some(exercise) = with_slips.next() {
                findings.extend(of_slips(sheet, &exercise.id, outputs));
            }
            continue;
        };
        if read.exercise.is_some()
            && let Some(told) = error(outputs)
        {
            findings.push(sheet.finding(&read.id, Fault::SolutionFails { told }));
        }
        if let Some((_, id)) = sheet.calls("check").find(|it| it.0.id == read.id)
            && !printed(outputs).trim_start().starts_with(RIGHT)
        {
            let told = error(outputs).unwrap_or_else(|| printed(outputs));
            let fault = Fault::SolutionIsWrong { id: id.to_owned(), told };
            findings.push(sheet.finding(&read.id, fault));
        }
    }
    findings
}

/// What is said to the slips of an exercise, a line each: the number, a tab, and what is wrong.
fn of_slips(sheet: &Sheet, id: &str, outputs: &[CellOutput]) -> Vec<Finding> {
    if let Some(told) = error(outputs) {
        return vec![sheet.finding(id, Fault::SlipsNotTried { told })];
    }
    let told = printed(outputs);
    let wrong = told.lines().filter_map(|line| line.split_once('\t')).filter(|it| !it.1.is_empty());
    let fault = |(number, told): (&str, &str)| Fault::SlipWithOtherText {
        number: number.to_owned(),
        told: told.to_owned(),
    };
    wrong.map(|it| sheet.finding(id, fault(it))).collect()
}
