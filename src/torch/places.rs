//! Elements by their places: a tensor of elements picked from another, and one into which elements are put.
//!
//! What moves elements about (indexing, sorting, turning, repeating) says where each comes from; the loops and the
//! gradients, which take the opposite way, are here. Gradients that meet in one element are added up in `f64`.

use std::ops::Range;

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType,
};

use crate::compute::any::{any_storage, any_tensor};
use crate::compute::beside::{Beside, each};
use crate::compute::loops::{self, PARALLEL_FROM, PIECE};
use crate::compute::recording;
use crate::compute::room::Room;
use crate::compute::threads;
use crate::functional::transpose::contiguous;

/// A place that names no element: what is picked there is 0.
pub(super) const NOWHERE: usize = usize::MAX;

/// Some elements that are taken one after the other: where the first one is in a line, how many there are, and how far it
/// is from each to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: usize,
    pub(super) len: usize,
    pub(super) step: isize,
}

impl Run {
    /// Neighbours.
    pub(super) fn block(first: usize, len: usize) -> Run {
        Run { first, len, step: 1 }
    }
}

/// Where the elements of a result are in the contiguous tensor that they are picked from.
///
/// A result is made of lines that are all cut alike.
pub(super) struct Places {
    /// Where each line begins.
    starts: Vec<usize>,
    line: Line,
    /// The elements of a line.
    width: usize,
    /// How far behind its beginning a line names elements.
    extent: usize,
    /// Whether no element is named twice.
    are_distinct: bool,
}

/// Which elements a line names, counted from its beginning.
enum Line {
    /// The first.
    First,
    /// Runs, and how many elements are before each.
    Runs(Vec<Run>, Vec<usize>),
    /// Each element by itself, where runs would be too short to pay.
    Each(Vec<u32>),
}

impl Line {
    fn new(runs: Vec<Run>, width: usize, extent: usize) -> Line {
        /// Runs of fewer elements take longer to begin than to copy.
        const SHORT: usize = 16;
        if width < SHORT * runs.len() && u32::try_from(extent).is_ok() {
            let of_run = |run: &Run| {
                let Run { first, len, step } = *run;
                (0..len).map(move |at| first.wrapping_add_signed(at as isize * step) as u32)
            };
            return Line::Each(runs.iter().flat_map(of_run).collect());
        }
        let mut done = 0;
        let before = runs.iter().map(|run| {
            done += run.len;
            done - run.len
        });
        let before = before.collect();
        Line::Runs(runs, before)
    }
}

impl Places {
    /// Single elements, some of which may be named more than once.
    pub(super) fn any(starts: Vec<usize>) -> Self {
        Places { starts, line: Line::First, width: 1, extent: 1, are_distinct: false }
    }

    /// Single elements, each of which is named once at the most.
    pub(super) fn distinct(starts: Vec<usize>) -> Self {
        Places { are_distinct: true, ..Places::any(starts) }
    }

    /// Lines of runs.
    pub(super) fn lines(starts: Vec<usize>, line: Vec<Run>, are_distinct: bool) -> Self {
        let width = line.iter().map(|run| run.len).sum();
        let behind = |run: &Run| {
            let last = run.first.wrapping_add_signed((run.len as isize - 1).max(0) * run.step);
            run.first.max(last) + 1
        };
        let extent = line.iter().filter(|run| run.len > 0).map(behind).max().unwrap_or(0);
        Places { starts, line: Line::new(line, width, extent), width, extent, are_distinct }
    }

    fn len(&self) -> usize {
        self.starts.len() * self.width
    }

    /// How many things there are to look at for somebody who wants to know what lies in a range.
    fn units(&self) -> usize {
        match &self.line {
            Line::Runs(runs, _) => self.starts.len() * runs.len(),
            Line::First | Line::Each(_) => self.starts.len(),
        }
    }

    /// Puts those of the values, one for each place, whose places are within a part that begins at the place `first`.
    #[inline(always)]
    fn put_within<S, T: Copy>(
        &self,
        first: usize,
        part: &mut [S],
        values: &[T],
        put: impl Fn(&mut S, T) + Copy,
    ) {
        // A place before the part wraps to one far behind it.
        let put_at = |part: &mut [S], place: usize, value: T| {
            if let Some(slot) = part.get_mut(place.wrapping_sub(first)) {
                put(slot, value);
            }
        };
        if let Line::First = self.line {
            let values = self.starts.iter().beside(values);
            values.for_each(|(place, value)| put_at(part, *place, *value));
            return;
        }
        let end = first + part.len();
        for (start, values) in self.starts.iter().beside(values.chunks_exact(self.width.max(1))) {
            if *start >= end || start + self.extent <= first {
                continue;
            }
            match &self.line {
                Line::First => {}
                Line::Each(offsets) if first <= *start && start + self.extent <= end => {
                    let part = &mut part[start - first..][..self.extent];
                    let values = offsets.iter().beside(values);
                    values.for_each(|(offset, value)| put(&mut part[*offset as usize], *value));
                }
                Line::Each(offsets) => {
                    let values = offsets.iter().beside(values);
                    values.for_each(|(offset, value)| {
                        put_at(part, start + *offset as usize, *value);
                    });
                }
                Line::Runs(runs, before) => {
                    for (run, before) in runs.iter().beside(before) {
                        let (begin, values) = (start + run.first, &values[*before..][..run.len]);
                        if run.step == -1 {
                            // The same from the last element on, whose place is the first.
                            let begin = (begin + 1).saturating_sub(run.len);
                            let (from, to) = (begin.max(first), (begin + run.len).min(end));
                            if from < to {
                                let slots = &mut part[from - first..to - first];
                                let values = &values[begin + run.len - to..begin + run.len - from];
                                let pairs = slots.iter_mut().rev().beside(values);
                                pairs.for_each(|(slot, value)| put(slot, *value));
                            }
                            continue;
                        }
                        if run.step != 1 {
                            for (at, value) in values.iter().enumerate() {
                                let place = begin.wrapping_add_signed(at as isize * run.step);
                                put_at(part, place, *value);
                            }
                            continue;
                        }
                        let (from, to) = (begin.max(first), (begin + run.len).min(end));
                        if from < to {
                            let slots = &mut part[from - first..to - first];
                            let values = &values[from - begin..to - begin];
                            slots
                                .iter_mut()
                                .beside(values)
                                .for_each(|(slot, value)| put(slot, *value));
                        }
                    }
                }
            }
        }
    }
}

/// The elements at these places of a tensor, in a shape.
pub(super) fn pick(
    function: &'static str,
    x: &Tensor,
    places: Places,
    shape: impl Into<Shape>,
) -> Result<Tensor> {
    let x = contiguous(&recording::argument(x))?;
    x.apply_op1(Pick { function, places, shape: shape.into() })
}

/// The tensor with elements of another at these places: in the place of its own, or added to them.
pub(super) fn put(
    function: &'static str,
    x: &Tensor,
    places: Places,
    values: &Tensor,
    putting: Putting,
) -> Result<Tensor> {
    let (x, values) = (recording::argument(x), recording::argument(values));
    let (x, values) = (contiguous(&x)?, contiguous(&values)?);
    x.apply_op2(&values, Put { function, places, putting })
}

/// What happens to an element where another is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Putting {
    Replace,
    Add,
}

struct Pick {
    function: &'static str,
    places: Places,
    shape: Shape,
}

impl CustomOp1 for Pick {
    fn name(&self) -> &'static str {
        self.function
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let picked = any_storage!(self.function, storage, layout, xs => {
            Ok(WithDType::to_cpu_storage_owned(picked(xs, &self.places)))
        });
        Ok((picked?, self.shape.clone()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        if !arg.track_op() {
            return Ok(None);
        }
        spread(self.function, &self.places, grad, arg.shape()).map(Some)
    }
}

struct Put {
    function: &'static str,
    places: Places,
    putting: Putting,
}

impl CustomOp2 for Put {
    fn name(&self) -> &'static str {
        self.function
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        values: &CpuStorage,
        values_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let storage = any_storage!(self.function, x, x_layout, xs => {
            let values = elements(xs, values, values_layout)?;
            Ok(WithDType::to_cpu_storage_owned(self.put(xs, values)))
        });
        Ok((storage?, x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        values: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let of_values = || {
            let grad = contiguous(grad)?;
            any_tensor!(self.function, &grad, grads => {
                let picked = picked(grads, &self.places);
                Tensor::from_vec(picked, values.shape(), values.device())
            })
        };
        let of_x = || match self.putting {
            Putting::Add => Ok(grad.clone()),
            Putting::Replace => {
                let grad = contiguous(grad)?;
                any_tensor!(self.function, &grad, grads => {
                    let left = by_parts(grads.len(), &self.places, &|range, part: &mut [_]| {
                        part.copy_from_slice(&grads[range.clone()]);
                        let zeros = vec![(); self.places.len()];
                        let zero = zero_like(grads);
                        self.places.put_within(range.start, part, &zeros, |slot, ()| *slot = zero);
                    });
                    Tensor::from_vec(left, x.shape(), x.device())
                })
            }
        };
        let of_values = values.track_op().then(of_values).transpose()?;
        Ok((x.track_op().then(of_x).transpose()?, of_values))
    }
}

impl Put {
    fn put<T: WithDType>(&self, xs: &[T], values: &[T]) -> Vec<T> {
        let (len, places) = (xs.len(), &self.places);
        let is_exact = T::DTYPE.is_int() || T::DTYPE == DType::F64;
        match self.putting {
            Putting::Add if !is_exact => summed(len, places, values, |place| xs[place].to_f64()),
            putting => by_parts(len, places, &|range, part: &mut [T]| {
                part.copy_from_slice(&xs[range.clone()]);
                match putting {
                    Putting::Replace => {
                        places.put_within(range.start, part, values, |slot, value| *slot = value);
                    }
                    Putting::Add => {
                        places.put_within(range.start, part, values, |slot, value| *slot += value);
                    }
                }
            }),
        }
    }
}

/// The sums, in `f64`, of what is there at first and of the values whose places meet there.
fn summed<T: WithDType>(
    len: usize,
    places: &Places,
    values: &[T],
    first: impl Fn(usize) -> f64 + Sync,
) -> Vec<T> {
    by_parts(len, places, &|range, part: &mut [T]| {
        let mut sums = range.clone().map(&first).collect::<Vec<f64>>();
        places.put_within(range.start, &mut sums, values, |sum, value| *sum += value.to_f64());
        part.iter_mut().beside(sums).for_each(|(out, sum)| *out = T::from_f64(sum));
    })
}

/// A vector of `len` numbers in parts, each of which one thread writes: `work` gets the range and its zeros. Each goes
/// through all places, so that what meets in one element does so in the order of the places, however many parts there
/// are.
fn by_parts<T: WithDType>(
    len: usize,
    places: &Places,
    work: &(dyn Fn(Range<usize>, &mut [T]) + Sync),
) -> Vec<T> {
    /// More parts than this would do little but look at places of others.
    const MOST: usize = 8;
    let is_large = len >= PARALLEL_FROM && places.len() >= PARALLEL_FROM;
    let size = if !is_large {
        len.max(1)
    } else if places.units() < len / PIECE * MOST {
        // Looking costs nothing beside the elements of the runs, and small parts stay in a core's cache.
        PIECE
    } else {
        len.div_ceil(threads::count().min(MOST))
    };
    loops::by_pieces(len, size, |index, part| {
        work(index * size..index * size + part.len(), part);
    })
}

fn zero_like<T: WithDType>(_: &[T]) -> T {
    T::zero()
}

/// The elements of a storage that has the dtype of `_like`.
fn elements<'a, T: WithDType>(
    _like: &[T],
    storage: &'a CpuStorage,
    layout: &Layout,
) -> Result<&'a [T]> {
    crate::compute::op::elements(storage, layout)
}

fn picked<T: WithDType>(xs: &[T], places: &Places) -> Vec<T> {
    let (starts, width) = (&places.starts, places.width);
    if width == 0 {
        return Vec::new();
    }
    loops::appended(places.len(), PIECE, |index, room: &mut Room<'_, T>| {
        if let Line::First = places.line {
            let starts = &starts[index..][..room.left()];
            room.each(starts.iter(), |start| xs.get(*start).copied().unwrap_or(T::zero()));
            return;
        }
        let mut skipped = index % width;
        for start in &starts[index / width..] {
            let count = room.left().min(width - skipped);
            match &places.line {
                Line::First => {}
                Line::Each(offsets) => {
                    let xs = &xs[*start..][..places.extent];
                    let (some, rest) = offsets[skipped..][..count].as_chunks::<8>();
                    for offsets in some {
                        room.copy(&each(*offsets, |offset| xs[offset as usize]));
                    }
                    room.each(rest.iter(), |offset| xs[*offset as usize]);
                }
                Line::Runs(runs, before) => {
                    // The run with the first element that is wanted.
                    let at = before.partition_point(|before| *before <= skipped) - 1;
                    let mut skipped = skipped - before[at];
                    let end = room.left() - count;
                    for run in &runs[at..] {
                        if room.left() == end {
                            break;
                        }
                        let count = (run.len - skipped).min(room.left() - end);
                        copy_run(xs, start + run.first, run.step, skipped..skipped + count, room);
                        skipped = 0;
                    }
                }
            }
            skipped = 0;
            if room.left() == 0 {
                break;
            }
        }
    })
}

/// Writes some elements of a run that begins at `start`.
#[inline(always)]
fn copy_run<T: Copy>(
    xs: &[T],
    start: usize,
    step: isize,
    range: Range<usize>,
    room: &mut Room<'_, T>,
) {
    if range.is_empty() {
        return;
    }
    let at = |index: usize| start.wrapping_add_signed(index as isize * step);
    let (first, last) = (at(range.start), at(range.end - 1));
    match step {
        1 => room.copy(&xs[first..=last]),
        0 => room.fill(range.len(), xs[start]),
        -1 => room.each(xs[last..=first].iter().rev(), |x| *x),
        2.. => room.each(xs[first..=last].iter().step_by(step.unsigned_abs()), |x| *x),
        _ => room.each(xs[last..=first].iter().rev().step_by(step.unsigned_abs()), |x| *x),
    }
}

/// The gradient of what has been picked from a tensor of this shape.
fn spread(function: &'static str, places: &Places, grad: &Tensor, shape: &Shape) -> Result<Tensor> {
    let grad = contiguous(grad)?;
    any_tensor!(function, &grad, grads => {
        Tensor::from_vec(spread_over(grads, places, shape.elem_count()), shape, grad.device())
    })
}

fn spread_over<T: WithDType>(grads: &[T], places: &Places, len: usize) -> Vec<T> {
    if !places.are_distinct {
        return summed(len, places, grads, |_| 0.0);
    }
    by_parts(len, places, &|range, part: &mut [T]| {
        places.put_within(range.start, part, grads, |slot, grad| *slot = grad);
    })
}
