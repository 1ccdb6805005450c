//! Layers that change the size of images: [`Upsample`], [`PixelShuffle`] and [`PixelUnshuffle`].

use candle_core::{Module, Result, Tensor};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::functional::{
    InterpolateConfig, InterpolateMode, interpolate_named, pixel_shuffle, pixel_unshuffle,
};
use crate::print::python::float_repr;

display_as_repr!(Upsample, PixelShuffle, PixelUnshuffle);

/// An image of another size; see [`F::interpolate`](crate::functional::interpolate).
///
/// # Shapes
///
/// From `(N, C, H, W)` to the new size, or from `(N, C, L)`.
///
/// # Errors
///
/// If there is not one of `size` and `scale_factor`, or the mode is for other shapes. See PyTorch's `Upsample`.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Upsample::new(2.0);
/// assert_eq!(layer.forward(&torch::rand((1, 3, 4, 5))?)?.dims(), &[1, 3, 8, 10]);
/// assert_eq!(layer.to_string(), "Upsample(scale_factor=2.0, mode='nearest')");
///
/// let mode = nn::InterpolateMode::Bilinear;
/// let config = nn::UpsampleConfig { size: Some((7, 9).into()), mode, ..Default::default() };
/// assert_eq!(nn::Upsample { config }.forward(&torch::rand((1, 3, 4, 5))?)?.dims(), &[1, 3, 7, 9]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Upsample {
    /// The size or the factor, and how pixels are made.
    pub config: InterpolateConfig,
}

impl Upsample {
    /// A layer that makes images larger by a factor, by the nearest pixel.
    pub fn new(scale_factor: f64) -> Self {
        let scale_factor = Some(scale_factor);
        Upsample { config: InterpolateConfig { scale_factor, ..Default::default() } }
    }

    /// A layer with options.
    pub fn with_config(config: InterpolateConfig) -> Self {
        Upsample { config }
    }
}

impl Module for Upsample {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        interpolate_named("nn::Upsample", x, self.config)
    }
}

impl Layer for Upsample {
    fields!();

    fn head(&self) -> String {
        let InterpolateConfig { size, scale_factor, mode, .. } = self.config;
        let what = match scale_factor {
            Some(factor) => format!("scale_factor={}", float_repr(factor)),
            None => format!("size={}", size.map_or("None".to_owned(), |size| size.to_string())),
        };
        let mode = match mode {
            InterpolateMode::Nearest => "nearest",
            InterpolateMode::Linear => "linear",
            InterpolateMode::Bilinear => "bilinear",
        };
        format!("Upsample({what}, mode='{mode}')")
    }
}

macro_rules! shuffles {
    ($($(#[$doc:meta])* $name:ident, $factor:ident, $function:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name {
            /// By how much height and width change.
            pub $factor: usize,
        }

        impl $name {
            /// A layer with this factor.
            pub fn new($factor: usize) -> Self {
                $name { $factor }
            }
        }

        impl Module for $name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                $function(x, self.$factor)
            }
        }

        impl Layer for $name {
            fields!();

            fn head(&self) -> String {
                format!(concat!(stringify!($name), "(", stringify!($factor), "={})"), self.$factor)
            }
        }
    )*};
}

shuffles! {
    /// Makes a larger image of its channels; see [`F::pixel_shuffle`](crate::functional::pixel_shuffle) and PyTorch's
    /// `PixelShuffle`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let layer = nn::PixelShuffle::new(3);
    /// assert_eq!(layer.forward(&torch::rand((1, 9, 4, 4))?)?.dims(), &[1, 1, 12, 12]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    PixelShuffle, upscale_factor, pixel_shuffle;

    /// Makes channels of an image's pixels; see [`F::pixel_unshuffle`](crate::functional::pixel_unshuffle) and
    /// PyTorch's `PixelUnshuffle`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let layer = nn::PixelUnshuffle::new(3);
    /// assert_eq!(layer.forward(&torch::rand((1, 1, 12, 12))?)?.dims(), &[1, 9, 4, 4]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    PixelUnshuffle, downscale_factor, pixel_unshuffle;
}
