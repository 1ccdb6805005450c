//! Elements by their places: a tensor of elements picked from another, and one into which elements are put.
//!
//! What moves elements about (indexing, sorting, turning, repeating) says where each comes from; the loops and the
//! gradients, which take the opposite way, are here. Gradients that meet in one element are added up in `f64`.

use std::ops::Range;

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType,
};

use crate::compute::any::{any_storage, any_tensor};
use crate::compute::loops::{self, PARALLEL_FROM, PIECE};
use crate::compute::recording;
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
/// A result is made of lines that are all cut alike into runs.
pub(super) struct Places {
    /// Where each line begins.
    starts: Vec<usize>,
    /// The runs of a line.
    line: Vec<Run>,
    /// Whether no element is named twice.
    are_distinct: bool,
}

impl Places {
    /// Single elements, some of which may be named more than once.
    pub(super) fn any(starts: Vec<usize>) -> Self {
        Places::lines(starts, vec![Run::block(0, 1)], false)
    }

    /// Single elements, each of which is named once at the most.
    pub(super) fn distinct(starts: Vec<usize>) -> Self {
        Places::lines(starts, vec![Run::block(0, 1)], true)
    }

    /// Lines of runs.
    pub(super) fn lines(starts: Vec<usize>, line: Vec<Run>, are_distinct: bool) -> Self {
        Places { starts, line, are_distinct }
    }

    /// The elements of a line.
    fn width(&self) -> usize {
        self.line.iter().map(|run| run.len).sum()
    }

    fn len(&self) -> usize {
        self.starts.len() * self.width()
    }

    fn are_single(&self) -> bool {
        matches!(self.line[..], [Run { first: 0, len: 1, .. }])
    }

    /// Visits the places within a range, in their order, with the index that each has in the result.
    #[inline(always)]
    fn each_within(&self, range: &Range<usize>, mut visit: impl FnMut(usize, usize)) {
        if self.are_single() {
            for (index, place) in self.starts.iter().enumerate() {
                if range.contains(place) {
                    visit(*place, index);
                }
            }
            return;
        }
        let mut done = 0;
        for start in &self.starts {
            for run in &self.line {
                if *start != NOWHERE {
                    let first = start + run.first;
                    for at in 0..run.len {
                        let place = first.wrapping_add_signed(at as isize * run.step);
                        if range.contains(&place) {
                            visit(place, done + at);
                        }
                    }
                }
                done += run.len;
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
                    let mut left = grads.to_vec();
                    let zero = zero_like(grads);
                    self.places.each_within(&(0..left.len()), |place, _| left[place] = zero);
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
                let first = range.start;
                match putting {
                    Putting::Replace => places.each_within(&range, |place, index| {
                        part[place - first] = values[index];
                    }),
                    Putting::Add => places.each_within(&range, |place, index| {
                        part[place - first] += values[index];
                    }),
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
        places.each_within(&range, |place, index| {
            sums[place - range.start] += values[index].to_f64();
        });
        part.iter_mut().zip(sums).for_each(|(out, sum)| *out = T::from_f64(sum));
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
    let parts = if is_large { threads::count().min(MOST) } else { 1 };
    let size = len.div_ceil(parts).max(1);
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
    let (starts, width) = (&places.starts, places.width());
    if width == 0 {
        return Vec::new();
    }
    let lines = (PIECE / width).max(1);
    loops::by_pieces(places.len(), lines * width, |index, out| {
        let starts = &starts[index * lines..];
        if places.are_single() {
            for (out, start) in out.iter_mut().zip(starts) {
                *out = xs.get(*start).copied().unwrap_or(T::zero());
            }
            return;
        }
        for (line, start) in out.chunks_exact_mut(width).zip(starts) {
            if *start == NOWHERE {
                continue;
            }
            let mut rest = line;
            for run in &places.line {
                let (out, behind) = rest.split_at_mut(run.len);
                rest = behind;
                match out {
                    [] => {}
                    [out] => *out = xs[start + run.first],
                    out => copy_run(xs, start + run.first, run.step, out),
                }
            }
        }
    })
}

fn copy_run<T: Copy>(xs: &[T], start: usize, step: isize, out: &mut [T]) {
    match step {
        1 => out.copy_from_slice(&xs[start..][..out.len()]),
        0 => out.fill(xs[start]),
        -1 => {
            let first = start + 1 - out.len();
            out.iter_mut().zip(xs[first..=start].iter().rev()).for_each(|(out, x)| *out = *x);
        }
        2.. => {
            let xs = xs[start..].iter().step_by(step.unsigned_abs());
            out.iter_mut().zip(xs).for_each(|(out, x)| *out = *x);
        }
        _ => {
            let xs = xs[..=start].iter().rev().step_by(step.unsigned_abs());
            out.iter_mut().zip(xs).for_each(|(out, x)| *out = *x);
        }
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
        places.each_within(&range, |place, index| part[place - range.start] = grads[index]);
    })
}
