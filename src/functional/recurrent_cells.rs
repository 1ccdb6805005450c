//! What recurrent cells make of their gates at one step, forth and back, for one row of a batch.
//!
//! `recurrent.rs` has the loop over the steps and all products of matrices. A row of `gates` holds the numbers of all
//! gates, gate after gate; `activate` turns them into the gates' values in place, `backward` those into gradients.

use super::unary_math::{logistic, tanh};
use crate::compute::beside::Beside;
use crate::compute::number::Number;

/// What happens at one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// `h' = tanh(x + h)`.
    Tanh,
    /// `h' = relu(x + h)`.
    Relu,
    /// Gates i, f, g, o: `c' = f c + i g`, `h' = o tanh(c')`.
    Lstm,
    /// Gates r, z, n with `n = tanh(x + r h)`: `h' = (1 - z) n + z h`.
    Gru,
}

impl Cell {
    pub(crate) fn gates(self) -> usize {
        match self {
            Cell::Tanh | Cell::Relu => 1,
            Cell::Gru => 3,
            Cell::Lstm => 4,
        }
    }

    /// Turns the gates' sums into their values. `hidden` is the share of `h` where it isn't in the sums already.
    #[inline(always)]
    pub(super) fn activate<T: Number>(self, gates: &mut [T], hidden: &[T]) {
        match self {
            Cell::Tanh => each(gates, tanh),
            Cell::Relu => each(gates, |x| x.at_least(T::ZERO)),
            Cell::Lstm => {
                let [input, forget, candidate, output] = parts(gates);
                each(input, logistic);
                each(forget, logistic);
                each(candidate, tanh);
                each(output, logistic);
            }
            Cell::Gru => {
                let size = gates.len() / 3;
                let (reset_update, candidate) = gates.split_at_mut(2 * size);
                let (hidden, hidden_candidate) = hidden.split_at(2 * size);
                for (gate, hidden) in reset_update.iter_mut().beside(hidden) {
                    *gate = logistic(*gate + *hidden);
                }
                let reset = reset_update.iter();
                for ((new, hidden), reset) in
                    candidate.iter_mut().beside(hidden_candidate).beside(reset)
                {
                    *new = tanh(*new + *reset * *hidden);
                }
            }
        }
    }

    /// The next state from the gates' values; `c` is empty for all but the LSTM.
    #[inline(always)]
    pub(super) fn update<T: Number>(self, gates: &[T], h: &mut [T], c: &mut [T]) {
        match self {
            Cell::Tanh | Cell::Relu => h.copy_from_slice(gates),
            Cell::Lstm => {
                next_cell(gates, c);
                let output = &gates[3 * h.len()..];
                for ((h, c), output) in h.iter_mut().beside(c.iter()).beside(output) {
                    *h = *output * tanh(*c);
                }
            }
            Cell::Gru => {
                let (update, new) = gates[h.len()..].split_at(h.len());
                for ((h, update), new) in h.iter_mut().beside(update).beside(new) {
                    *h = (T::ONE - *update) * *new + *update * *h;
                }
            }
        }
    }

    /// Turns the gates' values into the gradients of their sums, `hidden` into that of the share of `h`, and the
    /// gradients of the next state into what goes on to this one past the gates. `room` has room for a row of states.
    #[inline(always)]
    pub(super) fn backward<T: Number>(
        self,
        (gates, hidden): (&mut [T], &mut [T]),
        (h, c): (&[T], &[T]),
        (grad_h, grad_c): (&mut [T], &mut [T]),
        room: &mut [T],
    ) {
        match self {
            Cell::Tanh => {
                for (gate, grad) in gates.iter_mut().beside(grad_h.iter()) {
                    *gate = *grad * (T::ONE - *gate * *gate);
                }
                grad_h.fill(T::ZERO);
            }
            Cell::Relu => {
                for (gate, grad) in gates.iter_mut().beside(grad_h.iter()) {
                    *gate = if *gate > T::ZERO { *grad } else { T::ZERO };
                }
                grad_h.fill(T::ZERO);
            }
            Cell::Lstm => lstm_backward(gates, c, (grad_h, grad_c), room),
            Cell::Gru => gru_backward(gates, hidden, h, grad_h),
        }
    }
}

/// `c' = f c + i g` of an LSTM's gates.
#[inline(always)]
pub(super) fn next_cell<T: Number>(gates: &[T], c: &mut [T]) {
    let size = c.len();
    let (input, forget, candidate) =
        (&gates[..size], &gates[size..2 * size], &gates[2 * size..3 * size]);
    for (((c, input), forget), candidate) in
        c.iter_mut().beside(input).beside(forget).beside(candidate)
    {
        *c = *forget * *c + *input * *candidate;
    }
}

#[inline(always)]
fn lstm_backward<T: Number>(
    gates: &mut [T],
    c: &[T],
    (grad_h, grad_c): (&mut [T], &mut [T]),
    next: &mut [T],
) {
    let [input, forget, candidate, output] = parts(gates);
    // A loop of its own, which changes nothing but `next`, becomes vector instructions.
    next.copy_from_slice(c);
    for (((next, i), f), g) in next.iter_mut().beside(&*input).beside(&*forget).beside(&*candidate)
    {
        *next = tanh(*f * *next + *i * *g);
    }
    for index in 0..c.len() {
        let (i, f, g, o) = (input[index], forget[index], candidate[index], output[index]);
        let next = next[index];
        let gradient = grad_c[index] + grad_h[index] * o * (T::ONE - next * next);
        output[index] = grad_h[index] * next * o * (T::ONE - o);
        input[index] = gradient * g * i * (T::ONE - i);
        candidate[index] = gradient * i * (T::ONE - g * g);
        forget[index] = gradient * c[index] * f * (T::ONE - f);
        grad_c[index] = gradient * f;
        grad_h[index] = T::ZERO;
    }
}

#[inline(always)]
fn gru_backward<T: Number>(gates: &mut [T], hidden: &mut [T], h: &[T], grad_h: &mut [T]) {
    let [reset, update, new] = parts(gates);
    let [hidden_reset, hidden_update, hidden_new] = parts(hidden);
    for index in 0..h.len() {
        let (r, z, n, grad) = (reset[index], update[index], new[index], grad_h[index]);
        let of_new = grad * (T::ONE - z) * (T::ONE - n * n);
        reset[index] = of_new * hidden_new[index] * r * (T::ONE - r);
        update[index] = grad * (h[index] - n) * z * (T::ONE - z);
        new[index] = of_new;
        hidden_reset[index] = reset[index];
        hidden_update[index] = update[index];
        hidden_new[index] = of_new * r;
        grad_h[index] = grad * z;
    }
}

#[inline(always)]
fn each<T: Number>(values: &mut [T], function: impl Fn(T) -> T) {
    for value in values {
        *value = function(*value);
    }
}

/// A row cut into `N` equal parts.
#[inline(always)]
fn parts<T, const N: usize>(row: &mut [T]) -> [&mut [T]; N] {
    let size = (row.len() / N).max(1);
    let mut parts = row.chunks_exact_mut(size);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}
