//! Adadelta: steps whose size follows from earlier steps.

use candle_core::Result;

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, not_negative};
use super::rule::Rule;
use super::sweep::{Sweep, gradient};
use crate::compute::number::Number;

/// Steps as large as the mean of earlier steps over the mean of gradients; needs no learning rate.
///
/// ```text
/// g ← -g if maximize;  g ← g + weight_decay p
/// s ← rho s + (1 - rho) g²
/// d = √(a + eps) / √(s + eps) · g
/// a ← rho a + (1 - rho) d²
/// p ← p - lr d
/// ```
///
/// # Errors
///
/// `new` refuses a negative `lr`, `eps` or `weight_decay`, and a `rho` outside of 0 ≤ rho ≤ 1.
///
/// See Zeiler, 2012, and PyTorch's `Adadelta`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut adadelta = optim::Adadelta::new([w.clone()], optim::AdadeltaConfig::default())?;
/// adadelta.backward_step(&w.sum_all()?)?;
/// assert!((w.to_vec1::<f32>()?[0] - 0.99684).abs() < 1e-5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Adadelta(RuleOptimizer<AdadeltaRule>);

optimizer!(Adadelta, AdadeltaConfig);

config! {
    /// The options of [`Adadelta`].
    AdadeltaConfig {
        /// The factor of a step. Default: 1.
        lr: f64 = 1.0;
        /// How slowly both means forget: the nearer to 1, the longer. Default: 0.9.
        rho: f64 = 0.9;
        /// Lets the first steps begin, and keeps them finite. Default: 1e-6.
        eps: f64 = 1e-6;
        /// How strongly a parameter is drawn to 0. Default: 0.
        weight_decay: f64 = 0f64;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
    }
    prints { capturable: "False", differentiable: "False" }
}

/// The update rule of [`Adadelta`].
#[derive(Debug)]
pub struct AdadeltaRule;

impl Rule for AdadeltaRule {
    const NAME: &'static str = "Adadelta";
    const FUNCTION: &'static str = "optim::Adadelta";
    const BUFFERS: &'static [&'static str] = &["square_avg", "acc_delta"];
    type Config = AdadeltaConfig;

    fn complaint(config: &AdadeltaConfig) -> Option<String> {
        first_complaint([
            not_negative("learning rate", config.lr),
            ((0.0..=1.0).contains(&config.rho), format!("Invalid rho value: {}", config.rho)),
            not_negative("epsilon value", config.eps),
            not_negative("weight_decay value", config.weight_decay),
        ])
    }

    fn update<T: Number>(
        config: &AdadeltaConfig,
        _: u32,
        _: &mut [f64],
        sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let AdadeltaConfig { lr, rho, eps, .. } = *config;
        let gradient = gradient(config.maximize, config.weight_decay);
        let [lr, rho, keep, eps] = [lr, rho, 1.0 - rho, eps].map(T::of);
        sweep.each([0, 1], |p, g, [s, a]| {
            let g = gradient(p, g);
            let s = rho * s + keep * g * g;
            let d = (a + eps).sqrt() / (s + eps).sqrt() * g;
            let a = rho * a + keep * d * d;
            (p - lr * d, [s, a])
        });
        Ok(())
    }
}
