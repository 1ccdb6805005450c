//! Lines that begin with `:` or `!`: the session's commands, under evcxr's names where it has them.

use std::sync::atomic::Ordering;

use super::InstantEngine;
use super::parse::ItemKey;
use super::state::State;
use crate::engine::names::Name;
use crate::engine::outcome::{CellError, MimeBundle, Output};
use crate::engine::traceback::plain_error;
use crate::engine::{Cell, Sink};
use crate::runtime::parent::RunEnd;

const HELP: &str = "\
:vars            the session's variables and their types
:type NAME       the type of a variable
:opt [LEVEL]     shows or sets the optimisation level of cells: 0, 1, 2, 3
:clear           forgets all variables, items and imports
:help            this list
!COMMAND         runs a shell command
";

impl InstantEngine {
    /// Runs one command line.
    pub(super) fn command(
        &mut self,
        line: &str,
        cell: &Cell<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), CellError> {
        if let Some(shell) = line.strip_prefix('!') {
            return self.run_shell(shell.trim(), cell, sink);
        }
        let (word, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match (word, argument.trim()) {
            (":vars", "") => show(&self.variables(), sink),
            (":type" | ":t", name) => match self.state.variables.get(name) {
                Some(variable) => show(&format!("{name}: {}\n", variable.type_text), sink),
                None => {
                    return Err(command_error(&format!(
                        "there is no variable `{name}`; `:vars` lists them"
                    )));
                }
            },
            (":opt", "") => {
                show(&format!("optimisation level {}\n", self.builder.compiler.opt_level), sink)
            }
            (":opt", level @ ("0" | "1" | "2" | "3")) => {
                self.builder.compiler.opt_level = level.to_owned()
            }
            (":opt", level) => {
                return Err(command_error(&format!(
                    "`{level}` is no optimisation level (use 0, 1, 2 or 3)"
                )));
            }
            (":clear", "") => {
                self.state = State::default();
                self.restart(0);
                self.state.gone.clear();
            }
            (":help", "") => show(HELP, sink),
            (":dep", _) => {
                return Err(command_error(
                    "`:dep` is not there yet: cells use the prelude, candle and the standard library",
                ));
            }
            _ => {
                return Err(command_error(&format!(
                    "unknown command `{word}`; `:help` lists them"
                )));
            }
        }
        Ok(())
    }

    /// The process of the cells runs it, so that it is interrupted and ends as they do.
    fn run_shell(
        &mut self,
        command: &str,
        cell: &Cell<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), CellError> {
        let report = self.run_line(command, sink);
        if report.child_died {
            self.restart(cell.count);
        }
        match report.end {
            RunEnd::Returned(0) => Ok(()),
            _ if self.shared.is_wanted.swap(false, Ordering::SeqCst) => {
                Err(plain_error("Interrupted", &format!("`{command}` was interrupted")))
            }
            RunEnd::Returned(code) => {
                Err(command_error(&format!("`{command}` failed with exit code {code}")))
            }
            _ => Err(command_error(&format!("could not run `{command}`"))),
        }
    }

    fn variables(&self) -> String {
        let line = |(name, variable): (&String, &super::state::KeptVariable)| {
            format!("{}{name}: {}\n", if variable.is_mut { "mut " } else { "" }, variable.type_text)
        };
        self.state.variables.iter().map(line).collect()
    }

    /// The session's names, for completion.
    pub(super) fn session_names(&self) -> Vec<Name> {
        let variables = self.state.variables.iter().map(|(name, variable)| Name {
            module: String::new(),
            name: name.clone(),
            kind: "instance".into(),
            detail: format!("let {name}: {}", variable.type_text),
            documentation: String::new(),
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
    let mut data = MimeBundle::new();
    data.insert("text/plain".into(), text.trim_end().into());
    sink.output(Output::Display {
        data,
        metadata: MimeBundle::new(),
        display_id: None,
        update: false,
    });
}

fn command_error(text: &str) -> CellError {
    plain_error("CommandError", text)
}
