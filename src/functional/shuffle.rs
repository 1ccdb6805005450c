//! Channels that become pixels, and pixels that become channels.

use candle_core::{Result, Tensor};

use crate::error::fail;

/// Makes an image `r` times as high and wide of its channels: `(.., C r², H, W)` becomes `(.., C, H r, W r)`.
///
/// # Errors
///
/// If `r²` doesn't divide the channels. See PyTorch's `pixel_shuffle`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[[1.]], [[2.]], [[3.]], [[4.]]]);
/// assert_eq!(F::pixel_shuffle(&x, 2)?.to_vec3::<f32>()?, [[[1., 2.], [3., 4.]]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn pixel_shuffle(x: &Tensor, upscale_factor: usize) -> Result<Tensor> {
    let (function, r) = ("F::pixel_shuffle", upscale_factor);
    let [front @ .., channels, height, width] = x.dims() else {
        return few_axes(function, x);
    };
    let square = r.saturating_mul(r);
    if r == 0 || !channels.is_multiple_of(square) {
        return fail(
            function,
            format_args!(
                "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but input.size(-3)={channels} is not divisible by {square}"
            ),
        );
    }
    let count = front.iter().product::<usize>() * channels / square;
    let parts = x.reshape(&[count, r, r, *height, *width])?.permute((0, 3, 1, 4, 2))?;
    parts.reshape([front, &[channels / square, height * r, width * r]].concat())
}

/// Makes channels of an image's pixels: `(.., C, H r, W r)` becomes `(.., C r², H, W)`.
///
/// # Errors
///
/// If `r` doesn't divide height and width. See PyTorch's `pixel_unshuffle`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[[1., 2.], [3., 4.]]]);
/// assert_eq!(F::pixel_unshuffle(&x, 2)?.flatten_all()?.to_vec1::<f32>()?, [1., 2., 3., 4.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn pixel_unshuffle(x: &Tensor, downscale_factor: usize) -> Result<Tensor> {
    let (function, r) = ("F::pixel_unshuffle", downscale_factor);
    let [front @ .., channels, height, width] = x.dims() else {
        return few_axes(function, x);
    };
    if r == 0 || !height.is_multiple_of(r) || !width.is_multiple_of(r) {
        return fail(
            function,
            format_args!(
                "pixel_unshuffle expects height and width to be divisible by downscale_factor, but {height} x {width} is not divisible by {r}"
            ),
        );
    }
    let count = front.iter().product::<usize>() * channels;
    let parts = x.reshape(&[count, height / r, r, width / r, r])?.permute((0, 2, 4, 1, 3))?;
    parts.reshape([front, &[channels * r * r, height / r, width / r]].concat())
}

fn few_axes(function: &str, x: &Tensor) -> Result<Tensor> {
    fail(
        function,
        format_args!("expects an input with at least 3 axes, but its shape is {:?}", x.dims()),
    )
}
