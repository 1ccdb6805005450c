//! Rows divided by their length.

use candle_core::{Result, Shape, Tensor};

use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::tensor::axis::{self, Axis};

const NAME: &str = "F::normalize";

/// Divides each row along `dim` by its `p`-norm, or by `eps` where the norm is smaller (PyTorch's
/// defaults: 2, 1 and 1e-12).
///
/// ```text
/// normalize(x) = x / max(norm, eps),  norm = (sum_j |x_j|^p)^(1/p)
/// ```
///
/// The result has the shape and dtype of `x`; a row of zeros stays. `p` may be any number, and
/// infinity for the largest size. Source: PyTorch's `F.normalize`.
///
/// # Errors
///
/// For integers, and for an axis that isn't there.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = F::normalize(&tensor!([[3.0, 4.0]]), 2.0, 1, 1e-12)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[0.6, 0.8]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn normalize(x: &Tensor, p: f64, dim: impl Axis, eps: f64) -> Result<Tensor> {
    let dim = axis::resolve(NAME, x, &dim)?;
    let dims = x.dims();
    let inner = dims.iter().skip(dim + 1).product();
    let size = dims.get(dim).copied().unwrap_or(1);
    op::apply(NAME, Normalize { p, eps, size, inner, shape: x.shape().clone() }, [x])
}

struct Normalize {
    p: f64,
    eps: f64,
    size: usize,
    inner: usize,
    shape: Shape,
}

impl Op for Normalize {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        Ok((self.values(args[0]), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        Ok(vec![Some(self.slopes(call.args[0], call.grad))])
    }
}

impl Normalize {
    fn values<T: Number>(&self, xs: &[T]) -> Vec<T> {
        let mut ys = vec![T::ZERO; xs.len()];
        self.each_row(xs.len(), |places| {
            let norm = self.norm(places.clone().map(|place| xs[place].wide()));
            let divisor = if norm < self.eps { self.eps } else { norm };
            places.for_each(|place| ys[place] = T::of(xs[place].wide() / divisor));
        });
        ys
    }

    fn slopes<T: Number>(&self, xs: &[T], gs: &[T]) -> Vec<T> {
        let mut out = vec![T::ZERO; xs.len()];
        self.each_row(xs.len(), |places| {
            let norm = self.norm(places.clone().map(|place| xs[place].wide()));
            // At or below eps the divisor is a constant.
            let is_constant = norm < self.eps;
            let divisor = if is_constant { self.eps } else { norm };
            let dot = places.clone().map(|place| xs[place].wide() * gs[place].wide()).sum::<f64>();
            let of_norm = if is_constant { 0.0 } else { -dot / (divisor * divisor) };
            let ties = if self.p.is_infinite() {
                places.clone().filter(|place| xs[*place].wide().abs() == norm).count() as f64
            } else {
                1.0
            };
            for place in places {
                let slope = self.norm_slope(xs[place].wide(), norm) / ties;
                out[place] = T::of(gs[place].wide() / divisor + of_norm * slope);
            }
        });
        out
    }

    fn norm(&self, row: impl Iterator<Item = f64>) -> f64 {
        match self.p {
            1.0 => row.map(f64::abs).sum(),
            2.0 => row.map(|x| x * x).sum::<f64>().sqrt(),
            // The largest absolute value; a nan stays.
            f64::INFINITY => row.map(f64::abs).fold(0.0, |a, b| if a >= b { a } else { b }),
            p => row.map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p),
        }
    }

    /// The slope of the norm at one element; 0 where there is none.
    fn norm_slope(&self, x: f64, norm: f64) -> f64 {
        let sign = if x == 0.0 { 0.0 } else { x.signum() };
        match self.p {
            _ if norm == 0.0 => 0.0,
            1.0 => sign,
            2.0 => x / norm,
            f64::INFINITY => {
                if x.abs() == norm {
                    sign
                } else {
                    0.0
                }
            }
            _ if x == 0.0 => 0.0,
            p => sign * (x.abs() / norm).powf(p - 1.0),
        }
    }

    /// Calls `visit` with the indices of each row's elements.
    fn each_row(
        &self,
        len: usize,
        mut visit: impl FnMut(std::iter::StepBy<std::ops::Range<usize>>),
    ) {
        let block = self.size * self.inner;
        // With an axis of size 0 there are no elements, and so no rows.
        for outer in (0..len).step_by(block.max(1)) {
            for start in outer..outer + self.inner {
                visit((start..outer + block).step_by(self.inner));
            }
        }
    }
}
