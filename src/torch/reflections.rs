//! QR by Householder's reflections, which give LAPACK's signs.

use super::dense::{Decomposition, Size, product, transposed};
use crate::compute::beside::Beside;

/// `A = Q R`
pub(super) struct Qr(pub(super) Size);

impl Decomposition for Qr {
    fn factors(&self, mut a: Vec<f64>) -> Vec<f64> {
        let Size { m, n, k } = self.0;
        let mut reflections = Vec::with_capacity(k);
        for step in 0..k {
            let column = (step..m).map(|row| a[row * n + step]).collect::<Vec<_>>();
            let reflection = Reflection::of(column);
            reflection.apply(&mut a, n, step, step..n);
            reflections.push(reflection);
        }
        // Q is what the reflections make of the first columns of the identity.
        let mut q = vec![0.0; m * k];
        (0..k).for_each(|at| q[at * k + at] = 1.0);
        for (step, reflection) in reflections.iter().enumerate().rev() {
            reflection.apply(&mut q, k, step, 0..k);
        }
        let upper = |at: usize| if at / n <= at % n { a[at] } else { 0.0 };
        q.into_iter().chain((0..k * n).map(upper)).collect()
    }

    fn gradient(&self, factors: &[f64], grads: &[f64]) -> Vec<f64> {
        let Size { m, n, k } = self.0;
        let ((q, r), (of_q, of_r)) = (factors.split_at(m * k), grads.split_at(m * k));
        let columns = |x: &[f64], range: std::ops::Range<usize>| {
            x.chunks(n.max(1))
                .flat_map(|row| row[range.clone()].iter().copied())
                .collect::<Vec<_>>()
        };
        // Columns beyond the square are products with Q, and change Q's gradient.
        let rest = columns(of_r, k..n);
        let beyond = product(q, &columns(r, k..n), k, n - k);
        let mut of_q = of_q.to_vec();
        let more = product(&beyond, &transposed(&rest, k, n - k), n - k, k);
        of_q.iter_mut().beside(more).for_each(|(sum, x)| *sum += x);
        let (r, of_r) = (columns(r, 0..k), columns(of_r, 0..k));
        let mut middle = product(&r, &transposed(&of_r, k, k), k, k);
        let back = product(&transposed(&of_q, m, k), q, m, k);
        middle.iter_mut().beside(back).for_each(|(sum, x)| *sum -= x);
        let lower = (0..k * k).map(|at| middle[at.max(at % k * k + at / k)]).collect::<Vec<_>>();
        of_q.iter_mut().beside(product(q, &lower, k, k)).for_each(|(sum, x)| *sum += x);
        let first = rows_by_upper(&of_q, &r, k);
        let rest = product(q, &rest, k, n - k);
        let joined = first.chunks(k.max(1)).enumerate().flat_map(|(row, first)| {
            first.iter().chain(&rest[row * (n - k)..][..n - k]).copied().collect::<Vec<_>>()
        });
        joined.collect()
    }
}

/// For each row `b` the `x` with `x Rᵀ = b`, of an upper triangle `R`.
fn rows_by_upper(rows: &[f64], r: &[f64], k: usize) -> Vec<f64> {
    let mut solved = rows.to_vec();
    for row in solved.chunks_mut(k.max(1)) {
        for at in (0..k).rev() {
            let known = (at + 1..k).map(|after| r[at * k + after] * row[after]).sum::<f64>();
            row[at] = (row[at] - known) / r[at * k + at];
        }
    }
    solved
}

/// `1 - τ v vᵀ`, which takes a column to a multiple of the first unit vector.
struct Reflection {
    tau: f64,
    v: Vec<f64>,
}

impl Reflection {
    fn of(mut column: Vec<f64>) -> Reflection {
        let alpha = column[0];
        let below = column[1..].iter().map(|x| x * x).sum::<f64>();
        if below == 0.0 {
            return Reflection { tau: 0.0, v: column };
        }
        let beta = -(alpha * alpha + below).sqrt().copysign(alpha);
        column[0] = 1.0;
        column[1..].iter_mut().for_each(|x| *x /= alpha - beta);
        Reflection { tau: (beta - alpha) / beta, v: column }
    }

    /// Reflects some columns of a matrix with rows of `width`, from the row `first` on.
    fn apply(&self, a: &mut [f64], width: usize, first: usize, columns: std::ops::Range<usize>) {
        for column in columns {
            let place = |row: usize| (first + row) * width + column;
            let along = self.v.iter().enumerate().map(|(row, v)| v * a[place(row)]).sum::<f64>();
            for (row, v) in self.v.iter().enumerate() {
                a[place(row)] -= self.tau * along * v;
            }
        }
    }
}
