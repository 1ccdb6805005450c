//! Running products along an axis; running sums are in `functional`.

use candle_core::{DType, Result, Shape, Tensor};

use crate::compute::beside::Beside;
use crate::compute::loops::{self, PIECE};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::threads;
use crate::functional::cumsum::running_products;
use crate::functional::totals::Span;
use crate::functional::transpose::contiguous;
use crate::tensor::axis::{self, Axis};

/// The running products along an axis; integers give `i64`.
///
/// ```text
/// y_i = x_0 · x_1 · .. · x_i
/// ```
///
/// # Shapes
///
/// The result has the shape of `x`. The gradient is right also where elements are 0.
///
/// # Errors
///
/// If the axis isn't there. See PyTorch's `cumprod`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::cumprod(&tensor!([2., 3., 4.]), 0)?.to_vec1::<f32>()?, [2., 6., 24.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cumprod(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    products(x, &dim)
}

fn products(x: &Tensor, dim: &dyn Axis) -> Result<Tensor> {
    const NAME: &str = "torch::cumprod";
    let axis = axis::resolve(NAME, x, dim)?;
    let dims = x.dims();
    let span = Span {
        outer: dims.iter().take(axis).product(),
        size: dims.get(axis).copied().unwrap_or(1),
        inner: dims.iter().skip(axis + 1).product(),
    };
    if x.dtype().is_float() {
        return op::apply(NAME, Products { span, shape: x.shape().clone() }, [x]);
    }
    let whole = contiguous(&x.to_dtype(DType::I64)?)?;
    op::with_elements(&whole, |xs: &[i64]| {
        Tensor::from_vec(of_integers(xs, span), x.shape(), x.device())
    })
}

/// The running products of integers, which wrap.
fn of_integers(xs: &[i64], Span { size, inner, .. }: Span) -> Vec<i64> {
    let mut ys = xs.to_vec();
    for block in ys.chunks_mut((size * inner).max(1)) {
        for index in inner..block.len() {
            block[index] = block[index].wrapping_mul(block[index - inner]);
        }
    }
    ys
}

struct Products {
    span: Span,
    shape: Shape,
}

impl Op for Products {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        Ok((running_products(args[0], self.span), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let (xs, gs, Span { size, inner, .. }) = (call.args[0], call.grad, self.span);
        let block = (size * inner).max(1);
        if inner > 1 {
            let width = (PIECE / size.max(1)).next_multiple_of(16);
            let grads = loops::by_columns(xs.len(), block, inner, width, |first, rows| {
                T::vectorized(
                    #[inline(always)]
                    || slopes(&xs[first..], &gs[first..], inner, rows),
                );
            });
            return Ok(vec![Some(grads)]);
        }
        let mut grads = loops::zeros(xs.len());
        threads::pieces(&mut grads, block, PIECE.div_ceil(block), &|index, grads| {
            let places = index * block..index * block + grads.len();
            let (xs, gs) = (&xs[places.clone()], &gs[places]);
            let (mut rest, mut sum, mut factor) = (vec![0.0; size], 0.0, 0.0);
            for ((rest, g), x) in rest.iter_mut().beside(gs).beside(xs).rev() {
                sum = g.wide() + factor * sum;
                (*rest, factor) = (sum, x.wide());
            }
            let mut before = 1.0;
            for ((out, rest), x) in grads.iter_mut().beside(rest).beside(xs) {
                *out = T::of(before * rest);
                before *= x.wide();
            }
        });
        Ok(vec![Some(grads)])
    }
}

/// Writes the gradients of neighbouring columns, of each of which the elements are `inner` apart; `rows` are to be written.
///
/// What an element's factor is: the product of those before it, and the sum, over the elements from it on, of their
/// gradient times the product of those between.
#[inline(always)]
fn slopes<T: Number>(xs: &[T], gs: &[T], inner: usize, rows: Vec<&mut [T]>) {
    let width = rows.first().map_or(0, |row| row.len());
    let (mut sums, mut factors) = (vec![0.0; width], vec![0.0; width]);
    let mut rest = vec![0.0; rows.len() * width];
    for (row, rest) in rest.chunks_exact_mut(width.max(1)).enumerate().rev() {
        let numbers = sums.iter_mut().beside(&factors).beside(&gs[row * inner..]).beside(rest);
        for (((sum, factor), g), rest) in numbers {
            *sum = g.wide() + factor * *sum;
            *rest = *sum;
        }
        factors.iter_mut().beside(&xs[row * inner..]).for_each(|(factor, x)| *factor = x.wide());
    }
    let mut before = factors;
    before.fill(1.0);
    for (row, (out, rest)) in rows.into_iter().beside(rest.chunks_exact(width.max(1))).enumerate() {
        let numbers = out.iter_mut().beside(&mut before).beside(rest).beside(&xs[row * inner..]);
        for (((out, before), rest), x) in numbers {
            *out = T::of(*before * rest);
            *before *= x.wide();
        }
    }
}
