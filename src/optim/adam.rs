//! Adam, and AdamW, which is Adam with another weight decay.

use candle_core::{Result, Tensor, Var};

use super::core::{Keys, Learner, Rule, State};
use super::kernel::{self, Buffers, Real, Update};
use crate::print::python::{bool_repr, float_repr, zero_repr};

/// Adam: steps in proportion to a mean of gradients over a mean of their squares.
///
/// ```text
/// g ← -g if maximize;  g ← g + weight_decay p
/// m ← m + (1 - β₁)(g - m);  v ← β₂ v + (1 - β₂) g²
/// p ← p - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + eps)
/// ```
///
/// `t` counts the steps in which this parameter had a gradient; with `amsgrad` the largest `v` so
/// far takes the place of `v`. See PyTorch's `Adam`.
pub type Adam = Learner<AdamRule>;

/// Adam whose weight decay shrinks parameters by themselves, `p ← p (1 - lr weight_decay)`,
/// instead of adding to the gradient. See PyTorch's `AdamW`.
pub type AdamW = Learner<AdamWRule>;

macro_rules! config {
    ($(#[$doc:meta])* $name:ident, $weight_decay:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            /// The size of a step. Default: 0.001.
            pub lr: f64,
            /// How slowly the two means forget: the nearer to 1, the longer. Default: 0.9 and 0.999.
            pub betas: (f64, f64),
            /// Keeps a step finite where gradients vanish. Default: 1e-8.
            pub eps: f64,
            /// How strongly a parameter is drawn to 0.
            pub weight_decay: f64,
            /// Divides by the largest mean of squares so far. Default: false.
            pub amsgrad: bool,
            /// Climbs instead of descending. Default: false.
            pub maximize: bool,
        }

        impl Default for $name {
            fn default() -> Self {
                $name { lr: 1e-3, betas: (0.9, 0.999), eps: 1e-8, weight_decay: $weight_decay, amsgrad: false, maximize: false }
            }
        }

        impl From<&$name> for Options {
            fn from(config: &$name) -> Self {
                let $name { lr, betas, eps, weight_decay, amsgrad, maximize } = *config;
                Options { lr, betas, eps, weight_decay, amsgrad, maximize }
            }
        }
    };
}

config! {
    /// The options of [`Adam`]; `weight_decay` is 0 by default.
    AdamConfig, 0.0
}

config! {
    /// The options of [`AdamW`]; `weight_decay` is 0.01 by default.
    AdamWConfig, 0.01
}

/// What both configs hold.
struct Options {
    lr: f64,
    betas: (f64, f64),
    eps: f64,
    weight_decay: f64,
    amsgrad: bool,
    maximize: bool,
}

macro_rules! rule {
    ($(#[$doc:meta])* $rule:ident, $config:ident, $name:literal, $is_decoupled:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $rule;

        impl Rule for $rule {
            const NAME: &'static str = $name;
            type Config = $config;

            fn complaint(config: &$config) -> Option<String> {
                Options::from(config).complaint()
            }

            fn lr(config: &mut $config) -> &mut f64 {
                &mut config.lr
            }

            fn lesson_keys(config: &$config) -> Keys {
                Options::from(config).lesson_keys()
            }

            fn keys(config: &$config) -> Keys {
                Options::from(config).keys($is_decoupled)
            }

            fn step(config: &$config, var: &Var, grad: &Tensor, state: &mut Option<State>) -> Result<()> {
                let name = concat!("optim::", $name);
                Options::from(config).step(name, $is_decoupled, var, grad, state)
            }
        }
    };
}

rule! {
    /// The update rule of [`Adam`].
    AdamRule, AdamConfig, "Adam", false
}

rule! {
    /// The update rule of [`AdamW`].
    AdamWRule, AdamWConfig, "AdamW", true
}

impl Options {
    fn complaint(&self) -> Option<String> {
        let betas = [self.betas.0, self.betas.1];
        let bad_beta = betas.iter().position(|beta| !(0.0..1.0).contains(beta));
        if self.lr < 0.0 {
            Some(format!("Invalid learning rate: {}", self.lr))
        } else if self.eps < 0.0 {
            Some(format!("Invalid epsilon value: {}", self.eps))
        } else if let Some(index) = bad_beta {
            Some(format!("Invalid beta parameter at index {index}: {}", float_repr(betas[index])))
        } else if self.weight_decay < 0.0 {
            Some(format!("Invalid weight_decay value: {}", self.weight_decay))
        } else {
            None
        }
    }

    fn lesson_keys(&self) -> Keys {
        vec![
            ("amsgrad", bool_repr(self.amsgrad).to_owned()),
            ("betas", format!("({}, {})", float_repr(self.betas.0), float_repr(self.betas.1))),
            ("eps", float_repr(self.eps)),
            ("lr", float_repr(self.lr)),
            ("weight_decay", zero_repr(self.weight_decay)),
        ]
    }

    fn keys(&self, is_decoupled: bool) -> Keys {
        let mut keys = self.lesson_keys();
        keys.extend([
            ("capturable", "False".to_owned()),
            ("decoupled_weight_decay", bool_repr(is_decoupled).to_owned()),
            ("differentiable", "False".to_owned()),
            ("foreach", "None".to_owned()),
            ("fused", "None".to_owned()),
            ("maximize", bool_repr(self.maximize).to_owned()),
        ]);
        keys.sort_unstable();
        keys
    }

    fn step(
        &self,
        name: &'static str,
        is_decoupled: bool,
        var: &Var,
        grad: &Tensor,
        state: &mut Option<State>,
    ) -> Result<()> {
        let state = match state {
            Some(state) => state,
            None => {
                let count = if self.amsgrad { 3 } else { 2 };
                state.insert(State { steps: 0, buffers: Buffers::zeros(name, var, count)? })
            }
        };
        state.steps += 1;
        let step = Step { options: self, is_decoupled, time: state.steps };
        kernel::step(name, &step, var, grad, &mut state.buffers)
    }
}

struct Step<'a> {
    options: &'a Options,
    is_decoupled: bool,
    time: u32,
}

impl Update for Step<'_> {
    fn update<T: Real>(&self, p: &mut [T], g: &[T], state: &mut [Vec<T>]) {
        let Options { lr, betas: (beta1, beta2), eps, weight_decay, maximize, .. } = *self.options;
        let correction1 = 1.0 - beta1.powf(f64::from(self.time));
        let correction2 = (1.0 - beta2.powf(f64::from(self.time))).sqrt();
        let (shrink, decay) =
            if self.is_decoupled { (1.0 - lr * weight_decay, 0.0) } else { (1.0, weight_decay) };
        let sign = if maximize { -T::one() } else { T::one() };
        let [shrink, decay, keep1, beta2, keep2, correction2, eps, size] =
            [shrink, decay, 1.0 - beta1, beta2, 1.0 - beta2, correction2, eps, lr / correction1]
                .map(T::of);
        let Some((means, squares)) = state.split_first_mut() else { return };
        let Some((squares, largest)) = squares.split_first_mut() else { return };
        let mut largest = largest.first_mut();
        for (index, (p, g)) in p.iter_mut().zip(g).enumerate() {
            let (m, v) = (&mut means[index], &mut squares[index]);
            *p *= shrink;
            let g = sign * *g + decay * *p;
            *m += keep1 * (g - *m);
            *v = beta2 * *v + keep2 * g * g;
            let square = match &mut largest {
                None => *v,
                Some(largest) => {
                    if *v > largest[index] {
                        largest[index] = *v;
                    }
                    largest[index]
                }
            };
            *p -= size * (*m / (square.sqrt() / correction2 + eps));
        }
    }
}
