//! The mechanism behind the functions of whole tensors: pooling, norms, convolutions and the like.
//!
//! Such a function is a struct that knows its shapes and has two loops over slices: from arguments
//! to result, and from the result's gradient to those of the arguments. What candle needs around
//! them (its three traits for one to three arguments, dtypes, layouts) is here, once.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Storage, Tensor,
    WithDType, bail,
};

use crate::error::wrong_dtype;
use crate::rt::interrupt_point;

/// A function of one to three contiguous tensors of `f32` or `f64`.
pub(crate) trait Op: Send + Sync + 'static {
    /// The function's name, as typed in a cell.
    const NAME: &'static str;

    /// The result, and its shape.
    fn forward<T: WithDType>(&self, args: &[&[T]]) -> (Vec<T>, Shape);

    /// The gradients of the arguments, in their order; only those that are wanted are looked at.
    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Vec<Option<Vec<T>>>;
}

/// The input of a backward pass.
pub(crate) struct Call<'a, T> {
    pub(crate) args: &'a [&'a [T]],
    /// The gradient of the result.
    pub(crate) grad: &'a [T],
    /// For each argument, whether anybody asks for its gradient.
    pub(crate) wanted: &'a [bool],
}

/// The tensors that an operation of candle's graph takes: one, two or three.
pub(crate) enum Arguments<T> {
    One([T; 1]),
    Two([T; 2]),
    Three([T; 3]),
}

impl<T> From<[T; 1]> for Arguments<T> {
    fn from(tensors: [T; 1]) -> Self {
        Arguments::One(tensors)
    }
}

impl<T> From<[T; 2]> for Arguments<T> {
    fn from(tensors: [T; 2]) -> Self {
        Arguments::Two(tensors)
    }
}

impl<T> From<[T; 3]> for Arguments<T> {
    fn from(tensors: [T; 3]) -> Self {
        Arguments::Three(tensors)
    }
}

impl<T> Arguments<T> {
    /// A tensor, and those of two others that are there.
    pub(crate) fn with(first: T, second: Option<T>, third: Option<T>) -> Self {
        match (second, third) {
            (Some(second), Some(third)) => Arguments::Three([first, second, third]),
            (Some(other), None) | (None, Some(other)) => Arguments::Two([first, other]),
            (None, None) => Arguments::One([first]),
        }
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Arguments::One(tensors) => tensors,
            Arguments::Two(tensors) => tensors,
            Arguments::Three(tensors) => tensors,
        }
    }

    fn try_map<U>(&self, make: impl Fn(&T) -> Result<U>) -> Result<Arguments<U>> {
        Ok(match self {
            Arguments::One([a]) => Arguments::One([make(a)?]),
            Arguments::Two([a, b]) => Arguments::Two([make(a)?, make(b)?]),
            Arguments::Three([a, b, c]) => Arguments::Three([make(a)?, make(b)?, make(c)?]),
        })
    }
}

impl Arguments<&Tensor> {
    /// The tensors in a dtype, contiguous.
    pub(crate) fn contiguous(&self, dtype: DType) -> Result<Arguments<Tensor>> {
        self.try_map(|tensor| tensor.to_dtype(dtype)?.contiguous())
    }
}

impl Arguments<Tensor> {
    /// Applies an operation that candle knows for each number of arguments.
    pub(crate) fn apply<O>(&self, op: O) -> Result<Tensor>
    where
        O: CustomOp1 + CustomOp2 + CustomOp3 + Send + Sync + 'static,
    {
        match self {
            Arguments::One([a]) => a.apply_op1(op),
            Arguments::Two([a, b]) => a.apply_op2(b, op),
            Arguments::Three([a, b, c]) => a.apply_op3(b, c, op),
        }
    }
}

/// Applies the function; half-precision arguments are computed in `f32`.
pub(crate) fn apply<'a, O: Op>(op: O, args: impl Into<Arguments<&'a Tensor>>) -> Result<Tensor> {
    apply_to(op, args.into())
}

fn apply_to<O: Op>(op: O, args: Arguments<&Tensor>) -> Result<Tensor> {
    interrupt_point();
    let dtype = args.as_slice()[0].dtype();
    let computed = match dtype {
        DType::F32 | DType::F64 => dtype,
        DType::F16 | DType::BF16 => DType::F32,
        dtype => return wrong_dtype(O::NAME, "an input", dtype),
    };
    if computed == dtype {
        for arg in args.as_slice() {
            if arg.dtype() != dtype {
                bail!(
                    "{}: expected all tensors of dtype {dtype:?}, but one is {:?}",
                    O::NAME,
                    arg.dtype()
                )
            }
        }
    }
    args.contiguous(computed)?.apply(Custom(op))?.to_dtype(dtype)
}

struct Custom<O>(O);

impl<O: Op> Custom<O> {
    fn forward(&self, args: &[(&CpuStorage, &Layout)]) -> Result<(CpuStorage, Shape)> {
        match args[0].0 {
            CpuStorage::F32(_) => self.forward_as::<f32>(args),
            CpuStorage::F64(_) => self.forward_as::<f64>(args),
            _ => bail!("{}: not implemented for this dtype", O::NAME),
        }
    }

    fn forward_as<T: WithDType>(
        &self,
        args: &[(&CpuStorage, &Layout)],
    ) -> Result<(CpuStorage, Shape)> {
        let args = args
            .iter()
            .map(|(storage, layout)| slice::<T>(storage, layout))
            .collect::<Result<Vec<_>>>()?;
        let (values, shape) = self.0.forward(&args);
        Ok((T::to_cpu_storage_owned(values), shape))
    }

    fn backward(&self, args: &[&Tensor], grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        match grad.dtype() {
            DType::F32 => self.backward_as::<f32>(args, grad),
            DType::F64 => self.backward_as::<f64>(args, grad),
            _ => bail!("{}: gradients are floats of the input's dtype", O::NAME),
        }
    }

    fn backward_as<T: WithDType>(
        &self,
        args: &[&Tensor],
        grad: &Tensor,
    ) -> Result<Vec<Option<Tensor>>> {
        // Arguments were made contiguous on the way forward; only the gradient may not be.
        let grad = grad.contiguous()?;
        let wanted = args.iter().map(|arg| arg.track_op()).collect::<Vec<_>>();
        let guards = args
            .iter()
            .chain([&&grad])
            .map(|tensor| tensor.storage_and_layout())
            .collect::<Vec<_>>();
        let mut slices = Vec::new();
        for (storage, layout) in &guards {
            let Storage::Cpu(storage) = &**storage else { bail!("{}: needs the CPU", O::NAME) };
            slices.push(slice::<T>(storage, layout)?);
        }
        let (grad, slices) = match slices.split_last() {
            Some((grad, slices)) => (*grad, slices),
            None => bail!("{}: no gradient", O::NAME),
        };
        let grads = self.0.backward(Call { args: slices, grad, wanted: &wanted });
        grads
            .into_iter()
            .zip(args)
            .map(|(grad, arg)| {
                grad.map(|values| Tensor::from_vec(values, arg.shape(), arg.device())).transpose()
            })
            .collect()
    }
}

/// Calls `single` or `double` with the values of a contiguous tensor, as its dtype is.
pub(crate) fn with_values<R>(
    function: &str,
    tensor: &Tensor,
    single: impl FnOnce(&[f32]) -> R,
    double: impl FnOnce(&[f64]) -> R,
) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage @ CpuStorage::F32(_)) => Ok(single(slice(storage, layout)?)),
        Storage::Cpu(storage @ CpuStorage::F64(_)) => Ok(double(slice(storage, layout)?)),
        _ => wrong_dtype(function, "an input", tensor.dtype()),
    }
}

/// The elements of a contiguous tensor, whose dtype is `T`'s.
pub(crate) fn slice<'a, T: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    Ok(dense(T::cpu_storage_as_slice(storage)?, layout))
}

/// The elements of a contiguous tensor.
pub(super) fn dense<'a, T>(values: &'a [T], layout: &Layout) -> &'a [T] {
    &values[layout.start_offset()..][..layout.shape().elem_count()]
}

impl<O: Op> CustomOp1 for Custom<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward(&[(storage, layout)])
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(self.backward(&[arg], grad)?.pop().flatten())
    }
}

impl<O: Op> CustomOp2 for Custom<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward(&[(s1, l1), (s2, l2)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut grads = self.backward(&[a, b], grad)?.into_iter();
        Ok((grads.next().flatten(), grads.next().flatten()))
    }
}

impl<O: Op> CustomOp3 for Custom<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward(&[(s1, l1), (s2, l2), (s3, l3)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let mut grads = self.backward(&[a, b, c], grad)?.into_iter();
        Ok((grads.next().flatten(), grads.next().flatten(), grads.next().flatten()))
    }
}
