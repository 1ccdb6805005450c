//! The one mechanism between candle's graph and loops over numbers.
//!
//! An operation is a struct that knows its shapes and has two loops over slices: from arguments to result, and from
//! the result's gradient to those of the arguments. What candle needs around them (its three traits for one to three
//! arguments, dtypes, layouts) is here, once. What has a gradient in the prelude, be it an activation, a layer or a
//! loss, is an [`Op`].

use std::ops::Deref;

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Storage, Tensor,
    WithDType, bail,
};

use super::beside::Beside;
use super::copy::contiguous;
use super::number::Number;
use super::parts::part;
use super::{recording, watch};
use crate::error::{fail_dtype, wrong_dtype};

/// A function of one to three contiguous tensors of `f32` or `f64`, and of any number of constants.
pub(crate) trait Op: Send + Sync + 'static {
    /// The dtype in which arguments of half precision are computed. `F32` holds all of their numbers;
    /// a sum that is rounded to a half only once needs `F64`.
    const HALVES: DType = DType::F32;

    /// The result, and its shape. The constants come after the arguments.
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)>;

    /// The gradients of the arguments, in their order; only those that are wanted are looked at.
    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>>;

    /// The gradient of an argument of this shape where it is that of the result, or a view of it: nothing is computed or
    /// copied then. Such a gradient is not wanted of [`backward`](Op::backward) any more.
    fn view(&self, argument: usize, shape: &Shape, grad: &Tensor) -> Result<Option<Tensor>> {
        let _ = (argument, shape, grad);
        Ok(None)
    }
}

/// A gradient for each argument, where there is one. Those of constants are left out.
pub(crate) type Gradients<T> = Vec<Option<Vec<T>>>;

/// The input of a backward pass.
pub(crate) struct Call<'a, T> {
    /// The arguments, and after them the constants.
    pub(crate) args: &'a [&'a [T]],
    /// The result of the forward pass.
    pub(crate) result: &'a [T],
    /// The gradient of the result.
    pub(crate) grad: &'a [T],
    /// For each of `args`, whether anybody asks for its gradient; nobody asks for that of a constant.
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

/// Applies the operation; half-precision arguments are computed in another dtype. `function` is the function or layer
/// as typed in a cell, for the texts of errors.
pub(crate) fn apply<'a, O: Op>(
    function: &'static str,
    op: O,
    args: impl Into<Arguments<&'a Tensor>>,
) -> Result<Tensor> {
    apply_to(function, Box::new(op), O::HALVES, args.into(), &[])
}

/// [`apply`] with constants, which get no gradients and may have any float dtype.
pub(crate) fn apply_with<'a, O: Op>(
    function: &'static str,
    op: O,
    args: impl Into<Arguments<&'a Tensor>>,
    constants: &[&Tensor],
) -> Result<Tensor> {
    apply_to(function, Box::new(op), O::HALVES, args.into(), constants)
}

fn apply_to(
    function: &'static str,
    op: Box<dyn AnyOp>,
    halves: DType,
    args: Arguments<&Tensor>,
    constants: &[&Tensor],
) -> Result<Tensor> {
    let (dtype, computed) = dtypes(function, args.as_slice(), halves)?;
    let constants = constants
        .iter()
        .map(|tensor| contiguous(&tensor.detach().to_dtype(computed)?))
        .collect::<Result<Vec<_>>>()?;
    let op = Custom { function, op, constants };
    let argument = |tensor: &&Tensor| contiguous(&recording::argument(tensor).to_dtype(computed)?);
    let result = match args.try_map(argument)? {
        Arguments::One([a]) => a.apply_op1(op),
        Arguments::Two([a, b]) => a.apply_op2(&b, op),
        Arguments::Three([a, b, c]) => a.apply_op3(&b, &c, op),
    };
    let result = result?.to_dtype(dtype)?;
    watch::note(args.as_slice(), &result);
    Ok(result)
}

/// The dtype of the arguments, and the one to compute in.
fn dtypes(function: &str, args: &[&Tensor], halves: DType) -> Result<(DType, DType)> {
    let dtype = args[0].dtype();
    let computed = match dtype {
        DType::F32 | DType::F64 => dtype,
        DType::F16 | DType::BF16 => return Ok((dtype, halves)),
        dtype => return wrong_dtype(function, "an input", dtype),
    };
    if let Some(other) = args.iter().find(|arg| arg.dtype() != dtype) {
        return fail_dtype(
            function,
            format_args!("expected all tensors of dtype {dtype:?}, but one is {:?}", other.dtype()),
        );
    }
    Ok((dtype, computed))
}

/// An [`Op`] of any type. What candle wants around an operation is compiled once for all of them, not once for each.
trait AnyOp: Send + Sync {
    fn forward_f32(&self, args: &[&[f32]]) -> Result<(Vec<f32>, Shape)>;
    fn forward_f64(&self, args: &[&[f64]]) -> Result<(Vec<f64>, Shape)>;
    fn backward_f32(&self, call: Call<'_, f32>) -> Result<Gradients<f32>>;
    fn backward_f64(&self, call: Call<'_, f64>) -> Result<Gradients<f64>>;
    fn view(&self, argument: usize, shape: &Shape, grad: &Tensor) -> Result<Option<Tensor>>;
}

impl<O: Op> AnyOp for O {
    fn forward_f32(&self, args: &[&[f32]]) -> Result<(Vec<f32>, Shape)> {
        self.forward(args)
    }

    fn forward_f64(&self, args: &[&[f64]]) -> Result<(Vec<f64>, Shape)> {
        self.forward(args)
    }

    fn backward_f32(&self, call: Call<'_, f32>) -> Result<Gradients<f32>> {
        self.backward(call)
    }

    fn backward_f64(&self, call: Call<'_, f64>) -> Result<Gradients<f64>> {
        self.backward(call)
    }

    fn view(&self, argument: usize, shape: &Shape, grad: &Tensor) -> Result<Option<Tensor>> {
        Op::view(self, argument, shape, grad)
    }
}

struct Custom {
    function: &'static str,
    op: Box<dyn AnyOp>,
    /// Contiguous, of the dtype of the arguments.
    constants: Vec<Tensor>,
}

impl Custom {
    fn forward(&self, args: &[(&CpuStorage, &Layout)]) -> Result<(CpuStorage, Shape)> {
        match args[0].0 {
            CpuStorage::F32(_) => self.forward_as(args, |args| self.op.forward_f32(args)),
            CpuStorage::F64(_) => self.forward_as(args, |args| self.op.forward_f64(args)),
            _ => fail_dtype(self.function, "not implemented for this dtype"),
        }
    }

    fn forward_as<T: Number>(
        &self,
        args: &[(&CpuStorage, &Layout)],
        forward: impl Fn(&[&[T]]) -> Result<(Vec<T>, Shape)>,
    ) -> Result<(CpuStorage, Shape)> {
        let guards = guards(&self.constants);
        let mut slices = [&[][..]; MOST];
        for (slice, (storage, layout)) in slices.iter_mut().beside(args) {
            *slice = elements::<T>(storage, layout)?;
        }
        let count = args.len() + self.constants.len();
        for (slice, guard) in slices[args.len()..].iter_mut().beside(guards.iter().flatten()) {
            *slice = guarded(guard)?;
        }
        let (values, shape) = forward(&slices[..count])?;
        Ok((T::to_cpu_storage_owned(values), shape))
    }

    fn backward(&self, args: &[&Tensor], result: &Tensor, grad: &Tensor) -> Result<ArgumentGrads> {
        match result.dtype() {
            DType::F32 => self.backward_as(args, result, grad, |call| self.op.backward_f32(call)),
            DType::F64 => self.backward_as(args, result, grad, |call| self.op.backward_f64(call)),
            _ => fail_dtype(self.function, "not implemented for this dtype"),
        }
    }

    fn backward_as<T: Number>(
        &self,
        args: &[&Tensor],
        result: &Tensor,
        grad: &Tensor,
        backward: impl Fn(Call<'_, T>) -> Result<Gradients<T>>,
    ) -> Result<ArgumentGrads> {
        let mut grads = [const { None }; 3];
        // Candle asks for all gradients, also those that nobody will look at.
        let mut wanted = [false; MOST];
        for (index, arg) in args.iter().enumerate().filter(|(_, arg)| arg.track_op()) {
            grads[index] = self.op.view(index, arg.shape(), grad)?;
            wanted[index] = grads[index].is_none();
        }
        if !wanted.contains(&true) {
            return Ok(grads);
        }
        // Arguments were made contiguous on the way forward; only the gradient may not be.
        let grad = contiguous(grad)?;
        let guards =
            guards([result, &grad].into_iter().chain(args.iter().copied()).chain(&self.constants));
        let mut slices = [&[][..]; MOST];
        for (slice, guard) in slices.iter_mut().beside(guards.iter().flatten()) {
            *slice = guarded::<T>(guard)?;
        }
        let [result, grad, inputs @ ..] = slices;
        let count = args.len() + self.constants.len();
        let call = Call { args: &inputs[..count], result, grad, wanted: &wanted[..count] };
        for (index, values) in backward(call)?.into_iter().enumerate() {
            if let (Some(values), true) = (values, wanted[index]) {
                let arg = args[index];
                grads[index] = Some(Tensor::from_vec(values, arg.shape(), arg.device())?);
            }
        }
        Ok(grads)
    }
}

/// The gradients of up to three arguments.
type ArgumentGrads = [Option<Tensor>; 3];

/// How many slices a pass takes at the most: three arguments, four constants, a result and its gradient. They stand in
/// arrays, since for small tensors an allocation costs as much as the loop.
const MOST: usize = 9;

/// The storages of tensors, which nobody changes while this is there, and their layouts.
fn guards<'a>(
    tensors: impl IntoIterator<Item = &'a Tensor>,
) -> [Option<(impl Deref<Target = Storage>, &'a Layout)>; MOST] {
    let mut guards = [const { None }; MOST];
    for (guard, tensor) in guards.iter_mut().beside(tensors) {
        *guard = Some(tensor.storage_and_layout());
    }
    guards
}

fn guarded<'a, T: WithDType>(
    (storage, layout): &'a (impl Deref<Target = Storage>, &Layout),
) -> Result<&'a [T]> {
    elements(on_cpu(storage)?, layout)
}

/// Calls `single` or `double` with the values of a contiguous tensor, as its dtype is.
pub(crate) fn with_values<R>(
    function: &str,
    tensor: &Tensor,
    single: impl FnOnce(&[f32]) -> R,
    double: impl FnOnce(&[f64]) -> R,
) -> Result<R> {
    match tensor.dtype() {
        DType::F32 => with_elements(tensor, |values| Ok(single(values))),
        DType::F64 => with_elements(tensor, |values| Ok(double(values))),
        dtype => wrong_dtype(function, "an input", dtype),
    }
}

/// Hands the elements of a contiguous tensor, whose dtype is `T`'s, to `visit`.
pub(crate) fn with_elements<T: WithDType, O>(
    tensor: &Tensor,
    visit: impl FnOnce(&[T]) -> Result<O>,
) -> Result<O> {
    visit(guarded(&tensor.storage_and_layout())?)
}

pub(crate) fn on_cpu(storage: &Storage) -> Result<&CpuStorage> {
    match storage {
        Storage::Cpu(storage) => Ok(storage),
        _ => bail!("this is computed on the CPU alone"),
    }
}

/// The elements of a contiguous tensor, whose dtype is `T`'s.
pub(crate) fn elements<'a, T: WithDType>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> Result<&'a [T]> {
    Ok(part(T::cpu_storage_as_slice(storage)?, layout))
}

impl CustomOp1 for Custom {
    fn name(&self) -> &'static str {
        self.function
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward(&[(storage, layout)])
    }

    fn bwd(&self, arg: &Tensor, res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let [grad, ..] = self.backward(&[arg], res, grad)?;
        Ok(grad)
    }
}

impl CustomOp2 for Custom {
    fn name(&self) -> &'static str {
        self.function
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
        res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [a, b, _] = self.backward(&[a, b], res, grad)?;
        Ok((a, b))
    }
}

impl CustomOp3 for Custom {
    fn name(&self) -> &'static str {
        self.function
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
        res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [a, b, c] = self.backward(&[a, b, c], res, grad)?;
        Ok((a, b, c))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// The product of two arguments and a constant.
    struct Product;

    impl Op for Product {
        fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
            let [a, b, c] = [0, 1, 2].map(|index: usize| args[index][0]);
            Ok((vec![a * b * c], Shape::from(1)))
        }

        fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
            assert_eq!(call.wanted, [true, false, false]);
            assert_eq!(call.result[0].wide(), 30.0);
            let [b, c] = [1, 2].map(|index: usize| call.args[index][0]);
            Ok(vec![Some(vec![b * c * call.grad[0]]), Some(vec![T::ONE]), Some(vec![T::ONE])])
        }
    }

    fn number(value: f32) -> Tensor {
        Tensor::new(&[value], &Device::Cpu).unwrap()
    }

    #[test]
    fn gradients_go_to_what_is_trained_and_never_to_constants() {
        let [a, c] = [2.0, 5.0].map(|value| Var::from_tensor(&number(value)).unwrap());
        let (a, b, c) = (a.as_tensor(), number(3.0), c.as_tensor());
        let grads = apply_with("f", Product, [a, &b], &[c]).unwrap().backward().unwrap();
        assert_eq!(grads.get(a).unwrap().to_vec1::<f32>().unwrap(), [15.0]);
        assert!(grads.get(&b).is_none() && grads.get(c).is_none());
    }

    /// The second argument, whose gradient is the result's.
    struct Second;

    impl Op for Second {
        fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
            Ok((args[1].to_vec(), Shape::from(args[1].len())))
        }

        fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
            assert_eq!(call.wanted, [true, false]);
            Ok(vec![Some(vec![T::ZERO])])
        }

        fn view(&self, argument: usize, _: &Shape, grad: &Tensor) -> Result<Option<Tensor>> {
            Ok((argument == 1).then(|| grad.clone()))
        }
    }

    #[test]
    fn a_gradient_that_is_handed_on_is_not_computed() {
        let [a, b] = [2.0, 5.0].map(|value| Var::from_tensor(&number(value)).unwrap());
        let y = apply("f", Second, [a.as_tensor(), b.as_tensor()]).unwrap();
        let grads = (y * 3.0).unwrap().backward().unwrap();
        assert_eq!(grads.get(&a).unwrap().to_vec1::<f32>().unwrap(), [0.0]);
        assert_eq!(grads.get(&b).unwrap().to_vec1::<f32>().unwrap(), [3.0]);
        // Nothing is left to compute where all gradients are handed on.
        let constant = number(2.0);
        let y = apply("f", Second, [&constant, b.as_tensor()]).unwrap();
        assert_eq!(y.backward().unwrap().get(&b).unwrap().to_vec1::<f32>().unwrap(), [1.0]);
    }

    #[test]
    fn halves_come_back_as_halves() {
        let half = number(2.0).to_dtype(DType::BF16).unwrap();
        let result = apply_with("f", Product, [&half, &half], &[&number(3.0)]).unwrap();
        assert_eq!(result.dtype(), DType::BF16);
        assert_eq!(result.to_dtype(DType::F32).unwrap().to_vec1::<f32>().unwrap(), [12.0]);
    }

    #[test]
    fn errors_name_what_was_called() {
        let whole = number(2.0).to_dtype(DType::I64).unwrap();
        let error =
            |a: &Tensor, b: &Tensor| apply("nn::Product", Product, [a, b]).unwrap_err().to_string();
        assert!(error(&whole, &whole).starts_with("nn::Product: not implemented for an input"));
        let double = number(2.0).to_dtype(DType::F64).unwrap();
        assert!(
            error(&double, &number(1.0))
                .starts_with("nn::Product: expected all tensors of dtype F64, but one is F32")
        );
    }
}
