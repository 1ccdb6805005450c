//! Losses of an anchor that should be nearer to a positive than to a negative.

use std::fmt;
use std::sync::Arc;

use candle_core::{DType, Result, Tensor};

use super::elementwise::{self, Formula};
use super::pairwise::pairwise;
use crate::compute::number::Number;
use crate::error::fail;
use crate::nn::Reduction;
use crate::tensor::promote::{broadcast_to, promote_and_broadcast};

/// The loss of anchors that should be nearer to their positives than to their negatives.
///
/// ```text
/// l = max(0, margin + d(a, p) - d(a, n))    with d(u, v) = ‖u - v + eps‖_p
/// ```
///
/// With `swap`, `d(p, n)` takes the place of `d(a, n)` where it is smaller.
///
/// # Shapes
///
/// Three of as many axes each, `(D)` or `(.., D)`, which broadcast; dtypes promote. The losses have
/// the shape without the last axis.
///
/// # Errors
///
/// If the numbers of axes differ, the shapes don't broadcast, or `margin` isn't positive.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let loss = nn::TripletMarginLoss::default();
/// let y = loss.forward(&tensor!([[0.0]]), &tensor!([[2.0]]), &tensor!([[-1.0]]))?;
/// assert!((y.to_scalar::<f32>()? - 2.0).abs() < 1e-5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TripletMarginLoss {
    /// By how much the positive should be nearer. Default: 1.
    pub margin: f64,
    /// The norm of the distances. Default: 2.
    pub p: f64,
    /// Added to each difference. Default: 1e-6.
    pub eps: f64,
    /// Whether the positive may stand in for the anchor. Default: false.
    pub swap: bool,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for TripletMarginLoss {
    fn default() -> Self {
        TripletMarginLoss {
            margin: 1.0,
            p: 2.0,
            eps: 1e-6,
            swap: false,
            reduction: Reduction::Mean,
        }
    }
}

impl TripletMarginLoss {
    /// The loss of `anchor` with `positive` and `negative`.
    pub fn forward(&self, anchor: &Tensor, positive: &Tensor, negative: &Tensor) -> Result<Tensor> {
        self.apply("nn::TripletMarginLoss", anchor, positive, negative)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        anchor: &Tensor,
        positive: &Tensor,
        negative: &Tensor,
    ) -> Result<Tensor> {
        check(function, self.margin, [anchor, positive, negative])?;
        let [anchor, positive, negative] = common(function, [anchor, positive, negative])?;
        let distance = |u: &Tensor, v: &Tensor| pairwise(function, u, v, self.p, self.eps);
        let distances = Distances {
            positive: distance(&anchor, &positive)?,
            negative: distance(&anchor, &negative)?,
            swapped: self.swap.then(|| distance(&positive, &negative)).transpose()?,
        };
        distances.loss(function, self.margin, self.reduction)
    }
}

/// A distance of two tensors, one for each of their rows.
pub type DistanceFunction = Arc<dyn Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + Sync>;

/// [`TripletMarginLoss`] with a distance of your own.
///
/// ```text
/// l = max(0, margin + d(a, p) - d(a, n))
/// ```
///
/// # Shapes
///
/// Three of as many axes each; the losses have the shape that the distance gives.
///
/// # Errors
///
/// If the numbers of axes differ, `margin` isn't positive, or the distance fails.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html).
///
/// ```
/// use std::sync::Arc;
/// use akari::prelude::*;
/// let loss = nn::TripletMarginWithDistanceLoss {
///     distance_function: Some(Arc::new(|u, v| (u - v)?.abs()?.max(D::Minus1))),
///     ..Default::default()
/// };
/// let y = loss.forward(&tensor!([[0.0]]), &tensor!([[2.0]]), &tensor!([[-1.0]]))?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Clone)]
pub struct TripletMarginWithDistanceLoss {
    /// The distance. Default: none, which is the Euclidean one of [`TripletMarginLoss`].
    pub distance_function: Option<DistanceFunction>,
    /// By how much the positive should be nearer. Default: 1.
    pub margin: f64,
    /// Whether the positive may stand in for the anchor. Default: false.
    pub swap: bool,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for TripletMarginWithDistanceLoss {
    fn default() -> Self {
        TripletMarginWithDistanceLoss {
            distance_function: None,
            margin: 1.0,
            swap: false,
            reduction: Reduction::Mean,
        }
    }
}

impl fmt::Debug for TripletMarginWithDistanceLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TripletMarginWithDistanceLoss")
            .field("distance_function", &self.distance_function.as_ref().map(|_| ".."))
            .field("margin", &self.margin)
            .field("swap", &self.swap)
            .field("reduction", &self.reduction)
            .finish()
    }
}

impl TripletMarginWithDistanceLoss {
    /// The loss of `anchor` with `positive` and `negative`.
    pub fn forward(&self, anchor: &Tensor, positive: &Tensor, negative: &Tensor) -> Result<Tensor> {
        self.apply("nn::TripletMarginWithDistanceLoss", anchor, positive, negative)
    }

    pub(crate) fn apply(
        &self,
        function: &'static str,
        anchor: &Tensor,
        positive: &Tensor,
        negative: &Tensor,
    ) -> Result<Tensor> {
        check(function, self.margin, [anchor, positive, negative])?;
        // A distance is a float, and candle's functions panic on integers.
        let float = |tensor: &Tensor| match tensor.dtype().is_float() {
            true => Ok(tensor.clone()),
            false => tensor.to_dtype(DType::F32),
        };
        let (anchor, positive, negative) = (&float(anchor)?, &float(positive)?, &float(negative)?);
        let distance = |u: &Tensor, v: &Tensor| match &self.distance_function {
            Some(distance) => distance(u, v),
            None => {
                let (u, v) = promote_and_broadcast(function, u, v)?;
                pairwise(function, &u, &v, 2.0, 1e-6)
            }
        };
        let distances = Distances {
            positive: distance(anchor, positive)?,
            negative: distance(anchor, negative)?,
            swapped: self.swap.then(|| distance(positive, negative)).transpose()?,
        };
        distances.loss(function, self.margin, self.reduction)
    }
}

fn check(function: &str, margin: f64, [a, p, n]: [&Tensor; 3]) -> Result<()> {
    if margin.is_nan() || margin <= 0.0 {
        return fail(
            function,
            format_args!("expected margin to be greater than 0, got {margin} instead"),
        );
    }
    if a.rank() != p.rank() || p.rank() != n.rank() {
        return fail(
            function,
            format_args!(
                "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor {}D, positive {}D, and negative {}D inputs",
                a.rank(),
                p.rank(),
                n.rank()
            ),
        );
    }
    Ok(())
}

/// Three tensors in one dtype and shape.
fn common(function: &str, [a, p, n]: [&Tensor; 3]) -> Result<[Tensor; 3]> {
    let (a, p) = promote_and_broadcast(function, a, p)?;
    let (mut a, mut n) = promote_and_broadcast(function, &a, n)?;
    if !a.dtype().is_float() {
        (a, n) = (a.to_dtype(DType::F32)?, n.to_dtype(DType::F32)?);
    }
    let p = broadcast_to(&p.to_dtype(a.dtype())?, a.shape())?;
    Ok([a, p, n])
}

struct Distances {
    positive: Tensor,
    negative: Tensor,
    /// From the positive to the negative.
    swapped: Option<Tensor>,
}

impl Distances {
    fn loss(self, function: &'static str, margin: f64, reduction: Reduction) -> Result<Tensor> {
        let Some(swapped) = self.swapped else {
            let (p, n) = promote_and_broadcast(function, &self.positive, &self.negative)?;
            return elementwise::reduce(function, Nearer { margin }, reduction, [&p, &n], &[]);
        };
        let [p, n, s] = common(function, [&self.positive, &self.negative, &swapped])?;
        elementwise::reduce(function, NearerOfTwo { margin }, reduction, [&p, &n, &s], &[])
    }
}

#[derive(Clone, Copy)]
struct Nearer {
    margin: f64,
}

impl Formula<2> for Nearer {
    #[inline(always)]
    fn value<R: Number>(&self, [p, n]: [R; 2]) -> R {
        (R::of(self.margin) + p - n).at_least(R::zero())
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [p, n]: [R; 2]) -> [R; 2] {
        let is_active = R::of(self.margin) + p - n > R::zero();
        let slope = if is_active { R::one() } else { R::zero() };
        [slope, -slope]
    }
}

/// [`Nearer`] with the smaller of two distances to the negative.
#[derive(Clone, Copy)]
struct NearerOfTwo {
    margin: f64,
}

impl Formula<3> for NearerOfTwo {
    #[inline(always)]
    fn value<R: Number>(&self, [p, n, s]: [R; 3]) -> R {
        Nearer { margin: self.margin }.value([p, if s < n { s } else { n }])
    }

    #[inline(always)]
    fn slopes<R: Number>(&self, [p, n, s]: [R; 3]) -> [R; 3] {
        let formula = Nearer { margin: self.margin };
        let [of_p, of_n] = formula.slopes([p, if s < n { s } else { n }]);
        // Equal distances share the gradient.
        let share = if s == n { R::of(0.5) } else { R::one() };
        let to_n = if n <= s { share * of_n } else { R::zero() };
        let to_s = if s <= n { share * of_n } else { R::zero() };
        [of_p, to_n, to_s]
    }
}
