//! Rprop: steps that look at the sign of a gradient alone.

use candle_core::Result;

use super::named::optimizer;
use super::optimizer::RuleOptimizer;
use super::options::{config, first_complaint, not_negative};
use super::rule::Rule;
use super::sweep::Sweep;
use crate::compute::number::Number;
use crate::print::python::float_repr;

/// Resilient backpropagation: an element's step grows while its gradient keeps its sign, and
/// shrinks where it turns.
///
/// ```text
/// g ← -g if maximize
/// q = g · g of the last step
/// h ← clamp(h · (η⁺ if q > 0, η⁻ if q < 0, else 1), step_sizes), from h = lr
/// g ← 0 if q < 0
/// p ← p - sign(g) h
/// ```
///
/// Use it for gradients of the whole data: with batches the sign is noise.
///
/// # Errors
///
/// `new` refuses a negative `lr`, and `etas` that are not 0 < η⁻ < 1 < η⁺.
///
/// See Riedmiller and Braun, 1993, and PyTorch's `Rprop`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32, -3.0], &Device::Cpu)?;
/// let mut rprop = optim::Rprop::new([w.clone()], optim::RpropConfig { lr: 0.25, ..Default::default() })?;
/// rprop.backward_step(&w.sqr()?.sum_all()?)?;
/// assert_eq!(w.to_vec1::<f32>()?, [0.75, -2.75]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Rprop(RuleOptimizer<RpropRule>);

optimizer!(Rprop, RpropConfig);

config! {
    /// The options of [`Rprop`].
    RpropConfig {
        /// The size of the first step. Default: 0.01.
        lr: f64 = 1e-2;
        /// The factors of a step where the gradient turns, and where it doesn't. Default: 0.5 and
        /// 1.2.
        etas: (f64, f64) = (0.5, 1.2);
        /// The smallest and the largest step. Default: 1e-6 and 50.
        step_sizes: (f64, f64) = (1e-6, 50f64);
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
        /// Chooses PyTorch's implementation; only printed here. Default: none.
        foreach: Option<bool> = None;
    }
    prints { capturable: "False", differentiable: "False" }
}

/// The update rule of [`Rprop`].
#[derive(Debug)]
pub struct RpropRule;

impl Rule for RpropRule {
    const NAME: &'static str = "Rprop";
    const FUNCTION: &'static str = "optim::Rprop";
    const BUFFERS: &'static [&'static str] = &["prev", "step_size"];
    type Config = RpropConfig;

    fn complaint(config: &RpropConfig) -> Option<String> {
        let (minus, plus) = config.etas;
        first_complaint([
            not_negative("learning rate", config.lr),
            (
                0.0 < minus && minus < 1.0 && 1.0 < plus,
                format!("Invalid eta values: {}, {}", float_repr(minus), float_repr(plus)),
            ),
        ])
    }

    fn update<T: Number>(
        config: &RpropConfig,
        _: u32,
        _: &mut [f64],
        mut sweep: Sweep<'_, T>,
    ) -> Result<()> {
        let RpropConfig { lr, etas: (minus, plus), step_sizes: (smallest, largest), .. } = *config;
        let [minus, plus, smallest, largest] = [minus, plus, smallest, largest].map(T::of);
        let (zero, one, maximize) = (T::zero(), T::one(), config.maximize);
        sweep.want(1, sweep.p.len(), T::of(lr));
        sweep.each([0, 1], |p, g, [previous, size]| {
            let g = if maximize { -g } else { g };
            let turn = g * previous;
            let factor = if turn > zero { plus } else { one };
            let factor = if turn < zero { minus } else { factor };
            let size = size * factor;
            let size = if size < smallest { smallest } else { size };
            let size = if size > largest { largest } else { size };
            let g = if turn < zero { zero } else { g };
            let step = if g > zero { size } else { zero };
            let step = if g < zero { -size } else { step };
            (p - step, [g, size])
        });
        Ok(())
    }
}
