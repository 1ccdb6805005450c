//! Gated linear unit: one half of an axis decides how much of the other passes.

use candle_core::{Result, Shape, Tensor};

use super::unary_math::{logistic, logistic_pair};
use crate::compute::beside::Beside;
use crate::compute::loops::{self, PIECE};
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
    loops::appended(xs.len() / 2, PIECE, |start, room| {
        let mut start = start;
        while room.left() > 0 {
            let (block, offset) = (start / half, start % half);
            let count = room.left().min(half - offset);
            let (a, b) = xs[2 * block * half..][..2 * half].split_at(half);
            start += count;
            loops::vectorized_over(
                (&a[offset..][..count], &b[offset..][..count], &mut *room, (), ()),
                #[inline(always)]
                |a, b, room, (), ()| {
                    room.each(
                        a.iter().beside(b),
                        #[inline(always)]
                        |(a, b)| *a * logistic(*b),
                    );
                },
            );
        }
    })
}

fn slopes<T: Number>(xs: &[T], gs: &[T], half: usize) -> Vec<T> {
    if xs.is_empty() {
        return Vec::new();
    }
    let write = |a: &[T], b: &[T], gs: &[T], of_a: &mut [T], of_b: &mut [T]| {
        loops::vectorized_over(
            (of_a, of_b, a, b, gs),
            #[inline(always)]
            |of_a, of_b, a, b, gs| {
                let inputs = a.iter().beside(b).beside(gs);
                for (((a, b), g), (of_a, of_b)) in inputs.beside(of_a.iter_mut().beside(of_b)) {
                    let (above, below) = logistic_pair(*b);
                    *of_a = *g * above;
                    *of_b = *g * *a * (above * below);
                }
            },
        );
    };
    if half <= PIECE {
        let blocks = PIECE.div_ceil(2 * half);
        return loops::by_pieces(xs.len(), blocks * 2 * half, |index, out| {
            let xs = xs[index * blocks * 2 * half..].chunks(2 * half);
            let gs = gs[index * blocks * half..].chunks(half);
            for ((out, xs), gs) in out.chunks_mut(2 * half).beside(xs).beside(gs) {
                let ((a, b), (of_a, of_b)) = (xs.split_at(half), out.split_at_mut(half));
                write(a, b, gs, of_a, of_b);
            }
        });
    }
    // Both halves of a block are written together, however far they lie apart.
    loops::by_columns(xs.len(), 2 * half, half, PIECE, |first, mut parts| {
        let [of_a, of_b] = parts.as_mut_slice() else { return };
        let (start, len) = (first / (2 * half) * half + first % half, of_a.len());
        write(&xs[first..][..len], &xs[first + half..][..len], &gs[start..][..len], of_a, of_b);
    })
}
