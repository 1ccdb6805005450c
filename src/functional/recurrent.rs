//! Recurrent layers: one op for all steps of a sequence in one direction.
//!
//! The shares of the inputs in all gates come as one product from the caller (`nn/layers/recurrent.rs`); here is what
//! goes on from step to step. On the way back all gates are computed once more, in one product, which is faster than to
//! keep them. What a cell makes of its gates is in `recurrent_cells.rs`.

use candle_core::{Result, Shape, Tensor};

pub(crate) use super::recurrent_cells::Cell;
use super::recurrent_cells::next_cell;
use crate::compute::loops::{self, vectorized};
use crate::compute::matrix::{Matrix, Workers, add_product};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::threads;

/// A sequence in one direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recurrence {
    pub(crate) cell: Cell,
    pub(crate) steps: usize,
    pub(crate) batch: usize,
    pub(crate) hidden: usize,
    /// Whether the last step comes first.
    pub(crate) is_reverse: bool,
}

/// The states after each step, `(steps batch, hidden)`, and behind them an LSTM's last cells, `(batch, hidden)`.
///
/// `gates` has the shares of the inputs and biases in all gates, `(steps batch, gates hidden)`, `weight` is
/// `(gates hidden, hidden)`. `state` is the first state, `(batch, hidden)`, and behind it an LSTM's first cells,
/// `(batch, hidden)`, or a GRU's bias of the new state, `(1, hidden)`.
pub(crate) fn recurrence(
    function: &'static str,
    recurrence: Recurrence,
    gates: &Tensor,
    weight: &Tensor,
    state: &Tensor,
) -> Result<Tensor> {
    op::apply(function, recurrence, [gates, weight, state])
}

impl Recurrence {
    /// Numbers of a state of the whole batch, and of its gates.
    fn state_len(&self) -> usize {
        self.batch * self.hidden
    }

    fn gates_len(&self) -> usize {
        self.state_len() * self.cell.gates()
    }

    /// The steps in the order in which they are done.
    fn order(&self) -> impl DoubleEndedIterator<Item = usize> {
        let (count, is_reverse) = (self.steps, self.is_reverse);
        (0..count).map(move |step| if is_reverse { count - 1 - step } else { step })
    }

    fn weight<'a, T>(&self, weight: &'a [T]) -> Matrix<'a, T> {
        Matrix::new(weight, self.cell.gates() * self.hidden, self.hidden)
    }

    /// For each of `rows`, the share of nothing in a GRU's gates: zeros, and the bias of the new state.
    fn biases<T: Number>(&self, state: &[T], rows: usize) -> Vec<T> {
        if self.cell != Cell::Gru {
            return Vec::new();
        }
        let mut row = vec![T::ZERO; 2 * self.hidden];
        row.extend_from_slice(&state[self.state_len()..]);
        row.repeat(rows)
    }

    /// Adds the share of `h` to the gates, or to `hidden` for a cell that wants to know it apart.
    fn add_share<T: Number>(&self, h: &[T], weight: &[T], gates: &mut [T], hidden: &mut [T]) {
        let sums = if self.cell == Cell::Gru { hidden } else { gates };
        let h = Matrix::new(h, h.len() / self.hidden, self.hidden);
        add_product(sums, h, self.weight(weight).transposed(), Workers::All);
    }

    /// The cells behind the state, for an LSTM.
    fn cells<T: Number>(&self, state: &[T]) -> Vec<T> {
        match self.cell {
            Cell::Lstm => state[self.state_len()..].to_vec(),
            _ => Vec::new(),
        }
    }

    fn activate<T: Number>(&self, gates: &mut [T], hidden: &[T]) {
        let row = self.cell.gates() * self.hidden;
        let work = |(index, gates): (usize, &mut [T])| {
            let hidden = if hidden.is_empty() { hidden } else { &hidden[index * row..][..row] };
            vectorized(
                #[inline(always)]
                || self.cell.activate(gates, hidden),
            );
        };
        if gates.len() < loops::PARALLEL_FROM {
            gates.chunks_exact_mut(row).enumerate().for_each(work);
        } else {
            let rows_per_task = loops::SMALL_PIECE.div_ceil(row);
            threads::pieces(gates, row, rows_per_task, &|index, gates| work((index, gates)));
        }
    }

    fn update<T: Number>(&self, gates: &[T], h: &mut [T], c: &mut [T]) {
        let rows = gates.chunks_exact(self.cell.gates() * self.hidden);
        let mut cells = c.chunks_exact_mut(self.hidden);
        for (gates, h) in rows.zip(h.chunks_exact_mut(self.hidden)) {
            let c = cells.next().unwrap_or_default();
            vectorized(
                #[inline(always)]
                || self.cell.update(gates, h, c),
            );
        }
    }

    /// The states before each step, in the order of the steps' numbers.
    fn states_before<T: Number>(&self, result: &[T], state: &[T]) -> Vec<T> {
        let first = &state[..self.state_len()];
        let states = &result[..self.steps * self.state_len()];
        match self.is_reverse {
            false => [first, &states[..states.len() - first.len()]].concat(),
            true => [&states[first.len()..], first].concat(),
        }
    }

    /// The values of all gates, and an LSTM's cells before each step.
    fn retraced<T: Number>(&self, call: &Call<'_, T>, before: &[T]) -> (Vec<T>, Vec<T>, Vec<T>) {
        let [gates, weight, state] = [0, 1, 2].map(|index: usize| call.args[index]);
        let mut gates = gates.to_vec();
        let mut hidden = self.biases(state, self.steps * self.batch);
        self.add_share(before, weight, &mut gates, &mut hidden);
        self.activate(&mut gates, &hidden);
        let mut cells = Vec::new();
        if self.cell == Cell::Lstm {
            cells = vec![T::ZERO; self.steps * self.state_len()];
            let mut c = self.cells(state);
            for step in self.order() {
                cells[step * c.len()..][..c.len()].copy_from_slice(&c);
                let gates = gates[step * self.gates_len()..][..self.gates_len()]
                    .chunks_exact(4 * self.hidden);
                for (gates, c) in gates.zip(c.chunks_exact_mut(self.hidden)) {
                    vectorized(
                        #[inline(always)]
                        || next_cell(gates, c),
                    );
                }
            }
        }
        (gates, hidden, cells)
    }

    /// [`Cell::backward`] for all rows of a step.
    fn step_back<T: Number>(
        &self,
        (gates, hidden): (&mut [T], &mut [T]),
        (h, c): (&[T], &[T]),
        (grad_h, grad_c): (&mut [T], &mut [T]),
    ) {
        let (row, size) = (self.cell.gates() * self.hidden, self.hidden);
        let mut room = vec![T::ZERO; size];
        let mut hidden = hidden.chunks_exact_mut(row);
        let (mut c, mut grad_c) = (c.chunks_exact(size), grad_c.chunks_exact_mut(size));
        let rows = gates.chunks_exact_mut(row).zip(h.chunks_exact(size));
        for ((gates, h), grad_h) in rows.zip(grad_h.chunks_exact_mut(size)) {
            let hidden = hidden.next().unwrap_or_default();
            let (c, grad_c) = (c.next().unwrap_or_default(), grad_c.next().unwrap_or_default());
            vectorized(
                #[inline(always)]
                || self.cell.backward((gates, hidden), (h, c), (grad_h, grad_c), &mut room),
            );
        }
    }
}

impl Op for Recurrence {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let [gates, weight, state] = [0, 1, 2].map(|index: usize| args[index]);
        let size = self.state_len();
        let mut h = state[..size].to_vec();
        let mut c = self.cells(state);
        let mut states = vec![T::ZERO; self.steps * size];
        let biases = self.biases(state, self.batch);
        let (mut hidden, mut sums) = (biases.clone(), vec![T::ZERO; self.gates_len()]);
        for step in self.order() {
            sums.copy_from_slice(&gates[step * self.gates_len()..][..self.gates_len()]);
            hidden.copy_from_slice(&biases);
            self.add_share(&h, weight, &mut sums, &mut hidden);
            self.activate(&mut sums, &hidden);
            self.update(&sums, &mut h, &mut c);
            states[step * size..][..size].copy_from_slice(&h);
        }
        states.extend(c);
        let rows = states.len() / self.hidden;
        Ok((states, Shape::from((rows, self.hidden))))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let (size, gates_len) = (self.state_len(), self.gates_len());
        let weight = call.args[1];
        let before = self.states_before(call.result, call.args[2]);
        let (mut gates, mut hidden, cells) = self.retraced(&call, &before);
        let (of_states, of_cells) = call.grad.split_at(self.steps * size);
        let (mut grad_h, mut grad_c) = (vec![T::ZERO; size], of_cells.to_vec());
        for step in self.order().rev() {
            let (states, all) = (step * size..(step + 1) * size, step * gates_len..);
            grad_h.iter_mut().zip(&of_states[states.clone()]).for_each(|(sum, grad)| *sum += *grad);
            let of_step = |values: &'_ [T]| if values.is_empty() { 0..0 } else { states.clone() };
            let gates = &mut gates[all.clone()][..gates_len];
            let hidden = match hidden.is_empty() {
                true => Default::default(),
                false => &mut hidden[all][..gates_len],
            };
            self.step_back(
                (&mut *gates, &mut *hidden),
                (&before[states.clone()], &cells[of_step(&cells)]),
                (&mut grad_h, &mut grad_c),
            );
            let of_share = if hidden.is_empty() { gates } else { hidden };
            let of_share = Matrix::new(&*of_share, self.batch, self.cell.gates() * self.hidden);
            add_product(&mut grad_h, of_share, self.weight(weight), Workers::All);
        }
        let of_share = if hidden.is_empty() { &gates } else { &hidden };
        let of_weight = call.wanted[1].then(|| {
            let mut sum = vec![T::ZERO; weight.len()];
            let rows = self.steps * self.batch;
            let of_share = Matrix::new(of_share, rows, self.cell.gates() * self.hidden);
            let before = Matrix::new(&before, rows, self.hidden);
            add_product(&mut sum, of_share.transposed(), before, Workers::All);
            sum
        });
        let mut of_state = grad_h;
        of_state.extend(grad_c);
        if self.cell == Cell::Gru {
            let mut sums = vec![0f64; self.hidden];
            for row in hidden.chunks_exact(3 * self.hidden) {
                let row = &row[2 * self.hidden..];
                sums.iter_mut().zip(row).for_each(|(sum, grad)| *sum += grad.wide());
            }
            of_state.extend(sums.into_iter().map(T::of));
        }
        Ok(vec![Some(gates), of_weight, Some(of_state)])
    }
}
