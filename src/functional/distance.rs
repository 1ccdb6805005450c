//! How near two vectors are to each other.

use candle_core::{Result, Tensor};

use super::arithmetic::{add, maximum, mul, pow, sub};
use super::compare::{eq, where_};
use super::element::abs;
use super::elementary::{rsqrt, sqrt};
use super::extreme::amax;
use super::sum::sum_dim;
use crate::error::fail;
use crate::tensor::axis::{self, Axis};
use crate::tensor::promote::broadcast_shape;

/// The cosine of the angle between vectors along an axis.
///
/// ```text
/// y = x1 · x2 / (max(|x1|, eps) max(|x2|, eps))
/// ```
///
/// PyTorch's defaults are `dim` 1 and `eps` 1e-8.
///
/// # Shapes
///
/// `x1` and `x2` broadcast; the result has no axis `dim`.
///
/// # Errors
///
/// If the shapes don't fit. See PyTorch's `cosine_similarity`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::cosine_similarity(&tensor!([[3., 4.]]), &tensor!([[4., 3.]]), 1, 1e-8)?;
/// assert!((y.i(0)?.item()? - 0.96).abs() < 1e-6);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cosine_similarity(x1: &Tensor, x2: &Tensor, dim: impl Axis, eps: f64) -> Result<Tensor> {
    similarity("F::cosine_similarity", x1, x2, &dim, eps)
}

pub(crate) fn similarity(
    function: &str,
    x1: &Tensor,
    x2: &Tensor,
    dim: &dyn Axis,
    eps: f64,
) -> Result<Tensor> {
    let shape = broadcast_shape(function, x1.dims(), x2.dims())?;
    let (x1, x2) = (x1.broadcast_as(&shape)?, x2.broadcast_as(&shape)?);
    let axis = axis::resolve(function, &x1, dim)?;
    let square = |x: &Tensor| sum_dim(&mul(x, x)?, axis);
    // The root of what is at least eps² is at least eps, and its slope is finite.
    let one_over_length = |x: &Tensor| rsqrt(&maximum(&square(x)?, eps * eps)?);
    let product = sum_dim(&mul(&x1, &x2)?, axis)?;
    mul(&mul(&product, &one_over_length(&x1)?)?, &one_over_length(&x2)?)
}

/// The distance between vectors along the last axis.
///
/// ```text
/// y = (sum of |x1 - x2 + eps|ᵖ)^(1/p)
/// ```
///
/// PyTorch's defaults are `p` 2, `eps` 1e-6 and `keepdim` false.
///
/// # Shapes
///
/// `x1` and `x2` broadcast; the result has no last axis, or one of size 1 with `keepdim`.
///
/// # Errors
///
/// If the shapes don't fit. See PyTorch's `pairwise_distance`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::pairwise_distance(&tensor!([[0., 0.]]), &tensor!([[3., 4.]]), 2.0, 1e-6, false)?;
/// assert!((y.i(0)?.item()? - 5.0).abs() < 1e-5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn pairwise_distance(
    x1: &Tensor,
    x2: &Tensor,
    p: f64,
    eps: f64,
    keepdim: bool,
) -> Result<Tensor> {
    distance("F::pairwise_distance", x1, x2, (p, eps, keepdim))
}

pub(crate) fn distance(
    function: &str,
    x1: &Tensor,
    x2: &Tensor,
    (p, eps, keepdim): (f64, f64, bool),
) -> Result<Tensor> {
    let difference = add(&sub(x1, x2)?, eps)?;
    if difference.rank() == 0 {
        return fail(function, "expected inputs with at least one axis");
    }
    let distance = match p {
        2.0 => sqrt(&sum_dim(&mul(&difference, &difference)?, -1)?)?,
        1.0 => sum_dim(&abs(&difference)?, -1)?,
        p if p == f64::INFINITY => amax(&abs(&difference)?, -1)?,
        0.0 => {
            let ones = difference.ones_like()?;
            sum_dim(&where_(&eq(&difference, 0.0)?, 0.0, &ones)?, -1)?
        }
        p => pow(&sum_dim(&pow(&abs(&difference)?, p)?, -1)?, 1.0 / p)?,
    };
    if keepdim { distance.unsqueeze(difference.rank() - 1) } else { Ok(distance) }
}
