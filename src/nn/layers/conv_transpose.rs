//! The transposed convolution layers.

use candle_core::{Module, Result, Tensor, Var};

use super::convolution::{Options, check_groups, first_values};
use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::functional::{
    ConvTranspose1dConfig, ConvTranspose2dConfig, PaddingMode, Pair, conv_transpose1d_named,
    conv_transpose2d_named,
};
use crate::print::python::tuple;

display_as_repr!(ConvTranspose1d, ConvTranspose2d);

/// A transposed convolution of images with a bias, which makes them larger; see
/// [`F::conv_transpose2d`](crate::functional::conv_transpose2d).
///
/// `weight` and `bias` begin as uniform numbers between `±1 / √(out / groups · k_h k_w)`, PyTorch's very numbers after
/// `torch::manual_seed`.
///
/// # Shapes
///
/// From `(N, in, H, W)` or `(in, H, W)` to `(N, out, H', W')` with
/// `H' = (H - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1`.
///
/// # Errors
///
/// If the input has other channels, or nothing is left of the result. See PyTorch's `ConvTranspose2d`.
///
/// ```
/// use akari::prelude::*;
/// let config = nn::ConvTranspose2dConfig { stride: 2.into(), padding: 1.into(), ..Default::default() };
/// let layer = nn::ConvTranspose2d::new(8, 4, 4, config)?;
/// assert_eq!(layer.forward(&torch::rand((2, 8, 7, 7))?)?.dims(), &[2, 4, 14, 14]);
/// assert_eq!(layer.to_string(), "ConvTranspose2d(8, 4, kernel_size=(4, 4), stride=(2, 2), padding=(1, 1))");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConvTranspose2d {
    /// The weight, of shape `(in, out / groups, k_h, k_w)`.
    pub weight: Var,
    /// The bias, of shape `(out)`, if there is one.
    pub bias: Option<Var>,
    /// The options that the layer was made with.
    pub config: ConvTranspose2dConfig,
}

impl ConvTranspose2d {
    /// A layer from `in_channels` to `out_channels`; the kernel is one number or a pair.
    ///
    /// # Errors
    ///
    /// If `groups` doesn't divide both.
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel_size: impl Into<Pair>,
        config: ConvTranspose2dConfig,
    ) -> Result<Self> {
        let Pair { height, width } = kernel_size.into();
        check_groups("nn::ConvTranspose2d", in_channels, out_channels, config.groups)?;
        let shape = [in_channels, out_channels / config.groups, height, width];
        let (weight, bias) = first_values(&shape, config.bias.then_some(out_channels))?;
        Ok(ConvTranspose2d { weight, bias, config })
    }
}

impl Module for ConvTranspose2d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = (&self.weight, self.bias.as_deref());
        conv_transpose2d_named("nn::ConvTranspose2d", x, weight, bias, self.config)
    }
}

impl Layer for ConvTranspose2d {
    fields!(weight, bias);

    fn head(&self) -> String {
        let ConvTranspose2dConfig { stride, padding, output_padding, dilation, groups, .. } =
            self.config;
        let dims = self.weight.dims();
        let unless = |default: usize, pair: Pair| (pair != default.into()).then(|| pair.tuple());
        Options {
            name: "ConvTranspose2d",
            channels: [dims[0], dims[1] * groups],
            kernel: tuple(&dims[2..]),
            stride: stride.tuple(),
            padding: unless(0, padding),
            dilation: unless(1, dilation),
            output_padding: unless(0, output_padding),
            groups,
            has_bias: self.bias.is_some(),
            padding_mode: PaddingMode::Zeros,
        }
        .repr()
    }
}

/// A transposed convolution of sequences with a bias; see
/// [`F::conv_transpose1d`](crate::functional::conv_transpose1d).
///
/// # Shapes
///
/// From `(N, in, L)` or `(in, L)` to `(N, out, L')` with
/// `L' = (L - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1`.
///
/// # Errors
///
/// As [`ConvTranspose2d`]. See PyTorch's `ConvTranspose1d`.
///
/// ```
/// use akari::prelude::*;
/// let config = nn::ConvTranspose1dConfig { stride: 3, ..Default::default() };
/// let layer = nn::ConvTranspose1d::new(4, 2, 3, config)?;
/// assert_eq!(layer.forward(&torch::rand((1, 4, 5))?)?.dims(), &[1, 2, 15]);
/// assert_eq!(layer.to_string(), "ConvTranspose1d(4, 2, kernel_size=(3,), stride=(3,))");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConvTranspose1d {
    /// The weight, of shape `(in, out / groups, k)`.
    pub weight: Var,
    /// The bias, of shape `(out)`, if there is one.
    pub bias: Option<Var>,
    /// The options that the layer was made with.
    pub config: ConvTranspose1dConfig,
}

impl ConvTranspose1d {
    /// A layer from `in_channels` to `out_channels`.
    ///
    /// # Errors
    ///
    /// If `groups` doesn't divide both.
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel_size: usize,
        config: ConvTranspose1dConfig,
    ) -> Result<Self> {
        check_groups("nn::ConvTranspose1d", in_channels, out_channels, config.groups)?;
        let shape = [in_channels, out_channels / config.groups, kernel_size];
        let (weight, bias) = first_values(&shape, config.bias.then_some(out_channels))?;
        Ok(ConvTranspose1d { weight, bias, config })
    }
}

impl Module for ConvTranspose1d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = (&self.weight, self.bias.as_deref());
        conv_transpose1d_named("nn::ConvTranspose1d", x, weight, bias, self.config)
    }
}

impl Layer for ConvTranspose1d {
    fields!(weight, bias);

    fn head(&self) -> String {
        let ConvTranspose1dConfig { stride, padding, output_padding, dilation, groups, .. } =
            self.config;
        let dims = self.weight.dims();
        let unless = |default: usize, size: usize| (size != default).then(|| tuple(&[size]));
        Options {
            name: "ConvTranspose1d",
            channels: [dims[0], dims[1] * groups],
            kernel: tuple(&dims[2..]),
            stride: tuple(&[stride]),
            padding: unless(0, padding),
            dilation: unless(1, dilation),
            output_padding: unless(0, output_padding),
            groups,
            has_bias: self.bias.is_some(),
            padding_mode: PaddingMode::Zeros,
        }
        .repr()
    }
}
