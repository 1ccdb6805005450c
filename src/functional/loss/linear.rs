//! A linear map and cross entropy in one.

use candle_core::{Result, Tensor};

use super::cross_entropy::cross_entropy_named;
use super::options::CrossEntropyLoss;
use crate::error::{fail_dtype, fail_shape, need_float};
use crate::functional::linear_named;

/// [`nn::CrossEntropyLoss`](crate::nn::CrossEntropyLoss) of `input · linear_weightᵀ + linear_bias`; `loss` holds its options.
///
/// # Shapes
///
/// Input `(F)` or `(N, F)`, `linear_weight` `(C, F)`, `linear_bias` `(C)`, target as there. With
/// more axes of classes, `(N, F)`, `(C, d1, .., F)` and `(C, d1, ..)`.
///
/// # Errors
///
/// For other shapes, and as [`nn::CrossEntropyLoss`](crate::nn::CrossEntropyLoss).
///
/// *Differs from PyTorch*: its options come as one struct.
///
/// ```
/// use akari::prelude::*;
/// let (x, w, t) = (tensor!([[1., 2.]]), tensor!([[0., 0.], [0., 0.]]), tensor!([1]));
/// let y = F::linear_cross_entropy(&x, &w, &t, None, &nn::CrossEntropyLoss::default())?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn linear_cross_entropy(
    input: &Tensor,
    linear_weight: &Tensor,
    target: &Tensor,
    linear_bias: Option<&Tensor>,
    loss: &CrossEntropyLoss,
) -> Result<Tensor> {
    linear_cross_entropy_named(
        "F::linear_cross_entropy",
        input,
        linear_weight,
        target,
        linear_bias,
        loss,
    )
}

/// Cross entropy of `x Wᵀ + b`, with the layer's weight `(C, .., F)` and bias `(C, ..)` as tensors.
pub(crate) fn linear_cross_entropy_named(
    function: &'static str,
    input: &Tensor,
    linear_weight: &Tensor,
    target: &Tensor,
    linear_bias: Option<&Tensor>,
    loss: &CrossEntropyLoss,
) -> Result<Tensor> {
    if !matches!(input.rank(), 1 | 2) {
        return fail_shape(
            function,
            format_args!(
                "Expected an input of shape (F) or (N, F), but its shape is {:?}",
                input.dims()
            ),
        );
    }
    let [axes @ .., features] = linear_weight.dims() else {
        return fail_shape(
            function,
            "Expected a linear_weight of shape (C, .., F), but it has no axes",
        );
    };
    if axes.is_empty() {
        return fail_shape(
            function,
            format_args!(
                "Expected a linear_weight of shape (C, .., F), but its shape is {:?}",
                linear_weight.dims()
            ),
        );
    }
    if axes.len() > 1 && input.rank() == 1 {
        return fail_shape(
            function,
            format_args!(
                "K-dimensional loss defined by linear_weight shape {:?} requires batched input, (N, {features}), got unbatched input with shape {:?}",
                linear_weight.dims(),
                input.dims()
            ),
        );
    }
    need_float(function, "an input", input)?;
    if linear_weight.dtype() != input.dtype() {
        return fail_dtype(
            function,
            format_args!(
                "expected linear_weight of the input's dtype {:?}, but got {:?}",
                input.dtype(),
                linear_weight.dtype()
            ),
        );
    }
    if let Some(bias) = linear_bias.filter(|bias| bias.dims() != axes) {
        return fail_shape(
            function,
            format_args!(
                "Expected a linear_bias of shape {axes:?}, but its shape is {:?}",
                bias.dims()
            ),
        );
    }
    let outputs = axes.iter().product::<usize>();
    let bias =
        linear_bias.map(|bias| bias.to_dtype(input.dtype())?.reshape(outputs)).transpose()?;
    let weight = linear_weight.reshape((outputs, *features))?;
    let logits = linear_named(function, input, &weight, bias.as_ref())?;
    let logits = logits.reshape([&input.dims()[..input.rank() - 1], axes].concat())?;
    cross_entropy_named(function, &logits, target, loss)
}
