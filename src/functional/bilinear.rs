//! A map of two inputs that is linear in each, and a norm over neighbouring channels.

use candle_core::{Result, Tensor};

use super::arithmetic::{add, div, mul, pow};
use super::linear::check_bias;
use super::matmul::matmul;
use super::pad::pad;
use super::sum::sum_dim;
use crate::error::fail;

/// A map of two inputs that is linear in each.
///
/// ```text
/// y[o] = x1ᵀ W[o] x2 + b[o]
/// ```
///
/// # Shapes
///
/// `x1` of `(.., in1)`, `x2` of `(.., in2)` with the same front, `weight` of `(out, in1, in2)`, `bias` of `(out)` if
/// there is one; the result has `(.., out)`.
///
/// # Errors
///
/// If these sizes don't fit. See PyTorch's `bilinear`.
///
/// ```
/// use akari::prelude::*;
/// let (x1, x2) = (tensor!([[1., 2.]]), tensor!([[3., 4.]]));
/// let y = F::bilinear(&x1, &x2, &tensor!([[[1., 0.], [0., 10.]]]), None)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[83.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn bilinear(
    x1: &Tensor,
    x2: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    bilinear_named("F::bilinear", x1, x2, weight, bias)
}

pub(crate) fn bilinear_named(
    function: &'static str,
    x1: &Tensor,
    x2: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let (&[outputs, first, second], [front @ .., last1], [front2 @ .., last2]) =
        (weight.dims(), x1.dims(), x2.dims())
    else {
        return fail(
            function,
            format_args!("weight must have shape [out, in1, in2], but it is {:?}", weight.dims()),
        );
    };
    if front != front2 || *last1 != first || *last2 != second {
        return fail(
            function,
            format_args!(
                "inputs of shapes {:?} and {:?} don't fit a weight of shape {:?}",
                x1.dims(),
                x2.dims(),
                weight.dims()
            ),
        );
    }
    check_bias(function, bias, outputs)?;
    let rows = front.iter().product::<usize>();
    // (rows, in1) · (in1, out in2) gives, for each row, a matrix that x2 is multiplied with.
    let by_first = weight.transpose(0, 1)?.reshape((first, outputs * second))?;
    let matrices =
        matmul(&x1.reshape((rows, first))?, &by_first)?.reshape((rows, outputs, second))?;
    let mut y = sum_dim(&mul(&matrices, &x2.reshape((rows, 1, second))?)?, 2)?;
    if let Some(bias) = bias {
        y = add(&y, bias)?;
    }
    y.reshape([front, &[outputs]].concat())
}

/// Divides each channel by the size of its neighbours, as AlexNet did.
///
/// ```text
/// y[c] = x[c] / (k + alpha / size · sum over the neighbours c' of x[c']²)^beta
/// ```
///
/// PyTorch's defaults are `alpha` 1e-4, `beta` 0.75 and `k` 1.
///
/// # Shapes
///
/// `(N, C, ..)`; the neighbours are `size` channels around `c`.
///
/// # Errors
///
/// For fewer than three axes, and a `size` of 0. See PyTorch's `local_response_norm`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[[1.], [2.]]]);
/// let y = F::local_response_norm(&x, 1, 3.0, 1.0, 1.0)?;
/// assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [1. / 4., 2. / 13.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn local_response_norm(
    x: &Tensor,
    size: usize,
    alpha: f64,
    beta: f64,
    k: f64,
) -> Result<Tensor> {
    let function = "F::local_response_norm";
    if x.rank() < 3 {
        return fail(
            function,
            format_args!(
                "Expected 3D or higher dimensionality input (got {} dimensions)",
                x.rank()
            ),
        );
    }
    if size == 0 || size > i32::MAX as usize {
        return fail(function, format_args!("size must be from 1 up, but it is {size}"));
    }
    let channels = x.dims()[1];
    let mut widths = vec![0; 2 * (x.rank() - 1)];
    let end = widths.len();
    widths[end - 2] = (size / 2) as i64;
    widths[end - 1] = ((size - 1) / 2) as i64;
    let squares = pad(&mul(x, x)?, &widths, 0.0)?;
    let mut sum = squares.narrow(1, 0, channels)?;
    for shift in 1..size {
        sum = add(&sum, &squares.narrow(1, shift, channels)?)?;
    }
    let divisor = pow(&add(&mul(&sum, alpha / size as f64)?, k)?, beta)?;
    div(x, &divisor)
}
