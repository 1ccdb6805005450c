//! Axis numbers as PyTorch takes them: negative ones count from the end.
//!
//! Every function that takes an axis resolves it here, so that all errors have PyTorch's words and the function's name.

use candle_core::{D, Result, Tensor};

use crate::error::fail;

/// An axis number: an integer, negative ones counting from the end, or candle's [`D`].
pub trait Axis {
    /// The number as PyTorch writes it.
    fn number(&self) -> i64;
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Axis for $integer {
            fn number(&self) -> i64 {
                // No tensor has so many axes that saturating could name a real one.
                i64::try_from(*self).unwrap_or(i64::MAX)
            }
        }
    )*};
}

integers!(i32, i64, isize, usize, u32);

impl Axis for D {
    fn number(&self) -> i64 {
        match self {
            D::Minus1 => -1,
            D::Minus2 => -2,
            D::Minus(count) => i64::try_from(*count).map_or(i64::MIN, |count| -count),
        }
    }
}

/// The axis as an index; a tensor of no axes takes 0 and -1, as in PyTorch.
pub(crate) fn resolve(function: &str, tensor: &Tensor, dim: &dyn Axis) -> Result<usize> {
    let rank = tensor.rank().max(1) as i64;
    let number = dim.number();
    if (-rank..rank).contains(&number) {
        return Ok((if number < 0 { number + rank } else { number }) as usize);
    }
    fail(
        function,
        format_args!(
            "Dimension out of range (expected to be in range of [{}, {}], but got {number}); the tensor's shape is {:?}",
            -rank,
            rank - 1,
            tensor.dims()
        ),
    )
}
