//! Notebooks without Jupyter: the file format, running the cells, comparing the outputs, pages of them.

pub mod check;
pub mod error;
pub mod format;
pub mod page;
pub mod run;
pub mod store;
