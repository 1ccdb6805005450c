//! Random tensors of other distributions than `rand` and `randn`, with PyTorch's very numbers.
//!
//! On Intel's processors PyTorch leaves some of these draws to MKL, which gives others.

use candle_core::{DType, Device, Result, Shape, Tensor};

use super::order::topk;
use crate::compute::beside::Beside;
use crate::compute::op::with_elements;
use crate::error::{fail, wrong_dtype};
use crate::functional::transpose::contiguous;
use crate::random::{
    FRACTIONS, Normal, PROCESS, exponentials, floats, normals, normals_for_halves,
};
use crate::sampling::weighted;
use crate::tensor::literal::to_f64;
use crate::tensor::scalar::IntoScalar;
use crate::tensor::size;

/// Uniform numbers from 0 up to, but not with, 1, in the shape and dtype of `x`. See PyTorch's `rand_like`.
///
/// # Errors
///
/// For integers.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::rand_like(&tensor!([1., 2.]))?.dims(), [2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn rand_like(x: &Tensor) -> Result<Tensor> {
    let count = x.elem_count();
    match x.dtype() {
        DType::F64 => Tensor::from_vec(floats::<f64, _>(count, FRACTIONS), x.shape(), &Device::Cpu),
        DType::F32 => Tensor::from_vec(floats::<f32, _>(count, FRACTIONS), x.shape(), &Device::Cpu),
        dtype => wrong_dtype("torch::rand_like", "an input", dtype),
    }
}

/// Standard normal numbers in the shape and dtype of `x`. See PyTorch's `randn_like`.
///
/// # Errors
///
/// For integers.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::randn_like(&tensor!([1., 2.]))?.dims(), [2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn randn_like(x: &Tensor) -> Result<Tensor> {
    let standard = Normal { mean: 0.0, deviation: 1.0 };
    normal_as("torch::randn_like", x.shape(), x.dtype(), standard)
}

fn normal_as(function: &str, shape: &Shape, dtype: DType, normal: Normal) -> Result<Tensor> {
    let count = size::checked(function, shape.dims(), size_of::<f64>())?;
    match dtype {
        DType::F64 => Tensor::from_vec(normals::<f64>(count, normal), shape, &Device::Cpu),
        DType::F32 => Tensor::from_vec(normals::<f32>(count, normal), shape, &Device::Cpu),
        DType::F16 | DType::BF16 => {
            Tensor::from_vec(normals_for_halves(count, normal), shape, &Device::Cpu)?
                .to_dtype(dtype)
        }
        dtype => wrong_dtype(function, "an input", dtype),
    }
}

/// Normal `f32` numbers of a mean and a standard deviation; `torch.normal`, with its numbers.
///
/// # Errors
///
/// If the deviation is negative.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let noise = torch::normal(0, 0.01, (3, 2))?;
/// assert_eq!(noise.dims(), [3, 2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn normal(
    mean: impl IntoScalar,
    std: impl IntoScalar,
    shape: impl Into<Shape>,
) -> Result<Tensor> {
    normal_of(to_f64(mean.scalar()), to_f64(std.scalar()), shape.into())
}

fn normal_of(mean: f64, deviation: f64, shape: Shape) -> Result<Tensor> {
    const NAME: &str = "torch::normal";
    if deviation < 0.0 {
        return fail(NAME, format_args!("normal expects std >= 0.0, but found std {deviation}"));
    }
    normal_as(NAME, &shape, DType::F32, Normal { mean, deviation })
}

/// For each probability, 1 with it and else 0, in its dtype; `torch.bernoulli`, with its draws.
///
/// # Errors
///
/// For integers, and for what is no probability.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::bernoulli(&tensor!([0.0, 1.0]))?.to_vec1::<f32>()?, [0.0, 1.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn bernoulli(p: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::bernoulli";
    if !p.dtype().is_float() {
        return wrong_dtype(NAME, "probabilities", p.dtype());
    }
    let wide = contiguous(&p.detach().to_dtype(DType::F64)?)?;
    let coins = with_elements(&wide, |ps: &[f64]| {
        if !ps.iter().all(|p| (0.0..=1.0).contains(p)) {
            return fail(NAME, "Expected p_in >= 0 && p_in <= 1 to be true, but got false.");
        }
        let draws: Vec<f64> = match p.dtype() {
            DType::F64 => floats::<f64, _>(ps.len(), FRACTIONS),
            _ => floats::<f32, _>(ps.len(), FRACTIONS).into_iter().map(f64::from).collect(),
        };
        let coin = |(p, draw): (&f64, f64)| f64::from(u8::from(draw < *p));
        Ok(ps.iter().beside(draws).map(coin).collect::<Vec<_>>())
    })?;
    Tensor::from_vec(coins, p.shape(), &Device::Cpu)?.to_dtype(p.dtype())
}

/// `n` class numbers for each row of weights, each class as likely as its weight; `torch.multinomial`, with its draws.
///
/// # Shapes
///
/// `probs` of `(c)` or `(rows, c)`, not negative, of any sum; the `i64` result has `(n)` or `(rows, n)`. Without
/// `replacement`, no class comes twice.
///
/// # Errors
///
/// If `probs` has other shapes, integers, negative numbers, nan or infinities, or rows that are 0, and for more draws
/// than classes without `replacement`.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let classes = torch::multinomial(&tensor!([0.0, 3.0, 0.0]), 2, true)?;
/// assert_eq!(classes.to_vec1::<i64>()?, [1, 1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn multinomial(probs: &Tensor, n: usize, replacement: bool) -> Result<Tensor> {
    const NAME: &str = "torch::multinomial";
    let (1 | 2, Some(classes)) = (probs.rank(), probs.dims().last().copied()) else {
        return fail(NAME, "prob_dist must be 1 or 2 dim");
    };
    if !probs.dtype().is_float() {
        return fail(
            NAME,
            format_args!(
                "multinomial only supports floating-point dtypes for input, got: {:?}",
                probs.dtype()
            ),
        );
    }
    if n == 0 {
        return fail(NAME, "cannot sample n_sample <= 0 samples");
    }
    if !replacement && n > classes {
        return fail(
            NAME,
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement",
        );
    }
    let probs = contiguous(&probs.detach())?;
    let wide = probs.to_dtype(DType::F64)?;
    with_elements(&wide, |ps: &[f64]| check_weights(ps, classes))?;
    if !replacement || n == 1 {
        // Each weight over an exponential number: the largest are a draw without replacement.
        let draws = exponentials(NAME, probs.shape(), probs.dtype())?;
        return Ok(topk(&(probs / draws)?, n, -1, true, true)?.1);
    }
    let mut shape = probs.dims().to_vec();
    shape.truncate(probs.rank() - 1);
    shape.push(n);
    let rounds = |sum: f64| if probs.dtype() == DType::F64 { sum } else { f64::from(sum as f32) };
    let drawn = with_elements(&wide, |ps: &[f64]| {
        let rows = ps.chunks(classes.max(1));
        let places = rows.flat_map(|row| weighted(row, n, rounds, PROCESS));
        Ok(places.map(|place| place as i64).collect::<Vec<_>>())
    })?;
    Tensor::from_vec(drawn, shape, &Device::Cpu)
}

fn check_weights(ps: &[f64], classes: usize) -> Result<()> {
    const NAME: &str = "torch::multinomial";
    if !ps.iter().all(|p| p.is_finite() && *p >= 0.0) {
        return fail(NAME, "probability tensor contains either `inf`, `nan` or element < 0");
    }
    if ps.chunks(classes.max(1)).any(|row| row.iter().all(|p| *p == 0.0)) {
        return fail(NAME, "invalid multinomial distribution (sum of probabilities <= 0)");
    }
    Ok(())
}
