//! Running products along an axis; running sums are in `functional`.

use candle_core::{DType, Result, Shape, Tensor, WithDType};

use crate::compute::loops;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
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
        let ys = running(xs, span, 1i64, |all, x| all.wrapping_mul(*x), |all| *all);
        Tensor::from_vec(ys, x.shape(), x.device())
    })
}

/// What a step makes of each element and of what the elements before it have come to.
fn running<T: WithDType, A: Clone>(
    xs: &[T],
    span: Span,
    first: A,
    step: impl Fn(&A, &T) -> A,
    narrow: impl Fn(&A) -> T,
) -> Vec<T> {
    let mut ys = loops::zeros(xs.len());
    let block = span.size * span.inner;
    if xs.is_empty() {
        return ys;
    }
    for (ys, xs) in ys.chunks_mut(block).zip(xs.chunks(block)) {
        let mut totals = vec![first.clone(); span.inner];
        for (ys, xs) in ys.chunks_mut(span.inner).zip(xs.chunks(span.inner)) {
            for ((y, x), total) in ys.iter_mut().zip(xs).zip(&mut totals) {
                *total = step(total, x);
                *y = narrow(total);
            }
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
        let step = |all: &f64, x: &T| all * x.wide();
        Ok((running(args[0], self.span, 1.0, step, |all| T::of(*all)), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let (xs, gs, Span { size, inner, .. }) = (call.args[0], call.grad, self.span);
        let mut grads = loops::zeros(xs.len());
        let block = size * inner;
        let mut rest = vec![0.0; size];
        for start in 0..xs.len().checked_div(block).unwrap_or(0) * inner {
            let first = start / inner * block + start % inner;
            let at = |index: usize| first + index * inner;
            // What an element's factor is: the product of those before it, and the sum, over the elements from it
            // on, of their gradient times the product of those between.
            let mut sum = 0.0;
            for index in (0..size).rev() {
                let next = if index + 1 < size { xs[at(index + 1)].wide() } else { 0.0 };
                sum = gs[at(index)].wide() + if index + 1 < size { next * sum } else { 0.0 };
                rest[index] = sum;
            }
            let mut before = 1.0;
            for (index, rest) in rest.iter().enumerate() {
                grads[at(index)] = T::of(before * rest);
                before *= xs[at(index)].wide();
            }
        }
        Ok(vec![Some(grads)])
    }
}
