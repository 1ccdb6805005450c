//! Examples as two tensors, and parts of them.
//!
//! `loader.rs` cuts a set into batches; `digits.rs` and `shapes.rs` make sets.

use candle_core::{DType, Device, Result, Tensor};

use crate::error::{fail, fail_index, fail_shape};
use crate::sampling::permutation;

/// Examples `x` and what is to be learned of them, `y`, as two tensors of the same length.
///
/// # Errors
///
/// If the tensors have no first axis, or their first axes differ. See PyTorch's `TensorDataset`.
///
/// ```
/// use akari::prelude::*;
/// let set = data::TensorDataset::new(&tensor!([[1.], [2.], [3.]]), &tensor!([0, 1, 0]))?;
/// let (x, y) = set.get(1)?;
/// assert_eq!((set.len(), x.to_vec1::<f32>()?, y.to_scalar::<i64>()?), (3, vec![2.0], 1));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TensorDataset {
    /// The examples, along the first axis.
    pub x: Tensor,
    /// The targets of the examples, along the first axis.
    pub y: Tensor,
}

impl TensorDataset {
    /// The examples `x` with their targets `y`.
    ///
    /// # Errors
    ///
    /// If the tensors have no first axis, or their first axes differ.
    pub fn new(x: &Tensor, y: &Tensor) -> Result<Self> {
        if x.rank() == 0 || y.rank() == 0 || x.dims()[0] != y.dims()[0] {
            return fail_shape(
                "data::TensorDataset",
                format_args!("Size mismatch between tensors: {:?} and {:?}", x.dims(), y.dims()),
            );
        }
        // Each batch would copy the whole of a tensor that is not contiguous.
        Ok(TensorDataset { x: x.contiguous()?, y: y.contiguous()? })
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.x.dims()[0]
    }

    /// Whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One example and its target.
    ///
    /// # Errors
    ///
    /// If there are no more than `index` examples.
    pub fn get(&self, index: usize) -> Result<(Tensor, Tensor)> {
        if index >= self.len() {
            return fail_index(
                "data::TensorDataset",
                format_args!("index {index} is out of range for {} examples", self.len()),
            );
        }
        Ok((self.x.get(index)?, self.y.get(index)?))
    }

    /// The examples with these numbers, in this order.
    pub(super) fn select(&self, indices: &[usize]) -> Result<TensorDataset> {
        let numbers = indices.iter().map(|index| *index as u32).collect::<Vec<_>>();
        let numbers = Tensor::from_vec(numbers, indices.len(), &Device::Cpu)?;
        let rows = |tensor: &Tensor| -> Result<Tensor> {
            if indices.is_empty() {
                return tensor.narrow(0, 0, 0);
            }
            tensor.contiguous()?.index_select(&numbers, 0)
        };
        Ok(TensorDataset { x: rows(&self.x)?, y: rows(&self.y)? })
    }
}

/// Deals the examples out at random to parts of these sizes.
///
/// Sizes are counts that add up to the set's, or shares that add up to 1, as in PyTorch, which deals
/// out the same examples after the same seed. See PyTorch's `random_split`.
///
/// # Errors
///
/// If the sizes don't add up.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let (x, y) = data::moons(100, 0.1)?;
/// let set = data::TensorDataset::new(&x, &y)?;
/// let [train, test] = data::random_split(&set, [0.8, 0.2])?;
/// assert_eq!((train.len(), test.len()), (80, 20));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn random_split<const N: usize>(
    set: &TensorDataset,
    sizes: [f64; N],
) -> Result<[TensorDataset; N]> {
    let function = "data::random_split";
    if sizes.iter().any(|size| !(0.0..=9e15).contains(size)) {
        return fail(
            function,
            format_args!("sizes must be counts or shares, but they are {sizes:?}"),
        );
    }
    let total = sizes.iter().sum::<f64>();
    let len = set.len();
    let mut counts = sizes.map(|size| size as usize);
    if (total - 1.0).abs() < 1e-6 && sizes.iter().all(|size| *size <= 1.0) {
        counts = sizes.map(|share| (share * len as f64).floor() as usize);
        // The examples that rounding down left over go to the first parts, one each.
        let rest = len - counts.iter().sum::<usize>().min(len);
        (0..rest).for_each(|index| counts[index % N] += 1);
    }
    if counts.iter().sum::<usize>() != len {
        return fail(
            function,
            format_args!(
                "Sum of input lengths does not equal the length of the input dataset! ({sizes:?} for {len} examples)"
            ),
        );
    }
    let order = permutation(len);
    let mut rest = order.as_slice();
    let mut parts = Vec::with_capacity(N);
    for count in counts {
        let (part, others) = rest.split_at(count);
        parts.push(set.select(part)?);
        rest = others;
    }
    match parts.try_into() {
        Ok(parts) => Ok(parts),
        Err(_) => fail(function, "a part is missing"),
    }
}

/// Points and class numbers as tensors: `f32` of `(n, width)`, and `i64`.
pub(super) fn examples(
    values: Vec<f32>,
    shape: &[usize],
    classes: Vec<i64>,
) -> Result<(Tensor, Tensor)> {
    let count = classes.len();
    let x = Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(DType::F32)?;
    Ok((x, Tensor::from_vec(classes, count, &Device::Cpu)?))
}
