//! How loops over many numbers are spread: over the lanes of a processor, then over its cores.
//!
//! Pieces have a fixed size and their sums are added in order, so a result doesn't depend on the
//! number of threads.
#![allow(unsafe_code)] // One call of a function compiled for AVX2 and FMA, behind a check.

use std::ops::Range;

use candle_core::{Result, WithDType};
use rayon::prelude::*;

/// Elements of a piece that one thread works on; few enough for its second-level cache.
pub(crate) const PIECE: usize = 1 << 15;

/// Runs a loop with AVX2 and fused multiply-add where the processor has them. `work` must inline to profit: give it as
/// `#[inline(always)] || ..`.
#[inline(always)]
pub(crate) fn vectorized<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        fn wide<T>(work: impl FnOnce() -> T) -> T {
            work()
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the line above found the features that `wide` needs.
            return unsafe { wide(work) };
        }
    }
    work()
}

/// The sums over all pieces of `0..len` of the numbers that `work` gives for a piece.
pub(crate) fn sum_pieces<const N: usize>(
    len: usize,
    piece: usize,
    work: impl Fn(Range<usize>) -> Result<[f64; N]> + Sync,
) -> Result<[f64; N]> {
    if len <= piece {
        return work(0..len);
    }
    let sums = (0..len.div_ceil(piece))
        .into_par_iter()
        .map(|index| work(index * piece..((index + 1) * piece).min(len)))
        .collect::<Result<Vec<[f64; N]>>>()?;
    let add = |a: [f64; N], b: [f64; N]| std::array::from_fn(|index| a[index] + b[index]);
    Ok(sums.into_iter().fold([0.0; N], add))
}

/// Calls `work` with each piece of `out` and the index of its first element.
pub(crate) fn fill_pieces<T: Send>(
    out: &mut [T],
    piece: usize,
    work: impl Fn(usize, &mut [T]) -> Result<()> + Sync,
) -> Result<()> {
    if out.len() <= piece {
        return work(0, out);
    }
    out.par_chunks_mut(piece)
        .enumerate()
        .map(|(index, out)| work(index * piece, out))
        .collect::<Result<()>>()
}

/// The sum of numbers, added up in `f64` on eight lanes.
#[inline(always)]
pub(crate) fn sum_lanes<T: WithDType>(values: &[T]) -> f64 {
    let mut lanes = [0.0; 8];
    let blocks = values.chunks_exact(8);
    let rest = blocks.remainder().iter().map(|value| value.to_f64()).sum::<f64>();
    for block in blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane += value.to_f64();
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// The sum of `len` values, which doesn't drift: blocks are added in the numbers' own type, in
/// lanes that a processor adds side by side, and the sums of blocks in `f64`.
#[inline(always)]
pub(crate) fn sum_of<T: WithDType>(len: usize, value: impl Fn(usize) -> T) -> f64 {
    const LANES: usize = 16;
    const BLOCK: usize = 64 * LANES;
    let mut total = 0.0;
    for start in (0..len).step_by(BLOCK) {
        let end = len.min(start + BLOCK);
        let mut lanes = [T::zero(); LANES];
        let whole = start + (end - start) / LANES * LANES;
        for first in (start..whole).step_by(LANES) {
            for (lane, sum) in lanes.iter_mut().enumerate() {
                *sum += value(first + lane);
            }
        }
        total += (whole..end).map(|index| value(index).to_f64()).sum::<f64>();
        total += lanes.iter().map(|lane| lane.to_f64()).sum::<f64>();
    }
    total
}
