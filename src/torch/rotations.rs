//! Singular values and symmetric eigenvalues by Jacobi's rotations, each of which makes two rows orthogonal.

use super::dense::{Decomposition, Size, identity, product, transposed};
use crate::compute::beside::Beside;

/// The cosine and sine of the rotation that makes two columns orthogonal, whose squares sum to `alpha` and `beta` and
/// whose product is `gamma`.
fn rotation(alpha: f64, beta: f64, gamma: f64) -> (f64, f64) {
    let zeta = (beta - alpha) / (2.0 * gamma);
    let tangent = 1.0f64.copysign(zeta) / (zeta.abs() + zeta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    (cosine, cosine * tangent)
}

/// Turns two rows of a matrix into each other.
fn rotate(a: &mut [f64], width: usize, (p, q): (usize, usize), (cosine, sine): (f64, f64)) {
    for column in 0..width {
        let (x, y) = (a[p * width + column], a[q * width + column]);
        a[p * width + column] = cosine * x - sine * y;
        a[q * width + column] = sine * x + cosine * y;
    }
}

/// So many rounds are never needed: each squares what is left over.
const ROUNDS: usize = 60;

/// `A = U diag(S) Vh`
pub(super) struct Svd(pub(super) Size);

impl Svd {
    /// The rows of `a` (`count` of them, of `width`) turned into orthogonal ones, and the product of all rotations.
    fn orthogonal(a: &mut [f64], count: usize, width: usize) -> Vec<f64> {
        let mut turned = identity(count);
        let dot = |a: &[f64], p: usize, q: usize| {
            let (x, y) = (&a[p * width..][..width], &a[q * width..][..width]);
            x.iter().beside(y).map(|(x, y)| x * y).sum::<f64>()
        };
        for _ in 0..ROUNDS {
            let mut is_done = true;
            for p in 0..count {
                for q in p + 1..count {
                    let (alpha, beta, gamma) = (dot(a, p, p), dot(a, q, q), dot(a, p, q));
                    if gamma.abs() <= f64::EPSILON * (alpha * beta).sqrt() || gamma == 0.0 {
                        continue;
                    }
                    is_done = false;
                    let angle = rotation(alpha, beta, gamma);
                    rotate(a, width, (p, q), angle);
                    rotate(&mut turned, count, (p, q), angle);
                }
            }
            if is_done {
                break;
            }
        }
        turned
    }
}

/// Rows of length 1 in the direction of these, which are orthogonal; one of no length becomes any that is orthogonal
/// to the others.
fn unit_rows(rows: &mut [f64], width: usize, lengths: &[f64]) {
    let largest = lengths.iter().copied().fold(0.0, f64::max);
    for (at, length) in lengths.iter().enumerate() {
        if *length > largest * 1e-150 && *length > 0.0 {
            rows[at * width..][..width].iter_mut().for_each(|x| *x /= length);
            continue;
        }
        for axis in 0..width {
            let mut unit = vec![0.0; width];
            unit[axis] = 1.0;
            // Twice, since the first difference may have lost its digits.
            for _ in 0..2 {
                for (other, row) in rows.chunks(width).enumerate().take(lengths.len()) {
                    if other < at || lengths[other] > largest * 1e-150 && other != at {
                        let size = row.iter().map(|x| x * x).sum::<f64>();
                        let along = row.iter().beside(&unit).map(|(x, y)| x * y).sum::<f64>();
                        unit.iter_mut().beside(row).for_each(|(x, y)| *x -= along / size * y);
                    }
                }
            }
            let length = unit.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length > 0.5 / (width as f64).sqrt() {
                unit.iter_mut().for_each(|x| *x /= length);
                rows[at * width..][..width].copy_from_slice(&unit);
                break;
            }
        }
    }
}

impl Decomposition for Svd {
    fn factors(&self, a: Vec<f64>) -> Vec<f64> {
        let Size { m, n, k } = self.0;
        // The fewer of rows and columns are turned, as rows.
        let is_wide = n > m;
        let (mut a, width) = if is_wide { (a, n) } else { (transposed(&a, m, n), m) };
        let turned = Svd::orthogonal(&mut a, k, width);
        let length =
            |row: usize| a[row * width..][..width].iter().map(|x| x * x).sum::<f64>().sqrt();
        let mut order = (0..k).map(|row| (length(row), row)).collect::<Vec<_>>();
        order.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let pick = |rows: &[f64], width: usize| {
            order
                .iter()
                .flat_map(|(_, row)| rows[row * width..][..width].iter().copied())
                .collect::<Vec<_>>()
        };
        let lengths = order.iter().map(|(length, _)| *length).collect::<Vec<_>>();
        let (mut long, short) = (pick(&a, width), pick(&turned, k));
        unit_rows(&mut long, width, &lengths);
        let (u, vh) = if is_wide {
            (transposed(&short, k, k), long)
        } else {
            (transposed(&long, k, m), short)
        };
        [u, lengths, vh].concat()
    }

    fn gradient(&self, factors: &[f64], grads: &[f64]) -> Vec<f64> {
        let Size { m, n, k } = self.0;
        let parts = |all: &[f64]| {
            let ((u, s), vh) = (all[..m * k + k].split_at(m * k), &all[m * k + k..]);
            (u.to_vec(), s.to_vec(), vh.to_vec())
        };
        let ((u, s, vh), (of_u, of_s, of_vh)) = (parts(factors), parts(grads));
        let (turned_u, v, of_v) =
            (transposed(&u, m, k), transposed(&vh, k, n), transposed(&of_vh, k, n));
        let in_u = product(&turned_u, &of_u, m, k);
        let in_v = product(&vh, &of_v, n, k);
        let skew = |x: &[f64], at: usize| x[at] - x[at % k * k + at / k];
        let inner = (0..k * k).map(|at| {
            let (i, j) = (at / k, at % k);
            if i == j {
                return of_s[i];
            }
            let distance = (s[j] - s[i]) * (s[j] + s[i]);
            (skew(&in_u, at) * s[j] + s[i] * skew(&in_v, at)) / distance
        });
        let inner = inner.collect::<Vec<_>>();
        let mut all = product(&u, &inner, k, k);
        if m > k {
            // What of U's gradient is outside of the space of its columns.
            let outside = of_u.iter().beside(product(&u, &in_u, k, k)).map(|(x, y)| x - y);
            all.iter_mut()
                .beside(outside)
                .enumerate()
                .for_each(|(at, (sum, x))| *sum += x / s[at % k]);
        }
        let mut grad = product(&all, &vh, k, n);
        if n > k {
            let outside = of_v.iter().beside(product(&v, &in_v, k, k)).map(|(x, y)| x - y);
            let outside = outside.enumerate().map(|(at, x)| x / s[at % k]).collect::<Vec<_>>();
            let more = product(&u, &transposed(&outside, n, k), k, n);
            grad.iter_mut().beside(more).for_each(|(sum, x)| *sum += x);
        }
        grad
    }
}

/// `A = V diag(λ) Vᵀ`, of a size
pub(super) struct Eigh(pub(super) usize);

impl Decomposition for Eigh {
    fn factors(&self, a: Vec<f64>) -> Vec<f64> {
        let n = self.0;
        let mut a = (0..n * n).map(|at| a[at.max(at % n * n + at / n)]).collect::<Vec<_>>();
        let mut vectors = identity(n);
        let smallest = 1e-18 * a.iter().map(|x| x * x).sum::<f64>().sqrt();
        for _ in 0..ROUNDS {
            let mut is_done = true;
            for p in 0..n {
                for q in p + 1..n {
                    let (alpha, beta, gamma) = (a[p * n + p], a[q * n + q], a[p * n + q]);
                    if gamma.abs() <= smallest {
                        continue;
                    }
                    is_done = false;
                    let angle = rotation(alpha, beta, gamma);
                    rotate(&mut a, n, (p, q), angle);
                    a = transposed(&a, n, n);
                    rotate(&mut a, n, (p, q), angle);
                    rotate(&mut vectors, n, (p, q), angle);
                }
            }
            if is_done {
                break;
            }
        }
        let mut order = (0..n).collect::<Vec<_>>();
        order.sort_by(|i, j| a[i * n + i].total_cmp(&a[j * n + j]));
        let rows = order.iter().flat_map(|row| vectors[row * n..][..n].iter().copied());
        let columns = transposed(&rows.collect::<Vec<_>>(), n, n);
        order.iter().map(|at| a[at * n + at]).chain(columns).collect()
    }

    fn gradient(&self, factors: &[f64], grads: &[f64]) -> Vec<f64> {
        let n = self.0;
        let ((values, vectors), (of_values, of_vectors)) = (factors.split_at(n), grads.split_at(n));
        let turned = transposed(vectors, n, n);
        let along = product(&turned, of_vectors, n, n);
        let inner = (0..n * n).map(|at| {
            let (i, j) = (at / n, at % n);
            if i == j {
                return of_values[i];
            }
            // Eigenvectors turn, and what turns has no symmetric part. What nobody asks for is no 0 / 0 of equal
            // eigenvalues.
            let turn = (along[at] - along[j * n + i]) / 2.0;
            if turn == 0.0 { 0.0 } else { turn / (values[j] - values[i]) }
        });
        let inner = inner.collect::<Vec<_>>();
        product(&product(vectors, &inner, n, n), &turned, n, n)
    }
}
