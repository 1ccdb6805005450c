//! `torch::autograd`: gradients of chosen tensors, without an optimizer.

use candle_core::{Result, Tensor};

use crate::error::fail;
use crate::tensor::list::Tensors;

/// The gradients of a number by some variables, in their order.
///
/// ```text
/// grad(y, (a, b)) = (dy/da, dy/db)
/// ```
///
/// # Errors
///
/// If `loss` has more than one element or nothing of it is a variable, or if it isn't made of one of `inputs`.
///
/// *Differs from PyTorch*: gradients are of variables (`Var`) alone, not of what is computed of them, and there are none
/// of gradients (`create_graph=True`). See PyTorch's `autograd.grad`.
///
/// ```
/// use akari::prelude::*;
/// let (a, b) = (Var::new(2f32, &Device::Cpu)?, Var::new(5f32, &Device::Cpu)?);
/// let y = (a.sqr()? * b.as_tensor())?;
/// let grads = torch::autograd::grad(&y, &[&a, &b])?;
/// assert_eq!(grads[0].to_scalar::<f32>()?, 20.0);
/// assert_eq!(grads[1].to_scalar::<f32>()?, 4.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn grad(loss: &Tensor, inputs: impl Tensors) -> Result<Vec<Tensor>> {
    gradients(loss, &inputs.list())
}

fn gradients(loss: &Tensor, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
    const NAME: &str = "torch::autograd::grad";
    if loss.elem_count() != 1 {
        return fail(
            NAME,
            format_args!(
                "grad can be implicitly created only for scalar outputs, but the output's shape is {:?}",
                loss.dims()
            ),
        );
    }
    if !loss.track_op() {
        return fail(
            NAME,
            "element 0 of tensors does not require grad and does not have a grad_fn: nothing that it is made of is a Var",
        );
    }
    if let Some(at) = inputs.iter().position(|input| !input.is_variable()) {
        return fail(
            NAME,
            format_args!(
                "One of the differentiated Tensors does not require grad: number {at} is no Var"
            ),
        );
    }
    let grads = loss.backward()?;
    let of = |input: &&Tensor| match grads.get(input) {
        Some(grad) => Ok(grad.clone()),
        None => fail(
            NAME,
            "One of the differentiated Tensors appears to not have been used in the graph.",
        ),
    };
    inputs.iter().map(of).collect()
}
