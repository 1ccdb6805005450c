//! Schedules that move rate and momentum against each other: in cycles, or in one cycle.

use std::f64::consts::PI;

use super::core::{At, Attached, PerGroup, Rate, Schedule, Scheduler, set_momentum};
use crate::compute::beside::Beside;
use crate::optim::ParamGroups;
use crate::print::python::float_repr;

/// How the height of a cycle of [`CyclicLR`] changes.
#[derive(Debug, Clone, Copy, Default)]
pub enum CyclicMode {
    /// The height stays.
    #[default]
    Triangular,
    /// The height halves with every cycle.
    Triangular2,
    /// The height is multiplied by `gamma` with every step.
    ExpRange,
    /// The height is multiplied by this function of the cycle, counted from 1: PyTorch's `scale_fn`
    /// with `scale_mode='cycle'`.
    OfCycle(fn(f64) -> f64),
    /// The height is multiplied by this function of the step: `scale_fn` with
    /// `scale_mode='iterations'`.
    OfIterations(fn(f64) -> f64),
}

impl PartialEq for CyclicMode {
    /// Two functions are equal only if they are the same one.
    fn eq(&self, other: &Self) -> bool {
        use CyclicMode::{OfCycle, OfIterations};
        match (self, other) {
            (OfCycle(a), OfCycle(b)) | (OfIterations(a), OfIterations(b)) => {
                std::ptr::fn_addr_eq(*a, *b)
            }
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// Moves the rates up and down between two bounds, and momentum the other way.
///
/// ```text
/// lr(e) = base_lr + (max_lr - base_lr) triangle(e) h;  h = 1, 1/2^(cycle - 1), gammaᵉ or your own
/// momentum(e) = max_momentum - (max_momentum - base_momentum) triangle(e) h
/// ```
///
/// Momentum is `momentum` or the first of `betas`.
///
/// # Errors
///
/// `new` refuses `cycle_momentum` with an optimizer that has neither.
///
/// *Differs from PyTorch*, where such a function is an argument beside `mode`. See Smith, 2015, and
/// PyTorch's `CyclicLR`.
///
/// ```
/// use akari::optim::lr_scheduler::{CyclicLR, CyclicLRConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { momentum: 0.9, ..Default::default() })?;
/// let config = CyclicLRConfig {
///     base_lr: 0.0.into(),
///     max_lr: 1.0.into(),
///     step_size_up: 2,
///     ..Default::default()
/// };
/// let mut scheduler = CyclicLR::new(&mut opt, config)?;
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type CyclicLR = Scheduler<Cyclic>;

/// The options of [`CyclicLR`].
#[derive(Debug, Clone, PartialEq)]
pub struct CyclicLRConfig {
    /// The lower bound of the rate. Must be given.
    pub base_lr: PerGroup,
    /// The upper bound of the rate. Must be given.
    pub max_lr: PerGroup,
    /// In how many steps the rate rises. Default: 2000.
    pub step_size_up: i32,
    /// In how many steps the rate falls; none stands for `step_size_up`. Default: none.
    pub step_size_down: Option<i32>,
    /// How the height of a cycle changes. Default: triangular.
    pub mode: CyclicMode,
    /// For [`CyclicMode::ExpRange`]. Default: 1.
    pub gamma: f64,
    /// Whether momentum moves too. Default: true.
    pub cycle_momentum: bool,
    /// The lower bound of momentum. Default: 0.8.
    pub base_momentum: PerGroup,
    /// The upper bound of momentum. Default: 0.9.
    pub max_momentum: PerGroup,
}

impl Default for CyclicLRConfig {
    fn default() -> Self {
        CyclicLRConfig {
            base_lr: PerGroup::missing(),
            max_lr: PerGroup::missing(),
            step_size_up: 2000,
            step_size_down: None,
            mode: CyclicMode::Triangular,
            gamma: 1.0,
            cycle_momentum: true,
            base_momentum: 0.8.into(),
            max_momentum: 0.9.into(),
        }
    }
}

/// The schedule of [`CyclicLR`].
#[derive(Debug)]
pub struct Cyclic {
    config: CyclicLRConfig,
    rates: Vec<(f64, f64)>,
    momentums: Vec<(f64, f64)>,
}

/// Lower and upper bounds of momentum, noted in the groups, which begin at the upper one.
fn attach_momentum(
    optimizer: &mut dyn ParamGroups,
    base: &PerGroup,
    max: &PerGroup,
) -> Attached<Vec<(f64, f64)>> {
    let count = optimizer.group_count();
    if optimizer.get(0, "momentum").is_none() && optimizer.get(0, "betas").is_none() {
        return Err(
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
                .to_owned(),
        );
    }
    let bounds =
        base.of("base_momentum", count)?.into_iter().beside(max.of("max_momentum", count)?);
    let bounds = bounds.collect::<Vec<_>>();
    for (group, (base, max)) in bounds.iter().enumerate() {
        set_momentum(optimizer, group, *max);
        optimizer.note(group, "max_momentum", *max);
        optimizer.note(group, "base_momentum", *base);
    }
    Ok(bounds)
}

impl Schedule for Cyclic {
    const NAME: &'static str = "CyclicLR";
    type Config = CyclicLRConfig;

    fn attach(config: CyclicLRConfig, optimizer: &mut dyn ParamGroups) -> Attached<Self> {
        let count = optimizer.group_count();
        let (base, max) =
            (config.base_lr.of("base_lr", count)?, config.max_lr.of("max_lr", count)?);
        if config.step_size_up <= 0 || config.step_size_down.is_some_and(|down| down < 0) {
            return Err("step_size_up and step_size_down must be positive".to_owned());
        }
        let momentums = match config.cycle_momentum {
            true => attach_momentum(optimizer, &config.base_momentum, &config.max_momentum)?,
            false => Vec::new(),
        };
        for (group, lr) in base.iter().enumerate() {
            optimizer.set(group, "lr", &[*lr]);
        }
        Ok(Cyclic { config, rates: base.into_iter().beside(max).collect(), momentums })
    }

    fn lr(&self, at: At) -> Rate {
        let (base, max) = self.rates[at.group];
        Ok(base + self.height(at.epoch, base, max))
    }

    fn momentum(&self, at: At) -> Option<f64> {
        let (base, max) = *self.momentums.get(at.group)?;
        Some(max - self.height(at.epoch, base, max))
    }
}

impl Cyclic {
    /// How far from its beginning a number is at this step.
    fn height(&self, epoch: i32, low: f64, high: f64) -> f64 {
        let up = f64::from(self.config.step_size_up);
        let total = up + self.config.step_size_down.map_or(up, f64::from);
        let (epoch, turn) = (f64::from(epoch), up / total);
        let cycle = (1.0 + epoch / total).floor();
        let x = 1.0 + epoch / total - cycle;
        let triangle = if x <= turn { x / turn } else { (x - 1.0) / (turn - 1.0) };
        let scale = match self.config.mode {
            CyclicMode::Triangular => 1.0,
            CyclicMode::Triangular2 => 1.0 / 2f64.powf(cycle - 1.0),
            CyclicMode::ExpRange => self.config.gamma.powf(epoch),
            CyclicMode::OfCycle(scale) => scale(cycle),
            CyclicMode::OfIterations(scale) => scale(epoch),
        };
        (high - low) * triangle * scale
    }
}

/// The curve of [`OneCycleLR`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AnnealStrategy {
    /// Half a cosine.
    #[default]
    Cos,
    /// A line.
    Linear,
}

impl AnnealStrategy {
    fn between(self, start: f64, end: f64, part: f64) -> f64 {
        match self {
            AnnealStrategy::Cos => end + (start - end) / 2.0 * ((PI * part).cos() + 1.0),
            AnnealStrategy::Linear => (end - start) * part + start,
        }
    }
}

/// Lets the rates rise once and fall far below where they began, and momentum move the other way.
///
/// ```text
/// max_lr / div_factor → max_lr in the first pct_start total_steps steps,
///     → max_lr / div_factor / final_div_factor in the others
/// momentum: max_momentum → base_momentum → max_momentum
/// three_phase: up, down as far as it came, then down to the end
/// ```
///
/// Call it after every batch. Momentum is `momentum` or the first of `betas`.
///
/// # Errors
///
/// `new` asks for `max_lr` and for `total_steps`, or `epochs` and `steps_per_epoch`; refuses a
/// `pct_start` outside of 0 to 1, and `cycle_momentum` with an optimizer that has none. `step`
/// refuses more steps than that.
///
/// See Smith and Topin, 2017, and PyTorch's `OneCycleLR`.
///
/// ```
/// use akari::optim::lr_scheduler::{OneCycleLR, OneCycleLRConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { momentum: 0.9, ..Default::default() })?;
/// let config = OneCycleLRConfig { max_lr: 1.0.into(), total_steps: Some(10), ..Default::default() };
/// let mut scheduler = OneCycleLR::new(&mut opt, config)?;
/// for _ in 0..2 {
///     scheduler.step(&mut opt)?;
/// }
/// assert_eq!(scheduler.get_last_lr(), [1.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type OneCycleLR = Scheduler<OneCycle>;

/// The options of [`OneCycleLR`].
#[derive(Debug, Clone, PartialEq)]
pub struct OneCycleLRConfig {
    /// The highest rate. Must be given.
    pub max_lr: PerGroup,
    /// How many steps there will be. Default: none.
    pub total_steps: Option<i32>,
    /// How many epochs there will be. Default: none.
    pub epochs: Option<i32>,
    /// How many steps an epoch has. Default: none.
    pub steps_per_epoch: Option<i32>,
    /// For which part of the steps the rate rises. Default: 0.3.
    pub pct_start: f64,
    /// Along which curve. Default: a cosine.
    pub anneal_strategy: AnnealStrategy,
    /// Whether momentum moves too. Default: true.
    pub cycle_momentum: bool,
    /// The lowest momentum. Default: 0.85.
    pub base_momentum: PerGroup,
    /// The highest momentum. Default: 0.95.
    pub max_momentum: PerGroup,
    /// How many times smaller than the highest the first rate is. Default: 25.
    pub div_factor: f64,
    /// How many times smaller than the first the last rate is. Default: 1e4.
    pub final_div_factor: f64,
    /// Whether the fall has two parts. Default: false.
    pub three_phase: bool,
}

impl Default for OneCycleLRConfig {
    fn default() -> Self {
        OneCycleLRConfig {
            max_lr: PerGroup::missing(),
            total_steps: None,
            epochs: None,
            steps_per_epoch: None,
            pct_start: 0.3,
            anneal_strategy: AnnealStrategy::Cos,
            cycle_momentum: true,
            base_momentum: 0.85.into(),
            max_momentum: 0.95.into(),
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase: false,
        }
    }
}

impl OneCycleLRConfig {
    fn steps(&self) -> Attached<i32> {
        let positive = |name: &str, number: i32| match number {
            ..=0 => Err(format!("Expected positive integer {name}, but got {number}")),
            _ => Ok(number),
        };
        match (self.total_steps, self.epochs, self.steps_per_epoch) {
            (Some(total), ..) => positive("total_steps", total),
            (None, Some(epochs), Some(steps)) => {
                Ok(positive("epochs", epochs)? * positive("steps_per_epoch", steps)?)
            }
            _ => {
                Err("You must define either total_steps OR (epochs AND steps_per_epoch)".to_owned())
            }
        }
    }
}

/// The schedule of [`OneCycleLR`].
#[derive(Debug)]
pub struct OneCycle {
    config: OneCycleLRConfig,
    total_steps: i32,
    /// The first, the highest and the last rate of each group.
    rates: Vec<[f64; 3]>,
    momentums: Vec<(f64, f64)>,
}

impl Schedule for OneCycle {
    const NAME: &'static str = "OneCycleLR";
    type Config = OneCycleLRConfig;

    fn attach(config: OneCycleLRConfig, optimizer: &mut dyn ParamGroups) -> Attached<Self> {
        let total_steps = config.steps()?;
        if !(0.0..=1.0).contains(&config.pct_start) {
            return Err(format!(
                "Expected float between 0 and 1 pct_start, but got {}",
                float_repr(config.pct_start)
            ));
        }
        let max = config.max_lr.of("max_lr", optimizer.group_count())?;
        let momentums = match config.cycle_momentum {
            true => attach_momentum(optimizer, &config.base_momentum, &config.max_momentum)?,
            false => Vec::new(),
        };
        let mut rates = Vec::new();
        for (group, max) in max.into_iter().enumerate() {
            let first = max / config.div_factor;
            let last = first / config.final_div_factor;
            optimizer.note(group, "initial_lr", first);
            optimizer.note(group, "max_lr", max);
            optimizer.note(group, "min_lr", last);
            rates.push([first, max, last]);
        }
        Ok(OneCycle { config, total_steps, rates, momentums })
    }

    fn lr(&self, at: At) -> Rate {
        if at.epoch > self.total_steps {
            return Err(format!(
                "Tried to step {} times. The specified number of total steps is {}",
                at.epoch, self.total_steps
            ));
        }
        let [first, max, last] = self.rates[at.group];
        let corners: &[f64] =
            if self.config.three_phase { &[first, max, first, last] } else { &[first, max, last] };
        Ok(self.between(at.epoch, corners))
    }

    fn momentum(&self, at: At) -> Option<f64> {
        let (base, max) = *self.momentums.get(at.group)?;
        let corners: &[f64] =
            if self.config.three_phase { &[max, base, max, max] } else { &[max, base, max] };
        Some(self.between(at.epoch, corners))
    }
}

impl OneCycle {
    /// A number that moves from corner to corner; each but the first is reached at the end of a
    /// phase.
    fn between(&self, epoch: i32, corners: &[f64]) -> f64 {
        let (epoch, total) = (f64::from(epoch), f64::from(self.total_steps));
        let rise = self.config.pct_start * total - 1.0;
        let back = 2.0 * self.config.pct_start * total - 2.0;
        let ends: &[f64] = match self.config.three_phase {
            true => &[rise, back, total - 1.0],
            false => &[rise, total - 1.0],
        };
        let phase = ends.iter().position(|end| epoch <= *end).unwrap_or(ends.len() - 1);
        let start = phase.checked_sub(1).map_or(0.0, |before| ends[before]);
        let part = (epoch - start) / (ends[phase] - start);
        self.config.anneal_strategy.between(corners[phase], corners[phase + 1], part)
    }
}
