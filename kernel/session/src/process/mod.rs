//! Programs that the kernel starts, so that none outlives it: process groups, a guard over a group
//! with grandchildren, a run whose messages go to a log file.
//!
//! What the programs are for is their callers' business: compilers (`engine::instant`), cargo
//! (`cargo`), Python's installers (`setup`), the process that runs cells (`runtime`). This folder
//! depends on nothing else of ours.

pub mod group;
pub mod guard;
pub mod logged;
