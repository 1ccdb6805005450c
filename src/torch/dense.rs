//! Small matrices in `f64`, row after row: what `linalg` and the decompositions compute with.

use candle_core::{Result, Tensor};

use crate::compute::beside::Beside;
use crate::compute::number::Number;
use crate::error::{fail_shape, need_float};

pub(super) fn wide<T: Number>(values: &[T]) -> Vec<f64> {
    values.iter().map(|x| x.wide()).collect()
}

pub(super) fn narrow<T: Number>(values: Vec<f64>) -> impl Iterator<Item = T> {
    values.into_iter().map(T::of)
}

pub(super) fn identity(size: usize) -> Vec<f64> {
    let mut values = vec![0.0; size * size];
    values.iter_mut().step_by(size + 1).for_each(|value| *value = 1.0);
    values
}

pub(super) fn transposed(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..rows * columns).map(|at| values[at % rows * columns + at / rows]).collect()
}

/// The product of `a` (rows x inner) and `b` (inner x columns).
pub(super) fn product(a: &[f64], b: &[f64], inner: usize, columns: usize) -> Vec<f64> {
    let mut sums = vec![0.0; a.len() / inner.max(1) * columns];
    for (sums, row) in sums.chunks_mut(columns.max(1)).beside(a.chunks(inner.max(1))) {
        for (factor, line) in row.iter().beside(b.chunks(columns.max(1))) {
            sums.iter_mut().beside(line).for_each(|(sum, x)| *sum += factor * x);
        }
    }
    sums
}

/// The size of matrices, and the smaller of both numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) k: usize,
}

impl Size {
    pub(super) fn of(function: &str, a: &Tensor) -> Result<Size> {
        need_float(function, "an input", a)?;
        match *a.dims() {
            [.., m, n] => Ok(Size { m, n, k: m.min(n) }),
            _ => fail_shape(
                function,
                format_args!(
                    "The input tensor A must have at least 2 dimensions, not {}",
                    a.rank()
                ),
            ),
        }
    }
}

/// A way to take a matrix apart.
pub(super) trait Decomposition: Send + Sync + 'static {
    /// All factors, one after the other.
    fn factors(&self, matrix: Vec<f64>) -> Vec<f64>;

    /// The gradient of the matrix, from the factors and their gradients.
    fn gradient(&self, factors: &[f64], grads: &[f64]) -> Vec<f64>;
}
