//! softmax and its relatives: functions of a whole row along one axis.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType, bail,
};

use crate::error::wrong_dtype;
use crate::tensor::axis::{self, Axis};

/// `exp(x_i) / sum_j exp(x_j)` along the axis `dim`.
///
/// Shape and dtype stay; negative axes count from the end; an empty tensor gives an empty one.
///
/// # Errors
///
/// For integers, and for an axis that isn't there.
///
/// ```
/// use akari::prelude::*;
/// let y = F::softmax(&tensor!([0.0, 0.0]), 0)?;
/// assert_eq!(y.to_vec1::<f32>()?, [0.5, 0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn softmax(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    along("F::softmax", x, &dim, Kind::Softmax)
}

/// `ln(softmax(x))` along the axis `dim`, without the loss of precision of taking both in turn.
pub fn log_softmax(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    along("F::log_softmax", x, &dim, Kind::LogSoftmax)
}

/// `softmax(-x)` along the axis `dim`.
pub fn softmin(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    if !x.dtype().is_float() {
        return wrong_dtype("F::softmin", "an input", x.dtype());
    }
    along("F::softmin", &x.neg()?, &dim, Kind::Softmax)
}

fn along(function: &str, x: &Tensor, dim: &dyn Axis, kind: Kind) -> Result<Tensor> {
    let dim = axis::resolve(function, x, dim)?;
    match x.dtype() {
        DType::F32 | DType::F64 | DType::F16 | DType::BF16 => {}
        dtype => return wrong_dtype(function, "an input", dtype),
    }
    let dims = x.dims();
    // A number without axes is a row of one.
    let inner = dims.iter().skip(dim + 1).product();
    let size = dims.get(dim).copied().unwrap_or(1);
    x.contiguous()?.apply_op1(Rows { kind, size, inner })
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Softmax,
    LogSoftmax,
}

/// The rows of an axis of `size` elements that are `inner` apart.
#[derive(Debug, Clone, Copy)]
struct Rows {
    kind: Kind,
    size: usize,
    inner: usize,
}

impl CustomOp1 for Rows {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let storage = match storage {
            CpuStorage::F32(xs) => self.forward(xs, layout),
            CpuStorage::F64(xs) => self.forward(xs, layout),
            CpuStorage::F16(xs) => self.forward(xs, layout),
            CpuStorage::BF16(xs) => self.forward(xs, layout),
            _ => bail!("softmax: not implemented for this dtype"),
        };
        Ok((storage, layout.shape().clone()))
    }

    fn bwd(&self, _arg: &Tensor, res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(res.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &Gradient(*self))?))
    }
}

impl Rows {
    fn forward<T: WithDType>(&self, xs: &[T], layout: &Layout) -> CpuStorage {
        let xs = &xs[layout.start_offset()..][..layout.shape().elem_count()];
        let mut ys = vec![T::zero(); xs.len()];
        let mut row = vec![0.0; self.size];
        self.each_row(xs.len(), |places| {
            let places = places.collect::<Vec<_>>();
            for (value, place) in row.iter_mut().zip(&places) {
                *value = xs[*place].to_f64();
            }
            self.kind.forward(&mut row);
            for (value, place) in row.iter().zip(&places) {
                ys[*place] = T::from_f64(*value);
            }
        });
        T::to_cpu_storage_owned(ys)
    }

    /// Calls `visit` with the places of each row's elements.
    fn each_row(
        &self,
        len: usize,
        mut visit: impl FnMut(std::iter::StepBy<std::ops::Range<usize>>),
    ) {
        let block = self.size * self.inner;
        // Axes of size zero leave no element, and so no row.
        for outer in (0..len).step_by(block.max(1)) {
            for start in outer..outer + self.inner {
                visit((start..outer + block).step_by(self.inner));
            }
        }
    }
}

impl Kind {
    fn forward(self, row: &mut [f64]) {
        let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        match self {
            Kind::Softmax => {
                row.iter_mut().for_each(|x| *x = (*x - max).exp());
                let sum = row.iter().sum::<f64>();
                row.iter_mut().for_each(|x| *x /= sum);
            }
            Kind::LogSoftmax => {
                let log_sum = row.iter().map(|x| (x - max).exp()).sum::<f64>().ln();
                row.iter_mut().for_each(|x| *x = *x - max - log_sum);
            }
        }
    }

    /// From the results `y` and their gradients `gy` in `row` to the gradients of the inputs.
    fn backward(self, row: &mut [(f64, f64)]) {
        match self {
            Kind::Softmax => {
                let dot = row.iter().map(|(y, gy)| y * gy).sum::<f64>();
                row.iter_mut().for_each(|(y, gy)| *gy = *y * (*gy - dot));
            }
            Kind::LogSoftmax => {
                let sum = row.iter().map(|(_, gy)| gy).sum::<f64>();
                row.iter_mut().for_each(|(y, gy)| *gy -= y.exp() * sum);
            }
        }
    }
}

struct Gradient(Rows);

impl CustomOp2 for Gradient {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(
        &self,
        ys: &CpuStorage,
        y_layout: &Layout,
        grads: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let storage = match (ys, grads) {
            (CpuStorage::F32(ys), CpuStorage::F32(grads)) => {
                self.backward(ys, y_layout, grads, grad_layout)
            }
            (CpuStorage::F64(ys), CpuStorage::F64(grads)) => {
                self.backward(ys, y_layout, grads, grad_layout)
            }
            (CpuStorage::F16(ys), CpuStorage::F16(grads)) => {
                self.backward(ys, y_layout, grads, grad_layout)
            }
            (CpuStorage::BF16(ys), CpuStorage::BF16(grads)) => {
                self.backward(ys, y_layout, grads, grad_layout)
            }
            _ => bail!("softmax: gradients are floats of the input's dtype"),
        };
        Ok((storage, y_layout.shape().clone()))
    }
}

impl Gradient {
    fn backward<T: WithDType>(
        &self,
        ys: &[T],
        y_layout: &Layout,
        grads: &[T],
        grad_layout: &Layout,
    ) -> CpuStorage {
        let ys = &ys[y_layout.start_offset()..][..y_layout.shape().elem_count()];
        let grads = &grads[grad_layout.start_offset()..][..ys.len()];
        let mut result = vec![T::zero(); ys.len()];
        let mut row = vec![(0.0, 0.0); self.0.size];
        self.0.each_row(ys.len(), |places| {
            let places = places.collect::<Vec<_>>();
            for (pair, place) in row.iter_mut().zip(&places) {
                *pair = (ys[*place].to_f64(), grads[*place].to_f64());
            }
            self.0.kind.backward(&mut row);
            for ((_, gradient), place) in row.iter().zip(&places) {
                result[*place] = T::from_f64(*gradient);
            }
        });
        T::to_cpu_storage_owned(result)
    }
}
