//! Tensors made of shapes and numbers, in PyTorch's dtypes: `f32` unless the numbers are whole.
//!
//! Random ones are in `draws.rs`; triangles, diagonals and grids in `grids.rs`.

use candle_core::{DType, Device, Result, Shape, Tensor};

use crate::error::fail;
use crate::functional::Pair;
use crate::tensor::literal::{Scalar, to_f64, to_i64};
use crate::tensor::scalar::IntoScalar;
use crate::tensor::size;

/// A tensor of zeros, `f32`. See PyTorch's `zeros`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::zeros((2, 2))?.to_vec2::<f32>()?, [[0., 0.], [0., 0.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn zeros(shape: impl Into<Shape>) -> Result<Tensor> {
    filled("torch::zeros", shape.into(), Scalar::Float(0.0))
}

/// A tensor of ones, `f32`. See PyTorch's `ones`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::ones(3)?.to_vec1::<f32>()?, [1., 1., 1.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn ones(shape: impl Into<Shape>) -> Result<Tensor> {
    filled("torch::ones", shape.into(), Scalar::Float(1.0))
}

/// A tensor whose elements all are `value`: `i64` if it is whole, else `f32`. See PyTorch's `full`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::full(2, 0.5)?.to_vec1::<f32>()?, [0.5, 0.5]);
/// assert_eq!(torch::full(2, 7)?.to_vec1::<i64>()?, [7, 7]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn full(shape: impl Into<Shape>, value: impl IntoScalar) -> Result<Tensor> {
    filled("torch::full", shape.into(), value.scalar())
}

/// A tensor whose elements nobody has set, `f32`; here they are zeros. See PyTorch's `empty`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::empty((2, 3))?.dims(), [2, 3]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn empty(shape: impl Into<Shape>) -> Result<Tensor> {
    filled("torch::empty", shape.into(), Scalar::Float(0.0))
}

fn filled(function: &str, shape: Shape, value: Scalar) -> Result<Tensor> {
    let bytes = if matches!(value, Scalar::Float(_)) { 4 } else { 8 };
    let count = size::checked(function, shape.dims(), bytes)?;
    match value {
        Scalar::Float(value) => Tensor::from_vec(vec![value as f32; count], shape, &Device::Cpu),
        Scalar::Integer(value) => Tensor::from_vec(vec![value; count], shape, &Device::Cpu),
        Scalar::Bool(value) => Tensor::from_vec(vec![u8::from(value); count], shape, &Device::Cpu),
    }
}

/// Zeros in the shape and dtype of `x`. See PyTorch's `zeros_like`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::zeros_like(&tensor!([3, 4]))?.to_vec1::<i64>()?, [0, 0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn zeros_like(x: &Tensor) -> Result<Tensor> {
    Tensor::zeros(x.shape(), x.dtype(), x.device())
}

/// Ones in the shape and dtype of `x`. See PyTorch's `ones_like`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::ones_like(&tensor!([3., 4.]))?.to_vec1::<f32>()?, [1., 1.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn ones_like(x: &Tensor) -> Result<Tensor> {
    Tensor::ones(x.shape(), x.dtype(), x.device())
}

/// `value` for each element of `x`, in its shape and dtype. See PyTorch's `full_like`.
///
/// # Errors
///
/// If the dtype of `x` has no such number.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::full_like(&tensor!([1., 2.]), 7)?.to_vec1::<f32>()?, [7., 7.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn full_like(x: &Tensor, value: impl IntoScalar) -> Result<Tensor> {
    full_as("torch::full_like", x.shape(), x.dtype(), value.scalar())
}

/// A tensor of one number in a dtype, which must be able to hold it.
pub(super) fn full_as(
    function: &str,
    shape: &Shape,
    dtype: DType,
    value: Scalar,
) -> Result<Tensor> {
    let one = number(function, dtype, value)?;
    one.broadcast_as(shape)?.force_contiguous()
}

/// The number as a tensor without axes.
pub(super) fn number(function: &str, dtype: DType, value: Scalar) -> Result<Tensor> {
    if dtype.is_float() {
        return Tensor::new(to_f64(value), &Device::Cpu)?.to_dtype(dtype);
    }
    let whole = to_i64(value);
    let range = match dtype {
        DType::U8 => 0..=i64::from(u8::MAX),
        DType::U32 => 0..=i64::from(u32::MAX),
        DType::I16 => i64::from(i16::MIN)..=i64::from(i16::MAX),
        DType::I32 => i64::from(i32::MIN)..=i64::from(i32::MAX),
        _ => i64::MIN..=i64::MAX,
    };
    if !range.contains(&whole) || to_f64(value).is_nan() {
        return fail(
            function,
            format_args!("value cannot be converted to type {dtype:?} without overflow"),
        );
    }
    Tensor::new(whole, &Device::Cpu)?.to_dtype(dtype)
}

/// A matrix with ones on its diagonal and zeros elsewhere, `f32`: `n` for a square one, or `(rows, columns)`.
///
/// See PyTorch's `eye`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::eye(2)?.to_vec2::<f32>()?, [[1., 0.], [0., 1.]]);
/// assert_eq!(torch::eye((1, 2))?.to_vec2::<f32>()?, [[1., 0.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn eye(n: impl Into<Pair>) -> Result<Tensor> {
    identity(n.into())
}

fn identity(Pair { height, width }: Pair) -> Result<Tensor> {
    let count = size::checked("torch::eye", &[height, width], size_of::<f32>())?;
    let mut values = vec![0f32; count];
    values.iter_mut().step_by(width + 1).take(height).for_each(|value| *value = 1.0);
    Tensor::from_vec(values, (height, width), &Device::Cpu)
}

/// The numbers from `start` up to, but not with, `end`: `i64` if all three are whole, else `f32`.
///
/// ```text
/// start, start + step, start + 2 step, ..        ⌈(end - start) / step⌉ numbers
/// ```
///
/// Each float is computed from its place and rounded once, as PyTorch does at the least. See PyTorch's `arange`.
///
/// # Errors
///
/// If the step is 0, or leads away from `end`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::arange(0, 5, 2)?.to_vec1::<i64>()?, [0, 2, 4]);
/// assert_eq!(torch::arange(1.0, 0.0, -0.25)?.to_vec1::<f32>()?, [1.0, 0.75, 0.5, 0.25]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn arange(
    start: impl IntoScalar,
    end: impl IntoScalar,
    step: impl IntoScalar,
) -> Result<Tensor> {
    range([start.scalar(), end.scalar(), step.scalar()])
}

fn range(scalars: [Scalar; 3]) -> Result<Tensor> {
    const NAME: &str = "torch::arange";
    let [start, end, step] = scalars.map(to_f64);
    if step == 0.0 {
        return fail(NAME, "step must be nonzero");
    }
    if !start.is_finite() || !end.is_finite() || step.is_nan() {
        return fail(NAME, format_args!("unsupported range: {start} -> {end}"));
    }
    if (end > start && step < 0.0) || (end < start && step > 0.0) {
        return fail(
            NAME,
            format_args!(
                "upper bound and lower bound inconsistent with step sign: {start} -> {end} in steps of {step}"
            ),
        );
    }
    if scalars.iter().any(|it| matches!(it, Scalar::Float(_))) {
        let count = ((end - start) / step).ceil() as usize;
        let count = size::checked(NAME, &[count], size_of::<f32>())?;
        let values = (0..count).map(|index| (start + step * index as f64) as f32);
        return Tensor::from_vec(values.collect::<Vec<_>>(), count, &Device::Cpu);
    }
    let [start, end, step] = scalars.map(to_i64);
    let count = end.abs_diff(start).div_ceil(step.unsigned_abs());
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let count = size::checked(NAME, &[count], size_of::<i64>())?;
    // The last number lies before `end`, so that none wraps.
    let values = (0..count as i64).map(|index| start.wrapping_add(step.wrapping_mul(index)));
    Tensor::from_vec(values.collect::<Vec<_>>(), count, &Device::Cpu)
}

/// `steps` numbers at equal distances, from `start` to `end`, both included; `f32`.
///
/// ```text
/// y_i = start + i (end - start) / (steps - 1)
/// ```
///
/// Computed in `f64` and rounded once. See PyTorch's `linspace`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::linspace(0, 1, 5)?.to_vec1::<f32>()?, [0.0, 0.25, 0.5, 0.75, 1.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn linspace(start: impl IntoScalar, end: impl IntoScalar, steps: usize) -> Result<Tensor> {
    spaced("torch::linspace", [start.scalar(), end.scalar()], steps, None)
}

/// `steps` powers of `base`, whose exponents are at equal distances from `start` to `end`; `f32`.
///
/// ```text
/// y_i = base^(start + i (end - start) / (steps - 1))
/// ```
///
/// See PyTorch's `logspace`, whose default base is 10.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::logspace(0, 2, 3, 10)?.to_vec1::<f32>()?, [1., 10., 100.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn logspace(
    start: impl IntoScalar,
    end: impl IntoScalar,
    steps: usize,
    base: impl IntoScalar,
) -> Result<Tensor> {
    let ends = [start.scalar(), end.scalar()];
    spaced("torch::logspace", ends, steps, Some(to_f64(base.scalar())))
}

fn spaced(function: &str, ends: [Scalar; 2], steps: usize, base: Option<f64>) -> Result<Tensor> {
    let [start, end] = ends.map(to_f64);
    let count = size::checked(function, &[steps], size_of::<f32>())?;
    let step = (end - start) / (count as f64 - 1.0);
    // Both halves begin at their own end, so that both ends are exact.
    let at = |index: usize| {
        if index < count / 2 || count == 1 {
            start + if index == 0 { 0.0 } else { step * index as f64 }
        } else {
            end - step * (count - index - 1) as f64
        }
    };
    let value = |index| base.map_or(at(index), |base| base.powf(at(index))) as f32;
    Tensor::from_vec((0..count).map(value).collect::<Vec<_>>(), count, &Device::Cpu)
}
