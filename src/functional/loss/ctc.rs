//! Connectionist temporal classification.

use std::sync::OnceLock;

use candle_core::{Result, Shape, Tensor};

use super::options::Reduction;
use crate::compute::beside::Beside;
use crate::compute::loops::vectorized_over;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::reduce::Outcome;
use crate::compute::threads;
use crate::error::{fail, fail_dtype, fail_index, fail_shape, need_float};
use crate::tensor::parts;

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
        input_lengths: input_lengths.to_vec(),
        paths: labels.iter().map(|labels| Path::new(blank, labels)).collect(),
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
    let numbers = parts::values::<i64>(targets)?;
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

/// A target as the classes that a way passes: its labels, with blanks between, before and after them.
struct Path {
    places: Vec<usize>,
    /// What is added to the ways that come to a place from the one before last: 0 if they may, else minus infinity.
    /// Behind the places it is that of ways which are at their end, and then padding.
    skips: Vec<f64>,
}

/// How many places beside the path a row of ways has on one side; from there ways begin, or there they end.
const OUTSIDE: usize = 2;

impl Path {
    /// Rows are as wide as whole vectors, so that no place is left to a slower loop.
    const LANES: usize = 16;

    fn new(blank: usize, labels: &[usize]) -> Path {
        let blanks = labels.iter().flat_map(|label| [*label, blank]);
        let places = std::iter::once(blank).chain(blanks).collect::<Vec<_>>();
        let mut skips =
            vec![f64::NEG_INFINITY; places.len().next_multiple_of(Self::LANES) + OUTSIDE];
        for place in 2..places.len() {
            if places[place] != blank && places[place] != places[place - 2] {
                skips[place] = 0.0;
            }
        }
        (skips[1], skips[places.len()]) = (0.0, 0.0);
        Path { places, skips }
    }

    /// How many numbers a row of ways has.
    fn row(&self) -> usize {
        self.skips.len()
    }

    /// How many labels there are.
    fn len(&self) -> usize {
        self.places.len() / 2
    }

    /// The log probabilities of the places at a step whose classes have `xs`; minus infinity behind the last place.
    fn logs<R: Number>(&self, xs: &[R], logs: &mut [f64]) {
        for (log, class) in logs.iter_mut().beside(&self.places) {
            *log = xs[*class].wide();
        }
    }
}

struct Alignments {
    batch: usize,
    classes: usize,
    input_lengths: Vec<usize>,
    paths: Vec<Path>,
    is_mean: bool,
    zero_infinity: bool,
    outcome: Outcome,
    /// The shape of the losses.
    shape: Shape,
    /// [`Alignments::ways_there`] of each sequence, kept for the backward pass.
    there: OnceLock<Vec<Vec<f64>>>,
}

impl Alignments {
    /// The log probabilities of the classes at a step of sequence `index`.
    fn at<'a, R>(&self, xs: &'a [R], step: usize, index: usize) -> &'a [R] {
        &xs[(step * self.batch + index) * self.classes..][..self.classes]
    }

    /// What `work` gives for each sequence, on all cores if there is enough to do.
    fn of_each<T: Send>(&self, work: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
        /// Fewer numbers than this are done before another thread has woken up.
        const LEAST: usize = 1 << 11;
        let lengths = self.input_lengths.iter().beside(&self.paths);
        let numbers = lengths.map(|(steps, path)| steps * path.row()).sum::<usize>();
        match self.batch > 1 && numbers >= LEAST {
            true => threads::collect(self.batch, 1, work),
            false => (0..self.batch).map(work).collect(),
        }
    }

    /// For each step and place, the log probability of all ways to get there, this step included. The places of a step
    /// are a row, behind the two outside; before the first step all ways are outside.
    fn ways_there<R: Number>(&self, xs: &[R], index: usize) -> Vec<f64> {
        let (steps, path) = (self.input_lengths[index], &self.paths[index]);
        let row = path.row();
        let mut ways = vec![f64::NEG_INFINITY; (steps + 1) * row];
        ways[1] = 0.0;
        let mut logs = vec![f64::NEG_INFINITY; row - OUTSIDE];
        for step in 0..steps {
            path.logs(self.at(xs, step, index), &mut logs);
            let (before, now) = ways[step * row..].split_at_mut(row);
            let terms = [&before[2..], &before[1..], before];
            write_ways::<R>(&mut now[OUTSIDE..row], terms, &path.skips, &logs);
        }
        ways
    }

    /// The ways there of all sequences, computed once.
    fn all_ways_there<R: Number>(&self, xs: &[R]) -> &[Vec<f64>] {
        self.there.get_or_init(|| self.of_each(|index| self.ways_there(xs, index)))
    }

    /// The loss of a sequence before it is weighted.
    fn loss(&self, there: &[f64], index: usize) -> f64 {
        let path = &self.paths[index];
        let last = &there[there.len() - path.row()..][path.places.len()..];
        -log_sum::<f64>([last[0], last[1], f64::NEG_INFINITY])
    }

    /// The weight of a sequence's loss.
    fn weight(&self, index: usize) -> f64 {
        if self.is_mean { 1.0 / self.paths[index].len().max(1) as f64 } else { 1.0 }
    }

    /// The gradient of a sequence, step by step.
    fn gradient<R: Number>(&self, xs: &[R], index: usize, grad: f64) -> Vec<R> {
        let (steps, path) = (self.input_lengths[index], &self.paths[index]);
        let mut gradient = vec![R::ZERO; xs.len() / self.batch];
        let there = &self.all_ways_there(xs)[index];
        let loss = self.loss(there, index);
        if loss == f64::INFINITY {
            // As in PyTorch: a target that can't be aligned has no gradient.
            let none = if self.zero_infinity { 0.0 } else { f64::NAN };
            gradient[..steps * self.classes].fill(R::of(none));
            return gradient;
        }
        let row = path.row();
        // The log probabilities of all ways on from each place, at this step and at the next, both included.
        let [mut on, mut next] = [(); 2].map(|()| vec![f64::NEG_INFINITY; row]);
        next[path.places.len()] = 0.0;
        let mut logs = vec![f64::NEG_INFINITY; row - OUTSIDE];
        let mut shares = vec![R::ZERO; row - OUTSIDE];
        let mut sums = vec![0.0; self.classes];
        for step in (0..steps).rev() {
            let xs = self.at(xs, step, index);
            path.logs(xs, &mut logs);
            let terms = [&next[..], &next[1..], &next[2..]];
            write_ways::<R>(&mut on[..row - OUTSIDE], terms, &path.skips[2..], &logs);
            let there = &there[(step + 1) * row..][OUTSIDE..row];
            write_shares(&mut shares, there, &on, loss, &logs);
            sums.fill(0.0);
            for (class, share) in path.places.iter().beside(&shares) {
                sums[*class] += share.wide();
            }
            let out = &mut gradient[step * self.classes..][..self.classes];
            write_slopes(out, xs, &sums, grad);
            (on, next) = (next, on);
        }
        gradient
    }
}

/// Writes, for each place, the log probability of the ways from three places of the step beside, the last of which
/// some may not skip to, and through this step.
fn write_ways<R: Number>(
    ways: &mut [f64],
    [same, neighbour, skipped]: [&[f64]; 3],
    skips: &[f64],
    logs: &[f64],
) {
    vectorized_over(
        (ways, logs, skips, same, neighbour),
        #[inline(always)]
        |ways, logs, skips, same, neighbour| {
            let count = ways.len();
            let (logs, skips, skipped) = (&logs[..count], &skips[..count], &skipped[..count]);
            let (same, neighbour) = (&same[..count], &neighbour[..count]);
            for place in 0..count {
                let terms = [same[place], neighbour[place], skipped[place] + skips[place]];
                ways[place] = log_sum::<R>(terms) + logs[place];
            }
        },
    );
}

/// Writes the share that each place of a step has in the probability of the target. Both `there` and `on` hold the
/// step's own log probability.
fn write_shares<R: Number>(shares: &mut [R], there: &[f64], on: &[f64], loss: f64, logs: &[f64]) {
    vectorized_over(
        (shares, there, on, logs, ()),
        #[inline(always)]
        |shares, there, on, logs, ()| {
            let count = shares.len();
            let (there, on, logs) = (&there[..count], &on[..count], &logs[..count]);
            for place in 0..count {
                let through = there[place] + on[place] + loss - logs[place];
                let share = R::exp(R::of(through));
                // Where there is no way the sum is minus infinity, or nan.
                shares[place] = if through > f64::NEG_INFINITY { share } else { R::ZERO };
            }
        },
    );
}

/// Writes the gradients of the classes at a step from their shares.
fn write_slopes<R: Number>(out: &mut [R], xs: &[R], shares: &[f64], grad: f64) {
    vectorized_over(
        (out, xs, shares, (), ()),
        #[inline(always)]
        |out, xs, shares, (), ()| {
            for ((out, x), share) in out.iter_mut().beside(xs).beside(shares) {
                *out = R::of(grad * (x.exp().wide() - share));
            }
        },
    );
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
        let xs = call.args[0];
        let sequences = self.of_each(|index| {
            let grad = self.outcome.gradient(call.grad, index).wide() * self.weight(index);
            self.gradient(xs, index, grad)
        });
        let mut result = Vec::with_capacity(xs.len());
        for begin in (0..xs.len() / self.batch).step_by(self.classes) {
            for sequence in &sequences {
                result.extend_from_slice(&sequence[begin..][..self.classes]);
            }
        }
        Ok(vec![Some(result)])
    }
}

/// `ln Σ exp`, also of nothing but minus infinity; nan among the terms gives nan. The largest term keeps all of its
/// digits, and what the others add to it, at most ln 3, has those of the loss's own type.
#[inline(always)]
fn log_sum<R: Number>([a, b, c]: [f64; 3]) -> f64 {
    let (most, less) = if a > b { (a, b) } else { (b, a) };
    let (most, least) = if most > c { (most, c) } else { (c, most) };
    let power = |term: f64| {
        let is_nothing = term == f64::NEG_INFINITY;
        R::exp(R::of(if is_nothing { term } else { term - most }))
    };
    most + R::ln(R::ONE + power(less) + power(least)).wide()
}
