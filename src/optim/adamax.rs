//! Adamax: Adam with the largest gradient in place of the mean of squares.

use candle_core::Result;

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, of_two_means};
use super::rule::Rule;
use super::sweep::{Sweep, gradient, lerp, maximum};
use crate::compute::number::Number;

/// Adam that divides by the largest recent gradient.
///
/// ```text
/// g ← -g if maximize;  g ← g + weight_decay p
/// m ← m + (1 - β₁)(g - m);  u ← max(β₂ u, |g| + eps)
/// p ← p - lr / (1 - β₁ᵗ) · m / u
/// ```
///
/// `t` counts the steps in which this parameter had a gradient.
///
/// # Errors
///
/// `new` refuses a negative `lr`, `eps` or `weight_decay`, and `betas` outside of 0 ≤ β < 1.
///
/// See Kingma and Ba, 2014, and PyTorch's `Adamax`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f64], &Device::Cpu)?;
/// let config = optim::AdamaxConfig { lr: 0.5, eps: 0.0, ..Default::default() };
/// let mut adamax = optim::Adamax::new([w.clone()], config)?;
/// adamax.backward_step(&(w.sum_all()? * 3.0)?)?;
/// assert!((w.to_vec1::<f64>()?[0] - 0.5).abs() < 1e-12);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Adamax(RuleOptimizer<AdamaxRule>);

optimizer!(Adamax, AdamaxConfig);

config! {
    /// The options of [`Adamax`].
    AdamaxConfig {
        /// The size of a step. Default: 0.002.
        lr: f64 = 2e-3;
        /// How slowly the mean and the largest gradient are forgotten. Default: 0.9 and 0.999.
        betas: (f64, f64) = (0.9, 0.999);
        /// Keeps a step finite where gradients vanish. Default: 1e-8.
        eps: f64 = 1e-8;
        /// How strongly a parameter is drawn to 0. Default: 0.
        weight_decay: f64 = 0f64;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
    }
    prints { capturable: "False", differentiable: "False" }
}

/// The update rule of [`Adamax`].
#[derive(Debug)]
pub struct AdamaxRule;

impl Rule for AdamaxRule {
    const NAME: &'static str = "Adamax";
    const FUNCTION: &'static str = "optim::Adamax";
    const BUFFERS: &'static [&'static str] = &["exp_avg", "exp_inf"];
    type Config = AdamaxConfig;

    fn complaint(config: &AdamaxConfig) -> Option<String> {
        first_complaint(of_two_means(config.lr, config.eps, config.betas, config.weight_decay))
    }

    fn update<T: Number>(
        config: &AdamaxConfig,
        time: u32,
        _: &mut [f64],
        sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let AdamaxConfig { lr, betas: (beta1, beta2), eps, .. } = *config;
        let gradient = gradient(config.maximize, config.weight_decay);
        let size = lr / (1.0 - beta1.powf(f64::from(time)));
        let [keep1, beta2, eps, size] = [1.0 - beta1, beta2, eps, size].map(T::of);
        sweep.each([0, 1], |p, g, [m, u]| {
            let g = gradient(p, g);
            let m = lerp(m, g, keep1);
            let u = maximum(u * beta2, g.abs() + eps);
            (p - size * (m / u), [m, u])
        });
        Ok(())
    }
}
