//! Convolutions of sequences: those of images that are one pixel high.

use candle_core::{Result, Tensor};

use super::border::{Padding, PaddingMode};
use super::conv::{Conv2dOptions, conv_of_rows};
use crate::error::fail;

/// The options of [`conv1d`] and [`nn::Conv1d`](crate::nn::Conv1d).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv1dConfig {
    /// Numbers from window to window. Default: 1.
    pub stride: usize,
    /// Zeros at both ends, `2.into()`, or as many as keep the length: `Padding::Same`. Default: 0.
    pub padding: Padding<usize>,
    /// Numbers from one weight to the next: 2 leaves gaps of one. Default: 1.
    pub dilation: usize,
    /// Into how many groups channels are cut, each with its own weights. Default: 1.
    pub groups: usize,
    /// Whether a layer has a bias; [`conv1d`] goes by its argument. Default: true.
    pub bias: bool,
    /// What stands at both ends. Default: zeros.
    pub padding_mode: PaddingMode,
}

impl Default for Conv1dConfig {
    fn default() -> Self {
        Conv1dConfig {
            stride: 1,
            padding: 0.into(),
            dilation: 1,
            groups: 1,
            bias: true,
            padding_mode: PaddingMode::Zeros,
        }
    }
}

/// A convolution of sequences, PyTorch's: the kernel is not flipped.
///
/// ```text
/// y[n, o, i] = b[o] + sum over c, k of W[o, c, k] · x[n, c, i s - p + k d]
/// ```
///
/// `s` is the stride, `p` the padding and `d` the dilation.
///
/// # Shapes
///
/// `x` of `(N, C, L)` or `(C, L)`, `weight` of `(out, C / groups, k)`, `bias` of `(out)` if there is one.
///
/// # Errors
///
/// If these sizes don't fit, and for integers. See PyTorch's `conv1d`.
///
/// ```
/// use akari::prelude::*;
/// let (x, weight) = (tensor!([[1., 2., 4., 7.]]), tensor!([[[-1., 1.]]]));
/// let y = F::conv1d(&x, &weight, None, Default::default())?;
/// assert_eq!(y.to_vec2::<f32>()?, [[1., 2., 3.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn conv1d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    config: Conv1dConfig,
) -> Result<Tensor> {
    conv1d_named("F::conv1d", x, weight, bias, config)
}

pub(crate) fn conv1d_named(
    function: &'static str,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    config: Conv1dConfig,
) -> Result<Tensor> {
    let Conv1dConfig { stride, padding, dilation, groups, bias: has_bias, padding_mode } = config;
    check(function, "conv1d", x, weight)?;
    let (given, channels) = (x.dims()[x.rank() - 2], weight.dims()[1]);
    if groups > 0 && given != channels * groups {
        return fail(
            function,
            format_args!(
                "Given groups={groups}, weight of size {:?}, expected input{:?} to have {} channels, but got {given} channels instead",
                weight.dims(),
                x.dims(),
                channels * groups
            ),
        );
    }
    let config = Conv2dOptions {
        stride: (1, stride).into(),
        padding: match padding {
            Padding::Valid => Padding::Valid,
            Padding::Same => Padding::Same,
            Padding::Size(size) => (0, size).into(),
        },
        dilation: (1, dilation).into(),
        groups,
        bias: has_bias,
        padding_mode,
    };
    conv_of_rows(function, x, weight, bias, config)
}

/// Refuses what is no sequence, or no weight for one.
pub(super) fn check(function: &str, name: &str, x: &Tensor, weight: &Tensor) -> Result<()> {
    if weight.rank() != 3 {
        return fail(
            function,
            format_args!("weight must have three axes, but its shape is {:?}", weight.dims()),
        );
    }
    if !matches!(x.rank(), 2 | 3) {
        return fail(
            function,
            format_args!(
                "Expected 2D (unbatched) or 3D (batched) input to {name}, but got input of size: {:?}",
                x.dims()
            ),
        );
    }
    Ok(())
}
