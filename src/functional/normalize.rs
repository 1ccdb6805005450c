//! Rows divided by their length.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, bail};

use super::op::dense;
use super::unary_math::Number;
use crate::error::wrong_dtype;
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
    let op = Normalize { p, eps, size, inner };
    match x.dtype() {
        DType::F32 | DType::F64 => x.contiguous()?.apply_op1(op),
        dtype @ (DType::F16 | DType::BF16) => {
            x.to_dtype(DType::F32)?.contiguous()?.apply_op1(op)?.to_dtype(dtype)
        }
        dtype => wrong_dtype(NAME, "an input", dtype),
    }
}

#[derive(Debug, Clone, Copy)]
struct Normalize {
    p: f64,
    eps: f64,
    size: usize,
    inner: usize,
}

impl CustomOp1 for Normalize {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let storage = match storage {
            CpuStorage::F32(xs) => CpuStorage::F32(self.forward(dense(xs, layout))),
            CpuStorage::F64(xs) => CpuStorage::F64(self.forward(dense(xs, layout))),
            _ => bail!("{NAME}: not implemented for this dtype"),
        };
        Ok((storage, layout.shape().clone()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(
            arg.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &NormalizeGradient(*self))?,
        ))
    }
}

struct NormalizeGradient(Normalize);

impl CustomOp2 for NormalizeGradient {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        x_layout: &Layout,
        grads: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let storage = match (xs, grads) {
            (CpuStorage::F32(xs), CpuStorage::F32(grads)) => {
                CpuStorage::F32(self.0.backward(dense(xs, x_layout), dense(grads, grad_layout)))
            }
            (CpuStorage::F64(xs), CpuStorage::F64(grads)) => {
                CpuStorage::F64(self.0.backward(dense(xs, x_layout), dense(grads, grad_layout)))
            }
            _ => bail!("{NAME}: gradients are floats of the input's dtype"),
        };
        Ok((storage, x_layout.shape().clone()))
    }
}

impl Normalize {
    fn forward<T: Number>(&self, xs: &[T]) -> Vec<T> {
        let mut ys = vec![T::ZERO; xs.len()];
        self.each_row(xs.len(), |places| {
            let norm = self.norm(places.clone().map(|place| xs[place].wide()));
            let divisor = if norm < self.eps { self.eps } else { norm };
            places.for_each(|place| ys[place] = T::of(xs[place].wide() / divisor));
        });
        ys
    }

    fn backward<T: Number>(&self, xs: &[T], gs: &[T]) -> Vec<T> {
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
