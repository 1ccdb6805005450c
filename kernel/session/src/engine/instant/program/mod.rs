//! A notebook as the text of a program: each cell is compiled as in a session, and none is run.
//!
//! A session tells which items a cell meets, which types its variables have and what ends with it. `cell` has
//! what of a cell goes into the program, `versions` which item stands where, `text` writes the lines. The whole is compiled
//! once, so that what a program can't have is an error with its cell.

mod cell;
mod text;
mod versions;

use std::collections::BTreeMap;

use self::cell::{CellCode, Pieces};
use self::text::Failure;
use super::InstantEngine;
use super::build::commit;
use super::compile::CompileError;
use super::diagnose::{self, CellContext, Verdict};
use super::generate::Source;
use super::macros::with_items_of_macros;
use super::main_function::with_main;
use super::parse::{Parsed, Piece, parse};
use super::plan::Plan;
use super::test_functions::with_tests;
use crate::engine::exported::{Part, Program, ProgramError};
use crate::engine::outcome::{CellError, Output};
use crate::engine::stop::Stop;
use crate::engine::traceback::plain_error;
use crate::engine::{Cell, CellId, Sink, nesting};

/// A part of the program.
#[derive(Debug)]
enum Section {
    Text(String),
    Code(Box<CellCode>),
    /// A cell that is left out, and why.
    LeftOut {
        number: u32,
        source: String,
        why: &'static str,
    },
}

impl Section {
    fn code(&self) -> Option<&CellCode> {
        match self {
            Section::Code(cell) => Some(cell),
            Section::Text(_) | Section::LeftOut { .. } => None,
        }
    }
}

/// What a program can't say: the cell failed when the notebook ran.
const FAILED: &str = "ended in an error when the notebook ran";
const EXPECTED: &str = "does not compile, as its author expects";
const MAGIC: &str = "is for another program";

impl InstantEngine {
    /// The notebook as a program.
    pub fn program(&mut self, parts: &[Part], stop: &Stop) -> Result<Program, ProgramError> {
        let mut sections = Vec::new();
        for part in parts {
            let section = match part {
                Part::Text(text) => Section::Text(text.clone()),
                Part::Code { number, source, may_fail, has_failed } => {
                    let left_out =
                        |why| Section::LeftOut { number: *number, source: source.clone(), why };
                    if *has_failed {
                        left_out(FAILED)
                    } else if source.trim_start().starts_with('%') {
                        left_out(MAGIC)
                    } else {
                        match self.cell_code(*number, source, stop) {
                            Ok(code) => Section::Code(Box::new(code)),
                            Err(ProgramError::Cell { .. }) if *may_fail => left_out(EXPECTED),
                            Err(error) => return Err(error),
                        }
                    }
                }
            };
            sections.push(section);
        }
        let cells: Vec<&CellCode> = sections.iter().filter_map(Section::code).collect();
        let versions = versions::versions(&cells);
        if let Some(versions::Conflict { number, variable, item }) = versions.conflict(&cells) {
            return Err(ProgramError::Older { number, variable, item });
        }
        let dependencies = &self.builder.compiler.dependencies;
        // The runtime's crate may be none that cells can name.
        let fits = |failure| {
            let source = text::source(&sections, &versions, &self.state, failure, None);
            self.check(&source, stop).map(|()| failure)
        };
        let failure = match fits(Failure::Boxed) {
            Err(_) if stop.wish().is_none() => fits(Failure::Own)?,
            fitting => fitting?,
        };
        let runtime = dependencies.runtime();
        let source = text::source(&sections, &versions, &self.state, failure, runtime.as_deref());
        let left_out = sections.iter().filter_map(|it| match it {
            Section::LeftOut { number, .. } => Some(*number),
            _ => None,
        });
        Ok(Program {
            code: source.text,
            edition: self.builder.compiler.edition.to_string(),
            dependencies: dependencies.manifest(),
            lock: dependencies.lock(),
            left_out: left_out.collect(),
            has_exercises: sections.iter().any(text::is_exercise),
        })
    }

    /// Compiles a cell as its session would, and goes on to the state behind it.
    fn cell_code(
        &mut self,
        number: u32,
        source: &str,
        stop: &Stop,
    ) -> Result<CellCode, ProgramError> {
        let id = CellId::Counted(number);
        let cell = Cell { code: source, id, silent: false, stop };
        let failed = |error: CellError| ProgramError::Cell { number, error };
        nesting::check(source).map_err(|error| failed(error.into()))?;
        self.builder.sources.insert(id, source.to_owned());
        let read = |engine: &Self| -> Result<Parsed, CellError> {
            let parsed = parse(source)
                .map_err(|broken| engine.builder.broken(&broken.code, &engine.state, &cell))?;
            engine.with_files(parsed, &cell)
        };
        let raw = read(self).map_err(failed)?;
        let (notes, first) = self.session_commands(&raw.commands, &cell).map_err(failed)?;
        let pieces = Pieces::of(source);
        let is_returning = raw.statements.iter().map(|it| &it.piece).chain(&raw.tail);
        if is_returning.into_iter().any(|piece| cell::returns(&piece.text)) {
            return Err(ProgramError::Returns { number });
        }
        let tested = with_tests(read(self).map_err(failed)?);
        let has_tests = tested.statements.len() > raw.statements.len();
        // Tests stay tests: `cargo test` runs them.
        let own_text: BTreeMap<String, String> = tested
            .items
            .iter()
            .zip(&raw.items)
            .map(|(tested, raw)| (tested.piece.text.clone(), raw.piece.text.clone()))
            .filter(|(tested, raw)| tested != raw)
            .collect();
        let parsed = with_main(with_items_of_macros(tested, &self.state));
        let mut code = CellCode {
            number,
            id,
            notes,
            first,
            pieces,
            own_text,
            has_tests,
            is_async: parsed.is_async,
            mentions: parsed.mentions.clone(),
            reads: parsed.reads.clone(),
            items: self.state.items.clone(),
            ..CellCode::default()
        };
        if parsed.has_no_code() {
            return Ok(code);
        }
        let next = self.state.with_items(&parsed, id);
        let compiled = self.builder.build(next, &parsed, &cell).map_err(failed)?;
        let after = commit(&compiled, id);
        code.items = compiled.state.items.clone();
        code.take_results(&compiled.plan, &after);
        self.state = after;
        let mut statements = parsed.statements;
        if has_tests {
            statements.pop();
        }
        code.statements = statements;
        code.tail = parsed.tail;
        Ok(code)
    }

    /// Carries out the commands that later cells depend on: `:dep` and `:edition`. Returns the others, as notes,
    /// and statements that do what `:env` does.
    fn session_commands(
        &mut self,
        commands: &[Piece],
        cell: &Cell<'_>,
    ) -> Result<(Vec<String>, Vec<String>), CellError> {
        let word = |piece: &Piece| piece.text.split_whitespace().next().unwrap_or("").to_owned();
        let (ours, others): (Vec<Piece>, Vec<Piece>) =
            commands.iter().cloned().partition(|it| matches!(&*word(it), ":dep" | ":edition"));
        self.commands(&ours, cell, &mut Nobody)?;
        let mut first = Vec::new();
        let mut notes = Vec::new();
        for command in others {
            let setting = command.text.strip_prefix(":env").and_then(|it| it.split_once('='));
            match setting {
                Some((name, value)) => first
                    .push(format!("unsafe {{ std::env::set_var({:?}, {value:?}) }};", name.trim())),
                None => notes.push(command.text),
            }
        }
        Ok((notes, first))
    }

    /// Compiles the whole program.
    fn check(&self, source: &Source, stop: &Stop) -> Result<(), ProgramError> {
        let folder = self.builder.folder();
        let diagnostics = match self.builder.compiler.compile(source, folder, stop) {
            Ok(_) => return Ok(()),
            Err(CompileError::Code(diagnostics)) => diagnostics,
            Err(error) => {
                let error = plain_error("CompilerError", &error.to_string());
                return Err(ProgramError::Whole { error });
            }
        };
        let (parsed, plan) = (Parsed::default(), Plan::default());
        let cell = source.cell().unwrap_or(CellId::Counted(1));
        let context = CellContext { state: &self.state, parsed: &parsed, plan: &plan, cell };
        let error = match diagnose::diagnose(&diagnostics, source, &context) {
            Verdict::Errors(messages) => self.builder.taught(messages, &self.state),
            Verdict::Unkept(_) | Verdict::Unfit(_) | Verdict::Unreadable(_) => {
                let texts: Vec<&str> = diagnostics.iter().map(|it| it.message.as_str()).collect();
                plain_error("CompileError", &texts.join("\n"))
            }
        };
        Err(ProgramError::Whole { error })
    }
}

/// A sink for commands whose outputs nobody is to see.
struct Nobody;

impl Sink for Nobody {
    fn output(&mut self, _: Output) {}

    fn input(&mut self, _: &str, _: bool) -> Option<String> {
        None
    }
}
