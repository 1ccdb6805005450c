//! Stochastic gradient descent.

use candle_core::Result;

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, not_negative};
use super::rule::Rule;
use super::sweep::{Sweep, gradient};
use crate::compute::number::Number;

/// Stochastic gradient descent, with momentum, Nesterov's too, and weight decay.
///
/// ```text
/// g ← -g if maximize;  g ← g + weight_decay p
/// b ← g in the first step, then momentum b + (1 - dampening) g
/// p ← p - lr (g without momentum, g + momentum b with nesterov, else b)
/// ```
///
/// # Errors
///
/// `new` refuses a negative `lr`, `momentum` or `weight_decay`, and `nesterov` without momentum or
/// with dampening.
///
/// *Differs from candle*, whose `SGD` has no momentum. See PyTorch's `SGD`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut sgd = optim::SGD::new([w.clone()], optim::SGDConfig { lr: 0.5, ..Default::default() })?;
/// sgd.backward_step(&w.sum_all()?)?;
/// assert_eq!(w.to_vec1::<f32>()?, [0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SGD(RuleOptimizer<SgdRule>);

optimizer!(SGD, SGDConfig);

config! {
    /// The options of [`SGD`].
    SGDConfig {
        /// The size of a step. Default: 0.001.
        lr: f64 = 1e-3;
        /// How much of the last step's direction is kept: 0.9 adds up about ten steps. Default: 0.
        momentum: f64 = 0f64;
        /// How much less a new gradient adds to the direction. Default: 0.
        dampening: f64 = 0f64;
        /// How strongly a parameter is drawn to 0. Default: 0.
        weight_decay: f64 = 0f64;
        /// Looks one step of momentum ahead. Default: false.
        nesterov: bool = false;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        fused: Option<bool> = None;
    }
    prints { differentiable: "False" }
}

/// The update rule of [`SGD`].
#[derive(Debug)]
pub struct SgdRule;

impl Rule for SgdRule {
    const NAME: &'static str = "SGD";
    const FUNCTION: &'static str = "optim::SGD";
    const BUFFERS: &'static [&'static str] = &["momentum_buffer"];
    type Config = SGDConfig;

    fn complaint(config: &SGDConfig) -> Option<String> {
        let SGDConfig { lr, momentum, dampening, weight_decay, nesterov, .. } = *config;
        first_complaint([
            not_negative("learning rate", lr),
            not_negative("momentum value", momentum),
            not_negative("weight_decay value", weight_decay),
            (
                !nesterov || momentum > 0.0 && dampening == 0.0,
                "Nesterov momentum requires a momentum and zero dampening".to_owned(),
            ),
        ])
    }

    fn update<T: Number>(
        config: &SGDConfig,
        _: u32,
        _: &mut [f64],
        sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let gradient = gradient(config.maximize, config.weight_decay);
        let lr = T::of(config.lr);
        if config.momentum == 0.0 {
            sweep.each([], |p, g, []| (p - lr * gradient(p, g), []));
            return Ok(());
        }
        // The first direction is the gradient itself, undamped; that of a parameter whose momentum
        // is switched on later too.
        let (keep, damp) =
            if sweep.has(0) { (config.momentum, 1.0 - config.dampening) } else { (0.0, 1.0) };
        let [momentum, keep, damp] = [config.momentum, keep, damp].map(T::of);
        if config.nesterov {
            sweep.each([0], |p, g, [b]| {
                let g = gradient(p, g);
                let b = keep * b + damp * g;
                (p - lr * (g + momentum * b), [b])
            });
        } else {
            sweep.each([0], |p, g, [b]| {
                let b = keep * b + damp * gradient(p, g);
                (p - lr * b, [b])
            });
        }
        Ok(())
    }
}
