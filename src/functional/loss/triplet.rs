//! Losses of an anchor that should be nearer to a positive than to a negative.

use candle_core::{DType, Result, Tensor};

use super::elementwise::{self, Formula};
use super::options::{DistanceFunction, Reduction};
use super::pairwise::pairwise;
use crate::compute::number::Number;
use crate::error::{fail, fail_shape};
use crate::tensor::promote::{broadcast_to, promote_and_broadcast};

/// [`nn::TripletMarginLoss`](crate::nn::TripletMarginLoss) as a function
/// (PyTorch's defaults: 1, 2, 1e-6, false, mean).
///
/// ```
/// use akari::prelude::*;
/// let (a, p, n) = (tensor!([[0.]]), tensor!([[2.]]), tensor!([[-1.]]));
/// let y = F::triplet_margin_loss(&a, &p, &n, 1.0, 2.0, 1e-6, false, Reduction::Mean)?;
/// assert!((y.to_scalar::<f32>()? - 2.0).abs() < 1e-5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[allow(clippy::too_many_arguments)] // The arguments are PyTorch's; the struct takes them by name.
pub fn triplet_margin_loss(
    anchor: &Tensor,
    positive: &Tensor,
    negative: &Tensor,
    margin: f64,
    p: f64,
    eps: f64,
    swap: bool,
    reduction: Reduction,
) -> Result<Tensor> {
    triplet_margin_loss_named(
        "F::triplet_margin_loss",
        [anchor, positive, negative],
        margin,
        p,
        eps,
        swap,
        reduction,
    )
}

pub(crate) fn triplet_margin_loss_named(
    function: &'static str,
    [anchor, positive, negative]: [&Tensor; 3],
    margin: f64,
    p: f64,
    eps: f64,
    swap: bool,
    reduction: Reduction,
) -> Result<Tensor> {
    check(function, margin, [anchor, positive, negative])?;
    let [anchor, positive, negative] = common(function, [anchor, positive, negative])?;
    let triplet = [&anchor, &positive, &negative];
    nearer(function, triplet, margin, swap, reduction, |u, v| pairwise(function, u, v, p, eps))
}

/// [`nn::TripletMarginWithDistanceLoss`](crate::nn::TripletMarginWithDistanceLoss) as a function
/// (PyTorch's defaults: none, 1, false, mean).
///
/// ```
/// use akari::prelude::*;
/// let (a, p, n) = (tensor!([[0.]]), tensor!([[2.]]), tensor!([[-1.]]));
/// let y = F::triplet_margin_with_distance_loss(&a, &p, &n, None, 1.0, false, Reduction::Mean)?;
/// assert!((y.to_scalar::<f32>()? - 2.0).abs() < 1e-5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn triplet_margin_with_distance_loss(
    anchor: &Tensor,
    positive: &Tensor,
    negative: &Tensor,
    distance_function: Option<DistanceFunction>,
    margin: f64,
    swap: bool,
    reduction: Reduction,
) -> Result<Tensor> {
    triplet_margin_with_distance_loss_named(
        "F::triplet_margin_with_distance_loss",
        [anchor, positive, negative],
        distance_function.as_ref(),
        margin,
        swap,
        reduction,
    )
}

pub(crate) fn triplet_margin_with_distance_loss_named(
    function: &'static str,
    [anchor, positive, negative]: [&Tensor; 3],
    distance_function: Option<&DistanceFunction>,
    margin: f64,
    swap: bool,
    reduction: Reduction,
) -> Result<Tensor> {
    check(function, margin, [anchor, positive, negative])?;
    // A distance is a float, and candle's functions panic on integers.
    let float = |tensor: &Tensor| match tensor.dtype().is_float() {
        true => Ok(tensor.clone()),
        false => tensor.to_dtype(DType::F32),
    };
    let triplet = [&float(anchor)?, &float(positive)?, &float(negative)?];
    nearer(function, triplet, margin, swap, reduction, |u, v| match distance_function {
        Some(distance) => distance(u, v),
        None => {
            let (u, v) = promote_and_broadcast(function, u, v)?;
            pairwise(function, &u, &v, 2.0, 1e-6)
        }
    })
}

fn check(function: &str, margin: f64, [a, p, n]: [&Tensor; 3]) -> Result<()> {
    if margin.is_nan() || margin <= 0.0 {
        return fail(
            function,
            format_args!("expected margin to be greater than 0, got {margin} instead"),
        );
    }
    if a.rank() != p.rank() || p.rank() != n.rank() {
        return fail_shape(
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

/// The loss of a triplet by its distances.
fn nearer(
    function: &'static str,
    [anchor, positive, negative]: [&Tensor; 3],
    margin: f64,
    swap: bool,
    reduction: Reduction,
    distance: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let [p, n] = [distance(anchor, positive)?, distance(anchor, negative)?];
    if !swap {
        let (p, n) = promote_and_broadcast(function, &p, &n)?;
        return elementwise::reduce(function, Nearer { margin }, reduction, [&p, &n], &[]);
    }
    let [p, n, s] = common(function, [&p, &n, &distance(positive, negative)?])?;
    elementwise::reduce(function, NearerOfTwo { margin }, reduction, [&p, &n, &s], &[])
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
