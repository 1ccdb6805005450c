//! Leaky rectifiers whose slope is learnt or drawn.

use std::ops::Range;

use candle_core::{Device, Result, Shape, Tensor};

use super::rectifiers::leaky_relu;
use crate::compute::beside::Beside;
use crate::compute::loops::{self, PIECE, SMALL_PIECE, vectorized};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::sums::{dot_by, sum_pieces};
use crate::compute::threads;
use crate::error::{fail, fail_dtype, fail_shape, wrong_dtype};
use crate::random;
use crate::tensor::parts;

/// [`leaky_relu`] with slopes that are drawn while training, and their mean otherwise (PyTorch's
/// defaults: 1/8, 1/3 and false).
///
/// ```text
/// rrelu(x) = x where x > 0, else a * x
/// a = (lower + upper) / 2, or uniform from lower to upper for each element if `is_training`
/// ```
///
/// The result has the shape of `x`; integers are an error. After the same
/// [`torch::manual_seed`](crate::torch::manual_seed) the slopes are PyTorch's. Source: PyTorch's
/// `F.rrelu`; Xu et al., 2015.
///
/// # Errors
///
/// For integers, and if `lower` is greater than `upper`.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = F::rrelu(&tensor!([-2.0, 3.0]), 0.25, 0.75, false)?;
/// assert_eq!(y.to_vec1::<f32>()?, [-1.0, 3.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn rrelu(x: &Tensor, lower: f64, upper: f64, is_training: bool) -> Result<Tensor> {
    const NAME: &str = "F::rrelu";
    if lower > upper {
        return fail(NAME, "Lower bound should be less than or equal to the upper bound");
    }
    if !(lower.is_finite() && upper.is_finite()) {
        return fail(NAME, format_args!("bounds must be finite, but they are {lower} and {upper}"));
    }
    if !x.dtype().is_float() {
        return wrong_dtype(NAME, "an input", x.dtype());
    }
    if !is_training {
        return leaky_relu(x, (lower + upper) / 2.0);
    }
    let xs = parts::values::<f64>(&x.detach())?;
    // PyTorch draws one slope for each element that isn't positive, in order.
    let slopes = random::uniform_where(xs.iter().map(|x| *x <= 0.0), lower, upper, 1.0);
    x * Tensor::from_vec(slopes, x.shape(), &Device::Cpu)?.to_dtype(x.dtype())?
}

/// [`leaky_relu`] whose slope `weight` is learnt: one for all, or one for each channel (axis 1).
///
/// ```text
/// prelu(x) = x where x > 0, else weight * x
/// ```
///
/// The result has the shape of `x`. Both `x` and `weight` get gradients. Differs from candle, whose
/// slope at 0 is `(1 + weight) / 2`. Source: PyTorch's `F.prelu`; He et al., 2015.
///
/// # Errors
///
/// For integers, for two dtypes, and unless `weight` has one element or one for each channel.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = F::prelu(&tensor!([[-2.0, -4.0]]), &tensor!([0.5, 0.25]))?;
/// assert_eq!(y.to_vec2::<f32>()?, [[-1.0, -1.0]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn prelu(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    const NAME: &str = "F::prelu";
    if x.dtype() != weight.dtype() {
        return fail_dtype(
            NAME,
            format_args!(
                "Type promoting not supported. Got {:?} and {:?}",
                x.dtype(),
                weight.dtype()
            ),
        );
    }
    if weight.rank() > 1 {
        return fail_shape(
            NAME,
            format_args!(
                "Expected `weight` to be a scalar or 1D tensor, but got: ndim = {}",
                weight.rank()
            ),
        );
    }
    let channels = x.dims().get(1).copied().unwrap_or(1);
    let count = weight.elem_count();
    if count != 1 && count != channels {
        return fail_shape(
            NAME,
            format_args!(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = {count} and channel size = {channels}."
            ),
        );
    }
    // All elements share a single weight, and so do those of a vector, which has one channel.
    let inner = if count == 1 { x.elem_count() } else { x.dims()[2..].iter().product() };
    op::apply(NAME, Prelu { inner, shape: x.shape().clone() }, [x, weight])
}

/// `F::prelu`, where `inner` neighbouring elements share a weight.
struct Prelu {
    inner: usize,
    shape: Shape,
}

impl Op for Prelu {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        Ok((self.slopes(args[0], args[0], args[1]), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let (xs, weights, gs) = (call.args[0], call.args[1], call.grad);
        Ok(vec![
            call.wanted[0].then(|| self.slopes(xs, gs, weights)),
            call.wanted[1].then(|| self.sums(xs, gs, weights.len())).transpose()?,
        ])
    }
}

impl Prelu {
    /// `gs` where `xs` is positive, else `gs` times the weight. With `xs` for `gs` that is the
    /// value, with the result's gradient the input's.
    fn slopes<T: Number>(&self, xs: &[T], gs: &[T], weights: &[T]) -> Vec<T> {
        if self.inner == 1 {
            // Repeating the weights makes the loops long.
            let repeats = PIECE.div_ceil(weights.len().max(1)).min(xs.len());
            let weights = weights.repeat(repeats.max(1));
            let size = weights.len().max(1);
            return loops::appended(xs.len(), size, |start, room| {
                let range = start..start + room.left();
                T::vectorized_over(
                    (&xs[range.clone()], &gs[range], weights.as_slice(), room, ()),
                    #[inline(always)]
                    |xs, gs, weights, room, ()| {
                        let triples = xs.iter().beside(gs).beside(weights);
                        room.each(
                            triples,
                            #[inline(always)]
                            |((x, g), weight)| slope(*x, *g, *weight),
                        );
                    },
                );
            });
        }
        if let [weight] = *weights {
            return loops::map2(
                xs,
                gs,
                #[inline(always)]
                move |x, g| slope(x, g, weight),
            );
        }
        loops::appended(xs.len(), PIECE, |start, room| {
            let mut start = start;
            while room.left() > 0 {
                let (span, offset) = (start / self.inner, start % self.inner);
                let range = start..start + room.left().min(self.inner - offset);
                start = range.end;
                let weight = weights[span % weights.len()];
                T::vectorized_over(
                    (&xs[range.clone()], &gs[range], &mut *room, (), ()),
                    #[inline(always)]
                    move |xs, gs, room, (), ()| {
                        room.each(
                            xs.iter().beside(gs),
                            #[inline(always)]
                            move |(x, g)| slope(*x, *g, weight),
                        );
                    },
                );
            }
        })
    }

    /// For each weight the sum of `x * g` over its elements that aren't positive.
    fn sums<T: Number>(&self, xs: &[T], gs: &[T], count: usize) -> Result<Vec<T>> {
        let inner = self.inner.max(1);
        let below = |x: T, g: T| if x > T::ZERO { T::ZERO } else { x * g };
        let of_span = |(xs, gs): (&[T], &[T])| {
            let sum = |range: Range<usize>| {
                let (xs, gs) = (&xs[range.clone()], &gs[range]);
                vectorized(
                    #[inline(always)]
                    || if inner == 1 { below(xs[0], gs[0]).wide() } else { dot_by(xs, gs, below) },
                )
            };
            sum_pieces(xs.len(), PIECE, |range| Ok([sum(range)]))
        };
        let spans = threads::collect(xs.len() / inner, SMALL_PIECE.div_ceil(inner), |index| {
            let range = index * inner..(index + 1) * inner;
            of_span((&xs[range.clone()], &gs[range]))
        });
        let mut sums = vec![0.0; count];
        for (index, sum) in spans.into_iter().enumerate() {
            sums[index % count] += sum?[0];
        }
        Ok(sums.into_iter().map(T::of).collect())
    }
}

/// `g` where `x` is positive, else `g` times the weight.
#[inline(always)]
fn slope<T: Number>(x: T, g: T, weight: T) -> T {
    if x > T::ZERO { g } else { weight * g }
}
