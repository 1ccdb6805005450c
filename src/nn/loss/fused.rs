//! A loss as one operation of candle's graph: formula and reduction in a single pass, and one pass
//! back for all inputs that want a gradient.
//!
//! The formulas are elsewhere: elementwise ones behind `elementwise.rs`, those of rows in their own
//! files. Half precision is computed in `f32`, which holds all of its numbers.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Storage, Tensor,
    WithDType, bail,
};

use super::number::LossNumber;
use crate::functional::op::{Arguments, slice};
use crate::rt::interrupt_point;

/// The numbers of a loss and of its gradients.
pub(super) trait FusedLoss: Send + Sync + 'static {
    /// The result, and its shape. Inputs are contiguous; constants come after the inputs.
    fn forward<R: LossNumber>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)>;

    /// The gradients of the inputs that are `wanted`; others may be left out.
    fn backward<R: LossNumber>(
        &self,
        inputs: &[&[R]],
        gradient: &[R],
        wanted: &[bool],
    ) -> Result<Vec<Option<Vec<R>>>>;
}

/// The loss of `inputs` of one dtype; `constants` get no gradients.
pub(super) fn apply<'a, L: FusedLoss>(
    function: &'static str,
    loss: L,
    inputs: impl Into<Arguments<&'a Tensor>>,
    constants: &[&Tensor],
) -> Result<Tensor> {
    interrupt_point();
    let inputs = inputs.into();
    let dtype = inputs.as_slice()[0].dtype();
    let computed = if dtype == DType::F64 { DType::F64 } else { DType::F32 };
    let constants = constants
        .iter()
        .map(|tensor| tensor.detach().to_dtype(computed)?.contiguous())
        .collect::<Result<Vec<_>>>()?;
    inputs.contiguous(computed)?.apply(Fused { function, loss, constants })?.to_dtype(dtype)
}

/// Hands the elements of a contiguous tensor of the CPU to `visit`.
pub(super) fn with_elements<T: WithDType, O>(
    tensor: &Tensor,
    visit: impl FnOnce(&[T]) -> Result<O>,
) -> Result<O> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => visit(slice(storage, layout)?),
        _ => bail!("losses are computed on the CPU"),
    }
}

/// Hands the elements of all tensors to `visit`, after those already in `found`.
fn with_all<R: LossNumber, O>(
    tensors: &[&Tensor],
    found: &[&[R]],
    visit: &mut dyn FnMut(&[&[R]]) -> Result<O>,
) -> Result<O> {
    match tensors {
        [] => visit(found),
        [first, rest @ ..] => with_elements(first, |values| {
            let found = [found, &[values]].concat();
            with_all(rest, &found, visit)
        }),
    }
}

struct Fused<L> {
    function: &'static str,
    loss: L,
    constants: Vec<Tensor>,
}

impl<L: FusedLoss> Fused<L> {
    fn forward(&self, inputs: &[(&CpuStorage, &Layout)]) -> Result<(CpuStorage, Shape)> {
        match inputs[0].0 {
            CpuStorage::F32(_) => self.forward_in::<f32>(inputs),
            CpuStorage::F64(_) => self.forward_in::<f64>(inputs),
            _ => bail!("{}: not implemented for this dtype", self.function),
        }
    }

    fn forward_in<R: LossNumber>(
        &self,
        inputs: &[(&CpuStorage, &Layout)],
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = inputs
            .iter()
            .map(|(storage, layout)| slice(storage, layout))
            .collect::<Result<Vec<&[R]>>>()?;
        let constants = self.constants.iter().collect::<Vec<_>>();
        let (losses, shape) =
            with_all(&constants, &inputs, &mut |inputs| self.loss.forward(inputs))?;
        Ok((R::to_cpu_storage_owned(losses), shape))
    }

    fn backward<const N: usize>(
        &self,
        inputs: [&Tensor; N],
        gradient: &Tensor,
    ) -> Result<[Option<Tensor>; N]> {
        match inputs[0].dtype() {
            DType::F32 => self.backward_in::<f32, N>(inputs, gradient),
            _ => self.backward_in::<f64, N>(inputs, gradient),
        }
    }

    fn backward_in<R: LossNumber, const N: usize>(
        &self,
        inputs: [&Tensor; N],
        gradient: &Tensor,
    ) -> Result<[Option<Tensor>; N]> {
        // candle asks for all gradients, also those that nobody will look at.
        let wanted = inputs.map(Tensor::track_op);
        let gradient = gradient.contiguous()?;
        let tensors =
            std::iter::once(&gradient).chain(inputs).chain(&self.constants).collect::<Vec<_>>();
        let gradients = with_all(&tensors, &[], &mut |found: &[&[R]]| {
            self.loss.backward(&found[1..], found[0], &wanted)
        })?;
        let mut results = [const { None }; N];
        for (index, values) in gradients.into_iter().enumerate() {
            if let (Some(values), true) = (values, wanted.get(index).copied().unwrap_or(false)) {
                let input = inputs[index];
                results[index] = Some(Tensor::from_vec(values, input.shape(), input.device())?);
            }
        }
        Ok(results)
    }
}

impl<L: FusedLoss> CustomOp1 for Fused<L> {
    fn name(&self) -> &'static str {
        self.function
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward(&[(storage, layout)])
    }

    fn bwd(&self, a: &Tensor, _res: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let [a] = self.backward([a], gradient)?;
        Ok(a)
    }
}

impl<L: FusedLoss> CustomOp2 for Fused<L> {
    fn name(&self) -> &'static str {
        self.function
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward(&[(a, a_layout), (b, b_layout)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        _res: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [a, b] = self.backward([a, b], gradient)?;
        Ok((a, b))
    }
}

impl<L: FusedLoss> CustomOp3 for Fused<L> {
    fn name(&self) -> &'static str {
        self.function
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
        c: &CpuStorage,
        c_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward(&[(a, a_layout), (b, b_layout), (c, c_layout)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        _res: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [a, b, c] = self.backward([a, b, c], gradient)?;
        Ok((a, b, c))
    }
}
