//! A factor and a term for each channel of images, in one pass: what norms end with.

use candle_core::{Result, Shape, Tensor};

use crate::compute::loops::{self, vectorized};
use crate::compute::number::Number;
use crate::compute::op::{self, Arguments, Call, Gradients, Op};
use crate::compute::sums::sum_of;
use crate::compute::threads;

/// `x · weight + bias` for `x` of `(N, C, ..)` and the others of `(C)`, which the caller has checked.
pub(super) fn channel_affine(
    function: &'static str,
    x: &Tensor,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    if weight.is_none() && bias.is_none() {
        return Ok(x.clone());
    }
    let (images, channels) = (x.dims()[0], x.dims()[1]);
    let area = x.dims()[2..].iter().product();
    let shape = x.shape().clone();
    let op = ChannelAffine { images, channels, area, has_weight: weight.is_some(), shape };
    op::apply(function, op, Arguments::with(x, weight, bias))
}

struct ChannelAffine {
    images: usize,
    channels: usize,
    /// The pixels of one channel of an image.
    area: usize,
    /// Whether the second argument is a weight; otherwise the second argument is a bias.
    has_weight: bool,
    shape: Shape,
}

impl ChannelAffine {
    /// Each plane of `xs` times its channel's factor, and its term added.
    fn planes<T: Number>(&self, xs: &[T], factors: Option<&[T]>, terms: Option<&[T]>) -> Vec<T> {
        let planes = loops::SMALL_PIECE.div_ceil(self.area.max(1));
        let piece = planes * self.area.max(1);
        loops::by_pieces(xs.len(), piece, |index, ys| {
            let given = ys.chunks_mut(self.area).zip(xs[index * piece..].chunks(self.area));
            for (plane, (ys, xs)) in given.enumerate() {
                let channel = (index * planes + plane) % self.channels;
                let factor = factors.map_or(T::ONE, |factors| factors[channel]);
                let term = terms.map_or(T::ZERO, |terms| terms[channel]);
                vectorized(
                    #[inline(always)]
                    || ys.iter_mut().zip(xs).for_each(|(y, x)| *y = *x * factor + term),
                );
            }
        })
    }

    /// The sum over all pixels of each channel of what `term` makes of the pixel's index.
    fn sums<T: Number>(&self, term: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let of_channel = |channel: usize| {
            let of_image = |image: usize| {
                let start = (image * self.channels + channel) * self.area;
                vectorized(
                    #[inline(always)]
                    || sum_of(self.area, |pixel| term(start + pixel)),
                )
            };
            T::of((0..self.images).map(of_image).sum::<f64>())
        };
        let least = loops::PIECE.div_ceil((self.images * self.area).max(1));
        threads::collect(self.channels, least, of_channel)
    }
}

impl Op for ChannelAffine {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let rest = args[1..].iter().copied();
        let (weight, bias) = match self.has_weight {
            true => (rest.clone().next(), rest.clone().nth(1)),
            false => (None, rest.clone().next()),
        };
        Ok((self.planes(args[0], weight, bias), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let (xs, grads) = (call.args[0], call.grad);
        let weight = self.has_weight.then(|| call.args[1]);
        let mut gradients = vec![call.wanted[0].then(|| self.planes(grads, weight, None))];
        if self.has_weight {
            gradients.push(call.wanted[1].then(|| self.sums(|index| grads[index] * xs[index])));
        }
        gradients.push(Some(self.sums(|index| grads[index])));
        gradients.truncate(call.args.len());
        Ok(gradients)
    }
}
