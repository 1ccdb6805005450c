//! NAdam: Adam with Nesterov's momentum.

use candle_core::Result;

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, not_negative, of_two_means};
use super::rule::Rule;
use super::sweep::{Sweep, gradient, lerp};
use crate::compute::number::Number;

/// Adam that looks one step of momentum ahead, with a momentum that grows to its full size.
///
/// ```text
/// g ← -g if maximize;  g ← g + weight_decay p
///     (decoupled_weight_decay: p ← p (1 - lr weight_decay) instead)
/// μₜ = β₁ (1 - 0.96^(t momentum_decay) / 2);  M ← M μₜ, from M = 1
/// m ← m + (1 - β₁)(g - m);  v ← β₂ v + (1 - β₂) g²;  d = √(v / (1 - β₂ᵗ)) + eps
/// p ← p - lr (1 - μₜ) / (1 - M) · g / d - lr μₜ₊₁ / (1 - M μₜ₊₁) · m / d
/// ```
///
/// `t` counts the steps in which this parameter had a gradient. `M` is kept in f32, also for f64
/// parameters, as PyTorch does.
///
/// # Errors
///
/// `new` refuses a negative `lr`, `eps`, `weight_decay` or `momentum_decay`, and `betas` outside of
/// 0 ≤ β < 1.
///
/// See Dozat, 2016, and PyTorch's `NAdam`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut nadam = optim::NAdam::new([w.clone()], optim::NAdamConfig::default())?;
/// nadam.backward_step(&w.sqr()?.sum_all()?)?;
/// assert!(w.to_vec1::<f32>()?[0] < 1.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct NAdam(RuleOptimizer<NAdamRule>);

optimizer!(NAdam, NAdamConfig);

config! {
    /// The options of [`NAdam`].
    NAdamConfig {
        /// The size of a step. Default: 0.002.
        lr: f64 = 2e-3;
        /// How slowly the two means forget: the nearer to 1, the longer. Default: 0.9 and 0.999.
        betas: (f64, f64) = (0.9, 0.999);
        /// Keeps a step finite where gradients vanish. Default: 1e-8.
        eps: f64 = 1e-8;
        /// How strongly a parameter is drawn to 0. Default: 0.
        weight_decay: f64 = 0f64;
        /// How fast the momentum grows to its full size. Default: 0.004.
        momentum_decay: f64 = 4e-3;
        /// Shrinks the parameter itself, as [`AdamW`](super::AdamW). Default: false.
        decoupled_weight_decay: bool = false;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
    }
    prints { capturable: "False", differentiable: "False" }
}

/// The update rule of [`NAdam`].
#[derive(Debug)]
pub struct NAdamRule;

impl Rule for NAdamRule {
    const NAME: &'static str = "NAdam";
    const FUNCTION: &'static str = "optim::NAdam";
    const BUFFERS: &'static [&'static str] = &["exp_avg", "exp_avg_sq"];
    const NUMBERS: &'static [&'static str] = &["mu_product"];
    type Config = NAdamConfig;

    fn complaint(config: &NAdamConfig) -> Option<String> {
        first_complaint(of_two_means(config.lr, config.eps, config.betas, config.weight_decay))
            .or_else(|| {
                first_complaint([not_negative("momentum_decay value", config.momentum_decay)])
            })
    }

    fn begin(_: &NAdamConfig) -> Vec<f64> {
        vec![1.0]
    }

    fn update<T: Number>(
        config: &NAdamConfig,
        time: u32,
        numbers: &mut [f64],
        sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let NAdamConfig { lr, betas: (beta1, beta2), eps, weight_decay, .. } = *config;
        let time = f64::from(time);
        let mu_at = |time: f64| beta1 * (1.0 - 0.5 * 0.96f64.powf(time * config.momentum_decay));
        let (mu, mu_next) = (mu_at(time), mu_at(time + 1.0));
        let product = f64::from(numbers[0] as f32 * mu as f32);
        numbers[0] = product;
        let (shrink, decay) = match config.decoupled_weight_decay {
            true => (1.0 - lr * weight_decay, 0.0),
            false => (1.0, weight_decay),
        };
        let gradient = gradient(config.maximize, decay);
        let of_gradient = lr * (1.0 - mu) / (1.0 - product);
        let of_mean = lr * mu_next / (1.0 - product * mu_next);
        let correction = 1.0 - beta2.powf(time);
        let [shrink, keep1, beta2, keep2, correction, eps, of_gradient, of_mean] =
            [shrink, 1.0 - beta1, beta2, 1.0 - beta2, correction, eps, of_gradient, of_mean]
                .map(T::of);
        sweep.each([0, 1], |p, g, [m, v]| {
            let p = p * shrink;
            let g = gradient(p, g);
            let m = lerp(m, g, keep1);
            let v = beta2 * v + keep2 * g * g;
            let divisor = (v / correction).sqrt() + eps;
            (p - of_gradient * (g / divisor) - of_mean * (m / divisor), [m, v])
        });
        Ok(())
    }
}
