//! One step: from a loss to gradients, and from the gradient of a parameter to its new values, in place.
//!
//! `optimizer.rs` calls [`step`] for each parameter that has a gradient; the rule decides what becomes of the numbers
//! (`sweep.rs` has the loops). A step never reads memory that it writes.

use std::cell::RefCell;

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Storage, Tensor, Var};

use super::rule::{Rule, State};
use super::sweep::Sweep;
use crate::compute::number::Number;
use crate::compute::parts::part;
use crate::error::{fail, fail_dtype, fail_shape};

/// The gradients of a loss. candle takes every tensor for a loss; PyTorch asks for one number that
/// depends on a variable.
pub(super) fn backward(function: &str, loss: &Tensor) -> Result<GradStore> {
    if !loss.track_op() {
        return fail(
            function,
            "element 0 of tensors does not require grad and does not have a grad_fn (the loss depends on no Var)",
        );
    }
    if loss.elem_count() != 1 {
        return fail_shape(
            function,
            format_args!(
                "grad can be implicitly created only for scalar outputs, but the loss has shape {:?} (take its .mean_all()? or .sum_all()?)",
                loss.dims()
            ),
        );
    }
    loss.backward()
}

/// Steps one parameter.
pub(super) fn step<R: Rule>(
    function: &'static str,
    config: &R::Config,
    var: &Var,
    grad: &Tensor,
    state: &mut State,
) -> Result<()> {
    if grad.dims() != var.dims() {
        return fail_shape(
            function,
            format_args!(
                "a gradient has shape {:?}, but its parameter {:?}",
                grad.dims(),
                var.dims()
            ),
        );
    }
    if var.elem_count() == 0 {
        // An empty parameter has nothing to step, and candle takes its strides for repeated
        // elements.
        return Ok(());
    }
    if grad.dtype() == var.dtype() && grad.is_contiguous() && !shares_memory(var, grad) {
        return var
            .inplace_op2(grad, &InPlace::<R> { function, config, state: RefCell::new(state) });
    }
    let grad = grad.to_dtype(var.dtype())?.contiguous()?;
    // The gradient of p²/2 is the parameter itself, and a step can't read the memory that it
    // writes.
    let grad = if shares_memory(var, &grad) { grad.copy()? } else { grad };
    var.inplace_op2(&grad, &InPlace::<R> { function, config, state: RefCell::new(state) })
}

fn shares_memory(var: &Tensor, grad: &Tensor) -> bool {
    let place = |tensor: &Tensor| match &*tensor.storage_and_layout().0 {
        Storage::Cpu(CpuStorage::F32(numbers)) => numbers.as_ptr() as usize,
        Storage::Cpu(CpuStorage::F64(numbers)) => numbers.as_ptr() as usize,
        _ => 0,
    };
    place(var) == place(grad)
}

struct InPlace<'a, R: Rule> {
    function: &'static str,
    config: &'a R::Config,
    state: RefCell<&'a mut State>,
}

impl<R: Rule> InplaceOp2 for InPlace<'_, R> {
    fn name(&self) -> &'static str {
        self.function
    }

    fn cpu_fwd(
        &self,
        var: &mut CpuStorage,
        var_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<()> {
        match (var, grad) {
            (CpuStorage::F32(p), CpuStorage::F32(g)) => self.run(p, var_layout, g, grad_layout),
            (CpuStorage::F64(p), CpuStorage::F64(g)) => self.run(p, var_layout, g, grad_layout),
            _ => fail_dtype(self.function, "parameters must be F32 or F64 on the CPU"),
        }
    }
}

impl<R: Rule> InPlace<'_, R> {
    fn run<T: Number>(
        &self,
        p: &mut [T],
        p_layout: &Layout,
        g: &[T],
        g_layout: &Layout,
    ) -> Result<()> {
        let Some((start, end)) = p_layout.contiguous_offsets() else {
            return fail(self.function, "a parameter is not contiguous");
        };
        let mut state = self.state.borrow_mut();
        let State { steps, numbers, buffers } = &mut **state;
        let sweep = Sweep {
            dims: p_layout.dims(),
            p: p.get_mut(start..end).unwrap_or_default(),
            g: part(g, g_layout),
            buffers: buffers.of::<T>(),
        };
        R::update(self.config, *steps, numbers, sweep)
    }
}
