//! Adagrad: steps that shrink with all gradients so far.

use candle_core::Result;

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, not_negative};
use super::rule::Rule;
use super::sweep::{Sweep, gradient};
use crate::compute::number::Number;

/// Divides a step by the root of the sum of all squared gradients.
///
/// ```text
/// g ← -g if maximize;  g ← g + weight_decay p
/// s ← s + g², from s = initial_accumulator_value
/// p ← p - lr / (1 + (t - 1) lr_decay) · g / (√s + eps)
/// ```
///
/// `t` counts the steps in which this parameter had a gradient.
///
/// # Errors
///
/// `new` refuses a negative option.
///
/// *Differs from PyTorch*, which makes `s` in the constructor; here it takes memory from the first
/// step on. See Duchi, Hazan and Singer, 2011, and PyTorch's `Adagrad`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut adagrad = optim::Adagrad::new([w.clone()], optim::AdagradConfig::default())?;
/// adagrad.backward_step(&w.sum_all()?)?;
/// assert_eq!(w.to_vec1::<f32>()?, [0.99]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Adagrad(RuleOptimizer<AdagradRule>);

optimizer!(Adagrad, AdagradConfig);

config! {
    /// The options of [`Adagrad`].
    AdagradConfig {
        /// The size of the first step. Default: 0.01.
        lr: f64 = 1e-2;
        /// How much smaller the rate becomes with every step. Default: 0.
        lr_decay: f64 = 0f64;
        /// How strongly a parameter is drawn to 0. Default: 0.
        weight_decay: f64 = 0f64;
        /// Where the sum begins: a larger one makes the first steps smaller. Default: 0.
        initial_accumulator_value: f64 = 0f64;
        /// Keeps a step finite where gradients vanish. Default: 1e-10.
        eps: f64 = 1e-10;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        fused: Option<bool> = None;
    }
    prints { differentiable: "False" }
}

/// The update rule of [`Adagrad`].
#[derive(Debug)]
pub struct AdagradRule;

impl Rule for AdagradRule {
    const NAME: &'static str = "Adagrad";
    const FUNCTION: &'static str = "optim::Adagrad";
    const BUFFERS: &'static [&'static str] = &["sum"];
    type Config = AdagradConfig;

    fn complaint(config: &AdagradConfig) -> Option<String> {
        first_complaint([
            not_negative("learning rate", config.lr),
            not_negative("lr_decay value", config.lr_decay),
            not_negative("weight_decay value", config.weight_decay),
            not_negative("initial_accumulator_value value", config.initial_accumulator_value),
            not_negative("epsilon value", config.eps),
        ])
    }

    fn update<T: Number>(
        config: &AdagradConfig,
        time: u32,
        _: &mut [f64],
        mut sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let gradient = gradient(config.maximize, config.weight_decay);
        let size = config.lr / (1.0 + f64::from(time - 1) * config.lr_decay);
        let [size, eps] = [size, config.eps].map(T::of);
        sweep.want(0, sweep.p.len(), T::of(config.initial_accumulator_value));
        sweep.each([0], |p, g, [s]| {
            let g = gradient(p, g);
            let s = s + g * g;
            (p - size * (g / (s.sqrt() + eps)), [s])
        });
        Ok(())
    }
}
