//! The state of an optimizer as named tensors, which a safetensors file can hold.
//!
//! `optimizer.rs` has what is saved, `lbfgs.rs` its own form of it. A dict that doesn't fit is refused whole: the
//! optimizer stays as it was.

use candle_core::{Device, Result, Tensor, Var, WithDType};

use super::groups::ParamGroup;
use super::optimizer::{Notes, RuleOptimizer};
use super::options::{Options, whole};
use super::rule::{Rule, State};
use super::sweep::Buffers;
use crate::compute::beside::Beside;
use crate::error::{fail, fail_shape};
use crate::parameters::Parameters;
use crate::state_dict::{Save, StateDict};
use crate::tensor::parts;

/// The names under which schedulers note numbers in a group.
pub(super) const NOTES: [&str; 5] =
    ["initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum"];

impl<R: Rule> RuleOptimizer<R> {
    /// Everything that the next step depends on, under PyTorch's names: `state.0.exp_avg`,
    /// `state.0.step`, `param_groups.0.lr`. Parameters are numbered through all groups; their values
    /// belong to the model, not to the optimizer.
    ///
    /// *Differs from PyTorch*, whose dictionary holds dictionaries; this one is flat, so that a
    /// safetensors file can hold it. Options are f64 tensors.
    pub fn state_dict(&self) -> Result<StateDict> {
        let groups = self.groups.iter().cloned().map(OfRule::<R>).collect::<Vec<_>>();
        let groups = groups.iter().map(|group| group as &dyn Group).collect::<Vec<_>>();
        dict_of(Kept::of::<R>(), &groups, &self.notes, &self.states)
    }

    /// Takes up what [`RuleOptimizer::state_dict`] gave: options and state.
    ///
    /// # Errors
    ///
    /// If groups or parameters are others than those that were saved, a name is unknown, or an
    /// option makes no sense. The optimizer is then as before.
    pub fn load_state_dict(&mut self, dict: &StateDict) -> Result<()> {
        let mut groups = self.groups.iter().cloned().map(OfRule::<R>).collect::<Vec<_>>();
        let mut notes = self.notes.clone();
        let mut views = groups.iter_mut().map(|group| group as &mut dyn Group).collect::<Vec<_>>();
        let states = take(Kept::of::<R>(), dict, &mut views, &mut notes)?;
        let groups = groups.into_iter().map(|group| group.0).collect();
        (self.groups, self.notes, self.states) = (groups, notes, states);
        Ok(())
    }
}

/// A group of any optimizer. What goes through dicts sees groups by this, so that it is compiled once for all rules.
trait Group {
    fn names(&self) -> &'static [&'static str];
    fn numbers(&self, name: &str) -> Option<Vec<f64>>;
    fn set_numbers(&mut self, name: &str, numbers: &[f64]) -> bool;
    fn complaint(&self) -> Option<String>;
    fn params(&self) -> &Parameters;
    fn new_state(&self, var: &Var) -> Result<State>;
}

/// A group whose parameters follow this rule.
struct OfRule<R: Rule>(ParamGroup<R::Config>);

impl<R: Rule> Group for OfRule<R> {
    fn names(&self) -> &'static [&'static str] {
        R::Config::names()
    }

    fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        self.0.config.numbers(name)
    }

    fn set_numbers(&mut self, name: &str, numbers: &[f64]) -> bool {
        self.0.config.set_numbers(name, numbers)
    }

    fn complaint(&self) -> Option<String> {
        R::complaint(&self.0.config)
    }

    fn params(&self) -> &Parameters {
        &self.0.params
    }

    fn new_state(&self, var: &Var) -> Result<State> {
        State::new::<R>(&self.0.config, var)
    }
}

fn dict_of(
    kept: Kept,
    groups: &[&dyn Group],
    notes: &[Notes],
    states: &[Vec<Option<State>>],
) -> Result<StateDict> {
    let mut dict = StateDict::new();
    let mut first = 0;
    for (number, (group, notes)) in groups.iter().beside(notes).enumerate() {
        let prefix = format!("param_groups.{number}");
        for name in group.names() {
            let numbers = group.numbers(name).unwrap_or_default();
            dict.insert(format!("{prefix}.{name}"), list(&numbers)?);
        }
        for (name, value) in notes {
            dict.insert(format!("{prefix}.{name}"), list(&[*value])?);
        }
        let last = first + group.params().len();
        let indices = (first..last).map(|index| index as f64).collect::<Vec<_>>();
        dict.insert(format!("{prefix}.params"), list(&indices)?);
        for (index, state) in states.get(number).into_iter().flatten().enumerate() {
            if let Some(state) = state {
                let dims = group.params()[index].dims();
                save(&mut dict, kept, &format!("state.{}", first + index), state, dims)?;
            }
        }
        first = last;
    }
    Ok(dict)
}

/// Changes groups and notes to those of the dict, and returns its states.
fn take(
    kept: Kept,
    dict: &StateDict,
    groups: &mut [&mut dyn Group],
    notes: &mut [Notes],
) -> Result<Vec<Vec<Option<State>>>> {
    let function = format!("{}::load_state_dict", kept.function);
    let prefix = |number: usize| format!("param_groups.{number}");
    let has_group = |number: usize| dict.contains_key(&format!("{}.params", prefix(number)));
    if !(0..groups.len()).all(has_group) || has_group(groups.len()) {
        return fail(&function, "loaded state dict has a different number of parameter groups");
    }
    let (mut states, mut used, mut first) = (Vec::new(), 0, 0);
    for (number, (group, notes)) in groups.iter_mut().beside(notes).enumerate() {
        let get = |name: &str| dict.get(&format!("{}.{name}", prefix(number)));
        let count = get("params").map_or(0, Tensor::elem_count);
        if count != group.params().len() {
            return fail(
                &function,
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
            );
        }
        used += 1;
        for name in group.names() {
            let Some(tensor) = get(name) else { continue };
            used += 1;
            if !group.set_numbers(name, &numbers(tensor)?) {
                return fail(
                    &function,
                    format_args!("{}.{name} holds no value of this option", prefix(number)),
                );
            }
        }
        // What `new` refuses, a file must not bring in.
        if let Some(complaint) = group.complaint() {
            return fail(&function, complaint);
        }
        for name in NOTES {
            let Some(tensor) = get(name) else { continue };
            used += 1;
            notes.extend(numbers(tensor)?.first().map(|value| (name, *value)));
        }
        let mut of_group = Vec::new();
        for index in 0..count {
            let state = format!("state.{}", first + index);
            // An optimizer that has made no step must not look at its parameters.
            of_group.push(match dict.contains_key(&format!("{state}.step")) {
                true => {
                    let var = &group.params()[index];
                    let mut made = group.new_state(var)?;
                    used += load(&function, dict, kept, &state, &mut made, var.dims())?;
                    Some(made)
                }
                false => None,
            });
        }
        states.push(of_group);
        first += count;
    }
    if used != dict.len() {
        return fail(
            &function,
            format_args!("{} names of the state dict are unknown here", dict.len() - used),
        );
    }
    Ok(states)
}

impl<R: Rule> Save for RuleOptimizer<R> {
    fn named_tensors(&self) -> Result<StateDict> {
        self.state_dict()
    }
}

pub(super) fn list(numbers: &[f64]) -> Result<Tensor> {
    Tensor::from_slice(numbers, numbers.len(), &Device::Cpu)
}

pub(super) fn numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    parts::values(tensor)
}

/// What a rule keeps of a parameter.
#[derive(Clone, Copy)]
struct Kept {
    /// The optimizer as typed in a cell.
    function: &'static str,
    numbers: &'static [&'static str],
    buffers: &'static [&'static str],
    buffer_shape: fn(usize, &[usize]) -> Vec<usize>,
}

impl Kept {
    fn of<R: Rule>() -> Kept {
        Kept {
            function: R::FUNCTION,
            numbers: R::NUMBERS,
            buffers: R::BUFFERS,
            buffer_shape: R::buffer_shape,
        }
    }
}

fn save(
    dict: &mut StateDict,
    kept: Kept,
    prefix: &str,
    state: &State,
    dims: &[usize],
) -> Result<()> {
    dict.insert(format!("{prefix}.step"), Tensor::new(state.steps as f32, &Device::Cpu)?);
    for (name, number) in kept.numbers.iter().beside(&state.numbers) {
        dict.insert(format!("{prefix}.{name}"), Tensor::new(*number, &Device::Cpu)?);
    }
    for (index, name) in kept.buffers.iter().enumerate() {
        let shape = || (kept.buffer_shape)(index, dims);
        let tensor = match &state.buffers {
            Buffers::F32(buffers) => buffer_tensor(&buffers[index], shape)?,
            Buffers::F64(buffers) => buffer_tensor(&buffers[index], shape)?,
        };
        dict.extend(tensor.map(|tensor| (format!("{prefix}.{name}"), tensor)));
    }
    Ok(())
}

fn buffer_tensor<T: WithDType>(
    buffer: &[T],
    shape: impl Fn() -> Vec<usize>,
) -> Result<Option<Tensor>> {
    if buffer.is_empty() {
        return Ok(None);
    }
    Tensor::from_slice(buffer, shape(), &Device::Cpu).map(Some)
}

/// Takes the state of one parameter from the dict; returns how many names it used.
fn load(
    function: &str,
    dict: &StateDict,
    kept: Kept,
    prefix: &str,
    state: &mut State,
    dims: &[usize],
) -> Result<usize> {
    let get = |name: &str| dict.get(&format!("{prefix}.{name}"));
    let mut used = 0;
    if let Some(step) = get("step") {
        used += 1;
        let steps = numbers(step)?.first().copied().and_then(whole).map(u32::try_from);
        let Some(Ok(steps)) = steps else {
            return fail(function, format_args!("{prefix}.step holds no count of steps"));
        };
        state.steps = steps;
    }
    for (name, number) in kept.numbers.iter().beside(&mut state.numbers) {
        let Some(tensor) = get(name) else { continue };
        used += 1;
        *number = numbers(tensor)?.first().copied().unwrap_or(*number);
    }
    for (index, name) in kept.buffers.iter().enumerate() {
        let Some(tensor) = get(name) else { continue };
        used += 1;
        if tensor.dims() != (kept.buffer_shape)(index, dims) {
            return fail_shape(
                function,
                format_args!(
                    "{prefix}.{name} has shape {:?}, which doesn't fit a parameter of shape {dims:?}",
                    tensor.dims()
                ),
            );
        }
        match &mut state.buffers {
            Buffers::F32(buffers) => buffers[index] = elements(tensor)?,
            Buffers::F64(buffers) => buffers[index] = elements(tensor)?,
        }
    }
    Ok(used)
}

fn elements<T: WithDType>(tensor: &Tensor) -> Result<Vec<T>> {
    parts::values(tensor)
}
