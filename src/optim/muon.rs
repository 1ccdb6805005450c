//! Muon: momentum whose matrix is made orthogonal.

use candle_core::{DType, Device, Result, Tensor};

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, words};
use super::rule::Rule;
use super::sweep::{Sweep, lerp};
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
        let mut update = Vec::with_capacity(buffer.len());
        for (b, g) in buffer.iter_mut().zip(sweep.g) {
            *b = lerp(*b, *g, forget);
            let u = if config.nesterov { lerp(*g, *b, momentum) } else { *b };
            update.push(u.to_f64() as f32);
        }
        let update = Tensor::from_vec(update, (rows, columns), &Device::Cpu)?;
        let update = orthogonal(&update, config)?.flatten_all()?.to_vec1::<f32>()?;
        let ratio = rows as f64 / columns as f64;
        let factor = match config.adjust_lr_fn {
            None | Some(AdjustLr::Original) => ratio.max(1.0).sqrt(),
            Some(AdjustLr::MatchRmsAdamw) => 0.2 * (rows.max(columns) as f64).sqrt(),
            Some(AdjustLr::SpectralUnclamped) => ratio.sqrt(),
        };
        let shrink = T::of(1.0 - config.lr * config.weight_decay);
        let size = T::of(config.lr * factor);
        for (p, u) in sweep.p.iter_mut().zip(update) {
            *p = *p * shrink - size * T::of(f64::from(u));
        }
        Ok(())
    }
}

/// The nearest matrix with singular values of about 1. Products are made in f32, in which
/// processors multiply fastest, and rounded to bfloat16.
fn orthogonal(update: &Tensor, config: &MuonConfig) -> Result<Tensor> {
    let (a, b, c) = config.ns_coefficients;
    let is_tall = update.dim(0)? > update.dim(1)?;
    let mut x = round(update)?;
    if is_tall {
        x = x.t()?.contiguous()?;
    }
    let norm = round(&x.sqr()?.sum_all()?.sqrt()?)?.to_scalar::<f32>()?;
    x = round(&(&x / f64::from(norm).max(config.eps))?)?;
    for _ in 0..config.ns_steps {
        let gram = round(&x.matmul(&x.t()?)?)?;
        let polynomial = round(&((&gram * b)? + (gram.matmul(&gram)? * c)?)?)?;
        x = round(&((&x * a)? + polynomial.matmul(&x)?)?)?;
    }
    if is_tall { x.t()?.contiguous() } else { Ok(x) }
}

fn round(x: &Tensor) -> Result<Tensor> {
    x.to_dtype(DType::BF16)?.to_dtype(DType::F32)
}
