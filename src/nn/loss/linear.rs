//! A linear layer and cross entropy in one.

use candle_core::{Result, Tensor};

use super::cross_entropy::CrossEntropyLoss;
use crate::error::{fail, wrong_dtype};
use crate::tensor::promote::broadcast_to;

/// Cross entropy of `x Wᵀ + b`, with the layer's weight and bias given as tensors.
pub(crate) fn linear_cross_entropy(
    function: &'static str,
    loss: &CrossEntropyLoss,
    input: &Tensor,
    linear_weight: &Tensor,
    target: &Tensor,
    linear_bias: Option<&Tensor>,
) -> Result<Tensor> {
    let (rows, features) = match *input.dims() {
        [features] => (1, features),
        [rows, features] => (rows, features),
        _ => {
            return fail(
                function,
                format_args!(
                    "Expected an input of shape (F) or (N, F), but its shape is {:?}",
                    input.dims()
                ),
            );
        }
    };
    let &[classes, expected] = linear_weight.dims() else {
        return fail(
            function,
            format_args!(
                "Expected a linear_weight of shape (C, F), but its shape is {:?}",
                linear_weight.dims()
            ),
        );
    };
    if features != expected {
        return fail(
            function,
            format_args!(
                "mat1 and mat2 shapes cannot be multiplied ({rows}x{features} and {expected}x{classes})"
            ),
        );
    }
    if !input.dtype().is_float() {
        return wrong_dtype(function, "an input", input.dtype());
    }
    if linear_weight.dtype() != input.dtype() {
        return fail(
            function,
            format_args!(
                "expected linear_weight of the input's dtype {:?}, but got {:?}",
                input.dtype(),
                linear_weight.dtype()
            ),
        );
    }
    let mut logits = input.reshape((rows, features))?.matmul(&linear_weight.t()?)?;
    if let Some(bias) = linear_bias {
        if bias.dims() != [classes] {
            return fail(
                function,
                format_args!(
                    "Expected a linear_bias of shape [{classes}], but its shape is {:?}",
                    bias.dims()
                ),
            );
        }
        logits = (&logits + broadcast_to(&bias.to_dtype(input.dtype())?, logits.shape())?)?;
    }
    if input.rank() == 1 {
        logits = logits.squeeze(0)?;
    }
    loss.apply(function, &logits, target)
}
