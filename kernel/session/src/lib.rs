//! The part of the kernel that runs while a notebook is open: Jupyter's protocol, the cell engine, and the process that
//! runs cells.
//!
//! The program `akari` (`kernel/src`) is made of this and of its commands. Here stands what a learner waits for at each cell
//! and at each start, and is optimised; commands and setting up are not. Rooms may name each other as
//! `tests/tidy/tables.rs` says.
//!
//! `unsafe` stands only in the files that allow it themselves (`tests/tidy/tables.rs` lists them).

#![deny(unsafe_code)]

pub mod cargo;
pub mod engine;
pub mod hidden;
pub mod history;
pub mod home;
pub mod jupyter;
pub mod platform;
pub mod process;
pub mod runtime;
