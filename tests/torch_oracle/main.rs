//! The prelude against vectors that PyTorch wrote: the file named by `AKARI_ORACLE`, else seed 1.
//!
//! Tolerances: f64 1e-10 relative; f32 values 2e-6 relative + 1e-6 absolute, gradients 1e-5,
//! trajectories 2e-5; text to the character.
#![allow(clippy::unwrap_used)]

mod activations;
mod closed;
mod errors_functional;
mod errors_loss;
mod errors_optim;
mod functions;
mod lesson;
mod losses;
mod optimizers;
mod prints;
mod reprs;
mod reprs_optim;
mod schedulers;
mod tally;
mod vectors;
