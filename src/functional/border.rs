//! What stands around an image: zeros, or the image's own numbers once more.
//!
//! Convolutions ask here how wide their border is and get an image with it where zeros alone don't do. The border of
//! one value is in `pad.rs`.

use candle_core::{Result, Tensor};

use super::pad::pad;
use super::window::Pair;
use crate::error::fail;
use crate::keywords;
use crate::tensor::{copy, size};

/// How much is put around the input of a convolution: a size, or PyTorch's `'same'` and `'valid'`.
///
/// A size becomes one by `into()`: `padding: 1.into()`, `padding: (1, 0).into()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding<S = Pair> {
    /// Nothing.
    Valid,
    /// As much as gives a result of the input's size; the stride has to be 1.
    Same,
    /// So much before and after.
    Size(S),
}

impl From<usize> for Padding<usize> {
    fn from(size: usize) -> Self {
        Padding::Size(size)
    }
}

macro_rules! of_images {
    ($($size:ty),*) => {$(
        impl From<$size> for Padding {
            fn from(size: $size) -> Self {
                Padding::Size(size.into())
            }
        }
    )*};
}

of_images!(usize, (usize, usize), [usize; 2], Pair);

keywords::from!(
    usize => Padding<usize>,
    usize => Padding,
    (usize, usize) => Padding,
    [usize; 2] => Padding,
    Pair => Padding,
);

impl<S: Copy + Into<Pair>> Padding<S> {
    /// As PyTorch prints it; nothing where it is the default.
    pub(crate) fn repr(self, tuple: impl Fn(S) -> String) -> Option<String> {
        match self {
            Padding::Valid => Some("valid".to_owned()),
            Padding::Same => Some("same".to_owned()),
            Padding::Size(size) => (size.into() != Pair::from(0)).then(|| tuple(size)),
        }
    }
}

/// What the numbers around an image are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PaddingMode {
    /// Zeros.
    #[default]
    Zeros,
    /// The image seen in a mirror at its first and last number: `c b | a b c d | c b`.
    Reflect,
    /// The first and the last number again: `a a | a b c d | d d`.
    Replicate,
    /// The image from its other end: `c d | a b c d | a b`.
    Circular,
}

impl PaddingMode {
    /// PyTorch's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            PaddingMode::Zeros => "zeros",
            PaddingMode::Reflect => "reflect",
            PaddingMode::Replicate => "replicate",
            PaddingMode::Circular => "circular",
        }
    }
}

/// Puts a border around the last axes that repeats what is there; negative widths cut instead.
///
/// `widths` are those of [`pad`](super::pad): before and after along the last axis, then along the one before it.
///
/// # Errors
///
/// If `widths` has an odd length or more pairs than `x` has axes, and where the border needs more numbers than there
/// are. See PyTorch's `pad` with `mode='reflect'`, `'replicate'` and `'circular'`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1., 2., 3.]);
/// let padded = |mode| F::pad_mode(&x, &[2, 1], mode)?.to_vec1::<f32>();
/// assert_eq!(padded(F::PaddingMode::Reflect)?, [3., 2., 1., 2., 3., 2.]);
/// assert_eq!(padded(F::PaddingMode::Replicate)?, [1., 1., 1., 2., 3., 3.]);
/// assert_eq!(padded(F::PaddingMode::Circular)?, [2., 3., 1., 2., 3., 1.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn pad_mode(x: &Tensor, widths: &[i64], mode: PaddingMode) -> Result<Tensor> {
    padded_named("F::pad_mode", x, widths, mode)
}

pub(crate) fn padded_named(
    function: &str,
    x: &Tensor,
    widths: &[i64],
    mode: PaddingMode,
) -> Result<Tensor> {
    let is_constant = mode == PaddingMode::Zeros;
    if is_constant || !widths.len().is_multiple_of(2) || widths.len() / 2 > x.rank() {
        return pad(x, widths, 0.0);
    }
    let mut padded = copy::unchanged(x)?;
    for (index, pair) in widths.chunks_exact(2).enumerate().filter(|(_, pair)| *pair != [0, 0]) {
        let axis = x.rank() - 1 - index;
        let places = places(function, x.dims(), axis, pair, mode)?;
        let mut dims = padded.dims().to_vec();
        dims[axis] = places.len();
        size::checked(function, &dims, x.dtype().size_in_bytes())?;
        let places = Tensor::new(places, x.device())?;
        padded = padded.contiguous()?.index_select(&places, axis)?;
    }
    Ok(padded)
}

/// For each place of the padded axis, the place that its number comes from.
fn places(
    function: &str,
    dims: &[usize],
    axis: usize,
    pair: &[i64],
    mode: PaddingMode,
) -> Result<Vec<u32>> {
    let count = dims[axis] as i64;
    let most = match mode {
        PaddingMode::Reflect => count - 1,
        PaddingMode::Circular => count,
        // No index of a tensor is larger; sums of three such numbers don't overflow.
        PaddingMode::Zeros | PaddingMode::Replicate => i64::from(u32::MAX),
    };
    let is_possible = count > 0
        && pair.iter().all(|width| (-count..=most).contains(width))
        && count + pair.iter().sum::<i64>() >= 0;
    if !is_possible {
        return fail(
            function,
            format_args!(
                "Padding size should be less than the corresponding input dimension, but got: padding ({}, {}) at dimension {axis} of input {dims:?}",
                pair[0], pair[1]
            ),
        );
    }
    let place = |index: i64| match mode {
        PaddingMode::Reflect if index < 0 => -index,
        PaddingMode::Reflect if index >= count => 2 * (count - 1) - index,
        PaddingMode::Circular => index.rem_euclid(count),
        _ => index.clamp(0, count - 1),
    };
    Ok((-pair[0]..count + pair[1]).map(|index| place(index) as u32).collect())
}

/// The image that a convolution slides over, and the zeros around it on both sides.
pub(super) fn of_convolution(
    function: &'static str,
    x: &Tensor,
    weight: &Tensor,
    (stride, dilation): (Pair, Pair),
    (padding, padding_mode): (Padding, PaddingMode),
) -> Result<(Tensor, Pair)> {
    let both = |size: usize| [size, size];
    // Before and after, of rows and of columns.
    let [rows, columns] = match padding {
        Padding::Valid => [[0; 2]; 2],
        Padding::Size(Pair { height, width }) => [both(height), both(width)],
        Padding::Same => {
            if stride != Pair::from(1) {
                return fail(function, "padding='same' is not supported for strided convolutions");
            }
            let [.., height, width] = *weight.dims() else {
                return Ok((x.clone(), 0.into()));
            };
            let sides = |kernel: usize, dilation: usize| {
                let total = kernel.saturating_sub(1).saturating_mul(dilation);
                [total / 2, total - total / 2]
            };
            [sides(height, dilation.height), sides(width, dilation.width)]
        }
    };
    let is_even = rows[0] == rows[1] && columns[0] == columns[1];
    if padding_mode == PaddingMode::Zeros && is_even {
        return Ok((x.clone(), (rows[0], columns[0]).into()));
    }
    // Sizes that are no size of a tensor are refused by whoever pads.
    let width = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
    let widths = [columns, rows].concat().into_iter().map(width).collect::<Vec<_>>();
    Ok((padded_named(function, x, &widths, padding_mode)?, 0.into()))
}
