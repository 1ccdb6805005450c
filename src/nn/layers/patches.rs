//! The layers [`Unfold`] and [`Fold`]: windows of images as columns, and back.

use candle_core::{Module, Result, Tensor};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::functional::{Pair, Slide, fold_named, unfold_named};

display_as_repr!(Unfold, Fold);

/// The windows of images, each as a column; see [`F::unfold`](crate::functional::unfold).
///
/// # Shapes and errors
///
/// As `F::unfold`. See PyTorch's `Unfold`.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Unfold::new((2, 3));
/// assert_eq!(layer.to_string(), "Unfold(kernel_size=(2, 3), dilation=1, padding=0, stride=1)");
/// assert_eq!(layer.forward(&torch::rand((2, 5, 3, 4))?)?.dims(), &[2, 30, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfold {
    /// Height and width of a window.
    pub kernel_size: Pair,
    /// Pixels from one of a window to the next. Default: 1.
    pub dilation: Pair,
    /// Zeros around the image. Default: 0.
    pub padding: Pair,
    /// Pixels from window to window. Default: 1.
    pub stride: Pair,
}

impl Unfold {
    /// Windows that move by one pixel, without padding.
    pub fn new(kernel_size: impl Into<Pair>) -> Self {
        let (one, none) = (1.into(), 0.into());
        Unfold { kernel_size: kernel_size.into(), dilation: one, padding: none, stride: one }
    }
}

impl Module for Unfold {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let slides = Slide::both(self.kernel_size, self.stride, self.padding, self.dilation);
        unfold_named("nn::Unfold", x, slides)
    }
}

impl Layer for Unfold {
    fields!();

    fn head(&self) -> String {
        let Unfold { kernel_size, dilation, padding, stride } = self;
        format!(
            "Unfold(kernel_size={kernel_size}, dilation={dilation}, padding={padding}, stride={stride})"
        )
    }
}

/// The image that columns of windows add up to; see [`F::fold`](crate::functional::fold).
///
/// # Shapes and errors
///
/// As `F::fold`. See PyTorch's `Fold`.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Fold::new((4, 5), (2, 2));
/// assert_eq!(layer.forward(&torch::rand((1, 12, 12))?)?.dims(), &[1, 3, 4, 5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Height and width of the image.
    pub output_size: Pair,
    /// Height and width of a window.
    pub kernel_size: Pair,
    /// Pixels from one of a window to the next. Default: 1.
    pub dilation: Pair,
    /// Zeros that were around the image. Default: 0.
    pub padding: Pair,
    /// Pixels from window to window. Default: 1.
    pub stride: Pair,
}

impl Fold {
    /// An image of windows that moved by one pixel, without padding.
    pub fn new(output_size: impl Into<Pair>, kernel_size: impl Into<Pair>) -> Self {
        let (one, none) = (1.into(), 0.into());
        Fold {
            output_size: output_size.into(),
            kernel_size: kernel_size.into(),
            dilation: one,
            padding: none,
            stride: one,
        }
    }
}

impl Module for Fold {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let slides = Slide::both(self.kernel_size, self.stride, self.padding, self.dilation);
        fold_named("nn::Fold", x, self.output_size, slides)
    }
}

impl Layer for Fold {
    fields!();

    fn head(&self) -> String {
        let Fold { output_size, kernel_size, dilation, padding, stride } = self;
        format!(
            "Fold(output_size={output_size}, kernel_size={kernel_size}, dilation={dilation}, padding={padding}, stride={stride})"
        )
    }
}
