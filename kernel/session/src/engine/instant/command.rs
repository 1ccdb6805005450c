//! Lines that begin with `:` or `!`: the session's commands, under evcxr's names where it has them.

use std::time::{Duration, Instant};

use super::InstantEngine;
use super::command_list;
use super::deps::DepError;
use super::deps::line::LineError;
use super::deps::nearest::nearest;
use super::edition::UnknownEdition;
use super::head;
use super::identity::Identities;
use super::parse::{ItemKey, Piece};
use super::replay::{Extent, ReplayError};
use super::state::{Absence, State};
use super::telling::{command_error, is_told};
use crate::engine::names::Name;
use crate::engine::outcome::{CellError, MimeBundle, Output, Stream, plain};
use crate::engine::teach::UnknownLanguage;
use crate::engine::traceback::{Message, Place, plain_error};
use crate::engine::{Cell, Sink};
use crate::runtime::parent::{RunEnd, Task};

/// A build that takes longer than this shows how far it has come.
const BEFORE_PROGRESS: Duration = Duration::from_millis(500);
const BETWEEN_STEPS: Duration = Duration::from_millis(200);

impl InstantEngine {
    /// Runs the command lines of a cell. All its `:dep` lines are added at once, since cargo
    /// chooses their versions together.
    pub(super) fn commands(
        &mut self,
        commands: &[Piece],
        cell: &Cell<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), CellError> {
        let dependency = |piece: &Piece| {
            let (word, rest) = piece.text.split_once(char::is_whitespace)?;
            (word == ":dep").then(|| rest.trim().to_owned())
        };
        let mut lines: Vec<String> = commands.iter().filter_map(dependency).collect();
        for command in commands {
            match dependency(command) {
                None => self.command(&command.text, cell, sink)?,
                Some(_) if lines.is_empty() => {}
                Some(_) => self.add_dependencies(&std::mem::take(&mut lines), cell, sink)?,
            }
        }
        Ok(())
    }

    fn add_dependencies(
        &mut self,
        lines: &[String],
        cell: &Cell<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), CellError> {
        let id = format!("akari-dep-{}", cell.id);
        let start = Instant::now();
        let mut shown: Option<Instant> = None;
        let mut last_step = String::new();
        let result = self.builder.compiler.dependencies.add(lines, &mut |step| {
            let is_due = match shown {
                None => start.elapsed() > BEFORE_PROGRESS,
                Some(last) => last.elapsed() > BETWEEN_STEPS,
            };
            if !step.is_empty() {
                step.clone_into(&mut last_step);
            }
            if is_due {
                let seconds = start.elapsed().as_secs();
                let text = format!("building the dependencies, {seconds} s: {last_step}");
                let (metadata, display_id) = (MimeBundle::new(), Some(id.clone()));
                let update = shown.is_some();
                sink.output(Output::Display { data: plain(&text), metadata, display_id, update });
                shown = Some(Instant::now());
            }
            cell.stop.wish().is_none()
        });
        if shown.is_some() {
            sink.output(Output::Clear { wait: false });
        }
        self.state.crates = self.builder.compiler.dependencies.contents();
        let warnings = result.map_err(|error| {
            let name = match error {
                DepError::Interrupted => "Interrupted",
                _ => "DependencyError",
            };
            plain_error(name, &error.to_string())
        })?;
        for warning in warnings {
            let text = format!("warning: {warning}\n");
            sink.output(Output::Stream { stream: Stream::Stderr, text });
        }
        Ok(())
    }

    /// Runs one command line.
    fn command(
        &mut self,
        line: &str,
        cell: &Cell<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), CellError> {
        if let Some(shell) = line.strip_prefix('!') {
            return self.run_shell(shell.trim(), cell, sink);
        }
        if is_told(line) {
            if line == ":vars" {
                self.look_at_values();
            }
            self.note_facts();
            sink.output(self.board.answer(line)?);
            return Ok(());
        }
        let (word, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match (word, argument.trim()) {
            (":opt", "") => {
                show(&format!("optimisation level {}\n", self.builder.compiler.opt_level), sink)
            }
            (":opt", level @ ("0" | "1" | "2" | "3")) => {
                self.builder.compiler.opt_level = level.to_owned();
                self.builder.compiler.is_level_chosen = true;
            }
            (":opt", level) => {
                return Err(command_error(&format!(
                    "`{level}` is no optimisation level (use 0, 1, 2 or 3)"
                )));
            }
            (":edition", "") => show(&format!("edition {}\n", self.builder.compiler.edition), sink),
            (":edition", year) => {
                self.builder.compiler.edition = year
                    .parse()
                    .map_err(|error: UnknownEdition| command_error(&error.to_string()))?;
            }
            (":lang", "") => show(&format!("{}\n", self.builder.teacher.language), sink),
            (":lang", language) => {
                self.builder.teacher.language = language
                    .parse()
                    .map_err(|error: UnknownLanguage| command_error(&error.to_string()))?;
                self.child.handle().send(&self.builder.teacher.told());
            }
            (":clear", "") => {
                let crates = std::mem::take(&mut self.state.crates);
                self.state = State { crates, ..State::default() };
                self.builder.identities = Identities::default();
                self.journal.clear();
                self.bring_back(cell, Extent::Quick)?;
            }
            (":replay", "") => {
                let summary = self.bring_back(cell, Extent::All)?;
                show(&summary, sink);
            }
            (":dep", _) => {
                return Err(plain_error("DependencyError", &LineError::Nothing.to_string()));
            }
            (":time", "") => self.is_timed_once = true,
            (":time", _) => {
                return Err(command_error("`:time` stands in a line of its own, above the code"));
            }
            (":timing", "") => self.is_timed = !self.is_timed,
            (":restart", "") => self.restart(cell)?,
            (":env", setting) => self.set_variable(setting, cell, sink)?,
            _ => {
                let meant = nearest(word, command_list::listed_names());
                let meant = meant.map(|it| format!(" (did you mean `{it}`?)"));
                return Err(command_error(&format!(
                    "unknown command `{word}`{}; `:help` lists them",
                    meant.unwrap_or_default()
                )));
            }
        }
        Ok(())
    }

    /// The error of a command that stands below code, where none is read. `code` is the cell's text
    /// without the commands at its top.
    pub(super) fn command_below_code(&self, code: &str, cell: &Cell<'_>) -> Option<CellError> {
        let (line, column, word) = head::command_below_code(code, command_list::is_command)?;
        let end = column.saturating_add(u32::try_from(word.len()).unwrap_or(u32::MAX));
        let place = Place { cell: cell.id, start: (line, column), end: (line, end) };
        let message = Message {
            text: format!("`{word}` must stand at the top of a cell, before all code"),
            labels: vec![(place, "code stands above".to_owned())],
            helps: vec!["move this line to the top, or into a cell of its own".to_owned()],
            ..Message::default()
        };
        Some(self.builder.taught(vec![message], &self.state))
    }

    /// Starts another process: variables are gone, items stay.
    fn restart(&mut self, cell: &Cell<'_>) -> Result<(), CellError> {
        let names: Vec<String> = self.state.variables.keys().cloned().collect();
        for name in names {
            self.state.forget(&name, Absence::ProcessEnded { cell: cell.id });
        }
        self.builder.identities = Identities::default();
        self.journal.clear();
        self.bring_back(cell, Extent::Quick).map(drop)
    }

    /// Sets a variable of the environment in the process of the cells, as a cell would.
    fn set_variable(
        &mut self,
        setting: &str,
        cell: &Cell<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), CellError> {
        let (name, value) = setting
            .split_once('=')
            .filter(|(name, _)| !name.trim().is_empty())
            .ok_or_else(|| command_error("write `:env NAME=value`"))?;
        // SAFETY of the text: it runs between cells, as `:env` of evcxr does.
        let code = format!("unsafe {{ std::env::set_var({:?}, {value:?}) }};", name.trim());
        self.run_cell(&Cell { code: &code, ..*cell }, sink)
    }

    /// Runs a shell command in the process that runs cells, so that an interrupt reaches it as it
    /// reaches a cell.
    fn run_shell(
        &mut self,
        command: &str,
        cell: &Cell<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), CellError> {
        self.wake(cell.id, cell.stop, sink)?;
        let report = self.run(Task::Line(command), cell.stop, sink);
        if let RunEnd::Died(death) = &report.end {
            self.recover(death, cell.id, cell.stop);
        }
        match report.end {
            _ if cell.stop.wish().is_some() => {
                Err(plain_error("Interrupted", &format!("`{command}` was interrupted")))
            }
            RunEnd::Returned(0) => Ok(()),
            RunEnd::Returned(code) => {
                Err(command_error(&format!("`{command}` failed with exit code {code}")))
            }
            _ => Err(command_error(&format!("could not run `{command}`"))),
        }
    }

    fn bring_back(&mut self, cell: &Cell<'_>, extent: Extent) -> Result<String, CellError> {
        self.rebuild(cell.id, extent, cell.stop, 0).map_err(|error| {
            let name = match error {
                ReplayError::Interrupted => "Interrupted",
                ReplayError::Start(_) => "ProcessCrash",
            };
            plain_error(name, &error.to_string())
        })
    }

    /// The session's dependencies, items and variables as code, for the analyser, which never runs
    /// it.
    pub(super) fn session_code(&self) -> String {
        let lines = self.builder.compiler.dependencies.lines();
        let items = self.state.items.iter().map(|kept| kept.item.piece.text.clone());
        let variables = self.state.variables.iter().map(|(name, variable)| {
            let keyword = if variable.is_mut { "let mut" } else { "let" };
            format!("{keyword} {name}: {} = todo!();", variable.type_text)
        });
        lines.chain(items).chain(variables).map(|line| line + "\n").collect()
    }

    /// The session's names, for completion.
    pub(super) fn session_names(&self) -> Vec<Name> {
        let variables = self.state.variables.iter().map(|(name, variable)| Name {
            module: String::new(),
            name: name.clone(),
            kind: "instance".into(),
            detail: format!("let {name}: {}", variable.type_text),
            documentation: self.values.of(name).unwrap_or_default().to_owned(),
        });
        let items = self.state.items.iter().filter_map(|kept| {
            let (name, kind) = match &kept.item.key {
                ItemKey::Type(name) => (name, "class"),
                ItemKey::Value(name) => (name, "function"),
                ItemKey::Macro(name) => (name, "function"),
                _ => return None,
            };
            let head = kept.item.piece.text.split('{').next().unwrap_or_default().trim();
            Some(Name {
                module: String::new(),
                name: name.clone(),
                kind: kind.into(),
                detail: head.to_owned(),
                documentation: String::new(),
            })
        });
        variables.chain(items).collect()
    }
}

fn show(text: &str, sink: &mut dyn Sink) {
    sink.output(Output::text(text.trim_end()));
}
