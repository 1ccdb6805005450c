//! Losses of the difference of input and target: shapes, dtypes and the weights that three of them take.
//!
//! Shapes that differ are broadcast, with a warning on stderr, as PyTorch warns.
//! The formulas of single differences are in `absolute.rs` and `mse.rs`.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use candle_core::{Result, Tensor};

use super::elementwise::{self, Formula, Weighted};
use super::options::Reduction;
use crate::error::{fail_dtype, fail_shape};
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
        let shapes = [input.dims(), target.dims()];
        let (input, target) = floats(function, input, target)?;
        warn_of_shapes(function, shapes, input.dims());
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

/// Warns once of each pair of shapes that differ: predictions of shape `[n, 1]` and targets of shape
/// `[n]` make `n * n` differences, which is seldom meant.
fn warn_of_shapes(function: &'static str, shapes: [&[usize]; 2], both: &[usize]) {
    /// A function, and the shapes of its input and target.
    type Case = (&'static str, [Vec<usize>; 2]);
    static WARNED: Mutex<BTreeSet<Case>> = Mutex::new(BTreeSet::new());
    let [input, target] = shapes;
    if input == target {
        return;
    }
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    if warned.insert((function, shapes.map(<[usize]>::to_vec))) {
        eprintln!(
            "warning: {function}: the target's shape {target:?} is not the input's, {input:?}; both are broadcast to {both:?}, which is seldom meant (bring them to one shape, as with .unsqueeze(1)? or .squeeze(1)?)"
        );
    }
}

/// Input and target as floats of one dtype and shape.
pub(super) fn floats(function: &str, input: &Tensor, target: &Tensor) -> Result<(Tensor, Tensor)> {
    let (input, target) = promote_and_broadcast(function, input, target)?;
    if !input.dtype().is_float() {
        return fail_dtype(
            function,
            format_args!(
                "not implemented for {:?}: could not infer output dtype, since all tensors are integers (convert one with .to_dtype(DType::F32)?)",
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
        return fail_shape(
            function,
            format_args!(
                "Weights and input must have the same size, but their shapes are {:?} and {:?}",
                weight.dims(),
                input.dims()
            ),
        );
    }
    let (input, target) = floats(function, input, target)?;
    let weight = weight.to_dtype(input.dtype())?;
    let (weight, _) = promote_and_broadcast(function, &weight, &input)?;
    Ok([input, target, weight])
}
