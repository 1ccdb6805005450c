//! What is wrong with a lesson, a line each.

use std::fmt;
use std::path::PathBuf;

/// Something that an author has to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub file: PathBuf,
    /// The id of a cell, or an exercise of the key.
    pub place: String,
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.trim_end().replace('\n', " | ");
        match self.place.as_str() {
            "" => write!(f, "{}: {text}", self.file.display()),
            place => write!(f, "{}: {place}: {text}", self.file.display()),
        }
    }
}
