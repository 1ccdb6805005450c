//! Products of matrices in slices, by the `gemm` crate that candle multiplies with.
//!
//! candle's own `matmul` makes a new tensor of each product; layers add to what is there already
//! (a bias, the other samples' share of a gradient), and multiply small matrices on many threads.
#![allow(unsafe_code)]

use std::ops::Range;

use candle_core::WithDType;
use gemm::{Parallelism, gemm};

use super::threads::{self, First};

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

    /// Some of the matrix's columns.
    fn some_columns(self, range: Range<usize>) -> Self {
        assert!(range.start < range.end && range.end <= self.columns, "these columns are there");
        let values = &self.values[range.start * self.column_step..];
        Matrix { values, columns: range.len(), ..self }
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
    let (threads, step) = (rayon::current_num_threads(), b.columns);
    let first = First(sum.as_mut_ptr());
    if workers == Workers::One || threads == 1 {
        // SAFETY: the asserts above say that the product fits, and nobody else can reach `sum`.
        return unsafe { add_part(&first, step, a, b, Parallelism::None) };
    }
    let work = a.rows * a.columns * b.columns;
    if work > SMALL {
        // SAFETY: as above.
        return unsafe { add_part(&first, step, a, b, Parallelism::Rayon(threads)) };
    }
    let of_columns = b.columns >= a.rows;
    let len = if of_columns { b.columns } else { a.rows };
    let part = (PART * len).div_ceil(work).next_multiple_of(LANES);
    threads::share(len.div_ceil(part), 1, &|index| {
        let range = index * part..len.min((index + 1) * part);
        let (offset, a, b) = match of_columns {
            true => (range.start, a, b.some_columns(range)),
            false => (range.start * step, a.transposed().some_columns(range).transposed(), b),
        };
        // SAFETY: the part's rows and columns are some of those that fit, and each index has others.
        unsafe { add_part(&First(first.get().add(offset)), step, a, b, Parallelism::None) };
    });
}

/// Products of fewer multiplications are shared between threads in parts of their own: rayon's threads come late to them.
const SMALL: usize = 1 << 25;

/// How many multiplications a part has at least, and of how many columns or rows it has a multiple.
const PART: usize = 1 << 20;
const LANES: usize = 32;

/// Adds a product to a matrix whose rows are `step` apart.
///
/// # Safety
///
/// The matrix has the product's rows and columns from `first` on, and nobody else reads or writes these.
unsafe fn add_part<T: WithDType>(
    first: &First<T>,
    step: usize,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    parallelism: Parallelism,
) {
    // SAFETY: `Matrix::new` checked that (rows - 1) * row_step + (columns - 1) * column_step lies in the slice, and
    // transposing and taking some columns keep that true. The caller says the same of the sum. `T` is what the slices hold, a
    // number without padding.
    unsafe {
        gemm(
            a.rows,
            b.columns,
            a.columns,
            first.get(),
            1,
            step as isize,
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

    #[test]
    fn products_in_parts_are_those_of_rows_and_columns() {
        // In parts of columns, in parts of rows, and of matrices that lie the other way round.
        for (rows, inner, columns) in
            [(3, 500, 1300), (1300, 500, 3), (70, 300, 90), (129, 257, 131)]
        {
            let number = |index: usize| (index * 7919 % 13) as f64 - 6.0;
            let a = (0..rows * inner).map(number).collect::<Vec<_>>();
            let b = (0..inner * columns).map(number).collect::<Vec<_>>();
            let mut expected = vec![1.0; rows * columns];
            for (row, expected) in expected.chunks_mut(columns).enumerate() {
                for (k, b) in b.chunks(columns).enumerate() {
                    expected.iter_mut().zip(b).for_each(|(sum, b)| *sum += a[row * inner + k] * b);
                }
            }
            let (a, b) = (Matrix::new(&a, rows, inner), Matrix::new(&b, inner, columns));
            let mut sum = vec![1.0; rows * columns];
            add_product(&mut sum, a, b, Workers::All);
            assert!(sum == expected, "{rows} {inner} {columns}");
            let mut turned = vec![1.0; rows * columns];
            add_product(&mut turned, b.transposed(), a.transposed(), Workers::All);
            let at = |index: usize| turned[index % columns * rows + index / columns];
            assert!((0..sum.len()).all(|index| at(index) == sum[index]));
        }
    }
}
