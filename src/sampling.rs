//! PyTorch's draws beside `rand` and `randn`: permutations, coins, whole tensors in place.
//!
//! All numbers come from the one generator in `random`, so that `torch::manual_seed` repeats a run,
//! and, where PyTorch's own way is known, with PyTorch's very numbers.

use candle_core::{DType, Device, Result, Shape, Tensor, Var};
use rand_mt::Mt;

use crate::error::fail;
use crate::random::{fresh_seed, next_u32s, rand, randn};

/// The whole numbers from 0 up to `n - 1` in random order; `torch.randperm`, with its numbers.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// assert_eq!(torch::randperm(4)?.to_vec1::<i64>()?, [0, 1, 3, 2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn randperm(n: usize) -> Result<Tensor> {
    let order = shuffled(n, &mut next_u32s(n.saturating_sub(1)).into_iter());
    Tensor::from_vec(order.iter().map(|number| *number as i64).collect::<Vec<_>>(), n, &Device::Cpu)
}

/// Whole numbers from `low` up to, but not with, `high`; `torch.randint`, with its numbers.
///
/// # Errors
///
/// If there is no number in the range, or there are 2³² or more.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// assert_eq!(torch::randint(0, 10, 4)?.to_vec1::<i64>()?, [4, 9, 3, 0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn randint(low: i64, high: i64, shape: impl Into<Shape>) -> Result<Tensor> {
    let range = i128::from(high) - i128::from(low);
    if !(1..1 << 32).contains(&range) {
        return fail(
            "torch::randint",
            format_args!(
                "expects 'from' to be less than 'to', by less than 2^32, but found from={low} and to={high}"
            ),
        );
    }
    let shape = shape.into();
    let number = |number: u32| low + i64::from(number) % range as i64;
    let numbers = next_u32s(shape.elem_count()).into_iter().map(number).collect::<Vec<_>>();
    Tensor::from_vec(numbers, shape, &Device::Cpu)
}

/// The numbers up to `n` in the order of a shuffling data loader: PyTorch's, of an epoch of its own.
pub(crate) fn epoch_order(n: usize) -> Vec<usize> {
    // A loader draws a seed for its workers first, and then that of the order.
    fresh_seed();
    let mut twister = Mt::new(fresh_seed() as u32);
    shuffled(n, &mut std::iter::repeat_with(|| twister.next_u32()))
}

/// The order of [`randperm`] as indices.
pub(crate) fn permutation(n: usize) -> Vec<usize> {
    shuffled(n, &mut next_u32s(n.saturating_sub(1)).into_iter())
}

fn shuffled(n: usize, numbers: &mut dyn Iterator<Item = u32>) -> Vec<usize> {
    let mut order = (0..n).collect::<Vec<_>>();
    for (index, number) in (0..n.saturating_sub(1)).zip(numbers) {
        order.swap(index, index + number as usize % (n - index));
    }
    order
}

/// Fills a variable with uniform numbers from `low` up to `high`.
pub(crate) fn fill_uniform(var: &Var, low: f64, high: f64) -> Result<()> {
    let values = match var.dtype() {
        DType::F64 => {
            let number = |number: f64| number * (high - low) + low;
            let numbers = uniform_f64(var.elem_count()).into_iter().map(number);
            Tensor::from_vec(numbers.collect::<Vec<_>>(), var.shape(), var.device())?
        }
        _ => {
            let (low, high) = (low as f32, high as f32);
            let numbers = rand(var.shape())?.flatten_all()?.to_vec1::<f32>()?;
            let numbers =
                numbers.iter().map(|number| number * (high - low) + low).collect::<Vec<_>>();
            Tensor::from_vec(numbers, var.shape(), var.device())?
        }
    };
    var.set(&values.to_dtype(var.dtype())?)
}

/// Fills a variable with normal numbers.
pub(crate) fn fill_normal(var: &Var, mean: f64, deviation: f64) -> Result<()> {
    let values = randn(var.shape())?.to_dtype(DType::F64)?.affine(deviation, mean)?;
    var.set(&values.to_dtype(var.dtype())?)
}

/// For each of `count` coins, whether it fell on the side of probability `p`, as `torch.bernoulli`
/// draws them.
///
/// On Intel's processors PyTorch leaves the draw to MKL, which gives other coins.
pub(crate) fn coins(count: usize, p: f64) -> Vec<bool> {
    uniform_f64(count).into_iter().map(|number| number < p).collect()
}

/// Uniform numbers from 0 up to, but not with, 1.
pub(crate) fn uniform_f64(count: usize) -> Vec<f64> {
    let number = |pair: &[u32]| {
        let bits = u64::from(pair[0]) << 32 | u64::from(pair[1]);
        (bits & ((1 << 53) - 1)) as f64 / (1u64 << 53) as f64
    };
    next_u32s(2 * count).chunks_exact(2).map(number).collect()
}
