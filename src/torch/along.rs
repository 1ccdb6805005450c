//! Elements that an index names one by one along an axis, as `gather` and `scatter` have them, and their gradients.
//!
//! The numbers are looked at where they are used, and each thread has elements of its own to write: lines of the last
//! axis, or columns of another one, narrow enough for a core's cache. Sums of floats are made in `f64`. What else
//! moves elements about is in `places.rs`.

use std::ops::{AddAssign, Range};

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType,
};

use super::places::Putting;
use crate::compute::any::{any_storage, any_tensor};
use crate::compute::beside::Beside;
use crate::compute::loops::{self, PIECE};
use crate::compute::op::with_elements;
use crate::compute::recording;
use crate::compute::room::Room;
use crate::functional::transpose::contiguous;

/// An index whose numbers name elements along an axis of a tensor.
#[derive(Debug, Clone)]
pub(super) struct Along {
    /// Contiguous, `i64`, each number of which is there.
    index: Tensor,
    /// The size of the axis in the tensor, and in the index.
    size: usize,
    count: usize,
    /// For each block of the index in front of the axis, its place among those of the tensor; and how many these are.
    outer: Vec<usize>,
    blocks: usize,
    /// For each element of the index behind the axis, its place among those of the tensor; and how many these are.
    inner: Vec<usize>,
    width: usize,
}

impl Along {
    /// The numbers of `index` along an axis of a tensor of these dims; `shape` is that of the index, with as many axes.
    pub(super) fn new(index: Tensor, dims: &[usize], axis: usize, shape: &[usize]) -> Along {
        Along {
            index,
            size: dims[axis],
            count: shape[axis],
            outer: offsets(&shape[..axis], &dims[..axis]),
            blocks: dims[..axis].iter().product(),
            inner: offsets(&shape[axis + 1..], &dims[axis + 1..]),
            width: dims[axis + 1..].iter().product(),
        }
    }

    /// Hands the numbers of the index to `work`.
    fn with_numbers<R>(&self, work: impl FnOnce(&[i64]) -> R) -> Result<R> {
        with_elements(&self.index, |numbers| Ok(work(numbers)))
    }

    /// How many columns one thread takes at a time, so that they stay in a core's cache.
    fn columns(&self) -> usize {
        const LEAST: usize = 16;
        (PIECE / self.size.max(self.count).max(1)).next_multiple_of(LEAST)
    }

    /// The elements that the numbers name.
    fn gathered<T: WithDType>(&self, xs: &[T], numbers: &[i64]) -> Vec<T> {
        let (count, len) = (self.count, numbers.len());
        if len == 0 {
            return Vec::new();
        }
        let block = self.size * self.width;
        if self.width == 1 {
            return loops::appended(len, PIECE, |start, room: &mut Room<'_, T>| {
                let (mut line, mut at) = (start / count, start % count);
                while room.left() > 0 {
                    let xs = &xs[self.outer[line] * block..][..block];
                    let some = room.left().min(count - at);
                    let numbers = &numbers[line * count + at..][..some];
                    room.each(
                        numbers.iter(),
                        #[inline(always)]
                        |number| xs[*number as usize],
                    );
                    (line, at) = (line + 1, 0);
                }
            });
        }
        let inner = self.inner.len();
        loops::by_columns(len, count * inner, inner, self.columns(), |first, rows| {
            let (outer, column) = (first / (count * inner), first % inner);
            let xs = &xs[self.outer[outer] * block..][..block];
            let numbers = numbers[first..].chunks(inner);
            for (row, numbers) in rows.into_iter().beside(numbers) {
                let places = &self.inner[column..];
                for ((out, number), place) in row.iter_mut().beside(numbers).beside(places) {
                    *out = xs[*number as usize * self.width + place];
                }
            }
        })
    }

    /// A copy of the numbers of a tensor, `first` of each place, into which `put` puts the values; `last` makes of a sum
    /// what stays.
    fn put<T: WithDType, S: Copy + Send, V: Copy + Sync>(
        &self,
        numbers: &[i64],
        values: &[V],
        first: impl Fn(usize) -> S + Copy + Sync,
        put: impl Fn(&mut S, V) + Copy + Sync,
        last: impl Fn(S) -> T + Copy + Sync,
    ) -> Vec<T> {
        let (block, count, inner) = (self.size * self.width, self.count, self.inner.len());
        let len = self.blocks * block;
        if len == 0 {
            return Vec::new();
        }
        // Which block of the index, if any, belongs to a block of the tensor.
        let of_block = |at: usize| {
            let is_any = !numbers.is_empty();
            self.outer.binary_search(&at).ok().filter(|_| is_any)
        };
        if self.width == 1 {
            let lines = loops::rows_of(block);
            return loops::appended(len, lines * block, |start, room: &mut Room<'_, T>| {
                let mut line = Vec::with_capacity(block);
                for at in start / block.. {
                    line.clear();
                    line.extend((at * block..(at + 1) * block).map(first));
                    if let Some(at) = of_block(at) {
                        let range = at * count..(at + 1) * count;
                        let pairs = numbers[range.clone()].iter().beside(&values[range]);
                        for (number, value) in pairs {
                            put(&mut line[*number as usize], *value);
                        }
                    }
                    room.each(
                        line.iter(),
                        #[inline(always)]
                        |sum| last(*sum),
                    );
                    if room.left() == 0 {
                        break;
                    }
                }
            });
        }
        loops::by_columns(len, block, self.width, self.columns(), |start, rows: Vec<&mut [T]>| {
            let (at, column) = (start / block, start % block);
            let columns = rows.first().map_or(0, |row| row.len());
            let mut sums = Vec::with_capacity(columns * self.size);
            for row in 0..self.size {
                let begin = start + row * self.width;
                sums.extend((begin..begin + columns).map(first));
            }
            if let Some(at) = of_block(at) {
                let Range { start: from, end: to } = self.within(column..column + columns);
                let places = &self.inner[from..to];
                for line in at * count..(at + 1) * count {
                    let range = line * inner + from..line * inner + to;
                    let pairs = numbers[range.clone()].iter().beside(&values[range]);
                    for ((number, value), place) in pairs.beside(places) {
                        put(&mut sums[*number as usize * columns + place - column], *value);
                    }
                }
            }
            for (row, sums) in rows.into_iter().beside(sums.chunks_exact(columns.max(1))) {
                for (out, sum) in row.iter_mut().beside(sums) {
                    *out = last(*sum);
                }
            }
        })
    }

    /// The elements of the index behind the axis whose places are within a range.
    fn within(&self, columns: Range<usize>) -> Range<usize> {
        let before = |column: usize| self.inner.partition_point(|place| *place < column);
        before(columns.start)..before(columns.end)
    }

    /// What is there at first, and all values whose numbers meet there; of floats in `f64`.
    fn summed<T: WithDType + AddAssign>(
        &self,
        numbers: &[i64],
        values: &[T],
        first: impl Fn(usize) -> T + Copy + Sync,
    ) -> Vec<T> {
        if T::DTYPE.is_int() || T::DTYPE == DType::F64 {
            return self.put(
                numbers,
                values,
                first,
                #[inline(always)]
                |sum, value| *sum += value,
                #[inline(always)]
                |sum| sum,
            );
        }
        self.put(
            numbers,
            values,
            #[inline(always)]
            move |place| first(place).to_f64(),
            #[inline(always)]
            |sum, value: T| *sum += value.to_f64(),
            T::from_f64,
        )
    }
}

/// Where the elements of a smaller block are in a block of these dims, both in the order of their axes.
fn offsets(shape: &[usize], dims: &[usize]) -> Vec<usize> {
    let mut offsets = vec![0];
    for (size, width) in shape.iter().beside(dims) {
        let longer = |offset: &usize| {
            let start = offset * width;
            (0..*size).map(move |at| start + at)
        };
        offsets = offsets.iter().flat_map(longer).collect();
    }
    offsets
}

/// The elements of a tensor that the numbers name, in a shape.
pub(super) fn gather(
    function: &'static str,
    x: &Tensor,
    along: Along,
    shape: &Shape,
) -> Result<Tensor> {
    let x = contiguous(&recording::argument(x))?;
    x.apply_op1(Gather { function, along, shape: shape.clone() })
}

/// The tensor with elements of another where the numbers say: in the place of its own, or added to them.
pub(super) fn scatter(
    function: &'static str,
    x: &Tensor,
    along: Along,
    values: &Tensor,
    putting: Putting,
) -> Result<Tensor> {
    let (x, values) = (recording::argument(x), recording::argument(values));
    let (x, values) = (contiguous(&x)?, contiguous(&values)?);
    x.apply_op2(&values, Scatter { function, along, putting })
}

struct Gather {
    function: &'static str,
    along: Along,
    shape: Shape,
}

impl CustomOp1 for Gather {
    fn name(&self) -> &'static str {
        self.function
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let gathered = any_storage!(self.function, storage, layout, xs => {
            let gathered = self.along.with_numbers(|numbers| self.along.gathered(xs, numbers))?;
            Ok(WithDType::to_cpu_storage_owned(gathered))
        });
        Ok((gathered?, self.shape.clone()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        if !arg.track_op() {
            return Ok(None);
        }
        let grad = contiguous(grad)?;
        any_tensor!(self.function, &grad, grads => {
            let zero = WithDType::from_f64(0.0);
            let grads = self.along.with_numbers(|numbers| {
                self.along.summed(
                    numbers,
                    grads,
                    #[inline(always)]
                    |_| zero,
                )
            })?;
            Tensor::from_vec(grads, arg.shape(), arg.device()).map(Some)
        })
    }
}

struct Scatter {
    function: &'static str,
    along: Along,
    putting: Putting,
}

impl Scatter {
    fn scattered<T: WithDType>(&self, xs: &[T], values: &[T], numbers: &[i64]) -> Vec<T> {
        match self.putting {
            Putting::Add => self.along.summed(
                numbers,
                values,
                #[inline(always)]
                |place| xs[place],
            ),
            Putting::Replace => self.along.put(
                numbers,
                values,
                #[inline(always)]
                |place| xs[place],
                #[inline(always)]
                |slot, value| *slot = value,
                #[inline(always)]
                |slot| slot,
            ),
        }
    }
}

impl CustomOp2 for Scatter {
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
            let values = crate::compute::op::elements(values, values_layout)?;
            let made = self.along.with_numbers(|numbers| self.scattered(xs, values, numbers))?;
            Ok(WithDType::to_cpu_storage_owned(made))
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
                let picked = self.along.with_numbers(|numbers| {
                    self.along.gathered(grads, numbers)
                })?;
                Tensor::from_vec(picked, values.shape(), values.device())
            })
        };
        let of_x = || match self.putting {
            Putting::Add => Ok(grad.clone()),
            Putting::Replace => {
                let grad = contiguous(grad)?;
                any_tensor!(self.function, &grad, grads => {
                    let zero = WithDType::from_f64(0.0);
                    let left = self.along.with_numbers(|numbers| {
                        let nothing = vec![(); numbers.len()];
                        self.along.put(
                            numbers,
                            &nothing,
                            #[inline(always)]
                            |place| grads[place],
                            #[inline(always)]
                            |slot, ()| *slot = zero,
                            #[inline(always)]
                            |slot| slot,
                        )
                    })?;
                    Tensor::from_vec(left, x.shape(), x.device())
                })
            }
        };
        let of_values = values.track_op().then(of_values).transpose()?;
        Ok((x.track_op().then(of_x).transpose()?, of_values))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// The places that an index of this shape names along an axis, one by one.
    fn places(dims: &[usize], axis: usize, shape: &[usize], numbers: &[i64]) -> Vec<usize> {
        let place = |(index, number): (usize, &i64)| {
            let (mut rest, mut place, mut stride) = (index, 0, 1);
            for at in (0..dims.len()).rev() {
                let step = if at == axis { *number as usize } else { rest % shape[at] };
                place += step * stride;
                (rest, stride) = (rest / shape[at], stride * dims[at]);
            }
            place
        };
        numbers.iter().enumerate().map(place).collect()
    }

    #[test]
    fn elements_and_gradients_are_those_of_single_places() {
        // Whole lines and columns, parts of them, several tiles, nothing, and an axis before others of one element.
        let cases: [([usize; 3], usize, [usize; 3]); 9] = [
            ([3, 4, 5], 0, [7, 4, 5]),
            ([3, 4, 5], 1, [3, 2, 5]),
            ([3, 4, 5], 2, [3, 4, 9]),
            ([3, 4, 5], 1, [2, 6, 3]),
            ([3, 4, 5], 2, [2, 3, 4]),
            ([2, 300, 500], 1, [2, 200, 500]),
            ([400, 1, 300], 2, [400, 1, 350]),
            ([3, 4, 5], 1, [3, 0, 5]),
            ([3, 4, 1], 1, [3, 2, 0]),
        ];
        for (dims, axis, shape) in cases {
            let count = shape.iter().product::<usize>();
            let numbers = (0..count).map(|at| (at * 7919 % 104_729 % dims[axis]) as i64);
            let numbers = numbers.collect::<Vec<_>>();
            let places = places(&dims, axis, &shape, &numbers);
            let index = Tensor::from_vec(numbers, &shape, &Device::Cpu).unwrap();
            let along = Along::new(index, &dims, axis, &shape);
            let counted = |shape: &[usize]| {
                let len = shape.iter().product::<usize>();
                let values = (0..len).map(|at| at as f32).collect::<Vec<_>>();
                Var::from_vec(values, shape, &Device::Cpu).unwrap()
            };
            let flat = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let (x, values) = (counted(&dims), counted(&shape));
            let gathered = gather("f", &x, along.clone(), &Shape::from(&shape)).unwrap();
            let expected = places.iter().map(|place| *place as f32).collect::<Vec<_>>();
            assert_eq!(flat(&gathered), expected, "{dims:?} {axis} {shape:?}");
            for putting in [Putting::Replace, Putting::Add] {
                let y = scatter("f", &x, along.clone(), &values, putting).unwrap();
                let mut expected = flat(&x);
                let mut slopes = vec![1.0; expected.len()];
                for (at, place) in places.iter().enumerate() {
                    match putting {
                        Putting::Add => expected[*place] += at as f32,
                        Putting::Replace => {
                            (expected[*place], slopes[*place]) = (at as f32, 0.0);
                        }
                    }
                }
                assert_eq!(flat(&y), expected, "{putting:?}: {dims:?} {axis} {shape:?}");
                let grads = y.sum_all().unwrap().backward().unwrap();
                assert_eq!(flat(grads.get(&x).unwrap()), slopes);
                assert_eq!(flat(grads.get(&values).unwrap()), vec![1.0; count]);
            }
            let grads = gathered.sum_all().unwrap().backward().unwrap();
            let mut expected = vec![0.0; x.elem_count()];
            places.iter().for_each(|place| expected[*place] += 1.0);
            assert_eq!(flat(grads.get(&x).unwrap()), expected);
        }
    }
}
