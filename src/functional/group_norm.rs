//! Normalising groups of channels, each image for itself.

use candle_core::{Result, Tensor};

use super::channel_affine::channel_affine;
use super::layer_norm::layer_norm_named;
use crate::error::fail;

/// Gives every group of channels of an image mean 0 and variance 1, then scales and shifts each channel.
///
/// ```text
/// y = (x - mean) / √(variance + eps) · weight + bias
/// ```
///
/// Mean and variance (divided by `n`) are those of all numbers of a group in one image. PyTorch's default `eps` is 1e-5.
///
/// # Shapes
///
/// `x` of `(N, C, ..)`, `weight` and `bias` of `(C)`.
///
/// # Errors
///
/// If these shapes don't fit, if `num_groups` doesn't divide `C`, for integers, and for one number per group of the
/// batch. See PyTorch's `group_norm`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::group_norm(&tensor!([[1., 3., 10., 30.]]), 2, None, None, 0.0)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[-1., 1., -1., 1.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn group_norm(
    x: &Tensor,
    num_groups: usize,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<Tensor> {
    group_norm_named("F::group_norm", x, num_groups, weight, bias, eps)
}

/// Gives every channel of an image mean 0 and variance 1, then scales and shifts it.
///
/// [`group_norm`] with a group for each channel. PyTorch's default `eps` is 1e-5.
///
/// # Shapes
///
/// `x` of `(N, C, ..)`, `weight` and `bias` of `(C)`.
///
/// # Errors
///
/// If these shapes don't fit, for integers, and for images of one pixel. See PyTorch's `instance_norm` with
/// `use_input_stats=True`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::instance_norm(&tensor!([[[1., 3.], [10., 30.]]]), None, None, 0.0)?;
/// assert_eq!(y.to_vec3::<f32>()?, [[[-1., 1.], [-1., 1.]]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn instance_norm(
    x: &Tensor,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<Tensor> {
    instance_norm_named("F::instance_norm", x, weight, bias, eps)
}

pub(crate) fn instance_norm_named(
    function: &'static str,
    x: &Tensor,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<Tensor> {
    let [_, channels, ref area @ ..] = *x.dims() else {
        return wrong_shape(function, x);
    };
    if area.iter().product::<usize>() == 1 {
        return fail(
            function,
            format_args!(
                "Expected more than 1 spatial element when training, got input size torch.Size({:?})",
                x.dims()
            ),
        );
    }
    normalised(function, x, channels, weight, bias, eps)
}

pub(crate) fn group_norm_named(
    function: &'static str,
    x: &Tensor,
    num_groups: usize,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<Tensor> {
    let [images, channels, ref area @ ..] = *x.dims() else {
        return wrong_shape(function, x);
    };
    if num_groups == 0 || !channels.is_multiple_of(num_groups) {
        return fail(
            function,
            format_args!(
                "Expected number of channels in input to be divisible by num_groups, but got input of shape {:?} and num_groups={num_groups}",
                x.dims()
            ),
        );
    }
    let area = area.iter().product::<usize>();
    if images * (channels / num_groups) * area == 1 {
        return fail(
            function,
            format_args!(
                "Expected more than 1 value per channel when training, got input size torch.Size({:?})",
                x.dims()
            ),
        );
    }
    normalised(function, x, num_groups, weight, bias, eps)
}

fn wrong_shape(function: &str, x: &Tensor) -> Result<Tensor> {
    fail(function, format_args!("expected input of shape [N, C, ..], but got {:?}", x.dims()))
}

fn normalised(
    function: &'static str,
    x: &Tensor,
    groups: usize,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<Tensor> {
    let (images, channels) = (x.dims()[0], x.dims()[1]);
    for (name, tensor) in [("weight", weight), ("bias", bias)] {
        if let Some(tensor) = tensor.filter(|tensor| tensor.dims() != [channels]) {
            return fail(
                function,
                format_args!(
                    "Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of shape {:?} and input of shape {:?}",
                    tensor.dims(),
                    x.dims()
                ),
            );
        }
    }
    let rows = images * groups;
    let len = x.elem_count().checked_div(rows).unwrap_or(0);
    let groups = layer_norm_named(function, &x.reshape((rows, len))?, &[len], None, None, eps)?;
    channel_affine(function, &groups.reshape(x.shape())?, weight, bias)
}
