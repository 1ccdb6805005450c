//! Whether any or all elements are true, and how many: nothing but 0 is false, as in PyTorch.
//!
//! Truth values are `u8`, 0 or 1, since candle has no others.

use candle_core::{Result, Tensor, WithDType};

use super::rows::{Reduced, Rows};
use crate::compute::any::any_tensor;
use crate::tensor::axis::Axes;

/// Whether any element isn't 0: 1 or 0, `u8`.
///
/// # Errors
///
/// If memory runs out. See PyTorch's `any`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::any(&tensor!([0, 2]))?.to_scalar::<u8>()?, 1);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn any(x: &Tensor) -> Result<Tensor> {
    of_rows("torch::any", x, &(), Reduced::Gone, Question::Any)
}

/// Whether any element along axes isn't 0; the axes go away. 0 where there are none.
///
/// # Errors
///
/// If an axis isn't there or is named twice. See PyTorch's `any(dim=..)`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::any_dim(&tensor!([[0, 2], [0, 0]]), 1)?.to_vec1::<u8>()?, [1, 0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn any_dim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    of_rows("torch::any_dim", x, &dim, Reduced::Gone, Question::Any)
}

/// [`any_dim`] that leaves each of the axes with one element.
///
/// # Errors
///
/// As [`any_dim`].
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::any_keepdim(&tensor!([[0, 2]]), 1)?.to_vec2::<u8>()?, [[1]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn any_keepdim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    of_rows("torch::any_keepdim", x, &dim, Reduced::Kept, Question::Any)
}

/// Whether no element is 0: 1 or 0, `u8`.
///
/// # Errors
///
/// If memory runs out. See PyTorch's `all`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::all(&tensor!([0, 2]))?.to_scalar::<u8>()?, 0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn all(x: &Tensor) -> Result<Tensor> {
    of_rows("torch::all", x, &(), Reduced::Gone, Question::All)
}

/// Whether no element along axes is 0; the axes go away. 1 where there are none.
///
/// # Errors
///
/// If an axis isn't there or is named twice. See PyTorch's `all(dim=..)`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::all_dim(&tensor!([[0, 2], [1, 1]]), 1)?.to_vec1::<u8>()?, [0, 1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn all_dim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    of_rows("torch::all_dim", x, &dim, Reduced::Gone, Question::All)
}

/// [`all_dim`] that leaves each of the axes with one element.
///
/// # Errors
///
/// As [`all_dim`].
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::all_keepdim(&tensor!([[1, 2]]), 1)?.to_vec2::<u8>()?, [[1]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn all_keepdim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    of_rows("torch::all_keepdim", x, &dim, Reduced::Kept, Question::All)
}

/// How many elements aren't 0 along axes, which go away; `()` stands for all axes. `i64`.
///
/// # Errors
///
/// If an axis isn't there or is named twice. See PyTorch's `count_nonzero`.
///
/// ```
/// use akari::prelude::*;
/// let is_right = tensor!([1, 2, 3]).eq(&tensor!([1, 2, 2]))?;
/// assert_eq!(torch::count_nonzero(&is_right, ())?.to_scalar::<i64>()?, 2);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn count_nonzero(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    of_rows("torch::count_nonzero", x, &dim, Reduced::Gone, Question::HowMany)
}

/// What is asked of a row.
#[derive(Debug, Clone, Copy)]
enum Question {
    Any,
    All,
    HowMany,
}

fn of_rows(
    function: &'static str,
    x: &Tensor,
    dims: &dyn Axes,
    reduced: Reduced,
    question: Question,
) -> Result<Tensor> {
    let rows = Rows::of(function, &x.detach(), dims, reduced)?;
    any_tensor!(function, &rows.tensor, xs => match question {
        Question::Any => answers(&rows, rows.map(xs, |row| u8::from(row.iter().any(is_true)))),
        Question::All => answers(&rows, rows.map(xs, |row| u8::from(row.iter().all(is_true)))),
        Question::HowMany => answers(&rows, rows.map(xs, how_many)),
    })
}

fn is_true<T: WithDType>(value: &T) -> bool {
    *value != T::zero()
}

fn how_many<T: WithDType>(row: &[T]) -> i64 {
    row.iter().map(|value| i64::from(is_true(value))).sum()
}

fn answers<T: WithDType>(rows: &Rows, values: Vec<T>) -> Result<Tensor> {
    Tensor::from_vec(values, &rows.shape, rows.tensor.device())
}
