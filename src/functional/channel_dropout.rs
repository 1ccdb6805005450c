//! Dropout of whole channels, and the one that keeps mean and variance.

use candle_core::{Result, Tensor};

use super::arithmetic::{add, mul};
use crate::error::{fail, wrong_dtype};
use crate::print::python::float_repr;
use crate::sampling::coins;
use crate::tensor::copy::unchanged;

/// Sets whole channels of images to 0 with probability `p` in training, and scales up the others.
///
/// ```text
/// y[n, c] = x[n, c] / (1 - p) with probability 1 - p, else 0        in training
/// y = x                                                             otherwise
/// ```
///
/// PyTorch's default `p` is 0.5.
///
/// # Shapes
///
/// `(N, C, ..)`.
///
/// # Errors
///
/// If `p` is not from 0 to 1, for fewer than two axes, and for integers in training. See PyTorch's `dropout2d`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::dropout2d(&torch::rand((1, 8, 2, 2))?, 0.5, true)?;
/// let sums = y.flatten_from(2)?.sum(2)?.to_vec2::<f32>()?;
/// assert!(sums[0].iter().all(|sum| *sum >= 0.0));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn dropout2d(x: &Tensor, p: f64, training: bool) -> Result<Tensor> {
    channel_dropout("F::dropout2d", x, p, training)
}

/// Sets whole channels of sequences to 0; see [`dropout2d`].
///
/// # Shapes
///
/// `(N, C, L)` or `(C, L)`.
///
/// # Errors
///
/// As [`dropout2d`]. See PyTorch's `dropout1d`.
///
/// ```
/// use akari::prelude::*;
/// let x = torch::rand((4, 3))?;
/// assert_eq!(F::dropout1d(&x, 0.5, false)?.to_vec2::<f32>()?, x.to_vec2::<f32>()?);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn dropout1d(x: &Tensor, p: f64, training: bool) -> Result<Tensor> {
    dropout1d_named("F::dropout1d", x, p, training)
}

pub(crate) fn dropout1d_named(
    function: &'static str,
    x: &Tensor,
    p: f64,
    training: bool,
) -> Result<Tensor> {
    match x.rank() {
        2 => channel_dropout(function, &x.unsqueeze(0)?, p, training)?.squeeze(0),
        _ => channel_dropout(function, x, p, training),
    }
}

/// Sets numbers to the lower end of SELU with probability `p` in training, and shifts and scales all so that mean and
/// variance stay.
///
/// ```text
/// y = a x + b with probability 1 - p, else a α' + b        in training
/// α' = -1.758.., a = 1 / √((α'² p + 1) (1 - p)), b = -a p α'
/// ```
///
/// PyTorch's default `p` is 0.5.
///
/// # Errors
///
/// If `p` is not from 0 to 1, and for integers in training. See PyTorch's `alpha_dropout`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1.0, 2.0]);
/// assert_eq!(F::alpha_dropout(&x, 0.5, false)?.to_vec1::<f32>()?, [1.0, 2.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn alpha_dropout(x: &Tensor, p: f64, training: bool) -> Result<Tensor> {
    alpha_dropout_named("F::alpha_dropout", x, p, training)
}

pub(crate) fn alpha_dropout_named(
    function: &'static str,
    x: &Tensor,
    p: f64,
    training: bool,
) -> Result<Tensor> {
    /// The lower end of SELU, its sign turned.
    const ALPHA: f64 = 1.758_099_340_847_376_6;
    check(function, x, p, training)?;
    if !training || p == 0.0 || x.elem_count() == 0 {
        return unchanged(x);
    }
    if p == 1.0 {
        return mul(x, 0.0);
    }
    let a = 1.0 / ((ALPHA * ALPHA * p + 1.0) * (1.0 - p)).sqrt();
    let kept = coins(x.elem_count(), 1.0 - p);
    let numbers = |kept_value: f64, dropped: f64| {
        let number = |kept: &bool| if *kept { kept_value } else { dropped };
        let values = kept.iter().map(number).collect::<Vec<_>>();
        Tensor::from_vec(values, x.shape(), x.device())?.to_dtype(x.dtype())
    };
    let shift = ALPHA * a * p;
    add(&mul(x, &numbers(a, 0.0)?)?, &numbers(shift, shift - ALPHA * a)?)
}

pub(crate) fn channel_dropout(
    function: &'static str,
    x: &Tensor,
    p: f64,
    training: bool,
) -> Result<Tensor> {
    check(function, x, p, training)?;
    let [images, channels, ref area @ ..] = *x.dims() else {
        return fail(
            function,
            format_args!(
                "Feature dropout requires at least 2 dimensions in the input, but its shape is {:?}",
                x.dims()
            ),
        );
    };
    if !training || p == 0.0 || x.elem_count() == 0 {
        return unchanged(x);
    }
    if p == 1.0 {
        return mul(x, 0.0);
    }
    let scale = |kept: bool| if kept { 1.0 / (1.0 - p) } else { 0.0 };
    let scales = coins(images * channels, 1.0 - p).into_iter().map(scale).collect::<Vec<_>>();
    let shape = [&[images, channels], vec![1; area.len()].as_slice()].concat();
    mul(x, &Tensor::from_vec(scales, shape, x.device())?.to_dtype(x.dtype())?)
}

fn check(function: &str, x: &Tensor, p: f64, training: bool) -> Result<()> {
    if !(0.0..=1.0).contains(&p) {
        return fail(
            function,
            format_args!(
                "dropout probability has to be between 0 and 1, but got {}",
                float_repr(p)
            ),
        );
    }
    if training && p > 0.0 && !x.dtype().is_float() {
        return wrong_dtype(function, "an input", x.dtype());
    }
    Ok(())
}
