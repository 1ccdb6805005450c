//! Normalising channels to mean 0 and variance 1 over a batch.

use candle_core::{Result, Shape, Tensor, Var, WithDType};

use super::norm_rows::NUMBERS_PER_TASK;
use crate::compute::beside::Beside;
use crate::compute::loops::{self, vectorized};
use crate::compute::op::{self, Arguments, Call, Gradients, Op};
use crate::compute::sums::{dot_by, sum_of};
use crate::compute::threads;
use crate::error::{fail, fail_shape};
use crate::tensor::parts;

/// The options of [`batch_norm`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNormOptions {
    /// Normalises by the batch's own mean and variance instead of the running ones. Default: false.
    pub training: bool,
    /// The share of the newest batch in the running mean and variance. Default: 0.1.
    pub momentum: f64,
    /// Keeps the division finite. Default: 1e-5.
    pub eps: f64,
}

impl Default for BatchNormOptions {
    fn default() -> Self {
        BatchNormOptions { training: false, momentum: 0.1, eps: 1e-5 }
    }
}

/// Gives every channel mean 0 and variance 1 over the batch, then scales and shifts it.
///
/// ```text
/// y = (x - mean) / √(variance + eps) · weight + bias
/// ```
///
/// In training, mean and variance are those of the batch (variance divided by `n`), and the running
/// ones, if given, become `(1 - momentum) running + momentum batch` (variance divided by `n - 1`).
/// Otherwise mean and variance are the running ones.
///
/// # Shapes
///
/// `x` of `(N, C)` or `(N, C, ..)`; everything else of `(C)`.
///
/// # Errors
///
/// If these shapes don't fit, for integers, for a batch of one number per channel in training, and
/// for missing running moments otherwise. See PyTorch's `batch_norm`.
///
/// ```
/// use akari::prelude::*;
/// let options = F::BatchNormOptions { training: true, eps: 0.0, ..Default::default() };
/// let y = F::batch_norm(&tensor!([[1.0], [3.0]]), None, None, None, options)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[-1.0], [1.0]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn batch_norm(
    x: &Tensor,
    running: Option<(&Var, &Var)>,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    options: BatchNormOptions,
) -> Result<Tensor> {
    batch_norm_named("F::batch_norm", x, running, weight, bias, options)
}

pub(crate) fn batch_norm_named(
    function: &'static str,
    x: &Tensor,
    running: Option<(&Var, &Var)>,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    options: BatchNormOptions,
) -> Result<Tensor> {
    let [images, channels, ref area @ ..] = *x.dims() else {
        return fail_shape(
            function,
            format_args!("expected input of shape [N, C, ..], but got {:?}", x.dims()),
        );
    };
    let area = area.iter().product::<usize>();
    let (mean, variance) = running.unzip();
    for (name, tensor) in [
        ("running_mean", mean.map(Var::as_tensor)),
        ("running_var", variance.map(Var::as_tensor)),
        ("weight", weight),
        ("bias", bias),
    ] {
        if let Some(tensor) = tensor.filter(|tensor| tensor.dims() != [channels]) {
            return fail_shape(
                function,
                format_args!(
                    "{name} should contain {channels} elements not {}",
                    tensor.elem_count()
                ),
            );
        }
    }
    if options.training && images * area == 1 {
        return fail_shape(
            function,
            format_args!(
                "Expected more than 1 value per channel when training, got input size torch.Size({:?})",
                x.dims()
            ),
        );
    }
    let x = &x.contiguous()?;
    let moments = match running {
        _ if options.training => {
            // A batch of nothing has no moments, and leaves the running ones.
            let moments = match images * area {
                0 => vec![(0.0, 0.0); channels],
                _ => batch_moments(x, [images, channels, area])?,
            };
            if let Some(running) = running.filter(|_| images * area > 0) {
                update_running(running, &moments, (images * area) as f64, options.momentum)?;
            }
            moments
        }
        Some((mean, variance)) => {
            parts::values(mean)?.into_iter().beside(parts::values(variance)?).collect()
        }
        None => {
            return fail(
                function,
                "expected running_mean and running_var to be given when training=False",
            );
        }
    };
    let moments = moments
        .into_iter()
        .map(|(mean, variance)| (mean, 1.0 / (variance + options.eps).sqrt()))
        .collect();
    let ones =
        weight.is_none().then(|| Tensor::ones(channels, x.dtype(), x.device())).transpose()?;
    let zeros =
        bias.is_none().then(|| Tensor::zeros(channels, x.dtype(), x.device())).transpose()?;
    let (weight, bias) = (weight.or(ones.as_ref()), bias.or(zeros.as_ref()));
    let op = BatchNorm {
        dims: [images, channels, area],
        moments,
        is_of_batch: options.training,
        shape: x.shape().clone(),
    };
    op::apply(function, op, Arguments::with(x, weight, bias))
}

/// Mean and variance of each channel.
fn batch_moments(x: &Tensor, dims: [usize; 3]) -> Result<Vec<(f64, f64)>> {
    let x = if x.dtype().size_in_bytes() < 4 { &x.to_dtype(candle_core::DType::F32)? } else { x };
    op::with_values(
        "F::batch_norm",
        x,
        |xs| channel_moments(xs, dims),
        |xs| channel_moments(xs, dims),
    )
}

fn channel_moments<T: WithDType>(xs: &[T], dims: [usize; 3]) -> Vec<(f64, f64)> {
    let [images, channels, area] = dims;
    let count = (images * area) as f64;
    let of_channel = |channel: usize| {
        vectorized(
            #[inline(always)]
            || {
                let mean = channel_sum(dims, channel, (xs, xs), |x, _| x) / count;
                let center = T::from_f64(mean);
                let squares = channel_sum(
                    dims,
                    channel,
                    (xs, xs),
                    #[inline(always)]
                    |x, _| {
                        let distance = x - center;
                        distance * distance
                    },
                );
                let shift = mean - center.to_f64();
                (mean, (squares / count - shift * shift).max(0.0))
            },
        )
    };
    let least = NUMBERS_PER_TASK.div_ceil((images * area).max(1));
    threads::collect(channels, least, of_channel)
}

/// The sum over the pixels of one channel in all images, of what `term` makes of two tensors there.
#[inline(always)]
fn channel_sum<T: WithDType>(
    [images, channels, area]: [usize; 3],
    channel: usize,
    (xs, ys): (&[T], &[T]),
    term: impl Fn(T, T) -> T + Copy,
) -> f64 {
    if area == 1 {
        let place = |image: usize| image * channels + channel;
        return sum_of(images, |image| term(xs[place(image)], ys[place(image)]));
    }
    // A loop of its own: the standard library's sum would be compiled for any processor.
    let mut total = 0.0;
    for image in 0..images {
        let start = (image * channels + channel) * area;
        let (xs, ys) = (&xs[start..][..area], &ys[start..][..area]);
        // The closure itself: behind a reference it would be a call for each number.
        total += dot_by(xs, ys, term);
    }
    total
}

fn update_running(
    (running_mean, running_variance): (&Var, &Var),
    moments: &[(f64, f64)],
    count: f64,
    momentum: f64,
) -> Result<()> {
    let update = |var: &Var, new: Vec<f64>| -> Result<()> {
        let old = parts::values::<f64>(var)?;
        let mixed =
            old.iter().beside(new).map(|(old, new)| (1.0 - momentum) * old + momentum * new);
        let mixed = Tensor::from_vec(mixed.collect::<Vec<_>>(), var.shape(), var.device())?;
        var.set(&mixed.to_dtype(var.dtype())?)
    };
    update(running_mean, moments.iter().map(|(mean, _)| *mean).collect())?;
    let unbiased = count / (count - 1.0);
    update(running_variance, moments.iter().map(|(_, variance)| variance * unbiased).collect())
}

struct BatchNorm {
    /// Images, channels, and the pixels of one channel of an image.
    dims: [usize; 3],
    /// Mean and one over the deviation of each channel.
    moments: Vec<(f64, f64)>,
    /// Whether the moments depend on `x`, so that the gradient flows through them too.
    is_of_batch: bool,
    shape: Shape,
}

impl BatchNorm {
    /// How many numbers a thread works on at a time: whole images.
    fn pixels_at_once(&self) -> usize {
        let [_, channels, area] = self.dims;
        let image = (channels * area).max(1);
        NUMBERS_PER_TASK.div_ceil(image) * image
    }
}

impl Op for BatchNorm {
    fn forward<T: WithDType>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let [_, channels, area] = self.dims;
        let (weight, bias) = (args[1], args[2]);
        let affine = (0..channels)
            .map(|channel| {
                let (mean, scale) = self.moments[channel];
                let factor = scale * weight[channel].to_f64();
                (T::from_f64(mean), T::from_f64(factor), bias[channel])
            })
            .collect::<Vec<_>>();
        let piece = self.pixels_at_once();
        let ys = loops::by_pieces(args[0].len(), piece, |index, ys| {
            let planes = ys.chunks_mut(area).beside(args[0][index * piece..].chunks(area));
            vectorized(
                #[inline(always)]
                || {
                    for ((ys, xs), (mean, factor, bias)) in planes.beside(affine.iter().cycle()) {
                        let shifted = |x: &T| (*x - *mean) * *factor + *bias;
                        ys.iter_mut().beside(xs).for_each(|(y, x)| *y = shifted(x));
                    }
                },
            );
        });
        Ok((ys, self.shape.clone()))
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let [images, channels, area] = self.dims;
        let (xs, weight) = (call.args[0], call.args[1]);
        let count = (images * area) as f64;
        // For each channel: the sum of gradients, and of gradients times normalised numbers.
        let sums = |channel: usize| {
            let (mean, scale) = self.moments[channel];
            let center = T::from_f64(mean);
            vectorized(
                #[inline(always)]
                || {
                    let grads = channel_sum(self.dims, channel, (call.grad, xs), |g, _| g);
                    let dots = channel_sum(
                        self.dims,
                        channel,
                        (call.grad, xs),
                        #[inline(always)]
                        |g, x| g * (x - center),
                    );
                    (grads, dots * scale)
                },
            )
        };
        let least = NUMBERS_PER_TASK.div_ceil((images * area).max(1));
        // Given moments let the gradient of `x` pass without these sums.
        let wants_sums = call.wanted[1] || call.wanted[2] || self.is_of_batch && call.wanted[0];
        let sums = threads::collect(if wants_sums { channels } else { 0 }, least, sums);
        let of = |part: fn(&(f64, f64)) -> f64| {
            sums.iter().map(|sums| T::from_f64(part(sums))).collect::<Vec<_>>()
        };
        let affine = [Some(of(|sums| sums.1)), Some(of(|sums| sums.0))];
        if !call.wanted[0] {
            return Ok([None].into_iter().chain(affine).collect());
        }
        let slopes = (0..channels)
            .map(|channel| {
                let (mean, scale) = self.moments[channel];
                let factor = scale * weight[channel].to_f64();
                let (grads, dots) = if self.is_of_batch { sums[channel] } else { (0.0, 0.0) };
                let (grads, dots) = (grads / count, dots * scale / count);
                [mean, factor, grads, dots].map(T::from_f64)
            })
            .collect::<Vec<_>>();
        let piece = self.pixels_at_once();
        let gx = loops::by_pieces(xs.len(), piece, |index, gx| {
            let start = index * piece;
            let given = xs[start..].chunks(area).beside(call.grad[start..].chunks(area));
            let planes = gx.chunks_mut(area).beside(given);
            vectorized(
                #[inline(always)]
                || {
                    let planes = planes.beside(slopes.iter().cycle());
                    for ((gx, (xs, gy)), [mean, factor, grads, dots]) in planes {
                        gx.iter_mut().beside(xs.iter().beside(gy)).for_each(|(gx, (x, gy))| {
                            *gx = (*gy - *grads - (*x - *mean) * *dots) * *factor;
                        });
                    }
                },
            );
        });
        Ok([Some(gx)].into_iter().chain(affine).collect())
    }
}
