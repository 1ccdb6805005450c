//! Digits that people wrote by hand, small enough to be carried along: `optdigits/README.md` has their source and licence.

use std::io::Read;

use candle_core::{Result, Tensor};
use flate2::read::GzDecoder;

use super::dataset::examples;
use crate::error::fail;

/// A line an image: 64 counts and the digit, with commas between them.
static FILE: &[u8] = include_bytes!("optdigits/digits.csv.gz");

/// Pixels along each side of an image.
const SIDE: usize = 8;

/// 1,797 images of digits that people wrote by hand, as scikit-learn's `load_digits` gives them.
///
/// Gives images `(1797, 8, 8)` of numbers from 0, paper, to 16, ink, in f32, and digits `(1797)` in i64, always in the same
/// order. A pixel says how many of 4 x 4 finer ones were black. No file and no network is needed.
///
/// Source: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits* (the test set), UCI Machine Learning
/// Repository, 1998, <https://doi.org/10.24432/C50P49>, CC BY 4.0. [`data::digits`](super::digits()) draws others of any
/// number and size.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// let (images, labels) = data::load_digits()?;
/// assert_eq!((images.dims(), labels.dims()), (&[1797, 8, 8][..], &[1797][..]));
/// assert_eq!(labels.narrow(0, 0, 5)?.to_vec1::<i64>()?, [0, 1, 2, 3, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn load_digits() -> Result<(Tensor, Tensor)> {
    let mut text = String::new();
    if let Err(error) = GzDecoder::new(FILE).read_to_string(&mut text) {
        return fail("data::load_digits", format_args!("the file of the digits: {error}"));
    }
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut numbers = line.split(',').map(|it| it.trim().parse::<u8>());
        pixels.extend(numbers.by_ref().take(SIDE * SIDE).flatten().map(f32::from));
        labels.extend(numbers.flatten().map(i64::from));
    }
    let count = labels.len();
    examples(pixels, &[count, SIDE, SIDE], labels)
}
