//! Commands that only tell what is known, such as `:vars` and `:doc`: answered from any thread, also while a cell runs.
//!
//! What they tell of the session is a copy that the engine makes between cells, so an answer while a cell runs is as
//! of the moment before that cell. `command` carries out everything else.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::InstantEngine;
use super::command_list;
use super::evcxr_commands;
use super::head::blank_head;
use crate::engine::names::Names;
use crate::engine::outcome::{CellError, MimeBundle, Outcome, Output};
use crate::engine::traceback::plain_error;
use crate::engine::{Sink, Teller};

/// A longer text is no question.
const LONGEST: usize = 10_000;

/// What the session knows, for whoever asks.
#[derive(Debug)]
pub struct Board {
    names: Arc<Names>,
    rustc: PathBuf,
    folder: PathBuf,
    facts: RwLock<Facts>,
}

/// A copy of the session, as far as commands tell of it.
#[derive(Debug, Default)]
pub struct Facts {
    pub variables: Vec<Fact>,
    /// The lines of `:dep`.
    pub crates: Vec<String>,
    /// The code of the last error that the compiler found.
    pub last_code: Option<String>,
}

/// A variable of the session.
#[derive(Debug)]
pub struct Fact {
    pub name: String,
    pub is_mut: bool,
    pub type_text: String,
    /// A few words on the value.
    pub value: Option<String>,
}

impl Board {
    pub fn new(names: &Arc<Names>, rustc: PathBuf, folder: PathBuf) -> Board {
        Board { names: Arc::clone(names), rustc, folder, facts: RwLock::default() }
    }

    fn facts(&self) -> RwLockReadGuard<'_, Facts> {
        self.facts.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to a command line for which [`is_told`] holds.
    pub fn answer(&self, line: &str) -> Result<Output, CellError> {
        let (word, argument) = split(line);
        let text = match (word, argument) {
            (":vars", _) => self.variables(),
            (":type" | ":t", name) => self.type_of(name)?,
            (":doc", name) => return self.documentation(name),
            (":help", _) => command_list::help(),
            (":show_deps", _) => self.facts().crates.join("\n"),
            (":version", _) => format!("akari {}", env!("CARGO_PKG_VERSION")),
            (":last_compile_dir", _) => self.folder.display().to_string(),
            (":explain", code) => self.explain(code)?,
            _ => evcxr_commands::note(word).unwrap_or_default(),
        };
        Ok(Output::text(text.trim_end()))
    }

    fn variables(&self) -> String {
        let line = |Fact { name, is_mut, type_text, value }: &Fact| {
            let keyword = if *is_mut { "mut " } else { "" };
            let value = value.as_ref().map(|it| format!(" = {it}")).unwrap_or_default();
            format!("{keyword}{name}: {type_text}{value}\n")
        };
        self.facts().variables.iter().map(line).collect()
    }

    fn type_of(&self, name: &str) -> Result<String, CellError> {
        let facts = self.facts();
        let variable = facts.variables.iter().find(|it| it.name == name).ok_or_else(|| {
            command_error(&format!("there is no variable `{name}`; `:vars` lists them"))
        })?;
        Ok(format!("{name}: {}", variable.type_text))
    }

    fn documentation(&self, name: &str) -> Result<Output, CellError> {
        // The name may stand behind its module: `F::relu`.
        let found = self.names.inspect(name, name.len());
        let data =
            found.ok_or_else(|| command_error(&format!("nothing is known of `{name}`")))?.data;
        Ok(Output::Display { data, metadata: MimeBundle::new(), display_id: None, update: false })
    }

    /// The compiler's explanation of an error code, of the last error's where none is given.
    fn explain(&self, code: &str) -> Result<String, CellError> {
        let code = match code {
            "" => self.facts().last_code.clone().ok_or_else(|| {
                command_error("no cell has failed with an error code yet; write `:explain E0382`")
            })?,
            code => code.to_owned(),
        };
        let unknown = || command_error(&format!("the compiler explains no error `{code}`"));
        let is_code = code.len() == 5 && code.starts_with('E') && code[1..].parse::<u16>().is_ok();
        if !is_code {
            return Err(unknown());
        }
        let output = Command::new(&self.rustc)
            .args(["--explain", &code])
            .output()
            .map_err(|error| command_error(&format!("could not start the compiler: {error}")))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(unknown()),
        }
    }
}

impl Teller for Board {
    fn tells(&self, code: &str) -> bool {
        lines(code).is_some()
    }

    fn tell(&self, code: &str, sink: &mut dyn Sink) -> Outcome {
        for line in lines(code).unwrap_or_default() {
            match self.answer(&line) {
                Ok(output) => sink.output(output),
                Err(error) => return Outcome::Failed(error),
            }
        }
        Outcome::Done
    }
}

impl InstantEngine {
    /// Puts what the session knows now in the place of what is told.
    pub(super) fn note_facts(&self) {
        let variables = self.state.variables.iter().map(|(name, variable)| Fact {
            name: name.clone(),
            is_mut: variable.is_mut,
            type_text: variable.type_text.clone(),
            value: self.values.of(name).map(str::to_owned),
        });
        let crates = self.builder.compiler.dependencies.lines().collect();
        let last_code = self.last_code.clone();
        let facts = Facts { variables: variables.collect(), crates, last_code };
        *self.board.facts.write().unwrap_or_else(PoisonError::into_inner) = facts;
    }
}

/// Whether a command line only asks for what the session knows.
pub fn is_told(line: &str) -> bool {
    match split(line) {
        (":vars" | ":help" | ":version" | ":show_deps" | ":last_compile_dir", "") => true,
        (":type" | ":t" | ":explain", _) => true,
        (":doc", name) => !name.is_empty(),
        (word, _) => evcxr_commands::note(word).is_some(),
    }
}

/// The error of a command.
pub fn command_error(text: &str) -> CellError {
    plain_error("CommandError", text)
}

fn split(line: &str) -> (&str, &str) {
    let (word, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (word, argument.trim())
}

/// The command lines of a cell that asks, and does nothing else.
fn lines(code: &str) -> Option<Vec<String>> {
    if code.len() > LONGEST {
        return None;
    }
    let mut commands = Vec::new();
    let rest = blank_head(code, &mut commands);
    let is_comment = |line: &str| line.is_empty() || line.starts_with("//");
    let has_no_code = rest.lines().map(str::trim).all(is_comment);
    let lines: Vec<String> = commands.into_iter().map(|it| it.text).collect();
    let is_question = has_no_code && !lines.is_empty() && lines.iter().all(|it| is_told(it));
    is_question.then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_only_ask_are_known() {
        for code in [":vars", " :vars \n", "// all\n:vars\n:type x\n", ":doc F::relu", ":cache 5"] {
            assert!(lines(code).is_some(), "{code}");
        }
        for code in [
            "",
            "// :vars",
            ":vars\nx",
            ":vars all",
            ":doc",
            ":restart",
            "!ls",
            "x",
            ":opt 2",
            ":dep a",
        ] {
            assert!(lines(code).is_none(), "{code}");
        }
        assert!(lines(&format!(":type {}", "x".repeat(LONGEST))).is_none());
    }
}
