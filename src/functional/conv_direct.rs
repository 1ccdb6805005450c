//! Convolutions of few channels by steps of one pixel, straight from the image: no matrix of windows is made.
//!
//! An image is copied once, with its padding, so that what a weight meets in all windows is one run of neighbours. A few
//! outputs are computed together, a vector of windows at a time. Everything else is in `conv.rs`, which calls this.

use candle_core::{DType, WithDType};
use rayon::prelude::*;

use super::totals::{Floats, Span, totals};
use super::window::Slide;
use crate::compute::loops::{self, vectorized};
use crate::compute::number::Number;
use crate::compute::op::Call;

/// How many outputs are computed together.
const OUTPUTS: usize = 4;

/// How many windows are computed together.
const LANES: usize = 16;

/// How many weights' gradients are computed together, and of how many windows at a time.
const WEIGHTS: usize = 2;
const GRADIENT_LANES: usize = 8;

/// The numbers of a window up to which this is faster than a product of matrices.
const LONGEST_WINDOW: usize = 300;

/// Into how many parts the sum over images is cut for the gradient of the weights.
const PARTS: usize = 8;

/// The results of `part` for each of the parts that the images are cut into, on all threads.
pub(super) fn in_parts<R: Send>(
    images: usize,
    part: impl Fn(std::ops::Range<usize>) -> R + Sync,
) -> Vec<R> {
    let size = images.div_ceil(PARTS);
    (0..images.div_ceil(size.max(1)))
        .into_par_iter()
        .map(|index| part(index * size..images.min((index + 1) * size)))
        .collect()
}

/// Calls a function for the number type that stands for `T` in sums of products.
macro_rules! fused {
    ($type:ident, $self:ident.$function:ident($($argument:expr),*)) => {
        match $type::DTYPE {
            DType::F64 => $self.$function::<$type, f64>($($argument),*),
            _ => $self.$function::<$type, f32>($($argument),*),
        }
    };
}

/// A convolution whose windows move by one pixel.
#[derive(Debug, Clone)]
pub(super) struct Direct {
    pub(super) images: usize,
    pub(super) groups: usize,
    /// The channels of one group, and the outputs.
    pub(super) channels: usize,
    pub(super) outputs: usize,
    pub(super) size: [usize; 2],
    pub(super) windows: [usize; 2],
    pub(super) slides: [Slide; 2],
}

impl Direct {
    /// Whether this way can be gone at all, and is faster than a product of matrices.
    pub(super) fn is_faster(&self) -> bool {
        let sizes = [self.size, self.windows, [self.channels, self.outputs]];
        self.slides.iter().all(|slide| slide.stride == 1)
            && sizes.iter().flatten().all(|size| *size > 0)
            && self.window_len() <= LONGEST_WINDOW
    }

    /// The convolution that makes the images' gradient of that of the results, if it is a small one.
    pub(super) fn reversed(&self) -> Option<Direct> {
        let mut slides = self.slides;
        for slide in &mut slides {
            slide.padding = (slide.reach() - 1).checked_sub(slide.padding)?;
        }
        let reversed = Direct {
            channels: self.outputs,
            outputs: self.channels,
            size: self.windows,
            windows: self.size,
            slides,
            ..*self
        };
        reversed.is_faster().then_some(reversed)
    }

    /// The results for images, weights and bias.
    pub(super) fn results<T: WithDType>(&self, args: &[&[T]]) -> Vec<T> {
        fused!(T, self.results_in(args))
    }

    /// The gradient of the images, of the convolution that this one is the reverse of.
    pub(super) fn image_gradient<T: WithDType>(&self, call: &Call<'_, T>) -> Vec<T> {
        fused!(T, self.image_gradient_in(call))
    }

    /// The gradient of the weights.
    pub(super) fn weight_gradient<T: WithDType>(&self, call: &Call<'_, T>) -> Vec<T> {
        fused!(T, self.weight_gradient_in(call))
    }

    fn results_in<T: WithDType, N: Number>(&self, args: &[&[T]]) -> Vec<T> {
        let weights = args[1].chunks(self.outputs * self.window_len());
        let weights = weights.map(|it| self.packed::<T, N>(it)).collect::<Vec<_>>();
        self.each_image(args[0], &weights, args.get(2).copied())
    }

    fn image_gradient_in<T: WithDType, N: Number>(&self, call: &Call<'_, T>) -> Vec<T> {
        let weights = call.args[1].chunks(self.outputs * self.window_len());
        let weights = weights.map(|it| self.packed_reversed::<T, N>(it)).collect::<Vec<_>>();
        self.each_image(call.grad, &weights, None)
    }

    fn each_image<T: WithDType, N: Number>(
        &self,
        images: &[T],
        weights: &[Vec<[N; OUTPUTS]>],
        bias: Option<&[T]>,
    ) -> Vec<T> {
        let (given, made) = self.numbers();
        let offsets = self.offsets();
        loops::by_pieces(self.images * self.groups * made, made, |index, results| {
            let group = index % self.groups;
            let bias = bias.map(|bias| &bias[group * self.outputs..][..self.outputs]);
            let image = &images[index * given..][..given];
            self.forward(image, &weights[group], bias, &offsets, results);
        })
    }

    fn weight_gradient_in<T: WithDType, N: Number>(&self, call: &Call<'_, T>) -> Vec<T> {
        let (given, made) = self.numbers();
        let len = self.outputs * self.window_len();
        let offsets = self.offsets();
        let parts = in_parts(self.images, |images| {
            let mut sums = vec![0.0; self.groups * len];
            for index in images.start * self.groups..images.end * self.groups {
                let image = &call.args[0][index * given..][..given];
                let grads = &call.grad[index * made..][..made];
                let sums = &mut sums[index % self.groups * len..][..len];
                self.add_weight_gradient::<T, N>(image, grads, &offsets, sums);
            }
            sums
        });
        let all = Span { outer: 1, size: parts.len(), inner: self.groups * len };
        let sums = totals::<f64, Floats>(&parts.concat(), all);
        sums.into_iter().map(T::from_f64).collect()
    }

    /// The numbers of one group of an image, and of its results.
    fn numbers(&self) -> (usize, usize) {
        let [given, made] = [self.size, self.windows].map(|[height, width]| height * width);
        (self.channels * given, self.outputs * made)
    }

    fn window_len(&self) -> usize {
        self.channels * self.taps()
    }

    /// The weights of one channel.
    fn taps(&self) -> usize {
        self.slides[0].kernel * self.slides[1].kernel
    }

    /// From row to row of a padded image, and so of the windows too.
    fn pitch(&self) -> usize {
        self.size[1] + 2 * self.slides[1].padding
    }

    /// The windows, and between their rows as many numbers as the padded image's rows are longer.
    fn positions(&self) -> usize {
        (self.windows[0] * self.pitch()).next_multiple_of(LANES)
    }

    /// The numbers of a padded channel, and of what lies behind it.
    fn plane(&self) -> usize {
        let [vertical, horizontal] = self.slides.map(|slide| slide.reach() - 1);
        self.positions() + vertical * self.pitch() + horizontal
    }

    /// For each weight of an output, where what it meets begins.
    fn offsets(&self) -> Vec<usize> {
        let [vertical, horizontal] = self.slides;
        let mut offsets = Vec::with_capacity(self.window_len());
        for channel in 0..self.channels {
            for row in 0..vertical.kernel {
                let start = channel * self.plane() + row * vertical.dilation * self.pitch();
                let columns = 0..horizontal.kernel;
                offsets.extend(columns.map(|column| start + column * horizontal.dilation));
            }
        }
        offsets
    }

    /// The image with its padding.
    fn padded<T: WithDType, N: Number>(&self, image: &[T]) -> Vec<N> {
        let mut padded = vec![N::ZERO; self.channels * self.plane()];
        let [top, left] = self.slides.map(|slide| slide.padding);
        let planes = padded.chunks_exact_mut(self.plane());
        for (plane, image) in planes.zip(image.chunks(self.size[0] * self.size[1])) {
            let rows = plane[top * self.pitch()..].chunks_mut(self.pitch());
            for (row, pixels) in rows.zip(image.chunks(self.size[1])) {
                let row = row[left..].iter_mut();
                row.zip(pixels).for_each(|(number, pixel)| *number = N::of(pixel.to_f64()));
            }
        }
        padded
    }

    /// The weights in the order in which they are needed: of some outputs together.
    fn packed<T: WithDType, N: Number>(&self, weight: &[T]) -> Vec<[N; OUTPUTS]> {
        let len = self.window_len();
        let place = |output: usize, index: usize| output * len + index;
        self.pack(|output, index| N::of(weight[place(output, index)].to_f64()))
    }

    /// The weights of the convolution that this is the reverse of.
    fn packed_reversed<T: WithDType, N: Number>(&self, weight: &[T]) -> Vec<[N; OUTPUTS]> {
        let taps = self.taps();
        self.pack(|output, index| {
            // There, an output is a channel, and the last weight the first.
            let (channel, tap) = (index / taps, taps - 1 - index % taps);
            N::of(weight[(channel * self.outputs + output) * taps + tap].to_f64())
        })
    }

    fn pack<N: Number>(&self, weight: impl Fn(usize, usize) -> N) -> Vec<[N; OUTPUTS]> {
        let mut packed = Vec::new();
        for first in (0..self.outputs).step_by(OUTPUTS) {
            packed.extend((0..self.window_len()).map(|index| {
                std::array::from_fn(|output| match first + output {
                    output if output < self.outputs => weight(output, index),
                    _ => N::ZERO,
                })
            }));
        }
        packed
    }

    /// Writes the results for one image.
    fn forward<T: WithDType, N: Number>(
        &self,
        image: &[T],
        weights: &[[N; OUTPUTS]],
        bias: Option<&[T]>,
        offsets: &[usize],
        results: &mut [T],
    ) {
        let padded = self.padded::<T, N>(image);
        let mut wide = vec![N::ZERO; OUTPUTS * self.positions()];
        let area = self.windows[0] * self.windows[1];
        for (block, results) in results.chunks_mut(OUTPUTS * area).enumerate() {
            let bias = std::array::from_fn(|output| {
                let bias = bias.and_then(|bias| bias.get(block * OUTPUTS + output));
                bias.map_or(N::ZERO, |bias| N::of(bias.to_f64()))
            });
            let weights = &weights[block * offsets.len()..][..offsets.len()];
            vectorized(
                #[inline(always)]
                || convolve(&padded, weights, offsets, bias, &mut wide),
            );
            for (results, wide) in results.chunks_mut(area).zip(wide.chunks(self.positions())) {
                let rows = results.chunks_mut(self.windows[1]).zip(wide.chunks(self.pitch()));
                for (results, wide) in rows {
                    let pairs = results.iter_mut().zip(wide);
                    pairs.for_each(|(result, wide)| *result = T::from_f64(wide.wide()));
                }
            }
        }
    }

    /// Adds one image's share of the weights' gradients to `sums`.
    fn add_weight_gradient<T: WithDType, N: Number>(
        &self,
        image: &[T],
        grads: &[T],
        offsets: &[usize],
        sums: &mut [f64],
    ) {
        let padded = self.padded::<T, N>(image);
        let positions = self.positions();
        // The gradients in the order of the padded image's rows; between them, zeros.
        let mut spread = vec![N::ZERO; self.outputs.next_multiple_of(OUTPUTS) * positions];
        let area = self.windows[0] * self.windows[1];
        for (spread, grads) in spread.chunks_mut(positions).zip(grads.chunks(area)) {
            let rows = spread.chunks_mut(self.pitch()).zip(grads.chunks(self.windows[1]));
            for (spread, grads) in rows {
                let pairs = spread.iter_mut().zip(grads);
                pairs.for_each(|(number, grad)| *number = N::of(grad.to_f64()));
            }
        }
        let len = offsets.len();
        let blocks = sums.chunks_mut(OUTPUTS * len).zip(spread.chunks(OUTPUTS * positions));
        vectorized(
            #[inline(always)]
            || {
                for (sums, spread) in blocks {
                    for first in (0..len).step_by(WEIGHTS) {
                        let offset = |index: usize| offsets[(first + index).min(len - 1)];
                        let offsets = std::array::from_fn(offset);
                        let dots = dots(&padded, offsets, spread, positions);
                        for (sums, dots) in sums.chunks_mut(len).zip(dots) {
                            let sums = sums[first..].iter_mut();
                            sums.zip(dots).for_each(|(sum, dot)| *sum += dot);
                        }
                    }
                }
            },
        );
    }
}

/// The results of some outputs, for all windows.
///
/// The sums are arrays with names of their own: of an array of arrays the compiler may think that it has to lie in memory.
#[inline(always)]
fn convolve<N: Number>(
    padded: &[N],
    weights: &[[N; OUTPUTS]],
    offsets: &[usize],
    bias: [N; OUTPUTS],
    results: &mut [N],
) {
    let positions = results.len() / OUTPUTS;
    for start in (0..positions).step_by(LANES) {
        let [mut a, mut b, mut c, mut d] = bias.map(|bias| [bias; LANES]);
        for (weights, offset) in weights.iter().zip(offsets) {
            let Some(pixels) = padded[offset + start..].first_chunk::<LANES>() else { break };
            add_multiple(&mut a, pixels, weights[0]);
            add_multiple(&mut b, pixels, weights[1]);
            add_multiple(&mut c, pixels, weights[2]);
            add_multiple(&mut d, pixels, weights[3]);
        }
        for (output, sums) in [a, b, c, d].iter().enumerate() {
            results[output * positions + start..][..LANES].copy_from_slice(sums);
        }
    }
}

#[inline(always)]
fn add_multiple<N: Number>(sums: &mut [N; LANES], pixels: &[N; LANES], weight: N) {
    for lane in 0..LANES {
        sums[lane] = pixels[lane].mul_add(weight, sums[lane]);
    }
}

/// The sums over all windows of gradients times pixels, for some outputs and weights.
#[inline(always)]
fn dots<N: Number>(
    padded: &[N],
    offsets: [usize; WEIGHTS],
    grads: &[N],
    positions: usize,
) -> [[f64; WEIGHTS]; OUTPUTS] {
    let [mut a, mut b, mut c, mut d] = [[[N::ZERO; GRADIENT_LANES]; WEIGHTS]; OUTPUTS];
    let [first, second] =
        offsets.map(|offset| padded[offset..][..positions].chunks_exact(GRADIENT_LANES));
    let grads =
        |output: usize| grads[output * positions..][..positions].chunks_exact(GRADIENT_LANES);
    let grads = grads(0).zip(grads(1)).zip(grads(2).zip(grads(3)));
    for ((first, second), ((of_a, of_b), (of_c, of_d))) in first.zip(second).zip(grads) {
        add_products(&mut a, [first, second], of_a);
        add_products(&mut b, [first, second], of_b);
        add_products(&mut c, [first, second], of_c);
        add_products(&mut d, [first, second], of_d);
    }
    [a, b, c, d].map(|sums| sums.map(|lanes| lanes.iter().map(|lane| lane.wide()).sum()))
}

#[inline(always)]
fn add_products<N: Number>(
    sums: &mut [[N; GRADIENT_LANES]; WEIGHTS],
    pixels: [&[N]; WEIGHTS],
    grads: &[N],
) {
    let Some(grads) = grads.first_chunk::<GRADIENT_LANES>() else { return };
    for (sums, pixels) in sums.iter_mut().zip(pixels) {
        let Some(pixels) = pixels.first_chunk::<GRADIENT_LANES>() else { return };
        for lane in 0..GRADIENT_LANES {
            sums[lane] = grads[lane].mul_add(pixels[lane], sums[lane]);
        }
    }
}
