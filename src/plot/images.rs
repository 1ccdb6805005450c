//! Tensors as pictures: one image, or a batch of them in rows.

use candle_core::{Result, Tensor};

use super::chart::{Bitmap, Chart, Sheet};
use super::figure::Figure;
use super::text::{brief, counted};
use crate::error::{fail, fail_shape};
use crate::tensor::parts;

/// More pictures than this can't be seen.
const MOST: usize = 400;
/// More pixels than this, along one side, are more than a page has.
const LONGEST: usize = 4_096;

/// A tensor as an image: (height, width), (channels, height, width) or (height, width, channels).
///
/// Channels are 1 (grey), 3 (red, green, blue) or 4 (and how opaque it is). Integers count from 0 to 255, floats from 0
/// to 1. Numbers outside of that, as those of a normalised image, are spread from the smallest to the largest.
///
/// ```
/// use akari::prelude::*;
/// let figure = plot::image(&tensor!([[0.0, 0.5], [1.0, 0.25]])).title("four pixels");
/// assert_eq!(figure.to_string(), "four pixels: image 2 x 2, grey");
/// ```
///
/// # Errors
///
/// When it is shown: if the shape is none of an image.
#[track_caller]
pub fn image(tensor: &Tensor) -> Figure {
    Figure::new(one(tensor))
}

/// The images of a batch, `columns` of them in a row; [`Figure::labels`] writes names above them.
///
/// ```
/// use akari::prelude::*;
/// let (x, y) = data::digits(32, 8)?;
/// let figure = plot::images(&x, 8).labels(&y);
/// assert_eq!(figure.to_string(), "32 images 8 x 8, grey");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
///
/// # Errors
///
/// When it is shown: if the shape is none of a batch, as [`image`]'s with an axis before it.
#[track_caller]
pub fn images(batch: &Tensor, columns: usize) -> Figure {
    Figure::new(several(batch, columns))
}

/// Where the channels of an image are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channels {
    None,
    First(usize),
    Last(usize),
}

/// Height, width and channels of an image of this shape.
fn layout(function: &str, dims: &[usize]) -> Result<(usize, usize, Channels)> {
    let (height, width, channels) = match *dims {
        [height, width] => (height, width, Channels::None),
        // Four channels are rare, and may be four rows.
        [channels @ (1 | 3), height, width] => (height, width, Channels::First(channels)),
        [height, width, channels @ (1 | 3)] => (height, width, Channels::Last(channels)),
        [4, height, width] => (height, width, Channels::First(4)),
        [height, width, 4] => (height, width, Channels::Last(4)),
        _ => {
            return fail_shape(
                function,
                format_args!(
                    "an image is of shape (height, width), or with 1, 3 or 4 channels before or behind these, but the shape is {dims:?}"
                ),
            );
        }
    };
    if height.max(width) > LONGEST {
        return fail_shape(
            function,
            format_args!(
                "{height} x {width} pixels are too many; at most {LONGEST} along a side can be drawn"
            ),
        );
    }
    Ok((height, width, channels))
}

fn one(tensor: &Tensor) -> Result<Chart> {
    let (height, width, channels) = layout("plot::image", tensor.dims())?;
    let (scale, spread) = scaled(tensor)?;
    let pictures = vec![bitmap(&scale, height, width, channels)];
    let about = format!("image {height} x {width}, {}{spread}", colors(channels));
    Ok(Chart::Sheet(Sheet { pictures, columns: 1, labels: Vec::new(), about }))
}

fn several(batch: &Tensor, columns: usize) -> Result<Chart> {
    const NAME: &str = "plot::images";
    let [count, dims @ ..] = batch.dims() else {
        return fail_shape(
            NAME,
            "a batch is of shape (n, height, width) or with channels, but this is a number",
        );
    };
    if columns == 0 {
        return fail(NAME, "columns is 0, but a row has at least one image");
    }
    if *count > MOST {
        return fail_shape(
            NAME,
            format_args!(
                "{count} images are more than can be seen; batch.narrow(0, 0, 64)? takes the first 64"
            ),
        );
    }
    let (height, width, channels) = layout(NAME, dims)?;
    let (values, spread) = scaled(batch)?;
    let each = dims.iter().product::<usize>().max(1);
    let pictures =
        values.chunks(each).map(|values| bitmap(values, height, width, channels)).collect();
    let about =
        format!("{} {height} x {width}, {}{spread}", counted(*count, "image"), colors(channels));
    Ok(Chart::Sheet(Sheet { pictures, columns, labels: Vec::new(), about }))
}

fn colors(channels: Channels) -> &'static str {
    match channels {
        Channels::None | Channels::First(1) | Channels::Last(1) => "grey",
        _ => "in colours",
    }
}

/// The elements from 0 to 255, and a word about it where the numbers don't say that themselves.
fn scaled(tensor: &Tensor) -> Result<(Vec<f64>, String)> {
    let is_integer = tensor.dtype().is_int();
    let values = parts::values::<f64>(tensor)?;
    let most = if is_integer { 255.0 } else { 1.0 };
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
    if low > high || (low >= 0.0 && high <= most) {
        return Ok((values.into_iter().map(|value| value / most * 255.0).collect(), String::new()));
    }
    let span = if high > low { high - low } else { 1.0 };
    let spread = format!(", from {} (black) to {} (white)", brief(low), brief(high));
    Ok((values.into_iter().map(|value| (value - low) / span * 255.0).collect(), spread))
}

fn bitmap(values: &[f64], height: usize, width: usize, channels: Channels) -> Bitmap {
    let at = |row: usize, column: usize, channel: usize| match channels {
        Channels::None => values[row * width + column],
        Channels::First(_) => values[(channel * height + row) * width + column],
        Channels::Last(count) => values[(row * width + column) * count + channel],
    };
    let mut pixels = Vec::with_capacity(height * width);
    for row in 0..height {
        for column in 0..width {
            let channel = |channel| at(row, column, channel);
            let four = match channels {
                Channels::None | Channels::First(1) | Channels::Last(1) => {
                    let grey = channel(0);
                    [grey, grey, grey, 255.0]
                }
                Channels::First(3) | Channels::Last(3) => {
                    [channel(0), channel(1), channel(2), 255.0]
                }
                _ => [channel(0), channel(1), channel(2), channel(3)],
            };
            // What is no number is a hole, through which the panel shows.
            pixels.push(match four.iter().any(|value| value.is_nan()) {
                true => [0; 4],
                false => four.map(|value| value.round().clamp(0.0, 255.0) as u8),
            });
        }
    }
    Bitmap { width, pixels }
}
