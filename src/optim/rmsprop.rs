//! RMSprop: steps divided by a mean of recent gradients.

use candle_core::Result;

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, not_negative};
use super::rule::Rule;
use super::sweep::{Sweep, gradient, lerp};
use crate::compute::number::Number;

/// Divides a step by the root of a mean of squared gradients.
///
/// ```text
/// g ← -g if maximize;  g ← g + weight_decay p
/// s ← alpha s + (1 - alpha) g²
/// d = √s + eps; centered: a ← a + (1 - alpha)(g - a), d = √(s - a²) + eps
/// p ← p - lr g / d; with momentum: b ← momentum b + g / d, p ← p - lr b
/// ```
///
/// # Errors
///
/// `new` refuses a negative option.
///
/// See Hinton's lecture 6e, 2012, and PyTorch's `RMSprop`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut rmsprop = optim::RMSprop::new([w.clone()], optim::RMSpropConfig::default())?;
/// rmsprop.backward_step(&w.sum_all()?)?;
/// assert!((w.to_vec1::<f32>()?[0] - 0.9).abs() < 1e-6);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct RMSprop(RuleOptimizer<RMSpropRule>);

optimizer!(RMSprop, RMSpropConfig);

config! {
    /// The options of [`RMSprop`].
    RMSpropConfig {
        /// The size of a step. Default: 0.01.
        lr: f64 = 1e-2;
        /// How slowly the means forget: the nearer to 1, the longer. Default: 0.99.
        alpha: f64 = 0.99;
        /// Keeps a step finite where gradients vanish. Default: 1e-8.
        eps: f64 = 1e-8;
        /// How strongly a parameter is drawn to 0. Default: 0.
        weight_decay: f64 = 0f64;
        /// How much of the last step's direction is kept. Default: 0.
        momentum: f64 = 0f64;
        /// Divides by the deviation of gradients instead of their size. Default: false.
        centered: bool = false;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
    }
    prints { capturable: "False", differentiable: "False" }
}

/// The update rule of [`RMSprop`].
#[derive(Debug)]
pub struct RMSpropRule;

impl Rule for RMSpropRule {
    const NAME: &'static str = "RMSprop";
    const FUNCTION: &'static str = "optim::RMSprop";
    const BUFFERS: &'static [&'static str] = &["square_avg", "momentum_buffer", "grad_avg"];
    type Config = RMSpropConfig;

    fn complaint(config: &RMSpropConfig) -> Option<String> {
        first_complaint([
            not_negative("learning rate", config.lr),
            not_negative("epsilon value", config.eps),
            not_negative("momentum value", config.momentum),
            not_negative("weight_decay value", config.weight_decay),
            not_negative("alpha value", config.alpha),
        ])
    }

    fn update<T: Number>(
        config: &RMSpropConfig,
        _: u32,
        _: &mut [f64],
        sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let RMSpropConfig { lr, alpha, eps, momentum, .. } = *config;
        let gradient = gradient(config.maximize, config.weight_decay);
        let [lr, alpha, keep, eps, momentum] = [lr, alpha, 1.0 - alpha, eps, momentum].map(T::of);
        let square = |s: T, g: T| alpha * s + keep * g * g;
        let centered = |s: T, a: T| (s - a * a).sqrt() + eps;
        match (config.momentum > 0.0, config.centered) {
            (false, false) => sweep.each([0], |p, g, [s]| {
                let g = gradient(p, g);
                let s = square(s, g);
                (p - lr * (g / (s.sqrt() + eps)), [s])
            }),
            (true, false) => sweep.each([0, 1], |p, g, [s, b]| {
                let g = gradient(p, g);
                let s = square(s, g);
                let b = momentum * b + g / (s.sqrt() + eps);
                (p - lr * b, [s, b])
            }),
            (false, true) => sweep.each([0, 2], |p, g, [s, a]| {
                let g = gradient(p, g);
                let (s, a) = (square(s, g), lerp(a, g, keep));
                (p - lr * (g / centered(s, a)), [s, a])
            }),
            (true, true) => sweep.each([0, 1, 2], |p, g, [s, b, a]| {
                let g = gradient(p, g);
                let (s, a) = (square(s, g), lerp(a, g, keep));
                let b = momentum * b + g / centered(s, a);
                (p - lr * b, [s, b, a])
            }),
        }
        Ok(())
    }
}
