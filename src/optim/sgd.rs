//! Stochastic gradient descent.

use candle_core::{Result, Tensor, Var};

use super::core::{Keys, Learner, Rule, State};
use super::kernel::{self, Buffers, Real, Update};
use crate::print::python::{bool_repr, float_repr, zero_repr};

/// Stochastic gradient descent, with momentum, Nesterov's too, and weight decay.
///
/// ```text
/// g ← -g if maximize;  g ← g + weight_decay p
/// b ← g in the first step, then momentum b + (1 - dampening) g
/// p ← p - lr (g without momentum, g + momentum b with nesterov, else b)
/// ```
///
/// See PyTorch's `SGD`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut sgd = optim::SGD::new([w.clone()], optim::SGDConfig { lr: 0.5, ..Default::default() })?;
/// sgd.backward_step(&w.sum_all()?)?;
/// assert_eq!(w.to_vec1::<f32>()?, [0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type SGD = Learner<SgdRule>;

/// The options of [`SGD`].
#[derive(Debug, Clone, PartialEq)]
pub struct SGDConfig {
    /// The size of a step. Default: 0.001.
    pub lr: f64,
    /// How much of the last step's direction is kept: 0.9 adds up about ten steps. Default: 0.
    pub momentum: f64,
    /// How much less a new gradient adds to the direction. Default: 0.
    pub dampening: f64,
    /// How strongly a parameter is drawn to 0. Default: 0.
    pub weight_decay: f64,
    /// Looks one step of momentum ahead. Default: false.
    pub nesterov: bool,
    /// Climbs instead of descending. Default: false.
    pub maximize: bool,
}

impl Default for SGDConfig {
    fn default() -> Self {
        SGDConfig {
            lr: 1e-3,
            momentum: 0.0,
            dampening: 0.0,
            weight_decay: 0.0,
            nesterov: false,
            maximize: false,
        }
    }
}

/// The update rule of [`SGD`].
#[derive(Debug)]
pub struct SgdRule;

impl Rule for SgdRule {
    const NAME: &'static str = "SGD";
    type Config = SGDConfig;

    fn complaint(config: &SGDConfig) -> Option<String> {
        let SGDConfig { lr, momentum, dampening, weight_decay, nesterov, .. } = *config;
        if lr < 0.0 {
            Some(format!("Invalid learning rate: {lr}"))
        } else if momentum < 0.0 {
            Some(format!("Invalid momentum value: {momentum}"))
        } else if weight_decay < 0.0 {
            Some(format!("Invalid weight_decay value: {weight_decay}"))
        } else if nesterov && (momentum <= 0.0 || dampening != 0.0) {
            Some("Nesterov momentum requires a momentum and zero dampening".to_owned())
        } else {
            None
        }
    }

    fn lr(config: &mut SGDConfig) -> &mut f64 {
        &mut config.lr
    }

    fn lesson_keys(config: &SGDConfig) -> Keys {
        vec![
            ("dampening", zero_repr(config.dampening)),
            ("lr", float_repr(config.lr)),
            ("momentum", zero_repr(config.momentum)),
            ("nesterov", bool_repr(config.nesterov).to_owned()),
            ("weight_decay", zero_repr(config.weight_decay)),
        ]
    }

    fn keys(config: &SGDConfig) -> Keys {
        vec![
            ("dampening", zero_repr(config.dampening)),
            ("differentiable", "False".to_owned()),
            ("foreach", "None".to_owned()),
            ("fused", "None".to_owned()),
            ("lr", float_repr(config.lr)),
            ("maximize", bool_repr(config.maximize).to_owned()),
            ("momentum", zero_repr(config.momentum)),
            ("nesterov", bool_repr(config.nesterov).to_owned()),
            ("weight_decay", zero_repr(config.weight_decay)),
        ]
    }

    fn step(config: &SGDConfig, var: &Var, grad: &Tensor, state: &mut Option<State>) -> Result<()> {
        let is_first = state.is_none();
        let state = match state {
            Some(state) => state,
            None => {
                let count = usize::from(config.momentum != 0.0);
                state.insert(State { steps: 0, buffers: Buffers::zeros("optim::SGD", var, count)? })
            }
        };
        state.steps += 1;
        kernel::step("optim::SGD", &Step { config, is_first }, var, grad, &mut state.buffers)
    }
}

struct Step<'a> {
    config: &'a SGDConfig,
    is_first: bool,
}

impl Update for Step<'_> {
    fn update<T: Real>(&self, p: &mut [T], g: &[T], state: &mut [Vec<T>]) {
        let sign = if self.config.maximize { -T::one() } else { T::one() };
        let [lr, momentum, decay] =
            [self.config.lr, self.config.momentum, self.config.weight_decay].map(T::of);
        // The first direction is the gradient itself, undamped.
        let damp = T::of(if self.is_first { 1.0 } else { 1.0 - self.config.dampening });
        match state.first_mut() {
            None => {
                for (p, g) in p.iter_mut().zip(g) {
                    let p0 = *p;
                    *p = p0 - lr * (sign * *g + decay * p0);
                }
            }
            Some(buffer) => {
                for ((p, g), b) in p.iter_mut().zip(g).zip(buffer) {
                    let g = sign * *g + decay * *p;
                    *b = momentum * *b + damp * g;
                    let direction = if self.config.nesterov { g + momentum * *b } else { *b };
                    *p -= lr * direction;
                }
            }
        }
    }
}
