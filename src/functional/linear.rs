//! The linear map: a product with a weight, with the bias in the same pass.
//!
//! `nn::Linear` and the linear cross entropy call it under their own names, so that errors say what was typed.

use candle_core::{Result, Shape, Tensor, WithDType};

use crate::compute::beside::Beside;
use crate::compute::matrix::{Matrix, Workers, add_product};
use crate::compute::op::{self, Arguments, Call, Gradients, Op};
use crate::error::fail_shape;

/// A linear map of the last axis.
///
/// ```text
/// y = x Wᵀ + b
/// ```
///
/// # Shapes
///
/// `x` of `(.., in)`, `weight` of `(out, in)`, `bias` of `(out)` if there is one; the result has
/// `(.., out)`.
///
/// # Errors
///
/// If these sizes don't fit, and for integers.
///
/// Differs from candle's `matmul`: the gradient of an `x` that nobody trains is not computed.
/// See PyTorch's `linear`.
///
/// ```
/// use akari::prelude::*;
/// let (x, weight) = (tensor!([[1., 2.]]), tensor!([[3., 4.], [0., -1.]]));
/// let y = F::linear(&x, &weight, Some(&tensor!([10., 0.])))?;
/// assert_eq!(y.to_vec2::<f32>()?, [[21., -2.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    linear_named("F::linear", x, weight, bias)
}

pub(crate) fn linear_named(
    function: &'static str,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let [outputs, inputs] = *weight.dims() else {
        return fail_shape(
            function,
            format_args!("weight must have shape [out, in], but it is {:?}", weight.dims()),
        );
    };
    let Some((last, front)) = x.dims().split_last() else {
        return fail_shape(
            function,
            "both arguments to linear need to be at least 1D, but they are 0D and 2D",
        );
    };
    let rows = front.iter().product::<usize>();
    if *last != inputs {
        return fail_shape(
            function,
            format_args!(
                "mat1 and mat2 shapes cannot be multiplied ({rows}x{last} and {inputs}x{outputs})"
            ),
        );
    }
    check_bias(function, bias, outputs)?;
    let shape = Shape::from([front, &[outputs]].concat());
    let op = LinearOp { rows, inputs, outputs, shape };
    op::apply(function, op, Arguments::with(x, Some(weight), bias))
}

/// Refuses a bias that has not one number for each output; convolutions ask the same.
pub(super) fn check_bias(function: &str, bias: Option<&Tensor>, outputs: usize) -> Result<()> {
    match bias {
        Some(bias) if bias.dims() != [outputs] => fail_shape(
            function,
            format_args!(
                "expected bias to be 1-dimensional with {outputs} elements, but got bias of size {:?} instead",
                bias.dims()
            ),
        ),
        _ => Ok(()),
    }
}

struct LinearOp {
    rows: usize,
    inputs: usize,
    outputs: usize,
    shape: Shape,
}

impl Op for LinearOp {
    fn forward<T: WithDType>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let mut y = match args.get(2) {
            Some(bias) => bias.repeat(self.rows),
            None => vec![T::zero(); self.rows * self.outputs],
        };
        let x = Matrix::new(args[0], self.rows, self.inputs);
        let weight = Matrix::new(args[1], self.outputs, self.inputs);
        add_product(&mut y, x, weight.transposed(), Workers::All);
        Ok((y, self.shape.clone()))
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let grad = Matrix::new(call.grad, self.rows, self.outputs);
        let product = |len: usize, a, b| {
            let mut product = vec![T::zero(); len];
            add_product(&mut product, a, b, Workers::All);
            product
        };
        let x = call.wanted[0].then(|| {
            let weight = Matrix::new(call.args[1], self.outputs, self.inputs);
            product(self.rows * self.inputs, grad, weight)
        });
        let weight = call.wanted[1].then(|| {
            let x = Matrix::new(call.args[0], self.rows, self.inputs);
            product(self.outputs * self.inputs, grad.transposed(), x)
        });
        let bias = call.wanted.get(2).is_some_and(|is_wanted| *is_wanted).then(|| {
            let mut sums = vec![0f64; self.outputs];
            for row in call.grad.chunks_exact(self.outputs.max(1)) {
                sums.iter_mut().beside(row).for_each(|(sum, grad)| *sum += grad.to_f64());
            }
            sums.into_iter().map(T::from_f64).collect()
        });
        Ok(vec![x, weight, bias])
    }
}
