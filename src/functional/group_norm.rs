//! Normalising groups of channels, each image for itself.

use std::ops::Range;

use candle_core::{Result, Shape, Tensor};

use super::layer_norm::moments;
use super::norm_rows::NUMBERS_PER_TASK;
use crate::compute::beside::Beside;
use crate::compute::loops;
use crate::compute::number::Number;
use crate::compute::op::{self, Arguments, Call, Gradients, Op};
use crate::compute::sums::{dot_by, sum_by};
use crate::compute::threads;
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
    let size = x.elem_count().checked_div(rows).unwrap_or(0);
    let channels = channels / groups;
    let area = size.checked_div(channels).unwrap_or(0);
    let shape = x.shape().clone();
    let op = GroupNorm { groups, channels, area, eps, has_weight: weight.is_some(), shape };
    op::apply(function, op, Arguments::with(x, weight, bias))
}

/// The norm of each group of channels of each image, with a factor and a term for each channel.
struct GroupNorm {
    groups: usize,
    /// The channels of a group.
    channels: usize,
    /// The numbers of a channel.
    area: usize,
    eps: f64,
    /// Whether the second argument is a weight; otherwise the second argument, if any, is a bias.
    has_weight: bool,
    shape: Shape,
}

impl GroupNorm {
    /// Weight and bias among the arguments.
    fn affine<'a, T>(&self, args: &[&'a [T]]) -> (Option<&'a [T]>, Option<&'a [T]>) {
        if self.has_weight {
            (args.get(1).copied(), args.get(2).copied())
        } else {
            (None, args.get(1).copied())
        }
    }

    /// The channels of the group in a row, of all rows of all images.
    fn channels_of(&self, row: usize) -> Range<usize> {
        let first = row % self.groups * self.channels;
        first..first + self.channels
    }
}

impl Op for GroupNorm {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let (weight, bias) = self.affine(args);
        let size = (self.channels * self.area).max(1);
        let piece = NUMBERS_PER_TASK.div_ceil(size) * size;
        let ys = loops::appended(args[0].len(), piece, |start, room| {
            let xs = &args[0][start..][..room.left()];
            for (row, xs) in (start / size..).beside(xs.chunks_exact(size)) {
                T::vectorized(
                    #[inline(always)]
                    || {
                        let (mean, scale) = moments(xs, self.eps);
                        let (mean, scale) = (T::of(mean), T::of(scale));
                        let planes = self.channels_of(row).beside(xs.chunks_exact(self.area));
                        for (channel, xs) in planes {
                            let factor = weight.map_or(T::ONE, |weight| weight[channel]);
                            let term = bias.map_or(T::ZERO, |bias| bias[channel]);
                            room.each(xs.iter(), move |x| (*x - mean) * scale * factor + term);
                        }
                    },
                );
            }
        });
        Ok((ys, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let (xs, grads) = (call.args[0], call.grad);
        let (weight, _) = self.affine(call.args);
        let size = (self.channels * self.area).max(1);
        let rows = xs.len() / size;
        // What the gradients of weights and biases, and of all numbers of a row, are made of.
        let sums = threads::collect(rows, NUMBERS_PER_TASK.div_ceil(size), |row| {
            let range = row * size..(row + 1) * size;
            let (xs, grads) = (&xs[range.clone()], &grads[range]);
            T::vectorized(
                #[inline(always)]
                || {
                    let (mean, scale) = moments(xs, self.eps);
                    let center = T::of(mean);
                    let planes = xs.chunks_exact(self.area).beside(grads.chunks_exact(self.area));
                    let of_channels = planes.map(|(xs, grads)| {
                        let dot = dot_by(grads, xs, |g, x| g * (x - center));
                        [dot * scale, sum_by(grads, |g| g)]
                    });
                    (mean, scale, of_channels.collect::<Vec<_>>())
                },
            )
        });
        let factor = |channel: usize| weight.map_or(1.0, |weight| weight[channel].wide());
        let piece = NUMBERS_PER_TASK.div_ceil(size) * size;
        let of_x = || {
            loops::appended(xs.len(), piece, |start, room| {
                let rows = start / size..(start + room.left()) / size;
                for (row, (mean, scale, of_channels)) in rows.clone().beside(&sums[rows]) {
                    let range = row * size..(row + 1) * size;
                    let planes = xs[range.clone()].chunks_exact(self.area);
                    let planes = planes.beside(grads[range].chunks_exact(self.area));
                    let total = |at: usize| {
                        let sums = self.channels_of(row).beside(of_channels);
                        sums.map(|(channel, sums)| sums[at] * factor(channel)).sum::<f64>()
                            / size as f64
                    };
                    // What flows through deviation and mean is subtracted.
                    let (dot, sum) = (T::of(total(0) * scale), T::of(total(1)));
                    let (mean, scale) = (T::of(*mean), T::of(*scale));
                    for (channel, (xs, grads)) in self.channels_of(row).beside(planes) {
                        let factor = T::of(factor(channel));
                        T::vectorized_over(
                            (xs, grads, &mut *room, (), ()),
                            #[inline(always)]
                            move |xs, grads, room, (), ()| {
                                room.each(xs.iter().beside(grads), move |(x, g)| {
                                    (*g * factor - sum - (*x - mean) * dot) * scale
                                });
                            },
                        );
                    }
                }
            })
        };
        let of_channels = |at: usize| {
            let mut totals = vec![0.0; self.groups * self.channels];
            for (row, (_, _, sums)) in sums.iter().enumerate() {
                let totals = &mut totals[self.channels_of(row)];
                totals.iter_mut().beside(sums).for_each(|(total, sums)| *total += sums[at]);
            }
            totals.into_iter().map(T::of).collect()
        };
        let mut gradients = vec![call.wanted[0].then(of_x)];
        if self.has_weight {
            gradients.push(Some(of_channels(0)));
        }
        gradients.push(Some(of_channels(1)));
        gradients.truncate(call.args.len());
        Ok(gradients)
    }
}
