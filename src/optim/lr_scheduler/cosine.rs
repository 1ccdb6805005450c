//! Schedules along a cosine: one fall, or one after the other.

use std::f64::consts::PI;

use super::core::{At, Attached, Rate, Schedule, Scheduler};
use crate::optim::ParamGroups;

/// Lets the rates fall along half a cosine; after `T_max` they rise again.
///
/// ```text
/// lr(e) = eta_min + (lr(0) - eta_min)(1 + cos(π e / T_max)) / 2
/// ```
///
/// # Errors
///
/// `new` refuses a `T_max` of 0, which is what the default leaves open.
///
/// See Loshchilov and Hutter, 2016, and PyTorch's `CosineAnnealingLR`.
///
/// ```
/// use akari::optim::lr_scheduler::{CosineAnnealingLR, CosineAnnealingLRConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 1.0, ..Default::default() })?;
/// let config = CosineAnnealingLRConfig { T_max: 2, ..Default::default() };
/// let mut scheduler = CosineAnnealingLR::new(&mut opt, config)?;
/// scheduler.step(&mut opt)?;
/// assert!((scheduler.get_last_lr()[0] - 0.5).abs() < 1e-15);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type CosineAnnealingLR = Scheduler<CosineAnnealingLRConfig>;

/// The options of [`CosineAnnealingLR`].
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(non_snake_case)]
pub struct CosineAnnealingLRConfig {
    /// After how many epochs the rate is lowest. Must be given.
    pub T_max: i32,
    /// The lowest rate. Default: 0.
    pub eta_min: f64,
}

impl Schedule for CosineAnnealingLRConfig {
    const NAME: &'static str = "CosineAnnealingLR";
    type Config = Self;

    fn attach(config: Self, _: &mut dyn ParamGroups) -> Attached<Self> {
        if config.T_max <= 0 {
            return Err(format!("Expected positive integer T_max, but got {}", config.T_max));
        }
        Ok(config)
    }

    fn lr(&self, at: At) -> Rate {
        let (length, lowest) = (f64::from(self.T_max), self.eta_min);
        if at.is_initial {
            return Ok(at.lr);
        }
        // Where the last rate was the lowest one there is nothing to multiply.
        if (at.epoch - 1 - self.T_max).rem_euclid(2 * self.T_max) == 0 {
            return Ok(at.lr + (at.base_lr - lowest) * (1.0 - (PI / length).cos()) / 2.0);
        }
        let height = |epoch: i32| 1.0 + (PI * f64::from(epoch) / length).cos();
        Ok(height(at.epoch) / height(at.epoch - 1) * (at.lr - lowest) + lowest)
    }

    fn closed_form(&self, at: At) -> Rate {
        Ok(cosine(self.eta_min, at.base_lr, f64::from(at.epoch), f64::from(self.T_max)))
    }
}

fn cosine(lowest: f64, highest: f64, at: f64, length: f64) -> f64 {
    lowest + (highest - lowest) * (1.0 + (PI * at / length).cos()) / 2.0
}

/// Lets the rates fall along half a cosine, and begins anew after `T_0` epochs, then `T_mult` times
/// as many, and so on.
///
/// ```text
/// lr = eta_min + (lr(0) - eta_min)(1 + cos(π e / T)) / 2, e epochs after the last beginning
/// ```
///
/// # Errors
///
/// `new` refuses a `T_0` of 0, which is what the default leaves open, and a `T_mult` below 1.
///
/// See Loshchilov and Hutter, 2016, and PyTorch's `CosineAnnealingWarmRestarts`.
///
/// ```
/// use akari::optim::lr_scheduler::{CosineAnnealingWarmRestarts, CosineAnnealingWarmRestartsConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 1.0, ..Default::default() })?;
/// let config = CosineAnnealingWarmRestartsConfig { T_0: 1, ..Default::default() };
/// let mut scheduler = CosineAnnealingWarmRestarts::new(&mut opt, config)?;
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [1.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type CosineAnnealingWarmRestarts = Scheduler<WarmRestarts>;

/// The options of [`CosineAnnealingWarmRestarts`].
#[derive(Debug, Clone, PartialEq)]
#[allow(non_snake_case)]
pub struct CosineAnnealingWarmRestartsConfig {
    /// After how many epochs to begin anew for the first time. Must be given.
    pub T_0: i32,
    /// How many times longer each fall is than the one before. Default: 1.
    pub T_mult: i32,
    /// The lowest rate. Default: 0.
    pub eta_min: f64,
}

impl Default for CosineAnnealingWarmRestartsConfig {
    fn default() -> Self {
        CosineAnnealingWarmRestartsConfig { T_0: 0, T_mult: 1, eta_min: 0.0 }
    }
}

/// The schedule of [`CosineAnnealingWarmRestarts`].
#[derive(Debug)]
pub struct WarmRestarts {
    config: CosineAnnealingWarmRestartsConfig,
    /// Epochs since the last beginning, and until the next.
    current: f64,
    length: f64,
}

impl Schedule for WarmRestarts {
    const NAME: &'static str = "CosineAnnealingWarmRestarts";
    type Config = CosineAnnealingWarmRestartsConfig;

    fn attach(config: Self::Config, _: &mut dyn ParamGroups) -> Attached<Self> {
        if config.T_0 <= 0 {
            return Err(format!("Expected positive integer T_0, but got {}", config.T_0));
        }
        if config.T_mult < 1 {
            return Err(format!("Expected integer T_mult >= 1, but got {}", config.T_mult));
        }
        let length = f64::from(config.T_0);
        Ok(WarmRestarts { config, current: 0.0, length })
    }

    fn lr(&self, at: At) -> Rate {
        Ok(cosine(self.config.eta_min, at.base_lr, self.current, self.length))
    }

    fn advance(&mut self, is_first: bool) {
        if is_first {
            (self.current, self.length) = (0.0, f64::from(self.config.T_0));
            return;
        }
        self.current += 1.0;
        if self.current >= self.length {
            self.current -= self.length;
            self.length *= f64::from(self.config.T_mult);
        }
    }

    fn memory(&self) -> Vec<f64> {
        vec![self.current, self.length]
    }

    fn set_memory(&mut self, memory: &[f64]) {
        if let [current, length] = *memory {
            (self.current, self.length) = (current, length);
        }
    }
}
