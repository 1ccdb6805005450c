//! Losses of the difference of input and target: shapes, dtypes and the weights that three of them take.
//!
//! The formulas of single differences are in `absolute.rs` and `mse.rs`.

use candle_core::{Result, Tensor};

use super::elementwise::{self, Formula, Weighted};
use crate::error::fail;
use crate::nn::Reduction;
use crate::tensor::promote::promote_and_broadcast;
use crate::tensor::reduce::sum_all;

/// The loss of a difference; the mean divides by the number of elements or by the sum of weights.
pub(super) fn of_difference<E: Formula<2>>(
    function: &'static str,
    formula: E,
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    let Some(weight) = weight else {
        let (input, target) = floats(function, input, target)?;
        return elementwise::reduce(function, formula, reduction, [&input, &target], &[]);
    };
    let [input, target, weight] = with_weight(function, input, target, weight)?;
    let inputs = [&input, &target, &weight];
    if reduction == Reduction::Mean {
        let total = elementwise::reduce(function, Weighted(formula), Reduction::Sum, inputs, &[])?;
        return total / sum_all(&weight)?;
    }
    elementwise::reduce(function, Weighted(formula), reduction, inputs, &[])
}

/// Input and target in one dtype and shape.
fn floats(function: &str, input: &Tensor, target: &Tensor) -> Result<(Tensor, Tensor)> {
    let (input, target) = promote_and_broadcast(function, input, target)?;
    if !input.dtype().is_float() {
        return fail(
            function,
            format_args!(
                "not implemented for {:?}: could not infer output dtype, since input and target are both integers (convert one with .to_dtype(DType::F32)?)",
                input.dtype()
            ),
        );
    }
    Ok((input, target))
}

/// Input, target and weight in one dtype and shape.
pub(super) fn with_weight(
    function: &str,
    input: &Tensor,
    target: &Tensor,
    weight: &Tensor,
) -> Result<[Tensor; 3]> {
    if weight.dims() != input.dims() {
        return fail(
            function,
            format_args!(
                "Weights and input must have the same size, but their shapes are {:?} and {:?}",
                weight.dims(),
                input.dims()
            ),
        );
    }
    let weight = weight.to_dtype(floats(function, input, target)?.0.dtype())?;
    let (input, target) = floats(function, input, target)?;
    let (weight, _) = promote_and_broadcast(function, &weight, &input)?;
    Ok([input, target, weight])
}
