//! Gated linear unit: one half of an axis decides how much of the other passes.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, bail};

use super::loops::{self, CHUNK, Loop};
use super::op::dense;
use super::unary_math::{Number, logistic, logistic_pair};
use crate::error::{fail, wrong_dtype};
use crate::tensor::axis::{self, Axis};

const NAME: &str = "F::glu";

/// Halves `x` along `dim` (PyTorch's default: -1) and lets the second half gate the first.
///
/// ```text
/// glu(x) = a * sigmoid(b),  a and b the halves of x
/// ```
///
/// The result has half of the elements along `dim`. Source: PyTorch's `F.glu`; Dauphin et al., 2016.
///
/// # Errors
///
/// For integers, for an axis that isn't there, and for one of odd size.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = F::glu(&tensor!([3.0, 5.0, 0.0, -1000.0]), -1)?;
/// assert_eq!(y.to_vec1::<f32>()?, [1.5, 0.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn glu(x: &Tensor, dim: impl Axis) -> Result<Tensor> {
    if x.rank() == 0 {
        return fail(NAME, "does not support 0-dimensional tensors");
    }
    let dim = axis::resolve(NAME, x, &dim)?;
    let size = x.dims()[dim];
    if size % 2 == 1 {
        return fail(
            NAME,
            format_args!("Halving dimension must be even, but dimension {dim} is size {size}"),
        );
    }
    let op = Glu { dim };
    match x.dtype() {
        DType::F32 | DType::F64 => x.contiguous()?.apply_op1(op),
        dtype @ (DType::F16 | DType::BF16) => {
            x.to_dtype(DType::F32)?.contiguous()?.apply_op1(op)?.to_dtype(dtype)
        }
        dtype => wrong_dtype(NAME, "an input", dtype),
    }
}

struct Glu {
    dim: usize,
}

impl Glu {
    /// How many neighbouring elements a half has before the other half begins.
    fn half(&self, dims: &[usize]) -> usize {
        dims[self.dim..].iter().product::<usize>() / 2
    }
}

impl CustomOp1 for Glu {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let half = self.half(layout.dims());
        let storage = match storage {
            CpuStorage::F32(xs) => CpuStorage::F32(forward(dense(xs, layout), half)),
            CpuStorage::F64(xs) => CpuStorage::F64(forward(dense(xs, layout), half)),
            _ => bail!("{NAME}: not implemented for this dtype"),
        };
        let mut dims = layout.dims().to_vec();
        dims[self.dim] /= 2;
        Ok((storage, dims.into()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let gradient = GluGradient(Glu { dim: self.dim });
        Ok(Some(arg.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &gradient)?))
    }
}

struct GluGradient(Glu);

impl CustomOp2 for GluGradient {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        x_layout: &Layout,
        grads: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let half = self.0.half(x_layout.dims());
        let storage = match (xs, grads) {
            (CpuStorage::F32(xs), CpuStorage::F32(grads)) => {
                CpuStorage::F32(backward(dense(xs, x_layout), dense(grads, grad_layout), half))
            }
            (CpuStorage::F64(xs), CpuStorage::F64(grads)) => {
                CpuStorage::F64(backward(dense(xs, x_layout), dense(grads, grad_layout), half))
            }
            _ => bail!("{NAME}: gradients are floats of the input's dtype"),
        };
        Ok((storage, x_layout.shape().clone()))
    }
}

fn forward<T: Number>(xs: &[T], half: usize) -> Vec<T> {
    let mut ys = loops::zeros(xs.len() / 2);
    let mut jobs = Vec::new();
    for (xs, ys) in xs.chunks(2 * half.max(1)).zip(ys.chunks_mut(half.max(1))) {
        let (a, b) = xs.split_at(half);
        let inputs = a.chunks(CHUNK).zip(b.chunks(CHUNK));
        jobs.extend(inputs.zip(ys.chunks_mut(CHUNK)).map(|((a, b), ys)| Gate { a, b, ys }));
    }
    loops::each(xs.len(), jobs, loops::run);
    ys
}

fn backward<T: Number>(xs: &[T], gs: &[T], half: usize) -> Vec<T> {
    let mut out = loops::zeros(xs.len());
    let mut jobs = Vec::new();
    let pairs = xs.chunks(2 * half.max(1)).zip(gs.chunks(half.max(1)));
    for ((xs, gs), out) in pairs.zip(out.chunks_mut(2 * half.max(1))) {
        let ((a, b), (of_a, of_b)) = (xs.split_at(half), out.split_at_mut(half));
        let inputs = a.chunks(CHUNK).zip(b.chunks(CHUNK)).zip(gs.chunks(CHUNK));
        let outputs = of_a.chunks_mut(CHUNK).zip(of_b.chunks_mut(CHUNK));
        let job = |(((a, b), gs), (of_a, of_b))| GateSlopes { a, b, gs, of_a, of_b };
        jobs.extend(inputs.zip(outputs).map(job));
    }
    loops::each(xs.len(), jobs, loops::run);
    out
}

struct Gate<'a, T> {
    a: &'a [T],
    b: &'a [T],
    ys: &'a mut [T],
}

impl<T: Number> Loop for Gate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((a, b), y) in self.a.iter().zip(self.b).zip(self.ys) {
            *y = *a * logistic(*b);
        }
    }
}

struct GateSlopes<'a, T> {
    a: &'a [T],
    b: &'a [T],
    gs: &'a [T],
    of_a: &'a mut [T],
    of_b: &'a mut [T],
}

impl<T: Number> Loop for GateSlopes<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let inputs = self.a.iter().zip(self.b).zip(self.gs);
        for (((a, b), g), (of_a, of_b)) in inputs.zip(self.of_a.iter_mut().zip(self.of_b)) {
            let (above, below) = logistic_pair(*b);
            *of_a = *g * above;
            *of_b = *g * *a * (above * below);
        }
    }
}
