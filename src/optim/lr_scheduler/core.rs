//! The bookkeeping of every scheduler: counting, first rates, the rates of each group.
//!
//! A schedule (`decay.rs`, `cosine.rs`, `cyclic.rs`, `lambda.rs`) says what becomes of one rate. Schedulers of
//! schedulers are in `sequence.rs`; `plateau.rs` keeps its own books, since its step takes a number.

use std::fmt;

use candle_core::Result;

use crate::error::fail;
use crate::optim::ParamGroups;
use crate::optim::state_dict::{list, numbers};
use crate::state_dict::StateDict;

/// Options that were checked, or PyTorch's complaint about them.
pub(super) type Attached<T> = std::result::Result<T, String>;

/// A rate, or PyTorch's complaint.
pub(super) type Rate = std::result::Result<f64, String>;

/// When a rate is asked for, and of which group.
#[derive(Debug, Clone, Copy)]
pub struct At {
    /// How many steps there were.
    pub(super) epoch: i32,
    /// Whether the scheduler is just being made.
    pub(super) is_initial: bool,
    pub(super) group: usize,
    /// The group's rate as it is.
    pub(super) lr: f64,
    /// The group's rate before any scheduler.
    pub(super) base_lr: f64,
}

/// One schedule: what becomes of a group's rate.
pub trait Schedule: fmt::Debug + Sized + 'static {
    /// The scheduler's name.
    const NAME: &'static str;
    /// The options that `new` takes.
    type Config;

    /// Checks the options, in PyTorch's words, and prepares the groups.
    #[doc(hidden)]
    fn attach(config: Self::Config, optimizer: &mut dyn ParamGroups) -> Attached<Self>;

    /// The new rate.
    #[doc(hidden)]
    fn lr(&self, at: At) -> Rate;

    /// The new rate as a formula of the epoch, where PyTorch has one.
    #[doc(hidden)]
    fn closed_form(&self, at: At) -> Rate {
        self.lr(at)
    }

    /// The new momentum, where the schedule moves that too.
    #[doc(hidden)]
    fn momentum(&self, _at: At) -> Option<f64> {
        None
    }

    /// Counts a step; `is_first` when the schedule begins.
    #[doc(hidden)]
    fn advance(&mut self, _is_first: bool) {}

    /// The numbers that the schedule remembers of the steps so far.
    #[doc(hidden)]
    fn memory(&self) -> Vec<f64> {
        Vec::new()
    }

    #[doc(hidden)]
    fn set_memory(&mut self, _memory: &[f64]) {}
}

/// The interface of all schedulers; [`SequentialLR`](super::SequentialLR) and
/// [`ChainedScheduler`](super::ChainedScheduler) take any of them.
pub trait LrScheduler: fmt::Debug {
    /// Sets the optimizer's rates for the next epoch. Call it after the optimizer's own steps.
    ///
    /// # Errors
    ///
    /// If the schedule has an end and this is beyond it.
    fn step(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()>;

    /// The rates of all groups, as the last step set them.
    fn get_last_lr(&self) -> Vec<f64>;

    /// Everything that the next step depends on.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn state_dict(&self) -> Result<StateDict>;

    /// Takes up the state that [`LrScheduler::state_dict`] gave.
    ///
    /// # Errors
    ///
    /// If the dict is of another scheduler.
    fn load_state_dict(&mut self, dict: &StateDict) -> Result<()>;

    /// Begins, as `new` lets a scheduler begin.
    #[doc(hidden)]
    fn begin(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()>;

    /// Begins when a sequence has come to this scheduler.
    #[doc(hidden)]
    fn restart(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()>;

    /// Takes back the count of the first step.
    #[doc(hidden)]
    fn undo(&mut self);
}

impl<R: Schedule> From<Scheduler<R>> for Box<dyn LrScheduler> {
    fn from(scheduler: Scheduler<R>) -> Self {
        Box::new(scheduler)
    }
}

/// A scheduler with the schedule `R`; typed by its alias, such as [`StepLR`](super::StepLR).
#[derive(Debug)]
pub struct Scheduler<R: Schedule> {
    schedule: R,
    base_lrs: Vec<f64>,
    last_epoch: i32,
    last_lr: Vec<f64>,
}

pub(super) fn lrs(optimizer: &dyn ParamGroups) -> Vec<f64> {
    (0..optimizer.group_count()).map(|group| number(optimizer, group, "lr")).collect()
}

pub(super) fn number(optimizer: &dyn ParamGroups, group: usize, name: &str) -> f64 {
    optimizer.get(group, name).and_then(|numbers| numbers.first().copied()).unwrap_or_default()
}

/// Sets the momentum of a group: the first of `betas` where there are some.
pub(super) fn set_momentum(optimizer: &mut dyn ParamGroups, group: usize, momentum: f64) {
    match optimizer.get(group, "betas") {
        Some(mut betas) => {
            betas[0] = momentum;
            optimizer.set(group, "betas", &betas);
        }
        None => optimizer.set(group, "momentum", &[momentum]),
    }
}

impl<R: Schedule> Scheduler<R> {
    /// A scheduler of this optimizer, whose rates it sets to those of the beginning.
    ///
    /// # Errors
    ///
    /// If an option makes no sense.
    pub fn new(optimizer: &mut dyn ParamGroups, config: impl Into<R::Config>) -> Result<Self> {
        let schedule = match R::attach(config.into(), optimizer) {
            Ok(schedule) => schedule,
            Err(text) => return fail(&Self::function(), text),
        };
        let groups = 0..optimizer.group_count();
        for group in groups.clone() {
            if optimizer.get(group, "initial_lr").is_none() {
                let lr = number(optimizer, group, "lr");
                optimizer.note(group, "initial_lr", lr);
            }
        }
        let base_lrs = groups.map(|group| number(optimizer, group, "initial_lr")).collect();
        let mut scheduler = Scheduler { schedule, base_lrs, last_epoch: -1, last_lr: Vec::new() };
        scheduler.begin(optimizer)?;
        Ok(scheduler)
    }

    /// Sets the optimizer's rates for the next epoch. Call it after the optimizer's own steps;
    /// PyTorch warns when it is the other way round, this one is silent.
    ///
    /// # Errors
    ///
    /// If the schedule has an end and this is beyond it.
    pub fn step(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
        LrScheduler::step(self, optimizer)
    }

    /// The rates of all groups, as the last step set them.
    pub fn get_last_lr(&self) -> Vec<f64> {
        self.last_lr.clone()
    }

    /// Everything that the next step depends on, as tensors that a safetensors file can hold.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn state_dict(&self) -> Result<StateDict> {
        LrScheduler::state_dict(self)
    }

    /// Takes up what [`Scheduler::state_dict`] gave.
    ///
    /// # Errors
    ///
    /// If the dict is of another scheduler.
    pub fn load_state_dict(&mut self, dict: &StateDict) -> Result<()> {
        LrScheduler::load_state_dict(self, dict)
    }

    fn function() -> String {
        format!("optim::lr_scheduler::{}", R::NAME)
    }

    fn set_rates(
        &mut self,
        optimizer: &mut dyn ParamGroups,
        is_initial: bool,
        rate: impl Fn(&R, At) -> Rate,
    ) -> Result<()> {
        let epoch = self.last_epoch;
        let at = |group: usize, lr: f64| At {
            epoch,
            is_initial,
            group,
            lr,
            base_lr: self.base_lrs.get(group).copied().unwrap_or(lr),
        };
        let ats = lrs(optimizer).into_iter().enumerate().map(|(group, lr)| at(group, lr));
        let ats = ats.collect::<Vec<_>>();
        for at in &ats {
            match rate(&self.schedule, *at) {
                Ok(lr) => optimizer.set(at.group, "lr", &[lr]),
                Err(text) => return fail(&format!("{}::step", Self::function()), text),
            }
            if let Some(momentum) = self.schedule.momentum(*at) {
                set_momentum(optimizer, at.group, momentum);
            }
        }
        self.last_lr = lrs(optimizer);
        Ok(())
    }
}

impl<R: Schedule> LrScheduler for Scheduler<R> {
    fn step(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
        self.last_epoch += 1;
        self.schedule.advance(self.last_epoch == 0);
        self.set_rates(optimizer, false, R::lr)
    }

    fn get_last_lr(&self) -> Vec<f64> {
        self.last_lr.clone()
    }

    fn state_dict(&self) -> Result<StateDict> {
        let mut dict = StateDict::new();
        dict.insert("last_epoch".to_owned(), list(&[f64::from(self.last_epoch)])?);
        dict.insert("base_lrs".to_owned(), list(&self.base_lrs)?);
        dict.insert("_last_lr".to_owned(), list(&self.last_lr)?);
        let memory = self.schedule.memory();
        if !memory.is_empty() {
            dict.insert("memory".to_owned(), list(&memory)?);
        }
        Ok(dict)
    }

    fn load_state_dict(&mut self, dict: &StateDict) -> Result<()> {
        let get = |name: &str| match dict.get(name) {
            Some(tensor) => numbers(tensor),
            None => fail(
                &format!("{}::load_state_dict", Self::function()),
                format_args!("the state dict has no {name}"),
            ),
        };
        let last_epoch = get("last_epoch")?.first().map_or(0, |epoch| *epoch as i32);
        let (base_lrs, last_lr) = (get("base_lrs")?, get("_last_lr")?);
        if !self.schedule.memory().is_empty() {
            self.schedule.set_memory(&get("memory")?);
        }
        (self.last_epoch, self.base_lrs, self.last_lr) = (last_epoch, base_lrs, last_lr);
        Ok(())
    }

    fn begin(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
        self.last_epoch += 1;
        self.schedule.advance(true);
        self.set_rates(optimizer, true, R::lr)
    }

    fn restart(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
        self.last_epoch = 0;
        self.set_rates(optimizer, false, R::closed_form)
    }

    fn undo(&mut self) {
        self.last_epoch -= 1;
    }
}

/// One number for all groups, or one for each: `0.1.into()`, `vec![0.1, 0.01].into()`.
#[derive(Debug, Clone, PartialEq)]
pub struct PerGroup(Vec<f64>);

impl PerGroup {
    /// The numbers of `count` groups.
    pub(super) fn of(&self, name: &str, count: usize) -> Attached<Vec<f64>> {
        match self.0.as_slice() {
            [] => Err(format!("{name} is missing")),
            [one] => Ok(vec![*one; count]),
            all if all.len() == count => Ok(all.to_vec()),
            all => Err(format!("expected {count} values for {name}, got {}", all.len())),
        }
    }

    /// For an option that has no default.
    pub(super) fn missing() -> Self {
        PerGroup(Vec::new())
    }
}

impl From<f64> for PerGroup {
    fn from(number: f64) -> Self {
        PerGroup(vec![number])
    }
}

impl From<Vec<f64>> for PerGroup {
    fn from(numbers: Vec<f64>) -> Self {
        PerGroup(numbers)
    }
}

impl<const N: usize> From<[f64; N]> for PerGroup {
    fn from(numbers: [f64; N]) -> Self {
        PerGroup(numbers.to_vec())
    }
}
