//! The common part of the norms of rows: the shapes they ask for, and their passes over the rows,
//! on all cores.

use candle_core::{Result, Tensor, WithDType};
use rayon::prelude::*;

use crate::error::fail;

/// How many numbers a thread normalises at least; fewer are done before another thread has woken
/// up.
pub(super) const NUMBERS_PER_TASK: usize = 1 << 14;

/// Rows of gradients that are summed before the sums of other threads are added.
const ROWS_PER_PART: usize = 256;

/// Refuses an `x` that doesn't end with the shape that is normalised, and tensors of `affine` of
/// another shape.
pub(super) fn check_shapes(
    function: &str,
    x: &Tensor,
    normalized_shape: &[usize],
    affine: &[(&str, Option<&Tensor>)],
) -> Result<()> {
    if normalized_shape.is_empty() {
        return fail(function, "expected normalized_shape to be at least 1-dimensional");
    }
    if !x.dims().ends_with(normalized_shape) {
        return fail(
            function,
            format_args!(
                "Given normalized_shape={normalized_shape:?}, expected input with shape [*, {}], but got input of size {:?}",
                normalized_shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
                x.dims()
            ),
        );
    }
    for (name, tensor) in affine {
        if let Some(tensor) = tensor.filter(|tensor| tensor.dims() != normalized_shape) {
            return fail(
                function,
                format_args!(
                    "Expected {name} to be of same shape as normalized_shape, but got {name} of shape {:?} and normalized_shape = {normalized_shape:?}",
                    tensor.dims()
                ),
            );
        }
    }
    Ok(())
}

/// The rows that `row` makes of the rows of `size` numbers in `xs`.
pub(super) fn rows_forward<T: WithDType>(
    size: usize,
    xs: &[T],
    row: impl Fn(&mut [T], &[T]) + Sync + Send,
) -> Vec<T> {
    let mut ys = vec![T::zero(); xs.len()];
    let len = size.max(1);
    ys.par_chunks_mut(len)
        .zip(xs.par_chunks(len))
        .with_min_len(NUMBERS_PER_TASK.div_ceil(len))
        .for_each(|(ys, xs)| row(ys, xs));
    ys
}

/// The gradients of rows of `size` numbers, in one pass: `row` writes the gradient of a row of
/// `xs`, and adds to `N` sums over all rows.
pub(super) fn rows_backward<T: WithDType, const N: usize>(
    size: usize,
    xs: &[T],
    gy: &[T],
    row: impl Fn(&mut [T], &[T], &[T], &mut [Vec<T>; N]) + Sync,
) -> (Vec<T>, [Vec<T>; N]) {
    let zeros = || std::array::from_fn::<_, N, _>(|_| vec![T::zero(); size]);
    let mut gx = vec![T::zero(); gy.len()];
    let (len, part) = (size.max(1), size.max(1) * ROWS_PER_PART);
    let sums = gx
        .par_chunks_mut(part)
        .zip(xs.par_chunks(part))
        .zip(gy.par_chunks(part))
        .map(|((gx, xs), gy)| {
            let mut sums = zeros();
            let rows = gx.chunks_mut(len).zip(xs.chunks(len)).zip(gy.chunks(len));
            rows.for_each(|((gx, xs), gy)| row(gx, xs, gy, &mut sums));
            sums
        })
        .collect::<Vec<_>>();
    let mut total = zeros();
    for part in sums {
        for (total, part) in total.iter_mut().zip(part) {
            total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
        }
    }
    (gx, total)
}

/// Writes the gradients of a row before its numbers were multiplied by the weight, if there is one.
#[inline(always)]
pub(super) fn times_weight<T: WithDType>(gx: &mut [T], gy: &[T], weight: Option<&[T]>) {
    match weight {
        Some(weight) => {
            let products = gy.iter().zip(weight).map(|(gy, weight)| *gy * *weight);
            gx.iter_mut().zip(products).for_each(|(gx, product)| *gx = product);
        }
        None => gx.copy_from_slice(gy),
    }
}
