//! Pooling of sequences: that of images that are one pixel high; and the largest values of adaptive windows.

use candle_core::{Result, Tensor};

use super::pool::{adaptive_avg_pool, adaptive_max_pool, avg_pool, max_pool};
use super::window::{Pair, Slide};
use crate::error::fail;

/// The largest value of each window of a sequence; see [`max_pool2d`](super::max_pool2d).
///
/// # Shapes
///
/// `(N, C, L)` or `(C, L)`; `L` becomes `(L + 2 padding - kernel) / stride + 1`, rounded down.
///
/// # Errors
///
/// As [`max_pool2d`](super::max_pool2d). See PyTorch's `max_pool1d`; dilation and `ceil_mode` are in
/// [`nn::MaxPool1d`](crate::nn::MaxPool1d).
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 3., 2., 5.]]);
/// assert_eq!(F::max_pool1d(&x, 2, 2, 0)?.to_vec2::<f32>()?, [[3., 5.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn max_pool1d(x: &Tensor, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
    max_pool1d_named("F::max_pool1d", x, Slide { kernel, stride, padding, dilation: 1 }, false)
}

/// The mean of each window of a sequence; see [`avg_pool2d`](super::avg_pool2d).
///
/// # Shapes and errors
///
/// As [`max_pool1d`]. See PyTorch's `avg_pool1d`; `ceil_mode` and `count_include_pad` are in
/// [`nn::AvgPool1d`](crate::nn::AvgPool1d).
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 3., 2., 5.]]);
/// assert_eq!(F::avg_pool1d(&x, 2, 2, 0)?.to_vec2::<f32>()?, [[2., 3.5]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn avg_pool1d(x: &Tensor, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
    let slide = Slide { kernel, stride, padding, dilation: 1 };
    avg_pool1d_named("F::avg_pool1d", x, slide, false, true)
}

/// Means of windows that are chosen so that a sequence of a given length results; see
/// [`adaptive_avg_pool2d`](super::adaptive_avg_pool2d).
///
/// # Errors
///
/// For integers, and for other shapes than `(N, C, L)` and `(C, L)`. See PyTorch's `adaptive_avg_pool1d`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 2., 3., 4.]]);
/// assert_eq!(F::adaptive_avg_pool1d(&x, 2)?.to_vec2::<f32>()?, [[1.5, 3.5]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn adaptive_avg_pool1d(x: &Tensor, size: usize) -> Result<Tensor> {
    adaptive_pool1d("F::adaptive_avg_pool1d", x, size, adaptive_avg_pool)
}

/// Largest values of windows that are chosen so that a sequence of a given length results.
///
/// # Errors
///
/// As [`adaptive_avg_pool1d`]. See PyTorch's `adaptive_max_pool1d`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 2., 3., 4.]]);
/// assert_eq!(F::adaptive_max_pool1d(&x, 2)?.to_vec2::<f32>()?, [[2., 4.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn adaptive_max_pool1d(x: &Tensor, size: usize) -> Result<Tensor> {
    adaptive_pool1d("F::adaptive_max_pool1d", x, size, adaptive_max_pool)
}

/// Largest values of windows that are chosen so that an image of a given size results.
///
/// ```text
/// y[i] = max of x[floor(i H / h) .. ceil((i + 1) H / h)]     along both axes
/// ```
///
/// # Shapes
///
/// `(N, C, H, W)` or `(C, H, W)`; `H` and `W` become `size`, one number or a pair.
///
/// # Errors
///
/// For integers, and for other shapes. See PyTorch's `adaptive_max_pool2d`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[[1., 2., 3.], [4., 5., 6.]]]);
/// assert_eq!(F::adaptive_max_pool2d(&x, 1)?.flatten_all()?.to_vec1::<f32>()?, [6.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn adaptive_max_pool2d(x: &Tensor, size: impl Into<Pair>) -> Result<Tensor> {
    adaptive_max_pool("F::adaptive_max_pool2d", x, size.into())
}

/// How a window moves along the axis of one pixel.
const STILL: Slide = Slide { kernel: 1, stride: 1, padding: 0, dilation: 1 };

pub(crate) fn max_pool1d_named(
    function: &'static str,
    x: &Tensor,
    slide: Slide,
    ceil: bool,
) -> Result<Tensor> {
    let y = max_pool(function, &image(function, x)?, [STILL, slide], ceil)?;
    y.squeeze(y.rank() - 2)
}

pub(crate) fn avg_pool1d_named(
    function: &'static str,
    x: &Tensor,
    slide: Slide,
    ceil: bool,
    count_include_pad: bool,
) -> Result<Tensor> {
    let y = avg_pool(function, &image(function, x)?, [STILL, slide], ceil, count_include_pad)?;
    y.squeeze(y.rank() - 2)
}

pub(crate) fn adaptive_pool1d(
    function: &'static str,
    x: &Tensor,
    size: usize,
    pool: fn(&'static str, &Tensor, Pair) -> Result<Tensor>,
) -> Result<Tensor> {
    let y = pool(function, &image(function, x)?, (1, size).into())?;
    y.squeeze(y.rank() - 2)
}

/// Sequences as images that are one pixel high.
pub(super) fn image(function: &str, x: &Tensor) -> Result<Tensor> {
    if !matches!(x.rank(), 2 | 3) {
        return fail(
            function,
            format_args!(
                "2D (C, L) or 3D (N, C, L) tensor expected for input, but its shape is {:?}",
                x.dims()
            ),
        );
    }
    x.unsqueeze(x.rank() - 1)
}
