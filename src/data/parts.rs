//! Parts and sums of sets: `Subset`, `ConcatDataset`, `random_split`.
//!
//! A part keeps the whole set and the indices that belong to it, so that nothing is copied.

use std::ops::Deref;
use std::sync::Arc;

use candle_core::Result;

use super::dataset::{Batch, Dataset, out_of_range};
use super::tensors::{ByName, Examples, TensorDataset};
use crate::error::fail;
use crate::random::Source;
use crate::random::own::Generator;
use crate::sampling::permutation;

/// Some examples of a set, in an order of its own: PyTorch's `Subset`.
///
/// ```
/// use akari::prelude::*;
/// let set = data::TensorDataset::new(&tensor!([10, 11, 12, 13]), &tensor!([0, 1, 0, 1]))?;
/// let part = data::Subset::new(&set, [3, 1])?;
/// assert_eq!(part.all()?.0.to_vec1::<i64>()?, [13, 11]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Subset<D> {
    dataset: D,
    indices: Arc<[usize]>,
    examples: ByName,
}

/// The rows of a part of two tensors, by name: `part.x`, `part.y`. They are copied at the first look.
///
/// # Panics
///
/// If there is no memory for the copies.
impl Deref for Subset<TensorDataset> {
    type Target = Examples;

    fn deref(&self) -> &Examples {
        self.examples.get_or_init(|| match self.all() {
            Ok((x, y)) => Examples { x, y },
            Err(error) => panic!("data::Subset: {error}"),
        })
    }
}

impl<D: Dataset + Clone> Subset<D> {
    /// The examples of `dataset` with these indices.
    ///
    /// # Errors
    ///
    /// If there is no example of an index.
    pub fn new(dataset: &D, indices: impl IntoIterator<Item = usize>) -> Result<Self> {
        let indices = indices.into_iter().collect::<Arc<[usize]>>();
        match indices.iter().find(|index| **index >= dataset.len()) {
            Some(index) => out_of_range("data::Subset", *index, dataset.len()),
            None => Ok(Subset { dataset: dataset.clone(), indices, examples: ByName::default() }),
        }
    }
}

impl<D> Subset<D> {
    /// The set that this is a part of.
    pub fn dataset(&self) -> &D {
        &self.dataset
    }

    /// Which examples of the whole set are in this part.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }
}

impl<D: Dataset> Dataset for Subset<D> {
    type Item = D::Item;

    fn len(&self) -> usize {
        self.indices.len()
    }

    fn get(&self, index: usize) -> Result<D::Item> {
        self.dataset.get(in_whole(&self.indices, index)?)
    }

    fn batch(&self, indices: &[usize]) -> Result<Batch<D>> {
        let indices = indices.iter().map(|index| in_whole(&self.indices, *index));
        self.dataset.batch(&indices.collect::<Result<Vec<_>>>()?)
    }
}

fn in_whole(indices: &[usize], index: usize) -> Result<usize> {
    match indices.get(index) {
        Some(index) => Ok(*index),
        None => out_of_range("data::Subset", index, indices.len()),
    }
}

/// Sets one behind the other: PyTorch's `ConcatDataset`.
///
/// ```
/// use akari::prelude::*;
/// let set = |x: &Tensor| data::TensorDataset::new(x, x);
/// let sets = [set(&tensor!([1, 2]))?, set(&tensor!([3]))?];
/// let both = data::ConcatDataset::new(sets)?;
/// assert_eq!((both.len(), both.get(2)?.0.to_scalar::<i64>()?), (3, 3));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConcatDataset<D> {
    sets: Arc<[D]>,
}

impl<D: Dataset> ConcatDataset<D> {
    /// The examples of the first set, then those of the next one, and so on.
    ///
    /// Sets of different types go as `Arc<dyn Dataset<Item = ..>>`.
    ///
    /// # Errors
    ///
    /// If there is no set.
    pub fn new(sets: impl IntoIterator<Item = D>) -> Result<Self> {
        let sets = sets.into_iter().collect::<Arc<[D]>>();
        if sets.is_empty() {
            return fail("data::ConcatDataset", "datasets should not be an empty iterable");
        }
        Ok(ConcatDataset { sets })
    }

    /// The sets.
    pub fn datasets(&self) -> &[D] {
        &self.sets
    }
}

impl<D: Dataset> Dataset for ConcatDataset<D> {
    type Item = D::Item;

    fn len(&self) -> usize {
        self.sets.iter().map(D::len).sum()
    }

    fn get(&self, index: usize) -> Result<D::Item> {
        let mut rest = index;
        for set in self.sets.iter() {
            match rest.checked_sub(set.len()) {
                Some(behind) => rest = behind,
                None => return set.get(rest),
            }
        }
        out_of_range("data::ConcatDataset", index, self.len())
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
pub fn random_split<D: Dataset + Clone, const N: usize>(
    set: &D,
    sizes: [f64; N],
) -> Result<[Subset<D>; N]> {
    split(set, sizes, None)
}

/// [`random_split`] by a generator of its own: PyTorch's `random_split(set, sizes, generator=generator)`.
///
/// # Errors
///
/// If the sizes don't add up.
pub fn random_split_with<D: Dataset + Clone, const N: usize>(
    set: &D,
    sizes: [f64; N],
    generator: &Generator,
) -> Result<[Subset<D>; N]> {
    split(set, sizes, Some(generator))
}

fn split<D: Dataset + Clone, const N: usize>(
    set: &D,
    sizes: [f64; N],
    generator: Option<&Generator>,
) -> Result<[Subset<D>; N]> {
    let mut parts = deal(set.len(), &sizes, Source(generator))?.into_iter();
    let part = |_| Subset {
        dataset: set.clone(),
        // There are as many parts as sizes.
        indices: parts.next().unwrap_or_default(),
        examples: ByName::default(),
    };
    Ok(sizes.map(part))
}

/// The indices of each part.
fn deal(len: usize, sizes: &[f64], source: Source) -> Result<Vec<Arc<[usize]>>> {
    let function = "data::random_split";
    if sizes.iter().any(|size| !(0.0..=9e15).contains(size)) {
        return fail(
            function,
            format_args!("sizes must be counts or shares, but they are {sizes:?}"),
        );
    }
    let total = sizes.iter().sum::<f64>();
    let mut counts = sizes.iter().map(|size| *size as usize).collect::<Vec<_>>();
    if (total - 1.0).abs() < 1e-6 && sizes.iter().all(|size| *size <= 1.0) {
        counts = sizes.iter().map(|share| (share * len as f64).floor() as usize).collect();
        // The examples that rounding down left over go to the first parts, one each.
        let rest = len - counts.iter().sum::<usize>().min(len);
        (0..rest).for_each(|index| counts[index % sizes.len()] += 1);
    }
    if counts.iter().sum::<usize>() != len {
        return fail(
            function,
            format_args!(
                "Sum of input lengths does not equal the length of the input dataset! ({sizes:?} for {len} examples)"
            ),
        );
    }
    let order = permutation(len, source);
    let mut rest = order.as_slice();
    let part = |count: usize| {
        let (part, others) = rest.split_at(count);
        rest = others;
        part.into()
    };
    Ok(counts.into_iter().map(part).collect())
}
