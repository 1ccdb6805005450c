//! Normalising the last axes to mean 0 and variance 1, and what all such norms share.

use candle_core::{Result, Shape, Tensor, WithDType};
use rayon::prelude::*;

use super::op::{self, Call, Op, sum_of};
use crate::error::fail;
use crate::tensor::parallel::vectorized;

/// So many numbers are normalised before another thread can help.
pub(super) const NUMBERS_PER_TASK: usize = 1 << 14;

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
        let (weight, bias) = self.affine(args);
        let ys = rows_forward(self.size, args[0], |ys, xs| {
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
        let (weight, _) = self.affine(call.args);
        let (gx, [gw, gb]) =
            rows_backward(self.size, call.args[0], call.grad, |gx, xs, gy, sums| {
                vectorized(
                    #[inline(always)]
                    || self.row_backward(weight, gx, xs, gy, sums),
                );
            });
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
        times_weight(gx, gy, weight);
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

/// What `row` makes of each row of `size` numbers.
pub(super) fn rows_forward<T: WithDType>(
    size: usize,
    xs: &[T],
    row: impl Fn(&mut [T], &[T]) + Sync + Send,
) -> Vec<T> {
    let mut ys = vec![T::zero(); xs.len()];
    let len = size.max(1);
    ys.par_chunks_mut(len)
        .zip(xs.par_chunks(len))
        .with_min_len(NUMBERS_PER_TASK.div_ceil(len))
        .for_each(|(ys, xs)| row(ys, xs));
    ys
}

/// The gradients of rows of `size` numbers: `row` writes that of `x`, and adds to `N` sums over all
/// rows. One pass makes all of them.
pub(super) fn rows_backward<T: WithDType, const N: usize>(
    size: usize,
    xs: &[T],
    gy: &[T],
    row: impl Fn(&mut [T], &[T], &[T], &mut [Vec<T>; N]) + Sync,
) -> (Vec<T>, [Vec<T>; N]) {
    let zeros = || std::array::from_fn::<_, N, _>(|_| vec![T::zero(); size]);
    let mut gx = vec![T::zero(); gy.len()];
    let (len, part) = (size.max(1), size.max(1) * ROWS_PER_PART);
    let sums = gx
        .par_chunks_mut(part)
        .zip(xs.par_chunks(part))
        .zip(gy.par_chunks(part))
        .map(|((gx, xs), gy)| {
            let mut sums = zeros();
            let rows = gx.chunks_mut(len).zip(xs.chunks(len)).zip(gy.chunks(len));
            rows.for_each(|((gx, xs), gy)| row(gx, xs, gy, &mut sums));
            sums
        })
        .collect::<Vec<_>>();
    let mut total = zeros();
    for part in sums {
        for (total, part) in total.iter_mut().zip(part) {
            total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
        }
    }
    (gx, total)
}

/// The gradient of a number before it was multiplied by its weight, if there is one.
#[inline(always)]
pub(super) fn times_weight<T: WithDType>(gx: &mut [T], gy: &[T], weight: Option<&[T]>) {
    match weight {
        Some(weight) => {
            let products = gy.iter().zip(weight).map(|(gy, weight)| *gy * *weight);
            gx.iter_mut().zip(products).for_each(|(gx, product)| *gx = product);
        }
        None => gx.copy_from_slice(gy),
    }
}
