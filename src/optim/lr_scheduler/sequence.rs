//! Schedulers made of schedulers: one after the other, or all at once.

use candle_core::Result;

use super::core::{LrScheduler, lrs, number};
use crate::error::fail;
use crate::optim::ParamGroups;
use crate::optim::state_dict::{list, numbers};
use crate::state_dict::StateDict;

/// Schedulers one after the other: at a milestone the next one begins at its epoch 0.
///
/// # Errors
///
/// `new` asks for at least one scheduler, and for one milestone less than schedulers.
///
/// See PyTorch's `SequentialLR`.
///
/// ```
/// use akari::optim::lr_scheduler::{
///     ExponentialLR, ExponentialLRConfig, LinearLR, LinearLRConfig, SequentialLR,
/// };
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 1.0, ..Default::default() })?;
/// let warm_up = LinearLRConfig { start_factor: 0.5, total_iters: 2, ..Default::default() };
/// let warm_up = LinearLR::new(&mut opt, warm_up)?;
/// let decay = ExponentialLR::new(&mut opt, ExponentialLRConfig { gamma: 0.5 })?;
/// let mut scheduler = SequentialLR::new(&mut opt, vec![warm_up.into(), decay.into()], vec![2])?;
/// let mut lrs = scheduler.get_last_lr();
/// for _ in 0..3 {
///     scheduler.step(&mut opt)?;
///     lrs.extend(scheduler.get_last_lr());
/// }
/// assert_eq!(lrs, [0.5, 0.75, 1.0, 0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SequentialLR {
    schedulers: Vec<Box<dyn LrScheduler>>,
    milestones: Vec<i32>,
    last_epoch: i32,
    last_lr: Vec<f64>,
}

impl SequentialLR {
    /// A sequence of schedulers of this optimizer; sets its rates to those of the first one.
    ///
    /// # Errors
    ///
    /// If the numbers of schedulers and milestones don't fit.
    pub fn new(
        optimizer: &mut dyn ParamGroups,
        schedulers: Vec<Box<dyn LrScheduler>>,
        milestones: Vec<i32>,
    ) -> Result<Self> {
        const FUNCTION: &str = "optim::lr_scheduler::SequentialLR";
        if schedulers.is_empty() {
            return fail(
                FUNCTION,
                "SequentialLR expects at least one scheduler, but got no scheduler.",
            );
        }
        if milestones.len() + 1 != schedulers.len() {
            return fail(
                FUNCTION,
                format_args!(
                    "Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, but got number of schedulers {} and the number of milestones to be equal to {}",
                    schedulers.len(),
                    milestones.len()
                ),
            );
        }
        // Each scheduler has made its first step; all first steps are taken back, and the first
        // scheduler begins again.
        for group in 0..optimizer.group_count() {
            let lr = number(optimizer, group, "initial_lr");
            optimizer.set(group, "lr", &[lr]);
        }
        let mut sequence = SequentialLR { schedulers, milestones, last_epoch: -1, last_lr: vec![] };
        sequence.schedulers.iter_mut().for_each(|scheduler| scheduler.undo());
        sequence.begin_current(optimizer)?;
        Ok(sequence)
    }

    fn index(&self) -> usize {
        self.milestones.iter().filter(|milestone| **milestone <= self.last_epoch).count()
    }

    fn begin_current(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
        self.last_epoch += 1;
        let index = self.index();
        self.schedulers[index].begin(optimizer)?;
        self.last_lr = self.schedulers[index].get_last_lr();
        Ok(())
    }
}

impl LrScheduler for SequentialLR {
    fn step(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
        self.last_epoch += 1;
        let index = self.index();
        let scheduler = &mut self.schedulers[index];
        if index > 0 && self.milestones[index - 1] == self.last_epoch {
            scheduler.restart(optimizer)?;
        } else {
            scheduler.step(optimizer)?;
        }
        self.last_lr = scheduler.get_last_lr();
        Ok(())
    }

    fn get_last_lr(&self) -> Vec<f64> {
        self.last_lr.clone()
    }

    fn state_dict(&self) -> Result<StateDict> {
        let mut dict = state_dict(&self.schedulers, &self.last_lr)?;
        dict.insert("last_epoch".to_owned(), list(&[f64::from(self.last_epoch)])?);
        Ok(dict)
    }

    fn load_state_dict(&mut self, dict: &StateDict) -> Result<()> {
        let [last_epoch] = numbers_of(dict, "last_epoch")?[..] else {
            return fail(
                "optim::lr_scheduler::SequentialLR::load_state_dict",
                "this is the state of another scheduler",
            );
        };
        self.last_lr = load_state_dict(&mut self.schedulers, dict)?;
        self.last_epoch = last_epoch as i32;
        Ok(())
    }

    fn begin(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
        self.begin_current(optimizer)
    }

    fn restart(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
        self.last_epoch = 0;
        let index = self.index();
        self.schedulers[index].restart(optimizer)?;
        self.last_lr = self.schedulers[index].get_last_lr();
        Ok(())
    }

    fn undo(&mut self) {
        self.last_epoch -= 1;
        self.schedulers.iter_mut().for_each(|scheduler| scheduler.undo());
    }
}

/// Schedulers all at once: each changes what the one before it left.
///
/// # Errors
///
/// `new` asks for at least one scheduler.
///
/// See PyTorch's `ChainedScheduler`.
///
/// ```
/// use akari::optim::lr_scheduler::{
///     ChainedScheduler, ConstantLR, ConstantLRConfig, ExponentialLR, ExponentialLRConfig,
/// };
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 1.0, ..Default::default() })?;
/// let slow = ConstantLR::new(&mut opt, ConstantLRConfig { factor: 0.5, total_iters: 2 })?;
/// let decay = ExponentialLR::new(&mut opt, ExponentialLRConfig { gamma: 0.5 })?;
/// let mut scheduler = ChainedScheduler::new(&mut opt, vec![slow.into(), decay.into()])?;
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [0.25]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ChainedScheduler {
    schedulers: Vec<Box<dyn LrScheduler>>,
    last_lr: Vec<f64>,
}

impl ChainedScheduler {
    /// A chain of schedulers of this optimizer.
    ///
    /// # Errors
    ///
    /// If there is no scheduler.
    pub fn new(
        optimizer: &mut dyn ParamGroups,
        schedulers: Vec<Box<dyn LrScheduler>>,
    ) -> Result<Self> {
        if schedulers.is_empty() {
            return fail(
                "optim::lr_scheduler::ChainedScheduler",
                "ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.",
            );
        }
        Ok(ChainedScheduler { schedulers, last_lr: lrs(optimizer) })
    }

    fn all(
        &mut self,
        optimizer: &mut dyn ParamGroups,
        call: impl Fn(&mut dyn LrScheduler, &mut dyn ParamGroups) -> Result<()>,
    ) -> Result<()> {
        for scheduler in &mut self.schedulers {
            call(&mut **scheduler, optimizer)?;
        }
        self.last_lr = lrs(optimizer);
        Ok(())
    }
}

impl LrScheduler for ChainedScheduler {
    fn step(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
        self.all(optimizer, |scheduler, optimizer| scheduler.step(optimizer))
    }

    fn get_last_lr(&self) -> Vec<f64> {
        self.last_lr.clone()
    }

    fn state_dict(&self) -> Result<StateDict> {
        state_dict(&self.schedulers, &self.last_lr)
    }

    fn load_state_dict(&mut self, dict: &StateDict) -> Result<()> {
        self.last_lr = load_state_dict(&mut self.schedulers, dict)?;
        Ok(())
    }

    fn begin(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
        self.all(optimizer, |scheduler, optimizer| scheduler.begin(optimizer))
    }

    fn restart(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
        self.all(optimizer, |scheduler, optimizer| scheduler.restart(optimizer))
    }

    fn undo(&mut self) {
        self.schedulers.iter_mut().for_each(|scheduler| scheduler.undo());
    }
}

macro_rules! as_any_other {
    ($($name:ident),*) => {
        $(impl $name {
            /// Sets the optimizer's rates for the next epoch.
            ///
            /// # Errors
            ///
            /// If the step of a scheduler fails.
            pub fn step(&mut self, optimizer: &mut dyn ParamGroups) -> Result<()> {
                LrScheduler::step(self, optimizer)
            }

            /// The rates of all groups, as the last step set them.
            pub fn get_last_lr(&self) -> Vec<f64> {
                self.last_lr.clone()
            }

            /// Everything that the next step depends on, as tensors that a safetensors file can
            /// hold.
            ///
            /// # Errors
            ///
            /// If memory runs out.
            pub fn state_dict(&self) -> Result<StateDict> {
                LrScheduler::state_dict(self)
            }

            /// Takes up what `state_dict` gave.
            ///
            /// # Errors
            ///
            /// If the dict is of another scheduler.
            pub fn load_state_dict(&mut self, dict: &StateDict) -> Result<()> {
                LrScheduler::load_state_dict(self, dict)
            }
        }

        impl From<$name> for Box<dyn LrScheduler> {
            fn from(scheduler: $name) -> Self {
                Box::new(scheduler)
            }
        })*
    };
}

as_any_other!(SequentialLR, ChainedScheduler);

fn numbers_of(dict: &StateDict, name: &str) -> Result<Vec<f64>> {
    dict.get(name).map_or_else(|| Ok(Vec::new()), numbers)
}

fn state_dict(schedulers: &[Box<dyn LrScheduler>], last_lr: &[f64]) -> Result<StateDict> {
    let mut dict = StateDict::new();
    dict.insert("_last_lr".to_owned(), list(last_lr)?);
    for (index, scheduler) in schedulers.iter().enumerate() {
        let own = scheduler.state_dict()?.into_iter();
        dict.extend(own.map(|(name, tensor)| (format!("_schedulers.{index}.{name}"), tensor)));
    }
    Ok(dict)
}

/// Takes the states of all schedulers from the dict; returns the last rates.
fn load_state_dict(schedulers: &mut [Box<dyn LrScheduler>], dict: &StateDict) -> Result<Vec<f64>> {
    for (index, scheduler) in schedulers.iter_mut().enumerate() {
        let prefix = format!("_schedulers.{index}.");
        let own = dict.iter().filter_map(|(name, tensor)| {
            Some((name.strip_prefix(&prefix)?.to_owned(), tensor.clone()))
        });
        scheduler.load_state_dict(&own.collect())?;
    }
    numbers_of(dict, "_last_lr")
}
