//! Sums that don't drift: added up in `f64`, whatever the dtype.
//!
//! candle adds `f32` in `f32`: its mean of ten million times 0.1 is 0.0997.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType, bail};

use super::parallel::{PIECE, sum_lanes, sum_pieces, vectorized};

/// The sum of all elements as a tensor without axes; 0 for an empty tensor.
pub(crate) fn sum_all(tensor: &Tensor) -> Result<Tensor> {
    mean_over(tensor, 1.0)
}

/// The mean of all elements as a tensor without axes; nan for an empty tensor.
pub(crate) fn mean_all(tensor: &Tensor) -> Result<Tensor> {
    mean_over(tensor, tensor.elem_count() as f64)
}

/// The sum of all elements divided by `count`.
pub(crate) fn mean_over(tensor: &Tensor, count: f64) -> Result<Tensor> {
    tensor.contiguous()?.apply_op1(Sums { rows: 1, shape: Shape::from(()), divisor: count })
}

/// The mean along the last axis.
pub(crate) fn mean_last(tensor: &Tensor) -> Result<Tensor> {
    let dims = tensor.dims();
    let Some((size, rest)) = dims.split_last() else { return Ok(tensor.clone()) };
    let shape = Shape::from(rest);
    let op = Sums { rows: shape.elem_count(), shape, divisor: *size as f64 };
    tensor.contiguous()?.apply_op1(op)
}

/// The sum of each row, divided by a number.
struct Sums {
    rows: usize,
    /// The result's shape: one element for each row.
    shape: Shape,
    divisor: f64,
}

impl CustomOp1 for Sums {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let storage = match storage {
            CpuStorage::F32(values) => self.forward(values, layout)?,
            CpuStorage::F64(values) => self.forward(values, layout)?,
            CpuStorage::F16(values) => self.forward(values, layout)?,
            CpuStorage::BF16(values) => self.forward(values, layout)?,
            _ => bail!("sum: the losses are floats"),
        };
        Ok((storage, self.shape.clone()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        // The division is done in f64, since its result may not fit into a half-precision number.
        let grads = grad.to_dtype(candle_core::DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
        let size = arg.elem_count() / self.rows.max(1);
        let spread = grads.iter().flat_map(|grad| std::iter::repeat_n(grad / self.divisor, size));
        macro_rules! spread {
            ($type:ty) => {
                Tensor::from_vec(
                    spread.map(<$type as WithDType>::from_f64).collect::<Vec<_>>(),
                    arg.shape(),
                    arg.device(),
                )?
            };
        }
        Ok(Some(match arg.dtype() {
            candle_core::DType::F64 => spread!(f64),
            candle_core::DType::F32 => spread!(f32),
            dtype => spread!(f64).to_dtype(dtype)?,
        }))
    }
}

impl Sums {
    fn forward<T: WithDType>(&self, values: &[T], layout: &Layout) -> Result<CpuStorage> {
        let values = &values[layout.start_offset()..][..layout.shape().elem_count()];
        let size = values.len() / self.rows.max(1);
        let sum = |row: &[T]| {
            sum_pieces(row.len(), PIECE, |range| {
                Ok([vectorized(
                    #[inline(always)]
                    || sum_lanes(&row[range]),
                )])
            })
        };
        let sums = (0..self.rows)
            // An empty mean is 0 / 0 = nan, as in PyTorch.
            .map(|row| Ok(T::from_f64(sum(&values[row * size..][..size])?[0] / self.divisor)))
            .collect::<Result<Vec<_>>>()?;
        Ok(T::to_cpu_storage_owned(sums))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn the_mean_of_ten_million_tenths_is_a_tenth() {
        let tenths = Tensor::full(0.1f32, 10_000_000, &Device::Cpu).unwrap();
        assert_eq!(mean_all(&tenths).unwrap().to_scalar::<f32>().unwrap(), 0.1);
        assert_eq!(sum_all(&tenths).unwrap().to_scalar::<f32>().unwrap(), 1_000_000.0);
    }

    #[test]
    fn rows_have_means_and_gradients() {
        let x = Var::new(&[[1f32, 2., 6.], [4., 5., 0.]], &Device::Cpu).unwrap();
        let means = mean_last(&x).unwrap();
        assert_eq!(means.to_vec1::<f32>().unwrap(), [3.0, 3.0]);
        let weighted = (means * Tensor::new(&[3f32, 6.], &Device::Cpu).unwrap()).unwrap();
        let grads = sum_all(&weighted).unwrap().backward().unwrap();
        let expected = [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]];
        assert_eq!(grads.get(&x).unwrap().to_vec2::<f32>().unwrap(), expected);
    }
}
