//! Triangles, diagonals, grids and combinations: elements chosen by where they stand.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType};

use super::join;
use crate::compute::beside::Beside;

use super::places::{NOWHERE, Places, pick};
use crate::compute::any::{any_storage, any_tensor};
use crate::compute::{loops, recording};
use crate::error::fail;
use crate::functional::transpose::contiguous;
use crate::tensor::list::Tensors;
use crate::tensor::promote::broadcast_to;
use crate::tensor::size;

/// The matrices with zeros above the diagonal `diagonal`; positive ones are above the main one.
///
/// ```text
/// y[.., i, j] = x[.., i, j] if j - i <= diagonal, else 0
/// ```
///
/// # Errors
///
/// For tensors of fewer than two axes. See PyTorch's `tril`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1, 2], [3, 4]]);
/// assert_eq!(torch::tril(&x, 0)?.to_vec2::<i64>()?, [[1, 0], [3, 4]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn tril(x: &Tensor, diagonal: i64) -> Result<Tensor> {
    triangle("torch::tril", x, diagonal, Kept::Below)
}

/// The matrices with zeros below the diagonal `diagonal`; positive ones are above the main one.
///
/// ```text
/// y[.., i, j] = x[.., i, j] if j - i >= diagonal, else 0
/// ```
///
/// # Errors
///
/// For tensors of fewer than two axes. See PyTorch's `triu`.
///
/// ```
/// use akari::prelude::*;
/// let mask = torch::triu(&torch::ones((2, 2))?, 1)?;
/// assert_eq!(mask.to_vec2::<f32>()?, [[0., 1.], [0., 0.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn triu(x: &Tensor, diagonal: i64) -> Result<Tensor> {
    triangle("torch::triu", x, diagonal, Kept::Above)
}

/// The side of a diagonal that a matrix keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Below,
    Above,
}

/// Matrices of which one side of a diagonal is 0.
struct Triangle {
    function: &'static str,
    rows: usize,
    columns: usize,
    diagonal: i64,
    kept: Kept,
}

fn triangle(function: &'static str, x: &Tensor, diagonal: i64, kept: Kept) -> Result<Tensor> {
    let [.., rows, columns] = *x.dims() else {
        return fail(function, "input tensor must have at least 2 dimensions");
    };
    let x = contiguous(&recording::argument(x))?;
    x.apply_op1(Triangle { function, rows, columns, diagonal, kept })
}

impl Triangle {
    fn of<T: WithDType>(&self, xs: &[T]) -> Vec<T> {
        let (columns, zero) = (self.columns.max(1), T::zero());
        let lines = loops::rows_of(columns);
        loops::appended(xs.len(), lines * columns, |start, room| {
            let xs = &xs[start..][..room.left()];
            for (line, xs) in (start / columns..).beside(xs.chunks_exact(columns)) {
                let row = (line % self.rows) as i64;
                let first_above = match self.kept {
                    Kept::Below => row.saturating_add(self.diagonal).saturating_add(1),
                    Kept::Above => row.saturating_add(self.diagonal),
                };
                let (below, above) = xs.split_at(first_above.clamp(0, columns as i64) as usize);
                match self.kept {
                    Kept::Below => {
                        room.copy(below);
                        room.fill(above.len(), zero);
                    }
                    Kept::Above => {
                        room.fill(below.len(), zero);
                        room.copy(above);
                    }
                }
            }
        })
    }
}

impl CustomOp1 for Triangle {
    fn name(&self) -> &'static str {
        self.function
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let kept = any_storage!(self.function, storage, layout, xs => {
            Ok(WithDType::to_cpu_storage_owned(self.of(xs)))
        });
        Ok((kept?, layout.shape().clone()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let grad = contiguous(grad)?;
        any_tensor!(self.function, &grad, grads => {
            Tensor::from_vec(self.of(grads), arg.shape(), grad.device()).map(Some)
        })
    }
}

/// The diagonal of a matrix, or a matrix with a vector as its diagonal and zeros elsewhere.
///
/// `diagonal` 0 is the main one; positive ones are above it.
///
/// # Errors
///
/// For tensors that are neither vectors nor matrices. See PyTorch's `diag`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::diag(&tensor!([1, 2]), 0)?.to_vec2::<i64>()?, [[1, 0], [0, 2]]);
/// assert_eq!(torch::diag(&tensor!([[1, 2], [3, 4]]), 1)?.to_vec1::<i64>()?, [2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn diag(x: &Tensor, diagonal: i64) -> Result<Tensor> {
    const NAME: &str = "torch::diag";
    let away = usize::try_from(diagonal.unsigned_abs()).unwrap_or(usize::MAX);
    let (below, right) = if diagonal < 0 { (away, 0) } else { (0, away) };
    match *x.dims() {
        [rows, columns] => {
            let count = rows.saturating_sub(below).min(columns.saturating_sub(right));
            let starts = (0..count).map(|at| (at + below) * columns + at + right).collect();
            pick(NAME, x, Places::distinct(starts), count)
        }
        [count] => {
            let side = count.saturating_add(away);
            let len = size::checked(NAME, &[side, side], x.dtype().size_in_bytes().max(8))?;
            let mut starts = vec![NOWHERE; len];
            for at in 0..count {
                starts[(at + below) * side + at + right] = at;
            }
            pick(NAME, x, Places::distinct(starts), (side, side))
        }
        _ => fail(NAME, format_args!("Supports 1D or 2D tensors. Got {}D", x.rank())),
    }
}

/// Which axis of a grid the first of its vectors runs along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexing {
    /// The first axis, as rows and columns of matrices are counted: `indexing="ij"`.
    Ij,
    /// The second axis, as x and y of a picture are: `indexing="xy"`.
    Xy,
}

/// The coordinates of all points of a grid: one tensor for each of some vectors.
///
/// # Shapes
///
/// Vectors of `n`, `m`, .. elements give tensors of shape `(n, m, ..)`, each of which varies along its own axis alone;
/// with [`Indexing::Xy`] `(m, n, ..)`.
///
/// # Errors
///
/// If there are no tensors, their dtypes differ or one is no vector. See PyTorch's `meshgrid`.
///
/// ```
/// use akari::prelude::*;
/// let (x, y) = (tensor!([1, 2]), tensor!([3, 4]));
/// let grid = torch::meshgrid(&[&x, &y], torch::Indexing::Ij)?;
/// assert_eq!(grid[0].to_vec2::<i64>()?, [[1, 1], [2, 2]]);
/// assert_eq!(grid[1].to_vec2::<i64>()?, [[3, 4], [3, 4]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn meshgrid(tensors: impl Tensors, indexing: Indexing) -> Result<Vec<Tensor>> {
    grid("torch::meshgrid", &tensors.list(), indexing)
}

fn grid(function: &str, tensors: &[&Tensor], indexing: Indexing) -> Result<Vec<Tensor>> {
    let Some(first) = tensors.first() else {
        return fail(function, "meshgrid expects a non-empty TensorList");
    };
    if let Some(other) = tensors.iter().find(|tensor| tensor.rank() > 1) {
        return fail(
            function,
            format_args!(
                "Expected 0D or 1D tensor in the tensor list but got one of shape {:?}",
                other.dims()
            ),
        );
    }
    if tensors.iter().any(|tensor| tensor.dtype() != first.dtype()) {
        return fail(function, "meshgrid expects all tensors to have the same dtype");
    }
    let mut sizes = tensors.iter().map(|tensor| tensor.elem_count()).collect::<Vec<_>>();
    let swaps = indexing == Indexing::Xy && tensors.len() > 1;
    if swaps {
        sizes.swap(0, 1);
    }
    size::checked(function, &sizes, first.dtype().size_in_bytes())?;
    let along = |(at, tensor): (usize, &&Tensor)| {
        let axis = if swaps && at < 2 { 1 - at } else { at };
        let mut dims = vec![1; sizes.len()];
        dims[axis] = sizes[axis];
        let line = recording::argument(tensor).reshape(dims)?;
        broadcast_to(&line, &sizes.as_slice().into())
    };
    tensors.iter().enumerate().map(along).collect()
}

/// All ways to take one element of each vector, a row each: the first varies slowest.
///
/// # Shapes
///
/// Vectors of `n`, `m`, .. elements give `(n m .., count)`; one vector alone is given back.
///
/// # Errors
///
/// As [`meshgrid`]. See PyTorch's `cartesian_prod`.
///
/// ```
/// use akari::prelude::*;
/// let pairs = torch::cartesian_prod(&[tensor!([1, 2]), tensor!([3, 4])])?;
/// assert_eq!(pairs.to_vec2::<i64>()?, [[1, 3], [1, 4], [2, 3], [2, 4]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cartesian_prod(tensors: impl Tensors) -> Result<Tensor> {
    let axes = grid("torch::cartesian_prod", &tensors.list(), Indexing::Ij)?;
    let lines = axes.iter().map(Tensor::flatten_all).collect::<Result<Vec<_>>>()?;
    if lines.len() == 1 { Ok(lines[0].clone()) } else { join::stack(lines, 1) }
}

/// All ways to take `r` elements of a vector, a row each, in the vector's order.
///
/// With `with_replacement` an element may be taken more than once.
///
/// # Errors
///
/// If `x` is no vector. See PyTorch's `combinations`.
///
/// ```
/// use akari::prelude::*;
/// let pairs = torch::combinations(&tensor!([1, 2, 3]), 2, false)?;
/// assert_eq!(pairs.to_vec2::<i64>()?, [[1, 2], [1, 3], [2, 3]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn combinations(x: &Tensor, r: usize, with_replacement: bool) -> Result<Tensor> {
    const NAME: &str = "torch::combinations";
    let [count] = *x.dims() else {
        return fail(NAME, format_args!("Expect a 1D vector, but got shape {:?}", x.dims()));
    };
    if r == 0 {
        return Tensor::zeros(0, x.dtype(), x.device());
    }
    let mut rows: Vec<Vec<usize>> = (0..count).map(|at| vec![at]).collect();
    for _ in 1..r {
        let longer = |row: &Vec<usize>| {
            let last = row[row.len() - 1];
            let from = if with_replacement { last } else { last + 1 };
            let row = row.clone();
            (from..count).map(move |at| [&row[..], &[at]].concat())
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    let count = rows.len();
    pick(NAME, x, Places::any(rows.concat()), (count, r))
}
