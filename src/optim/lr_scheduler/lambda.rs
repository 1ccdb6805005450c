//! Schedules that ask a function of the epoch.

use std::fmt;
use std::sync::Arc;

use super::core::{At, Attached, Rate, Schedule, Scheduler};
use crate::optim::ParamGroups;

/// A function of the epoch: one for all groups (`(|epoch: i32| ..).into()` happens by itself), or
/// one for each by [`Lambdas::each`].
#[derive(Clone)]
pub struct Lambdas(Vec<Arc<Lambda>>);

type Lambda = dyn Fn(i32) -> f64 + Send + Sync;

impl Lambdas {
    /// One function for each group.
    pub fn each(lambdas: Vec<Box<Lambda>>) -> Self {
        Lambdas(lambdas.into_iter().map(Arc::from).collect())
    }

    fn for_groups(self, optimizer: &dyn ParamGroups) -> Attached<Self> {
        let count = optimizer.group_count();
        match self.0.as_slice() {
            [one] => Ok(Lambdas(vec![one.clone(); count])),
            all if all.len() == count => Ok(self),
            all => Err(format!("Expected {count} lr_lambdas, but got {}", all.len())),
        }
    }

    fn at(&self, at: At) -> f64 {
        self.0.get(at.group).map_or(1.0, |lambda| lambda(at.epoch))
    }
}

impl<F: Fn(i32) -> f64 + Send + Sync + 'static> From<F> for Lambdas {
    fn from(lambda: F) -> Self {
        Lambdas(vec![Arc::new(lambda)])
    }
}

impl fmt::Debug for Lambdas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lambdas({})", self.0.len())
    }
}

/// Sets the rates to the first ones times a function of the epoch.
///
/// ```text
/// lr(e) = lr(0) lr_lambda(e)
/// ```
///
/// # Errors
///
/// `new` refuses another number of functions than there are groups.
///
/// ```
/// use akari::optim::lr_scheduler::LambdaLR;
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 1.0, ..Default::default() })?;
/// let mut scheduler = LambdaLR::new(&mut opt, |epoch: i32| 0.5f64.powi(epoch))?;
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type LambdaLR = Scheduler<LambdaSchedule>;

/// The schedule of [`LambdaLR`].
#[derive(Debug)]
pub struct LambdaSchedule(Lambdas);

impl Schedule for LambdaSchedule {
    const NAME: &'static str = "LambdaLR";
    type Config = Lambdas;

    fn attach(lambdas: Lambdas, optimizer: &mut dyn ParamGroups) -> Attached<Self> {
        lambdas.for_groups(optimizer).map(LambdaSchedule)
    }

    fn lr(&self, at: At) -> Rate {
        Ok(at.base_lr * self.0.at(at))
    }
}

/// Multiplies the rates by a function of the epoch at every step.
///
/// ```text
/// lr(e) = lr(e - 1) lr_lambda(e)
/// ```
///
/// # Errors
///
/// As [`LambdaLR`].
///
/// ```
/// use akari::optim::lr_scheduler::MultiplicativeLR;
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 1.0, ..Default::default() })?;
/// let mut scheduler = MultiplicativeLR::new(&mut opt, |_| 0.5)?;
/// scheduler.step(&mut opt)?;
/// assert_eq!(scheduler.get_last_lr(), [0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type MultiplicativeLR = Scheduler<MultiplicativeSchedule>;

/// The schedule of [`MultiplicativeLR`].
#[derive(Debug)]
pub struct MultiplicativeSchedule(Lambdas);

impl Schedule for MultiplicativeSchedule {
    const NAME: &'static str = "MultiplicativeLR";
    type Config = Lambdas;

    fn attach(lambdas: Lambdas, optimizer: &mut dyn ParamGroups) -> Attached<Self> {
        lambdas.for_groups(optimizer).map(MultiplicativeSchedule)
    }

    fn lr(&self, at: At) -> Rate {
        Ok(if at.is_initial { at.lr } else { at.lr * self.0.at(at) })
    }
}
