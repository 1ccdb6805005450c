//! The hidden tests of a lesson: which exercises have some, and where their files lie.
//!
//! The source stays with the teacher, in a folder `hidden` beside that of the keys, which learners get. What learners get
//! of it is the library beside the notebook.

use std::path::{Path, PathBuf};

use akari_key::Exercise;

use super::finding::Fault;
use super::sheet::Sheet;

/// The lesson that the hidden tests of a notebook are for; none where it has none.
pub fn lesson(sheet: &Sheet) -> Option<&str> {
    let exercise = sheet.exercises().iter().find(|it| it.hidden)?;
    akari_key::lesson_of(&exercise.id).ok()
}

/// The teacher's source of the lesson's hidden tests.
pub fn source(sheet: &Sheet, lesson: &str) -> Option<PathBuf> {
    let keys = sheet.key.as_ref()?.0.parent()?;
    Some(keys.parent()?.join("hidden").join(format!("{lesson}.rs")))
}

/// The library of a lesson beside a notebook.
pub fn library(notebook: &Path, lesson: &str) -> PathBuf {
    notebook.with_file_name(akari_key::hidden_library(lesson))
}

/// Whether the source has tests for the exercises that are to have some, and for no others.
pub fn fits(exercises: &[Exercise], source: &Path, text: &str) -> Result<(), Fault> {
    let has_test = |id: &str| text.contains(&format!("{id:?}"));
    for exercise in exercises {
        let (source, id) = (source.to_owned(), exercise.id.clone());
        match (exercise.hidden, has_test(&id)) {
            (true, false) => return Err(Fault::NoHiddenTest { source, id }),
            (false, true) => return Err(Fault::NotHidden { source, id }),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use akari_key::Key;
    use serde_json::json;

    use super::*;
    use crate::notebook::format::Notebook;

    const KEY: &str = "[[exercise]]\nid = \"09-1\"\n[[exercise.answer]]\nvalue = 1\n\
                       [[exercise]]\nid = \"09-2\"\nhidden = true\n[[exercise.answer]]\n";

    fn sheet(key: &str) -> Sheet {
        let notebook = Notebook::of_json(json!({"nbformat": 4, "cells": []}));
        let key = Key::parse(key).unwrap();
        Sheet::new(Path::new("/c/ja/09-a.ipynb"), notebook, Some(("/c/keys/09.toml".into(), key)))
    }

    #[test]
    fn source_lies_beside_the_keys_and_the_library_beside_the_notebook() {
        let hidden = sheet(KEY);
        assert_eq!(lesson(&hidden), Some("09"));
        assert_eq!(source(&hidden, "09"), Some("/c/hidden/09.rs".into()));
        let library = library(&hidden.path, "09");
        assert!(library.to_string_lossy().starts_with("/c/ja/09.hidden."), "{}", library.display());
        let open =
            KEY.replace("hidden = true\n[[exercise.answer]]", "[[exercise.answer]]\nvalue = 2");
        assert_eq!(lesson(&sheet(&open)), None);
    }

    #[test]
    fn tests_are_there_for_hidden_exercises_and_no_others() {
        let hidden = sheet(KEY);
        let fits = |text: &str| fits(hidden.exercises(), Path::new("/c/hidden/09.rs"), text);
        assert_eq!(fits("hidden! { \"09-2\" => |y| {} }"), Ok(()));
        let missing = fits("hidden! { \"09-3\" => |y| {} }").unwrap_err();
        assert!(matches!(missing, Fault::NoHiddenTest { .. }), "{missing:?}");
        let more = fits("\"09-1\" \"09-2\"").unwrap_err();
        assert!(matches!(&more, Fault::NotHidden { id, .. } if id == "09-1"), "{more:?}");
    }
}
