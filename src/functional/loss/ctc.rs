//! Connectionist temporal classification.

use std::sync::OnceLock;

use candle_core::{DType, Result, Shape, Tensor};
use rayon::prelude::*;

use super::options::Reduction;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::reduce::Outcome;
use crate::error::{fail, fail_dtype, fail_index, fail_shape, need_float};

/// [`nn::CTCLoss`](crate::nn::CTCLoss) as a function (PyTorch's defaults: 0, mean, false).
///
/// ```
/// use akari::prelude::*;
/// let x = F::log_softmax(&tensor!([[0., 0.], [0., 0.]]), 1)?;
/// let y = F::ctc_loss(&x, &tensor!([1]), &[2], &[1], 0, Reduction::Mean, false)?;
/// assert!((y.to_scalar::<f32>()? - 0.2877).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn ctc_loss(
    log_probs: &Tensor,
    targets: &Tensor,
    input_lengths: &[usize],
    target_lengths: &[usize],
    blank: usize,
    reduction: Reduction,
    zero_infinity: bool,
) -> Result<Tensor> {
    let lengths = [input_lengths, target_lengths];
    ctc_loss_named("F::ctc_loss", log_probs, targets, lengths, blank, reduction, zero_infinity)
}

pub(crate) fn ctc_loss_named(
    function: &'static str,
    log_probs: &Tensor,
    targets: &Tensor,
    [input_lengths, target_lengths]: [&[usize]; 2],
    blank: usize,
    reduction: Reduction,
    zero_infinity: bool,
) -> Result<Tensor> {
    need_float(function, "log_probs", log_probs)?;
    let (steps, batch, classes, shape) = match *log_probs.dims() {
        [steps, classes] => (steps, 1, classes, Shape::from(())),
        [steps, batch, classes] => (steps, batch, classes, Shape::from(batch)),
        _ => {
            return fail_shape(
                function,
                format_args!(
                    "Expected log_probs of shape (T, N, C) or (T, C), but their shape is {:?}",
                    log_probs.dims()
                ),
            );
        }
    };
    if log_probs.elem_count() == 0 {
        return fail_shape(function, "log_probs tensor must not be empty");
    }
    if blank >= classes {
        return fail_index(
            function,
            format_args!("blank must be in label range, but is {} of {classes} classes", blank),
        );
    }
    for (name, lengths) in [("input_lengths", input_lengths), ("target_lengths", target_lengths)] {
        if lengths.len() != batch {
            return fail_shape(
                function,
                format_args!(
                    "{name} must be of size batch_size ({batch}), but there are {}",
                    lengths.len()
                ),
            );
        }
    }
    if let Some(length) = input_lengths.iter().find(|length| **length > steps) {
        return fail(
            function,
            format_args!(
                "Expected input_lengths to have value at most {steps}, but got value {length}"
            ),
        );
    }
    let labels = labels(function, targets, target_lengths, classes)?;
    let loss = Alignments {
        batch,
        classes,
        blank,
        input_lengths: input_lengths.to_vec(),
        labels,
        is_mean: reduction == Reduction::Mean,
        zero_infinity,
        outcome: reduction.outcome(batch as f64),
        shape,
        there: OnceLock::new(),
    };
    op::apply(function, loss, [log_probs])
}

/// The classes of each sequence.
fn labels(
    function: &str,
    targets: &Tensor,
    lengths: &[usize],
    classes: usize,
) -> Result<Vec<Vec<usize>>> {
    if !targets.dtype().is_int() {
        return fail_dtype(
            function,
            format_args!(
                "expected targets of integers, but got {:?} (convert them with .to_dtype(DType::I64)?)",
                targets.dtype()
            ),
        );
    }
    let numbers = targets.to_dtype(DType::I64)?.flatten_all()?.to_vec1::<i64>()?;
    let (width, longest) = (targets.dims().last().copied().unwrap_or(0), lengths.iter().max());
    let total = lengths.iter().sum::<usize>();
    let is_table = targets.rank() == 2;
    if is_table
        && (targets.dims()[0] != lengths.len() || longest.is_some_and(|longest| *longest > width))
    {
        return fail_shape(
            function,
            format_args!(
                "Expected targets to have size at least {} at dimension 1 and {} at dimension 0, but their shape is {:?}",
                longest.copied().unwrap_or(0),
                lengths.len(),
                targets.dims()
            ),
        );
    }
    if !is_table && (targets.rank() != 1 || numbers.len() != total) {
        return fail_shape(
            function,
            format_args!(
                "Expected targets of shape (N, S), or in one row of {total}, but their shape is {:?}",
                targets.dims()
            ),
        );
    }
    let mut start = 0;
    let mut rows = Vec::with_capacity(lengths.len());
    for (index, length) in lengths.iter().enumerate() {
        let begin = if is_table { index * width } else { start };
        start += length;
        let class = |number: &i64| match usize::try_from(*number) {
            Ok(class) if class < classes => Ok(class),
            _ => fail_index(
                function,
                format_args!("Target {number} is out of bounds (there are {classes} classes)"),
            ),
        };
        rows.push(numbers[begin..][..*length].iter().map(class).collect::<Result<_>>()?);
    }
    Ok(rows)
}

struct Alignments {
    batch: usize,
    classes: usize,
    blank: usize,
    input_lengths: Vec<usize>,
    labels: Vec<Vec<usize>>,
    is_mean: bool,
    zero_infinity: bool,
    outcome: Outcome,
    /// The shape of the losses.
    shape: Shape,
    /// [`Alignments::ways_there`] of each sequence, kept for the backward pass.
    there: OnceLock<Vec<Vec<f64>>>,
}

impl Alignments {
    /// The classes of a sequence with blanks between, before and after them.
    fn path(&self, index: usize) -> Vec<usize> {
        let labels = self.labels[index].iter();
        std::iter::once(self.blank).chain(labels.flat_map(|label| [*label, self.blank])).collect()
    }

    /// Whether the path may go from the place before last straight to this one.
    fn may_skip(&self, path: &[usize], place: usize) -> bool {
        place >= 2 && path[place] != self.blank && path[place] != path[place - 2]
    }

    /// The log probability of class `class` at a step of sequence `index`.
    fn log_prob<R: Number>(&self, xs: &[R], step: usize, index: usize, class: usize) -> f64 {
        xs[(step * self.batch + index) * self.classes + class].to_f64()
    }

    /// For each step and place of the path, the log probability of all ways to get there; the
    /// places of a step lie side by side.
    fn ways_there<R: Number>(&self, xs: &[R], index: usize, path: &[usize]) -> Vec<f64> {
        let (steps, places) = (self.input_lengths[index], path.len());
        let mut ways = Vec::with_capacity(steps * places);
        for step in 0..steps {
            for place in 0..places {
                let before = |back: usize| match step {
                    0 if place <= 1 && back == 0 => 0.0,
                    1.. if place >= back => ways[(step - 1) * places + place - back],
                    _ => f64::NEG_INFINITY,
                };
                let skip = if self.may_skip(path, place) { before(2) } else { f64::NEG_INFINITY };
                let sum = log_sum([before(0), before(1), skip]);
                ways.push(sum + self.log_prob(xs, step, index, path[place]));
            }
        }
        ways
    }

    /// The ways there of all sequences, computed once.
    fn all_ways_there<R: Number>(&self, xs: &[R]) -> &[Vec<f64>] {
        self.there.get_or_init(|| {
            let of_sequence = |index| self.ways_there(xs, index, &self.path(index));
            (0..self.batch).into_par_iter().map(of_sequence).collect()
        })
    }

    /// For each step and place, the log probability of all ways on from there, itself included.
    fn ways_on<R: Number>(&self, xs: &[R], index: usize, path: &[usize]) -> Vec<f64> {
        let (steps, places) = (self.input_lengths[index], path.len());
        let mut ways = vec![f64::NEG_INFINITY; steps * places];
        for step in (0..steps).rev() {
            for place in 0..places {
                let after = |ahead: usize| match step + 1 < steps {
                    true if place + ahead < places => ways[(step + 1) * places + place + ahead],
                    false if ahead == 0 && place + 2 >= places => 0.0,
                    _ => f64::NEG_INFINITY,
                };
                let may_skip = place + 2 < places && self.may_skip(path, place + 2);
                let skip = if may_skip { after(2) } else { f64::NEG_INFINITY };
                let sum = log_sum([after(0), after(1), skip]);
                ways[step * places + place] = sum + self.log_prob(xs, step, index, path[place]);
            }
        }
        ways
    }

    /// The loss of a sequence before it is weighted.
    fn loss(&self, ways: &[f64], index: usize) -> f64 {
        let places = 2 * self.labels[index].len() + 1;
        let Some(start) = ways.len().checked_sub(places) else {
            return if self.labels[index].is_empty() { 0.0 } else { f64::INFINITY };
        };
        let last = &ways[start..];
        let before_last = last.len().checked_sub(2).map_or(f64::NEG_INFINITY, |index| last[index]);
        -log_sum([last[last.len() - 1], before_last, f64::NEG_INFINITY])
    }

    /// The weight of a sequence's loss.
    fn weight(&self, index: usize) -> f64 {
        if self.is_mean { 1.0 / self.labels[index].len().max(1) as f64 } else { 1.0 }
    }

    /// Adds the gradient of a sequence to those of its steps.
    fn add_gradient<R: Number>(&self, xs: &[R], index: usize, grad: f64, rows: &mut [f64]) {
        let path = self.path(index);
        let there = &self.all_ways_there(xs)[index];
        let loss = self.loss(there, index);
        if loss == f64::INFINITY && self.zero_infinity {
            return;
        }
        let on = self.ways_on(xs, index, &path);
        let rows = rows.chunks_mut(self.classes).take(self.input_lengths[index]);
        for (step, row) in rows.enumerate() {
            if loss == f64::INFINITY {
                // As in PyTorch: a target that can't be aligned has no gradient.
                row.fill(f64::NAN);
                continue;
            }
            for (class, out) in row.iter_mut().enumerate() {
                *out = grad * self.log_prob(xs, step, index, class).exp();
            }
            let row_of = |ways: &[f64], place: usize| ways[step * path.len() + place];
            for (place, class) in path.iter().enumerate() {
                // Both `there` and `on` hold this step's own log probability.
                let through = row_of(there, place) + row_of(&on, place) + loss
                    - self.log_prob(xs, step, index, *class);
                if through > f64::NEG_INFINITY {
                    row[*class] -= grad * through.exp();
                }
            }
        }
    }
}

impl Op for Alignments {
    fn forward<R: Number>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)> {
        let loss = |(index, there): (usize, &Vec<f64>)| {
            let loss = self.loss(there, index);
            if loss == f64::INFINITY && self.zero_infinity { 0.0 } else { loss }
        };
        let losses =
            self.all_ways_there(inputs[0]).iter().enumerate().map(loss).collect::<Vec<_>>();
        match self.outcome {
            Outcome::Each => Ok((losses.into_iter().map(R::of).collect(), self.shape.clone())),
            Outcome::Over(divisor) => {
                let weighted =
                    losses.iter().enumerate().map(|(index, loss)| loss * self.weight(index));
                Ok((vec![R::of(weighted.sum::<f64>() / divisor)], Shape::from(())))
            }
        }
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let Call { args: inputs, grad: gradient, .. } = call;
        let width = self.batch * self.classes;
        let steps = inputs[0].len() / width;
        let sequences = (0..self.batch)
            .into_par_iter()
            .map(|index| {
                let mut rows = vec![0.0; self.classes * steps];
                let grad = self.outcome.gradient(gradient, index).to_f64() * self.weight(index);
                self.add_gradient(inputs[0], index, grad, &mut rows);
                rows
            })
            .collect::<Vec<_>>();
        let mut result = Vec::with_capacity(inputs[0].len());
        for step in 0..steps {
            for rows in &sequences {
                let row = &rows[step * self.classes..][..self.classes];
                result.extend(row.iter().map(|slope| R::of(*slope)));
            }
        }
        Ok(vec![Some(result)])
    }
}

/// `ln Σ exp`, also of nothing but minus infinity.
fn log_sum(terms: [f64; 3]) -> f64 {
    /// Powers of less than this change no digit of 1.
    const NOTHING: f64 = -40.0;
    let largest = if terms[1] > terms[0] { 1 } else { 0 };
    let largest = if terms[2] > terms[largest] { 2 } else { largest };
    let most = terms[largest];
    if most == f64::NEG_INFINITY {
        return most;
    }
    let mut rest = 0.0;
    for (index, term) in terms.into_iter().enumerate() {
        // A nan fails the comparison, and is added.
        if index == largest || term - most < NOTHING {
            continue;
        }
        rest += (term - most).exp();
    }
    if rest == 0.0 { most } else { most + (1.0 + rest).ln() }
}
