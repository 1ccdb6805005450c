//! The bookkeeping of every optimizer: groups, state made at the first step, printing.

use std::fmt;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};

use super::kernel::Buffers;
use super::parameters::Parameters;
use crate::error::fail;
use crate::rt::interrupt_point;

/// The printed keys of a group, in alphabetical order.
pub type Keys = Vec<(&'static str, String)>;

/// One update rule: its options, their checks, their printed form, and the step itself.
pub trait Rule: fmt::Debug + Sized + 'static {
    /// The optimizer's name.
    const NAME: &'static str;
    type Config: Clone + fmt::Debug + Default;

    /// The first option that makes no sense, in PyTorch's words.
    fn complaint(config: &Self::Config) -> Option<String>;
    fn lr(config: &mut Self::Config) -> &mut f64;
    /// As PyTorch 1.0 to 1.10.2 prints them.
    fn lesson_keys(config: &Self::Config) -> Keys;
    /// As PyTorch 2.15 prints them.
    fn keys(config: &Self::Config) -> Keys;
    /// One step of one parameter.
    #[doc(hidden)]
    fn step(
        config: &Self::Config,
        var: &Var,
        grad: &Tensor,
        state: &mut Option<State>,
    ) -> Result<()>;
}

/// What an optimizer remembers of one parameter.
#[derive(Debug, Clone)]
pub struct State {
    /// The steps in which the parameter had a gradient.
    pub(super) steps: u32,
    pub(super) buffers: Buffers,
}

/// Parameters that share options.
#[derive(Debug, Clone)]
pub struct ParamGroup<C> {
    pub params: Parameters,
    pub config: C,
}

/// An optimizer with the update rule `R`; known by its alias, such as [`SGD`](super::SGD).
#[derive(Debug)]
pub struct Learner<R: Rule> {
    groups: Vec<ParamGroup<R::Config>>,
    /// One entry a parameter, once the first step was made.
    states: Vec<Vec<Option<State>>>,
}

impl<R: Rule> Learner<R> {
    /// An optimizer of one group. Its state takes memory from the first step on.
    ///
    /// # Errors
    ///
    /// If there are no parameters, or an option makes no sense.
    pub fn new(params: impl Into<Parameters>, config: R::Config) -> Result<Self> {
        Self::with_groups(vec![ParamGroup { params: params.into(), config }])
    }

    /// An optimizer of several groups, each with its own options.
    ///
    /// # Errors
    ///
    /// As [`Learner::new`].
    pub fn with_groups(groups: Vec<ParamGroup<R::Config>>) -> Result<Self> {
        let function = format!("optim::{}", R::NAME);
        if groups.iter().all(|group| group.params.is_empty()) {
            return fail(&function, "optimizer got an empty parameter list");
        }
        if let Some(complaint) = groups.iter().find_map(|group| R::complaint(&group.config)) {
            return fail(&function, complaint);
        }
        Ok(Learner { groups, states: Vec::new() })
    }

    /// The groups; options may be changed between steps.
    pub fn param_groups(&mut self) -> &mut [ParamGroup<R::Config>] {
        &mut self.groups
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        if self.states.is_empty() {
            self.states = self.groups.iter().map(|group| vec![None; group.params.len()]).collect();
        }
        for (group, states) in self.groups.iter().zip(&mut self.states) {
            for (var, state) in group.params.iter().zip(states) {
                interrupt_point();
                if let Some(grad) = grads.get(var) {
                    R::step(&group.config, var, grad, state)?;
                }
            }
        }
        Ok(())
    }
}

impl<R: Rule> candle_nn::Optimizer for Learner<R> {
    type Config = R::Config;

    fn new(vars: Vec<Var>, config: R::Config) -> Result<Self> {
        Learner::new(vars, config)
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        Learner::step(self, grads)
    }

    /// The first group's.
    fn learning_rate(&self) -> f64 {
        self.groups.first().map_or(0.0, |group| *R::lr(&mut group.config.clone()))
    }

    /// Sets that of every group.
    fn set_learning_rate(&mut self, lr: f64) {
        for group in &mut self.groups {
            *R::lr(&mut group.config) = lr;
        }
    }
}

/// `{}` prints the form of PyTorch 1.0 to 1.10.2, `{:#}` that of 2.15.
impl<R: Rule> fmt::Display for Learner<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", R::NAME)?;
        for (number, group) in self.groups.iter().enumerate() {
            writeln!(f, "\nParameter Group {number}")?;
            let keys =
                if f.alternate() { R::keys(&group.config) } else { R::lesson_keys(&group.config) };
            for (key, value) in keys {
                writeln!(f, "    {key}: {value}")?;
            }
        }
        write!(f, ")")
    }
}
