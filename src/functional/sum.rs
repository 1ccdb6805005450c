//! Sums and means, of all elements or along axes, which drift in candle.
//!
//! The loops are in `totals.rs`, running sums in `cumsum.rs`. Largest and smallest values are in `extreme.rs`.

use candle_core::{CpuStorage, DType, Result, Shape, Storage, Tensor, WithDType, bail};

use super::totals::{Adding, Floats, Integers, Span, totals};
use crate::compute::beside::Beside;
use crate::compute::copy::contiguous;
use crate::compute::loops::{self, PIECE};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::error::fail_dtype;
use crate::tensor::axis::{self, Axes};

/// The sum of all elements; integers give `i64`. Sums along axes are [`sum_dim`]'s.
///
/// Differs from candle, whose `f32` sums drift: of ten million times 0.1 it makes 997,297. See
/// PyTorch's `sum`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::sum(&tensor!([[1.0, 2.0], [3.0, 4.0]]))?.to_scalar::<f32>()?, 10.0);
/// assert_eq!(torch::sum(&tensor!([1, 2]))?.to_scalar::<i64>()?, 3);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn sum(x: &Tensor) -> Result<Tensor> {
    sum_over("torch::sum", x, &(), false)
}

/// The sums along one axis or several, which go away; integers give `i64`.
///
/// ```text
/// sum_dim(x, 0)[j] = x[0, j] + x[1, j] + ..
/// ```
///
/// # Shapes
///
/// `x` of any shape; the result has the axes that `dim` doesn't name. `dim` is a number, negative
/// ones counting from the end, or some numbers: `(0, 2)`, `[0, 2]`; `()` stands for all axes. The sum
/// along an axis of size 0 is 0.
///
/// # Errors
///
/// If an axis isn't there or is named twice.
///
/// Differs from candle's `sum`, which drifts and is slow along the first axes. See PyTorch's
/// `sum(dim=..)`; [`sum_keepdim`] is its `keepdim=True`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(torch::sum_dim(&x, 0)?.to_vec1::<f32>()?, [4.0, 6.0]);
/// assert_eq!(torch::sum_dim(&x, -1)?.to_vec1::<f32>()?, [3.0, 7.0]);
/// assert_eq!(torch::sum_dim(&x, (0, 1))?.to_scalar::<f32>()?, 10.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn sum_dim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    sum_over("torch::sum_dim", x, &dim, false)
}

/// [`sum_dim`] that leaves each of the axes with one element, so that the result broadcasts to `x`.
///
/// # Errors
///
/// As [`sum_dim`].
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1.0, 3.0], [2.0, 6.0]]);
/// let shares = x.broadcast_div(&torch::sum_keepdim(&x, 1)?)?;
/// assert_eq!(shares.to_vec2::<f32>()?, [[0.25, 0.75], [0.25, 0.75]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn sum_keepdim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    sum_over("torch::sum_keepdim", x, &dim, true)
}

/// The mean of all elements; nan if there are none. Means along axes are [`mean_dim`]'s.
///
/// Differs from candle, whose `f32` means drift, and which gives 0 for the mean of 1 and 2 as
/// integers. See PyTorch's `mean`.
///
/// # Errors
///
/// For integers.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::mean(&tensor!([1.0, 2.0]))?.to_scalar::<f32>()?, 1.5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn mean(x: &Tensor) -> Result<Tensor> {
    mean_over("torch::mean", x, &(), false)
}

/// The means along one axis or several, which go away; nan along an axis of size 0.
///
/// ```text
/// mean_dim(x, 0)[j] = (x[0, j] + .. + x[n - 1, j]) / n
/// ```
///
/// # Shapes
///
/// As [`sum_dim`].
///
/// # Errors
///
/// For integers, and if an axis isn't there or is named twice.
///
/// Differs from candle's `mean`, which drifts, and gives whole numbers for integers. See PyTorch's
/// `mean(dim=..)`; [`mean_keepdim`] is its `keepdim=True`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(torch::mean_dim(&x, 0)?.to_vec1::<f32>()?, [2.0, 3.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn mean_dim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    mean_over("torch::mean_dim", x, &dim, false)
}

/// [`mean_dim`] that leaves each of the axes with one element, so that the result broadcasts to `x`.
///
/// # Errors
///
/// As [`mean_dim`].
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1.0, 3.0], [2.0, 6.0]]);
/// let centered = x.broadcast_sub(&torch::mean_keepdim(&x, 0)?)?;
/// assert_eq!(centered.to_vec2::<f32>()?, [[-0.5, -1.5], [0.5, 1.5]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn mean_keepdim(x: &Tensor, dim: impl Axes) -> Result<Tensor> {
    mean_over("torch::mean_keepdim", x, &dim, true)
}

fn sum_over(function: &'static str, x: &Tensor, dims: &dyn Axes, is_kept: bool) -> Result<Tensor> {
    let sums = Sums::new(function, x, dims, is_kept)?;
    if x.dtype().is_int() {
        return sums.of_integers(x);
    }
    op::apply(function, sums, [x])
}

fn mean_over(function: &'static str, x: &Tensor, dims: &dyn Axes, is_kept: bool) -> Result<Tensor> {
    let sums = Sums::new(function, x, dims, is_kept)?;
    if !x.dtype().is_float() {
        return fail_dtype(
            function,
            format_args!(
                "could not infer output dtype. Input dtype must be a floating point dtype. Got: {:?} (convert it with .to_dtype(DType::F32)?)",
                x.dtype()
            ),
        );
    }
    let added = |group: &&Group| group.is_added;
    let divisor = sums.groups.iter().filter(added).map(|group| group.size as f64).product();
    op::apply(function, Sums { divisor, ..sums }, [x])
}

/// The sums of `xs` along those of its axes that are to be added up, for each axis given as its size and whether it is.
pub(super) fn sum_groups<T: Number>(xs: &[T], axes: impl Iterator<Item = (usize, bool)>) -> Vec<T> {
    let groups = axes.map(|(size, is_added)| Group { size, is_added }).collect();
    let sums = Sums { groups, is_added: Vec::new(), divisor: 1.0, shape: Shape::from(()) };
    sums.totals::<T, f64, Floats>(xs).into_iter().map(T::of).collect()
}

/// Neighbouring axes that are either all added up or all kept.
#[derive(Debug, Clone, Copy)]
struct Group {
    size: usize,
    is_added: bool,
}

/// The sums along some axes, divided by a number.
struct Sums {
    /// The axes, from the first to the last.
    groups: Vec<Group>,
    /// Whether each axis of the argument is added up.
    is_added: Vec<bool>,
    divisor: f64,
    shape: Shape,
}

impl Sums {
    fn new(function: &str, x: &Tensor, dims: &dyn Axes, is_kept: bool) -> Result<Self> {
        let is_added = axis::resolve_all(function, x, dims)?;
        let mut groups: Vec<Group> = Vec::new();
        let mut shape = Vec::new();
        for (size, is_added) in x.dims().iter().copied().beside(is_added.iter().copied()) {
            match groups.last_mut() {
                Some(group) if group.is_added == is_added => group.size *= size,
                _ => groups.push(Group { size, is_added }),
            }
            if is_kept || !is_added {
                shape.push(if is_added { 1 } else { size });
            }
        }
        Ok(Sums { groups, is_added, divisor: 1.0, shape: Shape::from(shape) })
    }

    /// The totals of all results: of the last axes first, then of those before them.
    fn totals<T, W, A>(&self, xs: &[T]) -> Vec<W>
    where
        T: Copy + Send + Sync,
        W: Copy + Send + Sync,
        A: Adding<T, Total = W> + Adding<W, Total = W>,
    {
        let mut left = self.groups.as_slice();
        let mut inner = 1;
        let mut sums: Option<Vec<W>> = None;
        while let [groups @ .., Group { size, is_added }] = left {
            left = groups;
            if !is_added {
                inner *= size;
                continue;
            }
            let span =
                Span { outer: groups.iter().map(|it| it.size).product(), size: *size, inner };
            sums = Some(match sums {
                None => totals::<T, A>(xs, span),
                Some(sums) => totals::<W, A>(&sums, span),
            });
        }
        sums.unwrap_or_else(|| xs.iter().map(|x| <A as Adding<T>>::widen(*x)).collect())
    }

    /// The gradients of single elements, from those of the sums.
    fn divided(&self, grads: &Tensor) -> Result<Tensor> {
        fn of<T: Number>(grads: &[T], divisor: f64, like: &Tensor) -> Result<Tensor> {
            let divided = |grad: &T| T::of(grad.wide() / divisor);
            Tensor::from_vec(grads.iter().map(divided).collect(), like.shape(), like.device())
        }
        if self.divisor == 1.0 {
            return Ok(grads.clone());
        }
        let (single, double) = (
            |values: &[f32]| of(values, self.divisor, grads),
            |values: &[f64]| of(values, self.divisor, grads),
        );
        op::with_values("torch::mean", grads, single, double)?
    }

    fn of_integers(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.to_dtype(DType::I64)?.contiguous()?;
        let (storage, layout) = x.storage_and_layout();
        let Storage::Cpu(storage @ CpuStorage::I64(_)) = &*storage else {
            bail!("torch::sum: needs the CPU")
        };
        let sums = self.totals::<i64, i64, Integers>(op::elements(storage, layout)?);
        Tensor::from_vec(sums, &self.shape, x.device())
    }
}

impl Op for Sums {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let sums = self.totals::<T, f64, Floats>(args[0]);
        let divided = |sum: f64| T::from_f64(sum / self.divisor);
        Ok((sums.into_iter().map(divided).collect(), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let divided = |grad: &T| T::from_f64(grad.to_f64() / self.divisor);
        let grads = call.grad.iter().map(divided).collect::<Vec<_>>();
        Ok(vec![Some(spread(&self.groups, &grads, call.args[0].len()))])
    }

    fn view(&self, _argument: usize, shape: &Shape, grad: &Tensor) -> Result<Option<Tensor>> {
        /// Whoever reads a view begins anew with each of its rows: shorter ones are written out.
        const LEAST: usize = 256;
        let row = self.groups.last().map_or(1, |group| group.size);
        if shape.elem_count() == 0 || (row < LEAST && self.groups.len() > 1) {
            return Ok(None);
        }
        let sizes = shape.dims().iter().beside(&self.is_added);
        let kept = sizes.map(|(size, is_added)| if *is_added { 1 } else { *size });
        let grad = self.divided(&contiguous(grad)?)?.reshape(kept.collect::<Vec<_>>())?;
        grad.broadcast_as(shape).map(Some)
    }
}

/// Writes each number once for every element that was added to its sum.
fn spread<T: WithDType>(groups: &[Group], grads: &[T], len: usize) -> Vec<T> {
    let Some((Group { size, is_added }, rest)) = groups.split_first() else {
        return grads[..len].to_vec();
    };
    if len == 0 {
        return Vec::new();
    }
    let (block, step) = (len / size, grads_of(rest));
    let count = PIECE.div_ceil(block);
    loops::by_pieces(len, count * block, |index, out| {
        let first = if *is_added { 0 } else { index * count * step };
        let piece = Group { size: out.len() / block, is_added: *is_added };
        fill(piece, rest, &grads[first..], out);
    })
}

/// How many sums the axes have.
fn grads_of(groups: &[Group]) -> usize {
    groups.iter().filter(|group| !group.is_added).map(|group| group.size).product()
}

fn fill<T: WithDType>(group: Group, rest: &[Group], grads: &[T], out: &mut [T]) {
    let block = out.len() / group.size;
    let Some((next, others)) = rest.split_first() else {
        if group.is_added {
            out.fill(grads[0]);
        } else {
            out.copy_from_slice(&grads[..out.len()]);
        }
        return;
    };
    if !group.is_added {
        let step = grads_of(rest);
        for (index, out) in out.chunks_exact_mut(block).enumerate() {
            fill(*next, others, &grads[index * step..], out);
        }
        return;
    }
    fill(*next, others, grads, &mut out[..block]);
    // What is there already is written behind itself, twice as much each time.
    let mut written = block;
    while written < out.len() {
        let more = written.min(out.len() - written);
        out.copy_within(..more, written);
        written += more;
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn gradients_are_those_of_the_sums_that_elements_are_in() {
        // Short rows are written out, long ones are views.
        for shape in [&[3, 4, 300][..], &[300, 2], &[2, 300], &[300], &[300, 300], &[2, 3, 4]] {
            let x = Var::zeros(shape, DType::F64, &Device::Cpu).unwrap();
            for mask in 1..1usize << shape.len() {
                let dims = (0..shape.len() as i64).filter(|axis| mask >> axis & 1 == 1);
                let dims = dims.collect::<Vec<_>>();
                for (function, is_mean) in [
                    (sum_keepdim as fn(&Tensor, Vec<i64>) -> Result<Tensor>, false),
                    (mean_keepdim, true),
                ] {
                    let y = function(&x, dims.clone()).unwrap();
                    let slopes = (0..y.elem_count()).map(|at| at as f64 + 1.0).collect::<Vec<_>>();
                    let of = |slopes: Vec<f64>| {
                        Tensor::from_vec(slopes, y.shape(), &Device::Cpu).unwrap()
                    };
                    let share =
                        if is_mean { (x.elem_count() / y.elem_count()) as f64 } else { 1.0 };
                    let expected = of(slopes.iter().map(|slope| slope / share).collect());
                    let slopes = of(slopes);
                    let grads = sum(&(&y * &slopes).unwrap()).unwrap().backward().unwrap();
                    let expected = expected.broadcast_as(shape).unwrap();
                    let [found, expected] = [grads.get(&x).unwrap(), &expected]
                        .map(|it| it.flatten_all().unwrap().to_vec1::<f64>().unwrap());
                    assert!(found == expected, "{shape:?} along {dims:?}");
                }
            }
        }
    }
}
