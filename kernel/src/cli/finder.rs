//! How an engine finds the program `akari-evcxr`, and what a learner is told while it is not there.

use super::words;
use crate::engine::finder::Finder;
use crate::home;
use crate::setup::evcxr_program::{self, State};
use crate::setup::toolchain::Toolchain;

/// How an engine finds the program.
pub fn finder(toolchain: Toolchain) -> Finder {
    Finder::new(move || match evcxr_program::state(&toolchain) {
        Ok(State::Built(program)) => Ok(program),
        Ok(state) => Err(words::whole(&note(&state))),
        Err(error) => Err(words::whole(&format!("fields and methods can't be completed: {error}"))),
    })
}

/// What a learner is told who asks for more than names.
fn note(state: &State) -> String {
    let soon = "fields and methods can be completed in a few minutes".to_owned();
    match state {
        State::Building | State::Built(_) => soon,
        State::Wanted => match evcxr_program::begin() {
            Ok(()) => soon,
            Err(error) => format!("fields and methods can't be completed: {error}"),
        },
        State::Failed(log) => format!(
            "fields and methods can't be completed: their analyser could not be built (cargo's messages are in `{}`); `akari install` tries again",
            log.display()
        ),
        State::Missing if home::find_shared().is_ok_and(|it| it.is_some()) => {
            "fields and methods can be completed once the owner of AKARI_SHARED has run `akari install --shared`".to_owned()
        }
        State::Missing => {
            "fields and methods can be completed a few minutes after `akari install`".to_owned()
        }
    }
}
