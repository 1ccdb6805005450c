//! Images of another size: bilinear, and smoothed where they become smaller.
//!
//! A pixel of the result is a weighted sum of pixels of the image, along one axis and then along the other. The
//! weights are computed once for all rows and channels.

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use super::{Transform, sizes};
use crate::error::fail;
use crate::tensor::parts;

const FUNCTION: &str = "data::transforms::Resize";

/// More pixels than this in one side of the result are a mistake.
const LARGEST: usize = 1 << 16;

/// A size: one number, or `(height, width)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// One number, whose meaning the transform says.
    One(usize),
    /// Height and width.
    Pair(usize, usize),
}

impl Size {
    /// Height and width, where one number means a square.
    pub(super) fn square(self) -> (usize, usize) {
        match self {
            Size::One(size) => (size, size),
            Size::Pair(height, width) => (height, width),
        }
    }
}

impl From<usize> for Size {
    fn from(size: usize) -> Self {
        Size::One(size)
    }
}

impl From<(usize, usize)> for Size {
    fn from((height, width): (usize, usize)) -> Self {
        Size::Pair(height, width)
    }
}

/// The image in another size, bilinear with antialiasing; torchvision's `Resize`.
///
/// ```text
/// y[i] = sum over k of w(k) x[k] / sum over k of w(k);  w(k) = max(0, 1 - |k + 1/2 - c| / max(1, s))
/// c = s (i + 1/2), s = (old size) / (new size)
/// ```
///
/// along both axes. One number is the size of the shorter side, and the other side follows; a pair is
/// `(height, width)`. Bytes are rounded to bytes.
///
/// # Errors
///
/// If this is no image, or a size is 0.
///
/// ```
/// use akari::data::transforms::{Resize, Transform};
/// use akari::prelude::*;
/// let image = tensor!([[[0., 1., 2., 3.], [4., 5., 6., 7.]]]);
/// assert_eq!(Resize::new(1).forward(&image)?.dims(), &[1, 1, 2]);
/// let half = Resize::new((2, 2)).forward(&image)?;
/// assert_eq!(half.get(0)?.to_vec2::<f32>()?, [[0.714_285_73, 2.285_714_4], [4.714_286, 6.285_714]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Resize {
    size: Size,
}

impl Resize {
    /// The size of the shorter side, or `(height, width)`.
    pub fn new(size: impl Into<Size>) -> Self {
        Resize { size: size.into() }
    }

    fn target(&self, height: usize, width: usize) -> (usize, usize) {
        let longer = |size: usize, long: usize, short: usize| {
            (size as f64 * long as f64 / short as f64) as usize
        };
        match self.size {
            Size::Pair(height, width) => (height, width),
            Size::One(size) if width <= height => (longer(size, height, width), size),
            Size::One(size) => (size, longer(size, width, height)),
        }
    }
}

impl Transform for Resize {
    fn forward(&self, image: &Tensor) -> Result<Tensor> {
        let (_, height, width) = sizes(FUNCTION, image)?;
        if height == 0 || width == 0 {
            return fail(FUNCTION, "an image without pixels has no other size");
        }
        let (high, wide) = self.target(height, width);
        if high == 0 || wide == 0 || high > LARGEST || wide > LARGEST {
            return fail(
                FUNCTION,
                format_args!(
                    "an image of {high} x {wide} pixels can't be made (1 to {LARGEST} a side)"
                ),
            );
        }
        if (high, wide) == (height, width) {
            return Ok(image.clone());
        }
        let pixels = parts::values::<f32>(image)?;
        let planes = image.elem_count() / (height * width);
        let (columns, rows) = (weights(width, wide), weights(height, high));
        let mut resized = vec![0f32; planes * high * wide];
        resized.par_chunks_mut(high * wide).zip(pixels.par_chunks(height * width)).for_each(
            |(out, plane)| {
                let mut narrow = vec![0f64; height * wide];
                for (out, row) in narrow.chunks_mut(wide).zip(plane.chunks(width)) {
                    for (out, (begin, weights)) in out.iter_mut().zip(&columns) {
                        let pixels = row[*begin..].iter().map(|pixel| f64::from(*pixel));
                        *out =
                            weights.iter().zip(pixels).map(|(weight, pixel)| weight * pixel).sum();
                    }
                }
                for (out, (begin, weights)) in out.chunks_mut(wide).zip(&rows) {
                    let mut sums = vec![0f64; wide];
                    for (weight, row) in weights.iter().zip(narrow[begin * wide..].chunks(wide)) {
                        sums.iter_mut().zip(row).for_each(|(sum, pixel)| *sum += weight * pixel);
                    }
                    out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum as f32);
                }
            },
        );
        let mut shape = image.dims().to_vec();
        let rank = shape.len();
        (shape[rank - 2], shape[rank - 1]) = (high, wide);
        if !image.dtype().is_float() {
            resized.iter_mut().for_each(|pixel| *pixel = pixel.round_ties_even());
        }
        Tensor::from_vec(resized, shape, &Device::Cpu)?.to_dtype(image.dtype())
    }

    fn takes_batches(&self) -> bool {
        true
    }
}

/// For each of `new` pixels, the first of `old` ones that it is made of, and their weights.
fn weights(old: usize, new: usize) -> Vec<(usize, Vec<f64>)> {
    let scale = old as f64 / new as f64;
    // Where an image becomes larger, the two nearest pixels count; where it becomes smaller, all in reach.
    let reach = scale.max(1.0);
    let of_pixel = |index: usize| {
        let center = scale * (index as f64 + 0.5);
        let begin = (center - reach + 0.5).max(0.0) as usize;
        let end = ((center + reach + 0.5) as usize).min(old);
        let weight = |pixel: usize| {
            let distance = (pixel as f64 - center + 0.5).abs() / reach;
            (1.0 - distance).max(0.0)
        };
        let weights = (begin..end).map(weight).collect::<Vec<_>>();
        let sum = weights.iter().sum::<f64>();
        (begin, weights.into_iter().map(|weight| weight / sum).collect())
    };
    (0..new).map(of_pixel).collect()
}
