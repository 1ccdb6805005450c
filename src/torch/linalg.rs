//! `torch::linalg`: determinants, inverses and systems of equations, of small matrices.
//!
//! The decompositions are in `decompose.rs`. All are computed in `f64` by Gauss's elimination with row exchanges, matrix after matrix, and rounded once.

use candle_core::{Result, Shape, Tensor};

use super::dense::{identity, narrow, product, transposed, wide};
use crate::compute::beside::Beside;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::error::{fail, wrong_dtype};

pub use super::decompose::{eigh, eigvalsh, qr, svd, svdvals};
pub use super::products::cross;
pub use super::reduce::norm;

/// The inverses of square matrices.
///
/// ```text
/// inv(A) · A = 1        slope of inv: -A⁻ᵀ · G · A⁻ᵀ
/// ```
///
/// # Shapes
///
/// `(.., n, n)` gives the same.
///
/// # Errors
///
/// If they aren't square, or one has no inverse. See PyTorch's `linalg.inv`.
///
/// ```
/// use akari::prelude::*;
/// let y = torch::linalg::inv(&tensor!([[2., 0.], [0., 4.]]))?;
/// assert_eq!(y.to_vec2::<f32>()?, [[0.5, 0.0], [0.0, 0.25]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn inv(a: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::linalg::inv";
    let size = square(NAME, a)?;
    op::apply(NAME, Inverse { size, shape: a.shape().clone() }, [a])
}

/// The determinants of square matrices.
///
/// ```text
/// slope of det: det(A) · A⁻ᵀ
/// ```
///
/// # Shapes
///
/// `(.., n, n)` gives `(..)`.
///
/// # Errors
///
/// If they aren't square. See PyTorch's `linalg.det`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::linalg::det(&tensor!([[1., 2.], [3., 4.]]))?.to_scalar::<f32>()?, -2.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn det(a: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::linalg::det";
    let size = square(NAME, a)?;
    let shape = Shape::from(&a.dims()[..a.rank() - 2]);
    op::apply(NAME, Determinant { size, shape }, [a])
}

/// What a matrix takes to `b`: the solution of `A · x = b`.
///
/// # Shapes
///
/// `(.., n, n)` and `(.., n, k)` give `(.., n, k)`; a matrix and a vector `(n)` a vector.
///
/// # Errors
///
/// If the shapes or dtypes don't fit, or a matrix has no inverse. See PyTorch's `linalg.solve`.
///
/// ```
/// use akari::prelude::*;
/// let x = torch::linalg::solve(&tensor!([[2., 0.], [0., 4.]]), &tensor!([1., 1.]))?;
/// assert_eq!(x.to_vec1::<f32>()?, [0.5, 0.25]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn solve(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::linalg::solve";
    let size = square(NAME, a)?;
    let is_vector = b.rank() + 1 == a.rank() && b.dims() == &a.dims()[..a.rank() - 1];
    let columns = match *b.dims() {
        _ if is_vector => 1,
        [.., _, columns] => columns,
        _ => 1,
    };
    let rows = if is_vector { size } else { b.dims().iter().rev().nth(1).copied().unwrap_or(size) };
    let front = |x: &Tensor, count: usize| x.dims()[..x.rank().saturating_sub(count)].to_vec();
    let fits = rows == size && (is_vector || front(b, 2) == front(a, 2) && b.rank() == a.rank());
    if !fits {
        let (rows, columns) = if b.rank() == 1 { (b.elem_count(), 1) } else { (rows, columns) };
        return fail(
            NAME,
            format_args!(
                "Incompatible shapes of A and B for the equation AX = B ({size}x{size} and {rows}x{columns})"
            ),
        );
    }
    op::apply(NAME, Solution { size, columns, shape: b.shape().clone() }, [a, b])
}

/// The size of square matrices.
fn square(function: &str, a: &Tensor) -> Result<usize> {
    let [.., rows, columns] = *a.dims() else {
        return fail(
            function,
            format_args!("The input tensor A must have at least 2 dimensions, not {}", a.rank()),
        );
    };
    if rows != columns {
        return fail(
            function,
            format_args!(
                "A must be batches of square matrices, but they are {rows} by {columns} matrices"
            ),
        );
    }
    if !a.dtype().is_float() {
        return wrong_dtype(function, "an input", a.dtype());
    }
    Ok(rows)
}

/// A matrix as a product of a lower and an upper triangle, with its rows in another order.
struct Triangles {
    size: usize,
    /// Both triangles in one matrix; the lower one has ones on its diagonal.
    values: Vec<f64>,
    /// Which row of the matrix each row is.
    rows: Vec<usize>,
    /// The sign of the order.
    sign: f64,
    /// The first row whose diagonal element is 0.
    zero: Option<usize>,
}

impl Triangles {
    fn of<T: Number>(matrix: &[T], size: usize) -> Triangles {
        let mut values = matrix.iter().map(|x| x.wide()).collect::<Vec<_>>();
        let mut rows = (0..size).collect::<Vec<_>>();
        let (mut sign, mut zero) = (1.0, None);
        for step in 0..size {
            let larger = |best: usize, row: usize| {
                let value = |row: usize| values[row * size + step].abs();
                if value(row) > value(best) { row } else { best }
            };
            let pivot = (step..size).reduce(larger).unwrap_or(step);
            if pivot != step {
                rows.swap(pivot, step);
                sign = -sign;
                (0..size)
                    .for_each(|column| values.swap(pivot * size + column, step * size + column));
            }
            let diagonal = values[step * size + step];
            if diagonal == 0.0 {
                zero = zero.or(Some(step));
                continue;
            }
            for row in step + 1..size {
                let factor = values[row * size + step] / diagonal;
                values[row * size + step] = factor;
                for column in step + 1..size {
                    values[row * size + column] -= factor * values[step * size + column];
                }
            }
        }
        Triangles { size, values, rows, sign, zero }
    }

    fn determinant(&self) -> f64 {
        (0..self.size).fold(self.sign, |all, at| all * self.values[at * self.size + at])
    }

    /// The solution for the columns of `b`, which are `columns` in each row.
    fn solve(&self, b: &[f64], columns: usize) -> Vec<f64> {
        let size = self.size;
        let mut x = self
            .rows
            .iter()
            .flat_map(|row| b[row * columns..][..columns].iter().copied())
            .collect::<Vec<_>>();
        for row in 0..size {
            for before in 0..row {
                let factor = self.values[row * size + before];
                (0..columns)
                    .for_each(|at| x[row * columns + at] -= factor * x[before * columns + at]);
            }
        }
        for row in (0..size).rev() {
            for after in row + 1..size {
                let factor = self.values[row * size + after];
                (0..columns)
                    .for_each(|at| x[row * columns + at] -= factor * x[after * columns + at]);
            }
            let diagonal = self.values[row * size + row];
            (0..columns).for_each(|at| x[row * columns + at] /= diagonal);
        }
        x
    }

    fn inverse(&self) -> Vec<f64> {
        self.solve(&identity(self.size), self.size)
    }
}

struct Inverse {
    size: usize,
    shape: Shape,
}

impl Op for Inverse {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let mut inverses = Vec::with_capacity(args[0].len());
        for (index, matrix) in args[0].chunks((self.size * self.size).max(1)).enumerate() {
            let triangles = Triangles::of(matrix, self.size);
            if let Some(zero) = triangles.zero {
                let of = if self.shape.rank() > 2 {
                    format!("(Batch element {index}): ")
                } else {
                    String::new()
                };
                return fail(
                    "torch::linalg::inv",
                    format_args!(
                        "{of}The diagonal element {} is zero, the inversion could not be completed because the input matrix is singular.",
                        zero + 1
                    ),
                );
            }
            inverses.extend(narrow::<T>(triangles.inverse()));
        }
        Ok((inverses, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let size = self.size;
        let block = (size * size).max(1);
        let mut grads = Vec::with_capacity(call.grad.len());
        for (inverse, grad) in call.result.chunks(block).beside(call.grad.chunks(block)) {
            let turned = transposed(&wide(inverse), size, size);
            let slope = product(&product(&turned, &wide(grad), size, size), &turned, size, size);
            grads.extend(slope.into_iter().map(|x| T::of(-x)));
        }
        Ok(vec![Some(grads)])
    }
}

struct Determinant {
    size: usize,
    shape: Shape,
}

impl Determinant {
    /// The transposed inverse times the determinant, also where there is no inverse.
    fn cofactors<T: Number>(&self, matrix: &[T], triangles: &Triangles) -> Vec<f64> {
        let size = self.size;
        if triangles.zero.is_none() {
            let determinant = triangles.determinant();
            let slope = transposed(&triangles.inverse(), size, size);
            return slope.into_iter().map(|x| x * determinant).collect();
        }
        let cofactor = |at: usize| {
            let (row, column) = (at / size, at % size);
            let is_left = |(at, _): &(usize, &T)| at / size != row && at % size != column;
            let minor =
                matrix.iter().enumerate().filter(is_left).map(|(_, x)| *x).collect::<Vec<_>>();
            let sign = if (row + column).is_multiple_of(2) { 1.0 } else { -1.0 };
            sign * Triangles::of(&minor, size - 1).determinant()
        };
        (0..size * size).map(cofactor).collect()
    }
}

impl Op for Determinant {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let block = self.size * self.size;
        let of = |index: usize| {
            T::of(Triangles::of(&args[0][index * block..][..block], self.size).determinant())
        };
        Ok(((0..self.shape.elem_count()).map(of).collect(), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let mut grads = Vec::with_capacity(call.args[0].len());
        let matrices = call.args[0].chunks((self.size * self.size).max(1));
        for (matrix, grad) in matrices.beside(call.grad) {
            let cofactors = self.cofactors(matrix, &Triangles::of(matrix, self.size));
            grads.extend(cofactors.into_iter().map(|x| T::of(x * grad.wide())));
        }
        Ok(vec![Some(grads)])
    }
}

struct Solution {
    size: usize,
    columns: usize,
    shape: Shape,
}

impl Op for Solution {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let Solution { size, columns, .. } = *self;
        let mut solutions = Vec::with_capacity(args[1].len());
        let matrices = args[0].chunks((size * size).max(1));
        for (matrix, b) in matrices.beside(args[1].chunks((size * columns).max(1))) {
            let triangles = Triangles::of(matrix, size);
            if triangles.zero.is_some() {
                return fail(
                    "torch::linalg::solve",
                    "The solver failed because the input matrix is singular.",
                );
            }
            solutions.extend(narrow::<T>(triangles.solve(&wide(b), columns)));
        }
        Ok((solutions, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let Solution { size, columns, .. } = *self;
        let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
        let block = (size * columns).max(1);
        let matrices = call.args[0].chunks((size * size).max(1));
        let pairs = call.result.chunks(block).beside(call.grad.chunks(block));
        for (matrix, (x, grad)) in matrices.beside(pairs) {
            let turned = transposed(&wide(matrix), size, size);
            // The gradient of b solves the transposed system, and that of A is its product with the solution.
            let of_right = Triangles::of(&turned, size).solve(&wide(grad), columns);
            let x = transposed(&wide(x), size, columns);
            let of_left = product(&of_right, &x, columns, size);
            of_a.extend(of_left.into_iter().map(|x| T::of(-x)));
            of_b.extend(narrow::<T>(of_right));
        }
        Ok(vec![Some(of_a), Some(of_b)])
    }
}
