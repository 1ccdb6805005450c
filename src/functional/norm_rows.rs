//! The common part of the norms of rows: the shapes they ask for, and their passes over the rows,
//! on all cores.

use std::sync::OnceLock;

use candle_core::{Result, Tensor, WithDType};

use crate::compute::beside::Beside;
use crate::compute::loops;
use crate::compute::room::Room;
use crate::error::fail_shape;

/// How many numbers a thread normalises at least; fewer are done before another thread has woken
/// up.
pub(super) const NUMBERS_PER_TASK: usize = 1 << 14;

/// Rows of gradients that are summed in the numbers' own type before other parts are added: at most, and at least.
const ROWS_PER_PART: usize = 256;
const LEAST_ROWS_PER_PART: usize = 32;

/// Refuses an `x` that doesn't end with the shape that is normalised, and tensors of `affine` of
/// another shape.
pub(super) fn check_shapes(
    function: &str,
    x: &Tensor,
    normalized_shape: &[usize],
    affine: &[(&str, Option<&Tensor>)],
) -> Result<()> {
    if normalized_shape.is_empty() {
        return fail_shape(function, "expected normalized_shape to be at least 1-dimensional");
    }
    if !x.dims().ends_with(normalized_shape) {
        return fail_shape(
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
            return fail_shape(
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
    row: impl Fn(&mut Room<'_, T>, &[T]) + Sync + Send,
) -> Vec<T> {
    let len = size.max(1);
    let piece = NUMBERS_PER_TASK.div_ceil(len) * len;
    loops::appended(xs.len(), piece, |start, room| {
        let xs = &xs[start..][..room.left()];
        xs.chunks(len).for_each(|xs| row(room, xs));
    })
}

/// The gradients of rows of `size` numbers, in one pass: `row` writes the gradient of a row of
/// `xs`, and adds to `N` sums over all rows. Sums that nobody wants are empty there.
pub(super) fn rows_backward<T: WithDType, const N: usize>(
    size: usize,
    xs: &[T],
    gy: &[T],
    wanted: [bool; N],
    row: impl Fn(&mut [T], &[T], &[T], &mut [Vec<T>; N]) + Sync,
) -> (Vec<T>, [Vec<T>; N]) {
    let sizes = wanted.map(|is_wanted| if is_wanted { size } else { 0 });
    let len = size.max(1);
    let rows = NUMBERS_PER_TASK.div_ceil(len).clamp(LEAST_ROWS_PER_PART, ROWS_PER_PART);
    let part = rows * len;
    let sums = (0..gy.len().div_ceil(part)).map(|_| OnceLock::new()).collect::<Vec<_>>();
    let gx = loops::by_pieces(gy.len(), part, |index, gx| {
        let mut sums_of_part = sizes.map(|size| vec![T::zero(); size]);
        let inputs = xs[index * part..].chunks(len).beside(gy[index * part..].chunks(len));
        let rows = gx.chunks_mut(len).beside(inputs);
        rows.for_each(|(gx, (xs, gy))| row(gx, xs, gy, &mut sums_of_part));
        // Each part is done once, so its cell is still empty.
        let _ = sums[index].set(sums_of_part);
    });
    let mut totals = sizes.map(|size| vec![0.0; size]);
    for sums in sums.into_iter().filter_map(OnceLock::into_inner) {
        for (totals, sums) in totals.iter_mut().beside(sums) {
            totals.iter_mut().beside(sums).for_each(|(total, sum)| *total += sum.to_f64());
        }
    }
    (gx, totals.map(|totals| totals.into_iter().map(T::from_f64).collect()))
}

/// Writes the gradients of a row before its numbers were multiplied by the weight, if there is one.
#[inline(always)]
pub(super) fn times_weight<T: WithDType>(gx: &mut [T], gy: &[T], weight: Option<&[T]>) {
    match weight {
        Some(weight) => {
            let products = gy.iter().beside(weight).map(|(gy, weight)| *gy * *weight);
            gx.iter_mut().beside(products).for_each(|(gx, product)| *gx = product);
        }
        None => gx.copy_from_slice(gy),
    }
}
