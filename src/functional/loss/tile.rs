//! A few positions of logits side by side, so that softmax runs over lanes however few the classes.
//!
//! Both cross entropies load a tile, compute in it, and scatter the results; positions come from `classes.rs`.
#![allow(clippy::needless_range_loop)] // An index runs over several arrays at once.

use crate::compute::beside::{Beside, each};
use crate::compute::number::Number;

/// Positions of a tile.
pub(super) const LANES: usize = 16;

/// For each class, the numbers of all positions.
pub(super) struct Tile<R> {
    /// `x - max`.
    pub shifted: Vec<[R; LANES]>,
    /// `exp(x - max)`.
    pub powers: Vec<[R; LANES]>,
    /// The sums of the powers over all classes.
    pub sums: [R; LANES],
}

impl<R: Number> Tile<R> {
    pub(super) fn new(classes: usize) -> Self {
        Tile {
            shifted: vec![[R::zero(); LANES]; classes],
            powers: vec![[R::zero(); LANES]; classes],
            sums: [R::zero(); LANES],
        }
    }

    /// Takes the logits of the positions that begin at `bases`.
    #[inline(always)]
    pub(super) fn load(&mut self, xs: &[R], bases: &[usize; LANES], stride: usize) {
        gather(&mut self.shifted, xs, bases, stride);
        let mut max = [-R::INFINITY; LANES];
        for row in &self.shifted {
            for lane in 0..LANES {
                max[lane] = if row[lane] > max[lane] { row[lane] } else { max[lane] };
            }
        }
        for (row, powers) in self.shifted.iter_mut().beside(&mut self.powers) {
            for lane in 0..LANES {
                row[lane] -= max[lane];
            }
            *powers = *row;
        }
        for power in self.powers.as_flattened_mut() {
            *power = power.exp();
        }
        let mut sums = [0.0; LANES];
        for row in &self.powers {
            for lane in 0..LANES {
                sums[lane] += row[lane].to_f64();
            }
        }
        self.sums = each(sums, R::of);
    }
}

/// Turns positions into lanes.
#[inline(always)]
pub(super) fn gather<R: Number>(
    rows: &mut [[R; LANES]],
    xs: &[R],
    bases: &[usize; LANES],
    stride: usize,
) {
    if stride == 1 {
        for lane in 0..LANES {
            let xs = &xs[bases[lane]..][..rows.len()];
            for (row, x) in rows.iter_mut().beside(xs) {
                row[lane] = *x;
            }
        }
    } else {
        for (class, row) in rows.iter_mut().enumerate() {
            for lane in 0..LANES {
                row[lane] = xs[bases[lane] + class * stride];
            }
        }
    }
}

/// Turns one lane back into a position of `out`.
#[inline(always)]
pub(super) fn scatter<R: Number>(
    rows: &[[R; LANES]],
    lane: usize,
    out: &mut [R],
    base: usize,
    stride: usize,
) {
    for (row, out) in rows.iter().beside(out[base..].iter_mut().step_by(stride.max(1))) {
        *out = row[lane];
    }
}
