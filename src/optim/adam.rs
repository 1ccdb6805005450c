//! Adam, and AdamW, which is Adam with another weight decay.

use candle_core::Result;

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, of_two_means};
use super::rule::Rule;
use super::sweep::{Sweep, gradient, lerp, maximum};
use crate::compute::number::Number;

/// Adam: steps in proportion to a mean of gradients over a mean of their squares.
///
/// ```text
/// g ← -g if maximize;  g ← g + weight_decay p
///     (decoupled_weight_decay: p ← p (1 - lr weight_decay) instead)
/// m ← m + (1 - β₁)(g - m);  v ← β₂ v + (1 - β₂) g²
/// p ← p - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + eps)
/// ```
///
/// `t` counts the steps in which this parameter had a gradient; with `amsgrad` the largest `v` so
/// far takes the place of `v`.
///
/// # Errors
///
/// `new` refuses a negative `lr`, `eps` or `weight_decay`, and `betas` outside of 0 ≤ β < 1.
///
/// See Kingma and Ba, 2014, and PyTorch's `Adam`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32, -2.0], &Device::Cpu)?;
/// let mut adam = optim::Adam::new([w.clone()], optim::AdamConfig { lr: 0.1, ..Default::default() })?;
/// adam.backward_step(&w.sqr()?.sum_all()?)?;
/// // The first step is as large as `lr`, whatever the gradient.
/// assert_eq!(w.to_string(), tensor!([0.9, -1.9]).to_string());
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Adam(RuleOptimizer<AdamRule>);

optimizer!(Adam, AdamConfig);

/// Adam whose weight decay shrinks parameters by themselves instead of adding to the gradient.
///
/// ```text
/// p ← p (1 - lr weight_decay), then as Adam without weight decay
/// ```
///
/// # Errors
///
/// As [`Adam`].
///
/// *Differs from candle*, whose `AdamW` counts steps of all parameters together, so that a
/// parameter whose gradient is missing at times takes wrong steps, and which has other defaults.
/// See Loshchilov and Hutter, 2017, and PyTorch's `AdamW`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let adamw = optim::AdamW::new([w], optim::AdamWConfig::default())?;
/// assert!(format!("{adamw:#}").contains("weight_decay: 0.01"));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct AdamW(RuleOptimizer<AdamWRule>);

optimizer!(AdamW, AdamWConfig);

config! {
    /// The options of [`Adam`].
    AdamConfig {
        /// The size of a step. Default: 0.001.
        lr: f64 = 1e-3;
        /// How slowly the two means forget: the nearer to 1, the longer. Default: 0.9 and 0.999.
        betas: (f64, f64) = (0.9, 0.999);
        /// Keeps a step finite where gradients vanish. Default: 1e-8.
        eps: f64 = 1e-8;
        /// How strongly a parameter is drawn to 0. Default: 0.
        weight_decay: f64 = 0f64;
        /// Divides by the largest mean of squares so far. Default: false.
        amsgrad: bool = false;
        /// Shrinks the parameter itself, as [`AdamW`]. Default: false.
        decoupled_weight_decay: bool = false;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        fused: Option<bool> = None;
    }
    prints { capturable: "False", differentiable: "False" }
}

config! {
    /// The options of [`AdamW`].
    AdamWConfig {
        /// The size of a step. Default: 0.001.
        lr: f64 = 1e-3;
        /// How slowly the two means forget: the nearer to 1, the longer. Default: 0.9 and 0.999.
        betas: (f64, f64) = (0.9, 0.999);
        /// Keeps a step finite where gradients vanish. Default: 1e-8.
        eps: f64 = 1e-8;
        /// How strongly a parameter is drawn to 0. Default: 0.01.
        weight_decay: f64 = 1e-2;
        /// Divides by the largest mean of squares so far. Default: false.
        amsgrad: bool = false;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        fused: Option<bool> = None;
    }
    prints { capturable: "False", decoupled_weight_decay: "True", differentiable: "False" }
}

impl From<&AdamWConfig> for AdamConfig {
    fn from(config: &AdamWConfig) -> Self {
        let AdamWConfig { lr, betas, eps, weight_decay, amsgrad, maximize, foreach, fused } =
            *config;
        let decoupled_weight_decay = true;
        AdamConfig {
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            decoupled_weight_decay,
            maximize,
            foreach,
            fused,
        }
    }
}

/// The update rule of [`Adam`].
#[derive(Debug)]
pub struct AdamRule;

impl Rule for AdamRule {
    const NAME: &'static str = "Adam";
    const FUNCTION: &'static str = "optim::Adam";
    const BUFFERS: &'static [&'static str] = &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"];
    type Config = AdamConfig;

    fn complaint(config: &AdamConfig) -> Option<String> {
        first_complaint(of_two_means(config.lr, config.eps, config.betas, config.weight_decay))
    }

    fn update<T: Number>(
        config: &AdamConfig,
        time: u32,
        _: &mut [f64],
        sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let AdamConfig { lr, betas: (beta1, beta2), eps, weight_decay, maximize, .. } = *config;
        let correction1 = 1.0 - beta1.powf(f64::from(time));
        let correction2 = (1.0 - beta2.powf(f64::from(time))).sqrt();
        let (shrink, decay) = match config.decoupled_weight_decay {
            true => (1.0 - lr * weight_decay, 0.0),
            false => (1.0, weight_decay),
        };
        let gradient = gradient(maximize, decay);
        let [shrink, keep1, beta2, keep2, correction2, eps, size] =
            [shrink, 1.0 - beta1, beta2, 1.0 - beta2, correction2, eps, lr / correction1]
                .map(T::of);
        if config.amsgrad {
            sweep.each([0, 1, 2], |p, g, [m, v, largest]| {
                let p = p * shrink;
                let g = gradient(p, g);
                let m = lerp(m, g, keep1);
                let v = beta2 * v + keep2 * g * g;
                let largest = maximum(largest, v);
                (p - size * (m / (largest.sqrt() / correction2 + eps)), [m, v, largest])
            });
        } else {
            sweep.each([0, 1], |p, g, [m, v]| {
                let p = p * shrink;
                let g = gradient(p, g);
                let m = lerp(m, g, keep1);
                let v = beta2 * v + keep2 * g * g;
                (p - size * (m / (v.sqrt() / correction2 + eps)), [m, v])
            });
        }
        Ok(())
    }
}

/// The update rule of [`AdamW`].
#[derive(Debug)]
pub struct AdamWRule;

impl Rule for AdamWRule {
    const NAME: &'static str = "AdamW";
    const FUNCTION: &'static str = "optim::AdamW";
    const BUFFERS: &'static [&'static str] = AdamRule::BUFFERS;
    type Config = AdamWConfig;

    fn complaint(config: &AdamWConfig) -> Option<String> {
        AdamRule::complaint(&config.into())
    }

    fn update<T: Number>(
        config: &AdamWConfig,
        time: u32,
        numbers: &mut [f64],
        sweep: Sweep<'_, T>,
    ) -> Result<()> {
        AdamRule::update(&config.into(), time, numbers, sweep)
    }
}
