//! Cargo, as those use it who build something: what it is kept from obeying, one run of it,
//! what its messages say.
//!
//! What is built, and where it is kept, is the business of `setup` (the prelude) and
//! `engine::instant::deps` (crates of `:dep` lines).

pub mod artifact;
pub mod environment;
pub mod failure;
pub mod lock;
pub mod run;
