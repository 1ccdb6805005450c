//! Convolutions as products of matrices: each window of an image becomes a column (`unfold`), and gradients of columns
//! are added to the pixels that they came from (`fold`).
//!
//! `conv.rs` calls this where windows move by more than one pixel, and for small images with many channels.
//! Windows of small images stand side by side in one matrix; of large ones, each thread takes an image. The products are
//! those of `compute/matrix.rs`.

use super::conv::Convolution;
use super::conv_direct::{IMAGES_SIDE_BY_SIDE, in_parts};
use super::window::Slide;
use crate::compute::beside::Beside;
use crate::compute::matrix::{Matrix, Workers, add_product};
use crate::compute::number::Number;
use crate::compute::op::Call;
use crate::compute::threads::{self, Spare};

/// Images with at most so many windows share a matrix.
const SMALL: usize = 400;

/// From so many channels and outputs on, a product of matrices is faster than going through small images in place, whose
/// sums are too short.
const MANY_CHANNELS: usize = 48;

/// From so many windows in a row on, as sequences have them, sums in place are long enough.
const LONG: usize = 64;

/// How many numbers such a matrix has at most, unless a single image has more.
const NUMBERS: usize = 1 << 20;

impl Convolution {
    /// Whether columns are faster than windows in place.
    pub(super) fn is_better_in_columns(&self) -> bool {
        let is_narrow = self.areas().1 <= SMALL && self.windows[1] < LONG;
        is_narrow && self.channels.min(self.outputs_per_group) >= MANY_CHANNELS
    }

    /// Adds the results to `y`, which holds the bias.
    pub(super) fn add_results<T: Number>(&self, args: &[&[T]], y: &mut [T]) {
        let (area, windows) = self.areas();
        let [group_in, group_out] = [self.channels * area, self.outputs_per_group * windows];
        if group_in == 0 || group_out == 0 {
            return;
        }
        if let Some(together) = self.together() {
            let step = together * self.groups;
            let images = y.chunks_mut(step * group_out).beside(args[0].chunks(step * group_in));
            for (y, x) in images {
                for group in 0..self.groups {
                    let columns = self.side_by_side(x, group);
                    let count = columns.len() / self.window_len();
                    let mut wide = vec![T::ZERO; self.outputs_per_group * count];
                    let columns = Matrix::new(&columns, self.window_len(), count);
                    add_product(&mut wide, self.weight(args[1], group), columns, Workers::All);
                    let places = y
                        .chunks_mut(windows)
                        .enumerate()
                        .filter(|(plane, _)| plane / self.outputs_per_group % self.groups == group);
                    for (plane, y) in places {
                        let image = plane / self.outputs;
                        let output = plane % self.outputs_per_group;
                        let wide = &wide[output * count + image * windows..][..windows];
                        y.iter_mut().beside(wide).for_each(|(y, wide)| *y += *wide);
                    }
                }
            }
            return;
        }
        let one = |columns: &mut Vec<T>, (index, (y, x)): (usize, (&mut [T], &[T]))| {
            let weight = self.weight(args[1], index % self.groups);
            add_product(y, weight, self.unfolded(x, columns), self.workers());
        };
        match self.workers() {
            Workers::All => {
                let mut columns = Vec::new();
                let parts = y.chunks_mut(group_out).beside(args[0].chunks(group_in));
                parts.enumerate().for_each(|part| one(&mut columns, part));
            }
            Workers::One => {
                let spare = Spare::default();
                threads::pieces(y, group_out, 1, &|index, y| {
                    let x = &args[0][index * group_in..][..group_in];
                    spare.lend(|columns| one(columns, (index, (y, x))));
                });
            }
        }
    }

    /// Adds the gradient of the images to `gx`.
    pub(super) fn add_image_gradient<T: Number>(&self, call: &Call<'_, T>, gx: &mut [T]) {
        let (area, windows) = self.areas();
        let [group_in, group_out] = [self.channels * area, self.outputs_per_group * windows];
        if group_in == 0 || group_out == 0 {
            return;
        }
        if let Some(together) = self.together() {
            let step = together * self.groups;
            let images = gx.chunks_mut(step * group_in).beside(call.grad.chunks(step * group_out));
            for (gx, gy) in images {
                for group in 0..self.groups {
                    let gy = self.grads_side_by_side(gy, group);
                    let count = gy.len() / self.outputs_per_group;
                    let gy = Matrix::new(&gy, self.outputs_per_group, count);
                    let mut columns = vec![T::ZERO; self.window_len() * count];
                    let weight = self.weight(call.args[1], group).transposed();
                    add_product(&mut columns, weight, gy, Workers::All);
                    threads::pieces(gx, area, 1, &|plane, pixels| {
                        let image = plane / (self.channels * self.groups);
                        if plane / self.channels % self.groups == group {
                            let place = (plane % self.channels, count, image * windows);
                            self.fold(&columns, place, pixels);
                        }
                    });
                }
            }
            return;
        }
        let one = |columns: &mut Vec<T>, (index, (gx, gy)): (usize, (&mut [T], &[T]))| {
            let weight = self.weight(call.args[1], index % self.groups).transposed();
            let gy = Matrix::new(gy, self.outputs_per_group, windows);
            if self.is_pointwise() {
                return add_product(gx, weight, gy, self.workers());
            }
            columns.clear();
            columns.resize(self.window_len() * windows, T::ZERO);
            add_product(columns, weight, gy, self.workers());
            let fold = |channel: usize, pixels: &mut [T]| {
                self.fold(columns, (channel, windows, 0), pixels);
            };
            match self.workers() {
                Workers::All => threads::pieces(gx, area, 1, &fold),
                Workers::One => {
                    gx.chunks_mut(area).enumerate().for_each(|(it, pixels)| fold(it, pixels));
                }
            }
        };
        match self.workers() {
            Workers::All => {
                let mut columns = Vec::new();
                let parts = gx.chunks_mut(group_in).beside(call.grad.chunks(group_out));
                parts.enumerate().for_each(|part| one(&mut columns, part));
            }
            Workers::One => {
                let spare = Spare::default();
                threads::pieces(gx, group_in, 1, &|index, gx| {
                    let gy = &call.grad[index * group_out..][..group_out];
                    spare.lend(|columns| one(columns, (index, (gx, gy))));
                });
            }
        }
    }

    /// The gradient of the weights.
    pub(super) fn weight_gradient_by_columns<T: Number>(&self, call: &Call<'_, T>) -> Vec<T> {
        let (area, windows) = self.areas();
        let [group_in, group_out] = [self.channels * area, self.outputs_per_group * windows];
        let group_len = self.outputs_per_group * self.window_len();
        let mut gw = vec![T::ZERO; self.groups * group_len];
        if group_in == 0 || group_out == 0 {
            return gw;
        }
        if let Some(together) = self.together() {
            let step = together * self.groups;
            let images =
                call.args[0].chunks(step * group_in).beside(call.grad.chunks(step * group_out));
            for (x, gy) in images {
                for (group, gw) in gw.chunks_mut(group_len).enumerate() {
                    let columns = self.side_by_side(x, group);
                    let gy = self.grads_side_by_side(gy, group);
                    let count = gy.len() / self.outputs_per_group;
                    let gy = Matrix::new(&gy, self.outputs_per_group, count);
                    let columns = Matrix::new(&columns, self.window_len(), count).transposed();
                    add_product(gw, gy, columns, Workers::All);
                }
            }
            return gw;
        }
        let part = |images: std::ops::Range<usize>| {
            let mut gw = vec![T::ZERO; self.groups * group_len];
            let mut columns = Vec::new();
            for index in images.start * self.groups..images.end * self.groups {
                let x = &call.args[0][index * group_in..][..group_in];
                let gy = &call.grad[index * group_out..][..group_out];
                let gy = Matrix::new(gy, self.outputs_per_group, windows);
                let gw = &mut gw[index % self.groups * group_len..][..group_len];
                let columns = self.unfolded(x, &mut columns).transposed();
                add_product(gw, gy, columns, self.workers());
            }
            gw
        };
        if self.workers() == Workers::All {
            return part(0..self.images);
        }
        for part in in_parts(self.images, part) {
            gw.iter_mut().beside(part).for_each(|(sum, term)| *sum += term);
        }
        gw
    }

    /// How many images share a matrix; none where each has its own.
    fn together(&self) -> Option<usize> {
        let windows = self.areas().1;
        let one = self.window_len() * windows;
        (windows <= SMALL && !self.is_pointwise()).then(|| (NUMBERS / one.max(1)).max(1))
    }

    /// Who works on the matrix of one image.
    fn workers(&self) -> Workers {
        if self.images < IMAGES_SIDE_BY_SIDE { Workers::All } else { Workers::One }
    }

    /// The weights of a group: one row for each output.
    fn weight<'a, T>(&self, weight: &'a [T], group: usize) -> Matrix<'a, T> {
        let len = self.outputs_per_group * self.window_len();
        Matrix::new(&weight[group * len..][..len], self.outputs_per_group, self.window_len())
    }

    /// The windows of some images, side by side: a row for each weight of a window.
    fn side_by_side<T: Number>(&self, images: &[T], group: usize) -> Vec<T> {
        let (area, windows) = self.areas();
        let image = self.groups * self.channels * area;
        let count = images.len() / image;
        let mut columns = vec![T::ZERO; self.window_len() * count * windows];
        threads::pieces(&mut columns, count * windows, 1, &|row, columns| {
            for (columns, image) in columns.chunks_mut(windows).beside(images.chunks(image)) {
                self.unfold_row(row, &image[group * self.channels * area..], columns);
            }
        });
        columns
    }

    /// The gradients of the results of some images, side by side: a row for each output.
    fn grads_side_by_side<T: Number>(&self, grads: &[T], group: usize) -> Vec<T> {
        let windows = self.areas().1;
        let image = self.outputs * windows;
        let mut rows = Vec::with_capacity(grads.len() / self.groups);
        for output in 0..self.outputs_per_group {
            let start = (group * self.outputs_per_group + output) * windows;
            for image in grads.chunks(image) {
                rows.extend_from_slice(&image[start..][..windows]);
            }
        }
        rows
    }

    /// The image as a matrix of windows, in `columns` unless the image is such a matrix already.
    fn unfolded<'a, T: Number>(&self, x: &'a [T], columns: &'a mut Vec<T>) -> Matrix<'a, T> {
        let windows = self.areas().1;
        if self.is_pointwise() {
            return Matrix::new(x, self.window_len(), windows);
        }
        columns.resize(self.window_len() * windows, T::ZERO);
        let fill = |row: usize, columns: &mut [T]| self.unfold_row(row, x, columns);
        match self.workers() {
            Workers::All => threads::pieces(columns, windows, 1, &fill),
            Workers::One => {
                columns.chunks_mut(windows).enumerate().for_each(|(row, it)| fill(row, it));
            }
        }
        Matrix::new(columns, self.window_len(), windows)
    }

    /// Writes the pixels that one weight meets, window after window.
    fn unfold_row<T: Number>(&self, row: usize, image: &[T], columns: &mut [T]) {
        let area = self.areas().0;
        let per_channel = self.slides[0].kernel * self.slides[1].kernel;
        let plane = &image[row / per_channel * area..][..area];
        let places = self.places(row % per_channel);
        columns.chunks_exact_mut(self.windows[1]).enumerate().for_each(|(window, out)| {
            let Some(pixels) = places.row(window, plane, self.size) else {
                return out.fill(T::ZERO);
            };
            let (first, last) = places.columns;
            out[..first].fill(T::ZERO);
            out[last..].fill(T::ZERO);
            let out = &mut out[first..last];
            if places.stride == 1 {
                out.copy_from_slice(&pixels[..out.len()]);
            } else {
                let pixels = pixels.iter().step_by(places.stride);
                out.iter_mut().beside(pixels).for_each(|(o, p)| *o = *p);
            }
        });
    }

    /// Adds the rows of a channel to the pixels that [`Self::unfold_row`] took them from. Rows are `len` long, and those
    /// of the image begin at `start` in them.
    fn fold<T: Number>(
        &self,
        columns: &[T],
        (channel, len, start): (usize, usize, usize),
        plane: &mut [T],
    ) {
        let windows = self.areas().1;
        let per_channel = self.slides[0].kernel * self.slides[1].kernel;
        for row in 0..per_channel {
            let columns = &columns[(channel * per_channel + row) * len + start..][..windows];
            let places = self.places(row);
            for (window, given) in columns.chunks_exact(self.windows[1]).enumerate() {
                let Some(pixels) = places.row_mut(window, plane, self.size) else { continue };
                let given = &given[places.columns.0..places.columns.1];
                if places.stride == 1 {
                    pixels.iter_mut().beside(given).for_each(|(p, g)| *p += *g);
                } else {
                    let pixels = pixels.iter_mut().step_by(places.stride);
                    pixels.beside(given).for_each(|(p, g)| *p += *g);
                }
            }
        }
    }

    /// Where the weight with number `index` of a channel meets the image.
    fn places(&self, index: usize) -> Places {
        let [vertical, horizontal] = self.slides;
        let (down, right) = (index / horizontal.kernel, index % horizontal.kernel);
        let offset = right * horizontal.dilation;
        let first = horizontal.padding.saturating_sub(offset).div_ceil(horizontal.stride);
        let room = (self.size[1] + horizontal.padding).saturating_sub(offset);
        let last = room.div_ceil(horizontal.stride).min(self.windows[1]);
        let first = first.min(last);
        Places {
            vertical,
            down: down * vertical.dilation,
            columns: (first, last),
            begin: (first * horizontal.stride + offset).saturating_sub(horizontal.padding),
            stride: horizontal.stride,
        }
    }
}

/// The pixels that one weight meets, row by row of the windows.
struct Places {
    vertical: Slide,
    down: usize,
    /// The windows of a row in which the weight meets a pixel, not padding: first and end.
    columns: (usize, usize),
    /// The pixel that the weight meets in the first of these windows.
    begin: usize,
    stride: usize,
}

impl Places {
    /// Where the pixels of a row of windows begin and end, if the row isn't padding.
    fn range(&self, window: usize, size: [usize; 2]) -> Option<std::ops::Range<usize>> {
        let row = (window * self.vertical.stride + self.down).checked_sub(self.vertical.padding)?;
        let is_inside = row < size[0] && self.columns.0 < self.columns.1;
        is_inside.then(|| row * size[1] + self.begin..(row + 1) * size[1])
    }

    fn row<'a, T>(&self, window: usize, plane: &'a [T], size: [usize; 2]) -> Option<&'a [T]> {
        self.range(window, size).map(|range| &plane[range])
    }

    fn row_mut<'a, T>(
        &self,
        window: usize,
        plane: &'a mut [T],
        size: [usize; 2],
    ) -> Option<&'a mut [T]> {
        self.range(window, size).map(|range| &mut plane[range])
    }
}
