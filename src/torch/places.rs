//! Elements by their places: a tensor of elements picked from another, and one into which elements are put.
//!
//! What moves elements about (indexing, sorting, turning, repeating) says where each comes from; the loops and the
//! gradients, which take the opposite way, are here. Gradients that meet in one element are added up in `f64`.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType,
};

use crate::compute::any::{any_storage, any_tensor};
use crate::compute::loops::{self, PIECE};
use crate::compute::recording;
use crate::functional::transpose::contiguous;

/// A place that names no element: what is picked there is 0.
pub(super) const NOWHERE: usize = usize::MAX;

/// Where the elements of a result are in the contiguous tensor that they are picked from.
pub(super) struct Places {
    /// The first element of each block.
    pub(super) starts: Vec<usize>,
    /// How many neighbours are taken from each place.
    pub(super) block: usize,
    /// Whether no element is named twice.
    pub(super) are_distinct: bool,
}

impl Places {
    /// Single elements, some of which may be named more than once.
    pub(super) fn any(starts: Vec<usize>) -> Self {
        Places { starts, block: 1, are_distinct: false }
    }

    /// Single elements, each of which is named once at the most.
    pub(super) fn distinct(starts: Vec<usize>) -> Self {
        Places { starts, block: 1, are_distinct: true }
    }

    fn len(&self) -> usize {
        self.starts.len() * self.block
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
                    for start in &self.places.starts {
                        left[*start..][..self.places.block].fill(zero_like(grads));
                    }
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
        let Places { starts, block, .. } = &self.places;
        let pairs = starts.iter().zip(values.chunks(*block));
        if self.putting == Putting::Replace {
            let mut result = xs.to_vec();
            for (start, values) in pairs {
                result[*start..][..*block].copy_from_slice(values);
            }
            return result;
        }
        if T::DTYPE.is_int() || T::DTYPE == DType::F64 {
            let mut result = xs.to_vec();
            for (start, values) in pairs {
                let places = result[*start..][..*block].iter_mut();
                places.zip(values).for_each(|(sum, value)| *sum += *value);
            }
            return result;
        }
        let mut sums = xs.iter().map(|x| x.to_f64()).collect::<Vec<_>>();
        add(&mut sums, &self.places, values);
        sums.into_iter().map(T::from_f64).collect()
    }
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
    let Places { starts, block, .. } = places;
    let some = (PIECE / block.max(&1)).max(1);
    loops::by_pieces(places.len(), some * block.max(&1), |index, out| {
        let starts = &starts[index * some..];
        if *block == 1 {
            for (out, start) in out.iter_mut().zip(starts) {
                *out = xs.get(*start).copied().unwrap_or(T::zero());
            }
            return;
        }
        for (out, start) in out.chunks_exact_mut(*block).zip(starts) {
            if *start != NOWHERE {
                out.copy_from_slice(&xs[*start..][..*block]);
            }
        }
    })
}

/// The gradient of what has been picked from a tensor of this shape.
fn spread(function: &'static str, places: &Places, grad: &Tensor, shape: &Shape) -> Result<Tensor> {
    let grad = contiguous(grad)?;
    any_tensor!(function, &grad, grads => {
        Tensor::from_vec(spread_over(grads, places, shape.elem_count()), shape, grad.device())
    })
}

fn spread_over<T: WithDType>(grads: &[T], places: &Places, len: usize) -> Vec<T> {
    if places.are_distinct {
        let mut result = loops::zeros(len);
        for (start, grads) in places.starts.iter().zip(grads.chunks(places.block.max(1))) {
            if *start != NOWHERE {
                result[*start..][..places.block].copy_from_slice(grads);
            }
        }
        return result;
    }
    let mut sums = loops::zeros::<f64>(len);
    add(&mut sums, places, grads);
    sums.into_iter().map(T::from_f64).collect()
}

fn add<T: WithDType>(sums: &mut [f64], places: &Places, values: &[T]) {
    for (start, values) in places.starts.iter().zip(values.chunks(places.block.max(1))) {
        if *start != NOWHERE {
            let sums = sums[*start..][..places.block].iter_mut();
            sums.zip(values).for_each(|(sum, value)| *sum += value.to_f64());
        }
    }
}
