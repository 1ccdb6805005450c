//! The pooling layers.

use candle_core::{Module, Result, Tensor};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::functional::{Pair, Slide, adaptive_avg_pool, avg_pool, max_pool};
use crate::print::python::bool_repr;

display_as_repr!(MaxPool2d, AvgPool2d, AdaptiveAvgPool2d);

/// The largest value of each window of an image; see [`F::max_pool2d`](crate::functional::max_pool2d).
///
/// # Shapes
///
/// From `(N, C, H, W)` or `(C, H, W)` to
/// `H' = (H + 2 padding - dilation (kernel - 1) - 1) / stride + 1`, rounded down, or up with
/// `ceil_mode`.
///
/// # Errors
///
/// If the kernel doesn't fit, or the padding is more than half of it. See PyTorch's `MaxPool2d`.
///
/// ```
/// use akari::prelude::*;
/// let pool = nn::MaxPool2d::new(2);
/// assert_eq!(pool.forward(&torch::rand((1, 3, 8, 8))?)?.dims(), &[1, 3, 4, 4]);
/// let pool = nn::MaxPool2d { stride: 1.into(), ..nn::MaxPool2d::new(3) };
/// assert_eq!(pool.forward(&torch::rand((1, 3, 8, 8))?)?.dims(), &[1, 3, 6, 6]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxPool2d {
    /// Height and width of a window.
    pub kernel_size: Pair,
    /// Pixels from window to window. Default: the kernel.
    pub stride: Pair,
    /// Pixels around the image that never win. Default: 0.
    pub padding: Pair,
    /// Pixels from one of a window to the next. Default: 1.
    pub dilation: Pair,
    /// Whether a last window may hang over. Default: false.
    pub ceil_mode: bool,
}

impl MaxPool2d {
    /// Windows that touch, without padding; the kernel is one number or a pair.
    pub fn new(kernel_size: impl Into<Pair>) -> Self {
        let kernel_size = kernel_size.into();
        MaxPool2d {
            kernel_size,
            stride: kernel_size,
            padding: 0.into(),
            dilation: 1.into(),
            ceil_mode: false,
        }
    }
}

impl Module for MaxPool2d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let slides = Slide::both(self.kernel_size, self.stride, self.padding, self.dilation);
        max_pool("nn::MaxPool2d", x, slides, self.ceil_mode)
    }
}

impl Layer for MaxPool2d {
    fields!();

    fn head(&self) -> String {
        let MaxPool2d { kernel_size, stride, padding, dilation, ceil_mode } = self;
        format!(
            "MaxPool2d(kernel_size={kernel_size}, stride={stride}, padding={padding}, dilation={dilation}, ceil_mode={})",
            bool_repr(*ceil_mode)
        )
    }
}

/// The mean of each window of an image; see [`F::avg_pool2d`](crate::functional::avg_pool2d).
///
/// # Shapes and errors
///
/// As [`MaxPool2d`]. See PyTorch's `AvgPool2d`.
///
/// ```
/// use akari::prelude::*;
/// let pool = nn::AvgPool2d::new(2);
/// assert_eq!(pool.to_string(), "AvgPool2d(kernel_size=2, stride=2, padding=0)");
/// assert_eq!(pool.forward(&torch::rand((1, 3, 8, 8))?)?.dims(), &[1, 3, 4, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvgPool2d {
    /// Height and width of a window.
    pub kernel_size: Pair,
    /// Pixels from window to window. Default: the kernel.
    pub stride: Pair,
    /// Zeros around the image. Default: 0.
    pub padding: Pair,
    /// Whether a last window may hang over. Default: false.
    pub ceil_mode: bool,
    /// Whether zeros of the padding count in the mean. Default: true.
    pub count_include_pad: bool,
}

impl AvgPool2d {
    /// Windows that touch, without padding; the kernel is one number or a pair.
    pub fn new(kernel_size: impl Into<Pair>) -> Self {
        let kernel_size = kernel_size.into();
        AvgPool2d {
            kernel_size,
            stride: kernel_size,
            padding: 0.into(),
            ceil_mode: false,
            count_include_pad: true,
        }
    }
}

impl Module for AvgPool2d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let slides = Slide::both(self.kernel_size, self.stride, self.padding, 1.into());
        avg_pool("nn::AvgPool2d", x, slides, self.ceil_mode, self.count_include_pad)
    }
}

impl Layer for AvgPool2d {
    fields!();

    fn head(&self) -> String {
        let AvgPool2d { kernel_size, stride, padding, .. } = self;
        format!("AvgPool2d(kernel_size={kernel_size}, stride={stride}, padding={padding})")
    }
}

/// Means of windows that are chosen so that an image of a given size results; see
/// [`F::adaptive_avg_pool2d`](crate::functional::adaptive_avg_pool2d) and PyTorch's
/// `AdaptiveAvgPool2d`.
///
/// ```
/// use akari::prelude::*;
/// let pool = nn::AdaptiveAvgPool2d::new((7, 7));
/// assert_eq!(pool.forward(&torch::rand((1, 3, 20, 9))?)?.dims(), &[1, 3, 7, 7]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdaptiveAvgPool2d {
    /// Height and width of what results.
    pub output_size: Pair,
    text: String,
}

impl AdaptiveAvgPool2d {
    /// A layer whose results have this size: one number or a pair.
    pub fn new(output_size: impl Into<Pair> + std::fmt::Debug) -> Self {
        // PyTorch prints the size as it was given: `1` or `(7, 7)`.
        let text = format!("{output_size:?}").replace(['[', ']'], "");
        AdaptiveAvgPool2d { output_size: output_size.into(), text }
    }
}

impl Module for AdaptiveAvgPool2d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        adaptive_avg_pool("nn::AdaptiveAvgPool2d", x, self.output_size)
    }
}

impl Layer for AdaptiveAvgPool2d {
    fields!();

    fn head(&self) -> String {
        format!("AdaptiveAvgPool2d(output_size={})", self.text)
    }
}
