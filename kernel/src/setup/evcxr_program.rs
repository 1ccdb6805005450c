//! The program `akari-evcxr`: found beside this one, where cargo puts both.

use std::path::PathBuf;

/// The program's name.
const NAME: &str = "akari-evcxr";

/// The program beside this one, if it is there. Whoever could write it could write this one.
pub fn find() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.with_file_name(NAME);
    path.is_file().then_some(path)
}
