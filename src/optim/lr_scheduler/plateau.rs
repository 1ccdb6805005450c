//! A schedule that looks at what training achieves.

use candle_core::Result;

use super::core::{PerGroup, lrs};
use crate::error::fail;
use crate::optim::ParamGroups;
use crate::optim::state_dict::{list, numbers};
use crate::state_dict::StateDict;

/// Which way is better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PlateauMode {
    /// Less, as of a loss.
    #[default]
    Min,
    /// More, as of an accuracy.
    Max,
}

/// How [`ReduceLROnPlateauConfig::threshold`] is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ThresholdMode {
    /// As a part of the best so far.
    #[default]
    Rel,
    /// As it is.
    Abs,
}

/// The options of [`ReduceLROnPlateau`].
#[derive(Debug, Clone, PartialEq)]
pub struct ReduceLROnPlateauConfig {
    /// Which way is better. Default: less.
    pub mode: PlateauMode,
    /// The factor of the rate. Default: 0.1.
    pub factor: f64,
    /// How many steps without a better number are borne. Default: 10.
    pub patience: i32,
    /// By how much a better number must be better. Default: 0.0001.
    pub threshold: f64,
    /// How `threshold` is meant. Default: as a part of the best.
    pub threshold_mode: ThresholdMode,
    /// For how many steps after a change nothing is counted. Default: 0.
    pub cooldown: i32,
    /// The lowest rate. Default: 0.
    pub min_lr: PerGroup,
    /// A change that isn't larger is left out. Default: 1e-8.
    pub eps: f64,
}

impl Default for ReduceLROnPlateauConfig {
    fn default() -> Self {
        ReduceLROnPlateauConfig {
            mode: PlateauMode::Min,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Rel,
            cooldown: 0,
            min_lr: 0.0.into(),
            eps: 1e-8,
        }
    }
}

/// Multiplies the rates by `factor` when a number has not become better for more than `patience`
/// steps.
///
/// ```text
/// better: a < best (1 - threshold), or a < best - threshold; with Max: a > best (1 + threshold) ..
/// ```
///
/// `step` takes that number, so this scheduler can't be part of a sequence or a chain.
///
/// # Errors
///
/// `new` refuses a `factor` of 1 or more.
///
/// See PyTorch's `ReduceLROnPlateau`.
///
/// ```
/// use akari::optim::lr_scheduler::{ReduceLROnPlateau, ReduceLROnPlateauConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 1.0, ..Default::default() })?;
/// let config = ReduceLROnPlateauConfig { factor: 0.5, patience: 0, ..Default::default() };
/// let mut scheduler = ReduceLROnPlateau::new(&mut opt, config)?;
/// scheduler.step(3.0, &mut opt)?;
/// scheduler.step(3.0, &mut opt)?; // no better
/// assert_eq!(scheduler.get_last_lr(), [0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ReduceLROnPlateau {
    config: ReduceLROnPlateauConfig,
    min_lrs: Vec<f64>,
    best: f64,
    cooldown_counter: i32,
    num_bad_epochs: i32,
    last_lr: Vec<f64>,
}

impl ReduceLROnPlateau {
    /// A scheduler of this optimizer.
    ///
    /// # Errors
    ///
    /// If an option makes no sense.
    pub fn new(optimizer: &mut dyn ParamGroups, config: ReduceLROnPlateauConfig) -> Result<Self> {
        const FUNCTION: &str = "optim::lr_scheduler::ReduceLROnPlateau";
        if config.factor >= 1.0 {
            return fail(FUNCTION, "Factor should be < 1.0.");
        }
        let min_lrs = match config.min_lr.of("min_lr", optimizer.group_count()) {
            Ok(min_lrs) => min_lrs,
            Err(text) => return fail(FUNCTION, text),
        };
        let best = match config.mode {
            PlateauMode::Min => f64::INFINITY,
            PlateauMode::Max => f64::NEG_INFINITY,
        };
        let last_lr = lrs(optimizer);
        Ok(ReduceLROnPlateau {
            config,
            min_lrs,
            best,
            cooldown_counter: 0,
            num_bad_epochs: 0,
            last_lr,
        })
    }

    /// Looks at a number, such as the loss of the validation data, and sets the rates.
    ///
    /// # Errors
    ///
    /// Never so far; the steps of other schedulers can fail.
    pub fn step(&mut self, metrics: f64, optimizer: &mut dyn ParamGroups) -> Result<()> {
        if self.is_better(metrics) {
            self.best = metrics;
            self.num_bad_epochs = 0;
        } else {
            self.num_bad_epochs += 1;
        }
        if self.cooldown_counter > 0 {
            self.cooldown_counter -= 1;
            self.num_bad_epochs = 0;
        }
        if self.num_bad_epochs > self.config.patience {
            self.reduce(optimizer);
            self.cooldown_counter = self.config.cooldown;
            self.num_bad_epochs = 0;
        }
        self.last_lr = lrs(optimizer);
        Ok(())
    }

    /// The rates of all groups, as the last step set them.
    pub fn get_last_lr(&self) -> Vec<f64> {
        self.last_lr.clone()
    }

    fn reduce(&self, optimizer: &mut dyn ParamGroups) {
        for (group, old) in lrs(optimizer).into_iter().enumerate() {
            let lowest = self.min_lrs.get(group).copied().unwrap_or_default();
            let new = (old * self.config.factor).max(lowest);
            if old - new > self.config.eps {
                optimizer.set(group, "lr", &[new]);
            }
        }
    }

    fn is_better(&self, a: f64) -> bool {
        let (best, threshold) = (self.best, self.config.threshold);
        match (self.config.mode, self.config.threshold_mode) {
            (PlateauMode::Min, ThresholdMode::Rel) => a < best * (1.0 - threshold),
            (PlateauMode::Min, ThresholdMode::Abs) => a < best - threshold,
            (PlateauMode::Max, ThresholdMode::Rel) => a > best * (threshold + 1.0),
            (PlateauMode::Max, ThresholdMode::Abs) => a > best + threshold,
        }
    }

    /// Everything that the next step depends on, as tensors that a safetensors file can hold.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn state_dict(&self) -> Result<StateDict> {
        let memory = [self.best, f64::from(self.cooldown_counter), f64::from(self.num_bad_epochs)];
        let mut dict = StateDict::new();
        dict.insert("memory".to_owned(), list(&memory)?);
        dict.insert("_last_lr".to_owned(), list(&self.last_lr)?);
        Ok(dict)
    }

    /// Takes up what [`ReduceLROnPlateau::state_dict`] gave.
    ///
    /// # Errors
    ///
    /// If the dict is of another scheduler.
    pub fn load_state_dict(&mut self, dict: &StateDict) -> Result<()> {
        let get = |name: &str| dict.get(name).map_or_else(|| Ok(Vec::new()), numbers);
        let [best, cooldown, bad] = get("memory")?[..] else {
            return fail(
                "optim::lr_scheduler::ReduceLROnPlateau::load_state_dict",
                "this is the state of another scheduler",
            );
        };
        (self.best, self.cooldown_counter, self.num_bad_epochs) =
            (best, cooldown as i32, bad as i32);
        self.last_lr = get("_last_lr")?;
        Ok(())
    }
}
