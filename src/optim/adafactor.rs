//! Adafactor: a mean of squares that is kept by rows and columns only.

use candle_core::Result;

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint};
use super::rule::Rule;
use super::sums::square_sum;
use super::sweep::{Sweep, lerp};
use crate::compute::beside::Beside;
use crate::compute::loops::PARALLEL_FROM;
use crate::compute::number::Number;
use crate::compute::sums::dot_by;
use crate::compute::threads;
use crate::print::python::float_repr;

/// Adam's division by a mean of squares, with the memory of a row and a column in place of a
/// matrix; a step's size follows that of the parameter.
///
/// ```text
/// g ← -g if maximize;  β = 1 - t^beta2_decay;  ρ = min(lr, 1/√t)
/// α = max(eps₂, rms(p)) ρ;  p ← p (1 - lr weight_decay)
/// matrices (the last two axes): R ← β R + (1-β) mean of g² along rows, C likewise along columns,
///     V = R C / max(mean R, eps₁)
/// else: V ← β V + (1-β) g²
/// u = g / max(√V, eps₁);  p ← p - α u / max(1, rms(u) / d)
/// ```
///
/// `t` counts the steps in which this parameter had a gradient; `eps₁ = None` is the distance from
/// 1 to the next number of the parameter's dtype.
///
/// # Errors
///
/// `new` refuses a negative `lr`, `eps` or `weight_decay`, a positive `beta2_decay`, and `d` below 1.
///
/// See Shazeer and Stern, 2018, and PyTorch's `Adafactor`, which differs from the paper in `lr` and
/// eps₁, as this one does.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::zeros((4, 3), DType::F32, &Device::Cpu)?;
/// let mut adafactor = optim::Adafactor::new([w.clone()], optim::AdafactorConfig::default())?;
/// adafactor.backward_step(&w.sum_all()?)?;
/// assert!((w.get(0)?.get(0)?.to_scalar::<f32>()? + 1e-5).abs() < 1e-9);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Adafactor(RuleOptimizer<AdafactorRule>);

optimizer!(Adafactor, AdafactorConfig);

config! {
    /// The options of [`Adafactor`].
    AdafactorConfig {
        /// The largest relative size of a step. Default: 0.01.
        lr: f64 = 1e-2;
        /// How fast the mean of squares becomes slow: the nearer to 0, the slower. Default: -0.8.
        beta2_decay: f64 = -0.8;
        /// Keep a step finite where gradients vanish, and let small parameters move. Default: none
        /// and 0.001.
        eps: (Option<f64>, f64) = (None, 1e-3);
        /// From which size on a step is clipped. Default: 1.
        d: f64 = 1.0;
        /// How strongly a parameter is drawn to 0. Default: 0.
        weight_decay: f64 = 0.0;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
    }
    prints { }
}

/// The update rule of [`Adafactor`].
#[derive(Debug)]
pub struct AdafactorRule;

const ROWS: usize = 0;
const COLUMNS: usize = 1;
const VARIANCE: usize = 2;

impl Rule for AdafactorRule {
    const NAME: &'static str = "Adafactor";
    const FUNCTION: &'static str = "optim::Adafactor";
    const BUFFERS: &'static [&'static str] = &["row_var", "col_var", "variance"];
    type Config = AdafactorConfig;

    fn complaint(config: &AdafactorConfig) -> Option<String> {
        let AdafactorConfig { lr, beta2_decay, eps: (eps1, eps2), d, weight_decay, .. } = *config;
        let eps1 = eps1.unwrap_or(0.0);
        first_complaint([
            (lr >= 0.0, format!("Learning rate should be >= 0 but is: {lr}")),
            (beta2_decay <= 0.0, format!("beta2_decay should be <= 0 but is: {beta2_decay}")),
            (eps1 >= 0.0, format!("epsilon1 should be >= 0 but is: {}", float_repr(eps1))),
            (eps2 >= 0.0, format!("epsilon2 should be >= 0 but is: {}", float_repr(eps2))),
            (d >= 1.0, format!("Clipping threshold d should be >= 1 but is: {d}")),
            (weight_decay >= 0.0, format!("weight_decay should be >= 0 but is: {weight_decay}")),
        ])
    }

    fn buffer_shape(buffer: usize, dims: &[usize]) -> Vec<usize> {
        let mut shape = dims.to_vec();
        let axis = match buffer {
            ROWS => 1,
            COLUMNS => 2,
            _ => return shape,
        };
        if let Some(axis) = dims.len().checked_sub(axis) {
            shape[axis] = 1;
        }
        shape
    }

    fn update<T: Number>(
        config: &AdafactorConfig,
        time: u32,
        _: &mut [f64],
        mut sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let AdafactorConfig { lr, eps: (eps1, eps2), d, weight_decay, .. } = *config;
        if sweep.p.is_empty() {
            return Ok(());
        }
        let eps1 = eps1.unwrap_or(T::EPSILON);
        let time = f64::from(time);
        let weight = T::of(time.powf(config.beta2_decay));
        let count = sweep.p.len() as f64;
        let mut second = SecondMoment::new(&mut sweep, T::of(eps1));
        let of_p = second.learn(&mut sweep, weight);
        let alpha = (of_p / count).sqrt().max(eps2) * lr.min(1.0 / time.sqrt());
        let of_u = second.sum_of_squares(&mut sweep);
        let size = alpha / ((of_u / count).sqrt() / d).max(1.0);
        let size = if config.maximize { -size } else { size };
        second.apply(&mut sweep, T::of(1.0 - lr * weight_decay), T::of(size));
        Ok(())
    }
}

/// The second moment of a parameter: matrices of `rows` by `columns`, or one row without factors.
struct SecondMoment<T> {
    rows: usize,
    columns: usize,
    is_factored: bool,
    /// A smaller second moment counts as this one.
    floor: T,
    eps1: T,
    /// The mean of `R` of each matrix.
    means: Vec<T>,
}

impl<T: Number> SecondMoment<T> {
    fn new(sweep: &mut Sweep<'_, T>, eps1: T) -> Self {
        let len = sweep.p.len();
        let (rows, columns, is_factored) = match *sweep.dims {
            [.., rows, columns] => (rows, columns, true),
            _ => (1, len, false),
        };
        let matrices = len / (rows * columns);
        if is_factored {
            sweep.want(ROWS, matrices * rows, T::zero());
            sweep.want(COLUMNS, matrices * columns, T::zero());
        } else {
            sweep.want(VARIANCE, len, T::zero());
        }
        let means = vec![T::one(); matrices];
        SecondMoment { rows, columns, is_factored, floor: eps1 * eps1, eps1, means }
    }

    /// Moves the second moment towards the gradient's; returns the sum of the squared parameter.
    fn learn(&mut self, sweep: &mut Sweep<'_, T>, weight: T) -> f64 {
        if !self.is_factored {
            for (v, g) in sweep.buffers[VARIANCE].iter_mut().beside(sweep.g) {
                *v = lerp(*v, *g * *g, weight);
            }
            return square_sum(sweep.p);
        }
        let (rows, columns) = (self.rows, self.columns);
        let mut of_p = 0.0;
        let (of_rows, of_columns) = sweep.buffers.split_at_mut(COLUMNS);
        let parts = matrices(sweep.p, sweep.g, &mut of_rows[ROWS], rows, columns);
        let (mut row_sums, mut totals) = (vec![0.0; rows], vec![0.0; columns]);
        for ((part, c), mean) in
            parts.beside(of_columns[0].chunks_mut(columns)).beside(&mut self.means)
        {
            totals.fill(0.0);
            of_p += square_sums(part.p, part.g, &mut row_sums, &mut totals);
            for (r, sum) in part.r.iter_mut().beside(&row_sums) {
                *r = lerp(*r, T::of(*sum / columns as f64), weight);
            }
            for (c, sum) in c.iter_mut().beside(&totals) {
                *c = lerp(*c, T::of(*sum / rows as f64), weight);
            }
            let of_r = part.r.iter().map(|r| r.to_f64()).sum::<f64>();
            *mean = T::of(of_r / rows as f64);
            if *mean < self.eps1 {
                *mean = self.eps1;
            }
        }
        of_p
    }

    /// The sum of `u²`.
    fn sum_of_squares(&self, sweep: &mut Sweep<'_, T>) -> f64 {
        let mut sum = 0.0;
        self.each_row(sweep, &mut |rows| {
            sum +=
                rows.reduce(&|_, g, r, c| dot_by(g, c, |g, c| g * g / at_least(r * c, self.floor)));
        });
        sum
    }

    fn apply(&self, sweep: &mut Sweep<'_, T>, shrink: T, size: T) {
        let floor = self.floor;
        self.each_row(sweep, &mut |rows| {
            rows.reduce(&|p, g, r, c| {
                for ((p, g), c) in p.iter_mut().beside(g).beside(c) {
                    *p = *p * shrink - size * (*g / at_least(r * *c, floor).sqrt());
                }
                0.0
            });
        });
    }

    /// Calls with the rows of each matrix in turn.
    fn each_row(&self, sweep: &mut Sweep<'_, T>, call: &mut dyn FnMut(FactoredRows<'_, T>)) {
        let (rows, columns) = (self.rows, self.columns);
        if !self.is_factored {
            let (p, g, c) = (&mut *sweep.p, sweep.g, &sweep.buffers[VARIANCE]);
            return call(FactoredRows { p, g, r: &[T::one()], c, scale: T::one() });
        }
        let size = rows * columns;
        let (of_rows, of_columns) = (&sweep.buffers[ROWS], &sweep.buffers[COLUMNS]);
        let parts = sweep.p.chunks_mut(size).beside(sweep.g.chunks(size));
        let factors = of_rows.chunks(rows).beside(of_columns.chunks(columns));
        for (((p, g), (r, c)), mean) in parts.beside(factors).beside(&self.means) {
            call(FactoredRows { p, g, r, c, scale: T::one() / *mean });
        }
    }
}

fn at_least<T: Number>(value: T, floor: T) -> T {
    if value < floor { floor } else { value }
}

struct MatrixParts<'a, T> {
    p: &'a [T],
    g: &'a [T],
    r: &'a mut [T],
}

fn matrices<'a, T>(
    p: &'a [T],
    g: &'a [T],
    r: &'a mut [T],
    rows: usize,
    columns: usize,
) -> impl Iterator<Item = MatrixParts<'a, T>> {
    let size = rows * columns;
    let parts = p.chunks(size).beside(g.chunks(size)).beside(r.chunks_mut(rows));
    parts.map(|((p, g), r)| MatrixParts { p, g, r })
}

/// Rows of a matrix, their factors, and the factors of its columns.
struct FactoredRows<'a, T> {
    p: &'a mut [T],
    g: &'a [T],
    r: &'a [T],
    c: &'a [T],
    scale: T,
}

impl<T: Number> FactoredRows<'_, T> {
    /// The sum of what `row` gives for each row, on all cores if there are many.
    fn reduce(self, row: &(impl Fn(&mut [T], &[T], T, &[T]) -> f64 + Sync)) -> f64 {
        let FactoredRows { p, g, r, c, scale } = self;
        let columns = c.len();
        if p.len() < PARALLEL_FROM || r.len() == 1 {
            let parts = p.chunks_mut(columns).beside(g.chunks(columns)).beside(r);
            return parts.map(|((p, g), r)| row(p, g, *r * scale, c)).sum();
        }
        let middle = r.len() / 2;
        let (p, other_p) = p.split_at_mut(middle * columns);
        let (g, other_g) = g.split_at(middle * columns);
        let (r, other_r) = r.split_at(middle);
        let (sum, other) = threads::join(
            || FactoredRows { p, g, r, c, scale }.reduce(row),
            || FactoredRows { p: other_p, g: other_g, r: other_r, c, scale }.reduce(row),
        );
        sum + other
    }
}

/// Sums of the squared gradient by row and, added, by column; returns the sum of the squared
/// parameter.
fn square_sums<T: Number>(p: &[T], g: &[T], row_sums: &mut [f64], totals: &mut [f64]) -> f64 {
    let columns = totals.len();
    if g.len() >= PARALLEL_FROM && row_sums.len() > 1 {
        let middle = row_sums.len() / 2;
        let (p, other_p) = p.split_at(middle * columns);
        let (g, other_g) = g.split_at(middle * columns);
        let (row_sums, other_sums) = row_sums.split_at_mut(middle);
        let mut other_totals = vec![0.0; columns];
        let (sum, other) = threads::join(
            || square_sums(p, g, row_sums, totals),
            || square_sums(other_p, other_g, other_sums, &mut other_totals),
        );
        for (total, other) in totals.iter_mut().beside(&other_totals) {
            *total += *other;
        }
        return sum + other;
    }
    let mut partial = vec![T::zero(); columns];
    // A few rows at a time, since long sums in `f32` drift.
    for (g, row_sums) in g.chunks(columns * 64).beside(row_sums.chunks_mut(64)) {
        partial.fill(T::zero());
        for (g, row_sum) in g.chunks(columns).beside(row_sums) {
            *row_sum = square_sum(g);
            for (partial, g) in partial.iter_mut().beside(g) {
                *partial += *g * *g;
            }
        }
        for (total, partial) in totals.iter_mut().beside(&partial) {
            *total += partial.to_f64();
        }
    }
    square_sum(p)
}
