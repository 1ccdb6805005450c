//! The one mechanism behind all elementwise functions: a value, a slope, and what integers do.
//!
//! candle's own differ from PyTorch at kinks and infinities and panic on integers. Here every
//! function is a row of `table.rs`; numbers are computed in `f64` and rounded to their dtype once.

use candle_core::cpu_backend::unary_map;
use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType, bail,
};

use crate::error::wrong_dtype;

/// What becomes of an integer tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Integers {
    /// The result has the same dtype.
    Keep,
    /// The result is `f32`.
    Promote,
    /// An error, as in PyTorch.
    Refuse,
}

/// One elementwise function.
pub(crate) trait Elementwise: Clone + Send + Sync + 'static {
    const NAME: &'static str;
    const INTEGERS: Integers;
    fn value(&self, x: f64) -> f64;
    fn slope(&self, x: f64) -> f64;
}

pub(crate) fn apply<E: Elementwise>(function: E, x: &Tensor) -> Result<Tensor> {
    match x.dtype() {
        DType::F32 | DType::F64 | DType::F16 | DType::BF16 => x.apply_op1(Op(function)),
        dtype if !dtype.is_int() => wrong_dtype(E::NAME, "an input", dtype),
        dtype => match E::INTEGERS {
            Integers::Keep => x.apply_op1(Op(function)),
            Integers::Promote => x.to_dtype(DType::F32)?.apply_op1(Op(function)),
            Integers::Refuse => wrong_dtype(E::NAME, "an input", dtype),
        },
    }
}

struct Op<E>(E);

impl<E: Elementwise> CustomOp1 for Op<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let storage = match storage {
            CpuStorage::F32(values) => self.floats(values, layout),
            CpuStorage::F64(values) => self.floats(values, layout),
            CpuStorage::F16(values) => self.floats(values, layout),
            CpuStorage::BF16(values) => self.floats(values, layout),
            CpuStorage::U8(values) => self.integers(values, layout),
            CpuStorage::U32(values) => self.integers(values, layout),
            CpuStorage::I16(values) => self.integers(values, layout),
            CpuStorage::I32(values) => self.integers(values, layout),
            CpuStorage::I64(values) => self.integers(values, layout),
            _ => bail!("{}: not implemented for this dtype", E::NAME),
        };
        Ok((storage, layout.shape().clone()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let slope = Slope(self.0.clone());
        Ok(Some(arg.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &slope)?))
    }
}

impl<E: Elementwise> Op<E> {
    fn floats<T: WithDType>(&self, values: &[T], layout: &Layout) -> CpuStorage {
        T::to_cpu_storage_owned(unary_map(values, layout, |x| {
            T::from_f64(self.0.value(x.to_f64()))
        }))
    }

    fn integers<T: WithDType>(&self, values: &[T], layout: &Layout) -> CpuStorage {
        T::to_cpu_storage_owned(unary_map(values, layout, |x| {
            let (before, after) = (x.to_f64(), self.0.value(x.to_f64()));
            // An unchanged number goes through as it is: f64 has no room for all of i64.
            if before == after { x } else { T::from_f64(after) }
        }))
    }
}

/// The gradient: the slope at the input times the gradient of the output.
struct Slope<E>(E);

impl<E: Elementwise> CustomOp2 for Slope<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        x_layout: &Layout,
        grads: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let slope = |x| self.0.slope(x);
        let storage = match (xs, grads) {
            (CpuStorage::F32(xs), CpuStorage::F32(grads)) => {
                multiply(slope, xs, x_layout, grads, grad_layout)
            }
            (CpuStorage::F64(xs), CpuStorage::F64(grads)) => {
                multiply(slope, xs, x_layout, grads, grad_layout)
            }
            (CpuStorage::F16(xs), CpuStorage::F16(grads)) => {
                multiply(slope, xs, x_layout, grads, grad_layout)
            }
            (CpuStorage::BF16(xs), CpuStorage::BF16(grads)) => {
                multiply(slope, xs, x_layout, grads, grad_layout)
            }
            _ => bail!("{}: gradients are floats of the input's dtype", E::NAME),
        };
        Ok((storage, x_layout.shape().clone()))
    }
}

fn multiply<T: WithDType>(
    slope: impl Fn(f64) -> f64,
    xs: &[T],
    x_layout: &Layout,
    grads: &[T],
    grad_layout: &Layout,
) -> CpuStorage {
    let xs = &xs[x_layout.start_offset()..][..x_layout.shape().elem_count()];
    let grads = &grads[grad_layout.start_offset()..][..xs.len()];
    let product = |(x, grad): (&T, &T)| T::from_f64(slope(x.to_f64()) * grad.to_f64());
    T::to_cpu_storage_owned(xs.iter().zip(grads).map(product).collect())
}
