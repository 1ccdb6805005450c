//! The seam between a compiled cell and the process that runs it.
//!
//! Generated cell code calls the functions that `akari_seam::path` lists, and macros that expand to the
//! others; the process that loads the cell calls the C functions in `host`. Nothing here is part of
//! the public API, and nothing here writes to stdout or stderr, which belong to the learner, but for a program's
//! last values.

mod before;
mod blanks;
mod calls;
mod display;
mod ending;
mod failure;
mod future;
mod hidden;
mod host;
mod language;
mod memory;
mod once;
mod platform;
mod questions;
mod sources;
mod store;
mod values;
mod widgets;
mod wire;

pub use before::{Contents, NoContents, Weighed, before, bring_back, put_back};
pub(crate) use blanks::{blanks_made, has_unseen_blank, note_blank};
pub use display::{AnyDisplayed, Displayed, EvcxrFallback, NotDisplayed, as_tensor, send_result};
pub(crate) use ending::{the_cell_ends as end_cell, when_the_cell_ends};
pub use failure::{ErrorText, Failed, interrupt_point, run};
pub(crate) use failure::{contained, fail_cell, fail_cell_in_words};
pub use future::block_on;
pub(crate) use hidden::loader_of_tests;
pub(crate) use language::is_japanese;
pub use memory::{return_memory, reuse_memory};
pub use once::before_cells;
pub(crate) use platform::ask_for_large_pages;
pub use questions::Questioned;
pub use store::{has, put, take};
pub(crate) use widgets::{Shared, keep_reaction, keep_value};
pub(crate) use wire::{is_connected, send};
