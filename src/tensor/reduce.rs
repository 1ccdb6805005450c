//! Sums that don't drift: added up in `f64`, whatever the dtype.
//!
//! candle adds `f32` in `f32`: its mean of ten million times 0.1 is 0.0997.

use candle_core::{DType, Result, Shape, Tensor};

use crate::compute::loops::{PIECE, vectorized};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::sums::{sum_lanes, sum_pieces};

/// The sum of all elements as a tensor without axes; 0 for an empty tensor.
pub(crate) fn sum_all(tensor: &Tensor) -> Result<Tensor> {
    mean_over(tensor, 1.0)
}

/// The sum of all elements divided by `count`.
pub(crate) fn mean_over(tensor: &Tensor, count: f64) -> Result<Tensor> {
    op::apply("sum", Sums { rows: 1, shape: Shape::from(()), divisor: count }, [tensor])
}

/// The mean along the last axis.
pub(crate) fn mean_last(tensor: &Tensor) -> Result<Tensor> {
    let dims = tensor.dims();
    let Some((size, rest)) = dims.split_last() else { return Ok(tensor.clone()) };
    let shape = Shape::from(rest);
    let op = Sums { rows: shape.elem_count(), shape, divisor: *size as f64 };
    op::apply("sum", op, [tensor])
}

/// The sum of each row, divided by a number.
struct Sums {
    rows: usize,
    /// The result's shape: one element for each row.
    shape: Shape,
    divisor: f64,
}

impl Op for Sums {
    // The division is done in f64 as well, since its result may not fit into a half-precision number.
    const HALVES: DType = DType::F64;

    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let size = args[0].len() / self.rows.max(1);
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
            .map(|row| Ok(T::of(sum(&args[0][row * size..][..size])?[0] / self.divisor)))
            .collect::<Result<Vec<_>>>()?;
        Ok((sums, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let size = call.args[0].len() / self.rows.max(1);
        let mut spread = Vec::with_capacity(call.args[0].len());
        for grad in call.grad {
            spread.resize(spread.len() + size, T::of(grad.wide() / self.divisor));
        }
        Ok(vec![Some(spread)])
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn the_mean_of_ten_million_tenths_is_a_tenth() {
        let tenths = Tensor::full(0.1f32, 10_000_000, &Device::Cpu).unwrap();
        assert_eq!(mean_over(&tenths, 1e7).unwrap().to_scalar::<f32>().unwrap(), 0.1);
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
