//! Schedules that multiply a rate by a number: by steps, by milestones, for a while, along a line
//! or a power. `lambda.rs` has the schedules that ask a function.

use super::core::{At, Attached, Rate, Schedule, Scheduler};
use crate::optim::ParamGroups;

/// Multiplies the rates by `gamma` every `step_size` epochs.
///
/// ```text
/// lr(e) = lr(0) gamma^(e // step_size)
/// ```
///
/// # Errors
///
/// `new` refuses a `step_size` of 0, which is what the default leaves open. *Differs from PyTorch*,
/// where that fails at the first step.
///
/// ```
/// use akari::optim::lr_scheduler::{StepLR, StepLRConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 0.5, ..Default::default() })?;
/// let mut scheduler = StepLR::new(&mut opt, StepLRConfig { step_size: 1, gamma: 0.5 })?;
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [0.25]);
/// assert_eq!(opt.learning_rate(), 0.25);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type StepLR = Scheduler<StepLRConfig>;

/// The options of [`StepLR`].
#[derive(Debug, Clone, PartialEq)]
pub struct StepLRConfig {
    /// After how many epochs. Must be given.
    pub step_size: i32,
    /// The factor of the rate. Default: 0.1.
    pub gamma: f64,
}

impl Default for StepLRConfig {
    fn default() -> Self {
        StepLRConfig { step_size: 0, gamma: 0.1 }
    }
}

impl Schedule for StepLRConfig {
    const NAME: &'static str = "StepLR";
    type Config = Self;

    fn attach(config: Self, _: &mut dyn ParamGroups) -> Attached<Self> {
        if config.step_size <= 0 {
            return Err(format!(
                "integer modulo by zero: step_size must be positive, but is {}",
                config.step_size
            ));
        }
        Ok(config)
    }

    fn lr(&self, at: At) -> Rate {
        let is_step = at.epoch != 0 && at.epoch % self.step_size == 0;
        Ok(if is_step { at.lr * self.gamma } else { at.lr })
    }

    fn closed_form(&self, at: At) -> Rate {
        Ok(at.base_lr * self.gamma.powi(at.epoch / self.step_size))
    }
}

/// Multiplies the rates by `gamma` at certain epochs.
///
/// ```text
/// lr(e) = lr(0) gamma^(number of milestones ≤ e)
/// ```
///
/// A milestone that is there twice counts twice.
///
/// ```
/// use akari::optim::lr_scheduler::{MultiStepLR, MultiStepLRConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 0.5, ..Default::default() })?;
/// let mut scheduler = MultiStepLR::new(&mut opt, MultiStepLRConfig { milestones: vec![2], gamma: 0.5 })?;
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [0.5]);
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [0.25]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type MultiStepLR = Scheduler<MultiStepLRConfig>;

/// The options of [`MultiStepLR`].
#[derive(Debug, Clone, PartialEq)]
pub struct MultiStepLRConfig {
    /// At which epochs. Must be given.
    pub milestones: Vec<i32>,
    /// The factor of the rate. Default: 0.1.
    pub gamma: f64,
}

impl Default for MultiStepLRConfig {
    fn default() -> Self {
        MultiStepLRConfig { milestones: Vec::new(), gamma: 0.1 }
    }
}

impl Schedule for MultiStepLRConfig {
    const NAME: &'static str = "MultiStepLR";
    type Config = Self;

    fn attach(config: Self, _: &mut dyn ParamGroups) -> Attached<Self> {
        Ok(config)
    }

    fn lr(&self, at: At) -> Rate {
        let count = self.milestones.iter().filter(|milestone| **milestone == at.epoch).count();
        Ok(at.lr * self.gamma.powi(count as i32))
    }

    fn closed_form(&self, at: At) -> Rate {
        let count = self.milestones.iter().filter(|milestone| **milestone <= at.epoch).count();
        Ok(at.base_lr * self.gamma.powi(count as i32))
    }
}

/// Multiplies the rates by a factor until a certain epoch.
///
/// ```text
/// lr(e) = lr factor while e < total_iters, then lr
/// ```
///
/// # Errors
///
/// `new` refuses a `factor` outside of 0 to 1.
///
/// ```
/// use akari::optim::lr_scheduler::{ConstantLR, ConstantLRConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 0.5, ..Default::default() })?;
/// let mut scheduler = ConstantLR::new(&mut opt, ConstantLRConfig { factor: 0.5, total_iters: 1 })?;
/// assert_eq!(scheduler.get_last_lr(), [0.25]);
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type ConstantLR = Scheduler<ConstantLRConfig>;

/// The options of [`ConstantLR`].
#[derive(Debug, Clone, PartialEq)]
pub struct ConstantLRConfig {
    /// The factor of the rate. Default: 1/3.
    pub factor: f64,
    /// For how many epochs. Default: 5.
    pub total_iters: i32,
}

impl Default for ConstantLRConfig {
    fn default() -> Self {
        ConstantLRConfig { factor: 1.0 / 3.0, total_iters: 5 }
    }
}

impl Schedule for ConstantLRConfig {
    const NAME: &'static str = "ConstantLR";
    type Config = Self;

    fn attach(config: Self, _: &mut dyn ParamGroups) -> Attached<Self> {
        if (0.0..=1.0).contains(&config.factor) {
            return Ok(config);
        }
        Err("Constant multiplicative factor expected to be between 0 and 1.".to_owned())
    }

    fn lr(&self, at: At) -> Rate {
        Ok(match at.epoch {
            0 => at.lr * self.factor,
            epoch if epoch == self.total_iters => at.lr * (1.0 / self.factor),
            _ => at.lr,
        })
    }

    fn closed_form(&self, at: At) -> Rate {
        let is_over = at.epoch >= self.total_iters;
        Ok(at.base_lr * if is_over { 1.0 } else { self.factor })
    }
}

/// Moves a factor of the rates along a line: a warm-up, by default.
///
/// ```text
/// lr(e) = lr (start_factor + (end_factor - start_factor) min(e, total_iters) / total_iters)
/// ```
///
/// # Errors
///
/// `new` refuses a `start_factor` outside of 0 < f ≤ 1 and an `end_factor` outside of 0 to 1.
///
/// ```
/// use akari::optim::lr_scheduler::{LinearLR, LinearLRConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 1.0, ..Default::default() })?;
/// let config = LinearLRConfig { start_factor: 0.5, total_iters: 2, ..Default::default() };
/// let mut scheduler = LinearLR::new(&mut opt, config)?;
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [0.75]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type LinearLR = Scheduler<LinearLRConfig>;

/// The options of [`LinearLR`].
#[derive(Debug, Clone, PartialEq)]
pub struct LinearLRConfig {
    /// The factor of the first rate. Default: 1/3.
    pub start_factor: f64,
    /// The factor of the last rate. Default: 1.
    pub end_factor: f64,
    /// After how many epochs the line ends. Default: 5.
    pub total_iters: i32,
}

impl Default for LinearLRConfig {
    fn default() -> Self {
        LinearLRConfig { start_factor: 1.0 / 3.0, end_factor: 1.0, total_iters: 5 }
    }
}

impl Schedule for LinearLRConfig {
    const NAME: &'static str = "LinearLR";
    type Config = Self;

    fn attach(config: Self, _: &mut dyn ParamGroups) -> Attached<Self> {
        if !(config.start_factor > 0.0 && config.start_factor <= 1.0) {
            return Err("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.".to_owned());
        }
        if !(0.0..=1.0).contains(&config.end_factor) {
            return Err("Ending multiplicative factor expected to be between 0 and 1.".to_owned());
        }
        Ok(config)
    }

    fn lr(&self, at: At) -> Rate {
        if at.epoch == 0 {
            return Ok(at.lr * self.start_factor);
        }
        if at.is_initial || at.epoch > self.total_iters {
            return Ok(at.lr);
        }
        let climb = self.end_factor - self.start_factor;
        let so_far =
            f64::from(self.total_iters) * self.start_factor + f64::from(at.epoch - 1) * climb;
        Ok(at.lr * (1.0 + climb / so_far))
    }

    fn closed_form(&self, at: At) -> Rate {
        let climb = self.end_factor - self.start_factor;
        let epoch = f64::from(self.total_iters.min(at.epoch));
        Ok(at.base_lr * (self.start_factor + climb * epoch / f64::from(self.total_iters)))
    }
}

/// Multiplies the rates by `gamma` at every step.
///
/// ```text
/// lr(e) = lr(0) gammaᵉ
/// ```
///
/// ```
/// use akari::optim::lr_scheduler::{ExponentialLR, ExponentialLRConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 1.0, ..Default::default() })?;
/// let mut scheduler = ExponentialLR::new(&mut opt, ExponentialLRConfig { gamma: 0.5 })?;
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type ExponentialLR = Scheduler<ExponentialLRConfig>;

/// The options of [`ExponentialLR`].
#[derive(Debug, Clone, PartialEq)]
pub struct ExponentialLRConfig {
    /// The factor of the rate. Must be given.
    pub gamma: f64,
}

impl Default for ExponentialLRConfig {
    fn default() -> Self {
        ExponentialLRConfig { gamma: f64::NAN }
    }
}

impl Schedule for ExponentialLRConfig {
    const NAME: &'static str = "ExponentialLR";
    type Config = Self;

    fn attach(config: Self, _: &mut dyn ParamGroups) -> Attached<Self> {
        if config.gamma.is_nan() {
            return Err("gamma, the factor of each step, must be given".to_owned());
        }
        Ok(config)
    }

    fn lr(&self, at: At) -> Rate {
        Ok(if at.is_initial { at.lr } else { at.lr * self.gamma })
    }

    fn closed_form(&self, at: At) -> Rate {
        Ok(at.base_lr * self.gamma.powi(at.epoch))
    }
}

/// Lets the rates fall to 0 along a power of a line.
///
/// ```text
/// lr(e) = lr(0) (1 - min(e, total_iters) / total_iters)^power
/// ```
///
/// ```
/// use akari::optim::lr_scheduler::{PolynomialLR, PolynomialLRConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 1.0, ..Default::default() })?;
/// let config = PolynomialLRConfig { total_iters: 4, ..Default::default() };
/// let mut scheduler = PolynomialLR::new(&mut opt, config)?;
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [0.75]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type PolynomialLR = Scheduler<PolynomialLRConfig>;

/// The options of [`PolynomialLR`].
#[derive(Debug, Clone, PartialEq)]
pub struct PolynomialLRConfig {
    /// After how many epochs the rate is 0. Default: 5.
    pub total_iters: i32,
    /// How curved the fall is; 1 is a line. Default: 1.
    pub power: f64,
}

impl Default for PolynomialLRConfig {
    fn default() -> Self {
        PolynomialLRConfig { total_iters: 5, power: 1.0 }
    }
}

impl Schedule for PolynomialLRConfig {
    const NAME: &'static str = "PolynomialLR";
    type Config = Self;

    fn attach(config: Self, _: &mut dyn ParamGroups) -> Attached<Self> {
        Ok(config)
    }

    fn lr(&self, at: At) -> Rate {
        if at.is_initial || at.epoch > self.total_iters {
            return Ok(at.lr);
        }
        let left = |epoch: i32| 1.0 - f64::from(epoch) / f64::from(self.total_iters);
        Ok(at.lr * (left(at.epoch) / left(at.epoch - 1)).powf(self.power))
    }

    fn closed_form(&self, at: At) -> Rate {
        let done = f64::from(self.total_iters.min(at.epoch)) / f64::from(self.total_iters);
        Ok(at.base_lr * (1.0 - done).powf(self.power))
    }
}
