//! Notebooks without Jupyter: the file format, running the cells, comparing the outputs.

pub mod check;
pub mod format;
pub mod run;
pub mod store;
