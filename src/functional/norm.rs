//! Normalising to mean 0 and variance 1: over the last axes, and over a batch.

use candle_core::{Result, Shape, Tensor, Var, WithDType};
use rayon::prelude::*;

use super::op::{self, Call, Op, sum_of};
use crate::error::fail;
use crate::tensor::parallel::vectorized;

/// So many numbers are normalised before another thread can help.
const NUMBERS_PER_TASK: usize = 1 << 14;

/// Rows of gradients that are summed before the sums of other threads are added.
const ROWS_PER_PART: usize = 256;

/// Gives every row mean 0 and variance 1, then scales and shifts it.
///
/// ```text
/// y = (x - mean) / √(variance + eps) · weight + bias
/// ```
///
/// Mean and variance (divided by `n`) are those of the last axes, as many as `normalized_shape` has.
///
/// # Shapes
///
/// `x` of `(.., normalized_shape)`; `weight` and `bias` of `normalized_shape`. The result is like
/// `x`. PyTorch's defaults are no weight, no bias, and an `eps` of 1e-5.
///
/// # Errors
///
/// If these shapes don't fit, and for integers.
///
/// Differs from candle, whose `layer_norm` gives no gradient, without a word. See PyTorch's
/// `layer_norm`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::layer_norm(&tensor!([[1.0, 3.0]]), &[2], None, None, 0.0)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[-1.0, 1.0]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn layer_norm(
    x: &Tensor,
    normalized_shape: &[usize],
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<Tensor> {
    layer_norm_named("F::layer_norm", x, normalized_shape, weight, bias, eps)
}

pub(crate) fn layer_norm_named(
    function: &str,
    x: &Tensor,
    normalized_shape: &[usize],
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<Tensor> {
    check_shapes(function, x, normalized_shape, &[("weight", weight), ("bias", bias)])?;
    let size = normalized_shape.iter().product();
    let op = LayerNorm { size, eps, has_weight: weight.is_some(), shape: x.shape().clone() };
    op::apply(op, &[Some(x), weight, bias].into_iter().flatten().collect::<Vec<_>>())
}

/// Whether `x` ends with the shape that is normalised, which the tensors of `affine` have.
pub(super) fn check_shapes(
    function: &str,
    x: &Tensor,
    normalized_shape: &[usize],
    affine: &[(&str, Option<&Tensor>)],
) -> Result<()> {
    if normalized_shape.is_empty() {
        return fail(function, "expected normalized_shape to be at least 1-dimensional");
    }
    if !x.dims().ends_with(normalized_shape) {
        return fail(
            function,
            format_args!(
                "Given normalized_shape={normalized_shape:?}, expected input with shape [*, {}], but got input of size {:?}",
                normalized_shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
                x.dims()
            ),
        );
    }
    for (name, tensor) in affine {
        if let Some(tensor) = tensor.filter(|it| it.dims() != normalized_shape) {
            return fail(
                function,
                format_args!(
                    "Expected {name} to be of same shape as normalized_shape, but got {name} of shape {:?} and normalized_shape = {normalized_shape:?}",
                    tensor.dims()
                ),
            );
        }
    }
    Ok(())
}

struct LayerNorm {
    size: usize,
    eps: f64,
    /// Whether the second argument is a weight; without one, it is a bias if it is there.
    has_weight: bool,
    shape: Shape,
}

impl LayerNorm {
    /// Weight and bias among the arguments.
    fn affine<'a, T>(&self, args: &[&'a [T]]) -> (Option<&'a [T]>, Option<&'a [T]>) {
        if self.has_weight {
            (args.get(1).copied(), args.get(2).copied())
        } else {
            (None, args.get(1).copied())
        }
    }

    fn rows_per_task(&self) -> usize {
        NUMBERS_PER_TASK.div_ceil(self.size.max(1))
    }
}

/// Mean and one over the deviation of `len` numbers.
#[inline(always)]
fn moments<T: WithDType>(len: usize, eps: f64, value: impl Fn(usize) -> T) -> (f64, f64) {
    let (mean, variance) = mean_and_variance(len, value);
    (mean, 1.0 / (variance + eps).sqrt())
}

#[inline(always)]
fn mean_and_variance<T: WithDType>(len: usize, value: impl Fn(usize) -> T) -> (f64, f64) {
    let mean = sum_of(len, &value) / len as f64;
    let center = T::from_f64(mean);
    let squares = sum_of(len, |index| {
        let distance = value(index) - center;
        distance * distance
    });
    // What rounding the mean to `T` did to the squares is taken back.
    let shift = mean - center.to_f64();
    (mean, (squares / len as f64 - shift * shift).max(0.0))
}

impl Op for LayerNorm {
    const NAME: &'static str = "F::layer_norm";

    fn forward<T: WithDType>(&self, args: &[&[T]]) -> (Vec<T>, Shape) {
        let mut ys = vec![T::zero(); args[0].len()];
        let (weight, bias) = self.affine(args);
        let size = self.size.max(1);
        ys.par_chunks_mut(size)
            .zip(args[0].par_chunks(size))
            .with_min_len(self.rows_per_task())
            .for_each(|(ys, xs)| {
                vectorized(
                    #[inline(always)]
                    || {
                        let (mean, scale) = moments(xs.len(), self.eps, |index| xs[index]);
                        let (mean, scale) = (T::from_f64(mean), T::from_f64(scale));
                        let normal = ys.iter_mut().zip(xs.iter().map(|x| (*x - mean) * scale));
                        match (weight, bias) {
                            (Some(weight), Some(bias)) => normal
                                .zip(weight.iter().zip(bias))
                                .for_each(|((y, x), (weight, bias))| *y = x * *weight + *bias),
                            (Some(weight), None) => {
                                normal.zip(weight).for_each(|((y, x), weight)| *y = x * *weight);
                            }
                            (None, Some(bias)) => {
                                normal.zip(bias).for_each(|((y, x), bias)| *y = x + *bias);
                            }
                            (None, None) => normal.for_each(|(y, x)| *y = x),
                        }
                    },
                );
            });
        (ys, self.shape.clone())
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Vec<Option<Vec<T>>> {
        let size = self.size.max(1);
        let (weight, _) = self.affine(call.args);
        let mut gx = vec![T::zero(); call.grad.len()];
        // One pass makes the gradient of `x`, and for each part of the rows sums for the others.
        let sums = gx
            .par_chunks_mut(size * ROWS_PER_PART)
            .zip(call.args[0].par_chunks(size * ROWS_PER_PART))
            .zip(call.grad.par_chunks(size * ROWS_PER_PART))
            .map(|((gx, xs), gy)| {
                let mut sums = [vec![T::zero(); size], vec![T::zero(); size]];
                let rows = gx.chunks_mut(size).zip(xs.chunks(size)).zip(gy.chunks(size));
                rows.for_each(|((gx, xs), gy)| {
                    vectorized(
                        #[inline(always)]
                        || self.row_backward(weight, gx, xs, gy, &mut sums),
                    );
                });
                sums
            })
            .collect::<Vec<_>>();
        let mut total = [vec![T::zero(); self.size], vec![T::zero(); self.size]];
        for part in sums {
            for (total, part) in total.iter_mut().zip(part) {
                total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
            }
        }
        let [gw, gb] = total;
        let mut grads = vec![Some(gx)];
        grads.extend(self.has_weight.then_some(Some(gw)));
        grads.push(Some(gb));
        grads.truncate(call.args.len());
        grads
    }
}

impl LayerNorm {
    #[inline(always)]
    fn row_backward<T: WithDType>(
        &self,
        weight: Option<&[T]>,
        gx: &mut [T],
        xs: &[T],
        gy: &[T],
        [gw, gb]: &mut [Vec<T>; 2],
    ) {
        let len = xs.len();
        let (mean, scale) = moments(len, self.eps, |index| xs[index]);
        let (center, factor) = (T::from_f64(mean), T::from_f64(scale));
        // First the gradient of the normalised number, then what its mean and deviation take off.
        match weight {
            Some(weight) => {
                let products = gy.iter().zip(weight).map(|(gy, weight)| *gy * *weight);
                gx.iter_mut().zip(products).for_each(|(gx, product)| *gx = product);
            }
            None => gx.copy_from_slice(gy),
        }
        for ((gb, gw), (x, gy)) in gb.iter_mut().zip(gw.iter_mut()).zip(xs.iter().zip(gy)) {
            *gb += *gy;
            *gw += *gy * (*x - center) * factor;
        }
        let sum = sum_of(len, |index| gx[index]) / len as f64;
        let dot = sum_of(len, |index| gx[index] * (xs[index] - center)) * scale / len as f64;
        let (sum, dot) = (T::from_f64(sum), T::from_f64(dot * scale));
        gx.iter_mut().zip(xs).for_each(|(g, x)| *g = (*g - sum - (*x - center) * dot) * factor);
    }
}

/// What [`batch_norm`] is told besides its tensors.
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
/// In training these are the batch's own moments (variance divided by `n`), and the running ones,
/// if given, become `(1 - momentum) running + momentum batch` (variance divided by `n - 1`).
/// Otherwise the running ones are used.
///
/// # Shapes
///
/// `x` of `(N, C)` or `(N, C, ..)`; everything else of `(C)`.
///
/// # Errors
///
/// If these shapes don't fit, for integers, for a batch of one number per channel in training, and
/// for missing running moments outside of it. See PyTorch's `batch_norm`.
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
    function: &str,
    x: &Tensor,
    running: Option<(&Var, &Var)>,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    options: BatchNormOptions,
) -> Result<Tensor> {
    let [images, channels, ref area @ ..] = *x.dims() else {
        return fail(
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
        if let Some(tensor) = tensor.filter(|it| it.dims() != [channels]) {
            return fail(
                function,
                format_args!(
                    "{name} should contain {channels} elements not {}",
                    tensor.elem_count()
                ),
            );
        }
    }
    if options.training && images * area <= 1 {
        return fail(
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
            let moments = batch_moments(x, [images, channels, area])?;
            if let Some(running) = running {
                update_running(running, &moments, (images * area) as f64, options.momentum)?;
            }
            moments
        }
        Some((mean, variance)) => {
            let values = |var: &Var| var.to_dtype(candle_core::DType::F64)?.to_vec1::<f64>();
            values(mean)?.into_iter().zip(values(variance)?).collect()
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
    op::apply(op, &[Some(x), weight, bias].into_iter().flatten().collect::<Vec<_>>())
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
                let mean = channel_sum(dims, channel, |index| xs[index]) / count;
                let center = T::from_f64(mean);
                let squares = channel_sum(dims, channel, |index| {
                    let distance = xs[index] - center;
                    distance * distance
                });
                let shift = mean - center.to_f64();
                (mean, (squares / count - shift * shift).max(0.0))
            },
        )
    };
    let least = NUMBERS_PER_TASK.div_ceil((images * area).max(1));
    (0..channels).into_par_iter().with_min_len(least).map(of_channel).collect()
}

/// The sum over the places of one channel in all images.
#[inline(always)]
fn channel_sum<T: WithDType>(
    [images, channels, area]: [usize; 3],
    channel: usize,
    value: impl Fn(usize) -> T,
) -> f64 {
    if area == 1 {
        return sum_of(images, |image| value(image * channels + channel));
    }
    let of_image = |image: usize| {
        let start = (image * channels + channel) * area;
        sum_of(area, |index| value(start + index))
    };
    (0..images).map(of_image).sum()
}

fn update_running(
    (running_mean, running_variance): (&Var, &Var),
    moments: &[(f64, f64)],
    count: f64,
    momentum: f64,
) -> Result<()> {
    let update = |var: &Var, new: Vec<f64>| -> Result<()> {
        let old = var.to_dtype(candle_core::DType::F64)?.to_vec1::<f64>()?;
        let mixed = old.iter().zip(new).map(|(old, new)| (1.0 - momentum) * old + momentum * new);
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
    /// Whether they depend on `x`, which the gradient has to know.
    is_of_batch: bool,
    shape: Shape,
}

impl Op for BatchNorm {
    const NAME: &'static str = "F::batch_norm";

    fn forward<T: WithDType>(&self, args: &[&[T]]) -> (Vec<T>, Shape) {
        let [_, channels, area] = self.dims;
        let (weight, bias) = (args[1], args[2]);
        let affine = (0..channels)
            .map(|channel| {
                let (mean, scale) = self.moments[channel];
                let factor = scale * weight[channel].to_f64();
                (T::from_f64(mean), T::from_f64(factor), bias[channel])
            })
            .collect::<Vec<_>>();
        let mut ys = vec![T::zero(); args[0].len()];
        let image = (channels * area).max(1);
        ys.par_chunks_mut(image)
            .zip(args[0].par_chunks(image))
            .with_min_len(NUMBERS_PER_TASK.div_ceil(image))
            .for_each(|(ys, xs)| {
                for ((ys, xs), (mean, factor, bias)) in
                    ys.chunks_mut(area).zip(xs.chunks(area)).zip(&affine)
                {
                    ys.iter_mut().zip(xs).for_each(|(y, x)| *y = (*x - *mean) * *factor + *bias);
                }
            });
        (ys, self.shape.clone())
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Vec<Option<Vec<T>>> {
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
                    let grads = channel_sum(self.dims, channel, |index| call.grad[index]);
                    let dots = channel_sum(self.dims, channel, |index| {
                        call.grad[index] * (xs[index] - center)
                    });
                    (grads, dots * scale)
                },
            )
        };
        let least = NUMBERS_PER_TASK.div_ceil((images * area).max(1));
        let sums = (0..channels).into_par_iter().with_min_len(least).map(sums).collect::<Vec<_>>();
        let slopes = (0..channels)
            .map(|channel| {
                let (mean, scale) = self.moments[channel];
                let factor = scale * weight[channel].to_f64();
                let (grads, dots) = if self.is_of_batch { sums[channel] } else { (0.0, 0.0) };
                let (grads, dots) = (grads / count, dots * scale / count);
                [mean, factor, grads, dots].map(T::from_f64)
            })
            .collect::<Vec<_>>();
        let mut gx = vec![T::zero(); xs.len()];
        let image = (channels * area).max(1);
        gx.par_chunks_mut(image)
            .zip(xs.par_chunks(image).zip(call.grad.par_chunks(image)))
            .with_min_len(NUMBERS_PER_TASK.div_ceil(image))
            .for_each(|(gx, (xs, gy))| {
                let planes = gx.chunks_mut(area).zip(xs.chunks(area).zip(gy.chunks(area)));
                for ((gx, (xs, gy)), [mean, factor, grads, dots]) in planes.zip(&slopes) {
                    gx.iter_mut().zip(xs.iter().zip(gy)).for_each(|(gx, (x, gy))| {
                        *gx = (*gy - *grads - (*x - *mean) * *dots) * *factor;
                    });
                }
            });
        let of = |part: fn(&(f64, f64)) -> f64| {
            sums.iter().map(|sums| T::from_f64(part(sums))).collect::<Vec<_>>()
        };
        vec![Some(gx), Some(of(|sums| sums.1)), Some(of(|sums| sums.0))]
    }
}
