//! The bookkeeping of every optimizer: groups, state made at the first step, printing.
//!
//! [`RuleOptimizer`] does it for any rule; `named.rs` puts it into the types that a notebook meets,
//! such as `Adam`.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};

use super::groups::{DOUBLES, ParamGroup, ParamGroups, write_groups};
use super::options::Options;
use super::rule::{Rule, State};
use super::step::{backward, step};
use crate::compute::beside::Beside;
use crate::error::fail;
use crate::parameters::{Parameters, requires_grad};
use crate::rt::interrupt_point;

/// The numbers that schedulers keep in a group, such as `initial_lr`.
pub(super) type Notes = BTreeMap<&'static str, f64>;

/// An optimizer with the update rule `R`; [`SGD`](super::SGD) and the others each hold one.
#[derive(Debug)]
pub struct RuleOptimizer<R: Rule> {
    pub(super) groups: Vec<ParamGroup<R::Config>>,
    pub(super) notes: Vec<Notes>,
    /// One state a parameter; empty until the first step.
    pub(super) states: Vec<Vec<Option<State>>>,
}

impl<R: Rule> RuleOptimizer<R> {
    /// An optimizer of one group. Its state takes memory from the first step on.
    ///
    /// # Errors
    ///
    /// If there are no parameters, one is there twice in different groups, or an option makes no
    /// sense.
    pub fn new(params: impl Into<Parameters>, config: R::Config) -> Result<Self> {
        Self::with_groups(vec![ParamGroup { params: params.into(), config }])
    }

    /// An optimizer of several groups, each with its own options.
    ///
    /// # Errors
    ///
    /// As [`RuleOptimizer::new`].
    pub fn with_groups(groups: Vec<ParamGroup<R::Config>>) -> Result<Self> {
        if groups.iter().all(|group| group.params.is_empty()) {
            return fail(R::FUNCTION, "optimizer got an empty parameter list");
        }
        let mut optimizer =
            RuleOptimizer { groups: Vec::new(), notes: Vec::new(), states: Vec::new() };
        for group in groups {
            optimizer.add_param_group(group)?;
        }
        Ok(optimizer)
    }

    /// One more group, for example of layers that are trained only later.
    ///
    /// # Errors
    ///
    /// As [`RuleOptimizer::new`].
    pub fn add_param_group(&mut self, group: ParamGroup<R::Config>) -> Result<()> {
        let complaint = R::complaint(&group.config).or_else(|| R::complaint_about(&group.params));
        if let Some(complaint) = complaint {
            return fail(R::FUNCTION, complaint);
        }
        let known = self.groups.iter().flat_map(|group| group.params.known());
        let known = known.map(|var| var.id()).collect::<HashSet<_>>();
        if group.params.known().any(|var| known.contains(&var.id())) {
            return fail(R::FUNCTION, "some parameters appear in more than one parameter group");
        }
        if group.params.has_doubles() {
            return fail(R::FUNCTION, DOUBLES);
        }
        if !self.states.is_empty() {
            self.states.push(vec![None; group.params.len()]);
        }
        self.groups.push(group);
        self.notes.push(BTreeMap::new());
        Ok(())
    }

    /// The groups; options may be changed between steps.
    pub fn param_groups(&mut self) -> &mut [ParamGroup<R::Config>] {
        &mut self.groups
    }

    pub(super) fn make_states(&mut self) {
        if self.states.is_empty() {
            self.states = self.groups.iter().map(|group| vec![None; group.params.len()]).collect();
        }
    }

    pub(super) fn step(&mut self, grads: &GradStore) -> Result<()> {
        self.make_states();
        for (group, states) in self.groups.iter().beside(&mut self.states) {
            for (var, state) in group.params.iter().beside(states) {
                interrupt_point();
                let Some(grad) = grads.get(var).filter(|_| requires_grad(var)) else { continue };
                let state = match state {
                    Some(state) => state,
                    None => state.insert(State::new::<R>(&group.config, var)?),
                };
                state.steps += 1;
                step::<R>(R::FUNCTION, &group.config, var, grad, state)?;
            }
        }
        Ok(())
    }
}

impl<R: Rule> candle_nn::Optimizer for RuleOptimizer<R> {
    type Config = R::Config;

    fn new(vars: Vec<Var>, config: R::Config) -> Result<Self> {
        RuleOptimizer::new(vars, config)
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        RuleOptimizer::step(self, grads)
    }

    /// The rate of the first group.
    fn learning_rate(&self) -> f64 {
        self.groups.first().map_or(0.0, |group| *group.config.clone().lr())
    }

    /// Sets the rate of every group.
    fn set_learning_rate(&mut self, lr: f64) {
        for group in &mut self.groups {
            *group.config.lr() = lr;
        }
    }

    fn backward_step(&mut self, loss: &Tensor) -> Result<()> {
        RuleOptimizer::step(self, &backward(&format!("{}::backward_step", R::FUNCTION), loss)?)
    }
}

impl<R: Rule> ParamGroups for RuleOptimizer<R> {
    fn group_count(&self) -> usize {
        self.groups.len()
    }

    fn get(&self, group: usize, name: &str) -> Option<Vec<f64>> {
        let noted = || self.notes.get(group)?.get(name).map(|number| vec![*number]);
        self.groups.get(group)?.config.numbers(name).or_else(noted)
    }

    fn set(&mut self, group: usize, name: &str, numbers: &[f64]) {
        if let Some(group) = self.groups.get_mut(group) {
            group.config.set_numbers(name, numbers);
        }
    }

    fn note(&mut self, group: usize, name: &'static str, number: f64) {
        if let Some(notes) = self.notes.get_mut(group) {
            notes.insert(name, number);
        }
    }
}

/// `{}` prints the form of PyTorch 1.0 to 1.10.2, `{:#}` that of 2.15.
///
/// The old form lacks the options that came later: `capturable`, `decoupled_weight_decay`,
/// `differentiable`, `foreach`, `fused`, `maximize`. An optimizer that is younger prints its other
/// options in both forms.
impl<R: Rule> fmt::Display for RuleOptimizer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.groups.iter().beside(&self.notes);
        write_groups(f, R::NAME, groups.map(|(group, notes)| (group.config.keys(), notes)))
    }
}
