//! Products of matrices in slices, by the `gemm` crate that candle multiplies with.
//!
//! candle's own `matmul` makes a new tensor of each product; layers add to what is there already
//! (a bias, the other samples' share of a gradient), and multiply small matrices on many threads.
#![allow(unsafe_code)]

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

    /// Neighbouring rows.
    fn some_rows(self, start: usize, count: usize) -> Self {
        assert!(start + count <= self.rows, "a part lies within its matrix");
        Matrix { values: &self.values[start * self.row_step..], rows: count, ..self }
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
///
/// The sum is cut into strips, one for each thread, along its longer side; `gemm` by itself would wake rayon's threads for
/// each product, which takes longer than a small one. `gemm` adds along the inner axis in pieces whose size depends on
/// that axis alone, so that each number is the same however the sum is cut.
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
    let (rows, columns) = (a.rows, b.columns);
    let products = rows * columns * a.columns;
    let threads = match workers {
        Workers::All if products >= PARALLEL_FROM => threads::count(),
        _ => 1,
    };
    let (is_tall, longer) = (rows > columns, rows.max(columns));
    let strip = longer.div_ceil(threads).next_multiple_of(STRIP);
    let first = First::new(sum);
    if threads > 1 && strip < WIDE && products >= LARGE {
        // SAFETY: the sum is as large as the product, and nobody else can reach it.
        unsafe { add_strip(first.get(), columns, a, b, Parallelism::Rayon(threads)) };
        return;
    }
    threads::share(longer.div_ceil(strip), 1, &|index| {
        let start = index * strip;
        let count = strip.min(longer - start);
        // SAFETY: `share` takes each index once and below the count, so that a strip begins within the sum, overlaps no
        // other and ends where the sum does at the latest; nobody else can reach the sum.
        unsafe {
            if is_tall {
                let first = first.get().add(start * columns);
                add_strip(first, columns, a.some_rows(start, count), b, Parallelism::None);
            } else {
                let b = b.transposed().some_rows(start, count).transposed();
                add_strip(first.get().add(start), columns, a, b, Parallelism::None);
            }
        }
    });
}

/// From this many multiplications on, calling another thread pays.
const PARALLEL_FROM: usize = 1 << 19;

/// Strips have a multiple of this many rows or columns, as the registers of `gemm` hold them.
const STRIP: usize = 16;

/// A strip copies all of the other matrix to where `gemm` wants it. Of strips of fewer rows or columns that would be much of the
/// work; a large product is left whole to rayon's threads then, which share one copy.
const WIDE: usize = 64;

/// From this many multiplications on, waking rayon's threads takes little beside the product.
const LARGE: usize = 1 << 24;

/// Adds the product of `a` and `b` to a matrix whose rows begin `row_step` numbers apart.
///
/// # Safety
///
/// As many rows as `a` has, of as many numbers as `b` has columns, can be written from `first` on, and nobody else
/// reads or writes them meanwhile.
unsafe fn add_strip<T: WithDType>(
    first: *mut T,
    row_step: usize,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    parallelism: Parallelism,
) {
    // SAFETY: `Matrix::new` checked that (rows - 1) * row_step + (columns - 1) * column_step lies
    // in the slice, and transposing and taking some rows keep that true; the caller says the same of `first`. `T` is
    // what the slices hold, a number without padding.
    unsafe {
        gemm(
            a.rows,
            b.columns,
            a.columns,
            first,
            1,
            row_step as isize,
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
    fn strips_have_the_numbers_of_the_whole() {
        let numbers = |len: usize| (0..len).map(|i| (i * 7919 % 1009) as f32 / 504.0 - 1.0);
        // The last one is left to rayon's threads, however many there are.
        for (rows, inner, columns) in
            [(200, 1500, 33), (33, 1500, 200), (1, 70_000, 90), (90, 70_000, 1), (17, 70_000, 17)]
        {
            let a = numbers(rows * inner).collect::<Vec<_>>();
            let b = numbers(inner * columns).collect::<Vec<_>>();
            let (mut whole, mut strips) = (vec![0.5; rows * columns], vec![0.5; rows * columns]);
            for turned in [false, true] {
                let left = Matrix::new(&a, rows, inner);
                let right = if turned {
                    Matrix::new(&b, columns, inner).transposed()
                } else {
                    Matrix::new(&b, inner, columns)
                };
                add_product(&mut whole, left, right, Workers::One);
                add_product(&mut strips, left, right, Workers::All);
                assert!(whole == strips, "{rows} x {inner} x {columns}, turned: {turned}");
            }
        }
    }
}
