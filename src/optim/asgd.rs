//! ASGD: stochastic gradient descent with an average of its path.

use candle_core::Result;

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, not_negative};
use super::rule::Rule;
use super::sweep::{Sweep, gradient};
use crate::compute::number::Number;

/// Averaged stochastic gradient descent: the rate falls, and the average of all positions is kept.
///
/// ```text
/// g ← -g if maximize;  g ← g + weight_decay p
/// p ← p (1 - lambd η) - η g
/// a ← p while μ = 1, else a + μ (p - a)
/// η ← lr / (1 + lambd lr t)^alpha, from lr;  μ ← 1 / max(1, t - t0), from 1
/// ```
///
/// `t` counts the steps in which this parameter had a gradient. η and μ are kept in f32, also for
/// f64 parameters, as PyTorch does. The average is in the state dict, as `ax`.
///
/// # Errors
///
/// `new` refuses a negative `lr`, `lambd`, `alpha` or `weight_decay`.
///
/// See Polyak and Juditsky, 1992, and PyTorch's `ASGD`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let config = optim::ASGDConfig { lr: 0.5, lambd: 0.0, ..Default::default() };
/// let mut asgd = optim::ASGD::new([w.clone()], config)?;
/// asgd.backward_step(&w.sum_all()?)?;
/// assert_eq!(w.to_vec1::<f32>()?, [0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ASGD(RuleOptimizer<ASGDRule>);

optimizer!(ASGD, ASGDConfig);

config! {
    /// The options of [`ASGD`].
    ASGDConfig {
        /// The size of the first step. Default: 0.01.
        lr: f64 = 1e-2;
        /// How strongly parameters shrink, and how fast the rate falls. Default: 0.0001.
        lambd: f64 = 1e-4;
        /// How steeply the rate falls: a larger power, a faster fall. Default: 0.75.
        alpha: f64 = 0.75;
        /// The step at which averaging begins. Default: 1e6.
        t0: f64 = 1e6;
        /// How strongly a parameter is drawn to 0. Default: 0.
        weight_decay: f64 = 0f64;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
    }
    prints { capturable: "False", differentiable: "False" }
}

/// The update rule of [`ASGD`].
#[derive(Debug)]
pub struct ASGDRule;

impl Rule for ASGDRule {
    const NAME: &'static str = "ASGD";
    const FUNCTION: &'static str = "optim::ASGD";
    const BUFFERS: &'static [&'static str] = &["ax"];
    const NUMBERS: &'static [&'static str] = &["eta", "mu"];
    type Config = ASGDConfig;

    fn complaint(config: &ASGDConfig) -> Option<String> {
        first_complaint([
            not_negative("learning rate", config.lr),
            not_negative("lambd value", config.lambd),
            not_negative("alpha value", config.alpha),
            not_negative("weight_decay value", config.weight_decay),
        ])
    }

    fn begin(config: &ASGDConfig) -> Vec<f64> {
        vec![f64::from(config.lr as f32), 1.0]
    }

    fn update<T: Number>(
        config: &ASGDConfig,
        time: u32,
        numbers: &mut [f64],
        sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let ASGDConfig { lr, lambd, alpha, t0, .. } = *config;
        let gradient = gradient(config.maximize, config.weight_decay);
        let is_averaging = numbers[1] != 1.0;
        let [shrink, eta, mu] = [1.0 - lambd * numbers[0], numbers[0], numbers[1]].map(T::of);
        sweep.each([0], |p, g, [a]| {
            let g = gradient(p, g);
            let p = p * shrink - eta * g;
            (p, [if is_averaging { a + (p - a) * mu } else { p }])
        });
        let time = f64::from(time);
        numbers[0] = f64::from((lr / (1.0 + lambd * lr * time).powf(alpha)) as f32);
        numbers[1] = f64::from((1.0 / (time - t0).max(1.0)) as f32);
        Ok(())
    }
}
