//! The loops of convolutions by steps of one pixel: sums of products in the processor's registers.
//!
//! `conv_direct.rs` brings images, weights and gradients into the order that these loops take. Sums are arrays with names
//! of their own: of an array of arrays the compiler may think that it has to lie in memory.

use crate::compute::beside::{Beside, each};
use crate::compute::loops::{has_avx512, vectorized, vectorized_in_arrays};
use crate::compute::number::Number;

/// How many outputs are computed together.
pub(super) const OUTPUTS: usize = 4;

/// How many windows are computed together at most: a row of them has room for as many.
pub(super) const LANES: usize = 32;

/// How many weights' gradients are computed together, and of how many windows at a time.
const WEIGHTS: usize = 2;
const GRADIENT_LANES: usize = 8;

/// Writes a row to the beginning of a longer one, or the beginning of one to all of a shorter one.
#[inline]
pub(super) fn copy_row<T: Copy>(from: &[T], to: &mut [T]) {
    const SOME: usize = 8;
    let len = from.len().min(to.len());
    let (from, to) = (&from[..len], &mut to[..len]);
    // Rows are short, and a call costs more than a few moves: of a rest, some numbers are written twice.
    match (from.last_chunk::<SOME>(), to.last_chunk_mut::<SOME>()) {
        (Some(last), Some(place)) => {
            *place = *last;
            let (from, to) = (from.as_chunks::<SOME>().0, to.as_chunks_mut::<SOME>().0);
            to.iter_mut().beside(from).for_each(|(to, from)| *to = *from);
        }
        _ => to.copy_from_slice(from),
    }
}

/// Adds to the results of some outputs, for all windows, what some weights make of a padded image.
pub(super) fn convolve<T: Number>(
    padded: &[T],
    weights: &[[T; OUTPUTS]],
    offsets: &[usize],
    results: &mut [T],
) {
    // Two registers for each output keep a processor from waiting for its own sums.
    if has_avx512() {
        vectorized(
            #[inline(always)]
            || convolve_by::<T, LANES>(padded, weights, offsets, results),
        );
    } else {
        vectorized_in_arrays(
            #[inline(always)]
            || convolve_by::<T, 16>(padded, weights, offsets, results),
        );
    }
}

#[inline(always)]
fn convolve_by<T: Number, const N: usize>(
    padded: &[T],
    weights: &[[T; OUTPUTS]],
    offsets: &[usize],
    results: &mut [T],
) {
    let positions = results.len() / OUTPUTS;
    for start in (0..positions).step_by(N) {
        let place = |output: usize| output * positions + start;
        let mut sums = [[T::ZERO; N]; OUTPUTS];
        for (output, sums) in sums.iter_mut().enumerate() {
            sums.copy_from_slice(&results[place(output)..][..N]);
        }
        let [mut a, mut b, mut c, mut d] = sums;
        for (weights, offset) in weights.iter().beside(offsets) {
            let Some(pixels) = padded[offset + start..].first_chunk() else { break };
            add_multiple(&mut a, pixels, weights[0]);
            add_multiple(&mut b, pixels, weights[1]);
            add_multiple(&mut c, pixels, weights[2]);
            add_multiple(&mut d, pixels, weights[3]);
        }
        for (output, sums) in [a, b, c, d].iter().enumerate() {
            results[place(output)..][..N].copy_from_slice(sums);
        }
    }
}

#[inline(always)]
fn add_multiple<T: Number, const N: usize>(sums: &mut [T; N], pixels: &[T; N], weight: T) {
    for lane in 0..N {
        sums[lane] = pixels[lane].mul_add(weight, sums[lane]);
    }
}

/// Adds to `sums`, for each of some outputs and each weight, the products of gradients and pixels in all windows of all
/// images. From image to image, `padded` goes on by `step` numbers, and `grads` by all outputs.
pub(super) fn add_weight_dots<T: Number>(
    padded: &[T],
    step: usize,
    offsets: &[usize],
    grads: &[T],
    positions: usize,
    sums: &mut [f64],
) {
    let len = offsets.len();
    let outputs = (sums.len() / len).next_multiple_of(OUTPUTS);
    vectorized_in_arrays(
        #[inline(always)]
        || {
            // All outputs meet the pixels of some weights while a core's first cache has them.
            for first in (0..len).step_by(WEIGHTS) {
                let offsets = [offsets[first], offsets[(first + 1).min(len - 1)]];
                for (block, sums) in sums.chunks_mut(OUTPUTS * len).enumerate() {
                    let grads = (&grads[block * OUTPUTS * positions..], outputs * positions);
                    let dots = weight_dots((padded, step), offsets, grads, positions);
                    for (sums, dots) in sums.chunks_mut(len).beside(dots) {
                        sums[first..].iter_mut().beside(dots).for_each(|(sum, dot)| *sum += dot);
                    }
                }
            }
        },
    );
}

/// The products of some outputs and weights; from image to image, pixels and gradients go on by a number of their own.
#[inline(always)]
fn weight_dots<T: Number>(
    (padded, step): (&[T], usize),
    offsets: [usize; WEIGHTS],
    (grads, grads_step): (&[T], usize),
    positions: usize,
) -> [[f64; WEIGHTS]; OUTPUTS] {
    type Lanes<T> = [T; GRADIENT_LANES];
    let zeros: Lanes<T> = [T::ZERO; GRADIENT_LANES];
    let [mut first_a, mut first_b, mut first_c, mut first_d] = [zeros; OUTPUTS];
    let [mut second_a, mut second_b, mut second_c, mut second_d] = [zeros; OUTPUTS];
    let count = positions / GRADIENT_LANES;
    for (image, grads) in grads.chunks(grads_step).enumerate() {
        let pixels = |offset: usize| {
            let pixels = &padded[image * step + offset..][..positions];
            &pixels.as_chunks::<GRADIENT_LANES>().0[..count]
        };
        let [first, second] = each(offsets, pixels);
        let of_output = |output: usize| {
            let grads = &grads[output * positions..][..positions];
            &grads.as_chunks::<GRADIENT_LANES>().0[..count]
        };
        let [a, b, c, d] = each([0, 1, 2, 3], of_output);
        for at in 0..count {
            let (first, second): (&Lanes<T>, &Lanes<T>) = (&first[at], &second[at]);
            add_products(&mut first_a, first, &a[at]);
            add_products(&mut second_a, second, &a[at]);
            add_products(&mut first_b, first, &b[at]);
            add_products(&mut second_b, second, &b[at]);
            add_products(&mut first_c, first, &c[at]);
            add_products(&mut second_c, second, &c[at]);
            add_products(&mut first_d, first, &d[at]);
            add_products(&mut second_d, second, &d[at]);
        }
    }
    let sums = [[first_a, second_a], [first_b, second_b], [first_c, second_c], [first_d, second_d]];
    sums.map(|sums| sums.map(|lanes| lanes.iter().map(|lane| lane.wide()).sum()))
}

#[inline(always)]
fn add_products<T: Number>(
    sums: &mut [T; GRADIENT_LANES],
    pixels: &[T; GRADIENT_LANES],
    grads: &[T; GRADIENT_LANES],
) {
    for lane in 0..GRADIENT_LANES {
        sums[lane] = grads[lane].mul_add(pixels[lane], sums[lane]);
    }
}
