//! Sums and means of all elements, which drift in candle.
//!
//! The loops are in `tensor/reduce.rs`, which the losses call too. Largest and smallest values are in `extreme.rs`.

use candle_core::{DType, Result, Tensor};

use crate::error::fail;
use crate::tensor::reduce::{mean_all, sum_all};

/// The sum of all elements; integers give `i64`.
///
/// Differs from candle, whose `f32` sums drift: of ten million times 0.1 it makes 997,297. See
/// PyTorch's `sum`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::sum(&tensor!([[1.0, 2.0], [3.0, 4.0]]))?.to_scalar::<f32>()?, 10.0);
/// assert_eq!(torch::sum(&tensor!([1, 2]))?.to_scalar::<i64>()?, 3);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn sum(x: &Tensor) -> Result<Tensor> {
    if x.dtype().is_int() {
        let values = x.to_dtype(DType::I64)?.flatten_all()?.to_vec1::<i64>()?;
        return Tensor::new(values.into_iter().fold(0, i64::wrapping_add), x.device());
    }
    sum_all(x)
}

/// The mean of all elements; nan if there are none.
///
/// Differs from candle, whose `f32` means drift, and which gives 0 for the mean of 1 and 2 as
/// integers. See PyTorch's `mean`.
///
/// # Errors
///
/// For integers.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::mean(&tensor!([1.0, 2.0]))?.to_scalar::<f32>()?, 1.5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn mean(x: &Tensor) -> Result<Tensor> {
    if !x.dtype().is_float() {
        return fail(
            "torch::mean",
            format_args!(
                "could not infer output dtype. Input dtype must be a floating point dtype. Got: {:?} (convert it with .to_dtype(DType::F32)?)",
                x.dtype()
            ),
        );
    }
    mean_all(x)
}
