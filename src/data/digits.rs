//! Handwriting-like digits, drawn as strokes: an image set that needs no download.
//!
//! Each digit is a few strokes in a unit square. An image shifts, turns, slants, stretches and
//! thickens them at random and adds noise, so that a linear model, which compares pixel by pixel,
//! does clearly worse than a convolution.

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::dataset::examples;
use crate::error::fail;
use crate::random::{Twister, fresh_seed};
use crate::tensor::size;

/// The corners of a stroke; `x` to the right, `y` downwards, both from 0 to 1.
type Stroke = &'static [(f64, f64)];

const OVAL: Stroke = &[
    (0.50, 0.10),
    (0.68, 0.17),
    (0.76, 0.35),
    (0.76, 0.65),
    (0.68, 0.83),
    (0.50, 0.90),
    (0.32, 0.83),
    (0.24, 0.65),
    (0.24, 0.35),
    (0.32, 0.17),
    (0.50, 0.10),
];

const DIGITS: [&[Stroke]; 10] = [
    &[OVAL],
    &[&[(0.35, 0.28), (0.55, 0.10), (0.55, 0.90)]],
    &[&[
        (0.26, 0.30),
        (0.34, 0.14),
        (0.52, 0.09),
        (0.70, 0.16),
        (0.74, 0.33),
        (0.64, 0.52),
        (0.26, 0.90),
        (0.77, 0.90),
    ]],
    &[&[
        (0.28, 0.18),
        (0.48, 0.09),
        (0.68, 0.16),
        (0.72, 0.32),
        (0.60, 0.45),
        (0.45, 0.48),
        (0.62, 0.53),
        (0.75, 0.68),
        (0.68, 0.84),
        (0.48, 0.91),
        (0.26, 0.82),
    ]],
    &[&[(0.62, 0.90), (0.62, 0.10), (0.22, 0.65), (0.80, 0.65)]],
    &[&[
        (0.72, 0.10),
        (0.34, 0.10),
        (0.30, 0.46),
        (0.52, 0.40),
        (0.72, 0.50),
        (0.75, 0.70),
        (0.64, 0.86),
        (0.44, 0.91),
        (0.26, 0.82),
    ]],
    &[&[
        (0.68, 0.13),
        (0.46, 0.16),
        (0.30, 0.38),
        (0.26, 0.66),
        (0.36, 0.86),
        (0.54, 0.90),
        (0.72, 0.80),
        (0.74, 0.62),
        (0.60, 0.50),
        (0.42, 0.52),
        (0.28, 0.66),
    ]],
    &[&[(0.24, 0.11), (0.76, 0.11), (0.44, 0.90)]],
    &[&[
        (0.50, 0.48),
        (0.32, 0.38),
        (0.30, 0.20),
        (0.50, 0.09),
        (0.70, 0.20),
        (0.68, 0.38),
        (0.50, 0.48),
        (0.29, 0.60),
        (0.27, 0.80),
        (0.50, 0.91),
        (0.73, 0.80),
        (0.71, 0.60),
        (0.50, 0.48),
    ]],
    &[&[
        (0.72, 0.36),
        (0.58, 0.50),
        (0.40, 0.48),
        (0.27, 0.36),
        (0.30, 0.18),
        (0.48, 0.10),
        (0.66, 0.16),
        (0.72, 0.36),
        (0.70, 0.66),
        (0.54, 0.90),
    ]],
];

/// Images of the digits 0 to 9, drawn at random: like MNIST, but made on the spot.
///
/// Gives images `(n, 1, size, size)` of numbers from 0, paper, to 1, ink, and digits `(n)` in random
/// order. A `size` of 28 is MNIST's; 8 is coarse and fast. After `torch::manual_seed` the images are
/// always the same.
///
/// # Errors
///
/// For images of less than 8 x 8 pixels, or if memory runs out.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let (images, labels) = data::digits(20, 28)?;
/// assert_eq!((images.dims(), labels.dims()), (&[20, 1, 28, 28][..], &[20][..]));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn digits(n: usize, size: usize) -> Result<(Tensor, Tensor)> {
    if size < 8 {
        return fail(
            "data::digits",
            format_args!("images need 8 x 8 pixels or more, not {size} x {size}"),
        );
    }
    let count = size::checked("data::digits", &[n, 1, size, size], size_of::<f32>())?;
    let seed = fresh_seed();
    let mut pixels = vec![0f32; count];
    let mut labels = vec![0i64; n];
    // A generator for each image: threads may then draw them in any order.
    pixels.par_chunks_mut(size * size).zip(&mut labels).enumerate().for_each(
        |(index, (pixels, label))| {
            let mut chance = Chance(Twister::new(
                (seed ^ (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)) as u32
                    ^ (seed >> 32) as u32,
            ));
            *label = (chance.0.next_u32() % 10) as i64;
            draw(*label as usize, size, &mut chance, pixels);
        },
    );
    examples(pixels, &[n, 1, size, size], labels)
}

struct Chance(Twister);

impl Chance {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.0.next_u32()) / f64::from(u32::MAX)
    }
}

fn draw(digit: usize, size: usize, chance: &mut Chance, pixels: &mut [f32]) {
    let strokes = place(DIGITS[digit], chance);
    let thickness = chance.between(0.035, 0.075);
    // Edges are soft over one pixel.
    let softness = 1.0 / size as f64;
    let ink = chance.between(0.75, 1.0);
    let noise = chance.between(0.05, 0.2);
    for (index, pixel) in pixels.iter_mut().enumerate() {
        let x = ((index % size) as f64 + 0.5) / size as f64;
        let y = ((index / size) as f64 + 0.5) / size as f64;
        let distance =
            strokes.iter().map(|stroke| distance((x, y), *stroke)).fold(f64::INFINITY, f64::min);
        let value = ink * (0.5 + (thickness - distance) / softness).clamp(0.0, 1.0);
        *pixel = (value + noise * chance.between(-1.0, 1.0)).clamp(0.0, 1.0) as f32;
    }
}

type Segment = ((f64, f64), (f64, f64));

/// The digit's strokes as segments, shifted, turned and stretched by chance.
fn place(strokes: &[Stroke], chance: &mut Chance) -> Vec<Segment> {
    let angle = chance.between(-0.3, 0.3);
    let slant = chance.between(-0.3, 0.3);
    let (wide, high) = (chance.between(0.6, 0.9), chance.between(0.6, 0.9));
    let (right, down) = (chance.between(-0.15, 0.15), chance.between(-0.15, 0.15));
    let mut corner = |(x, y): (f64, f64)| {
        // A hand is never quite steady.
        let x = x - 0.5 + chance.between(-0.025, 0.025);
        let y = y - 0.5 + chance.between(-0.025, 0.025);
        let (x, y) = (wide * (x - slant * y), high * y);
        let (sin, cos) = angle.sin_cos();
        (0.5 + cos * x - sin * y + right, 0.5 + sin * x + cos * y + down)
    };
    let mut segments = Vec::new();
    for stroke in strokes {
        let corners = stroke.iter().map(|point| corner(*point)).collect::<Vec<_>>();
        segments.extend(corners.windows(2).map(|pair| (pair[0], pair[1])));
    }
    segments
}

/// From a point to the nearest one of a segment.
fn distance((x, y): (f64, f64), ((x0, y0), (x1, y1)): Segment) -> f64 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let length = (dx * dx + dy * dy).max(1e-12);
    let along = (((x - x0) * dx + (y - y0) * dy) / length).clamp(0.0, 1.0);
    let (dx, dy) = (x0 + along * dx - x, y0 + along * dy - y);
    (dx * dx + dy * dy).sqrt()
}
