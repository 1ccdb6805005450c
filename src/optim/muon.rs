//! Muon: momentum whose matrix is made orthogonal.

use candle_core::{Device, Result, Tensor};

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, words};
use super::rule::Rule;
use super::sums::square_sum;
use super::sweep::{Sweep, lerp};
use crate::compute::beside::Beside;
use crate::compute::copy::contiguous;
use crate::compute::loops::{map, map2, zeros};
use crate::compute::matrix::{Matrix, Workers, add_product};
use crate::compute::number::Number;
use crate::error::fail_shape;
use crate::parameters::Parameters;

/// Steps along a momentum whose singular values are all made about 1; for weight matrices alone.
///
/// ```text
/// b ← momentum b + (1 - momentum) g
/// u = g + momentum (b - g) with nesterov, else b
/// X = u / max(‖u‖, eps);  ns_steps times:  A = X Xᵀ,  X ← a X + (b A + c A²) X
/// p ← p (1 - lr weight_decay) - lr s X
/// s = √max(1, rows/columns), or as adjust_lr_fn says
/// ```
///
/// The iteration (of Newton and Schulz, with `ns_coefficients` a, b, c) rounds to bfloat16 after
/// every operation, as PyTorch's does, so its last digits differ from one machine to the other.
/// Biases, embeddings and the last layer belong to another optimizer, such as
/// [`AdamW`](super::AdamW).
///
/// # Errors
///
/// `new` refuses parameters that aren't matrices (it looks at them, so a lazy model draws its
/// weights), and a negative `lr`, `momentum` or `weight_decay`.
///
/// See Jordan, 2024, and PyTorch's `Muon`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::zeros((2, 2), DType::F32, &Device::Cpu)?;
/// let mut muon = optim::Muon::new([w.clone()], optim::MuonConfig { lr: 0.1, ..Default::default() })?;
/// muon.backward_step(&(w.as_tensor() * &Tensor::eye(2, DType::F32, &Device::Cpu)?)?.sum_all()?)?;
/// let w = w.to_vec2::<f32>()?;
/// assert!(w[0][0] < -0.05 && w[0][1].abs() < 1e-3);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Muon(RuleOptimizer<MuonRule>);

optimizer!(Muon, MuonConfig);

words! {
    /// How [`Muon`] fits its rate to a matrix's shape.
    AdjustLr {
        /// `√max(1, rows/columns)`, as in the original.
        Original = "original",
        /// `0.2 √max(rows, columns)`: steps as large as AdamW's.
        MatchRmsAdamw = "match_rms_adamw",
        /// `√(rows/columns)`.
        SpectralUnclamped = "spectral_unclamped",
    }
}

config! {
    /// The options of [`Muon`].
    MuonConfig {
        /// The size of a step. Default: 0.001.
        lr: f64 = 1e-3;
        /// How strongly a parameter is drawn to 0. Default: 0.1.
        weight_decay: f64 = 0.1;
        /// How slowly the momentum forgets: the nearer to 1, the longer. Default: 0.95.
        momentum: f64 = 0.95;
        /// Looks one step of momentum ahead. Default: true.
        nesterov: bool = true;
        /// The polynomial of the iteration. Default: 3.4445, -4.775, 2.0315.
        ns_coefficients: (f64, f64, f64) = (3.4445, -4.7750, 2.0315);
        /// Keeps a step finite where gradients vanish. Default: 1e-7.
        eps: f64 = 1e-7;
        /// How often to iterate: more come nearer to orthogonal. Default: 5.
        ns_steps: usize = 5;
        /// How the rate follows the matrix's shape; none is the original. Default: none.
        adjust_lr_fn: Option<AdjustLr> = None;
    }
    prints { }
}

/// The update rule of [`Muon`].
#[derive(Debug)]
pub struct MuonRule;

impl Rule for MuonRule {
    const NAME: &'static str = "Muon";
    const FUNCTION: &'static str = "optim::Muon";
    const BUFFERS: &'static [&'static str] = &["momentum_buffer"];
    type Config = MuonConfig;

    fn complaint(config: &MuonConfig) -> Option<String> {
        let MuonConfig { lr, weight_decay, momentum, ns_steps, .. } = *config;
        first_complaint([
            (lr >= 0.0, format!("Learning rate should be >= 0 but is: {lr}")),
            (momentum >= 0.0, format!("momentum should be >= 0 but is: {momentum}")),
            (weight_decay >= 0.0, format!("weight decay should be >= 0 but is: {weight_decay}")),
            (
                ns_steps < 100,
                "Number of steps must be less than 100 for computational efficiency".to_owned(),
            ),
        ])
    }

    fn complaint_about(params: &Parameters) -> Option<String> {
        let odd = params.iter().find(|var| var.rank() != 2)?;
        Some(format!(
            "Muon only supports 2D parameters whereas we found a parameter with size: {:?}",
            odd.dims()
        ))
    }

    fn update<T: Number>(
        config: &MuonConfig,
        _: u32,
        _: &mut [f64],
        mut sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let [rows, columns] = *sweep.dims else {
            return fail_shape(Self::FUNCTION, "Param gradient must be a 2D matrix");
        };
        if sweep.p.is_empty() {
            return Ok(());
        }
        sweep.want(0, sweep.p.len(), T::zero());
        let (momentum, forget) = (T::of(config.momentum), T::of(1.0 - config.momentum));
        let buffer = &mut sweep.buffers[0];
        *buffer = map2(buffer, sweep.g, |b, g| lerp(b, g, forget));
        let update = if config.nesterov {
            map2(sweep.g, buffer, |g, b| lerp(g, b, momentum))
        } else {
            buffer.clone()
        };
        let update = update.into_iter().map(|u| u.to_f64() as f32).collect();
        let update = orthogonal(update, [rows, columns], config)?;
        let ratio = rows as f64 / columns as f64;
        let factor = match config.adjust_lr_fn {
            None | Some(AdjustLr::Original) => ratio.max(1.0).sqrt(),
            Some(AdjustLr::MatchRmsAdamw) => 0.2 * (rows.max(columns) as f64).sqrt(),
            Some(AdjustLr::SpectralUnclamped) => ratio.sqrt(),
        };
        let shrink = T::of(1.0 - config.lr * config.weight_decay);
        let size = T::of(config.lr * factor);
        for (p, u) in sweep.p.iter_mut().beside(update) {
            *p = *p * shrink - size * T::of(f64::from(u));
        }
        Ok(())
    }
}

/// The nearest matrix with singular values of about 1. Products are made in f32, in which most processors multiply
/// fastest, and rounded to bfloat16.
fn orthogonal(
    update: Vec<f32>,
    [rows, columns]: [usize; 2],
    config: &MuonConfig,
) -> Result<Vec<f32>> {
    if rows > columns {
        let update = orthogonal(transposed(update, rows, columns)?, [columns, rows], config)?;
        return transposed(update, columns, rows);
    }
    let (a, b, c) = config.ns_coefficients;
    let [a, b, c] = [a, b, c].map(|coefficient| coefficient as f32);
    let update = map(&update, rounded);
    let norm = f64::from(rounded(square_sum(&update).sqrt() as f32));
    let inverse = (1.0 / norm.max(config.eps)) as f32;
    let mut x = map(&update, move |u| rounded(u * inverse));
    for _ in 0..config.ns_steps {
        let long = Matrix::new(&x, rows, columns);
        let gram = map(&product(long, long.transposed(), rows * rows), rounded);
        let square = Matrix::new(&gram, rows, rows);
        let square = product(square, square, rows * rows);
        let polynomial = map2(&gram, &square, move |gram, square| rounded(gram * b + square * c));
        let turned = product(Matrix::new(&polynomial, rows, rows), long, rows * columns);
        x = map2(&x, &turned, move |x, turned| rounded(x * a + turned));
    }
    Ok(x)
}

fn product(left: Matrix<'_, f32>, right: Matrix<'_, f32>, len: usize) -> Vec<f32> {
    let mut product = zeros(len);
    add_product(&mut product, left, right, Workers::All);
    product
}

fn transposed(values: Vec<f32>, rows: usize, columns: usize) -> Result<Vec<f32>> {
    let values = Tensor::from_vec(values, (rows, columns), &Device::Cpu)?;
    contiguous(&values.t()?)?.flatten_all()?.to_vec1()
}

/// The nearest number that bfloat16 has, the even one of two.
#[inline(always)]
fn rounded(x: f32) -> f32 {
    let bits = x.to_bits();
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) & 0xffff_0000;
    if x.is_nan() { x } else { f32::from_bits(nearest) }
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;

    #[test]
    fn numbers_are_rounded_as_candle_rounds_them_to_bfloat16() {
        let values = (0..40_000).map(|index| f32::from_bits(index * 107_377));
        let values = values.chain([0.0, -0.0, 1.0, -3e38, f32::MAX, f32::INFINITY, f32::NAN]);
        let values = values.collect::<Vec<_>>();
        let expected = Tensor::from_slice(&values, values.len(), &Device::Cpu).unwrap();
        let expected = expected.to_dtype(DType::BF16).unwrap().to_dtype(DType::F32).unwrap();
        for (x, expected) in values.into_iter().zip(expected.to_vec1::<f32>().unwrap()) {
            let found = rounded(x);
            assert!(found == expected || found.is_nan() && expected.is_nan(), "{x}: {found}");
        }
    }
}
