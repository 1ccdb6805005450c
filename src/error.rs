//! Texts of the prelude's errors: who complains, then what was given and what is needed.

use std::fmt;

use candle_core::{DType, Error, Result, Tensor};

/// An error whose text begins with the function as the learner typed it.
pub(crate) fn fail<T>(function: &str, text: impl fmt::Display) -> Result<T> {
    Err(Error::Msg(format!("{function}: {text}")))
}

/// The error of a function that is not defined for this dtype.
pub(crate) fn wrong_dtype<T>(function: &str, argument: &str, dtype: DType) -> Result<T> {
    fail(
        function,
        format_args!(
            "not implemented for {argument} of dtype {dtype:?} (convert it with .to_dtype(DType::F32)?)"
        ),
    )
}

/// Refuses a tensor of integers.
pub(crate) fn need_float(function: &str, argument: &str, tensor: &Tensor) -> Result<()> {
    if tensor.dtype().is_float() { Ok(()) } else { wrong_dtype(function, argument, tensor.dtype()) }
}
