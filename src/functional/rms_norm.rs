//! Scaling the last axes to a mean square of 1.

use candle_core::{DType, Result, Shape, Tensor, WithDType};

use super::norm_rows::{check_shapes, rows_backward, rows_forward, times_weight};
use crate::compute::beside::Beside;
use crate::compute::loops::vectorized;
use crate::compute::op::{self, Arguments, Call, Gradients, Op};
use crate::compute::sums::{dot_by, sum_by};

/// Gives every row a mean square of 1, then scales it.
///
/// ```text
/// y = x / √(mean(x²) + eps) · weight
/// ```
///
/// The mean is that of the last axes, as many as `normalized_shape` has. `eps` may be `None`, as in
/// PyTorch: the distance from 1 to the next number of the dtype.
///
/// # Shapes
///
/// `x` of `(.., normalized_shape)`; `weight` of `normalized_shape`. The result is like `x`.
///
/// # Errors
///
/// If these shapes don't fit, and for integers.
///
/// Differs from candle, whose `rms_norm` gives no gradient, without a word. See PyTorch's `rms_norm`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::rms_norm(&tensor!([[3.0, 4.0]]), &[2], None, 0.5)?;
/// show!(y); // tensor([[0.8321, 1.1094]])
/// assert!((y.to_vec2::<f32>()?[0][0] - 0.83205).abs() < 1e-5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn rms_norm(
    x: &Tensor,
    normalized_shape: &[usize],
    weight: Option<&Tensor>,
    eps: impl Into<Option<f64>>,
) -> Result<Tensor> {
    rms_norm_named("F::rms_norm", x, normalized_shape, weight, eps.into())
}

pub(crate) fn rms_norm_named(
    function: &'static str,
    x: &Tensor,
    normalized_shape: &[usize],
    weight: Option<&Tensor>,
    eps: Option<f64>,
) -> Result<Tensor> {
    check_shapes(function, x, normalized_shape, &[("weight", weight)])?;
    let eps = eps.unwrap_or(match x.dtype() {
        DType::F64 => f64::EPSILON,
        // Halves are computed in f32, and PyTorch takes the same `eps` for them.
        _ => f64::from(f32::EPSILON),
    });
    let op = RmsNorm { size: normalized_shape.iter().product(), eps, shape: x.shape().clone() };
    op::apply(function, op, Arguments::with(x, weight, None))
}

struct RmsNorm {
    size: usize,
    eps: f64,
    shape: Shape,
}

impl RmsNorm {
    /// One over the root of the mean square.
    #[inline(always)]
    fn scale<T: WithDType>(&self, xs: &[T]) -> f64 {
        let squares = sum_by(xs, |x| x * x);
        1.0 / (squares / xs.len() as f64 + self.eps).sqrt()
    }
}

impl Op for RmsNorm {
    fn forward<T: WithDType>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let ys = rows_forward(self.size, args[0], |room, xs| {
            vectorized(
                #[inline(always)]
                || {
                    let scale = T::from_f64(self.scale(xs));
                    match args.get(1) {
                        Some(weight) => {
                            room.each(xs.iter().beside(*weight), move |(x, w)| *x * scale * *w);
                        }
                        None => room.each(xs.iter(), move |x| *x * scale),
                    }
                },
            );
        });
        Ok((ys, self.shape.clone()))
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let weight = call.args.get(1).copied();
        let wanted = [call.wanted.get(1) == Some(&true)];
        let (xs, gy) = (call.args[0], call.grad);
        let (gx, [gw]) = rows_backward(self.size, xs, gy, wanted, |gx, xs, gy, sums| {
            vectorized(
                #[inline(always)]
                || self.row_backward(weight, gx, xs, gy, sums),
            );
        });
        Ok([Some(Some(gx)), weight.map(|_| Some(gw))].into_iter().flatten().collect())
    }
}

impl RmsNorm {
    #[inline(always)]
    fn row_backward<T: WithDType>(
        &self,
        weight: Option<&[T]>,
        gx: &mut [T],
        xs: &[T],
        gy: &[T],
        [gw]: &mut [Vec<T>; 1],
    ) {
        let scale = self.scale(xs);
        let factor = T::from_f64(scale);
        times_weight(gx, gy, weight);
        let normal = xs.iter().map(|x| *x * factor);
        gw.iter_mut().beside(gy.iter().beside(normal)).for_each(|(gw, (gy, x))| *gw += *gy * x);
        let dot = dot_by(gx, xs, |g, x| g * x) / xs.len() as f64;
        let dot = T::from_f64(dot * scale * scale);
        gx.iter_mut().beside(xs).for_each(|(g, x)| *g = (*g - *x * dot) * factor);
    }
}
