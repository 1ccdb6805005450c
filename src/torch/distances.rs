//! The distances of each row of one matrix from each row of another, without all differences in memory at a time.
//!
//! The common norms add up lanes of distances side by side; the others take each pair of rows by itself.
#![allow(clippy::needless_range_loop)] // An index runs over several arrays at once.

use candle_core::{D, Result, Shape, Tensor};

use super::products::same_dtype;
use super::reduce::Norm;
use super::rows::RowFunction;
use crate::compute::beside::{Beside, each};
use crate::compute::loops::{self, PIECE, vectorized};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::recording;
use crate::error::fail;
use crate::tensor::promote::{broadcast_shape, broadcast_to};
use crate::tensor::size;

/// The distances of each row of `a` from each row of `b`, by the `p`-norm: 2 is the common one.
///
/// ```text
/// cdist(a, b, p)[i, j] = (|a[i, 0] - b[j, 0]|^p + ..)^(1/p)
/// ```
///
/// # Shapes
///
/// `(.., n, d)` and `(.., m, d)` give `(.., n, m)`; the front axes broadcast.
///
/// # Errors
///
/// If the shapes or dtypes don't fit, for integers, and for a negative `p`. See PyTorch's `cdist`.
///
/// ```
/// use akari::prelude::*;
/// let y = torch::cdist(&tensor!([[0., 0.]]), &tensor!([[3., 4.], [0., 1.]]), 2.0)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[5., 1.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cdist(a: &Tensor, b: &Tensor, p: f64) -> Result<Tensor> {
    const NAME: &str = "torch::cdist";
    for (name, x) in [("X1", a), ("X2", b)] {
        if x.rank() < 2 {
            return fail(
                NAME,
                format_args!("cdist only supports at least 2D tensors, {name} got: {}D", x.rank()),
            );
        }
    }
    same_dtype(NAME, a, b)?;
    let (columns, others) = (a.dim(D::Minus1)?, b.dim(D::Minus1)?);
    if columns != others {
        return fail(
            NAME,
            format_args!(
                "X1 and X2 must have the same number of columns. X1: {columns} X2: {others}"
            ),
        );
    }
    if p.is_nan() || p < 0.0 {
        return fail(NAME, "cdist only supports non-negative p values");
    }
    let (rows, others) = (a.dim(D::Minus2)?, b.dim(D::Minus2)?);
    let front = |x: &Tensor| x.dims()[..x.rank() - 2].to_vec();
    let front = broadcast_shape(NAME, &front(a), &front(b))?.into_dims();
    let wide = |x: &Tensor| {
        let dims = [&front[..], &x.dims()[x.rank() - 2..]].concat();
        broadcast_to(&recording::argument(x), &dims.into())
    };
    let shape = [&front[..], &[rows, others]].concat();
    size::checked(NAME, &shape, a.dtype().size_in_bytes())?;
    let op = Distances { p, rows, others, columns, shape: shape.into() };
    op::apply(NAME, op, [&wide(a)?, &wide(b)?])
}

struct Distances {
    p: f64,
    /// The rows of a matrix of `a`, and of `b`.
    rows: usize,
    others: usize,
    columns: usize,
    shape: Shape,
}

/// Distances that are worked out side by side.
const LANES: usize = 32;

/// Rows whose distances are worked out at once: so many sums that none waits for the one before it.
const ROWS: usize = 4;

/// After how many terms sums in the numbers' own type go over to `f64`.
const BLOCK: usize = 64;

impl Distances {
    /// How many rows one thread takes at a time, each of which meets `others`.
    fn rows_at_once(&self, others: usize) -> usize {
        (2 * PIECE / (others * self.columns).max(1)).max(1).next_multiple_of(ROWS)
    }

    /// The distances of `N` rows from some rows, `LANES` of them side by side in `packed`: what is read of these serves
    /// all `N`.
    #[inline(always)]
    fn side_by_side<T: Number, const N: usize>(
        &self,
        rows: [&[T]; N],
        packed: &[[T; LANES]],
        out: &mut [[T; LANES]; N],
    ) {
        let (is_square, is_short) = (self.p == 2.0, packed.len() <= BLOCK);
        let mut totals = [[0.0; LANES]; N];
        for start in (0..packed.len()).step_by(BLOCK) {
            let packed = &packed[start..packed.len().min(start + BLOCK)];
            let rows = each(rows, |row| &row[start..][..packed.len()]);
            let mut sums = [[T::ZERO; LANES]; N];
            for (column, others) in packed.iter().enumerate() {
                // Copies of what is read and added to, in loops over an index: the compiler keeps these in registers.
                let others = *others;
                for at in 0..N {
                    let (x, mut of_row) = (rows[at][column], sums[at]);
                    for lane in 0..LANES {
                        let difference = x - others[lane];
                        of_row[lane] = if is_square {
                            difference.mul_add(difference, of_row[lane])
                        } else {
                            of_row[lane] + Number::abs(difference)
                        };
                    }
                    sums[at] = of_row;
                }
            }
            if is_square && is_short {
                // The root of a number of this type, rounded, is that of the same number in `f64`.
                for at in 0..N {
                    for lane in 0..LANES {
                        out[at][lane] = Number::sqrt(sums[at][lane]);
                    }
                }
                return;
            }
            for at in 0..N {
                for lane in 0..LANES {
                    totals[at][lane] += sums[at][lane].wide();
                }
            }
        }
        for at in 0..N {
            for lane in 0..LANES {
                let total = totals[at][lane];
                out[at][lane] = T::of(if is_square { total.sqrt() } else { total });
            }
        }
    }

    /// The distances of some rows of one matrix from all rows that they meet.
    fn between_rows<T: Number, const N: usize>(
        &self,
        rows: [&[T]; N],
        packed: &[[T; LANES]],
        out: [&mut [T]; N],
    ) {
        T::vectorized(
            #[inline(always)]
            || {
                for (block, packed) in packed.chunks(self.columns).enumerate() {
                    let mut distances = [[T::ZERO; LANES]; N];
                    self.side_by_side(rows, packed, &mut distances);
                    let first = block * LANES;
                    for at in 0..N {
                        let out = &mut out[at][first..];
                        let count = out.len().min(LANES);
                        out[..count].copy_from_slice(&distances[at][..count]);
                    }
                }
            },
        );
    }

    /// The rows of the matrices of `b`, some of which lie side by side in each block of `columns` arrays.
    fn packed<T: Number>(&self, b: &[T]) -> Vec<[T; LANES]> {
        let (others, columns) = (self.others, self.columns);
        let blocks = others.div_ceil(LANES);
        let mut packed = vec![[T::ZERO; LANES]; b.len() / (others * columns) * blocks * columns];
        let matrices = packed.chunks_mut(blocks * columns).beside(b.chunks(others * columns));
        for (packed, matrix) in matrices {
            for (other, row) in matrix.chunks(columns).enumerate() {
                let packed = &mut packed[other / LANES * columns..][..columns];
                packed.iter_mut().beside(row).for_each(|(lanes, x)| lanes[other % LANES] = *x);
            }
        }
        packed
    }

    /// The gradients of the rows of one side, which meet the rows of the other; `at` gives the index of the pair
    /// of a matrix's row and other row.
    fn gradients<T: Number>(
        &self,
        (xs, rows): (&[T], usize),
        (ys, others): (&[T], usize),
        (distances, grads): (&[T], &[T]),
        at: impl Fn(usize, usize) -> usize + Sync,
    ) -> Result<Vec<T>> {
        let columns = self.columns;
        let some = self.rows_at_once(others);
        loops::fill(xs.len(), some * columns, |start, out: &mut [T]| {
            let (mut difference, mut slopes) = (vec![T::ZERO; columns], vec![T::ZERO; columns]);
            let mut factors = [T::ZERO; BLOCK];
            let (mut totals, mut sums) = (vec![0.0; columns], vec![T::ZERO; columns]);
            for (row, out) in (start / columns..).beside(out.chunks_mut(columns)) {
                let (matrix, row) = (row / rows, row % rows);
                let x = &xs[(matrix * rows + row) * columns..][..columns];
                let ys = &ys[matrix * others * columns..][..others * columns];
                let pairs = matrix * rows * others;
                totals.fill(0.0);
                for (block, ys) in ys.chunks(BLOCK * columns).enumerate() {
                    sums.fill(T::ZERO);
                    let given = |other: usize| {
                        let pair = pairs + at(row, other);
                        (distances[pair], grads[pair])
                    };
                    if self.p == 2.0 || self.p == 1.0 {
                        let factors = &mut factors[..ys.len() / columns];
                        for (other, factor) in (block * BLOCK..).beside(factors.iter_mut()) {
                            let (distance, grad) = given(other);
                            // Equal rows have no slope; their differences are finite, and 0 times these is 0.
                            *factor = if self.p == 1.0 {
                                grad
                            } else if distance == T::ZERO {
                                T::ZERO
                            } else {
                                grad / distance
                            };
                        }
                        if self.p == 2.0 {
                            add_slopes(
                                (x, ys),
                                factors,
                                &mut sums,
                                #[inline(always)]
                                |difference| difference,
                            );
                        } else {
                            add_slopes((x, ys), factors, &mut sums, Number::sign);
                        }
                        totals
                            .iter_mut()
                            .beside(&sums)
                            .for_each(|(total, sum)| *total += sum.wide());
                        continue;
                    }
                    for (other, y) in (block * BLOCK..).beside(ys.chunks(columns)) {
                        let (distance, grad) = given(other);
                        difference
                            .iter_mut()
                            .beside(x.iter().beside(y))
                            .for_each(|(d, (x, y))| *d = *x - *y);
                        slopes.fill(T::ZERO);
                        Norm(self.p).gradient(&difference, distance, grad, &mut slopes);
                        sums.iter_mut().beside(&slopes).for_each(|(sum, slope)| *sum += *slope);
                    }
                    totals.iter_mut().beside(&sums).for_each(|(total, sum)| *total += sum.wide());
                }
                out.iter_mut().beside(&totals).for_each(|(out, total)| *out = T::of(*total));
            }
            Ok(())
        })
    }
}

/// Adds the slopes at the differences of a row from others, each times its factor.
fn add_slopes<T: Number>(
    (x, ys): (&[T], &[T]),
    factors: &[T],
    sums: &mut [T],
    slope: impl Fn(T) -> T + Copy,
) {
    /// How many columns are added up in registers.
    const COLUMNS: usize = 32;
    let columns = x.len();
    vectorized(
        #[inline(always)]
        || {
            let whole = columns / COLUMNS * COLUMNS;
            for first in (0..whole).step_by(COLUMNS) {
                let x = &x[first..][..COLUMNS];
                let mut lanes = [T::ZERO; COLUMNS];
                for (y, factor) in ys.chunks_exact(columns).beside(factors) {
                    let y = &y[first..][..COLUMNS];
                    // A copy, which the compiler keeps in registers.
                    let mut sums = lanes;
                    for at in 0..COLUMNS {
                        sums[at] = factor.mul_add(slope(x[at] - y[at]), sums[at]);
                    }
                    lanes = sums;
                }
                sums[first..][..COLUMNS].copy_from_slice(&lanes);
            }
            for column in whole..columns {
                for (y, factor) in ys.chunks_exact(columns).beside(factors) {
                    sums[column] = factor.mul_add(slope(x[column] - y[column]), sums[column]);
                }
            }
        },
    );
}

impl Op for Distances {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let (a, b, Distances { rows, others, columns, .. }) = (args[0], args[1], self);
        let (rows, others, columns, len) = (*rows, *others, *columns, self.shape.elem_count());
        if len == 0 || columns == 0 {
            return Ok((loops::zeros(len), self.shape.clone()));
        }
        let some = self.rows_at_once(others);
        let row_of = |row: usize| &a[row * columns..][..columns];
        if self.p == 1.0 || self.p == 2.0 {
            let packed = self.packed(b);
            let of_matrix = packed.len() / (len / (rows * others));
            let distances = loops::fill(len, some * others, |start, out: &mut [T]| {
                let (mut row, mut out) = (start / others, out);
                while !out.is_empty() {
                    let packed = &packed[row / rows * of_matrix..][..of_matrix];
                    // Some rows at once, where all are of one matrix and of this piece.
                    let are_there = row % rows + ROWS <= rows && out.len() >= ROWS * others;
                    let count = if are_there { ROWS } else { 1 };
                    let (some, rest) = out.split_at_mut(count * others);
                    let mut lines = some.chunks_exact_mut(others);
                    match (lines.next(), lines.next(), lines.next(), lines.next()) {
                        (Some(a), Some(b), Some(c), Some(d)) => {
                            let rows = each([0, 1, 2, 3], |next| row_of(row + next));
                            self.between_rows(rows, packed, [a, b, c, d]);
                        }
                        (Some(one), ..) => self.between_rows([row_of(row)], packed, [one]),
                        _ => {}
                    }
                    (row, out) = (row + count, rest);
                }
                Ok(())
            });
            return Ok((distances?, self.shape.clone()));
        }
        let distances = loops::fill(len, some * others, |start, out: &mut [T]| {
            let mut difference = vec![T::ZERO; columns];
            for (pair, out) in (start..).beside(out) {
                let (row, other) = (pair / others, pair % others);
                let y = &b[(row / rows * others + other) * columns..][..columns];
                let pairs = row_of(row).iter().beside(y);
                difference.iter_mut().beside(pairs).for_each(|(d, (x, y))| *d = *x - *y);
                *out = Norm(self.p).value(&difference);
            }
            Ok(())
        });
        Ok((distances?, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let (rows, others) = (self.rows, self.others);
        let (a, b) = ((call.args[0], rows), (call.args[1], others));
        let given = (call.result, call.grad);
        let of_a = || self.gradients(a, b, given, |row, other| row * others + other);
        let of_b = || self.gradients(b, a, given, |row, other| other * others + row);
        Ok(vec![call.wanted[0].then(of_a).transpose()?, call.wanted[1].then(of_b).transpose()?])
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::*;
    use crate::torch;

    fn var(dims: &[usize], seed: usize) -> Var {
        let count = dims.iter().product::<usize>();
        let values = (0..count).map(|index| ((index * 37 + seed) % 101) as f64 / 50.0 - 1.0);
        let values = values.collect::<Vec<_>>();
        Var::from_tensor(&Tensor::from_vec(values, dims, &Device::Cpu).unwrap()).unwrap()
    }

    fn numbers(x: &Tensor) -> Vec<f64> {
        x.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    /// The distances by all differences, and the gradients of both sides.
    #[test]
    fn distances_and_gradients_are_those_of_all_differences() {
        for (a, b) in [
            (&[3, 5][..], &[2, 5][..]),
            (&[40, 70], &[37, 70]),
            (&[2, 1, 4, 3], &[3, 5, 3]),
            (&[0, 3], &[2, 3]),
        ] {
            for p in [0.0, 0.5, 1.0, 2.0, 3.0, f64::INFINITY] {
                let (a, b) = (var(a, 1), var(b, 50));
                let all = |a: &Tensor, b: &Tensor| {
                    let difference = torch::sub(
                        a.unsqueeze(a.rank() - 1).unwrap(),
                        b.unsqueeze(b.rank() - 2).unwrap(),
                    );
                    torch::norm_with(&difference.unwrap(), p, -1, false).unwrap()
                };
                let (found, expected) = (cdist(&a, &b, p).unwrap(), all(&a, &b));
                assert_eq!(found.dims(), expected.dims());
                let mut pairs = vec![(numbers(&found), numbers(&expected))];
                let weights = var(found.dims(), 7);
                let grads = |y: &Tensor| {
                    torch::sum(&(y * weights.as_tensor()).unwrap()).unwrap().backward().unwrap()
                };
                let (of_found, of_expected) = (grads(&found), grads(&expected));
                for side in [&a, &b] {
                    let of = |grads: &candle_core::backprop::GradStore| {
                        numbers(grads.get(side.as_tensor()).unwrap())
                    };
                    pairs.push((of(&of_found), of(&of_expected)));
                }
                for (found, expected) in pairs {
                    for (x, y) in found.iter().zip(&expected) {
                        assert!((x - y).abs() < 1e-9 * (1.0 + y.abs()), "p {p}: {x} for {y}");
                    }
                }
            }
        }
    }
}
