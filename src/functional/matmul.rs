//! `torch::matmul`: products of vectors, matrices and batches of matrices, which broadcast.
//!
//! The products are those of `matrix.rs`. candle's `matmul` multiplies a batch on one thread after the other and takes no
//! vectors, no integers and no batches that broadcast.

use candle_core::{D, Result, Shape, Tensor, WithDType};

use crate::compute::beside::Beside;
use crate::compute::loops;
use crate::compute::matrix::{Matrix, Workers, add_product};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::threads;
use crate::error::{fail_dtype, fail_shape};
use crate::tensor::parts;
use crate::tensor::promote::broadcast_shape;

const NAME: &str = "torch::matmul";

/// The product of two vectors, matrices or batches of matrices.
///
/// ```text
/// y[i, j] = sum over k of a[i, k] · b[k, j]
/// ```
///
/// # Shapes
///
/// `(k)` and `(k)` give a number, `(n, k)` and `(k)` a vector `(n)`, `(k)` and `(k, m)` a vector `(m)`,
/// `(.., n, k)` and `(.., k, m)` matrices `(.., n, m)`, whose front axes broadcast.
///
/// # Errors
///
/// If these shapes don't fit, if the dtypes differ, and for tensors without axes.
///
/// Differs from candle's `matmul`, which takes matrices alone and no integers, and broadcasts nothing.
/// See PyTorch's `matmul`.
///
/// ```
/// use akari::prelude::*;
/// let (a, b) = (tensor!([[1., 2.], [3., 4.]]), tensor!([[0., 1.], [1., 0.]]));
/// assert_eq!(torch::matmul(&a, &b)?.to_vec2::<f32>()?, [[2., 1.], [4., 3.]]);
/// assert_eq!(torch::matmul(&a, &tensor!([1., 1.]))?.to_vec1::<f32>()?, [3., 7.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if a.rank() == 0 || b.rank() == 0 {
        return fail_shape(
            NAME,
            format_args!(
                "both arguments to matmul need to be at least 1D, but they are {}D and {}D",
                a.rank(),
                b.rank()
            ),
        );
    }
    if a.dtype() != b.dtype() {
        return fail_dtype(
            NAME,
            format_args!(
                "expected m1 and m2 to have the same dtype, but got: {:?} != {:?} (convert one with .to_dtype(..)?)",
                a.dtype(),
                b.dtype()
            ),
        );
    }
    let left = if a.rank() == 1 { a.unsqueeze(0)? } else { a.clone() };
    let right = if b.rank() == 1 { b.unsqueeze(1)? } else { b.clone() };
    let product = matrices(&left, &right)?;
    let product = if b.rank() == 1 { product.squeeze(D::Minus1)? } else { product };
    // The axis of rows is the last one by now, unless the columns are still there.
    match (a.rank(), b.rank()) {
        (1, 1) => product.squeeze(D::Minus1),
        (1, _) => product.squeeze(D::Minus2),
        _ => Ok(product),
    }
}

/// The product of two tensors of matrices.
fn matrices(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let ([front_a @ .., n, k], [front_b @ .., inner, m]) = (a.dims(), b.dims()) else {
        return fail_shape(NAME, "needs matrices");
    };
    if k != inner {
        let rows = front_a.iter().product::<usize>() * n;
        return match front_b {
            [] => fail_shape(
                NAME,
                format_args!(
                    "mat1 and mat2 shapes cannot be multiplied ({rows}x{k} and {inner}x{m})"
                ),
            ),
            _ => fail_shape(
                NAME,
                format_args!(
                    "mat1 and mat2 shapes cannot be multiplied: the matrices of {:?} have {k} columns, and those of {:?} have {inner} rows",
                    a.dims(),
                    b.dims()
                ),
            ),
        };
    }
    let front = broadcast_shape(NAME, front_a, front_b)?.into_dims();
    let shape = Shape::from([front.as_slice(), &[*n, *m]].concat());
    let mut product = Product {
        rows: *n,
        inner: *k,
        columns: *m,
        left: Operand { count: front_a.iter().product(), is_transposed: false },
        right: Operand { count: front_b.iter().product(), is_transposed: false },
        pairs: pairs(&front, front_a, front_b),
        shape,
    };
    if a.dtype().is_int() {
        return product.of_integers(a, b);
    }
    let (mut left, mut right) = (a.clone(), b.clone());
    (left, product.left.is_transposed) = oriented(&left)?;
    (right, product.right.is_transposed) = oriented(&right)?;
    if product.right.count == 1 && !product.left.is_transposed {
        // One matrix on the right: all rows on the left are those of one product.
        product.rows *= product.left.count;
        product.left.count = 1;
        product.pairs.truncate(1);
    }
    op::apply(NAME, product, [&left, &right])
}

/// The matrices as they lie in memory, and whether that is with their rows as columns.
fn oriented(tensor: &Tensor) -> Result<(Tensor, bool)> {
    if !tensor.is_contiguous() {
        let transposed = tensor.transpose(D::Minus2, D::Minus1)?;
        if transposed.is_contiguous() {
            return Ok((transposed, true));
        }
    }
    Ok((tensor.clone(), false))
}

/// For each product, which matrix of either side it takes.
fn pairs(front: &[usize], a: &[usize], b: &[usize]) -> Vec<(usize, usize)> {
    let mut pairs = vec![(0, 0)];
    for (axis, size) in front.iter().enumerate() {
        let step = |dims: &[usize], index: usize, at: usize| {
            let Some(axis) = (axis + dims.len()).checked_sub(front.len()) else { return index };
            index * dims[axis] + if dims[axis] == 1 { 0 } else { at }
        };
        let next = |(left, right): &(usize, usize), at| (step(a, *left, at), step(b, *right, at));
        pairs = pairs.iter().flat_map(|pair| (0..*size).map(|at| next(pair, at))).collect();
    }
    pairs
}

/// The matrices on one side of the products.
#[derive(Debug, Clone, Copy)]
struct Operand {
    count: usize,
    /// Whether they lie in memory with their rows as columns.
    is_transposed: bool,
}

impl Operand {
    fn matrix<'a, T>(
        &self,
        values: &'a [T],
        index: usize,
        rows: usize,
        columns: usize,
    ) -> Matrix<'a, T> {
        let values = &values[index * rows * columns..][..rows * columns];
        if self.is_transposed {
            Matrix::new(values, columns, rows).transposed()
        } else {
            Matrix::new(values, rows, columns)
        }
    }
}

/// Products of `rows` x `inner` with `inner` x `columns`.
struct Product {
    rows: usize,
    inner: usize,
    columns: usize,
    left: Operand,
    right: Operand,
    pairs: Vec<(usize, usize)>,
    shape: Shape,
}

/// From this many results on, each thread takes whole ones; with fewer, all work on each.
const RESULTS_SIDE_BY_SIDE: usize = 4;

/// From this many multiplications on, a product keeps all threads busy by itself.
const LARGE: usize = 1 << 25;

/// With fewer multiplications than this, waking other threads doesn't pay.
const SMALL: usize = 1 << 17;

impl Product {
    /// Adds to each of the results of `len` numbers, in the order and on the threads that suit their sizes.
    fn each<T: WithDType>(
        &self,
        results: &mut [T],
        len: usize,
        work: impl Fn(usize, &mut [T], Workers) + Sync,
    ) {
        if len == 0 {
            return;
        }
        let size = self.rows * self.inner * self.columns;
        let chunks = results.len() / len;
        if size * self.pairs.len() < SMALL {
            results.chunks_mut(len).enumerate().for_each(|(i, y)| work(i, y, Workers::One));
        } else if chunks < RESULTS_SIDE_BY_SIDE || size >= LARGE {
            results.chunks_mut(len).enumerate().for_each(|(i, y)| work(i, y, Workers::All));
        } else {
            let least = SMALL.div_ceil(size);
            threads::pieces(results, len, least, &|i, y| work(i, y, Workers::One));
        }
    }

    /// Which products each of `count` matrices takes part in.
    fn shares(&self, count: usize, side: impl Fn(&(usize, usize)) -> usize) -> Vec<Vec<usize>> {
        let mut shares = vec![Vec::new(); count];
        for (index, pair) in self.pairs.iter().enumerate() {
            shares[side(pair)].push(index);
        }
        shares
    }

    fn left_gradient<T: WithDType>(&self, call: &Call<'_, T>) -> Vec<T> {
        let (n, k, m) = (self.rows, self.inner, self.columns);
        let shares = self.shares(self.left.count, |pair| pair.0);
        let mut grads = loops::zeros(self.left.count * n * k);
        self.each(&mut grads, n * k, |index, grads, workers| {
            for share in &shares[index] {
                let grad = Matrix::new(&call.grad[share * n * m..][..n * m], n, m);
                let right = self.right.matrix(call.args[1], self.pairs[*share].1, k, m);
                if self.left.is_transposed {
                    add_product(grads, right, grad.transposed(), workers);
                } else {
                    add_product(grads, grad, right.transposed(), workers);
                }
            }
        });
        grads
    }

    fn right_gradient<T: WithDType>(&self, call: &Call<'_, T>) -> Vec<T> {
        let (n, k, m) = (self.rows, self.inner, self.columns);
        let shares = self.shares(self.right.count, |pair| pair.1);
        let mut grads = loops::zeros(self.right.count * k * m);
        self.each(&mut grads, k * m, |index, grads, workers| {
            for share in &shares[index] {
                let grad = Matrix::new(&call.grad[share * n * m..][..n * m], n, m);
                let left = self.left.matrix(call.args[0], self.pairs[*share].0, n, k);
                if self.right.is_transposed {
                    add_product(grads, grad.transposed(), left, workers);
                } else {
                    add_product(grads, left.transposed(), grad, workers);
                }
            }
        });
        grads
    }

    /// The products of integers, in their own dtype, where they wrap as PyTorch's do.
    fn of_integers(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let (n, k, m) = (self.rows, self.inner, self.columns);
        let (left, right) = (parts::values::<i64>(a)?, parts::values::<i64>(b)?);
        let mut sums = vec![0i64; self.pairs.len() * n * m];
        for (sums, (index_a, index_b)) in sums.chunks_mut((n * m).max(1)).beside(&self.pairs) {
            let (left, right) = (&left[index_a * n * k..], &right[index_b * k * m..]);
            for (row, sums) in sums.chunks_mut(m.max(1)).enumerate() {
                for (factor, right) in left[row * k..][..k].iter().beside(right.chunks(m.max(1))) {
                    for (sum, right) in sums.iter_mut().beside(right) {
                        *sum = sum.wrapping_add(factor.wrapping_mul(*right));
                    }
                }
            }
        }
        Tensor::from_vec(sums, &self.shape, a.device())?.to_dtype(a.dtype())
    }
}

impl Op for Product {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let (n, k, m) = (self.rows, self.inner, self.columns);
        let mut products = loops::zeros(self.pairs.len() * n * m);
        self.each(&mut products, n * m, |index, product, workers| {
            let (left, right) = self.pairs[index];
            let left = self.left.matrix(args[0], left, n, k);
            add_product(product, left, self.right.matrix(args[1], right, k, m), workers);
        });
        Ok((products, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        Ok(vec![
            call.wanted[0].then(|| self.left_gradient(&call)),
            call.wanted[1].then(|| self.right_gradient(&call)),
        ])
    }
}
