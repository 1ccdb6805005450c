//! The loops of a step: one pass over parameter, gradient and state, in place.

use std::cell::RefCell;

use candle_core::{CpuStorage, DType, InplaceOp2, Layout, Result, Tensor, Var, WithDType, bail};

use crate::error::fail;

/// The memory of one parameter: a few numbers for each of its elements, in its dtype.
#[derive(Debug, Clone)]
pub enum Buffers {
    F32(Vec<Vec<f32>>),
    F64(Vec<Vec<f64>>),
}

impl Buffers {
    /// `count` buffers of zeros for a parameter.
    pub(super) fn zeros(optimizer: &str, var: &Var, count: usize) -> Result<Self> {
        let len = var.elem_count();
        match var.dtype() {
            DType::F32 => Ok(Buffers::F32(vec![vec![0.0; len]; count])),
            DType::F64 => Ok(Buffers::F64(vec![vec![0.0; len]; count])),
            dtype => fail(
                optimizer,
                format_args!(
                    "can only optimize parameters of dtype F32 or F64, but one is {dtype:?}"
                ),
            ),
        }
    }
}

/// A number type that an update rule is written for.
pub(super) trait Real: WithDType + std::ops::Neg<Output = Self> {
    fn sqrt(self) -> Self;
    fn of(value: f64) -> Self;
    fn buffers(buffers: &mut Buffers) -> &mut [Vec<Self>];
}

macro_rules! real {
    ($type:ident, $variant:ident) => {
        impl Real for $type {
            fn sqrt(self) -> Self {
                $type::sqrt(self)
            }

            fn of(value: f64) -> Self {
                value as $type
            }

            fn buffers(buffers: &mut Buffers) -> &mut [Vec<Self>] {
                match buffers {
                    Buffers::$variant(buffers) => buffers,
                    // The buffers were made for this parameter, whose dtype never changes.
                    _ => unreachable!("buffers of another dtype"),
                }
            }
        }
    };
}

real!(f32, F32);
real!(f64, F64);

/// The elementwise part of an update rule: changes `p` by its gradient `g` and its state.
pub(super) trait Update {
    fn update<T: Real>(&self, p: &mut [T], g: &[T], state: &mut [Vec<T>]);
}

/// Runs an update on a variable in place.
pub(super) fn step<U: Update>(
    optimizer: &'static str,
    rule: &U,
    var: &Var,
    grad: &Tensor,
    state: &mut Buffers,
) -> Result<()> {
    if grad.dims() != var.dims() {
        return fail(
            optimizer,
            format_args!(
                "a gradient has shape {:?}, but its parameter {:?}",
                grad.dims(),
                var.dims()
            ),
        );
    }
    let grad = grad.to_dtype(var.dtype())?.contiguous()?;
    // A gradient may be the parameter itself, as that of p²/2 is; a step can't read what it writes.
    let grad = if grad.is_variable() { grad.copy()? } else { grad };
    var.inplace_op2(&grad, &InPlace { optimizer, rule, state: RefCell::new(state) })
}

struct InPlace<'a, U> {
    optimizer: &'static str,
    rule: &'a U,
    state: RefCell<&'a mut Buffers>,
}

impl<U: Update> InplaceOp2 for InPlace<'_, U> {
    fn name(&self) -> &'static str {
        self.optimizer
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
            _ => bail!("{}: parameters must be F32 or F64 on the CPU", self.optimizer),
        }
    }
}

impl<U: Update> InPlace<'_, U> {
    fn run<T: Real>(
        &self,
        p: &mut [T],
        p_layout: &Layout,
        g: &[T],
        g_layout: &Layout,
    ) -> Result<()> {
        let Some((start, end)) = p_layout.contiguous_offsets() else {
            bail!("{}: a parameter is not contiguous", self.optimizer)
        };
        let g = &g[g_layout.start_offset()..][..end - start];
        self.rule.update(&mut p[start..end], g, T::buffers(&mut self.state.borrow_mut()));
        Ok(())
    }
}
