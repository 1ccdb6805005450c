//! The list of commands, for `:help` and for completion. `command` carries them out.

use super::evcxr_commands;
use crate::engine::names::{COMMANDS, Name};

/// A command as it is typed, and what it does.
struct Listed {
    usage: &'static str,
    summary: &'static str,
    /// What it may be told, where that is a short list.
    choices: &'static [&'static str],
}

const LIST: &[Listed] = &[
    listed(":vars", "the session's variables, their types and values"),
    listed(":type NAME", "the type of a variable"),
    listed(":doc NAME", "what is known of a name: `:doc F::relu`"),
    listed(":dep NAME = ..", "adds a crate, as in Cargo.toml: `:dep rand = \"0.9\"`"),
    listed(":show_deps", "the crates that were added"),
    listed(":time", "shows the time that this cell takes"),
    listed(":timing", "shows the time that each cell takes, or no longer"),
    Listed {
        choices: &["0", "1", "2", "3"],
        ..listed(":opt [LEVEL]", "shows or sets the optimisation level of cells: 0, 1, 2, 3")
    },
    Listed {
        choices: &["2018", "2021", "2024"],
        ..listed(":edition [YEAR]", "shows or sets the edition of Rust: 2018, 2021, 2024")
    },
    Listed {
        choices: &["en", "ja"],
        ..listed(":lang [LANGUAGE]", "shows or sets the language of errors: en, ja")
    },
    listed(":env NAME=VALUE", "sets a variable of the environment for cells"),
    listed(":explain [CODE]", "the compiler's explanation of an error, of the last one by itself"),
    listed(":restart", "forgets all variables, and keeps items and imports"),
    listed(":version", "the version of Akari"),
    listed(":clear", "forgets all variables, items and imports"),
    listed(":replay", "runs the session's cells again unseen, for variables that a crash took"),
    listed(":help", "this list"),
    listed("!COMMAND", "runs a shell command"),
];

/// Commands that are not in the list that learners see, and do something.
const UNLISTED: &[&str] = &[":last_compile_dir", ":t"];

const fn listed(usage: &'static str, summary: &'static str) -> Listed {
    Listed { usage, summary, choices: &[] }
}

impl Listed {
    fn name(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or(self.usage)
    }
}

/// The answer to `:help`.
pub fn help() -> String {
    LIST.iter().map(|it| format!("{:<17}{}\n", it.usage, it.summary)).collect()
}

/// The commands in the list that learners see.
pub fn listed_names() -> impl Iterator<Item = &'static str> {
    LIST.iter().map(Listed::name).filter(|it| it.starts_with(':'))
}

/// Whether a word is a command's name.
pub fn is_command(word: &str) -> bool {
    let is_known = LIST.iter().any(|it| it.name() == word) || UNLISTED.contains(&word);
    word.starts_with(':') && (is_known || evcxr_commands::note(word).is_some())
}

/// The commands, and what they may be told, as names to complete.
pub fn names() -> Vec<Name> {
    let name = |module: &str, name: &str, detail: &str, documentation: &str| Name {
        module: module.to_owned(),
        name: name.to_owned(),
        kind: "command".into(),
        detail: detail.to_owned(),
        documentation: documentation.to_owned(),
    };
    let listed = LIST.iter().filter(|it| it.usage.starts_with(':')).flat_map(|it| {
        let choices = it.choices.iter().map(|choice| name(it.name(), choice, "", ""));
        std::iter::once(name(COMMANDS, it.name(), it.usage, it.summary)).chain(choices)
    });
    let others = UNLISTED.iter().copied().chain(evcxr_commands::names());
    listed.chain(others.map(|it| name(COMMANDS, it, it, ""))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_there_once() {
        let mut all: Vec<String> =
            names().into_iter().filter(|it| it.module == COMMANDS).map(|it| it.name).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
        for name in [":dep", ":show_deps", ":opt", ":sccache", ":quit"] {
            assert!(all.iter().any(|it| it == name), "{name}");
        }
        assert!(help().contains(":opt [LEVEL]     shows"), "{}", help());
    }
}
