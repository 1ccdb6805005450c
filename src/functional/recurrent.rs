//! Recurrent layers: one op for all steps of a sequence in one direction.
//!
//! The shares of the inputs in all gates come as one product from the caller (`nn/layers/recurrent.rs`); here is what
//! goes on from step to step. On the way back all gates are computed once more, in one product, which is faster than to
//! keep them. What a cell makes of its gates is in `recurrent_cells.rs`.

use candle_core::{Result, Shape, Tensor};

pub(crate) use super::recurrent_cells::Cell;
use super::recurrent_cells::next_cell;
use crate::compute::beside::Beside;
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
    /// Numbers of a state of the whole batch.
    fn state_len(&self) -> usize {
        self.batch * self.hidden
    }

    /// The steps in the order in which they are done.
    fn order(&self) -> impl DoubleEndedIterator<Item = usize> {
        let (count, is_reverse) = (self.steps, self.is_reverse);
        (0..count).map(move |step| if is_reverse { count - 1 - step } else { step })
    }

    fn weight<'a, T>(&self, weight: &'a [T]) -> Matrix<'a, T> {
        Matrix::new(weight, self.row_len(), self.hidden)
    }

    /// The gates of one row of the batch.
    fn row_len(&self) -> usize {
        self.cell.gates() * self.hidden
    }

    /// The weight with a column for each gate, so that products with it need not sort its numbers at each step.
    fn turned<T: Number>(&self, weight: &[T]) -> Vec<T> {
        (0..self.hidden)
            .flat_map(|column| weight[column..].iter().step_by(self.hidden).copied())
            .collect()
    }

    /// How many rows of the batch go through all steps together, and who works on their products. Rows know nothing of
    /// each other: each thread takes some through the whole sequence while a core's cache holds the weight.
    fn some_rows(&self) -> (usize, Workers) {
        /// Fewer rows don't pay for reading the weight.
        const LEAST: usize = 16;
        const PARTS: usize = 8;
        const WEIGHT: usize = 1 << 18;
        if self.batch < 2 * LEAST || self.row_len() * self.hidden > WEIGHT {
            return (self.batch.max(1), Workers::All);
        }
        (self.batch.div_ceil(PARTS).max(LEAST), Workers::One)
    }

    /// For each part of some rows, its numbers of each step.
    fn by_rows<'a, T>(&self, steps: &'a mut [T], some: usize, row: usize) -> Vec<Vec<&'a mut [T]>> {
        let mut parts = Vec::new();
        parts.resize_with(self.batch.div_ceil(some), || Vec::with_capacity(self.steps));
        if !steps.is_empty() {
            for step in steps.chunks_mut(self.batch * row) {
                for (part, rows) in parts.iter_mut().beside(step.chunks_mut(some * row)) {
                    part.push(rows);
                }
            }
        }
        parts
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

    /// Adds the share of `h`, by the turned weight, to the gates, or to `hidden` for a cell that wants to know it apart.
    fn add_share<T: Number>(
        &self,
        (h, turned): (&[T], &[T]),
        gates: &mut [T],
        hidden: &mut [T],
        workers: Workers,
    ) {
        let sums = if self.cell == Cell::Gru { hidden } else { gates };
        let h = Matrix::new(h, h.len() / self.hidden, self.hidden);
        add_product(sums, h, Matrix::new(turned, self.hidden, self.row_len()), workers);
    }

    /// The cells behind the state, for an LSTM.
    fn cells<T: Number>(&self, state: &[T]) -> Vec<T> {
        match self.cell {
            Cell::Lstm => state[self.state_len()..].to_vec(),
            _ => Vec::new(),
        }
    }

    fn activate<T: Number>(&self, gates: &mut [T], hidden: &[T]) {
        let row = self.row_len();
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
        let rows = gates.chunks_exact(self.row_len());
        let mut cells = c.chunks_exact_mut(self.hidden);
        for (gates, h) in rows.beside(h.chunks_exact_mut(self.hidden)) {
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

    /// The values of all gates, and the share of the states in them for a GRU.
    fn retraced<T: Number>(&self, call: &Call<'_, T>, before: &[T]) -> (Vec<T>, Vec<T>) {
        let [gates, weight, state] = [0, 1, 2].map(|index: usize| call.args[index]);
        let mut gates = gates.to_vec();
        let mut hidden = self.biases(state, self.steps * self.batch);
        let turned = self.turned(weight);
        self.add_share((before, &turned), &mut gates, &mut hidden, Workers::All);
        self.activate(&mut gates, &hidden);
        (gates, hidden)
    }

    /// An LSTM's cells of some rows before each step, from those before the first.
    fn retraced_cells<T: Number>(&self, gates: &[&mut [T]], first: &[T]) -> Vec<Vec<T>> {
        let mut cells = vec![Vec::new(); self.steps];
        if self.cell != Cell::Lstm {
            return cells;
        }
        let mut c = first.to_vec();
        for step in self.order() {
            cells[step] = c.clone();
            let gates = gates[step].chunks_exact(self.row_len());
            for (gates, c) in gates.beside(c.chunks_exact_mut(self.hidden)) {
                vectorized(
                    #[inline(always)]
                    || next_cell(gates, c),
                );
            }
        }
        cells
    }

    /// [`Cell::backward`] for all rows of a step.
    fn step_back<T: Number>(
        &self,
        (gates, hidden): (&mut [T], &mut [T]),
        (h, c): (&[T], &[T]),
        (grad_h, grad_c): (&mut [T], &mut [T]),
    ) {
        let (row, size) = (self.row_len(), self.hidden);
        let mut room = vec![T::ZERO; size];
        let mut hidden = hidden.chunks_exact_mut(row);
        let (mut c, mut grad_c) = (c.chunks_exact(size), grad_c.chunks_exact_mut(size));
        let rows = gates.chunks_exact_mut(row).beside(h.chunks_exact(size));
        for ((gates, h), grad_h) in rows.beside(grad_h.chunks_exact_mut(size)) {
            let hidden = hidden.next().unwrap_or_default();
            let (c, grad_c) = (c.next().unwrap_or_default(), grad_c.next().unwrap_or_default());
            vectorized(
                #[inline(always)]
                || self.cell.backward((gates, hidden), (h, c), (grad_h, grad_c), &mut room),
            );
        }
    }
}

/// Some rows of the batch: the first one's number, their states and cells, and their states after each step.
type Rows<'a, T> = (usize, &'a mut [T], &'a mut [T], Vec<&'a mut [T]>);

impl Op for Recurrence {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let [gates, weight, state] = [0, 1, 2].map(|index: usize| args[index]);
        let size = self.state_len();
        let mut h = state[..size].to_vec();
        let mut c = self.cells(state);
        let mut states = vec![T::ZERO; self.steps * size];
        let turned = self.turned(weight);
        let (some, workers) = self.some_rows();
        let part = (some * self.hidden).max(1);
        let mut cells = c.chunks_mut(part);
        let jobs = h.chunks_mut(part).beside(self.by_rows(&mut states, some, self.hidden));
        let jobs = jobs.enumerate().map(|(index, (h, states))| {
            (index * some, h, cells.next().unwrap_or_default(), states)
        });
        threads::jobs(jobs.collect(), &|(first, h, c, mut states): Rows<'_, T>| {
            let rows = h.len() / self.hidden;
            let biases = self.biases(state, rows);
            let (mut hidden, mut sums) = (biases.clone(), vec![T::ZERO; rows * self.row_len()]);
            for step in self.order() {
                let begin = (step * self.batch + first) * self.row_len();
                sums.copy_from_slice(&gates[begin..begin + rows * self.row_len()]);
                hidden.copy_from_slice(&biases);
                self.add_share((h, &turned), &mut sums, &mut hidden, workers);
                self.activate(&mut sums, &hidden);
                self.update(&sums, h, c);
                states[step].copy_from_slice(h);
            }
        });
        states.extend(c);
        let rows = states.len() / self.hidden;
        Ok((states, Shape::from((rows, self.hidden))))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let size = self.state_len();
        let weight = call.args[1];
        let before = self.states_before(call.result, call.args[2]);
        let (mut gates, mut hidden) = self.retraced(&call, &before);
        let (of_states, of_cells) = call.grad.split_at(self.steps * size);
        let (mut grad_h, mut grad_c) = (vec![T::ZERO; size], of_cells.to_vec());
        let first_cells = self.cells(call.args[2]);
        let (some, workers) = self.some_rows();
        let part = (some * self.hidden).max(1);
        let mut of_cells = grad_c.chunks_mut(part);
        let gates_and_hidden = self
            .by_rows(&mut gates, some, self.row_len())
            .into_iter()
            .beside(self.by_rows(&mut hidden, some, self.row_len()));
        let jobs = grad_h.chunks_mut(part).beside(gates_and_hidden).enumerate().map(
            |(index, (grad_h, gates_and_hidden))| {
                let grad_c = of_cells.next().unwrap_or_default();
                (index * part, grad_h, grad_c, gates_and_hidden)
            },
        );
        type Part<'a, T> = (usize, &'a mut [T], &'a mut [T], (Vec<&'a mut [T]>, Vec<&'a mut [T]>));
        threads::jobs(jobs.collect(), &|(first, grad_h, grad_c, both): Part<'_, T>| {
            let (mut gates, mut hidden) = both;
            let first_cells = first_cells.get(first..).unwrap_or_default();
            let first_cells = &first_cells[..grad_c.len()];
            let cells = self.retraced_cells(&gates, first_cells);
            for step in self.order().rev() {
                let states = step * size + first..step * size + first + grad_h.len();
                let grads = grad_h.iter_mut().beside(&of_states[states.clone()]);
                grads.for_each(|(sum, grad)| *sum += *grad);
                let gates = &mut *gates[step];
                let hidden = hidden.get_mut(step).map(|hidden| &mut **hidden).unwrap_or_default();
                self.step_back(
                    (&mut *gates, &mut *hidden),
                    (&before[states], &cells[step]),
                    (&mut *grad_h, &mut *grad_c),
                );
                let of_share = if hidden.is_empty() { gates } else { hidden };
                let rows = grad_h.len() / self.hidden;
                let of_share = Matrix::new(&*of_share, rows, self.row_len());
                add_product(grad_h, of_share, self.weight(weight), workers);
            }
        });
        let of_share = if hidden.is_empty() { &gates } else { &hidden };
        let of_weight = call.wanted[1].then(|| {
            let mut sum = vec![T::ZERO; weight.len()];
            let rows = self.steps * self.batch;
            let of_share = Matrix::new(of_share, rows, self.row_len());
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
                sums.iter_mut().beside(row).for_each(|(sum, grad)| *sum += grad.wide());
            }
            of_state.extend(sums.into_iter().map(T::of));
        }
        Ok(vec![Some(gates), of_weight, Some(of_state)])
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    const STEPS: usize = 3;
    const HIDDEN: usize = 5;

    fn numbers(shape: &[usize], seed: f64) -> Var {
        let count = shape.iter().product::<usize>();
        let numbers = (0..count).map(|index| (index as f64 + seed).sin()).collect::<Vec<_>>();
        Var::from_vec(numbers, shape, &Device::Cpu).unwrap()
    }

    /// A weighted sum of the results of `count` rows from `first` on, of inputs that are gates, weight, states, and what
    /// stands behind these.
    fn total(cell: Cell, is_reverse: bool, vars: &[Var; 4], first: usize, count: usize) -> Tensor {
        let [gates, weight, h, rest] = vars.each_ref().map(Var::as_tensor);
        let rows = |x: &Tensor, axis: usize| x.narrow(axis, first, count).unwrap();
        let rest = match cell {
            Cell::Lstm => rows(rest, 0).flatten_all().unwrap(),
            _ => rest.narrow(0, 0, 1).unwrap().flatten_all().unwrap(),
        };
        let h = rows(h, 0).flatten_all().unwrap();
        let state = if cell == Cell::Tanh { h } else { Tensor::cat(&[&h, &rest], 0).unwrap() };
        let of = Recurrence { cell, steps: STEPS, batch: count, hidden: HIDDEN, is_reverse };
        let y = recurrence("f", of, &rows(gates, 1), weight, &state).unwrap();
        let blocks = if cell == Cell::Lstm { STEPS + 1 } else { STEPS };
        let all = numbers(&[STEPS + 1, 40, HIDDEN], 0.3);
        let factors = rows(&all.narrow(0, 0, blocks).unwrap(), 1).contiguous().unwrap();
        (y * factors.reshape(((), HIDDEN)).unwrap()).unwrap().sum_all().unwrap()
    }

    #[test]
    fn rows_that_go_through_all_steps_together_are_those_of_a_batch_of_one() {
        for (cell, is_reverse) in [(Cell::Tanh, true), (Cell::Lstm, false), (Cell::Gru, true)] {
            let gates = cell.gates() * HIDDEN;
            let vars = [
                numbers(&[STEPS, 40, gates], 0.1),
                numbers(&[gates, HIDDEN], 0.5),
                numbers(&[40, HIDDEN], 0.7),
                numbers(&[40, HIDDEN], 0.9),
            ];
            let together = total(cell, is_reverse, &vars, 0, 40);
            let alone = (0..40).map(|row| total(cell, is_reverse, &vars, row, 1));
            let alone = alone.reduce(|sum, row| (sum + row).unwrap()).unwrap();
            let [found, expected] = [&together, &alone].map(|sum| sum.to_scalar::<f64>().unwrap());
            assert!((found - expected).abs() < 1e-12, "{cell:?}: {found}, not {expected}");
            let [found, expected] = [&together, &alone].map(|sum| sum.backward().unwrap());
            for var in &vars[..if cell == Cell::Tanh { 3 } else { 4 }] {
                let difference = (found.get(var).unwrap() - expected.get(var).unwrap()).unwrap();
                let most = difference.abs().unwrap().max_all().unwrap().to_scalar::<f64>().unwrap();
                assert!(most < 1e-12, "{cell:?}: a gradient differs by {most}");
            }
        }
    }
}
