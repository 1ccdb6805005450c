//! The one number of a tensor.

use candle_core::{DType, Result, Tensor};

use crate::error::fail;

/// The number of a tensor that has one element, whatever its shape and dtype.
///
/// # Errors
///
/// If it has none, or more than one.
pub(crate) fn item(tensor: &Tensor) -> Result<f64> {
    if tensor.elem_count() != 1 {
        return fail(
            "item",
            format_args!(
                "a Tensor with {} elements cannot be converted to Scalar (its shape is {:?})",
                tensor.elem_count(),
                tensor.dims()
            ),
        );
    }
    tensor.to_dtype(DType::F64)?.flatten_all()?.get(0)?.to_scalar()
}
