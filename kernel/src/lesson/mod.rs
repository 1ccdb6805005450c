//! What authors of lessons do: a new lesson, the check of one, the versions for learners and for nbgrader.
//!
//! Pure: the caller reads files, runs cells and writes. A lesson is a notebook in a folder of its language, the notebook
//! of the same name in the other language's folder, and a key for both; docs/lessons.md has the form of their cells.

pub mod finding;
pub mod hidden;
pub mod parallel;
pub mod prose;
pub mod rehearse;
pub mod sheet;
pub mod student;
pub mod template;
