//! softmax and its relatives: functions of a whole row along one axis.
//!
//! The loops are in `softmax_rows.rs`; shapes, dtypes, candle's graph and the drawing of Gumbel noise are here.

use candle_core::{Result, Shape, Tensor};

use super::softmax_rows::{Kind, SoftmaxRows};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::error::wrong_dtype;
use crate::random;
use crate::tensor::axis::{self, Axis};

/// Turns each row along the axis `dim` into numbers from 0 to 1 that add up to 1.
///
/// ```text
/// softmax(x)_i = exp(x_i) / sum_j exp(x_j)
/// ```
///
/// The result has the shape and dtype of `x`; negative axes count from the end; an empty tensor
/// gives an empty one, and one without axes is a row of one. A row with nan, with +inf, or of -inf
/// alone gives nan. Differs from candle, whose `softmax_last_dim` has no gradient, and whose
/// `softmax` panics on integers. Source: PyTorch's `F.softmax`, which computes in another dtype if
/// asked to: convert `x` before.
///
/// # Errors
///
/// For integers, and for an axis that isn't there.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = F::softmax(&tensor!([0.0, 0.0]), 0)?;
/// assert_eq!(y.to_vec1::<f32>()?, [0.5, 0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn softmax(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    along("F::softmax", x, &dim, Kind::Softmax, false)
}

/// The logarithm of [`softmax`], without the loss of precision of taking both in turn.
///
/// ```text
/// log_softmax(x)_i = x_i - max(x) - ln sum_j exp(x_j - max(x))
/// ```
///
/// Shapes and special rows are those of [`softmax`]. Source: PyTorch's `F.log_softmax`.
///
/// # Errors
///
/// For integers, and for an axis that isn't there.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = F::log_softmax(&tensor!([1000.0, 0.0]), 0)?;
/// assert_eq!(y.to_vec1::<f32>()?, [0.0, -1000.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn log_softmax(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    along("F::log_softmax", x, &dim, Kind::LogSoftmax, false)
}

/// [`softmax`] of `-x`: the smallest element gets the largest share.
///
/// ```text
/// softmin(x)_i = exp(-x_i) / sum_j exp(-x_j)
/// ```
///
/// Shapes and special rows are those of [`softmax`]. Source: PyTorch's `F.softmin`.
///
/// # Errors
///
/// For integers, and for an axis that isn't there.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = F::softmin(&tensor!([0.0, 1000.0]), 0)?;
/// assert_eq!(y.to_vec1::<f32>()?, [1.0, 0.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn softmin(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    along("F::softmin", x, &dim, Kind::Softmax, true)
}

/// Draws from each row along `dim` in a way that has a gradient: a class with probability
/// [`softmax`], softened by the temperature `tau` (PyTorch's default: 1), or one-hot if `is_hard`.
///
/// ```text
/// gumbel_softmax(x) = softmax((x + G) / tau),  G = -ln(E),  E exponentially distributed
/// ```
///
/// With `is_hard` the value is one-hot and the gradient still that of the soft one. PyTorch's
/// parameter `eps` does nothing there and isn't here. After the same
/// [`torch::manual_seed`](crate::torch::manual_seed) the draws are PyTorch's. Source: PyTorch's
/// `F.gumbel_softmax`; Jang, Gu and Poole, 2016.
///
/// # Errors
///
/// For integers, and for an axis that isn't there.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = F::gumbel_softmax(&tensor!([0.0, 1000.0]), 1.0, true, -1)?;
/// assert_eq!(y.to_vec1::<f32>()?, [0.0, 1.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn gumbel_softmax(logits: &Tensor, tau: f64, is_hard: bool, dim: impl Axis) -> Result<Tensor> {
    const NAME: &str = "F::gumbel_softmax";
    let axis = axis::resolve(NAME, logits, &dim)?;
    if !logits.dtype().is_float() {
        return wrong_dtype(NAME, "an input", logits.dtype());
    }
    let noise = random::exponential(logits.shape())?.log()?.neg()?.to_dtype(logits.dtype())?;
    let soft = along(NAME, &((logits + noise)? / tau)?, &dim, Kind::Softmax, false)?;
    if !is_hard || logits.elem_count() == 0 {
        return Ok(soft);
    }
    let hard = one_hot(&soft.detach(), axis)?;
    // The value of `hard` with the gradient of `soft`.
    (&hard - soft.detach())? + soft
}

/// 1 at the first largest element of each row, else 0.
fn one_hot(x: &Tensor, axis: usize) -> Result<Tensor> {
    if x.rank() == 0 {
        return x.ones_like();
    }
    let index = x.argmax_keepdim(axis)?;
    x.zeros_like()?.scatter(&index, &index.ones_like()?.to_dtype(x.dtype())?, axis)
}

/// The axis that PyTorch's softmax modules take if none is named.
pub(crate) fn implicit_axis(x: &Tensor) -> i64 {
    if matches!(x.rank(), 0 | 1 | 3) { 0 } else { 1 }
}

fn along(
    function: &'static str,
    x: &Tensor,
    dim: &dyn Axis,
    kind: Kind,
    is_negated: bool,
) -> Result<Tensor> {
    let dim = axis::resolve(function, x, dim)?;
    let dims = x.dims();
    // A number without axes is a row of one.
    let inner = dims.iter().skip(dim + 1).product();
    let size = dims.get(dim).copied().unwrap_or(1);
    let rows = SoftmaxRows { kind, is_negated, size, inner };
    op::apply(function, Softmax { rows, shape: x.shape().clone() }, [x])
}

struct Softmax {
    rows: SoftmaxRows,
    shape: Shape,
}

impl Op for Softmax {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        Ok((self.rows.forward(args[0]), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        Ok(vec![Some(self.rows.backward(call.result, call.grad))])
    }
}
