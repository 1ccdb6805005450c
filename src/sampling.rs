//! PyTorch's draws beside `rand` and `randn`: permutations, coins, whole tensors in place.
//!
//! All numbers come from the one generator in `random`, so that `torch::manual_seed` repeats a run,
//! and, where PyTorch's own way is known, with PyTorch's very numbers.

use candle_core::{DType, Device, Result, Shape, Tensor, Var};

use crate::error::fail;
use crate::random::{
    Coin, FRACTIONS, Normal, PROCESS, Source, Uniform, Whole, WideWhole, Words, floats, normals,
    normals_for_halves, others,
};
use crate::tensor::size;

/// From this range on PyTorch draws whole numbers, and from this length on permutations, of 64 bits.
const WIDE_RANGE: u64 = 1 << 28;
const WIDE_LENGTH: usize = u32::MAX as usize / 20;

/// The whole numbers from 0 up to `n - 1` in random order; `torch.randperm`, with its numbers.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// assert_eq!(torch::randperm(4)?.to_vec1::<i64>()?, [0, 1, 3, 2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn randperm(n: usize) -> Result<Tensor> {
    size::checked("torch::randperm", &[n], size_of::<i64>())?;
    let mut order = (0..n as i64).collect::<Vec<_>>();
    shuffle(&mut order, PROCESS);
    Tensor::from_vec(order, n, &Device::Cpu)
}

/// Whole numbers from `low` up to, but not with, `high`; `torch.randint`, with its numbers.
///
/// # Errors
///
/// If there is no number in the range.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// assert_eq!(torch::randint(0, 10, 4)?.to_vec1::<i64>()?, [4, 9, 3, 0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn randint(low: i64, high: i64, shape: impl Into<Shape>) -> Result<Tensor> {
    whole_numbers(low, high, shape.into())
}

fn whole_numbers(low: i64, high: i64, shape: Shape) -> Result<Tensor> {
    if low >= high {
        return fail(
            "torch::randint",
            format_args!(
                "random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
            ),
        );
    }
    let count = size::checked("torch::randint", shape.dims(), size_of::<i64>())?;
    let range = high.abs_diff(low);
    let numbers = if range < WIDE_RANGE {
        others(count, Whole { low, range: range as u32 })
    } else {
        others(count, WideWhole { low, range })
    };
    Tensor::from_vec(numbers, shape, &Device::Cpu)
}

/// `count` places among the weights, each drawn as if it were the first: where a uniform number falls among the running
/// sums of the weights, over their whole sum. `rounded` rounds the sums to the dtype in which PyTorch adds them.
pub(crate) fn weighted(
    weights: &[f64],
    count: usize,
    rounded: impl Fn(f64) -> f64,
    source: Source,
) -> Vec<usize> {
    let mut sum = 0.0;
    let sums = weights.iter().map(|weight| {
        sum = rounded(sum + weight);
        sum
    });
    let sums = sums.collect::<Vec<_>>();
    let mut shares = sums.iter().map(|part| rounded(part / sum)).collect::<Vec<_>>();
    if let Some(last) = shares.last_mut() {
        // Rounding leaves no gap at the end.
        *last = 1.0;
    }
    let draws = source.floats::<f64, _>(count, FRACTIONS).into_iter();
    draws.map(|draw| shares.partition_point(|share| *share < draw)).collect()
}

/// The order of [`randperm`] as indices.
pub(crate) fn permutation(n: usize, source: Source) -> Vec<usize> {
    let mut order = (0..n).collect::<Vec<_>>();
    shuffle(&mut order, source);
    order
}

/// `count` of the numbers up to `n`, each drawn as if it were the first.
pub(crate) fn indices(n: usize, count: usize, source: Source) -> Vec<usize> {
    let range = n as u64;
    let numbers: Vec<i64> = if range < WIDE_RANGE {
        source.others(count, Whole { low: 0, range: range as u32 })
    } else {
        source.others(count, WideWhole { low: 0, range })
    };
    numbers.into_iter().map(|number| number as usize).collect()
}

/// Brings numbers into random order.
fn shuffle<T>(numbers: &mut [T], source: Source) {
    let count = numbers.len().saturating_sub(1);
    if numbers.len() < WIDE_LENGTH {
        swap_by(numbers, &source.others::<u32, _>(count, Words));
    } else {
        swap_by(numbers, &source.others::<u64, _>(count, Words));
    }
}

/// Swaps each number but the last with one of those from its own place on.
fn swap_by<T, W: Copy + Into<u64>>(numbers: &mut [T], words: &[W]) {
    for (index, word) in words.iter().enumerate() {
        let left = (numbers.len() - index) as u64;
        numbers.swap(index, index + ((*word).into() % left) as usize);
    }
}

/// Uniform `f32` numbers as a variable.
pub(crate) fn uniform_var(shape: &[usize], low: f64, high: f64) -> Result<Var> {
    let count = size::checked("nn::init", shape, size_of::<f32>())?;
    Var::from_vec(floats::<f32, _>(count, Uniform { low, high }), shape, &Device::Cpu)
}

/// Fills a variable with uniform numbers from `low` up to `high`.
pub(crate) fn fill_uniform(var: &Var, low: f64, high: f64) -> Result<()> {
    let (count, shape, device) = (var.elem_count(), var.shape(), var.device());
    let recipe = Uniform { low, high };
    let values = match var.dtype() {
        DType::F64 => Tensor::from_vec(floats::<f64, _>(count, recipe), shape, device)?,
        DType::F32 => Tensor::from_vec(floats::<f32, _>(count, recipe), shape, device)?,
        dtype => {
            let values = Tensor::from_vec(floats::<f32, _>(count, recipe), shape, device)?;
            let values = values.to_dtype(dtype)?;
            // A number that is rounded up to the end becomes the beginning, as in PyTorch.
            let bound = |value| Tensor::full(value as f32, shape, device)?.to_dtype(dtype);
            values.ge(&bound(high)?)?.where_cond(&bound(low)?, &values)?
        }
    };
    var.set(&values)
}

/// Fills a variable with normal numbers.
pub(crate) fn fill_normal(var: &Var, mean: f64, deviation: f64) -> Result<()> {
    let (count, shape, device) = (var.elem_count(), var.shape(), var.device());
    let normal = Normal { mean, deviation };
    let values = match var.dtype() {
        DType::F64 => Tensor::from_vec(normals::<f64>(count, normal), shape, device)?,
        DType::F32 => Tensor::from_vec(normals::<f32>(count, normal), shape, device)?,
        dtype => {
            Tensor::from_vec(normals_for_halves(count, normal), shape, device)?.to_dtype(dtype)?
        }
    };
    var.set(&values)
}

/// For each of `count` coins, whether it fell on the side of probability `p`, as `torch.bernoulli`
/// draws them.
///
/// On Intel's processors PyTorch leaves the draw to MKL, which gives other coins.
pub(crate) fn coins(count: usize, p: f64) -> Vec<bool> {
    others(count, Coin(p))
}

/// One number as `torch.rand(1)` draws it.
pub(crate) fn uniform_f32() -> f32 {
    floats::<f32, _>(1, FRACTIONS)[0]
}

/// Uniform numbers from 0 up to, but not with, 1.
pub(crate) fn uniform_f64(count: usize) -> Vec<f64> {
    floats(count, FRACTIONS)
}
