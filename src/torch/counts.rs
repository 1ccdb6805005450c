//! What numbers there are, and how often: distinct elements, counts of whole numbers, histograms.

use candle_core::{DType, Device, Result, Tensor, WithDType};

use super::keys::{self, Order};
use super::places::{Places, pick};
use crate::compute::any::any_tensor;
use crate::compute::beside::Beside;
use crate::compute::op::with_elements;
use crate::error::fail;
use crate::functional::transpose::contiguous;
use crate::tensor::parts;
use crate::tensor::size;

/// The distinct elements in ascending order, as a vector.
///
/// A nan equals nothing, so that each stays. [`unique_counts`] tells where and how often they are.
///
/// # Errors
///
/// If memory runs out. See PyTorch's `unique`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::unique(&tensor!([3, 1, 3, 2]))?.to_vec1::<i64>()?, [1, 2, 3]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn unique(x: &Tensor) -> Result<Tensor> {
    Ok(unique_counts(x)?.0)
}

/// The distinct elements in ascending order, for each element of `x` the index of its own among them, and how often
/// each is there.
///
/// # Errors
///
/// If memory runs out. See PyTorch's `unique(return_inverse=True, return_counts=True)`.
///
/// ```
/// use akari::prelude::*;
/// let (values, inverse, counts) = torch::unique_counts(&tensor!([3, 1, 3]))?;
/// assert_eq!(values.to_vec1::<i64>()?, [1, 3]);
/// assert_eq!(inverse.to_vec1::<i64>()?, [1, 0, 1]);
/// assert_eq!(counts.to_vec1::<i64>()?, [1, 2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn unique_counts(x: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    const NAME: &str = "torch::unique";
    let x = contiguous(&x.detach())?;
    let mut inverse = vec![0i64; x.elem_count()];
    let (firsts, counts) = any_tensor!(NAME, &x, xs => Ok(groups(xs, &mut inverse)))?;
    let count = firsts.len();
    let values = pick(NAME, &x, Places::distinct(firsts), count)?;
    let inverse = Tensor::from_vec(inverse, x.shape(), &Device::Cpu)?;
    Ok((values, inverse, Tensor::from_vec(counts, count, &Device::Cpu)?))
}

/// The first place of each distinct number and how often it is there; writes the index of its own for each number.
fn groups<T: WithDType>(xs: &[T], inverse: &mut [i64]) -> (Vec<usize>, Vec<i64>) {
    let order = keys::sorted(xs, Order::Ascending);
    let (mut firsts, mut counts) = (Vec::new(), Vec::new());
    for group in order.chunk_by(|a, b| xs[*a] == xs[*b]) {
        group.iter().for_each(|place| inverse[*place] = firsts.len() as i64);
        firsts.push(group[0]);
        counts.push(group.len() as i64);
    }
    (firsts, counts)
}

/// How often each whole number from 0 on is in a vector; `i64`. With `weights`, the sum of the weights of each.
///
/// # Shapes
///
/// `x` of `(n)`, `weights` as well; the result has as many elements as the largest number tells, or `minlength`.
///
/// # Errors
///
/// If `x` is no vector of whole numbers from 0 on, or the weights aren't as many. See PyTorch's `bincount`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::bincount(&tensor!([1, 1, 3]), None, 0)?.to_vec1::<i64>()?, [0, 2, 0, 1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn bincount(x: &Tensor, weights: Option<&Tensor>, minlength: usize) -> Result<Tensor> {
    const NAME: &str = "torch::bincount";
    if !x.dtype().is_int() {
        return fail(
            NAME,
            format_args!("not implemented for {:?}: needs whole numbers", x.dtype()),
        );
    }
    let numbers = parts::values::<i64>(x)?;
    if x.rank() != 1 || numbers.iter().any(|number| *number < 0) {
        return fail(NAME, "bincount only supports 1-d non-negative integral inputs.");
    }
    let largest = numbers.iter().max().map_or(0, |number| *number as usize + 1);
    let count = size::checked(NAME, &[largest.max(minlength)], size_of::<i64>())?;
    let Some(weights) = weights else {
        let mut counts = vec![0i64; count];
        numbers.iter().for_each(|number| counts[*number as usize] += 1);
        return Tensor::from_vec(counts, count, &Device::Cpu);
    };
    if weights.dims() != x.dims() {
        return fail(NAME, "weights should be 1-d and have the same length as input");
    }
    let mut sums = vec![0f64; count];
    let values = parts::values::<f64>(weights)?;
    numbers.iter().beside(values).for_each(|(number, weight)| sums[*number as usize] += weight);
    let dtype = if weights.dtype() == DType::F32 { DType::F32 } else { DType::F64 };
    Tensor::from_vec(sums, count, &Device::Cpu)?.to_dtype(dtype)
}

/// How many elements lie in each of `bins` ranges of one width between `min` and `max`.
///
/// The last range has both of its ends; what lies outside isn't counted. If both ends are 0, they are those of the
/// elements. The counts have the dtype of `x`.
///
/// # Errors
///
/// For integers, for no bins, and for ends that are in the wrong order or not finite. See PyTorch's `histc`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1., 2., 1., 4.]);
/// assert_eq!(torch::histc(&x, 4, 0.0, 4.0)?.to_vec1::<f32>()?, [0., 2., 1., 1.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn histc(x: &Tensor, bins: usize, min: f64, max: f64) -> Result<Tensor> {
    const NAME: &str = "torch::histc";
    if !x.dtype().is_float() {
        return fail(
            NAME,
            format_args!(
                "not implemented for {:?} (convert it with .to_dtype(DType::F32)?)",
                x.dtype()
            ),
        );
    }
    if bins == 0 {
        return fail(NAME, "bins must be > 0, but got 0");
    }
    let values = contiguous(&x.detach().to_dtype(DType::F64)?)?;
    let counts = with_elements(&values, |xs: &[f64]| {
        let (mut low, mut high) = (min, max);
        if min == max && !xs.is_empty() {
            // A nan passes to the ends, which are refused then.
            low = xs
                .iter()
                .fold(f64::INFINITY, |low, x| if *x < low || x.is_nan() { *x } else { low });
            high = xs
                .iter()
                .fold(-f64::INFINITY, |end, x| if *x > end || x.is_nan() { *x } else { end });
        }
        if !low.is_finite() || !high.is_finite() {
            return fail(NAME, format_args!("range of [{low}, {high}] is not finite"));
        }
        if low > high {
            return fail(NAME, "max must be larger than min");
        }
        if low == high {
            (low, high) = (low - 1.0, high + 1.0);
        }
        let mut counts = vec![0f64; bins];
        for x in xs.iter().filter(|x| (low..=high).contains(x)) {
            let bin = ((x - low) / (high - low) * bins as f64) as usize;
            counts[bin.min(bins - 1)] += 1.0;
        }
        Ok(counts)
    })?;
    Tensor::from_vec(counts, bins, &Device::Cpu)?.to_dtype(x.dtype())
}
