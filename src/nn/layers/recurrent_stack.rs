//! What the recurrent layers have in common: weights by PyTorch's names, layers on layers, both directions.
//!
//! The faces are in `recurrent.rs`, one step at a time in `recurrent_cell.rs`, the loop over the steps in `functional`.

use candle_core::{D, Result, Tensor, Var};

use super::copies::Copies;
use super::layer::Parts;
use super::mode::Mode;
use super::part::Part;
use crate::error::fail;
use crate::functional::{
    Cell, Recurrence, arithmetic::add, dropout_named, linear_named, pad, recurrence,
};
use crate::nn::init;
use crate::print::python::{bool_repr, float_repr, tuple};

/// The weights of one direction of one layer, or of a cell.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    pub(super) weight_ih: Var,
    pub(super) weight_hh: Var,
    pub(super) biases: Option<(Var, Var)>,
    /// What the names end with: `_l0`, `_l0_reverse`, or nothing for a cell.
    suffix: String,
}

impl Weights {
    /// Uniform numbers between `±1 / √hidden`, in PyTorch's order.
    pub(super) fn new(
        cell: Cell,
        [input, hidden]: [usize; 2],
        has_bias: bool,
        suffix: String,
    ) -> Result<Self> {
        let rows = cell.gates().saturating_mul(hidden);
        let weight_ih = init::fan_in_uniform(&[rows, input], hidden)?;
        let weight_hh = init::fan_in_uniform(&[rows, hidden], hidden)?;
        let bias = || init::fan_in_uniform(&[rows], hidden);
        let biases = if has_bias { Some((bias()?, bias()?)) } else { None };
        Ok(Weights { weight_ih, weight_hh, biases, suffix })
    }

    /// With their names, in PyTorch's order.
    pub(super) fn named(&self) -> Vec<(String, &Var)> {
        let weights = [("weight_ih", &self.weight_ih), ("weight_hh", &self.weight_hh)];
        let biases = self.biases.iter().flat_map(|(ih, hh)| [("bias_ih", ih), ("bias_hh", hh)]);
        let name = |name: &str| format!("{name}{}", self.suffix);
        weights.into_iter().chain(biases).map(|(start, var)| (name(start), var)).collect()
    }

    /// All steps of `x`, `(steps, batch, input)`: the states after each, and the last state and cells.
    pub(super) fn run(
        &self,
        function: &'static str,
        cell: Cell,
        x: &Tensor,
        (h, c): (&Tensor, Option<&Tensor>),
        is_reverse: bool,
    ) -> Result<(Tensor, Tensor, Option<Tensor>)> {
        let (steps, batch, _) = x.dims3()?;
        let hidden = self.weight_hh.dims()[1];
        let (bias, of_new) = match (&self.biases, cell) {
            (None, Cell::Gru) => (None, Some(Tensor::zeros(hidden, x.dtype(), x.device())?)),
            (None, _) => (None, None),
            // A GRU's new state has a bias inside of its reset gate, which is not part of the inputs' share.
            (Some((ih, hh)), Cell::Gru) => {
                let outside = pad(&hh.narrow(0, 0, 2 * hidden)?, &[0, hidden as i64], 0.0)?;
                (Some(add(ih.as_tensor(), &outside)?), Some(hh.narrow(0, 2 * hidden, hidden)?))
            }
            (Some((ih, hh)), _) => (Some(add(ih.as_tensor(), hh.as_tensor())?), None),
        };
        let gates = linear_named(function, x, &self.weight_ih, bias.as_ref())?;
        let gates = gates.reshape((steps * batch, cell.gates() * hidden))?;
        let mut state = vec![h.clone()];
        state.extend(c.cloned());
        state.extend(of_new.map(|bias| bias.unsqueeze(0)).transpose()?);
        let state =
            if let [one] = state.as_slice() { one.clone() } else { Tensor::cat(&state, 0)? };
        let sequence = Recurrence { cell, steps, batch, hidden, is_reverse };
        let all = recurrence(function, sequence, &gates, &self.weight_hh, &state)?;
        let c = match cell {
            Cell::Lstm => Some(all.narrow(0, steps * batch, batch)?),
            _ => None,
        };
        let y = all.narrow(0, 0, steps * batch)?.reshape((steps, batch, hidden))?;
        let last = y.get(if is_reverse { 0 } else { steps - 1 })?;
        Ok((y, last, c))
    }
}

impl Part for Weights {
    fn add_to<'a>(&'a self, _name: &str, parts: &mut Parts<'a>) {
        let named = self.named().into_iter().map(|(name, var)| (name, var.clone()));
        parts.parameters.extend(named);
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        let mut copy = |var: &Var| copies.var(var);
        Ok(Weights {
            weight_ih: copy(&self.weight_ih)?,
            weight_hh: copy(&self.weight_hh)?,
            biases: match &self.biases {
                Some((ih, hh)) => Some((copy(ih)?, copy(hh)?)),
                None => None,
            },
            suffix: self.suffix.clone(),
        })
    }
}

/// The options that all recurrent layers have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct StackConfig {
    pub(super) num_layers: usize,
    pub(super) bias: bool,
    pub(super) batch_first: bool,
    pub(super) dropout: f64,
    pub(super) bidirectional: bool,
}

/// Layers of cells, each of which takes what the one before it gave.
#[derive(Debug, Clone)]
pub(super) struct Stack {
    pub(super) all: Vec<Weights>,
    pub(super) mode: Mode,
    cell: Cell,
    input_size: usize,
    hidden_size: usize,
    config: StackConfig,
}

/// What a stack gives: the states of the last layer, the last states and cells of each.
pub(super) type Run = (Tensor, Tensor, Option<Tensor>);

impl Stack {
    pub(super) fn new(
        layer: &str,
        cell: Cell,
        [input_size, hidden_size]: [usize; 2],
        config: StackConfig,
    ) -> Result<Self> {
        let StackConfig { num_layers, bias, dropout, bidirectional, .. } = config;
        if hidden_size == 0 || num_layers == 0 {
            let name = if hidden_size == 0 { "hidden_size" } else { "num_layers" };
            return fail(layer, format_args!("{name} must be greater than zero"));
        }
        if !(0.0..=1.0).contains(&dropout) {
            return fail(
                layer,
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed",
            );
        }
        let mut all = Vec::new();
        for number in 0..num_layers {
            let input = match (number, bidirectional) {
                (0, _) => input_size,
                (_, false) => hidden_size,
                (_, true) => hidden_size.saturating_mul(2),
            };
            for direction in ["", "_reverse"].into_iter().take(1 + usize::from(bidirectional)) {
                let suffix = format!("_l{number}{direction}");
                all.push(Weights::new(cell, [input, hidden_size], bias, suffix)?);
            }
        }
        Ok(Stack { all, mode: Mode::default(), cell, input_size, hidden_size, config })
    }

    pub(super) fn run(
        &self,
        layer: &'static str,
        x: &Tensor,
        h: Option<&Tensor>,
        c: Option<&Tensor>,
    ) -> Result<Run> {
        let StackConfig { num_layers, batch_first, dropout, bidirectional, .. } = self.config;
        let is_batch = self.check_input(layer, x)?;
        let mut x = match (is_batch, batch_first) {
            (false, _) => x.unsqueeze(1)?,
            (true, true) => x.transpose(0, 1)?,
            (true, false) => x.clone(),
        };
        let batch = x.dims()[1];
        let first = |state: Option<&Tensor>| self.first_state(layer, state, &x, is_batch, batch);
        let h = first(h)?;
        let c = if self.cell == Cell::Lstm { Some(first(c)?) } else { None };
        let directions = 1 + usize::from(bidirectional);
        let (mut last_h, mut last_c) = (Vec::new(), Vec::new());
        for (number, weights) in self.all.chunks(directions).enumerate() {
            let mut outputs = Vec::new();
            for (direction, weights) in weights.iter().enumerate() {
                let index = number * directions + direction;
                let c = c.as_ref().map(|c| c.get(index)).transpose()?;
                let state = (&h.get(index)?, c.as_ref());
                let (y, h, c) = weights.run(layer, self.cell, &x, state, direction == 1)?;
                outputs.push(y);
                last_h.push(h);
                last_c.extend(c);
            }
            x = match outputs.as_slice() {
                [one] => one.clone(),
                both => Tensor::cat(both, D::Minus1)?,
            };
            if dropout > 0.0 && number + 1 < num_layers {
                x = dropout_named(layer, &x, dropout, self.mode.is_training())?;
            }
        }
        let y = match (is_batch, batch_first) {
            (false, _) => x.squeeze(1)?,
            (true, true) => x.transpose(0, 1)?,
            (true, false) => x,
        };
        let state = |all: Vec<Tensor>| {
            let all = Tensor::stack(&all, 0)?;
            if is_batch { Ok(all) } else { all.squeeze(1) }
        };
        let c = if last_c.is_empty() { None } else { Some(state(last_c)?) };
        Ok((y, state(last_h)?, c))
    }

    /// Whether `x` is a batch of sequences.
    fn check_input(&self, layer: &str, x: &Tensor) -> Result<bool> {
        let (steps, is_batch) = match x.dims() {
            [steps, _] => (*steps, false),
            [batch_or_steps, steps_or_batch, _] => {
                (if self.config.batch_first { *steps_or_batch } else { *batch_or_steps }, true)
            }
            dims => {
                return fail(
                    layer,
                    format_args!(
                        "Expected input to be 2D or 3D, got {}D tensor instead",
                        dims.len()
                    ),
                );
            }
        };
        let last = x.dims()[x.rank() - 1];
        if last != self.input_size {
            return fail(
                layer,
                format_args!(
                    "input.size(-1) must be equal to input_size. Expected {}, got {last}",
                    self.input_size
                ),
            );
        }
        if steps == 0 {
            return fail(layer, "Expected sequence length to be larger than 0 in RNN");
        }
        Ok(is_batch)
    }

    /// The state before the first step, of a batch: the given one or zeros.
    fn first_state(
        &self,
        layer: &str,
        state: Option<&Tensor>,
        x: &Tensor,
        is_batch: bool,
        batch: usize,
    ) -> Result<Tensor> {
        let whole = [self.all.len(), batch, self.hidden_size];
        let Some(state) = state else {
            return Tensor::zeros(&whole, x.dtype(), x.device());
        };
        let expected = if is_batch { whole.to_vec() } else { vec![whole[0], whole[2]] };
        if state.dims() != expected {
            return fail(
                layer,
                format_args!("Expected hidden size {}, got {:?}", tuple(&expected), state.dims()),
            );
        }
        if is_batch { Ok(state.clone()) } else { state.unsqueeze(1) }
    }

    pub(super) fn head(&self, name: &str) -> String {
        let StackConfig { num_layers, bias, batch_first, dropout, bidirectional } = self.config;
        let mut text = format!("{name}({}, {}", self.input_size, self.hidden_size);
        let flag = |value: bool| bool_repr(value).to_owned();
        for (name, value) in [
            ("num_layers", (num_layers != 1).then(|| num_layers.to_string())),
            ("bias", (!bias).then(|| flag(bias))),
            ("batch_first", batch_first.then(|| flag(batch_first))),
            ("dropout", (dropout != 0.0).then(|| float_repr(dropout))),
            ("bidirectional", bidirectional.then(|| flag(bidirectional))),
        ] {
            if let Some(value) = value {
                text += &format!(", {name}={value}");
            }
        }
        text + ")"
    }
}

impl Part for Stack {
    fn add_to<'a>(&'a self, name: &str, parts: &mut Parts<'a>) {
        self.all.iter().for_each(|weights| weights.add_to(name, parts));
        self.mode.add_to(name, parts);
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        Ok(Stack { all: self.all.copied(copies)?, mode: self.mode.copied(copies)?, ..self.clone() })
    }
}
