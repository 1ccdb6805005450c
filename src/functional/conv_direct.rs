//! Convolutions by steps of one pixel, straight from the image: no matrix of windows is made.
//!
//! An image is copied once, with its padding, so that what a weight meets in all windows is one run of neighbours. A few
//! outputs are computed together, a vector of windows at a time, from a few channels at a time. The loops are in
//! `conv_loops.rs`, everything else in `conv.rs`, which calls this. Each sum has its order, whoever computes it.

use std::ops::Range;

use candle_core::Result;

use super::conv_loops::{LANES, OUTPUTS, add_weight_dots, convolve, copy_row};
use super::totals::{Floats, Span, totals};
use super::window::Slide;
use crate::compute::beside::Beside;
use crate::compute::loops;
use crate::compute::number::Number;
use crate::compute::op::Call;
use crate::compute::threads;

/// From this many images on, each thread takes whole images; with fewer, all work on each of them.
pub(super) const IMAGES_SIDE_BY_SIDE: usize = 4;

/// How many channels and windows are gone through together for some outputs, so that their pixels stay in a core's own
/// cache.
const CHANNELS: usize = 32;
const WINDOWS: usize = 512;
const SOME_OUTPUTS: usize = 4 * OUTPUTS;

/// Into how many parts the sum over images is cut for the gradient of few weights.
const PARTS: usize = 8;

/// Up to how many weights each part has sums of its own; of more, each thread takes some outputs.
const WEIGHTS_IN_PARTS: usize = 1 << 15;

/// How many numbers of padded images are looked at together for the gradient of weights: by one thread, and by all.
const NUMBERS_OF_ONE: usize = 1 << 15;
const NUMBERS_OF_ALL: usize = 1 << 20;

/// From this many products on, waking other threads pays.
const PRODUCTS: usize = 1 << 19;

/// The results of `part` for each of the parts that the images are cut into, on all threads.
pub(super) fn in_parts<R: Send>(images: usize, part: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    let size = images.div_ceil(PARTS);
    threads::collect(images.div_ceil(size.max(1)), 1, |index| {
        part(index * size..images.min((index + 1) * size))
    })
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
    /// Whether this way can be gone.
    pub(super) fn is_possible(&self) -> bool {
        let sizes = [self.size, self.windows, [self.channels, self.outputs], [self.images; 2]];
        self.slides.iter().all(|slide| slide.stride == 1)
            && sizes.iter().flatten().all(|size| *size > 0)
    }

    /// The convolution that makes the images' gradient of that of the results, if there is one.
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
        reversed.is_possible().then_some(reversed)
    }

    /// The results for images, weights and bias.
    pub(super) fn results<T: Number>(&self, args: &[&[T]]) -> Result<Vec<T>> {
        let len = self.window_len();
        let weights = self.pack(|output, index| args[1][output * len + index]);
        self.each_image(args[0], &weights, args.get(2).copied())
    }

    /// The gradient of the images, of the convolution that this one is the reverse of.
    pub(super) fn image_gradient<T: Number>(&self, call: &Call<'_, T>) -> Result<Vec<T>> {
        let taps = self.taps();
        let weights = self.pack(|output, index| {
            // There, an output is a channel, and the last weight the first.
            let (group, output) = (output / self.outputs, output % self.outputs);
            let channel = group * self.channels + index / taps;
            call.args[1][(channel * self.outputs + output) * taps + taps - 1 - index % taps]
        });
        self.each_image(call.grad, &weights, None)
    }

    /// The gradient of the weights.
    pub(super) fn weight_gradient<T: Number>(&self, call: &Call<'_, T>) -> Vec<T> {
        let len = self.groups * self.outputs * self.window_len();
        let sums = if self.images >= IMAGES_SIDE_BY_SIDE && len <= WEIGHTS_IN_PARTS {
            let parts = in_parts(self.images, |images| {
                let mut sums = vec![0.0; len];
                for images in self.some_images(images, NUMBERS_OF_ONE) {
                    let padded = self.padded(&call.args[0][self.pixels(&images)]);
                    let blocks = self.blocks(&mut sums);
                    blocks.for_each(|block| self.add_block(call, &images, &padded, block));
                }
                sums
            });
            let all = Span { outer: 1, size: parts.len(), inner: len };
            totals::<f64, Floats>(&parts.concat(), all)
        } else {
            let mut sums = vec![0.0; len];
            for images in self.some_images(0..self.images, NUMBERS_OF_ALL) {
                let padded = self.padded(&call.args[0][self.pixels(&images)]);
                let blocks = self.blocks(&mut sums).collect::<Vec<_>>();
                threads::jobs(blocks, &|block| self.add_block(call, &images, &padded, block));
            }
            sums
        };
        sums.into_iter().map(T::of).collect()
    }

    /// What `weight` says of each output of all groups and each place in its window, in the order of the loops: for each
    /// few outputs of a group, the weights of all of them together.
    fn pack<T: Number>(&self, weight: impl Fn(usize, usize) -> T + Sync) -> Vec<Vec<[T; OUTPUTS]>> {
        let blocks = self.outputs.div_ceil(OUTPUTS);
        let block = |index: usize| {
            let (group, first) = (index / blocks, index % blocks * OUTPUTS);
            let weights = (0..self.window_len()).map(|index| {
                std::array::from_fn(|output| match first + output {
                    output if output < self.outputs => weight(group * self.outputs + output, index),
                    _ => T::ZERO,
                })
            });
            weights.collect::<Vec<_>>()
        };
        let count = self.groups * blocks;
        if count * self.window_len() < WEIGHTS_IN_PARTS {
            return (0..count).map(block).collect();
        }
        threads::collect(count, 1, block)
    }

    fn each_image<T: Number>(
        &self,
        images: &[T],
        weights: &[Vec<[T; OUTPUTS]>],
        bias: Option<&[T]>,
    ) -> Result<Vec<T>> {
        let area = self.windows[0] * self.windows[1];
        let [given, made] = [self.channels * self.size[0] * self.size[1], self.outputs * area];
        let (count, padded_len) = (self.images * self.groups, self.channels * self.plane());
        // Pieces of some outputs where that cuts results evenly, else those of a whole image.
        let some = [SOME_OUTPUTS, OUTPUTS].into_iter().find(|it| self.outputs.is_multiple_of(*it));
        let some = some.filter(|_| count < IMAGES_SIDE_BY_SIDE).unwrap_or(self.outputs);
        let piece = some * area;
        let shared = (some < self.outputs).then(|| self.padded(images));
        let offsets = self.offsets();
        let write = |start: usize, results: &mut [T]| {
            let (index, output) = (start / made, start % made / area);
            let group = index % self.groups;
            let weights = &weights[group * self.outputs.div_ceil(OUTPUTS) + output / OUTPUTS..];
            let bias = bias.map(|bias| &bias[group * self.outputs + output..]);
            match &shared {
                Some(padded) => {
                    let padded = &padded[index * padded_len..][..padded_len];
                    self.forward(padded, weights, bias, &offsets, results);
                }
                None => {
                    let padded = self.padded(&images[index * given..][..given]);
                    self.forward(&padded, weights, bias, &offsets, results);
                }
            }
        };
        let len = count * made;
        if len * self.window_len() >= PRODUCTS {
            return loops::fill(len, piece, |start, results| {
                write(start, results);
                Ok(())
            });
        }
        loops::fill(len, len, |_, results| {
            let pieces = results.chunks_mut(piece).enumerate();
            pieces.for_each(|(index, results)| write(index * piece, results));
            Ok(())
        })
    }

    /// Writes the results of some outputs for one image.
    fn forward<T: Number>(
        &self,
        padded: &[T],
        weights: &[Vec<[T; OUTPUTS]>],
        bias: Option<&[T]>,
        offsets: &[usize],
        results: &mut [T],
    ) {
        let [height, width] = self.windows;
        // Some rows of windows at a time.
        let most = (WINDOWS / self.pitch()).clamp(1, height);
        let positions_of = |rows: usize| (rows * self.pitch()).next_multiple_of(LANES);
        let together = SOME_OUTPUTS.min(self.outputs.next_multiple_of(OUTPUTS));
        let mut wide = vec![T::ZERO; together * positions_of(most)];
        for (some, results) in results.chunks_mut(SOME_OUTPUTS * height * width).enumerate() {
            let blocks = (results.len() / (height * width)).div_ceil(OUTPUTS);
            let weights = &weights[some * SOME_OUTPUTS / OUTPUTS..][..blocks];
            for first in (0..height).step_by(most) {
                let rows = most.min(height - first);
                let positions = positions_of(rows);
                let wide = &mut wide[..together * positions];
                let padded = &padded[first * self.pitch()..];
                for (output, wide) in wide.chunks_mut(positions).enumerate() {
                    let bias = bias.and_then(|bias| bias.get(some * SOME_OUTPUTS + output));
                    wide.fill(bias.copied().unwrap_or(T::ZERO));
                }
                for start in (0..offsets.len()).step_by(CHANNELS * self.taps()) {
                    let range = start..offsets.len().min(start + CHANNELS * self.taps());
                    let blocks = wide.chunks_mut(OUTPUTS * positions).beside(weights);
                    blocks.for_each(|(wide, weights)| {
                        convolve(padded, &weights[range.clone()], &offsets[range.clone()], wide);
                    });
                }
                let planes = results.chunks_mut(height * width).beside(wide.chunks(positions));
                for (results, wide) in planes {
                    let results = results[first * width..].chunks_mut(width).take(rows);
                    let rows = results.beside(wide.chunks(self.pitch()));
                    rows.for_each(|(results, wide)| copy_row(wide, results));
                }
            }
        }
    }

    /// Adds the share of some images to the sums of some outputs' weights.
    fn add_block<T: Number>(
        &self,
        call: &Call<'_, T>,
        images: &Range<usize>,
        padded: &[T],
        Block { group, first, sums }: Block<'_>,
    ) {
        let (area, positions) = (self.windows[0] * self.windows[1], self.positions());
        // The gradients in the order of the padded image's rows; between them, zeros.
        let count = sums.len() / self.window_len();
        let some = count.next_multiple_of(OUTPUTS) * positions;
        let mut spread = vec![T::ZERO; images.len() * some];
        for (image, spread) in images.clone().beside(spread.chunks_mut(some)) {
            let start = ((image * self.groups + group) * self.outputs + first) * area;
            let grads = call.grad[start..][..count * area].chunks(area);
            for (spread, grads) in spread.chunks_mut(positions).beside(grads) {
                let rows = spread.chunks_mut(self.pitch()).beside(grads.chunks(self.windows[1]));
                rows.for_each(|(spread, grads)| copy_row(grads, spread));
            }
        }
        let group_len = self.channels * self.plane();
        let padded = &padded[group * group_len..];
        add_weight_dots(padded, self.groups * group_len, &self.offsets(), &spread, positions, sums);
    }

    /// The sums of some outputs' weights at a time.
    fn blocks<'a>(&self, sums: &'a mut [f64]) -> impl Iterator<Item = Block<'a>> {
        let len = self.window_len();
        let groups = sums.chunks_mut(self.outputs * len).enumerate();
        groups.flat_map(move |(group, sums)| {
            let blocks = sums.chunks_mut(SOME_OUTPUTS * len).enumerate();
            blocks.map(move |(block, sums)| Block { group, first: block * SOME_OUTPUTS, sums })
        })
    }

    /// Runs of images that have at most so many numbers with their padding, but at least one image each.
    fn some_images(
        &self,
        images: Range<usize>,
        numbers: usize,
    ) -> impl Iterator<Item = Range<usize>> {
        let count = (numbers / (self.groups * self.channels * self.plane())).max(1);
        images.clone().step_by(count).map(move |first| first..images.end.min(first + count))
    }

    /// Where the pixels of some images are.
    fn pixels(&self, images: &Range<usize>) -> Range<usize> {
        let image = self.groups * self.channels * self.size[0] * self.size[1];
        images.start * image..images.end * image
    }

    /// Planes with their padding.
    fn padded<T: Number>(&self, planes: &[T]) -> Vec<T> {
        let [height, width] = self.size;
        let [top, left] = self.slides.map(|slide| slide.padding);
        let count = planes.len() / (height * width);
        loops::by_pieces(count * self.plane(), self.plane(), |index, padded| {
            let pixels = planes[index * height * width..][..height * width].chunks(width);
            let rows = padded[top * self.pitch()..].chunks_mut(self.pitch());
            rows.beside(pixels).for_each(|(row, pixels)| copy_row(pixels, &mut row[left..]));
        })
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
        // A run of some rows may go on for a vector behind the last one.
        self.positions() + LANES + vertical * self.pitch() + horizontal
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
}

/// The sums for the weights of some outputs of a group, of which `first` is the first one.
struct Block<'a> {
    group: usize,
    first: usize,
    sums: &'a mut [f64],
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor, Var};

    use crate::functional::{Conv2dOptions, conv2d_with};

    fn numbers(seed: usize, shape: &[usize]) -> (Tensor, Vec<f64>) {
        let count = shape.iter().product::<usize>();
        let number = |index: usize| ((index * 7919 + seed * 104_729) % 1009) as f64 / 504.5 - 1.0;
        let values = (0..count).map(number).collect::<Vec<_>>();
        (Tensor::from_vec(values.clone(), shape, &Device::Cpu).unwrap(), values)
    }

    fn assert_near(found: &Tensor, expected: &[f64], what: &str) {
        let found = found.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        assert_eq!(found.len(), expected.len(), "{what}");
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{what}: {found} is not {expected}");
        }
    }

    /// Values and gradients beside those of the sum that defines them, number by number.
    fn check(
        images: usize,
        [groups, channels, outputs]: [usize; 3],
        size: [usize; 2],
        kernel: [usize; 2],
    ) {
        let [height, width] = kernel;
        for (padding, dilation) in [(0, 1), (1, 1), (2, 2)] {
            let windows =
                [0, 1].map(|axis: usize| size[axis] + 2 * padding - dilation * (kernel[axis] - 1));
            let x_shape = [images, groups * channels, size[0], size[1]];
            let (x, xs) = numbers(1, &x_shape);
            let (w, ws) = numbers(2, &[groups * outputs, channels, height, width]);
            let (b, bs) = numbers(3, &[groups * outputs]);
            let (g, gs) = numbers(4, &[images, groups * outputs, windows[0], windows[1]]);
            let mut ys = vec![0.0; gs.len()];
            let (mut of_xs, mut of_ws) = (vec![0.0; xs.len()], vec![0.0; ws.len()]);
            for (y, value) in ys.iter_mut().enumerate() {
                let (column, row) = (y % windows[1], y / windows[1] % windows[0]);
                let output = y / (windows[0] * windows[1]) % (groups * outputs);
                let image = y / (windows[0] * windows[1]) / (groups * outputs);
                *value = bs[output];
                for tap in 0..channels * height * width {
                    let (right, down) = (tap % width, tap / width % height);
                    let channel = output / outputs * channels + tap / (width * height);
                    let (i, j) = (row + down * dilation, column + right * dilation);
                    let (Some(i), Some(j)) = (i.checked_sub(padding), j.checked_sub(padding))
                    else {
                        continue;
                    };
                    if i >= size[0] || j >= size[1] {
                        continue;
                    }
                    let place = ((image * x_shape[1] + channel) * size[0] + i) * size[1] + j;
                    let weight = output * channels * height * width + tap;
                    *value += xs[place] * ws[weight];
                    of_xs[place] += gs[y] * ws[weight];
                    of_ws[weight] += gs[y] * xs[place];
                }
            }
            let [x, w, b] = [x, w, b].map(|tensor| Var::from_tensor(&tensor).unwrap());
            let (padding, dilation) = (padding.into(), dilation.into());
            let config = Conv2dOptions { padding, dilation, groups, ..Default::default() };
            let y = conv2d_with(&x, &w, Some(&b), config).unwrap();
            let what = format!(
                "{images} images, {groups} x {channels} to {outputs}, {kernel:?}, {padding:?}, {dilation:?}"
            );
            assert_near(&y, &ys, &what);
            let grads = (y * g).unwrap().sum_all().unwrap().backward().unwrap();
            assert_near(grads.get(&x).unwrap(), &of_xs, &format!("{what}: x"));
            assert_near(grads.get(&w).unwrap(), &of_ws, &format!("{what}: weight"));
        }
    }

    #[test]
    fn convolutions_are_the_sums_that_define_them() {
        for images in [1, 3, 5, 19] {
            check(images, [1, 1, 8], [7, 9], [3, 3]);
            check(images, [1, 3, 6], [7, 9], [3, 2]);
            check(images, [2, 5, 3], [7, 9], [1, 3]);
        }
        // More windows, channels and outputs than are gone through together, and more weights than parts have sums for.
        check(2, [1, 2, 20], [37, 31], [3, 3]);
        check(2, [1, 35, 32], [5, 5], [2, 2]);
        check(5, [1, 70, 70], [4, 5], [3, 3]);
    }
}
