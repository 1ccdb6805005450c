//! The convolution layers.

use candle_core::{Module, Result, Tensor, Var};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::error::fail;
use crate::functional::{
    Conv1dConfig, Conv2dConfig, Conv2dOptions, PaddingMode, Pair, conv1d_named, conv2d_named,
};
use crate::nn::init;
use crate::print::python::tuple;

display_as_repr!(Conv1d, Conv2d);

/// A convolution of images with a bias.
///
/// ```text
/// y[n, o, i, j] = b[o] + sum over c, m, k of W[o, c, m, k] · x[n, c, i s - p + m d, j s - p + k d]
/// ```
///
/// `weight` and `bias` begin as uniform numbers between `±1 / √(in / groups · k_h k_w)`, PyTorch's very
/// numbers after `torch::manual_seed`.
///
/// # Shapes
///
/// From `(N, in, H, W)` or `(in, H, W)` to `(N, out, H', W')` with
/// `H' = (H + 2 padding - dilation (kernel - 1) - 1) / stride + 1`, rounded down; `H' = H` with `Padding::Same`.
///
/// # Errors
///
/// If the input has other channels, or the kernel doesn't fit. See PyTorch's `Conv2d`.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Conv2d::new(1, 8, 3, nn::Conv2dConfig { padding: 1, ..Default::default() })?;
/// assert_eq!(layer.forward(&torch::rand((2, 1, 5, 5))?)?.dims(), &[2, 8, 5, 5]);
/// assert_eq!(layer.to_string(), "Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))");
///
/// let options = nn::Conv2dOptions { stride: (2, 1).into(), padding: (1, 0).into(), ..Default::default() };
/// let layer = nn::Conv2d::with_options(1, 8, (3, 1), options)?;
/// assert_eq!(layer.forward(&torch::rand((2, 1, 5, 5))?)?.dims(), &[2, 8, 3, 5]);
/// let options = nn::Conv2dOptions { padding: nn::Padding::Same, ..Default::default() };
/// assert_eq!(nn::Conv2d::with_options(1, 8, 4, options)?.forward(&torch::rand((1, 5, 5))?)?.dims(), &[8, 5, 5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Conv2d {
    /// The weight, of shape `(out, in / groups, k_h, k_w)`.
    pub weight: Var,
    /// The bias, of shape `(out)`, if there is one.
    pub bias: Option<Var>,
    /// The options that the layer was made with.
    pub config: Conv2dOptions,
}

impl Conv2d {
    /// A layer from `in_channels` to `out_channels`; the kernel is one number or a pair.
    ///
    /// # Errors
    ///
    /// If `groups` doesn't divide both.
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel_size: impl Into<Pair>,
        config: Conv2dConfig,
    ) -> Result<Self> {
        Self::with_options(in_channels, out_channels, kernel_size, config.into())
    }

    /// [`new`](Conv2d::new) with pairs for stride, padding and dilation, `Padding::Same`, and other borders than zeros.
    ///
    /// # Errors
    ///
    /// If `groups` doesn't divide both.
    pub fn with_options(
        in_channels: usize,
        out_channels: usize,
        kernel_size: impl Into<Pair>,
        config: Conv2dOptions,
    ) -> Result<Self> {
        let Pair { height, width } = kernel_size.into();
        check_groups("nn::Conv2d", in_channels, out_channels, config.groups)?;
        let shape = [out_channels, in_channels / config.groups, height, width];
        let (weight, bias) = first_values(&shape, config.bias.then_some(out_channels))?;
        Ok(Conv2d { weight, bias, config })
    }
}

impl Module for Conv2d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        conv2d_named("nn::Conv2d", x, &self.weight, self.bias.as_deref(), self.config)
    }
}

impl Layer for Conv2d {
    fields!(weight, bias);

    fn head(&self) -> String {
        let Conv2dOptions { stride, padding, dilation, groups, padding_mode, .. } = self.config;
        let dims = self.weight.dims();
        Options {
            name: "Conv2d",
            channels: [dims[1] * groups, dims[0]],
            kernel: tuple(&dims[2..]),
            stride: stride.tuple(),
            padding: padding.repr(Pair::tuple),
            dilation: (dilation != 1.into()).then(|| dilation.tuple()),
            output_padding: None,
            groups,
            has_bias: self.bias.is_some(),
            padding_mode,
        }
        .repr()
    }
}

/// A convolution of sequences with a bias.
///
/// ```text
/// y[n, o, i] = b[o] + sum over c, k of W[o, c, k] · x[n, c, i s - p + k d]
/// ```
///
/// `weight` and `bias` begin as uniform numbers between `±1 / √(in / groups · k)`, PyTorch's very numbers after
/// `torch::manual_seed`.
///
/// # Shapes
///
/// From `(N, in, L)` or `(in, L)` to `(N, out, L')` with
/// `L' = (L + 2 padding - dilation (kernel - 1) - 1) / stride + 1`, rounded down; `L' = L` with `Padding::Same`.
///
/// # Errors
///
/// If the input has other channels, or the kernel doesn't fit. See PyTorch's `Conv1d`.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Conv1d::new(2, 4, 3, nn::Conv1dConfig { stride: 2, ..Default::default() })?;
/// assert_eq!(layer.forward(&torch::rand((1, 2, 9))?)?.dims(), &[1, 4, 4]);
/// assert_eq!(layer.to_string(), "Conv1d(2, 4, kernel_size=(3,), stride=(2,))");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Conv1d {
    /// The weight, of shape `(out, in / groups, k)`.
    pub weight: Var,
    /// The bias, of shape `(out)`, if there is one.
    pub bias: Option<Var>,
    /// The options that the layer was made with.
    pub config: Conv1dConfig,
}

impl Conv1d {
    /// A layer from `in_channels` to `out_channels`.
    ///
    /// # Errors
    ///
    /// If `groups` doesn't divide both.
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel_size: usize,
        config: Conv1dConfig,
    ) -> Result<Self> {
        check_groups("nn::Conv1d", in_channels, out_channels, config.groups)?;
        let shape = [out_channels, in_channels / config.groups, kernel_size];
        let (weight, bias) = first_values(&shape, config.bias.then_some(out_channels))?;
        Ok(Conv1d { weight, bias, config })
    }
}

impl Module for Conv1d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        conv1d_named("nn::Conv1d", x, &self.weight, self.bias.as_deref(), self.config)
    }
}

impl Layer for Conv1d {
    fields!(weight, bias);

    fn head(&self) -> String {
        let Conv1dConfig { stride, padding, dilation, groups, padding_mode, .. } = self.config;
        let dims = self.weight.dims();
        let one = |size: usize| tuple(&[size]);
        Options {
            name: "Conv1d",
            channels: [dims[1] * groups, dims[0]],
            kernel: one(dims[2]),
            stride: one(stride),
            padding: padding.repr(one),
            dilation: (dilation != 1).then(|| one(dilation)),
            output_padding: None,
            groups,
            has_bias: self.bias.is_some(),
            padding_mode,
        }
        .repr()
    }
}

/// Refuses channels that can't be cut into so many groups.
pub(super) fn check_groups(
    layer: &str,
    in_channels: usize,
    out_channels: usize,
    groups: usize,
) -> Result<()> {
    for (name, channels) in [("in_channels", in_channels), ("out_channels", out_channels)] {
        if groups == 0 || !channels.is_multiple_of(groups) {
            return fail(layer, format_args!("{name} must be divisible by groups"));
        }
    }
    Ok(())
}

/// The first weight of this shape, and the first bias of so many numbers.
pub(super) fn first_values(shape: &[usize], bias: Option<usize>) -> Result<(Var, Option<Var>)> {
    // What fits no memory is refused with the weight.
    let fan_in = shape[1..].iter().fold(1usize, |all, size| all.saturating_mul(*size));
    let weight = init::fan_in_uniform(shape, fan_in)?;
    let bias = bias.map(|outputs| init::fan_in_uniform(&[outputs], fan_in)).transpose()?;
    Ok((weight, bias))
}

/// What PyTorch prints of a convolution: of the options only those that aren't the default.
pub(super) struct Options {
    pub(super) name: &'static str,
    pub(super) channels: [usize; 2],
    pub(super) kernel: String,
    pub(super) stride: String,
    pub(super) padding: Option<String>,
    pub(super) dilation: Option<String>,
    pub(super) output_padding: Option<String>,
    pub(super) groups: usize,
    pub(super) has_bias: bool,
    pub(super) padding_mode: PaddingMode,
}

impl Options {
    pub(super) fn repr(self) -> String {
        let [inputs, outputs] = self.channels;
        let mut text = format!(
            "{}({inputs}, {outputs}, kernel_size={}, stride={}",
            self.name, self.kernel, self.stride
        );
        let mode = (self.padding_mode != PaddingMode::Zeros).then(|| self.padding_mode.word());
        for (name, value) in [
            ("padding", self.padding),
            ("dilation", self.dilation),
            ("output_padding", self.output_padding),
            ("groups", (self.groups != 1).then(|| self.groups.to_string())),
            ("bias", (!self.has_bias).then(|| "False".to_owned())),
            ("padding_mode", mode.map(str::to_owned)),
        ] {
            if let Some(value) = value {
                text += &format!(", {name}={value}");
            }
        }
        text + ")"
    }
}
