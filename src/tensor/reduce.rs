//! Sums over a whole tensor that don't drift: added up in `f64`, whatever the dtype.
//!
//! candle adds `f32` in `f32`: its mean of ten million times 0.1 is 0.0997.

use candle_core::cpu_backend::unary_map;
use candle_core::{CpuStorage, CustomOp1, DType, Layout, Result, Shape, Tensor, WithDType, bail};

/// The sum of all elements as a tensor without axes; 0 for an empty tensor.
pub(crate) fn sum_all(tensor: &Tensor) -> Result<Tensor> {
    tensor.apply_op1(Scaled { factor: 1.0 })
}

/// The mean of all elements as a tensor without axes; nan for an empty tensor.
pub(crate) fn mean_all(tensor: &Tensor) -> Result<Tensor> {
    mean_over(tensor, tensor.elem_count() as f64)
}

/// The sum of all elements divided by `count`.
pub(crate) fn mean_over(tensor: &Tensor, count: f64) -> Result<Tensor> {
    tensor.apply_op1(Scaled { factor: 1.0 / count })
}

struct Scaled {
    factor: f64,
}

impl CustomOp1 for Scaled {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let storage = match storage {
            CpuStorage::F32(values) => self.sum(values, layout),
            CpuStorage::F64(values) => self.sum(values, layout),
            CpuStorage::F16(values) => self.sum(values, layout),
            CpuStorage::BF16(values) => self.sum(values, layout),
            _ => bail!("sum: the losses are floats"),
        };
        Ok((storage, Shape::from(())))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        // In f64, since the factor itself may not fit into a half-precision number.
        let grad = (grad.to_dtype(DType::F64)? * self.factor)?.to_dtype(arg.dtype())?;
        Ok(Some(grad.broadcast_as(arg.shape())?.contiguous()?))
    }
}

impl Scaled {
    fn sum<T: WithDType>(&self, values: &[T], layout: &Layout) -> CpuStorage {
        let mut sum = 0.0;
        unary_map(values, layout, |value| sum += value.to_f64());
        // An empty mean is 0 * inf = nan, as in PyTorch.
        T::to_cpu_storage_owned(vec![T::from_f64(sum * self.factor)])
    }
}
