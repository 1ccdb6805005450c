//! Borders around the last axes.

use candle_core::{Result, Tensor};

use crate::error::{fail, fail_shape, wrong_dtype};
use crate::tensor::parts;
use crate::tensor::{copy, size};

/// Puts a border of `value` around the last axes; negative widths cut instead.
///
/// `widths` are PyTorch's: before and after along the last axis, then along the one before it, and
/// so on.
///
/// # Errors
///
/// If `widths` has an odd length or more pairs than `x` has axes, or cuts off more than there is.
/// See PyTorch's `pad` with `mode='constant'`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::pad(&tensor!([[1., 2.]]), &[1, 0, 0, 1], 9.0)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[9., 1., 2.], [9., 9., 9.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn pad(x: &Tensor, widths: &[i64], value: f64) -> Result<Tensor> {
    let function = "F::pad";
    if !widths.len().is_multiple_of(2) {
        return fail(function, "Padding length must be divisible by 2");
    }
    if widths.len() / 2 > x.rank() {
        return fail_shape(
            function,
            format_args!(
                "Padding length should be less than or equal to two times the input dimension, but padding length {} and input is {:?}",
                widths.len(),
                x.dims()
            ),
        );
    }
    if !x.dtype().is_float() && !x.dtype().is_int() {
        return wrong_dtype(function, "an input", x.dtype());
    }
    let dims = padded_dims(x, widths)?;
    size::checked(function, &dims, x.dtype().size_in_bytes())?;
    // A border copies the numbers anyway.
    let has_border = widths.iter().any(|width| *width > 0);
    let mut padded = if has_border { x.clone() } else { copy::unchanged(x)? };
    let axes = || {
        let pairs = widths.chunks_exact(2).enumerate();
        pairs.map(|(index, pair)| (x.rank() - 1 - index, pair))
    };
    // What is cut off goes first, so that no tensor on the way is larger than the result.
    for (axis, pair) in axes() {
        let cut = |width: i64| if width < 0 { width.unsigned_abs() as usize } else { 0 };
        let kept = x.dims()[axis] - cut(pair[0]) - cut(pair[1]);
        padded = padded.narrow(axis, cut(pair[0]), kept)?;
    }
    for (axis, pair) in axes() {
        let border = |width: i64| {
            let mut dims = padded.dims().to_vec();
            dims[axis] = width.max(0) as usize;
            Tensor::full(value, dims, x.device())?.to_dtype(x.dtype())
        };
        let (before, after) = (border(pair[0])?, border(pair[1])?);
        padded = parts::joined(&[before, padded, after], axis)?;
    }
    Ok(padded)
}

/// The shape of the result.
fn padded_dims(x: &Tensor, widths: &[i64]) -> Result<Vec<usize>> {
    let mut dims = x.dims().to_vec();
    for (index, pair) in widths.chunks_exact(2).enumerate() {
        let axis = x.rank() - 1 - index;
        // Two widths and a size never overflow 128 bits.
        let size = dims[axis] as i128;
        let cut = pair.iter().map(|width| i128::from(*width).min(0)).sum::<i128>();
        if size + cut < 0 {
            return fail_shape(
                "F::pad",
                format_args!(
                    "padding {pair:?} cuts off more than the {size} there are at dim {axis}"
                ),
            );
        }
        let padded = size + pair.iter().map(|width| i128::from(*width)).sum::<i128>();
        dims[axis] = usize::try_from(padded).unwrap_or(usize::MAX);
    }
    Ok(dims)
}
