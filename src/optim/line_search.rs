//! The line search of LBFGS: a step length that fulfils Wolfe's strong conditions.
//!
//! The search first walks forward until the wanted length lies between two points, then narrows
//! them down, each time to the lowest point of the cubic through values and slopes of both.

use std::cmp::Ordering;

use candle_core::Result;

use super::sums::{dot, largest};
use crate::compute::number::Number;

/// How much of the fall that the slope promises is enough.
const ENOUGH: f64 = 1e-4;
/// How much of the first slope may be left.
const FLAT: f64 = 0.9;

/// A place on the line: how far, how high, the gradient there and its slope along the line.
#[derive(Clone)]
pub(super) struct Point<T> {
    pub t: f64,
    pub f: f64,
    pub g: Vec<T>,
    pub slope: f64,
}

/// The place that was found, and how often the loss was asked for. `evaluate` gives the loss and
/// its gradient at a distance.
pub(super) fn strong_wolfe<T: Number>(
    evaluate: &mut dyn FnMut(f64) -> Result<(f64, Vec<T>)>,
    direction: &[T],
    start: Point<T>,
    t: f64,
    tolerance_change: f64,
    limit: i64,
) -> Result<(Point<T>, usize)> {
    let mut count = 0;
    let mut at = |t: f64| -> Result<Point<T>> {
        count += 1;
        let (f, g) = evaluate(t)?;
        let slope = T::of(dot(&g, direction)).to_f64();
        Ok(Point { t, f, g, slope })
    };
    let search = Search { f: start.f, slope: start.slope };
    let mut point = at(t)?;
    let mut previous = start.clone();
    let mut round = 0;
    let bracket = loop {
        if round >= limit {
            break Bracket::Between(start, point);
        }
        let has_risen = round > 1 && point.f >= previous.f;
        if search.is_too_high(&point) || has_risen {
            break Bracket::Between(previous, point);
        }
        if search.is_flat(&point) {
            break Bracket::Found(point);
        }
        if point.slope >= 0.0 {
            break Bracket::Between(previous, point);
        }
        let bounds = (point.t + 0.01 * (point.t - previous.t), point.t * 10.0);
        let t = lowest(&previous, &point, bounds);
        previous = point;
        point = at(t)?;
        round += 1;
    };
    let found = match bracket {
        Bracket::Found(point) => point,
        Bracket::Between(a, b) => {
            let step = largest(direction);
            search.narrow(
                &mut at,
                [a, b],
                |width| width * step < tolerance_change,
                limit - round,
            )?
        }
    };
    Ok((found, count))
}

enum Bracket<T> {
    Found(Point<T>),
    Between(Point<T>, Point<T>),
}

/// Height and slope where the search began.
struct Search {
    f: f64,
    slope: f64,
}

impl Search {
    fn is_too_high<T>(&self, point: &Point<T>) -> bool {
        point.f > self.f + ENOUGH * point.t * self.slope
    }

    fn is_flat<T>(&self, point: &Point<T>) -> bool {
        point.slope.abs() <= -FLAT * self.slope
    }

    /// Narrows the bracket down and returns its lower end.
    fn narrow<T: Number>(
        &self,
        at: &mut dyn FnMut(f64) -> Result<Point<T>>,
        mut ends: [Point<T>; 2],
        is_narrow: impl Fn(f64) -> bool,
        rounds: i64,
    ) -> Result<Point<T>> {
        // A first height that is nan counts as the upper one, as in PyTorch.
        let lower = |ends: &[Point<T>; 2]| match ends[0].f.partial_cmp(&ends[1].f) {
            Some(Ordering::Less | Ordering::Equal) => 0,
            _ => 1,
        };
        let mut low = lower(&ends);
        let mut was_near_an_end = false;
        for _ in 0..rounds {
            let [a, b] = &ends;
            if is_narrow((b.t - a.t).abs()) {
                break;
            }
            let (left, right) = (a.t.min(b.t), a.t.max(b.t));
            let mut t = lowest(a, b, (left, right));
            // Without enough progress twice, or at the very end, step away from that end.
            let margin = 0.1 * (right - left);
            let is_near_an_end = (right - t).min(t - left) < margin;
            if is_near_an_end && (was_near_an_end || t >= right || t <= left) {
                let is_at_right = (t - right).abs() < (t - left).abs();
                t = if is_at_right { right - margin } else { left + margin };
                was_near_an_end = false;
            } else {
                was_near_an_end = is_near_an_end;
            }
            let point = at(t)?;
            let high = 1 - low;
            if self.is_too_high(&point) || point.f >= ends[low].f {
                ends[high] = point;
                low = lower(&ends);
                continue;
            }
            let is_found = self.is_flat(&point);
            if !is_found && point.slope * (ends[high].t - ends[low].t) >= 0.0 {
                ends[high] = ends[low].clone();
            }
            ends[low] = point;
            if is_found {
                break;
            }
        }
        let [a, b] = ends;
        Ok(if low == 0 { a } else { b })
    }
}

/// Where the cubic through both points is lowest, within bounds; their middle if it has no minimum.
fn lowest<T>(a: &Point<T>, b: &Point<T>, bounds: (f64, f64)) -> f64 {
    let (a, b) = if a.t <= b.t { (a, b) } else { (b, a) };
    let d1 = a.slope + b.slope - 3.0 * (a.f - b.f) / (a.t - b.t);
    let square = d1 * d1 - a.slope * b.slope;
    if square >= 0.0 {
        let d2 = square.sqrt();
        let t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2));
        // Not `clamp`, which panics where the bounds are the wrong way round.
        t.max(bounds.0).min(bounds.1)
    } else {
        (bounds.0 + bounds.1) / 2.0
    }
}
