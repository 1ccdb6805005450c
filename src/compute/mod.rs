//! The one way in which numbers of the prelude are computed: activations, layers, losses and optimizers are rows on it.
//!
//! `number.rs` has the two types that formulas are written for, `loops.rs` how a formula runs over many numbers (into `room.rs` where it appends),
//! `lanes.rs` which instructions it becomes, `copy.rs` how these come to lie side by side, `beside.rs` iterators that inline, `matrix.rs` products of matrices, `op.rs` how such loops become an
//! operation of candle's graph, `sums.rs` sums, `reduce.rs` what a loss makes of its values. `threads.rs` shares work
//! between cores, whose threads `crew.rs` keeps, `any.rs` is for loops over numbers of any dtype, `recording.rs` the switch of `no_grad`, `watch.rs` who
//! looks on.

pub(crate) mod any;
pub(crate) mod beside;
pub(crate) mod copy;
mod crew;
pub(crate) mod lanes;
pub(crate) mod loops;
pub(crate) mod matrix;
pub(crate) mod number;
pub(crate) mod op;
pub(crate) mod parts;
pub(crate) mod recording;
pub(crate) mod reduce;
pub(crate) mod room;
pub(crate) mod sums;
pub(crate) mod threads;
pub(crate) mod watch;
