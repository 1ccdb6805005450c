//! Whether a compiler failed because the prelude is no longer what was built.
//!
//! To compare every byte of the prelude takes a third of a second or more, so only errors that may
//! come from libraries lead here. `build` asks; `home::manifest` compares.

use std::path::Path;

use super::compile::{CompileError, Diagnostic};
use crate::engine::outcome::CellError;
use crate::engine::traceback::plain_error;
use crate::home;
use crate::home::manifest::{self, Depth};

/// Codes of rustc for crates that can't be found, read or put together.
const CODES: &[&str] = &["E0460", "E0461", "E0462", "E0463", "E0464", "E0514", "E0519", "E0786"];

/// The error of a cell that could not be compiled because the prelude in the folder is damaged.
pub fn damage(error: &CompileError, prelude: &Path) -> Option<CellError> {
    let may_be_damaged = match error {
        CompileError::Code(diagnostics) => diagnostics.iter().any(is_of_libraries),
        CompileError::Crashed { .. }
        | CompileError::Internal { .. }
        | CompileError::Silent { .. } => true,
        CompileError::Stopped
        | CompileError::Killed
        | CompileError::Start { .. }
        | CompileError::Write { .. } => false,
    };
    if !may_be_damaged {
        return None;
    }
    let damaged = manifest::check(prelude, Depth::Contents).err()?;
    let text = match home::is_beside_program(prelude) {
        // A session keeps its prelude, and a build of the user's own lies elsewhere.
        true => format!("{damaged}; run `akari install`, then restart the kernel"),
        false => format!("{damaged}; run `akari install`, then this cell again"),
    };
    Some(plain_error("PreludeDamaged", &text))
}

fn is_of_libraries(diagnostic: &Diagnostic) -> bool {
    let code = diagnostic.code.as_ref().map(|code| code.code.as_str());
    let beginnings = ["extern location for", "found invalid metadata", "linking with"];
    code.is_some_and(|code| CODES.contains(&code))
        || beginnings.iter().any(|it| diagnostic.message.starts_with(it))
}
