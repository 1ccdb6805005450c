//! An optimizer that is chosen while the program runs: `Box<dyn optim::Optimizer>`.
//!
//! candle's trait of this name can't be behind a pointer, since it also makes optimizers. This one has what a training
//! loop does with an optimizer that is there.

use std::fmt;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor};

use super::groups::ParamGroups;
use crate::state_dict::{Save, StateDict};

/// What every optimizer but [`LBFGS`](super::LBFGS) can do, in a form that goes behind a pointer.
///
/// It need not be imported: a `Box<dyn optim::Optimizer>` has its methods, and schedulers take it as they take any
/// optimizer.
///
/// ```
/// use akari::optim::lr_scheduler::{StepLR, StepLRConfig};
/// use akari::prelude::*;
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let use_adam = false;
/// let mut opt: Box<dyn optim::Optimizer> = if use_adam {
///     Box::new(optim::Adam::new([w.clone()], Default::default())?)
/// } else {
///     Box::new(optim::SGD::new([w.clone()], optim::SGDConfig { lr: 0.1, ..Default::default() })?)
/// };
/// let mut schedule = StepLR::new(&mut opt, StepLRConfig { step_size: 1, gamma: 0.5, ..Default::default() })?;
/// opt.backward_step(&w.sum_all()?)?;
/// schedule.step(&mut opt)?;
/// assert_eq!((w.to_vec1::<f32>()?, opt.learning_rate()), (vec![0.9], 0.05));
/// assert!(opt.to_string().starts_with("SGD ("));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub trait Optimizer: ParamGroups + Save + fmt::Debug + fmt::Display {
    /// Changes the parameters by these gradients.
    ///
    /// # Errors
    ///
    /// If a gradient doesn't fit its parameter.
    fn step(&mut self, grads: &GradStore) -> Result<()>;

    /// Computes the gradients of this loss, and changes the parameters by them.
    ///
    /// # Errors
    ///
    /// If the loss is not one number that depends on a variable.
    fn backward_step(&mut self, loss: &Tensor) -> Result<()>;

    /// The learning rate of the first group.
    fn learning_rate(&self) -> f64;

    /// Sets the learning rate of every group.
    fn set_learning_rate(&mut self, lr: f64);

    /// Everything that the next step depends on.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn state_dict(&self) -> Result<StateDict>;

    /// Takes up what [`state_dict`](Optimizer::state_dict) gave.
    ///
    /// # Errors
    ///
    /// If it is of another optimizer or of other parameters.
    fn load_state_dict(&mut self, dict: &StateDict) -> Result<()>;
}

impl<P: ParamGroups + ?Sized> ParamGroups for Box<P> {
    fn group_count(&self) -> usize {
        (**self).group_count()
    }

    fn get(&self, group: usize, name: &str) -> Option<Vec<f64>> {
        (**self).get(group, name)
    }

    fn set(&mut self, group: usize, name: &str, numbers: &[f64]) {
        (**self).set(group, name, numbers);
    }

    fn note(&mut self, group: usize, name: &'static str, number: f64) {
        (**self).note(group, name, number);
    }
}

impl Save for Box<dyn Optimizer> {
    fn named_tensors(&self) -> Result<StateDict> {
        (**self).state_dict()
    }
}
