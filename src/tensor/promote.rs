//! dtype promotion and broadcasting of two operands, by PyTorch's rules.
//!
//! The losses promote and broadcast here; functions of one tensor have no need to.

use candle_core::{DType, Layout, Result, Shape, Tensor};

use crate::compute::beside::Beside;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::sums::sum_lanes;
use crate::error::fail_shape;

/// Both tensors in their common dtype; shapes stay as they are.
pub(crate) fn promote(left: &Tensor, right: &Tensor) -> Result<(Tensor, Tensor)> {
    let dtype = result_dtype(left, right);
    Ok((left.to_dtype(dtype)?, right.to_dtype(dtype)?))
}

/// Both tensors in their common dtype and shape.
pub(crate) fn promote_and_broadcast(
    function: &str,
    left: &Tensor,
    right: &Tensor,
) -> Result<(Tensor, Tensor)> {
    let (left, right) = promote(left, right)?;
    let shape = broadcast_shape(function, left.dims(), right.dims())?;
    Ok((broadcast_to(&left, &shape)?, broadcast_to(&right, &shape)?))
}

/// The tensor in a shape that it broadcasts to. The gradient is added up in `f64`; candle's own
/// broadcasting adds in the tensor's dtype, and drifts.
pub(crate) fn broadcast_to(tensor: &Tensor, shape: &Shape) -> Result<Tensor> {
    if tensor.shape() == shape {
        return Ok(tensor.clone());
    }
    if !tensor.dtype().is_float() {
        return tensor.broadcast_as(shape)?.contiguous();
    }
    let strides = Layout::contiguous(tensor.shape()).broadcast_as(shape)?.stride().to_vec();
    op::apply("broadcast", Broadcast { shape: shape.clone(), strides }, [tensor])
}

struct Broadcast {
    shape: Shape,
    /// How far the source moves for a step along each axis of the result.
    strides: Vec<usize>,
}

impl Op for Broadcast {
    // A gradient of half precision is rounded once, after all of its terms have been added.
    const HALVES: DType = DType::F64;

    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let mut result = Vec::with_capacity(self.shape.elem_count());
        spread(self.shape.dims(), &self.strides, args[0], &mut result);
        Ok((result, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let mut sums = vec![0.0; call.args[0].len()];
        gather(self.shape.dims(), &self.strides, call.grad, &mut sums);
        Ok(vec![Some(sums.into_iter().map(T::of).collect())])
    }
}

/// Writes the source once for each step along an axis that the source doesn't have.
fn spread<T: Copy>(dims: &[usize], strides: &[usize], source: &[T], result: &mut Vec<T>) {
    match (dims, strides) {
        ([], _) | (_, []) => result.push(source[0]),
        ([size], [0]) => result.extend(std::iter::repeat_n(source[0], *size)),
        ([size], [1]) => result.extend_from_slice(&source[..*size]),
        ([size, dims @ ..], [stride, strides @ ..]) => {
            for step in 0..*size {
                spread(dims, strides, &source[step * stride..], result);
            }
        }
    }
}

/// The reverse of [`spread`]: adds up the gradients of all copies of each element of the source.
fn gather<T: Number>(dims: &[usize], strides: &[usize], grads: &[T], sums: &mut [f64]) {
    match (dims, strides) {
        ([], _) | (_, []) => sums[0] += grads[0].wide(),
        ([_], [0]) => sums[0] += sum_lanes(grads),
        ([size], [1]) => {
            for (sum, grad) in sums[..*size].iter_mut().beside(grads) {
                *sum += grad.wide();
            }
        }
        ([size, dims @ ..], [stride, strides @ ..]) => {
            // An axis of size 0 leaves nothing to add.
            let block = dims.iter().product::<usize>();
            for step in 0..if block == 0 { 0 } else { *size } {
                gather(dims, strides, &grads[step * block..][..block], &mut sums[step * stride..]);
            }
        }
    }
}

/// `torch.result_type`: a tensor without axes gives way to one with axes of the same kind.
pub(crate) fn result_dtype(left: &Tensor, right: &Tensor) -> DType {
    let (left_dtype, right_dtype) = (left.dtype(), right.dtype());
    match (left.rank() == 0, right.rank() == 0) {
        (false, true) if left_dtype.is_float() >= right_dtype.is_float() => left_dtype,
        (true, false) if right_dtype.is_float() >= left_dtype.is_float() => right_dtype,
        _ => wider(left_dtype, right_dtype),
    }
}

fn wider(left: DType, right: DType) -> DType {
    match (left, right) {
        (left, right) if left == right => left,
        (DType::F16, DType::BF16) | (DType::BF16, DType::F16) => DType::F32,
        // u32 fits into no smaller signed integer than i64.
        (DType::U32, DType::I16 | DType::I32) | (DType::I16 | DType::I32, DType::U32) => DType::I64,
        (left, right) if width(left) >= width(right) => left,
        (_, right) => right,
    }
}

/// Floats before integers, then by size.
fn width(dtype: DType) -> usize {
    dtype.size_in_bytes() + if dtype.is_float() { 100 } else { 0 }
}

/// The shape that two shapes broadcast to.
pub(crate) fn broadcast_shape(function: &str, left: &[usize], right: &[usize]) -> Result<Shape> {
    let rank = left.len().max(right.len());
    let size = |dims: &[usize], axis: usize| {
        // Missing axes are in front, and of size one.
        (axis + dims.len()).checked_sub(rank).map_or(1, |index| dims[index])
    };
    let mut dims = Vec::with_capacity(rank);
    for axis in 0..rank {
        dims.push(match (size(left, axis), size(right, axis)) {
            (left, right) if left == right => left,
            (1, right) => right,
            (left, 1) => left,
            (left, right) => {
                return fail_shape(
                    function,
                    format_args!(
                        "The size of tensor a ({left}) must match the size of tensor b ({right}) at non-singleton dimension {axis}"
                    ),
                );
            }
        });
    }
    Ok(Shape::from(dims))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn scalars_give_way_to_tensors_of_their_kind() {
        let zeros = |dims: &[usize], dtype| Tensor::zeros(dims, dtype, &Device::Cpu).unwrap();
        for (left, right, expected) in [
            (zeros(&[1], DType::F32), zeros(&[1], DType::I64), DType::F32),
            (zeros(&[1], DType::F32), zeros(&[], DType::F64), DType::F32),
            (zeros(&[], DType::F64), zeros(&[1], DType::I64), DType::F64),
            (zeros(&[1], DType::F16), zeros(&[1], DType::BF16), DType::F32),
            (zeros(&[1], DType::U8), zeros(&[1], DType::I16), DType::I16),
            (zeros(&[1], DType::U32), zeros(&[1], DType::I32), DType::I64),
        ] {
            assert_eq!(result_dtype(&left, &right), expected);
            assert_eq!(result_dtype(&right, &left), expected);
        }
    }

    #[test]
    fn shapes_broadcast_or_say_where_they_do_not() {
        let shape = broadcast_shape("f", &[3, 1], &[4]).unwrap();
        assert_eq!(shape.dims(), &[3, 4]);
        let error = broadcast_shape("f", &[2], &[3]).unwrap_err().to_string();
        assert_eq!(
            error,
            "f: The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0"
        );
    }
}
