//! Transposed convolutions: what a convolution does to gradients, done to images.
//!
//! The forward pass is the gradient of `conv.rs` with respect to its image, the gradient of the image a convolution.

use candle_core::{Result, Shape, Tensor};

use super::arithmetic::add;
use super::conv::{Conv2dOptions, Convolution, bias_gradient};
use super::linear::check_bias;
use super::pad::pad;
use super::window::Pair;
use crate::compute::beside::Beside;
use crate::compute::loops::SMALL_PIECE;
use crate::compute::number::Number;
use crate::compute::op::{self, Arguments, Call, Gradients, Op};
use crate::compute::threads;
use crate::error::fail;
use crate::tensor::size;

/// The options of [`conv_transpose2d`] and [`nn::ConvTranspose2d`](crate::nn::ConvTranspose2d).
///
/// Sizes are one number or a pair for height and width: `stride: 2.into()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvTranspose2dConfig {
    /// Pixels of the result from one window to the next. Default: 1.
    pub stride: Pair,
    /// Pixels that are cut off on all sides of the result. Default: 0.
    pub padding: Pair,
    /// Pixels that the result has more at its end: a stride leaves open how many there were. Default: 0.
    pub output_padding: Pair,
    /// Pixels from one weight to the next. Default: 1.
    pub dilation: Pair,
    /// Into how many groups channels are cut, each with its own weights. Default: 1.
    pub groups: usize,
    /// Whether a layer has a bias; [`conv_transpose2d`] goes by its argument. Default: true.
    pub bias: bool,
}

impl Default for ConvTranspose2dConfig {
    fn default() -> Self {
        let [one, zero] = [1, 0].map(Pair::from);
        ConvTranspose2dConfig {
            stride: one,
            padding: zero,
            output_padding: zero,
            dilation: one,
            groups: 1,
            bias: true,
        }
    }
}

/// The options of [`conv_transpose1d`] and [`nn::ConvTranspose1d`](crate::nn::ConvTranspose1d).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvTranspose1dConfig {
    /// Numbers of the result from one window to the next. Default: 1.
    pub stride: usize,
    /// Numbers that are cut off at both ends of the result. Default: 0.
    pub padding: usize,
    /// Numbers that the result has more at its end. Default: 0.
    pub output_padding: usize,
    /// Numbers from one weight to the next. Default: 1.
    pub dilation: usize,
    /// Into how many groups channels are cut, each with its own weights. Default: 1.
    pub groups: usize,
    /// Whether a layer has a bias; [`conv_transpose1d`] goes by its argument. Default: true.
    pub bias: bool,
}

impl Default for ConvTranspose1dConfig {
    fn default() -> Self {
        ConvTranspose1dConfig {
            stride: 1,
            padding: 0,
            output_padding: 0,
            dilation: 1,
            groups: 1,
            bias: true,
        }
    }
}

/// A transposed convolution: every pixel adds its multiple of the kernel to the result.
///
/// ```text
/// y[n, o, i s - p + m d, j s - p + k d]  +=  x[n, c, i, j] · W[c, o, m, k]     for all i, j, c, m, k
/// ```
///
/// `s` is the stride, `p` the padding and `d` the dilation.
///
/// # Shapes
///
/// `x` of `(N, C, H, W)` or `(C, H, W)`, `weight` of `(C, out / groups, k_h, k_w)`, `bias` of `(out)` if there is
/// one; `H` becomes `(H - 1) stride - 2 padding + dilation (k_h - 1) + output_padding + 1`.
///
/// # Errors
///
/// If these sizes don't fit, if `output_padding` is neither less than the stride nor than the dilation, and for
/// integers. See PyTorch's `conv_transpose2d`.
///
/// ```
/// use akari::prelude::*;
/// let (x, weight) = (tensor!([[[1., 2.]]]), tensor!([[[[1., 10.]]]]));
/// let config = F::ConvTranspose2dConfig { stride: 2.into(), ..Default::default() };
/// let y = F::conv_transpose2d(&x, &weight, None, config)?;
/// assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [1., 10., 2., 20.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn conv_transpose2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    config: ConvTranspose2dConfig,
) -> Result<Tensor> {
    conv_transpose2d_named("F::conv_transpose2d", x, weight, bias, config)
}

/// A transposed convolution of sequences; see [`conv_transpose2d`].
///
/// # Shapes
///
/// `x` of `(N, C, L)` or `(C, L)`, `weight` of `(C, out / groups, k)`, `bias` of `(out)` if there is one.
///
/// # Errors
///
/// As [`conv_transpose2d`]. Differs from candle's `conv_transpose1d`, which has no gradient. See PyTorch's
/// `conv_transpose1d`.
///
/// ```
/// use akari::prelude::*;
/// let (x, weight) = (tensor!([[1., 2.]]), tensor!([[[1., 10.]]]));
/// let y = F::conv_transpose1d(&x, &weight, None, Default::default())?;
/// assert_eq!(y.to_vec2::<f32>()?, [[1., 12., 20.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn conv_transpose1d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    config: ConvTranspose1dConfig,
) -> Result<Tensor> {
    conv_transpose1d_named("F::conv_transpose1d", x, weight, bias, config)
}

pub(crate) fn conv_transpose1d_named(
    function: &'static str,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    config: ConvTranspose1dConfig,
) -> Result<Tensor> {
    super::conv1d::check(function, "conv_transpose1d", x, weight)?;
    let ConvTranspose1dConfig { stride, padding, output_padding, dilation, groups, bias: has_bias } =
        config;
    let config = ConvTranspose2dConfig {
        stride: (1, stride).into(),
        padding: (0, padding).into(),
        output_padding: (0, output_padding).into(),
        dilation: (1, dilation).into(),
        groups,
        bias: has_bias,
    };
    let (x, weight) = (x.unsqueeze(x.rank() - 1)?, weight.unsqueeze(2)?);
    let y = conv_transpose2d_named(function, &x, &weight, bias, config)?;
    y.squeeze(y.rank() - 2)
}

pub(crate) fn conv_transpose2d_named(
    function: &'static str,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    config: ConvTranspose2dConfig,
) -> Result<Tensor> {
    let (dims, rest) = result_dims(function, x, weight, &config)?;
    let outputs = dims[dims.len() - 3];
    check_bias(function, bias, outputs)?;
    let bytes = x.dtype().size_in_bytes();
    size::checked(function, &dims, bytes)?;
    // The convolution whose image this is; only its shape and dtype are looked at.
    let image = Tensor::zeros((), x.dtype(), x.device())?.broadcast_as(dims.as_slice())?;
    let of_image = Conv2dOptions {
        stride: config.stride,
        dilation: config.dilation,
        groups: config.groups,
        ..Default::default()
    };
    let convolution = Convolution::new(function, &image, weight, of_image, config.padding)?;
    let area = dims[dims.len() - 2..].iter().product();
    let op = Transposed { convolution, outputs, area, shape: Shape::from(dims) };
    if rest == [0, 0] {
        return op::apply(function, op, Arguments::with(x, Some(weight), bias));
    }
    // The pixels that no window reaches have the bias too.
    let y = op::apply(function, op, [x, weight])?;
    let y = pad(&y, &[0, rest[1] as i64, 0, rest[0] as i64], 0.0)?;
    match bias {
        Some(bias) => add(&y, &bias.reshape((outputs, 1, 1))?),
        None => Ok(y),
    }
}

/// The shape of what the windows reach, and how many rows and columns of nothing come after it: an output padding of
/// more than the stride adds pixels that no window reaches.
fn result_dims(
    function: &str,
    x: &Tensor,
    weight: &Tensor,
    config: &ConvTranspose2dConfig,
) -> Result<(Vec<usize>, [usize; 2])> {
    let ConvTranspose2dConfig { stride, padding, output_padding, dilation, groups, .. } = *config;
    let (&[inputs, outputs, kernel_height, kernel_width], [front @ .., given, height, width]) =
        (weight.dims(), x.dims())
    else {
        return fail(
            function,
            format_args!(
                "expected an input of shape [N, C, H, W] or [C, H, W] and a weight of shape [C, out, h, w], but got {:?} and {:?}",
                x.dims(),
                weight.dims()
            ),
        );
    };
    if front.len() > 1 {
        return fail(
            function,
            format_args!(
                "Expected 3D (unbatched) or 4D (batched) input to conv_transpose2d, but got input of size: {:?}",
                x.dims()
            ),
        );
    }
    if groups == 0 || inputs % groups != 0 || *given != inputs {
        return fail(
            function,
            format_args!(
                "Given transposed=1, weight of size {:?}, groups={groups}, expected input{:?} to have {inputs} channels, a multiple of groups, but got {given} channels instead",
                weight.dims(),
                x.dims()
            ),
        );
    }
    let mut dims = [front, &[outputs * groups]].concat();
    let mut rest = [0; 2];
    let axes = [
        (
            *height,
            kernel_height,
            stride.height,
            padding.height,
            output_padding.height,
            dilation.height,
        ),
        (*width, kernel_width, stride.width, padding.width, output_padding.width, dilation.width),
    ];
    for ((size, kernel, stride, padding, more, dilation), rest) in
        axes.into_iter().beside(&mut rest)
    {
        if more >= stride.max(dilation) {
            return fail(
                function,
                format_args!(
                    "output padding must be smaller than either stride or dilation, but got output_padding: {more}, stride: {stride}, dilation: {dilation}"
                ),
            );
        }
        *rest = more.saturating_sub(stride.saturating_sub(1));
        let wide = |number: usize| number as i128;
        let reach = wide(dilation) * (wide(kernel) - 1) + wide(more - *rest) + 1;
        let length = (wide(size) - 1) * wide(stride) - 2 * wide(padding) + reach;
        if size == 0 || kernel == 0 || length <= 0 {
            return fail(
                function,
                format_args!(
                    "Given input size per channel: ({height} x {width}), the calculated output size per channel is too small: {length}"
                ),
            );
        }
        dims.push(usize::try_from(length).unwrap_or(usize::MAX));
    }
    Ok((dims, rest))
}

struct Transposed {
    /// From the result's shape to the argument's.
    convolution: Convolution,
    /// Channels of the result, and the pixels of one.
    outputs: usize,
    area: usize,
    shape: Shape,
}

impl Op for Transposed {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let of_image =
            Call { args: &[&[][..], args[1]], result: &[], grad: args[0], wanted: &[true, false] };
        let image = self.convolution.backward(of_image)?.into_iter().next().flatten();
        let mut image = image.unwrap_or_default();
        if let Some(bias) = args.get(2) {
            let least = SMALL_PIECE.div_ceil(self.area.max(1));
            threads::pieces(&mut image, self.area.max(1), least, &|plane, pixels| {
                let bias = bias[plane % self.outputs];
                pixels.iter_mut().for_each(|pixel| *pixel += bias);
            });
        }
        Ok((image, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let x = match call.wanted[0] {
            true => Some(self.convolution.forward(&[call.grad, call.args[1]])?.0),
            false => None,
        };
        let of_weight = Call {
            args: &[call.grad, call.args[1]],
            result: &[],
            grad: call.args[0],
            wanted: &[false, call.wanted[1]],
        };
        let weight = self.convolution.backward(of_weight)?.into_iter().nth(1).flatten();
        let is_wanted = call.wanted.get(2).is_some_and(|is_wanted| *is_wanted);
        let bias = is_wanted.then(|| {
            let images = call.grad.len() / (self.outputs * self.area).max(1);
            bias_gradient(call.grad, images, self.outputs, self.area)
        });
        Ok(vec![x, weight, bias])
    }
}
