//! The convolution layer.

use candle_core::{Module, Result, Tensor, Var};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::error::fail;
use crate::functional::{Conv2dConfig, Pair, conv2d_named};
use crate::nn::init;

display_as_repr!(Conv2d);

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
/// `H' = (H + 2 padding - dilation (kernel - 1) - 1) / stride + 1`, rounded down.
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
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Conv2d {
    /// The weight, of shape `(out, in / groups, k_h, k_w)`.
    pub weight: Var,
    /// The bias, of shape `(out)`, if there is one.
    pub bias: Option<Var>,
    /// The options that the layer was made with.
    pub config: Conv2dConfig,
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
        let Pair { height, width } = kernel_size.into();
        let groups = config.groups;
        for (name, channels) in [("in_channels", in_channels), ("out_channels", out_channels)] {
            if groups == 0 || !channels.is_multiple_of(groups) {
                return fail("nn::Conv2d", format_args!("{name} must be divisible by groups"));
            }
        }
        let channels = in_channels / groups;
        let fan_in = channels * height * width;
        let weight = init::fan_in_uniform(&[out_channels, channels, height, width], fan_in)?;
        let bias =
            config.bias.then(|| init::fan_in_uniform(&[out_channels], fan_in)).transpose()?;
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
        let Conv2dConfig { stride, padding, dilation, groups, .. } = self.config;
        let dims = self.weight.dims();
        let tuple = |size: usize| Pair::from(size).tuple();
        let mut text = format!(
            "Conv2d({}, {}, kernel_size={}, stride={}",
            dims[1] * groups,
            dims[0],
            Pair::from((dims[2], dims[3])).tuple(),
            tuple(stride)
        );
        // PyTorch prints only what isn't the default.
        if padding != 0 {
            text += &format!(", padding={}", tuple(padding));
        }
        if dilation != 1 {
            text += &format!(", dilation={}", tuple(dilation));
        }
        if groups != 1 {
            text += &format!(", groups={groups}");
        }
        if self.bias.is_none() {
            text += ", bias=False";
        }
        text + ")"
    }
}
