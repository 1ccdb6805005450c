//! Convolutions of images, as products of matrices, with the bias in the same pass.
//!
//! Windows that move by one pixel are mostly gone through in place (`conv_direct.rs`), others become columns of a matrix
//! (`conv_columns.rs`); the windows themselves are those of `window.rs`.

use candle_core::{Result, Shape, Tensor};

use super::border::{self, Padding, PaddingMode};
use super::conv_direct::Direct;
use super::linear::check_bias;
use super::totals::{Floats, Span, totals};
use super::window::{Pair, Slide};
use crate::compute::beside::Beside;
use crate::compute::number::Number;
use crate::compute::op::{self, Arguments, Call, Gradients, Op};
use crate::error::{fail, fail_shape};
use crate::tensor::size;

/// The options of [`conv2d`] and [`nn::Conv2d`](crate::nn::Conv2d), of one number for height and width each.
///
/// [`Conv2dOptions`] has pairs, `Padding::Same` and other borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2dConfig {
    /// Pixels from window to window. Default: 1.
    pub stride: usize,
    /// Zeros around the image. Default: 0.
    pub padding: usize,
    /// Pixels from one weight to the next: 2 leaves gaps of one. Default: 1.
    pub dilation: usize,
    /// Into how many groups channels are cut, each with its own weights. Default: 1.
    pub groups: usize,
    /// Whether a layer has a bias; [`conv2d`] goes by its argument. Default: true.
    pub bias: bool,
}

impl Default for Conv2dConfig {
    fn default() -> Self {
        Conv2dConfig { stride: 1, padding: 0, dilation: 1, groups: 1, bias: true }
    }
}

impl From<Conv2dConfig> for Conv2dOptions {
    fn from(config: Conv2dConfig) -> Self {
        let Conv2dConfig { stride, padding, dilation, groups, bias } = config;
        Conv2dOptions {
            stride: stride.into(),
            padding: padding.into(),
            dilation: dilation.into(),
            groups,
            bias,
            padding_mode: PaddingMode::Zeros,
        }
    }
}

/// All options of [`conv2d_with`] and of [`nn::Conv2d::with_options`](crate::nn::Conv2d::with_options).
///
/// Sizes are one number or a pair for height and width: `stride: 2.into()`, `padding: (1, 0).into()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2dOptions {
    /// Pixels from window to window. Default: 1.
    pub stride: Pair,
    /// Zeros around the image, or as many as keep its size: `Padding::Same`. Default: 0.
    pub padding: Padding,
    /// Pixels from one weight to the next: 2 leaves gaps of one. Default: 1.
    pub dilation: Pair,
    /// Into how many groups channels are cut, each with its own weights. Default: 1.
    pub groups: usize,
    /// Whether a layer has a bias; [`conv2d`] goes by its argument. Default: true.
    pub bias: bool,
    /// What the image has around it. Default: zeros.
    pub padding_mode: PaddingMode,
}

impl Default for Conv2dOptions {
    fn default() -> Self {
        Conv2dOptions {
            stride: 1.into(),
            padding: 0.into(),
            dilation: 1.into(),
            groups: 1,
            bias: true,
            padding_mode: PaddingMode::Zeros,
        }
    }
}

/// A convolution of images, PyTorch's: the kernel is not flipped.
///
/// ```text
/// y[n, o, i, j] = b[o] + sum over c, m, k of W[o, c, m, k] · x[n, c, i s - p + m d, j s - p + k d]
/// ```
///
/// `s` is the stride, `p` the padding and `d` the dilation.
///
/// # Shapes
///
/// `x` of `(N, C, H, W)` or `(C, H, W)`, `weight` of `(out, C / groups, k_h, k_w)`, `bias` of
/// `(out)` if there is one.
///
/// # Errors
///
/// If these sizes don't fit, and for integers.
///
/// Differs from candle's `conv2d` in speed, most of all on the way back. See PyTorch's `conv2d`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[[1., 2., 3.], [4., 5., 6.], [7., 8., 9.]]]);
/// let weight = tensor!([[[[1., 0.], [0., 1.]]]]);
/// let y = F::conv2d(&x, &weight, None, Default::default())?;
/// assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [6., 8., 12., 14.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn conv2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    config: Conv2dConfig,
) -> Result<Tensor> {
    conv2d_named("F::conv2d", x, weight, bias, config.into())
}

/// [`conv2d`] with strides, paddings and dilations of their own for height and width, and other borders than zeros.
///
/// # Errors
///
/// As [`conv2d`], and for `Padding::Same` with a stride.
///
/// ```
/// use akari::prelude::*;
/// let (x, weight) = (torch::rand((1, 6, 6))?, torch::rand((1, 1, 3, 3))?);
/// let options = F::Conv2dOptions { stride: (2, 1).into(), padding: (1, 0).into(), ..Default::default() };
/// assert_eq!(F::conv2d_with(&x, &weight, None, options)?.dims(), &[1, 3, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn conv2d_with(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    options: Conv2dOptions,
) -> Result<Tensor> {
    conv2d_named("F::conv2d_with", x, weight, bias, options)
}

pub(crate) fn conv2d_named(
    function: &'static str,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    config: Conv2dOptions,
) -> Result<Tensor> {
    let Conv2dOptions { stride, dilation, padding, padding_mode, .. } = config;
    let (x, padding) =
        &border::of_convolution(function, x, weight, (stride, dilation), (padding, padding_mode))?;
    let conv = Convolution::new(function, x, weight, config, *padding)?;
    check_bias(function, bias, conv.outputs)?;
    op::apply(function, conv, Arguments::with(x, Some(weight), bias))
}

/// The convolution of sequences, as images of one row each. The operation takes and gives the sequences themselves, so that
/// gradients go to nothing in between.
pub(super) fn conv_of_rows(
    function: &'static str,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    config: Conv2dOptions,
) -> Result<Tensor> {
    let Conv2dOptions { stride, dilation, padding, padding_mode, .. } = config;
    let (image, kernel) = (x.unsqueeze(x.rank() - 1)?, weight.unsqueeze(2)?);
    let borders = (padding, padding_mode);
    let (padded, padding) =
        border::of_convolution(function, &image, &kernel, (stride, dilation), borders)?;
    let conv = Convolution::new(function, &padded, &kernel, config, padding)?.of_rows();
    check_bias(function, bias, conv.outputs)?;
    let x = if padded.id() == image.id() { x } else { &padded };
    op::apply(function, conv, Arguments::with(x, Some(weight), bias))
}

pub(super) struct Convolution {
    pub(super) images: usize,
    pub(super) groups: usize,
    /// Channels of one group of the input.
    pub(super) channels: usize,
    pub(super) outputs_per_group: usize,
    pub(super) outputs: usize,
    pub(super) size: [usize; 2],
    pub(super) windows: [usize; 2],
    pub(super) slides: [Slide; 2],
    shape: Shape,
}

impl Convolution {
    /// Checks that all fits; `padding` stands for the config's.
    pub(super) fn new(
        function: &'static str,
        x: &Tensor,
        weight: &Tensor,
        config: Conv2dOptions,
        padding: Pair,
    ) -> Result<Self> {
        let Conv2dOptions { stride, dilation, groups, .. } = config;
        let [outputs, channels, kernel_height, kernel_width] = *weight.dims() else {
            return fail_shape(
                function,
                format_args!(
                    "weight must have shape [out, in, h, w], but it is {:?}",
                    weight.dims()
                ),
            );
        };
        let (front, given, lengths) = match *x.dims() {
            [images, given, height, width] => (Some(images), given, [height, width]),
            [given, height, width] => (None, given, [height, width]),
            _ => {
                return fail_shape(
                    function,
                    format_args!(
                        "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: {:?}",
                        x.dims()
                    ),
                );
            }
        };
        if groups == 0 || outputs % groups != 0 {
            return fail(
                function,
                format_args!(
                    "out_channels must be divisible by groups, but they are {outputs} and {groups}"
                ),
            );
        }
        if given != channels * groups {
            return fail_shape(
                function,
                format_args!(
                    "Given groups={groups}, weight of size {:?}, expected input{:?} to have {} channels, but got {given} channels instead",
                    weight.dims(),
                    x.dims(),
                    channels * groups
                ),
            );
        }
        let kernel = Pair { height: kernel_height, width: kernel_width };
        let slides = Slide::both(kernel, stride, padding, dilation);
        let mut windows = [0; 2];
        for ((slide, length), count) in slides.iter().beside(lengths).beside(&mut windows) {
            slide.check(function)?;
            *count = match slide.windows(length, false) {
                Some(count) => count,
                None => {
                    let padded = [lengths[0] + 2 * padding.height, lengths[1] + 2 * padding.width];
                    let reach = slides.map(|slide| slide.reach());
                    return fail_shape(
                        function,
                        format_args!(
                            "Calculated padded input size per channel: ({} x {}). Kernel size: ({} x {}). Kernel size can't be greater than actual input size",
                            padded[0], padded[1], reach[0], reach[1]
                        ),
                    );
                }
            };
        }
        if lengths.contains(&0) && front != Some(0) {
            return fail(
                function,
                format_args!(
                    "Only zero batch or zero channel inputs are supported, but got input shape: {:?}",
                    x.dims()
                ),
            );
        }
        if outputs == 0 {
            return fail_shape(function, "weight must have output channels, but it has none");
        }
        let mut dims = vec![outputs, windows[0], windows[1]];
        if let Some(images) = front {
            dims.insert(0, images);
        }
        let bytes = x.dtype().size_in_bytes();
        size::checked(function, &dims, bytes)?;
        // The windows of one image may stand side by side in memory.
        let window = channels * kernel_height * kernel_width;
        size::checked(function, &[window, windows[0], windows[1]], bytes)?;
        Ok(Convolution {
            images: front.unwrap_or(1),
            groups,
            channels,
            outputs_per_group: outputs / groups,
            outputs,
            size: lengths,
            windows,
            slides,
            shape: Shape::from(dims),
        })
    }

    /// The same with results of one axis less, of images that are one row each.
    fn of_rows(self) -> Self {
        let mut dims = self.shape.dims().to_vec();
        dims.remove(dims.len() - 2);
        Convolution { shape: Shape::from(dims), ..self }
    }

    /// Pixels of one plane, in the input and in the result.
    pub(super) fn areas(&self) -> (usize, usize) {
        (self.size[0] * self.size[1], self.windows[0] * self.windows[1])
    }

    /// The numbers of one window.
    pub(super) fn window_len(&self) -> usize {
        self.channels * self.slides[0].kernel * self.slides[1].kernel
    }

    /// Whether the kernel is one pixel that moves by one: the image is then its own matrix of
    /// windows.
    pub(super) fn is_pointwise(&self) -> bool {
        let plain = Slide { kernel: 1, stride: 1, padding: 0, dilation: 1 };
        self.slides.map(|slide| Slide { dilation: 1, ..slide }) == [plain; 2]
    }
}

impl Op for Convolution {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let (_, windows) = self.areas();
        if let Some(direct) = self.direct_if_better() {
            return Ok((direct.results(args)?, self.shape.clone()));
        }
        let mut y = vec![T::ZERO; self.images * self.outputs * windows];
        if windows > 0 {
            if let Some(bias) = args.get(2) {
                let planes = y.chunks_mut(windows).beside(bias.iter().cycle());
                planes.for_each(|(plane, bias)| plane.fill(*bias));
            }
            self.add_results(args, &mut y);
        }
        Ok((y, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let (_, windows) = self.areas();
        let x = call.wanted[0].then(|| self.image_gradient(&call)).transpose()?;
        let weight = call.wanted[1].then(|| self.weight_gradient(&call));
        let is_wanted = call.wanted.get(2).is_some_and(|is_wanted| *is_wanted);
        let bias = is_wanted.then(|| bias_gradient(call.grad, self.images, self.outputs, windows));
        Ok(vec![x, weight, bias])
    }
}

/// The gradient of a bias: the sums over planes of `area` numbers, one for each channel of each image.
pub(super) fn bias_gradient<T: Number>(
    grad: &[T],
    images: usize,
    channels: usize,
    area: usize,
) -> Vec<T> {
    let planes = Span { outer: images * channels, size: area, inner: 1 };
    let planes = totals::<T, Floats>(grad, planes);
    let images = Span { outer: 1, size: images, inner: channels };
    totals::<f64, Floats>(&planes, images).into_iter().map(T::of).collect()
}

impl Convolution {
    fn image_gradient<T: Number>(&self, call: &Call<'_, T>) -> Result<Vec<T>> {
        let reversed = self.direct_if_better().and_then(|direct| direct.reversed());
        if let Some(reversed) = reversed {
            return reversed.image_gradient(call);
        }
        let mut gx = vec![T::ZERO; self.images * self.groups * self.channels * self.areas().0];
        self.add_image_gradient(call, &mut gx);
        Ok(gx)
    }

    fn weight_gradient<T: Number>(&self, call: &Call<'_, T>) -> Vec<T> {
        match self.direct_if_better() {
            Some(direct) => direct.weight_gradient(call),
            None => self.weight_gradient_by_columns(call),
        }
    }

    /// The way without a matrix of windows, where there is one that is faster than with it.
    fn direct_if_better(&self) -> Option<Direct> {
        let direct = Direct {
            images: self.images,
            groups: self.groups,
            channels: self.channels,
            outputs: self.outputs_per_group,
            size: self.size,
            windows: self.windows,
            slides: self.slides,
        };
        let is_possible = direct.is_possible() && !self.is_pointwise();
        (is_possible && !self.is_better_in_columns()).then_some(direct)
    }
}
