//! Running products along an axis; running sums are in `functional`.

use candle_core::{DType, Result, Shape, Tensor};

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
        let mut grads = loops::zeros(xs.len());
        let block = (size * inner).max(1);
        threads::pieces(&mut grads, block, PIECE.div_ceil(block), &|index, grads| {
            let places = index * block..index * block + grads.len();
            let (xs, gs) = (&xs[places.clone()], &gs[places]);
            let mut rest = vec![0.0; size];
            for column in 0..inner {
                let at = |index: usize| column + index * inner;
                // What an element's factor is: the product of those before it, and the sum, over the elements from it
                // on, of their gradient times the product of those between.
                let mut sum = 0.0;
                for index in (0..size).rev() {
                    let next = if index + 1 < size { xs[at(index + 1)].wide() * sum } else { 0.0 };
                    sum = gs[at(index)].wide() + next;
                    rest[index] = sum;
                }
                let mut before = 1.0;
                for (index, rest) in rest.iter().enumerate() {
                    grads[at(index)] = T::of(before * rest);
                    before *= xs[at(index)].wide();
                }
            }
        });
        Ok(vec![Some(grads)])
    }
}
