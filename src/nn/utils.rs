//! `nn::utils`: what is done to gradients between `backward` and a step, and parameters as one vector.
//!
//! PyTorch's functions end in an underscore, since they change gradients in place; both spellings
//! are here.

use std::collections::HashSet;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};

use crate::error::fail;
use crate::parameters::requires_grad;
use crate::tensor::parts;

pub use self::{clip_grad_norm as clip_grad_norm_, clip_grad_value as clip_grad_value_};

/// Scales gradients down so that their norm, as of one long vector, is `max_norm` at most; returns
/// the norm before.
///
/// ```text
/// g ← g · min(1, max_norm / (‖g‖ + 1e-6));  ‖g‖ = (Σ |g|^norm_type)^(1 / norm_type)
/// ```
///
/// # Shapes
///
/// The norm has no axes. Parameters without a gradient count as zeros.
///
/// # Defaults
///
/// PyTorch's `norm_type` is 2; `f64::INFINITY` is the largest element.
///
/// # Errors
///
/// If `max_norm` or `norm_type` is not positive.
///
/// *Differs from PyTorch* in that the gradients are in a `GradStore`, and that `error_if_nonfinite`
/// is missing: look at what it returns. See PyTorch's `clip_grad_norm_`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[3f32, 4.0], &Device::Cpu)?;
/// let mut grads = (w.sqr()?.sum_all()? / 2.0)?.backward()?;
/// let norm = nn::utils::clip_grad_norm(&[w.clone()], &mut grads, 1.0, 2.0)?;
/// assert_eq!(norm.to_scalar::<f32>()?, 5.0);
/// // A little less than the wanted norm, since nothing may divide by 0.
/// assert_eq!(grads.get(&w).unwrap().to_vec1::<f32>()?, [0.59999990, 0.79999983]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn clip_grad_norm(
    parameters: &[Var],
    grads: &mut GradStore,
    max_norm: f64,
    norm_type: f64,
) -> Result<Tensor> {
    const FUNCTION: &str = "nn::utils::clip_grad_norm";
    if max_norm.is_nan() || max_norm < 0.0 {
        return fail(FUNCTION, format_args!("max_norm must be positive, but is {max_norm}"));
    }
    if norm_type.is_nan() || norm_type <= 0.0 {
        return fail(FUNCTION, format_args!("norm_type must be positive, but is {norm_type}"));
    }
    let mut total = 0f64;
    let parameters = once_each(parameters);
    for grad in parameters.iter().filter_map(|var| grads.get(var)) {
        let grad = parts::values::<f64>(grad)?;
        for g in grad {
            total = match norm_type {
                f64::INFINITY if g.is_nan() => g,
                f64::INFINITY if total.is_nan() => total,
                f64::INFINITY => total.max(g.abs()),
                2.0 => total + g * g,
                _ => total + g.abs().powf(norm_type),
            };
        }
    }
    let norm = if norm_type == f64::INFINITY { total } else { total.powf(1.0 / norm_type) };
    let factor = (max_norm / (norm + 1e-6)).min(1.0);
    // A norm that is nan makes all gradients nan, as in PyTorch: nothing hides it.
    let factor = if norm.is_nan() { norm } else { factor };
    if factor != 1.0 {
        change(&parameters, grads, |grad| grad * factor)?;
    }
    let dtype = parameters.first().map_or(DType::F32, |var| var.dtype());
    Tensor::new(norm, &Device::Cpu)?.to_dtype(dtype)
}

/// Cuts every element of the gradients to the range from `-clip_value` to `clip_value`.
///
/// ```text
/// g ← max(-clip_value, min(g, clip_value))
/// ```
///
/// # Errors
///
/// If `clip_value` is negative.
///
/// *Differs from PyTorch* in that the gradients are in a `GradStore`. See PyTorch's
/// `clip_grad_value_`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[3f32, -0.25], &Device::Cpu)?;
/// let mut grads = w.sqr()?.sum_all()?.backward()?;
/// nn::utils::clip_grad_value(&[w.clone()], &mut grads, 1.0)?;
/// assert_eq!(grads.get(&w).unwrap().to_vec1::<f32>()?, [1.0, -0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn clip_grad_value(parameters: &[Var], grads: &mut GradStore, clip_value: f64) -> Result<()> {
    if clip_value.is_nan() || clip_value < 0.0 {
        return fail(
            "nn::utils::clip_grad_value",
            format_args!("clip_value must be positive, but is {clip_value}"),
        );
    }
    change(&once_each(parameters), grads, |grad| grad.clamp(-clip_value, clip_value))
}

/// All parameters as one long vector, one behind the other. See PyTorch's `parameters_to_vector`.
///
/// # Errors
///
/// If there are no parameters, or their dtypes differ.
///
/// ```
/// use akari::prelude::*;
/// let [a, b] = [Var::new(&[[1f32, 2.], [3., 4.]], &Device::Cpu)?, Var::new(&[5f32], &Device::Cpu)?];
/// let all = [a, b];
/// let vector = nn::utils::parameters_to_vector(&all)?;
/// assert_eq!(vector.to_vec1::<f32>()?, [1., 2., 3., 4., 5.]);
/// nn::utils::vector_to_parameters(&(vector * 10.0)?, &all)?;
/// assert_eq!(all[0].to_vec2::<f32>()?, [[10., 20.], [30., 40.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn parameters_to_vector(parameters: &[Var]) -> Result<Tensor> {
    const FUNCTION: &str = "nn::utils::parameters_to_vector";
    let Some(first) = parameters.first() else {
        return fail(FUNCTION, "there are no parameters");
    };
    if let Some(other) = parameters.iter().find(|var| var.dtype() != first.dtype()) {
        let (first, other) = (first.dtype(), other.dtype());
        return fail(FUNCTION, format_args!("the parameters are of {first:?} and {other:?}"));
    }
    let parts = parameters.iter().map(|var| var.flatten_all()).collect::<Result<Vec<_>>>()?;
    parts::joined(&parts, 0)
}

/// Writes the parts of a long vector into the parameters; the way back from [`parameters_to_vector`]. See PyTorch's
/// `vector_to_parameters`.
///
/// # Errors
///
/// If the vector is not as long as the parameters together; they are then as before.
pub fn vector_to_parameters(vector: &Tensor, parameters: &[Var]) -> Result<()> {
    let count = parameters.iter().map(|var| var.elem_count()).sum::<usize>();
    if vector.dims() != [count] {
        return fail(
            "nn::utils::vector_to_parameters",
            format_args!(
                "the vector has shape {:?}, but the parameters are {count} numbers",
                vector.dims()
            ),
        );
    }
    let mut begin = 0;
    for var in parameters {
        let part = vector.detach().narrow(0, begin, var.elem_count())?;
        var.set(&part.reshape(var.shape())?.to_dtype(var.dtype())?.copy()?)?;
        begin += var.elem_count();
    }
    Ok(())
}

/// The parameters that are trained, each of them once: a gradient that two layers share counts once and is scaled
/// once.
fn once_each(parameters: &[Var]) -> Vec<&Var> {
    let mut known = HashSet::new();
    parameters.iter().filter(|var| requires_grad(var) && known.insert(var.id())).collect()
}

fn change(
    parameters: &[&Var],
    grads: &mut GradStore,
    change: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<()> {
    for var in parameters {
        if let Some(grad) = grads.get(var) {
            let grad = change(&grad.detach())?;
            grads.insert(var, grad);
        }
    }
    Ok(())
}

/// `nn.utils.rnn`: sequences of different lengths in one tensor.
pub mod rnn {
    use candle_core::{Result, Tensor};

    use crate::error::fail;
    use crate::functional::pad;
    use crate::tensor::parts;

    /// Sequences of different lengths in one tensor, the shorter ones filled up with `padding_value`.
    ///
    /// PyTorch's defaults are `batch_first` false and `padding_value` 0.
    ///
    /// # Shapes
    ///
    /// From tensors of `(Lᵢ, ..)` to `(L, N, ..)`, or to `(N, L, ..)` with `batch_first`; `L` is the longest.
    ///
    /// # Errors
    ///
    /// If there is no sequence, or the other axes differ. See PyTorch's `nn.utils.rnn.pad_sequence`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let words = [tensor!([1., 2., 3.]), tensor!([4.])];
    /// let batch = nn::utils::rnn::pad_sequence(&words, true, 0.0)?;
    /// assert_eq!(batch.to_vec2::<f32>()?, [[1., 2., 3.], [4., 0., 0.]]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    pub fn pad_sequence(
        sequences: &[Tensor],
        batch_first: bool,
        padding_value: f64,
    ) -> Result<Tensor> {
        let function = "nn::utils::rnn::pad_sequence";
        let longest = sequences.iter().filter_map(|it| it.dims().first()).max();
        let Some(longest) = longest.copied() else {
            return fail(function, "received an empty list of sequences");
        };
        let padded = |sequence: &Tensor| {
            let [length, ..] = *sequence.dims() else {
                return fail(function, "a sequence has at least one axis");
            };
            let mut widths = vec![0; 2 * sequence.rank()];
            if let Some(end) = widths.last_mut() {
                *end = (longest - length) as i64;
            }
            pad(sequence, &widths, padding_value)
        };
        let all = sequences.iter().map(padded).collect::<Result<Vec<_>>>()?;
        let fits = |other: &&Tensor| other.dims() == all[0].dims();
        if let Some(other) = all.iter().find(|other| !fits(other)) {
            return fail(
                function,
                format_args!(
                    "the sequences must have equal axes behind the first one, but two are {:?} and {:?}",
                    all[0].dims(),
                    other.dims()
                ),
            );
        }
        parts::stacked(&all, usize::from(!batch_first))
    }
}
