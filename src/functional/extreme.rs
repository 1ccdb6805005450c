//! Largest and smallest values: candle shares their gradients wrongly.
//!
//! Those with the places where they are, whose gradient goes to one place, are in `torch`. Sums and means are in
//! `sum.rs`.

use std::cmp::Ordering;

use candle_core::{DType, Result, Shape, Tensor, WithDType};

use crate::compute::beside::Beside;
use crate::compute::copy::contiguous;
use crate::compute::loops::{self, PIECE, vectorized, vectorized_in_arrays};
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::threads;
use crate::error::fail_shape;
use crate::tensor::axis::{self, Axis};

/// The largest of all elements; nan if one is. Equal ones share the gradient.
///
/// Differs from candle, which gives each of them the whole gradient, and a nan only where it comes
/// first. See PyTorch's `max` without an axis.
///
/// # Errors
///
/// If there are no elements.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::max(&tensor!([1.0, 3.0, 2.0]))?.to_scalar::<f32>()?, 3.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn max(x: &Tensor) -> Result<Tensor> {
    of_all("torch::max", x, Ordering::Greater)
}

/// The smallest of all elements; as [`max`].
///
/// # Errors
///
/// If there are no elements.
pub fn min(x: &Tensor) -> Result<Tensor> {
    of_all("torch::min", x, Ordering::Less)
}

/// The largest element along an axis, which goes away; nan if one is. Equal ones share the gradient.
///
/// Differs from candle's `max`, which gives each of them the whole gradient. See PyTorch's `amax`.
///
/// # Errors
///
/// If the axis isn't there, or has no elements.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::amax(&tensor!([[1.0, 3.0], [2.0, 0.0]]), 1)?.to_vec1::<f32>()?, [3.0, 2.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn amax(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    extreme("torch::amax", x, &dim, Ordering::Greater, false)
}

/// The smallest element along an axis, which goes away; as [`amax`].
///
/// # Errors
///
/// As [`amax`].
pub fn amin(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    extreme("torch::amin", x, &dim, Ordering::Less, false)
}

/// [`amax`] that leaves the axis with one element, so that the result broadcasts to `x`.
///
/// # Errors
///
/// As [`amax`].
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::amax_keepdim(&tensor!([[1.0, 3.0]]), 1)?.to_vec2::<f32>()?, [[3.0]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn amax_keepdim(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    kept("torch::amax_keepdim", x, &dim, Ordering::Greater)
}

/// [`amin`] that leaves the axis with one element, so that the result broadcasts to `x`.
///
/// # Errors
///
/// As [`amax`].
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::amin_keepdim(&tensor!([[1.0, 3.0]]), 1)?.to_vec2::<f32>()?, [[1.0]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn amin_keepdim(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    kept("torch::amin_keepdim", x, &dim, Ordering::Less)
}

fn kept(function: &'static str, x: &Tensor, dim: &dyn Axis, order: Ordering) -> Result<Tensor> {
    let values = extreme(function, x, dim, order, false)?;
    if x.rank() == 0 { Ok(values) } else { values.unsqueeze(axis::resolve(function, x, dim)?) }
}

/// Where along an axis the largest element is, the first of equal ones.
pub(crate) fn argmax(x: &Tensor, dim: i64) -> Result<Tensor> {
    let axis = checked_axis("torch::argmax", x, &dim)?;
    if x.rank() == 0 {
        return Tensor::new(0i64, x.device());
    }
    let last = x.rank() - 1;
    let x = match x.dtype() {
        DType::F32 | DType::F64 => x.detach(),
        _ => x.detach().to_dtype(DType::F32)?,
    };
    let size = x.dims()[axis];
    let mut dims = x.dims().to_vec();
    dims.remove(axis);
    // The axis comes last, with the others in their order.
    let order = (0..=last).filter(|other| *other != axis).chain([axis]).collect::<Vec<_>>();
    let x = contiguous(&x.permute(order)?)?;
    let places = op::with_values(
        "torch::argmax",
        &x,
        |xs| places_of_winners(xs, size),
        |xs| places_of_winners(xs, size),
    )?;
    Tensor::from_vec(places?, dims, x.device())
}

/// For each row of `size` numbers, the place of the first of its largest ones; a nan is larger than any number.
fn places_of_winners<T: WithDType>(xs: &[T], size: usize) -> Result<Vec<i64>> {
    let rows = (PIECE / size).max(1);
    loops::fill(xs.len() / size, rows, |first, places| {
        for (place, row) in places.iter_mut().beside(xs[first * size..].chunks(size)) {
            *place = place_of(row, row_winner::<T, true>(row)) as i64;
        }
        Ok(())
    })
}

/// Where a row has its winner first.
fn place_of<T: WithDType>(row: &[T], winner: T) -> usize {
    const BLOCK: usize = 64;
    // Only a nan differs from itself, and where there is one, it has won.
    #[allow(clippy::eq_op)]
    let is_winner = |value: T| (value == winner) | (value != value);
    vectorized(
        #[inline(always)]
        || {
            // Whole blocks are looked through without a branch for each number.
            let has_winner = |block: &[T]| {
                block.iter().fold(false, |has_winner, value| has_winner | is_winner(*value))
            };
            let block = row.chunks(BLOCK).position(has_winner).unwrap_or(0) * BLOCK;
            let place = row[block..].iter().position(|value| is_winner(*value));
            block + place.unwrap_or(0)
        },
    )
}

/// Where along an axis the extreme is, for each line of elements; and the shape without the axis.
fn places(x: &Tensor, axis: usize, order: Ordering) -> Result<(Vec<usize>, Shape)> {
    let mut dims = x.dims().to_vec();
    let size = dims.remove(axis);
    let inner = x.dims()[axis + 1..].iter().product();
    fn among<T: WithDType>(
        x: &Tensor,
        order: Ordering,
        inner: usize,
        size: usize,
    ) -> Result<Vec<usize>> {
        op::with_elements::<T, _>(&x.contiguous()?, |xs| {
            let block = size * inner;
            let lines = xs
                .chunks_exact(block.max(1))
                .flat_map(|xs| (0..inner).map(move |line| &xs[line..]));
            Ok(lines.map(|line| first_extreme(line, order, inner)).collect())
        })
    }
    let x = x.detach();
    let places = match x.dtype() {
        DType::F64 => among::<f64>(&x, order, inner, size),
        DType::F32 => among::<f32>(&x, order, inner, size),
        dtype if dtype.is_int() => among::<i64>(&x.to_dtype(DType::I64)?, order, inner, size),
        _ => among::<f32>(&x.to_dtype(DType::F32)?, order, inner, size),
    };
    Ok((places?, Shape::from(dims)))
}

/// The place of the first extreme among every `step`-th element; a nan is beyond all numbers.
fn first_extreme<T: WithDType>(line: &[T], order: Ordering, step: usize) -> usize {
    let is_nan = |value: T| value.partial_cmp(&value).is_none();
    let (mut place, mut best) = (0, line[0]);
    for (index, value) in line.iter().step_by(step).enumerate() {
        if value.partial_cmp(&best) == Some(order) || is_nan(*value) && !is_nan(best) {
            (place, best) = (index, *value);
        }
    }
    place
}

/// The extremes of whole numbers, which have no gradient.
fn of_integers(x: &Tensor, axis: usize, order: Ordering) -> Result<Tensor> {
    let (places, shape) = places(x, axis, order)?;
    if places.is_empty() {
        return Tensor::zeros(shape, x.dtype(), x.device());
    }
    let places = places.into_iter().map(|place| place as u32).collect::<Vec<_>>();
    let places = Tensor::from_vec(places, shape, x.device())?.unsqueeze(axis)?;
    x.contiguous()?.gather(&places, axis)?.squeeze(axis)
}

fn of_all(function: &'static str, x: &Tensor, order: Ordering) -> Result<Tensor> {
    if x.elem_count() == 0 {
        return fail_shape(function, "expected at least one element, but the input is empty");
    }
    extreme(function, &x.flatten_all()?, &0, order, true)
}

fn checked_axis(function: &'static str, x: &Tensor, dim: &dyn Axis) -> Result<usize> {
    let axis = axis::resolve(function, x, dim)?;
    if x.dims().get(axis) == Some(&0) {
        return fail_shape(
            function,
            format_args!("Expected reduction dim {axis} to have non-zero size"),
        );
    }
    Ok(axis)
}

fn extreme(
    function: &'static str,
    x: &Tensor,
    dim: &dyn Axis,
    order: Ordering,
    is_of_all: bool,
) -> Result<Tensor> {
    let axis = checked_axis(function, x, dim)?;
    if x.rank() == 0 {
        return Ok(x.clone());
    }
    if x.dtype().is_int() {
        return of_integers(x, axis, order);
    }
    let mut dims = x.dims().to_vec();
    let size = dims.remove(axis);
    let inner = x.dims()[axis + 1..].iter().product();
    op::apply(function, Extreme { order, size, inner, is_of_all, shape: Shape::from(dims) }, [x])
}

struct Extreme {
    /// How the winner compares with the others: greater, or less.
    order: Ordering,
    /// Elements along the axis; neighbours are `inner` elements apart.
    size: usize,
    inner: usize,
    /// Whether the extreme is that of all elements, whose nans share the gradient; along an axis
    /// the gradient of a nan is nan.
    is_of_all: bool,
    shape: Shape,
}

impl Extreme {
    /// For each result, the index of the first element that it is chosen from.
    fn starts(&self) -> impl Iterator<Item = usize> + '_ {
        let block = self.size * self.inner;
        let start = move |index: usize| index / self.inner * block + index % self.inner;
        (0..self.shape.elem_count()).map(start)
    }

    fn winner<T: WithDType>(&self, xs: &[T], start: usize) -> T {
        let values = xs[start..].iter().step_by(self.inner).take(self.size);
        let better = self.better();
        values.fold(xs[start], |best, value| better(*value, best))
    }

    /// The one of two that wins; a nan wins over every number.
    fn better<T: WithDType>(&self) -> fn(T, T) -> T {
        match self.order {
            Ordering::Less => better::<T, false>,
            _ => better::<T, true>,
        }
    }

    /// The winners of all results.
    fn winners<T: WithDType, const IS_LARGEST: bool>(&self, xs: &[T]) -> Result<Vec<T>> {
        let (size, inner) = (self.size, self.inner);
        let count = self.shape.elem_count();
        if inner == 1 && size > PIECE {
            let of_row = |row: &[T]| {
                threads::collect(row.len().div_ceil(PIECE), 1, |index| {
                    let end = row.len().min((index + 1) * PIECE);
                    row_winner::<T, IS_LARGEST>(&row[index * PIECE..end])
                })
            };
            let winners = xs.chunks(size).map(|row| row_winner::<T, IS_LARGEST>(&of_row(row)));
            return Ok(winners.collect());
        }
        if inner == 1 {
            let rows = (PIECE / size).max(1);
            return loops::fill(count, rows, |first, winners| {
                let xs = xs[first * size..].chunks(size);
                let pairs = winners.iter_mut().beside(xs);
                pairs.for_each(|(winner, row)| *winner = row_winner::<T, IS_LARGEST>(row));
                Ok(())
            });
        }
        let mut winners = vec![T::zero(); count];
        let least = PIECE.div_ceil(size * inner);
        threads::pieces(&mut winners, inner, least, &|block, winners| {
            let xs = &xs[block * size * inner..][..size * inner];
            threads::pieces(winners, COLUMNS, 1, &|tile, winners| {
                let xs = &xs[tile * COLUMNS..];
                column_winners::<T, IS_LARGEST>(xs, inner, winners);
            });
        });
        Ok(winners)
    }
}

/// How many columns one thread looks at together.
const COLUMNS: usize = 256;

/// The one of two that wins: the larger or the smaller one, or the first if it is nan.
#[inline(always)]
pub(crate) fn better<T: WithDType, const IS_LARGEST: bool>(value: T, best: T) -> T {
    let wins = if IS_LARGEST { value > best } else { value < best };
    // Only a nan differs from itself.
    #[allow(clippy::eq_op)]
    let is_nan = value != value;
    if wins | is_nan { value } else { best }
}

/// The winner of neighbours.
pub(crate) fn row_winner<T: WithDType, const IS_LARGEST: bool>(row: &[T]) -> T {
    const LANES: usize = 32;
    vectorized_in_arrays(
        #[inline(always)]
        || {
            let mut lanes = [row[0]; LANES];
            let blocks = row.chunks_exact(LANES);
            let rest = blocks.remainder();
            for block in blocks {
                for (lane, value) in lanes.iter_mut().beside(block) {
                    *lane = better::<T, IS_LARGEST>(*value, *lane);
                }
            }
            let of = |best, value: &T| better::<T, IS_LARGEST>(*value, best);
            let best = lanes.iter().fold(row[0], of);
            rest.iter().fold(best, of)
        },
    )
}

/// The winners of columns whose elements are `step` apart.
fn column_winners<T: WithDType, const IS_LARGEST: bool>(xs: &[T], step: usize, winners: &mut [T]) {
    vectorized(
        #[inline(always)]
        || {
            winners.copy_from_slice(&xs[..winners.len()]);
            let width = winners.len();
            for rows in xs.chunks(2 * step) {
                if rows.len() < step + width {
                    let pairs = winners.iter_mut().beside(rows);
                    pairs.for_each(|(it, value)| *it = better::<T, IS_LARGEST>(*value, *it));
                    continue;
                }
                let pairs = rows[..width].iter().beside(&rows[step..][..width]);
                for (winner, (first, second)) in winners.iter_mut().beside(pairs) {
                    let best = better::<T, IS_LARGEST>(*first, *winner);
                    *winner = better::<T, IS_LARGEST>(*second, best);
                }
            }
        },
    );
}

impl Op for Extreme {
    fn forward<T: WithDType>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let values = match self.order {
            _ if self.shape.elem_count() == 0 => Vec::new(),
            Ordering::Less => self.winners::<T, false>(args[0])?,
            _ => self.winners::<T, true>(args[0])?,
        };
        Ok((values, self.shape.clone()))
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let xs = call.args[0];
        let mut grads = vec![T::zero(); xs.len()];
        for (start, grad) in self.starts().beside(call.grad) {
            let best = self.winner(xs, start);
            let is_nan = best.partial_cmp(&best).is_none();
            let wins = |value: T| value == best || is_nan && value.partial_cmp(&value).is_none();
            let places = (start..).step_by(self.inner).take(self.size);
            if is_nan && !self.is_of_all {
                // PyTorch shares the gradient among the elements that equal nan, of which there are
                // none: 0 / 0.
                places.for_each(|place| grads[place] = T::from_f64(f64::NAN));
                continue;
            }
            let places = places.filter(|place| wins(xs[*place])).collect::<Vec<_>>();
            let share = T::from_f64(grad.to_f64() / places.len() as f64);
            places.into_iter().for_each(|place| grads[place] = share);
        }
        Ok(vec![Some(grads)])
    }
}
