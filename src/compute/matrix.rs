//! Products of matrices in slices, by the `gemm` crate that candle multiplies with.
//!
//! candle's own `matmul` makes a new tensor of each product; layers add to what is there already
//! (a bias, the other samples' share of a gradient), and multiply small matrices on many threads.
#![allow(unsafe_code)]

use candle_core::WithDType;
use gemm::{Parallelism, gemm};

/// A matrix in a slice, with the steps from row to row and from column to column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    values: &'a [T],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// The matrix whose rows lie one after the other in `values`.
    pub(crate) fn new(values: &'a [T], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix is as large as its slice");
        Matrix { values, rows, columns, row_step: columns, column_step: 1 }
    }

    /// The matrix with its rows as columns.
    pub(crate) fn transposed(self) -> Self {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
            ..self
        }
    }
}

/// The threads that work on one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workers {
    /// The calling thread; others work on other products.
    One,
    /// All threads.
    All,
}

/// Adds the product of `a` and `b` to `sum`, row after row; `f32` and `f64` only.
pub(crate) fn add_product<T: WithDType>(
    sum: &mut [T],
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    workers: Workers,
) {
    assert_eq!(a.columns, b.rows, "rows of one matrix are as long as columns of the other");
    assert_eq!(sum.len(), a.rows * b.columns, "the sum is as large as the product");
    if sum.is_empty() || a.columns == 0 {
        return;
    }
    let threads = rayon::current_num_threads();
    let parallelism = match workers {
        Workers::All if threads > 1 => Parallelism::Rayon(threads),
        _ => Parallelism::None,
    };
    // SAFETY: `Matrix::new` checked that (rows - 1) * row_step + (columns - 1) * column_step lies
    // in the slice, transposing keeps that true, and the two asserts above say the same of `sum`,
    // which nobody else can reach. `T` is what the slices hold, a number without padding.
    unsafe {
        gemm(
            a.rows,
            b.columns,
            a.columns,
            sum.as_mut_ptr(),
            1,
            b.columns as isize,
            true,
            a.values.as_ptr(),
            a.column_step as isize,
            a.row_step as isize,
            b.values.as_ptr(),
            b.column_step as isize,
            b.row_step as isize,
            T::one(),
            T::one(),
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_added_to_what_is_there() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 2.0, 1.0, 0.0, 3.0]);
        let mut sum = [10.0; 4];
        let (left, right) = (Matrix::new(&a, 2, 3), Matrix::new(&b, 2, 3).transposed());
        add_product(&mut sum, left, right, Workers::All);
        assert_eq!(sum, [17.0, 20.0, 26.0, 32.0]);
        let mut sum = [0.0; 9];
        add_product(&mut sum, left.transposed(), Matrix::new(&b, 2, 3), Workers::One);
        assert_eq!(sum, [5.0, 0.0, 14.0, 7.0, 0.0, 19.0, 9.0, 0.0, 24.0]);
    }
}
