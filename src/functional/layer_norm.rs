//! Normalising the last axes to mean 0 and variance 1.

use candle_core::{Result, Shape, Tensor, WithDType};

use super::norm_rows::{check_shapes, rows_backward, rows_forward, times_weight};
use crate::compute::beside::Beside;
use crate::compute::loops::vectorized;
use crate::compute::op::{self, Arguments, Call, Gradients, Op};
use crate::compute::sums::{dot_by, sum_by};

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
    function: &'static str,
    x: &Tensor,
    normalized_shape: &[usize],
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<Tensor> {
    check_shapes(function, x, normalized_shape, &[("weight", weight), ("bias", bias)])?;
    let size = normalized_shape.iter().product();
    let op = LayerNormOp { size, eps, has_weight: weight.is_some(), shape: x.shape().clone() };
    op::apply(function, op, Arguments::with(x, weight, bias))
}

struct LayerNormOp {
    size: usize,
    eps: f64,
    /// Whether the second argument is a weight; otherwise the second argument, if any, is a bias.
    has_weight: bool,
    shape: Shape,
}

impl LayerNormOp {
    /// Weight and bias among the arguments.
    fn affine<'a, T>(&self, args: &[&'a [T]]) -> (Option<&'a [T]>, Option<&'a [T]>) {
        if self.has_weight {
            (args.get(1).copied(), args.get(2).copied())
        } else {
            (None, args.get(1).copied())
        }
    }
}

/// Mean of some numbers, and one over their deviation.
#[inline(always)]
pub(super) fn moments<T: WithDType>(xs: &[T], eps: f64) -> (f64, f64) {
    let (mean, variance) = mean_and_variance(xs);
    (mean, 1.0 / (variance + eps).sqrt())
}

#[inline(always)]
fn mean_and_variance<T: WithDType>(xs: &[T]) -> (f64, f64) {
    let len = xs.len() as f64;
    let mean = sum_by(xs, |x| x) / len;
    let center = T::from_f64(mean);
    let squares = sum_by(xs, |x| {
        let distance = x - center;
        distance * distance
    });
    // Rounding the mean to `T` has made the squares larger; the shift takes that back.
    let shift = mean - center.to_f64();
    (mean, (squares / len - shift * shift).max(0.0))
}

impl Op for LayerNormOp {
    fn forward<T: WithDType>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let (weight, bias) = self.affine(args);
        let ys = rows_forward(self.size, args[0], |room, xs| {
            vectorized(
                #[inline(always)]
                || {
                    let (mean, scale) = moments(xs, self.eps);
                    let (mean, scale) = (T::from_f64(mean), T::from_f64(scale));
                    let normal = move |x: &T| (*x - mean) * scale;
                    match (weight, bias) {
                        (Some(weight), Some(bias)) => room.each(
                            xs.iter().beside(weight).beside(bias),
                            move |((x, weight), bias)| normal(x) * *weight + *bias,
                        ),
                        (Some(weight), None) => {
                            room.each(xs.iter().beside(weight), move |(x, w)| normal(x) * *w);
                        }
                        (None, Some(bias)) => {
                            room.each(xs.iter().beside(bias), move |(x, b)| normal(x) + *b);
                        }
                        (None, None) => room.each(xs.iter(), normal),
                    }
                },
            );
        });
        Ok((ys, self.shape.clone()))
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let (weight, _) = self.affine(call.args);
        let wants = |place: usize| call.wanted.get(place).is_some_and(|is_wanted| *is_wanted);
        let bias = if self.has_weight { 2 } else { 1 };
        let wanted = [self.has_weight && wants(1), wants(bias)];
        let (xs, gy) = (call.args[0], call.grad);
        let (gx, [gw, gb]) = rows_backward(self.size, xs, gy, wanted, |gx, xs, gy, sums| {
            vectorized(
                #[inline(always)]
                || self.row_backward(weight, gx, xs, gy, sums),
            );
        });
        let mut grads = vec![Some(gx)];
        grads.extend(self.has_weight.then_some(Some(gw)));
        grads.push(Some(gb));
        grads.truncate(call.args.len());
        Ok(grads)
    }
}

impl LayerNormOp {
    #[inline(always)]
    fn row_backward<T: WithDType>(
        &self,
        weight: Option<&[T]>,
        gx: &mut [T],
        xs: &[T],
        gy: &[T],
        [gw, gb]: &mut [Vec<T>; 2],
    ) {
        let len = xs.len() as f64;
        let (mean, scale) = moments(xs, self.eps);
        let (center, factor) = (T::from_f64(mean), T::from_f64(scale));
        // The gradient of the normalised numbers; the last lines subtract what flows through mean
        // and deviation.
        times_weight(gx, gy, weight);
        gb.iter_mut().beside(gy).for_each(|(gb, gy)| *gb += *gy);
        let inputs = xs.iter().beside(gy);
        gw.iter_mut().beside(inputs).for_each(|(gw, (x, gy))| *gw += *gy * (*x - center) * factor);
        let sum = sum_by(gx, |g| g) / len;
        let dot = dot_by(gx, xs, |g, x| g * (x - center)) * scale / len;
        let (sum, dot) = (T::from_f64(sum), T::from_f64(dot * scale));
        gx.iter_mut().beside(xs).for_each(|(g, x)| *g = (*g - sum - (*x - center) * dot) * factor);
    }
}
