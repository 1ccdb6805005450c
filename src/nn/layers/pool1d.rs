//! The pooling layers of sequences, and those that look for the largest value of adaptive windows.

use candle_core::{Module, Result, Tensor};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::functional::{
    Pair, Slide, adaptive_avg_pool, adaptive_max_pool, adaptive_pool1d, avg_pool1d_named,
    max_pool1d_named,
};
use crate::print::python::{bool_repr, tuple};

display_as_repr!(MaxPool1d, AvgPool1d, AdaptiveAvgPool1d, AdaptiveMaxPool1d, AdaptiveMaxPool2d);

/// The largest value of each window of a sequence; see [`F::max_pool1d`](crate::functional::max_pool1d).
///
/// # Shapes
///
/// From `(N, C, L)` or `(C, L)` to `L' = (L + 2 padding - dilation (kernel - 1) - 1) / stride + 1`, rounded down, or
/// up with `ceil_mode`.
///
/// # Errors
///
/// If the kernel doesn't fit, or the padding is more than half of it. See PyTorch's `MaxPool1d`.
///
/// ```
/// use akari::prelude::*;
/// let pool = nn::MaxPool1d::new(2);
/// assert_eq!(pool.forward(&torch::rand((1, 3, 8))?)?.dims(), &[1, 3, 4]);
/// let pool = nn::MaxPool1d { stride: 1, padding: 1, ..nn::MaxPool1d::new(3) };
/// assert_eq!(pool.forward(&torch::rand((1, 3, 8))?)?.dims(), &[1, 3, 8]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxPool1d {
    /// The length of a window.
    pub kernel_size: usize,
    /// Numbers from window to window. Default: the kernel.
    pub stride: usize,
    /// Numbers at both ends that never win. Default: 0.
    pub padding: usize,
    /// Numbers from one of a window to the next. Default: 1.
    pub dilation: usize,
    /// Whether a last window may hang over. Default: false.
    pub ceil_mode: bool,
}

impl MaxPool1d {
    /// Windows that touch, without padding.
    pub fn new(kernel_size: usize) -> Self {
        MaxPool1d { kernel_size, stride: kernel_size, padding: 0, dilation: 1, ceil_mode: false }
    }
}

impl Module for MaxPool1d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let MaxPool1d { kernel_size: kernel, stride, padding, dilation, ceil_mode } = *self;
        let slide = Slide { kernel, stride, padding, dilation };
        max_pool1d_named("nn::MaxPool1d", x, slide, ceil_mode)
    }
}

impl Layer for MaxPool1d {
    fields!();

    fn head(&self) -> String {
        let MaxPool1d { kernel_size, stride, padding, dilation, ceil_mode } = self;
        format!(
            "MaxPool1d(kernel_size={kernel_size}, stride={stride}, padding={padding}, dilation={dilation}, ceil_mode={})",
            bool_repr(*ceil_mode)
        )
    }
}

/// The mean of each window of a sequence; see [`F::avg_pool1d`](crate::functional::avg_pool1d).
///
/// # Shapes and errors
///
/// As [`MaxPool1d`]. See PyTorch's `AvgPool1d`.
///
/// ```
/// use akari::prelude::*;
/// let pool = nn::AvgPool1d::new(2);
/// assert_eq!(pool.to_string(), "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))");
/// assert_eq!(pool.forward(&torch::rand((1, 3, 8))?)?.dims(), &[1, 3, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvgPool1d {
    /// The length of a window.
    pub kernel_size: usize,
    /// Numbers from window to window. Default: the kernel.
    pub stride: usize,
    /// Zeros at both ends. Default: 0.
    pub padding: usize,
    /// Whether a last window may hang over. Default: false.
    pub ceil_mode: bool,
    /// Whether zeros of the padding count in the mean. Default: true.
    pub count_include_pad: bool,
}

impl AvgPool1d {
    /// Windows that touch, without padding.
    pub fn new(kernel_size: usize) -> Self {
        AvgPool1d {
            kernel_size,
            stride: kernel_size,
            padding: 0,
            ceil_mode: false,
            count_include_pad: true,
        }
    }
}

impl Module for AvgPool1d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let AvgPool1d { kernel_size: kernel, stride, padding, ceil_mode, count_include_pad } =
            *self;
        let slide = Slide { kernel, stride, padding, dilation: 1 };
        avg_pool1d_named("nn::AvgPool1d", x, slide, ceil_mode, count_include_pad)
    }
}

impl Layer for AvgPool1d {
    fields!();

    fn head(&self) -> String {
        let [kernel, stride, padding] =
            [self.kernel_size, self.stride, self.padding].map(|size| tuple(&[size]));
        format!("AvgPool1d(kernel_size={kernel}, stride={stride}, padding={padding})")
    }
}

macro_rules! adaptive_pool1d {
    ($(#[$doc:meta])* $name:ident, $pool:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            /// The length of the result.
            pub output_size: usize,
        }

        impl $name {
            /// A layer whose results have this length.
            pub fn new(output_size: usize) -> Self {
                $name { output_size }
            }
        }

        impl Module for $name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                adaptive_pool1d(concat!("nn::", stringify!($name)), x, self.output_size, $pool)
            }
        }

        impl Layer for $name {
            fields!();

            fn head(&self) -> String {
                format!(concat!(stringify!($name), "(output_size={})"), self.output_size)
            }
        }
    };
}

adaptive_pool1d! {
    /// Means of windows that are chosen so that a sequence of a given length results; see
    /// [`F::adaptive_avg_pool1d`](crate::functional::adaptive_avg_pool1d) and PyTorch's `AdaptiveAvgPool1d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let pool = nn::AdaptiveAvgPool1d::new(3);
    /// assert_eq!(pool.forward(&torch::rand((2, 4, 7))?)?.dims(), &[2, 4, 3]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    AdaptiveAvgPool1d, adaptive_avg_pool
}

adaptive_pool1d! {
    /// Largest values of windows that are chosen so that a sequence of a given length results; see
    /// [`F::adaptive_max_pool1d`](crate::functional::adaptive_max_pool1d) and PyTorch's `AdaptiveMaxPool1d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let pool = nn::AdaptiveMaxPool1d::new(3);
    /// assert_eq!(pool.forward(&torch::rand((2, 4, 7))?)?.dims(), &[2, 4, 3]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    AdaptiveMaxPool1d, adaptive_max_pool
}

/// Largest values of windows that are chosen so that an image of a given size results; see
/// [`F::adaptive_max_pool2d`](crate::functional::adaptive_max_pool2d) and PyTorch's `AdaptiveMaxPool2d`.
///
/// ```
/// use akari::prelude::*;
/// let pool = nn::AdaptiveMaxPool2d::new((1, 2));
/// assert_eq!(pool.forward(&torch::rand((2, 3, 9, 7))?)?.dims(), &[2, 3, 1, 2]);
/// assert_eq!(pool.to_string(), "AdaptiveMaxPool2d(output_size=(1, 2))");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdaptiveMaxPool2d {
    /// Height and width of the result.
    pub output_size: Pair,
    /// The size as PyTorch prints it.
    text: String,
}

impl AdaptiveMaxPool2d {
    /// A layer whose results have this size: one number or a pair.
    pub fn new(output_size: impl Into<Pair> + std::fmt::Debug) -> Self {
        // PyTorch prints the size as it was given: `1` or `(7, 7)`.
        let text = format!("{output_size:?}").replace(['[', ']'], "");
        AdaptiveMaxPool2d { output_size: output_size.into(), text }
    }
}

impl Module for AdaptiveMaxPool2d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        adaptive_max_pool("nn::AdaptiveMaxPool2d", x, self.output_size)
    }
}

impl Layer for AdaptiveMaxPool2d {
    fields!();

    fn head(&self) -> String {
        format!("AdaptiveMaxPool2d(output_size={})", self.text)
    }
}
