//! Dropout: numbers that are left out at random while a model is trained.

use candle_core::{Result, Shape, Tensor, WithDType};

use crate::compute::beside::Beside;
use crate::compute::loops::{self, PIECE};
use crate::compute::op::{self, Call, Gradients, Op};
use crate::error::fail;
use crate::print::python::float_repr;
use crate::sampling::coins;
use crate::tensor::copy::unchanged;

/// Sets each number to 0 with probability `p` in training, and scales up the others.
///
/// ```text
/// y = x / (1 - p) with probability 1 - p, else 0        in training
/// y = x                                                 otherwise
/// ```
///
/// `torch::manual_seed` repeats the choice. PyTorch makes the same one, except on Intel's
/// processors, where MKL chooses. PyTorch's default `p` is 0.5.
///
/// # Errors
///
/// If `p` is not from 0 to 1, and for integers in training. See PyTorch's `dropout`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1.0, 2.0]);
/// assert_eq!(F::dropout(&x, 0.5, false)?.to_vec1::<f32>()?, [1.0, 2.0]);
/// let kept = F::dropout(&x, 0.5, true)?.to_vec1::<f32>()?;
/// assert!([0.0, 2.0].contains(&kept[0]) && [0.0, 4.0].contains(&kept[1]));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn dropout(x: &Tensor, p: f64, training: bool) -> Result<Tensor> {
    dropout_named("F::dropout", x, p, training)
}

pub(crate) fn dropout_named(
    function: &'static str,
    x: &Tensor,
    p: f64,
    training: bool,
) -> Result<Tensor> {
    if !(0.0..=1.0).contains(&p) {
        return fail(
            function,
            format_args!(
                "dropout probability has to be between 0 and 1, but got {}",
                float_repr(p)
            ),
        );
    }
    if !training || p == 0.0 {
        return unchanged(x);
    }
    if !x.dtype().is_float() {
        return crate::error::wrong_dtype(function, "an input", x.dtype());
    }
    let kept = if p == 1.0 { vec![false; x.elem_count()] } else { coins(x.elem_count(), 1.0 - p) };
    let scale = if p == 1.0 { 0.0 } else { 1.0 / (1.0 - p) };
    op::apply(function, DropoutOp { kept, scale, shape: x.shape().clone() }, [x])
}

struct DropoutOp {
    kept: Vec<bool>,
    scale: f64,
    shape: Shape,
}

impl DropoutOp {
    fn scaled<T: WithDType>(&self, values: &[T]) -> Vec<T> {
        let scales = [T::zero(), T::from_f64(self.scale)];
        // A product, as in PyTorch: a dropped nan stays one.
        let scaled = |(value, kept): (&T, &bool)| *value * scales[usize::from(*kept)];
        loops::by_pieces(values.len(), PIECE, |index, out| {
            let pairs = values[index * PIECE..].iter().beside(&self.kept[index * PIECE..]);
            out.iter_mut().beside(pairs).for_each(|(out, pair)| *out = scaled(pair));
        })
    }
}

impl Op for DropoutOp {
    fn forward<T: WithDType>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        Ok((self.scaled(args[0]), self.shape.clone()))
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        Ok(vec![Some(self.scaled(call.grad))])
    }
}
