//! RAdam: Adam that waits until its mean of squares is worth dividing by.

use candle_core::Result;

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, of_two_means};
use super::rule::Rule;
use super::sweep::{Sweep, gradient, lerp};
use crate::compute::number::Number;

/// Adam with a rectified second mean: the first steps, whose mean of squares is from few gradients,
/// are plain momentum.
///
/// ```text
/// g ← -g if maximize;  g ← g + weight_decay p
///     (decoupled_weight_decay: p ← p (1 - lr weight_decay) instead)
/// m ← m + (1 - β₁)(g - m);  v ← β₂ v + (1 - β₂) g²
/// ρ∞ = 2 / (1 - β₂) - 1;  ρ = ρ∞ - 2 t β₂ᵗ / (1 - β₂ᵗ)
/// r = √((ρ - 4)(ρ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρ))
/// p ← p - lr m / (1 - β₁ᵗ) · (r √(1 - β₂ᵗ) / (√v + eps) if ρ > 5, else 1)
/// ```
///
/// `t` counts the steps in which this parameter had a gradient.
///
/// # Errors
///
/// `new` refuses a negative `lr`, `eps` or `weight_decay`, and `betas` outside of 0 ≤ β < 1.
///
/// See Liu and others, 2019, and PyTorch's `RAdam`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut radam = optim::RAdam::new([w.clone()], optim::RAdamConfig { lr: 0.1, ..Default::default() })?;
/// radam.backward_step(&w.sum_all()?)?;
/// assert_eq!(w.to_vec1::<f32>()?, [0.9]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct RAdam(RuleOptimizer<RAdamRule>);

optimizer!(RAdam, RAdamConfig);

config! {
    /// The options of [`RAdam`].
    RAdamConfig {
        /// The size of a step. Default: 0.001.
        lr: f64 = 1e-3;
        /// How slowly the two means forget: the nearer to 1, the longer. Default: 0.9 and 0.999.
        betas: (f64, f64) = (0.9, 0.999);
        /// Keeps a step finite where gradients vanish. Default: 1e-8.
        eps: f64 = 1e-8;
        /// How strongly a parameter is drawn to 0. Default: 0.
        weight_decay: f64 = 0f64;
        /// Shrinks the parameter itself, as [`AdamW`](super::AdamW). Default: false.
        decoupled_weight_decay: bool = false;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
    }
    prints { capturable: "False", differentiable: "False" }
}

/// The update rule of [`RAdam`].
#[derive(Debug)]
pub struct RAdamRule;

impl Rule for RAdamRule {
    const NAME: &'static str = "RAdam";
    const FUNCTION: &'static str = "optim::RAdam";
    const BUFFERS: &'static [&'static str] = &["exp_avg", "exp_avg_sq"];
    type Config = RAdamConfig;

    fn complaint(config: &RAdamConfig) -> Option<String> {
        first_complaint(of_two_means(config.lr, config.eps, config.betas, config.weight_decay))
    }

    fn update<T: Number>(
        config: &RAdamConfig,
        time: u32,
        _: &mut [f64],
        sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let RAdamConfig { lr, betas: (beta1, beta2), eps, weight_decay, .. } = *config;
        let time = f64::from(time);
        let (correction1, correction2) = (1.0 - beta1.powf(time), 1.0 - beta2.powf(time));
        let longest = 2.0 / (1.0 - beta2) - 1.0;
        let length = longest - 2.0 * time * beta2.powf(time) / correction2;
        let rectify = ((length - 4.0) * (length - 2.0) * longest
            / ((longest - 4.0) * (longest - 2.0) * length))
            .sqrt();
        let (shrink, decay) = match config.decoupled_weight_decay {
            true => (1.0 - lr * weight_decay, 0.0),
            false => (1.0, weight_decay),
        };
        let gradient = gradient(config.maximize, decay);
        let [shrink, keep1, beta2, keep2, correction1, root2, eps, lr, rectify] = [
            shrink,
            1.0 - beta1,
            beta2,
            1.0 - beta2,
            correction1,
            correction2.sqrt(),
            eps,
            lr,
            rectify,
        ]
        .map(T::of);
        let is_rectified = length > 5.0;
        sweep.each([0, 1], |p, g, [m, v]| {
            let p = p * shrink;
            let g = gradient(p, g);
            let m = lerp(m, g, keep1);
            let v = beta2 * v + keep2 * g * g;
            let step = m / correction1 * lr;
            let step =
                if is_rectified { step * (root2 / (v.sqrt() + eps)) * rectify } else { step };
            (p - step, [m, v])
        });
        Ok(())
    }
}
