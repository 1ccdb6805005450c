//! Gated linear unit: one half of an axis decides how much of the other passes.

use candle_core::{Result, Shape, Tensor};

use super::unary_math::{logistic, logistic_pair};
use crate::compute::loops::{self, PIECE, vectorized};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::error::fail_shape;
use crate::tensor::axis::{self, Axis};

const NAME: &str = "F::glu";

/// Halves `x` along `dim` (PyTorch's default: -1) and lets the second half gate the first.
///
/// ```text
/// glu(x) = a * sigmoid(b),  a and b the halves of x
/// ```
///
/// The result has half of the elements along `dim`. Source: PyTorch's `F.glu`; Dauphin et al., 2016.
///
/// # Errors
///
/// For integers, for an axis that isn't there, and for one of odd size.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = F::glu(&tensor!([3.0, 5.0, 0.0, -1000.0]), -1)?;
/// assert_eq!(y.to_vec1::<f32>()?, [1.5, 0.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn glu(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    if x.rank() == 0 {
        return fail_shape(NAME, "does not support 0-dimensional tensors");
    }
    let dim = axis::resolve(NAME, x, &dim)?;
    let size = x.dims()[dim];
    if size % 2 == 1 {
        return fail_shape(
            NAME,
            format_args!("Halving dimension must be even, but dimension {dim} is size {size}"),
        );
    }
    let half = x.dims()[dim..].iter().product::<usize>() / 2;
    let mut shape = x.dims().to_vec();
    shape[dim] /= 2;
    op::apply(NAME, Glu { half, shape: Shape::from(shape) }, [x])
}

struct Glu {
    /// How many neighbouring elements a half has before the other half begins.
    half: usize,
    /// The result's shape.
    shape: Shape,
}

impl Op for Glu {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        Ok((values(args[0], self.half), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        Ok(vec![Some(slopes(call.args[0], call.grad, self.half))])
    }
}

fn values<T: Number>(xs: &[T], half: usize) -> Vec<T> {
    let mut ys = loops::zeros(xs.len() / 2);
    let mut jobs = Vec::new();
    for (xs, ys) in xs.chunks(2 * half.max(1)).zip(ys.chunks_mut(half.max(1))) {
        let (a, b) = xs.split_at(half);
        let inputs = a.chunks(PIECE).zip(b.chunks(PIECE));
        jobs.extend(inputs.zip(ys.chunks_mut(PIECE)));
    }
    loops::each(xs.len(), jobs, |((a, b), ys)| {
        vectorized(
            #[inline(always)]
            move || {
                for ((a, b), y) in a.iter().zip(b).zip(ys) {
                    *y = *a * logistic(*b);
                }
            },
        );
    });
    ys
}

fn slopes<T: Number>(xs: &[T], gs: &[T], half: usize) -> Vec<T> {
    let mut out = loops::zeros(xs.len());
    let mut jobs = Vec::new();
    let pairs = xs.chunks(2 * half.max(1)).zip(gs.chunks(half.max(1)));
    for ((xs, gs), out) in pairs.zip(out.chunks_mut(2 * half.max(1))) {
        let ((a, b), (of_a, of_b)) = (xs.split_at(half), out.split_at_mut(half));
        let inputs = a.chunks(PIECE).zip(b.chunks(PIECE)).zip(gs.chunks(PIECE));
        let outputs = of_a.chunks_mut(PIECE).zip(of_b.chunks_mut(PIECE));
        jobs.extend(inputs.zip(outputs));
    }
    loops::each(xs.len(), jobs, |(((a, b), gs), (of_a, of_b))| {
        vectorized(
            #[inline(always)]
            move || {
                let inputs = a.iter().zip(b).zip(gs);
                for (((a, b), g), (of_a, of_b)) in inputs.zip(of_a.iter_mut().zip(of_b)) {
                    let (above, below) = logistic_pair(*b);
                    *of_a = *g * above;
                    *of_b = *g * *a * (above * below);
                }
            },
        );
    });
    out
}
