//! The bookkeeping of every optimizer: groups, state made at the first step, printing.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};

use super::kernel::{self, Buffers, Real, Sweep};
use super::options::{Keys, NEW_KEYS, Options};
use super::parameters::Parameters;
use crate::error::fail;
use crate::print::python::float_repr;
use crate::rt::interrupt_point;

/// One update rule: its options, their checks, what it remembers, and the step itself.
pub trait Rule: fmt::Debug + Sized + 'static {
    /// The optimizer's name.
    const NAME: &'static str;
    /// The optimizer as the learner types it.
    #[doc(hidden)]
    const FUNCTION: &'static str;
    /// What it remembers of each element, by the names of PyTorch's state dict.
    #[doc(hidden)]
    const BUFFERS: &'static [&'static str];
    /// What it remembers of a parameter as a whole, beside the number of steps.
    #[doc(hidden)]
    const NUMBERS: &'static [&'static str] = &[];
    type Config: Options;

    /// The first option that makes no sense, in PyTorch's words.
    fn complaint(config: &Self::Config) -> Option<String>;

    /// Why these parameters can't be optimized.
    #[doc(hidden)]
    fn complaint_about(_params: &Parameters) -> Option<String> {
        None
    }

    /// What [`Rule::NUMBERS`] begin with.
    #[doc(hidden)]
    fn begin(_config: &Self::Config) -> Vec<f64> {
        Vec::new()
    }

    /// The shape of a buffer of a parameter of this shape.
    #[doc(hidden)]
    fn buffer_shape(_buffer: usize, dims: &[usize]) -> Vec<usize> {
        dims.to_vec()
    }

    /// One step of one parameter; `time` counts its steps from 1.
    #[doc(hidden)]
    fn update<T: Real>(
        config: &Self::Config,
        time: u32,
        numbers: &mut [f64],
        sweep: Sweep<'_, T>,
    ) -> Result<()>;
}

/// What an optimizer remembers of one parameter.
#[derive(Debug, Clone)]
pub struct State {
    /// The steps in which the parameter had a gradient.
    pub(super) steps: u32,
    pub(super) numbers: Vec<f64>,
    pub(super) buffers: Buffers,
}

impl State {
    pub(super) fn new<R: Rule>(config: &R::Config, var: &Var) -> Result<State> {
        let buffers = Buffers::new(R::FUNCTION, var.dtype(), R::BUFFERS.len())?;
        Ok(State { steps: 0, numbers: R::begin(config), buffers })
    }
}

/// Parameters that share options.
///
/// ```
/// use akari::optim::ParamGroup;
/// use akari::prelude::*;
/// let [a, b] = [Var::new(&[1f32], &Device::Cpu)?, Var::new(&[1f32], &Device::Cpu)?];
/// let base = optim::SGDConfig { lr: 0.1, ..Default::default() };
/// let slow = optim::SGDConfig { lr: 0.01, ..base.clone() };
/// let mut sgd = optim::SGD::with_groups(vec![
///     ParamGroup { params: a.into(), config: base },
///     ParamGroup { params: b.into(), config: slow },
/// ])?;
/// assert_eq!(sgd.param_groups()[1].config.lr, 0.01);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ParamGroup<C> {
    /// Each belongs to one group only.
    pub params: Parameters,
    /// Their options.
    pub config: C,
}

/// An optimizer with the update rule `R`; known by its alias, such as [`SGD`](super::SGD).
#[derive(Debug)]
pub struct Learner<R: Rule> {
    pub(super) groups: Vec<ParamGroup<R::Config>>,
    /// What schedulers keep in a group, as `initial_lr`.
    pub(super) notes: Vec<BTreeMap<&'static str, f64>>,
    /// One entry a parameter, once the first step was made.
    pub(super) states: Vec<Vec<Option<State>>>,
}

impl<R: Rule> Learner<R> {
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
    /// As [`Learner::new`].
    pub fn with_groups(groups: Vec<ParamGroup<R::Config>>) -> Result<Self> {
        if groups.iter().all(|group| group.params.is_empty()) {
            return fail(R::FUNCTION, "optimizer got an empty parameter list");
        }
        let mut learner = Learner { groups: Vec::new(), notes: Vec::new(), states: Vec::new() };
        for group in groups {
            learner.add_param_group(group)?;
        }
        Ok(learner)
    }

    /// One more group, for example of layers that are trained only later.
    ///
    /// # Errors
    ///
    /// As [`Learner::new`].
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

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        self.make_states();
        for (group, states) in self.groups.iter().zip(&mut self.states) {
            for (var, state) in group.params.iter().zip(states) {
                interrupt_point();
                let Some(grad) = grads.get(var) else { continue };
                let state = match state {
                    Some(state) => state,
                    None => state.insert(State::new::<R>(&group.config, var)?),
                };
                state.steps += 1;
                kernel::step::<R>(R::FUNCTION, &group.config, var, grad, state)?;
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
        self.groups.first().map_or(0.0, |group| *group.config.clone().lr())
    }

    /// Sets that of every group.
    fn set_learning_rate(&mut self, lr: f64) {
        for group in &mut self.groups {
            *group.config.lr() = lr;
        }
    }

    fn backward_step(&mut self, loss: &Tensor) -> Result<()> {
        Learner::step(self, &backward(&format!("{}::backward_step", R::FUNCTION), loss)?)
    }
}

/// The gradients of a loss. candle takes every tensor for one; PyTorch asks for one number that
/// depends on a variable.
pub(super) fn backward(function: &str, loss: &Tensor) -> Result<GradStore> {
    if !loss.track_op() {
        return fail(
            function,
            "element 0 of tensors does not require grad and does not have a grad_fn (the loss depends on no Var)",
        );
    }
    if loss.elem_count() != 1 {
        return fail(
            function,
            format_args!(
                "grad can be implicitly created only for scalar outputs, but the loss has shape {:?} (take its .mean_all()? or .sum_all()?)",
                loss.dims()
            ),
        );
    }
    loss.backward()
}

/// An optimizer's groups by name, as schedulers see them; every optimizer here has them.
pub trait ParamGroups {
    /// How many there are.
    fn group_count(&self) -> usize;
    /// An option of a group, or what a scheduler noted there, as numbers.
    #[doc(hidden)]
    fn get(&self, group: usize, name: &str) -> Option<Vec<f64>>;
    /// Sets an option of a group.
    #[doc(hidden)]
    fn set(&mut self, group: usize, name: &str, numbers: &[f64]);
    /// Notes a scheduler's number in a group.
    #[doc(hidden)]
    fn note(&mut self, group: usize, name: &'static str, number: f64);
}

impl<R: Rule> ParamGroups for Learner<R> {
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
impl<R: Rule> fmt::Display for Learner<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.groups.iter().zip(&self.notes);
        write_groups(f, R::NAME, groups.map(|(group, notes)| (group.config.keys(), notes)))
    }
}

pub(super) fn write_groups<'a>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    groups: impl Iterator<Item = (Keys, &'a BTreeMap<&'static str, f64>)>,
) -> fmt::Result {
    write!(f, "{name} (")?;
    for (number, (mut keys, notes)) in groups.enumerate() {
        if !f.alternate() {
            keys.retain(|(key, _)| !NEW_KEYS.contains(key));
        }
        keys.extend(notes.iter().map(|(key, number)| (*key, float_repr(*number))));
        keys.sort_unstable();
        writeln!(f, "\nParameter Group {number}")?;
        for (key, value) in keys {
            writeln!(f, "    {key}: {value}")?;
        }
    }
    write!(f, ")")
}
